"""Checks of covers: what does not fit is flagged with its size, and an honest kitchen has no flags."""

from datetime import date, timedelta
from typing import Any

import pytest

from demo.city import CANTEENS
from foundation.postgres import Pool
from registry.meals import Meal
from registry.models import Canteen
from tests.ledger.test_weighing import canteens_in
from waste.flags.flags import Flag, flags_of
from waste.forecast.cover_checks import QUERIES, RULES, TRACE_G, TRACE_G_PER_COVER, MealWeek, check_covers, flags_in

SUNDAY = date(2026, 11, 22)
MONDAY = SUNDAY - timedelta(days=6)
OLD = SUNDAY - timedelta(days=20)
"""The Monday two weeks earlier: its weights are due."""
DAYS = [SUNDAY - timedelta(days=n) for n in range(84)]
USUAL: dict[str, Any] = {
    "covers": 100, "gross": 100, "cheap": 2, "paid_fen": 120_000, "expected": 100, "grams": 2_000, "weighed": True,
}  # fmt: skip


async def kitchen(ledger: Pool, changes: dict[date, dict[str, Any]]) -> Canteen:
    """Twelve weeks of lunches, a hundred covers each, with some days changed."""
    canteen = next(iter((await canteens_in(ledger)).values()))
    for n, day in enumerate(DAYS):
        made = USUAL | {"covers": 100 + n % 5} | changes.get(day, {})
        key = canteen.book, canteen.canteen_id, day
        await ledger.execute(
            "INSERT INTO cover_day (book, canteen_id, business_date, meal, covers, guests, covers_gross, cheap,"
            " paid_fen) VALUES ($1, $2, $3, 'lunch', $4, 0, $4, $5, $6)",
            *key, made["covers"], made["cheap"], made["paid_fen"] + 1_200 * (n % 5),
        )  # fmt: skip
        await ledger.execute(
            "INSERT INTO cover_forecast VALUES ($1, $2, $3, 'lunch', $4, 120, now())"
            " ON CONFLICT (book, canteen_id, business_date, meal) DO UPDATE SET covers = excluded.covers",
            *key, made["expected"],
        )  # fmt: skip
        if made["weighed"]:
            await ledger.execute(
                "INSERT INTO waste_meal (book, canteen_id, business_date, meal, preparation_g, unserved_g, plate_g,"
                " implausible) VALUES ($1, $2, $3, 'lunch', $4, $4, $4, 0)",
                *key, made["grams"],
            )  # fmt: skip
        if "came" in made:
            await ledger.execute(
                "INSERT INTO booking VALUES ($1, $2, $3, 'lunch', $4, $4, 'k', now())", *key, made["came"]
            )
    return canteen


async def flags(ledger: Pool, canteen: Canteen) -> list[Flag]:
    await check_covers(ledger, SUNDAY)
    return await flags_of(ledger, [canteen.canteen_id], DAYS[-1], SUNDAY)


def on(monday: date, count: int, **changes: Any) -> dict[date, dict[str, Any]]:
    return {monday + timedelta(days=n): changes for n in range(count)}


CASES: dict[str, tuple[dict[date, dict[str, Any]], float, float]] = {
    # What is changed, the figure, and what is usual.
    "weight_without_covers": (on(MONDAY, 2, covers=0, paid_fen=0), 12.0, 0.0),
    "covers_without_weight": (on(OLD, 3, weighed=False), 3, 7),
    "phantom_meal": (on(MONDAY, 2, covers=1, paid_fen=1_200, grams=1), 2, 7),
    "cheap_covers": (on(MONDAY, 7, cheap=30), 22.7, 10.0),
    "price_fell": (on(MONDAY, 7, covers=125), 9.79, 12.0),
    "covers_above_forecast": (on(MONDAY, 7, covers=130, paid_fen=156_000), 1.3, 1.02),
    "came_above_covers": (on(MONDAY, 1, came=150), 150, 100),
}


def test_every_rule_has_a_case() -> None:
    assert CASES.keys() == RULES.keys()


async def test_a_steady_kitchen_has_no_flags(ledger: Pool) -> None:
    assert await flags(ledger, await kitchen(ledger, {})) == []


@pytest.mark.parametrize("rule", CASES)
async def test_what_does_not_fit_is_flagged(ledger: Pool, rule: str) -> None:
    changes, figure, usual = CASES[rule]
    canteen = await kitchen(ledger, changes)
    found = [flag for flag in await flags(ledger, canteen) if flag.rule == rule]
    [flag] = found
    monday = min(changes) - timedelta(days=min(changes).weekday())
    assert (flag.first_day, flag.last_day, flag.meal) == (monday, monday + timedelta(days=6), Meal.LUNCH)
    assert flag.figure == pytest.approx(figure, rel=0.02)
    assert flag.usual == pytest.approx(usual, rel=0.02)
    if flag.rows:
        assert set(flag.rows) == {f"{day} lunch" for day in changes}
    await ledger.execute("UPDATE cover_day SET covers = 100, cheap = 0, paid_fen = 120000")
    await ledger.execute("UPDATE cover_forecast SET covers = 100")
    await ledger.execute("UPDATE booking SET came = 0")
    await ledger.execute("UPDATE waste_meal SET preparation_g = 2000")
    if rule != "covers_without_weight":
        assert rule not in {flag.rule for flag in await flags(ledger, canteen)}, "it is cleared"


async def test_weights_that_are_not_due_yet_are_no_gap(ledger: Pool) -> None:
    assert await flags(ledger, await kitchen(ledger, on(MONDAY, 5, weighed=False))) == []


async def test_the_demo_citys_kitchens_are_hardly_ever_flagged(ledger: Pool) -> None:
    """False alarms of all rules together over a year of five honest kitchens: at most two weeks of a hundred."""
    kitchens = await ledger.fetch("SELECT canteen_id FROM canteen ORDER BY canteen_id")
    honest = {row["canteen_id"] for row, one in zip(kitchens, CANTEENS, strict=True) if one.manner == "honest"}
    last = await ledger.fetchval("SELECT max(business_date) FROM cover_day")
    end = last - timedelta(days=(last.weekday() + 1) % 7)
    begin = end - timedelta(days=7 * 60 - 1)
    rows = await ledger.fetch(QUERIES["weeks"], begin, end, TRACE_G_PER_COVER, TRACE_G)
    weeks = [MealWeek(**dict(row)) for row in rows if row["canteen_id"] in honest]
    first = begin + timedelta(days=56)
    found = flags_in(weeks, first, last)
    looked_at = sum(week.monday >= first for week in weeks)
    assert looked_at > 700
    counts = {rule: len(flags) for rule, flags in found.items()}
    assert sum(counts.values()) <= 0.02 * looked_at, (counts, looked_at)
