"""Bookings on the ledger itself: never more than there is room for, who came, who may eat, what the forecast knows."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.closing import open_dates
from dining.bookings import book, cancel
from dining.offers import Diner, offer_of
from dining.report_outs import departures, end_report_out, report_out
from dining.schemas import NewMealBooking, NewReportOut, Terms
from dining.terms import set_terms
from foundation.calendar import ZONE
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.identifiers import Book, CanteenId
from registry.meals import Meal
from registry.models import Canteen
from settlement.refunds import refund
from tests.counter import HANGZHOU, NINGBO, Counter, Holder
from tests.ledger.test_covers import next_day, pay
from waste.evaluation.results import inputs_of
from waste.evaluation.sums import MealRecord, total, weeks_of
from waste.forecast.daily_covers import CanteenMeal, series_of
from waste.measures.kitchens import kitchens_in

NOW = datetime.now(UTC)
DAY = NOW.astimezone(ZONE).date() + timedelta(days=5)


async def canteen_at(ledger: Pool, book: Book = NINGBO, index: int = 0) -> Canteen:
    row = (await ledger.fetch("SELECT * FROM canteen WHERE book = $1 ORDER BY canteen_id", book))[index]
    return Canteen(**dict(row))


def diner(holder: Holder) -> Diner:
    return Diner(holder.book, holder.holder_id)


def wanted(canteen: Canteen, day: date = DAY, number: UUID | None = None) -> NewMealBooking:
    return NewMealBooking(number or uuid4(), canteen.canteen_id, day, Meal.LUNCH)


async def has_room(ledger: Pool, canteen: Canteen, capacity: int | None) -> None:
    async with ledger.acquire() as connection:
        await set_terms(connection, canteen, Meal.LUNCH, Terms(60, capacity))


async def counted(ledger: Pool, canteen: Canteen, day: date = DAY) -> tuple[int, int]:
    """What the meal's count says, and how many bookings there are."""
    row = await ledger.fetchrow(
        "SELECT coalesce("
        " (SELECT booked FROM booked_meal WHERE canteen_id = $1 AND business_date = $2), 0) AS count,"
        " (SELECT count(*) FROM meal_booking"
        " WHERE canteen_id = $1 AND business_date = $2 AND state = 'booked') AS rows",
        canteen.canteen_id, day,
    )  # fmt: skip
    assert row is not None
    return row["count"], row["rows"]


async def test_fifty_at_once_find_room_for_twenty(ledger: Pool, counter: Counter) -> None:
    canteen = await canteen_at(ledger)
    await has_room(ledger, canteen, 20)
    people = [diner(await counter.holder(cash_fen=0)) for _ in range(50)]
    found = await asyncio.gather(*(book(ledger, one, wanted(canteen), NOW) for one in people), return_exceptions=True)
    full = [one for one in found if isinstance(one, Problem)]
    assert {one.code for one in full} == {"booking.full"}
    assert (len(full), await counted(ledger, canteen)) == (30, (20, 20))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    room=st.integers(0, 4),
    steps=st.lists(st.tuples(st.sampled_from(["book", "again", "cancel"]), st.integers(0, 4)), max_size=30),
)
async def test_whatever_they_do_the_count_is_that_of_the_bookings(
    ledger: Pool, counter: Counter, room: int, steps: list[tuple[str, int]]
) -> None:
    """Five people book, repeat and cancel in any order, five steps at a time at once."""
    canteen = await canteen_at(ledger)
    await ledger.execute("UPDATE meal_booking SET state = 'cancelled', cancelled_at = now() WHERE state = 'booked'")
    await ledger.execute("UPDATE booked_meal SET booked = 0")
    await has_room(ledger, canteen, room)
    people = [diner(await counter.holder(cash_fen=0)) for _ in range(5)]
    last = [uuid4() for _ in people]

    async def step(what: str, who: int) -> None:
        if what == "book":
            last[who] = uuid4()
        try:
            if what == "cancel":
                await cancel(ledger, people[who], last[who], NOW)
            else:
                await book(ledger, people[who], wanted(canteen, number=last[who]), NOW)
        except Problem as problem:
            assert problem.kind.status in (404, 409, 503), problem

    for first in range(0, len(steps), 5):
        await asyncio.gather(*(step(*one) for one in steps[first : first + 5]))
        count, rows = await counted(ledger, canteen)
        assert count == rows <= room


