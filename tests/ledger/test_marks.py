"""Weights are marked once covers are kept: flags with their rows, counts of marked streams, what a review changes."""

from datetime import date, timedelta
from random import Random

from foundation.calendar import is_working_day
from foundation.postgres import Pool
from registry.identifiers import Book, CanteenId
from registry.meals import Meal
from registry.models import Canteen
from settlement.covers import Covers
from tests.ledger.test_weighing import TODAY, canteens_in, correct, record, weigh_in
from waste.flags.flags import Flag, flags_of
from waste.forecast.daily_covers import CoverDay, keep_covers
from waste.measures.streams import Stream
from waste.weighing.marks import mark_weights
from waste.weighing.schemas import Correction
from waste.weighing.weigh_ins import WeighIn

LAST = TODAY - timedelta(days=1)
DAYS = [LAST - timedelta(days=n) for n in range(119, -1, -1)]


async def weigh_lunches(
    ledger: Pool, canteens: dict[int, Canteen], canteen_id: int, factors: dict[date, float]
) -> dict[tuple[date, Stream], WeighIn]:
    """Lunches of 300 covers (30 on days off) with 20 g of plate and 10 g of unserved waste a cover."""
    chance, made = Random(7), {}
    for day in DAYS:
        covers = 300 if is_working_day(day) else 30
        row = CoverDay(
            Book(canteens[canteen_id].book),
            CanteenId(canteen_id),
            day,
            Meal.LUNCH,
            Covers(covers, covers, 0, 1_200 * covers),
            0,
        )
        async with ledger.acquire() as connection, connection.transaction():
            await keep_covers(connection, day, [row])
        for stream, grams in ((Stream.PLATE, 20), (Stream.UNSERVED, 10)):
            factor = factors.get(day, 1.0) if stream == Stream.PLATE else 1.0
            weight = max(round(covers * grams * factor * chance.lognormvariate(0, 0.1)), 1)
            made[day, stream] = weigh_in(canteen_id, weight, stream=stream, business_date=day)
    await record(ledger, canteens, list(made.values()))
    return made


async def flags(ledger: Pool, canteen_id: int) -> list[Flag]:
    return sorted(await flags_of(ledger, [canteen_id], DAYS[0], TODAY), key=lambda flag: flag.first_day)


async def marked(ledger: Pool) -> dict[date, int]:
    rows = await ledger.fetch("SELECT business_date, implausible FROM waste_meal WHERE implausible > 0")
    return {row["business_date"]: row["implausible"] for row in rows}


async def test_a_tenfold_plate_is_flagged_with_its_weigh_in_until_it_is_corrected(ledger: Pool) -> None:
    canteens = await canteens_in(ledger)
    canteen_id = next(iter(canteens))
    weighed = await weigh_lunches(ledger, canteens, canteen_id, {DAYS[110]: 10.0})
    odd = weighed[DAYS[110], Stream.PLATE]
    assert await mark_weights(ledger, is_working_day) == 1
    [flag] = await flags(ledger, canteen_id)
    assert (flag.rule, flag.first_day, flag.last_day, flag.meal, flag.stream, flag.rows, flag.state) == (
        "weight_outlier", DAYS[110], DAYS[110], "lunch", "plate", [str(odd.weigh_in_id)], "open"
    )  # fmt: skip
    assert 150 < flag.figure < 260
    assert flag.usual is not None
    assert 18 < flag.usual < 22
    assert await marked(ledger) == {DAYS[110]: 1}
    month = await ledger.fetchval("SELECT sum(implausible) FROM kitchen_month WHERE canteen_id = $1", canteen_id)
    assert month == 1
    assert odd.weight_g is not None
    replacement = weigh_in(canteen_id).weigh_in_id
    await correct(ledger, canteens, [Correction(replacement, odd.weigh_in_id, odd.weight_g // 10)])
    assert await mark_weights(ledger, is_working_day) == 0
    assert await flags(ledger, canteen_id) == []
    assert await marked(ledger) == {}


async def test_two_weeks_of_under_weighing_are_one_flag(ledger: Pool) -> None:
    canteens = await canteens_in(ledger)
    canteen_id = next(iter(canteens))
    low = DAYS[80:94]
    weighed = await weigh_lunches(ledger, canteens, canteen_id, dict.fromkeys(low, 0.7))
    await mark_weights(ledger, is_working_day)
    [flag] = [flag for flag in await flags(ledger, canteen_id) if flag.rule == "weight_drift"]
    assert (flag.meal, flag.stream) == ("lunch", "plate")
    assert abs((flag.first_day - low[0]).days) <= 2
    assert abs((flag.last_day - low[-1]).days) <= 2
    assert 0.6 < flag.figure < 0.8
    assert set(flag.rows) <= {str(w.weigh_in_id) for (_, stream), w in weighed.items() if stream == Stream.PLATE}
    assert len(set(await marked(ledger)) & set(low)) >= 11


async def test_a_dismissed_drift_is_the_new_level(ledger: Pool) -> None:
    canteens = await canteens_in(ledger)
    canteen_id = next(iter(canteens))
    await weigh_lunches(ledger, canteens, canteen_id, dict.fromkeys(DAYS[85:], 2.0))
    await mark_weights(ledger, is_working_day)
    found = await flags(ledger, canteen_id)
    assert any(flag.rule == "weight_drift" for flag in found)
    await ledger.execute("UPDATE kitchen_flag SET state = 'dismissed', reviewed_by = 's' WHERE rule = 'weight_drift'")
    await mark_weights(ledger, is_working_day)
    assert {flag.state for flag in await flags(ledger, canteen_id)} == {"dismissed"}
    assert await marked(ledger) == {}
