"""Measures over time: by hand, equal to the raw sums, with an interval that behaves."""

from collections import defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.postgres import Pool
from foundation.problems import Problem
from registry.identifiers import Book, CanteenId
from registry.meals import Meal
from settlement.covers import Covers
from tests.builders import Network
from tests.ledger.test_weighing import TODAY, canteens_in, correct, correction, record, weigh_in
from waste.forecast.daily_covers import CoverDay, keep_covers
from waste.measures.intervals import WEEKS_MIN, interval
from waste.measures.over_time import end_of, measures_over, period_of, savings_over
from waste.measures.schemas import GroupBy, Period, Savings
from waste.weighing.weigh_ins import WeighIn

LAST_MONTH = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)
STREAMS = ("preparation", "unserved", "plate", "inedible", "prepared")


async def note_covers(ledger: Pool, book: int, canteen_id: int, day: date, meal: Meal, covers: int) -> None:
    async with ledger.acquire() as connection, connection.transaction():
        await keep_covers(
            connection,
            day,
            [CoverDay(Book(book), CanteenId(canteen_id), day, meal, Covers(covers, covers, 0, 1_000 * covers), 0)],
        )


async def test_a_quarter_by_hand(ledger: Pool) -> None:
    """Two lunches weighed in full, one without its plates, one without anything."""
    canteens = await canteens_in(ledger)
    number = next(iter(canteens))
    book, first = canteens[number].book, LAST_MONTH
    days = [first + timedelta(days=n) for n in range(4)]
    for day, covers in zip(days, (100, 50, 80, 70), strict=True):
        await note_covers(ledger, book, number, day, Meal.LUNCH, covers)

    def grams(day: date, *weights: int) -> list[WeighIn]:
        return [weigh_in(number, w, stream=s, business_date=day) for s, w in zip(STREAMS, weights, strict=False)]

    weigh_ins = grams(days[0], 2_000, 3_000, 4_000, 1_000, 90_000) + grams(days[1], 1_000, 1_500, 500, 500)
    weigh_ins += [w for w in grams(days[2], 700, 800, 1) if w.stream != "plate"]
    await record(ledger, canteens, weigh_ins)
    await ledger.execute("INSERT INTO kitchen VALUES ($1, $2, 'self_run', 'buffet', 2000)", book, number)
    [month] = await measures_over(ledger, first, days[-1], by=GroupBy.CANTEEN, per=Period.MONTH, canteen_id=number)
    assert (month.covers, month.meals, month.weighed_meals, month.completeness) == (300, 4, 2, 0.5)
    assert (month.waste_g, month.grams_per_cover) == (12_000, 80.0), "12 kg over the 150 covers that were weighed"
    assert (month.preparation_per_cover, month.unserved_per_cover, month.plate_per_cover) == (20.0, 30.0, 30.0)
    assert month.waste_rate == 0.1, "9 kg of the 90 kg whose preparation was weighed"
    assert month.avoidable_share == round(12 / 13.5, 4)
    assert (month.cost_fen, month.co2e_g) == (24_000, 36_000)
    [quarter] = await measures_over(ledger, first, days[-1], by=GroupBy.SERVING, per=Period.QUARTER, meal=Meal.LUNCH)
    assert (quarter.name, quarter.grams_per_cover, quarter.low) == ("buffet", 80.0, None), "too few weeks"
    shown = await measures_over(ledger, first, days[-1], by=GroupBy.CANTEEN, per=Period.DAY, canteen_id=number)
    assert [day.period for day in shown] == days
    assert [day.grams_per_cover for day in shown] == [90.0, 60.0, None, None]
    weeks = await measures_over(ledger, first, days[-1], by=GroupBy.AGENCY, per=Period.WEEK)
    assert sum(week.waste_g for week in weeks) == 12_000
    [less] = await savings_over(ledger, (first, days[-1]), (first, days[-1]), by=GroupBy.CANTEEN)
    assert less == Savings(number, month.name, 80.0, 0, 0, 0), "against itself nothing is saved"
    with pytest.raises(Problem, match="at most 100 days"):
        await measures_over(ledger, first - timedelta(days=200), days[-1], by=GroupBy.CANTEEN, per=Period.DAY)