async def test_a_cancelled_booking_frees_one(ledger: Pool, counter: Counter) -> None:
    canteen = await canteen_at(ledger)
    await has_room(ledger, canteen, 1)
    first, second = diner(await counter.holder(cash_fen=0)), diner(await counter.holder(cash_fen=0))
    made = await book(ledger, first, wanted(canteen), NOW)
    await asyncio.gather(*(cancel(ledger, first, made.booking_id, NOW) for _ in range(5)))
    assert await counted(ledger, canteen) == (0, 0)
    await book(ledger, second, wanted(canteen), NOW)
    with pytest.raises(Problem, match="meal-full"):
        await book(ledger, first, wanted(canteen), NOW)


async def test_nobody_fills_the_table_by_changing_his_mind(ledger: Pool, counter: Counter) -> None:
    canteen, me = await canteen_at(ledger), diner(await counter.holder(cash_fen=0))
    for _ in range(20):
        made = await book(ledger, me, wanted(canteen), NOW)
        await cancel(ledger, me, made.booking_id, NOW)
    with pytest.raises(Problem) as refused:
        await book(ledger, me, wanted(canteen), NOW)
    assert refused.value.code == "booking.too_many"


async def test_the_rules_of_the_charge_hold_for_bookings(ledger: Pool, counter: Counter) -> None:
    """Price at home, of visitors and of a class; region rules, visits, agreements, an account that is not active."""
    home, other = await counter.holder(cash_fen=0), await counter.holder(agency_index=1, cash_fen=0)
    guest = await counter.holder(HANGZHOU, cash_fen=0)
    canteen = await canteen_at(ledger)

    async def offered(holder: Holder) -> int | str | None:
        try:
            return (await offer_of(ledger, diner(holder), canteen, DAY, Meal.LUNCH)).price_fen
        except Problem as problem:
            return problem.code

    assert [await offered(one) for one in (home, other, guest)] == [1_200, 2_000, 2_000]
    columns = "visitor_floor, visitor_cap, payment_max_fen, day_max_fen, meals_max, receipt_effect, subsidy_expires"
    await ledger.execute(
        f"INSERT INTO region_rules (book, valid_from, visitors, {columns})"
        f" SELECT book, $2, 'visit', {columns} FROM region_rules WHERE book = $1",
        NINGBO, DAY,
    )  # fmt: skip
    assert [await offered(one) for one in (home, other, guest)] == [1_200, "booking.needs_visit", "booking.needs_visit"]
    await ledger.execute(
        "INSERT INTO visit (book, visit_id, holder_id, host_agency_id, first_day, last_day)"
        " VALUES ($1, nextval('onecard_number'), $2, $3, $4, $4)",
        HANGZHOU, guest.holder_id, canteen.agency_id, DAY,
    )  # fmt: skip
    assert (await offer_of(ledger, diner(guest), canteen, DAY, Meal.LUNCH)).on_visit
    await ledger.execute(
        "INSERT INTO class_rules (book, person_class, valid_from, eats_at_home, eats_elsewhere, price)"
        " VALUES ($1, 'family', $2, true, false, 'visitor')",
        NINGBO, DAY,
    )  # fmt: skip
    family = "UPDATE official SET person_class = 'family' WHERE book = $1 AND holder_id = ANY ($2)"
    await ledger.execute(family, NINGBO, [home.holder_id, other.holder_id])
    assert [await offered(one) for one in (home, other)] == [2_000, "booking.not_your_class"]
    await ledger.execute("UPDATE official SET state = 'suspended' WHERE book = $1 AND holder_id = $2", *_key(home))
    assert await offered(home) == "booking.account_closed"


def _key(holder: Holder) -> tuple[int, int]:
    return holder.book, holder.holder_id


