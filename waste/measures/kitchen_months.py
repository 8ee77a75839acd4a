"""Measures over time, from monthly sums that are kept up to date with every weighing and every closed day.

After the Food Loss and Waste Accounting and Reporting Standard (FLW Protocol, 2016): material food and inedible
parts, apart; destination not recorded; boundary a canteen's meals; period as asked. Grams per cover = 1000 sum kg /
sum covers over the meals of which all three streams were weighed; completeness = those meals / meals served;
avoidable share = waste / (waste + inedible); CO2e = sum kg x the factor of the food, where known
(``waste.weighing.foods``). The interval is a block bootstrap over weeks (Kuensch, 1989): weeks are drawn with
replacement, since days of a week resemble each other.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import asyncpg

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from foundation.problems import INVALID, Problem
from waste.measures.trends import Saved, saved

QUERIES = load_queries(Path(__file__).parent / "sql" / "measures.sql")

GROUPS = ("canteen", "agency", "serving", "network")
PERIODS = {"month": 1, "quarter": 3, "year": 12}
"""Months in a period."""
SHORT = {"day": timedelta(days=100), "week": timedelta(days=400)}
"""Shorter periods are added up from meals when somebody asks, for so long a time at most."""
INTERVALS_MAX = 300
"""So many groups and periods have intervals; more would take a processor for seconds."""

COST_PER_KG_FEN = 1_200
"""Assumed where a kitchen has not said what a kilogram costs it."""
CO2E_G_PER_KG = 3_000
"""Where nothing was wasted, so that no factor can be told from what was (WRAP: more than 3 kg CO2e per kg)."""
DRAWS, SEED = 2_000, 35
Sums = dict[str, int]
Key = tuple[int, str, date]
"""Number and name of a group, and the first day of a period."""

LOW, HIGH = 0.025, 0.975
WEEKS_MIN = 4
"""Fewer weeks have no interval."""


@dataclass(frozen=True, slots=True)
class PeriodMeasures:
    """What a group's meals of a period came to. Weights in grams, money in fen; None where there is nothing to say."""

    number: int
    name: str
    period: date
    covers: int
    meals: int
    weighed_meals: int
    waste_g: int
    inedible_g: int
    prepared_g: int
    implausible: int
    grams_per_cover: float | None
    low: float | None
    high: float | None
    preparation_per_cover: float | None
    unserved_per_cover: float | None
    plate_per_cover: float | None
    waste_rate: float | None
    completeness: float | None
    avoidable_share: float | None
    cost_fen: int
    co2e_g: int


async def add_up(connection: Connection, book: int, canteen_ids: Sequence[int], first: date, last: date) -> None:
    """Add up canteens' months anew, in the caller's transaction, after their weights or covers changed."""
    await connection.execute(QUERIES["refresh_months"], book, list(canteen_ids), first, last, timeout=600)


async def write_alone(connection: Connection, canteen_ids: Iterable[int]) -> None:
    """Keep others from changing these canteens until the transaction ends; before anything is read."""
    await connection.execute(QUERIES["one_writer"], sorted(set(canteen_ids)))


async def measures_over(
    pool: Pool, first: date, last: date, *, by: str, per: str, meal: str | None = None, agency_id: int | None = None,
    canteen_id: int | None = None,
) -> list[PeriodMeasures]:  # fmt: skip
    """Measures by group and period; of months and longer, whole months from ``first`` to ``last``.

    Raises Problem(INVALID), also for days and weeks of too long a time.
    """
    if by not in GROUPS or per not in PERIODS.keys() | SHORT.keys() or first > last:
        raise Problem(INVALID, f"by {', '.join(GROUPS)}; per {', '.join([*SHORT, *PERIODS])}; first before last")
    asked = (agency_id, canteen_id, by, meal, COST_PER_KG_FEN)
    if per in SHORT:
        if last - first > SHORT[per]:
            raise Problem(INVALID, f"per {per} at most {SHORT[per].days} days at a time")
        rows = await pool.fetch(QUERIES["spans"], first, last, *asked, per)
        return [_measures(row["number"], row["name"], row["month"], dict(list(row.items())[3:]), None) for row in rows]
    begin = first.replace(day=1)
    rows = await pool.fetch(QUERIES["months"], begin, last, *asked)
    sums: dict[Key, Sums] = {}
    for row in rows:
        _add(sums.setdefault((row["number"], row["name"], period_of(row["month"], per)), {}), row)
    drawn = {} if len(sums) > INTERVALS_MAX else await _intervals(pool, begin, last, agency_id, by, per, meal)
    return [_measures(*key, s, drawn.get(key)) for key, s in sums.items()]


