"""Covers: people who paid for a meal, net of what was given back, on the day of the payment."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.closing import begin_close, open_dates
from foundation.postgres import Pool
from registry.meals import Meal
from settlement.charging import ChargeOrder
from settlement.covers import covers_on
from settlement.refunds import refund
from tests.counter import NINGBO, Counter, Holder, Till
from waste.forecast.daily_covers import keep_closed_days
from waste.measures.over_time import measures_over
from waste.measures.schemas import GroupBy, Period


async def next_day(ledger: Pool) -> date:
    """Close the open day and keep its covers; the day."""
    day = max((await open_dates(ledger)).values())
    await begin_close(ledger, day)
    assert day in await keep_closed_days(ledger)
    return day


async def kept(ledger: Pool, till: Till, day: date, meal: Meal = Meal.LUNCH) -> tuple[int, int]:
    """Net and gross covers of a kept meal."""
    row = await ledger.fetchrow(
        "SELECT covers, covers_gross FROM cover_day WHERE canteen_id = $1 AND business_date = $2 AND meal = $3",
        till.canteen_id, day, meal,
    )  # fmt: skip
    return (row["covers"], row["covers_gross"]) if row else (0, 0)


async def pay(counter: Counter, till: Till, holder: Holder, **changes: Any) -> UUID:
    paid = await counter.charger.charge(counter.order(till, holder, **changes))
    assert paid.posting_id is not None, paid
    return paid.posting_id


async def test_a_refund_counts_on_the_day_of_its_meal(ledger: Pool, counter: Counter) -> None:
    """Five lunches; three are given back the next day, on which the same three and two others eat."""
    till, people = await counter.till(), [await counter.holder() for _ in range(7)]
    lunches = [await pay(counter, till, person) for person in people[:5]]
    first = await next_day(ledger)
    assert await kept(ledger, till, first) == (5, 5)
    for payment in lunches[:3]:
        await refund(ledger, NINGBO, uuid4(), payment, 1_200)
    await refund(ledger, NINGBO, uuid4(), lunches[3], 300)
    for person in (*people[:3], *people[5:]):
        await pay(counter, till, person)
    second = await next_day(ledger)
    assert await kept(ledger, till, first) == (2, 5), "a part that was given back leaves a cover"
    assert await kept(ledger, till, second) == (5, 5)
    third = await next_day(ledger)
    await refund(ledger, NINGBO, uuid4(), lunches[4], 1_200)
    await next_day(ledger)
    assert await kept(ledger, till, first) == (1, 5), "a refund of any later day counts"
    days = await measures_over(ledger, first, third, by=GroupBy.CANTEEN, per=Period.DAY, canteen_id=till.canteen_id)
    assert [(day.covers, day.covers_gross) for day in days][:2] == [(1, 5), (5, 5)]
    months = await ledger.fetchrow(
        "SELECT (SELECT sum(covers) FROM kitchen_month WHERE canteen_id = $1) ="
        " (SELECT sum(covers) FROM cover_day WHERE canteen_id = $1) AS covers,"
        " (SELECT sum(covers_gross) FROM kitchen_month WHERE canteen_id = $1) ="
        " (SELECT sum(coalesce(covers_gross, covers)) FROM cover_day WHERE canteen_id = $1) AS covers_gross",
        till.canteen_id,
    )  # fmt: skip
    assert months is not None
    assert all(months.values()), "the months follow"


async def test_covers_of_an_earlier_release_are_counted_again_where_refunds_touched_them(
    ledger: Pool, counter: Counter
) -> None:
    """It counted a refund on the day of its booking, and kept no covers before refunds."""
    till, people = await counter.till(), [await counter.holder() for _ in range(2)]
    lunch = await pay(counter, till, people[0])
    first = await next_day(ledger)
    await refund(ledger, NINGBO, uuid4(), lunch, 1_200)
    for person in people:
        await pay(counter, till, person)
    second = await next_day(ledger)
    await ledger.execute(
        "UPDATE cover_day SET covers = 1, covers_gross = NULL, cheap = NULL, paid_fen = NULL WHERE canteen_id = $1"
        " AND meal = 'lunch' AND business_date IN ($2, $3)",
        till.canteen_id, first, second,
    )  # fmt: skip
    await ledger.execute("UPDATE cover_day SET covers_gross = NULL")
    await next_day(ledger)
    assert await kept(ledger, till, first) == (0, 1)
    assert await kept(ledger, till, second) == (2, 2)


async def test_a_snack_is_no_cover(ledger: Pool, counter: Counter) -> None:
    """The region's least price is 5 yuan for lunch; who pays it in two parts is one cover."""
    till, people = await counter.till(), [await counter.holder() for _ in range(4)]
    for person, prices in zip(people, ([1], [499], [500], [250, 250]), strict=True):
        for fen in prices:
            await pay(counter, till, person, home_fen=fen, visitor_fen=fen)
    day = await next_day(ledger)
    found = (await covers_on(ledger, [till.canteen_id], day))[till.canteen_id, "lunch"]
    assert (found.net, found.gross, found.cheap, found.paid_fen) == (2, 2, 2, 1_000)
    assert await kept(ledger, till, day) == (2, 2)