async def booked_today(ledger: Pool, canteen: Canteen, people: list[Holder], day: date) -> None:
    """Bookings of a day whose cut-off has passed, as they were kept."""
    for person in people:
        agency_id = await ledger.fetchval(
            "SELECT agency_id FROM official WHERE book = $1 AND holder_id = $2", *_key(person)
        )
        await ledger.execute(
            "INSERT INTO meal_booking (book, booking_id, holder_id, agency_id, canteen_id, host_id, business_date,"
            " meal, on_visit, booked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'lunch', false, $8)",
            person.book, uuid4(), person.holder_id, agency_id, canteen.canteen_id, canteen.agency_id, day,
            datetime.combine(day, datetime.min.time(), ZONE) - timedelta(days=1, hours=1),
        )  # fmt: skip
    await ledger.execute(
        "INSERT INTO booked_meal (book, canteen_id, business_date, meal, booked) VALUES ($1, $2, $3, 'lunch', $4)",
        canteen.book, canteen.canteen_id, day, len(people),
    )  # fmt: skip


async def came(ledger: Pool, canteen: Canteen, day: date) -> int | None:
    people: int | None = await ledger.fetchval(
        "SELECT came FROM booked_meal WHERE canteen_id = $1 AND business_date = $2", canteen.canteen_id, day
    )  # fmt: skip
    return people


async def test_who_came_is_counted_from_the_payments(ledger: Pool, counter: Counter) -> None:
    """Five booked; three of them ate, one of these elsewhere, and two who had not booked. A refund takes one away."""
    till, elsewhere = await counter.till(), await counter.till(index=1)
    canteen = await canteen_at(ledger)
    people = [await counter.holder() for _ in range(7)]
    day = max((await open_dates(ledger)).values())
    await booked_today(ledger, canteen, people[:5], day)
    lunches = [await pay(counter, till, person) for person in people[:2]]
    await pay(counter, elsewhere, people[2])
    for person in people[5:]:
        await pay(counter, till, person)
    assert await came(ledger, canteen, day) is None
    assert await next_day(ledger) == day
    assert await came(ledger, canteen, day) == 2
    await refund(ledger, NINGBO, uuid4(), lunches[0], 1_200)
    await next_day(ledger)
    assert await came(ledger, canteen, day) == 1
    columns = {row["column_name"] for row in await ledger.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'meal_booking'"
    )}  # fmt: skip
    assert not {"came", "paid", "showed"} & columns, "who ate where is in the ledger alone"


async def test_b2_is_what_the_tables_come_to(ledger: Pool, counter: Counter) -> None:
    """The judge: shows ÷ bookings recomputed from the payments and from what was noted by hand."""
    till, canteen = await counter.till(), await canteen_at(ledger)
    people = [await counter.holder() for _ in range(6)]
    day = max((await open_dates(ledger)).values())
    await booked_today(ledger, canteen, people[:4], day)
    for person in people[1:]:
        await pay(counter, till, person)
    # A meeting of four, of whom the kitchen says that all came: five ate, three of them had booked themselves.
    await ledger.execute(
        "INSERT INTO booking (book, canteen_id, business_date, meal, booked, came, noted_by, noted_at)"
        " VALUES ($1, $2, $3, 'lunch', 4, 4, 'kitchen', now())",
        canteen.book, canteen.canteen_id, day,
    )  # fmt: skip
    await next_day(ledger)
    quarter = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    kitchens = await kitchens_in(ledger, quarter, day, [canteen.canteen_id])
    [inputs] = await inputs_of(ledger, quarter, kitchens, day + timedelta(days=1))
    week = inputs.weeks[day - timedelta(days=day.weekday())]
    paid = await ledger.fetchval(
        "SELECT count(DISTINCT t.holder_id) FROM transfer t JOIN meal_booking b ON b.holder_id = t.holder_id"
        " WHERE t.kind = 'payment' AND t.canteen_id = $1 AND t.business_date = $2",
        canteen.canteen_id, day,
    )  # fmt: skip
    covers = await ledger.fetchval(
        "SELECT count(DISTINCT holder_id) FROM transfer"
        " WHERE kind = 'payment' AND canteen_id = $1 AND business_date = $2",
        canteen.canteen_id, day,
    )  # fmt: skip
    assert (paid, covers) == (3, 5)
    assert (week.bookings, week.booked, week.came) == (2, 4 + 4, paid + min(4, covers - paid))