async def savings(
    pool: Pool, baseline: tuple[date, date], now: tuple[date, date], *, by: str, agency_id: int | None = None
) -> list[tuple[int, str, float, Saved]]:
    """What each group wasted less than at its baseline's rate: number, name, that rate in g per cover, savings.

    Whole months. Groups that were not weighed in either period are left out. Raises Problem(INVALID).
    """
    before, after = [await _sums(pool, *span, by, agency_id) for span in (baseline, now)]
    found = []
    for key in sorted(before.keys() & after.keys()):
        then, since = before[key], after[key]
        if then["weighed_covers"] and since["weighed_covers"]:
            rate = then["waste_g"] / then["weighed_covers"]
            cost_per_kg, co2e_per_kg = (
                since[name] * 1000 // since["waste_g"] if since["waste_g"] else usual
                for name, usual in (("cost_fen", COST_PER_KG_FEN), ("co2e_g", CO2E_G_PER_KG))
            )
            less = saved(rate, since["weighed_covers"], since["waste_g"], cost_per_kg, co2e_per_kg)
            found.append((*key, round(rate, 1), less))
    return found


async def _sums(pool: Pool, first: date, last: date, by: str, agency_id: int | None) -> dict[tuple[int, str], Sums]:
    if by not in GROUPS or first > last:
        raise Problem(INVALID, f"by {', '.join(GROUPS)}; first before last")
    rows = await pool.fetch(QUERIES["months"], first.replace(day=1), last, agency_id, None, by, None, COST_PER_KG_FEN)
    sums: dict[tuple[int, str], Sums] = {}
    for row in rows:
        _add(sums.setdefault((row["number"], row["name"]), {}), row)
    return sums


def _add(into: Sums, row: asyncpg.Record) -> None:
    for name, value in list(row.items())[3:]:
        into[name] = into.get(name, 0) + value


async def _intervals(
    pool: Pool, first: date, last: date, agency_id: int | None, by: str, per: str, meal: str | None
) -> dict[Key, tuple[float, float] | None]:
    """The intervals of groups and periods; of quarters and years only, since a month has too few weeks."""
    if per == "month":
        return {}
    weeks: dict[Key, list[tuple[int, int]]] = {}
    for row in await pool.fetch(QUERIES["weeks"], first, last, agency_id, by, meal):
        key = (row["number"], row["name"], period_of(row["week"], per))
        weeks.setdefault(key, []).append((row["waste_g"], row["covers"]))
    # In a thread, so that payments come between.
    return await asyncio.to_thread(lambda: {key: interval(known) for key, known in weeks.items()})


def period_of(month: date, per: str) -> date:
    """The first day of the period that a month is in."""
    months = PERIODS[per]
    return date(month.year, (month.month - 1) // months * months + 1, 1)


def _measures(
    number: int, name: str, period: date, s: dict[str, int], drawn: tuple[float, float] | None
) -> PeriodMeasures:
    eaten = s["weighed_covers"]

    def each(grams: int) -> float | None:
        return round(grams / eaten, 1) if eaten else None

    low, high = drawn or (None, None)
    food = s["waste_g"] + s["inedible_g"]
    return PeriodMeasures(
        number, name or "", period, s["covers"], s["meals"], s["weighed_meals"], s["waste_g"], s["inedible_g"],
        s["prepared_g"], s["implausible"], each(s["waste_g"]), low, high,
        each(s["preparation_g"]), each(s["unserved_g"]), each(s["plate_g"]),
        round(s["prepared_waste_g"] / s["prepared_g"], 4) if s["prepared_g"] else None,
        round(s["weighed_meals"] / s["meals"], 4) if s["meals"] else None,
        round(s["waste_g"] / food, 4) if food else None,
        s["cost_fen"], s["co2e_g"],
    )  # fmt: skip


@lru_cache(maxsize=64)
def _picks(count: int, seed: int) -> list[Callable[[Sequence[int]], tuple[int, ...]]]:
    """Draws with replacement of so many of as many; the same for all groups, since only chance is asked of them."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    picks: list[Any] = [itemgetter(*chance.choices(range(count), k=count)) for _ in range(DRAWS)]
    return picks


def interval(weeks: Sequence[tuple[int, int]], *, seed: int = SEED) -> tuple[float, float] | None:
    """The 95 % interval of grams per cover from (grams, covers) of each week; None for too few weeks."""
    if len(weeks) < WEEKS_MIN:
        return None
    grams, covers = ([week[n] for week in weeks] for n in (0, 1))
    drawn = sorted(sum(pick(grams)) / eaten for pick in _picks(len(weeks), seed) if (eaten := sum(pick(covers))))
    return (round(drawn[int(LOW * len(drawn))], 1), round(drawn[int(HIGH * len(drawn))], 1)) if drawn else None