async def test_a_published_figure_lies_within_its_interval(ledger: Pool) -> None:
    """A quarter of which every other lunch was weighed but has no covers: only the others enter grams per cover.

    The first week of the quarter began before it, and counts with its days in it alone.
    """
    canteens = await canteens_in(ledger)
    number = next(iter(canteens))
    first = period_of(period_of(TODAY, Period.QUARTER) - timedelta(days=1), Period.QUARTER)
    last = end_of(first, Period.QUARTER)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for n, day in enumerate(days):
        if n % 2 == 0:
            await note_covers(ledger, canteens[number].book, number, day, Meal.LUNCH, 100)
    await note_covers(ledger, canteens[number].book, number, days[1], Meal.LUNCH, 0)
    await note_covers(ledger, canteens[number].book, number, first - timedelta(days=1), Meal.LUNCH, 1)
    before = [weigh_in(number, 90_000, stream=s, business_date=first - timedelta(days=1)) for s in STREAMS]
    await record(ledger, canteens, before + [
        weigh_in(number, 2_000 + 10 * n, stream=stream, business_date=day)
        for n, day in enumerate(days) for stream in STREAMS
    ])  # fmt: skip
    [quarter] = await measures_over(ledger, first, last, by=GroupBy.CANTEEN, per=Period.QUARTER, canteen_id=number)
    half = len(days[::2])
    assert (quarter.covers, quarter.weighed_meals, quarter.unmatched_meals) == (100 * half, half, len(days) - half)
    assert quarter.whole
    assert quarter.low is not None
    assert quarter.high is not None
    assert quarter.grams_per_cover is not None
    assert quarter.low <= quarter.grams_per_cover <= quarter.high < 100
    assert quarter.grams_per_cover == round(sum(60 + 0.3 * n for n in range(0, len(days), 2)) / half, 1)
    running = await measures_over(ledger, TODAY, TODAY, by=GroupBy.CANTEEN, per=Period.QUARTER)
    assert not any(one.whole for one in running)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 14), st.sampled_from(STREAMS), st.integers(0, 9_000)), max_size=25
    )
)
async def test_months_are_what_their_days_come_to(ledger: Pool, acts: list[tuple[int, int, str, int]]) -> None:
    canteens = await canteens_in(ledger)
    numbers = list(canteens)
    done: list[WeighIn] = []
    for which, back, stream, grams in acts:
        day, number = TODAY - timedelta(days=back), numbers[which]
        match grams % 3:
            case 0 if done:
                target = done.pop()
                await correct(ledger, canteens, [correction(target, grams or None)])
            case 1:
                await note_covers(ledger, canteens[number].book, number, day, Meal.LUNCH, grams)
            case _:
                done.append(weigh_in(number, grams + 1, stream=stream, business_date=day))
                await record(ledger, canteens, [done[-1]])
    touched = {(numbers[w], (TODAY - timedelta(days=b)).replace(day=1)) for w, b, _, g in acts if g % 3 == 1 or g % 3}
    for row in await ledger.fetch("SELECT * FROM kitchen_month"):
        if (row["canteen_id"], row["month"]) in touched:
            expected = await _from_raw(ledger, row["canteen_id"], row["month"], row["meal"])
            assert {name: row[name] for name in expected} == expected