@pytest.mark.parametrize(
    ("diners", "noted", "covers", "expected"),
    [
        ((10, 8), (None, None), 50, (1, 10, 8)),
        ((None, None), (20, 18), 50, (1, 20, 18)),
        ((10, 8), (20, 18), 50, (2, 30, 26)),
        ((10, 8), (20, 20), 15, (2, 30, 15)),
        ((10, 8), (20, None), 50, (1, 10, 8)),
        ((10, None), (20, 18), 50, (1, 20, 18)),
        ((0, 0), (None, None), 50, (0, 0, 0)),
    ],
)
def test_nobody_who_ate_counts_twice(
    diners: tuple[int | None, int | None], noted: tuple[int | None, int | None], covers: int,
    expected: tuple[int, int, int],
) -> None:  # fmt: skip
    meal = MealRecord(
        DAY, Meal.LUNCH, covers, booked=noted[0], came=noted[1], diners_booked=diners[0], diners_came=diners[1]
    )
    week = total(weeks_of([meal]).values())
    assert (week.bookings, week.booked, week.came) == expected


async def test_the_forecast_knows_what_was_told_in_time(ledger: Pool, counter: Counter) -> None:
    """A visitor's booking counts from when it was made; a report-out takes one away until it is taken back."""
    canteen = await canteen_at(ledger)
    home, guest = await counter.holder(cash_fen=0), await counter.holder(agency_index=1, cash_fen=0)
    day = NOW.astimezone(ZONE).date() + timedelta(days=2)

    async def told(now: datetime) -> dict[int, int]:
        return {
            one.horizon: one.people
            for one in await departures(ledger, day, day, now)
            if (one.canteen_id, one.meal) == (canteen.canteen_id, Meal.LUNCH)
        }

    later = NOW + timedelta(seconds=1)
    made = await book(ledger, diner(guest), wanted(canteen, day), NOW)
    await book(ledger, diner(home), wanted(canteen, day), NOW)
    assert await told(later) == {1: 1, 2: 1}, "nobody knew three days before; at home it is as usual"
    assert await told(NOW - timedelta(seconds=1)) == {}
    await cancel(ledger, diner(guest), made.booking_id, later)
    assert await told(later + timedelta(seconds=1)) == {}
    other = await counter.holder(cash_fen=0)
    for _ in range(2):
        report = NewReportOut(uuid4(), canteen.canteen_id, day, day, [Meal.LUNCH])
        await report_out(ledger, diner(other), report, later)
    assert await told(later + timedelta(seconds=1)) == {1: -1, 2: -1}, "one person, however often"
    report = NewReportOut(uuid4(), canteen.canteen_id, day, day, [Meal.DINNER])
    await report_out(ledger, diner(home), report, later)
    assert await told(later + timedelta(seconds=1)) == {1: -1, 2: -1}, "another meal"
    reports = await ledger.fetch("SELECT report_id FROM report_out WHERE holder_id = $1", other.holder_id)
    for row in reports:
        await end_report_out(ledger, diner(other), row["report_id"], later + timedelta(seconds=2))
    assert await told(later + timedelta(seconds=3)) == {}


async def test_the_series_have_what_diners_told(ledger: Pool, counter: Counter) -> None:
    till, canteen = await counter.till(), await canteen_at(ledger)
    day = max((await open_dates(ledger)).values())
    await booked_today(ledger, canteen, [await counter.holder(agency_index=1, cash_fen=0) for _ in range(3)], day)
    await pay(counter, till, await counter.holder())
    await next_day(ledger)
    series = (await series_of(ledger))[CanteenMeal(canteen.book, CanteenId(canteen.canteen_id), Meal.LUNCH)]
    at = (day - series.first).days
    assert [known[at] for known in series.told] == [3, 3, 0, 0, 0, 0, 0], "booked two days before"
    assert len(series.told[0]) == len(series.covers) + 7