@dataclass
class Paid:
    day: int
    holder: int
    meal: Meal
    fen: int
    order: ChargeOrder
    payment: UUID
    refunded: int = 0
    voided: bool = False


ACT = st.one_of(
    st.tuples(st.just("pay"), st.integers(0, 2), st.sampled_from([100, 500, 1_200]), st.sampled_from(list(Meal)[:2])),
    st.tuples(st.just("void"), st.integers(0, 20), st.none(), st.none()),
    st.tuples(st.just("refund"), st.integers(0, 20), st.sampled_from(["all", "all", 1, 400]), st.none()),
    st.tuples(st.just("close"), st.none(), st.none(), st.none()),
)
LEAST = {Meal.BREAKFAST: 200, Meal.LUNCH: 500, Meal.DINNER: 500}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACT, min_size=12, max_size=30))
async def test_kept_covers_are_what_was_paid_for_and_not_given_back(
    ledger: Pool, counter: Counter, acts: list[tuple[Any, ...]]
) -> None:
    """For any sequence of payments, voids and refunds over days, against a count of our own."""
    till, people = await counter.till(), [await counter.holder(cash_fen=100_000) for _ in range(3)]
    days: list[date] = []
    made: list[Paid] = []
    await next_day(ledger)
    for kind, which, fen, meal in [*acts, ("close", None, None, None), ("close", None, None, None)]:
        one = made[which % len(made)] if made and kind in ("void", "refund") else None
        match kind:
            case "pay":
                order = counter.order(till, people[which], meal=meal, home_fen=fen, visitor_fen=fen)
                paid = await counter.charger.charge(order)
                if paid.posting_id is not None:
                    made.append(Paid(len(days), which, meal, fen, order, paid.posting_id))
            case "void" if one is not None and one.day == len(days):
                void = counter.order(till, people[one.holder])
                await counter.charger.void(NINGBO, void.key, void.digest, 1, one.order.key.sequence)
                one.voided = one.voided or not one.refunded
            case "refund" if one is not None and not one.voided and one.refunded < one.fen:
                back = one.fen - one.refunded if fen == "all" else min(fen, one.fen - one.refunded)
                await refund(ledger, NINGBO, uuid4(), one.payment, back)
                one.refunded += back
            case "close":
                days.append(await next_day(ledger))
    expected: dict[tuple[date, Meal], tuple[int, int]] = {}
    for number, day in enumerate(days):
        for meal in Meal:
            sold: dict[int, int] = defaultdict(int)
            net: dict[int, int] = defaultdict(int)
            for one in made:
                if one.day == number and one.meal == meal and not one.voided:
                    sold[one.holder] += one.fen
                    net[one.holder] += one.fen - one.refunded
            counts = [sum(fen >= LEAST[meal] for fen in sums.values()) for sums in (net, sold)]
            expected[day, meal] = counts[0], counts[1]
    assert {(day, meal): await kept(ledger, till, day, meal) for day, meal in expected} == expected