async def _from_raw(ledger: Pool, canteen_id: int, month: date, meal: str) -> dict[str, int]:
    """The same sums from the weighings themselves, added up here."""
    weighed: dict[date, dict[str, int]] = defaultdict(dict)
    for row in await ledger.fetch(
        "SELECT business_date, stream, weight_g FROM weigh_in w WHERE canteen_id = $1 AND meal = $2"
        " AND date_trunc('month', business_date) = $3"
        " AND NOT EXISTS (SELECT FROM weigh_in r WHERE r.book = w.book AND r.replaces = w.weigh_in_id)"
        " AND weight_g IS NOT NULL",
        canteen_id, meal, month,
    ):  # fmt: skip
        day = weighed[row["business_date"]]
        day[row["stream"]] = day.get(row["stream"], 0) + row["weight_g"]
    covers = {
        row["business_date"]: row["covers"]
        for row in await ledger.fetch(
            "SELECT business_date, covers FROM cover_day WHERE canteen_id = $1 AND meal = $2"
            " AND date_trunc('month', business_date) = $3",
            canteen_id, meal, month,
        )
    }  # fmt: skip
    full = [day for day, streams in weighed.items() if {"preparation", "unserved", "plate"} <= streams.keys()]
    whole = [day for day in full if covers.get(day, 0) > 0]
    return {
        "covers": sum(covers.values()),
        "weighed_meals": len(whole),
        "weighed_covers": sum(covers[day] for day in whole),
        "waste_g": sum(weighed[day][s] for day in whole for s in ("preparation", "unserved", "plate")),
        "inedible_g": sum(weighed[day].get("inedible", 0) for day in whole),
        "unmatched_meals": len(full) - len(whole),
        "prepared_g": sum(weighed[day].get("prepared", 0) for day in whole),
    }


def test_the_interval_holds_what_it_should() -> None:
    """Equal weeks leave no doubt; the same weeks give the same interval; more spread gives a wider one."""
    assert interval([(1_000, 10)] * (WEEKS_MIN - 1)) is None
    assert interval([(1_000, 0)] * 13) is None
    assert interval([(1_000, 10)] * 13) == (100.0, 100.0)
    narrow = interval([(1_000 + n, 10) for n in range(-6, 7)])
    wide = interval([(1_000 + 50 * n, 10) for n in range(-6, 7)])
    assert narrow is not None
    assert wide is not None
    assert wide == interval([(1_000 + 50 * n, 10) for n in range(-6, 7)])
    assert wide[0] < narrow[0] < 100 < narrow[1] < wide[1]


def test_periods() -> None:
    assert period_of(date(2026, 11, 1), Period.QUARTER) == date(2026, 10, 1)
    assert period_of(date(2026, 11, 1), Period.YEAR) == date(2026, 1, 1)
    assert period_of(date(2026, 3, 1), Period.MONTH) == date(2026, 3, 1)


@pytest.mark.parametrize("per", Period)
async def test_the_last_days_of_the_calendar_are_days(ledger: Pool, per: Period) -> None:
    assert end_of(date.max, per) == date.max
    first = date.max - timedelta(days=30)
    assert await measures_over(ledger, first, date.max, by=GroupBy.AGENCY, per=per) == []
    assert end_of(date(2026, 2, 10), Period.MONTH) == date(2026, 2, 28)


def test_measures_of_the_demo_city_over_http(network: Network) -> None:
    last = TODAY.replace(day=1) - timedelta(days=1)
    first = (last.replace(day=1) - timedelta(days=40)).replace(day=1)
    query = f"first={first}&last={last}&meal=lunch"
    shown = network.person("supervisor").call("GET", f"/waste/measures?{query}&by=canteen&per=year")
    careful, careless = (
        next(m["grams_per_cover"] for m in shown if m["number"] == network.canteen_id(*place))
        for place in (("yuyao", 0), ("yinzhou", 1))
    )
    assert 40 < careful < careless < 140
    assert all(m["low"] <= m["grams_per_cover"] <= m["high"] for m in shown if m["low"] is not None)
    careless_one = network.canteen_id("yinzhou", 1)
    assert all(0.8 < m["completeness"] <= 1 for m in shown if m["number"] != careless_one)
    kitchen = network.person("kitchen-yuyao")
    mine = kitchen.call("GET", f"/waste/measures?{query}&by=agency&per=month")
    assert {m["number"] for m in mine} == {network.agency_id("yuyao")}
    rules = {"canteen_id": network.canteen_id("yuyao"), "operating": "self_run", "serving": "buffet"}
    assert kitchen.ask("POST", "/waste/kitchens", rules | {"cost_per_kg_fen": 1_500}).status == 204
    assert kitchen.ask("POST", "/waste/kitchens", rules | {"canteen_id": network.canteen_id("city")}).status == 404
    assert kitchen.ask("GET", f"/waste/measures?first={last}&last={first}").status == 400
    refused = kitchen.ask("GET", f"/waste/measures?{query}&by=cook").json()
    assert refused["params"]["choices"] == "canteen, agency, serving, network"
