"""Measures over time, from the monthly sums; of days and weeks, from the meals themselves.

After the Food Loss and Waste Accounting and Reporting Standard (FLW Protocol, 2016): food and inedible parts are
material types of their own; destination not recorded; boundary a canteen's meals; period as asked. Grams per cover =
1000 sum kg / sum covers over weighed meals: all three streams of waste known, and covers kept (sql/measured_meal.sql);
completeness = those meals / meals served; avoidable share = waste / (waste + inedible); CO2e = sum kg x the factor of
the food, where known (``waste.weighing.foods``). Intervals: ``waste.measures.intervals``. Only months that are over are
compared with others.
"""

import asyncio
from calendar import monthrange
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import asyncpg

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import INVALID, Problem
from registry.identifiers import AgencyId, CanteenId
from registry.meals import Meal
from settlement.covers import closed_until
from waste.measures.intervals import interval
from waste.measures.savings import CO2E_G_PER_KG, COST_PER_KG_FEN, saved
from waste.measures.schemas import GroupBy, Period, PeriodMeasures, Savings

QUERIES = load_queries(Path(__file__).parent / "sql" / "over_time.sql")

MONTHS_IN = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}
DAYS_MAX = {Period.DAY: timedelta(days=100), Period.WEEK: timedelta(days=400)}
"""Shorter periods are added up on request, for this long at most."""
_TOO_LONG = {Period.DAY: "measures.days_too_long", Period.WEEK: "measures.weeks_too_long"}
INTERVALS_MAX = 300
"""Groups and periods with intervals; more would take a processor for seconds."""


class Group(NamedTuple):
    """A canteen, an agency, a way of serving, or the network."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over meals. Weights in grams, of weighed meals but for ``unmatched_g``; money in fen."""

    covers: int
    covers_gross: int
    meals: int
    weighed_meals: int
    weighed_covers: int
    waste_g: int
    preparation_g: int
    unserved_g: int
    plate_g: int
    inedible_g: int
    prepared_g: int
    prepared_waste_g: int
    co2e_g: int
    implausible: int
    unmatched_meals: int
    unmatched_g: int
    corrected: int
    cost_fen: int

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(getattr(self, name) + getattr(other, name) for name in _SUM_NAMES))


_SUM_NAMES = tuple(field.name for field in fields(Sums))


async def measures_over(
    pool: Pool, first: date, last: date, *, by: GroupBy, per: Period, meal: Meal | None = None,
    agency_id: AgencyId | int | None = None, canteen_id: CanteenId | int | None = None,
) -> list[PeriodMeasures]:  # fmt: skip
    """Measures by group and period; of months and longer, whole months from that of ``first`` to that of ``last``.

    Raises Problem(INVALID) for a span that is empty, or too long for days and weeks.
    """
    _check_span(first, last)
    asked = (agency_id, canteen_id, by, meal, COST_PER_KG_FEN)
    if per not in DAYS_MAX:
        first, last = first.replace(day=1), end_of(last, Period.MONTH)
    known = first, min(last, await closed_until(pool) or date.min)
    if per in DAYS_MAX:
        if last - first > DAYS_MAX[per]:
            raise Problem(INVALID, _TOO_LONG[per], days=DAYS_MAX[per].days)
        rows = await pool.fetch(QUERIES["spans"], first, last, *asked, per)
        return [_measures(_group(row), row["period"], per, known, _sums(row), None) for row in rows]
    sums: dict[tuple[Group, date], Sums] = {}
    for row in await pool.fetch(QUERIES["months"], first, last, *asked):
        key = _group(row), period_of(row["period"], per)
        sums[key] = sums[key] + _sums(row) if key in sums else _sums(row)
    drawn = {} if len(sums) > INTERVALS_MAX else await _intervals(pool, first, last, agency_id, by, per, meal)
    return [_measures(group, period, per, known, s, drawn.get((group, period))) for (group, period), s in sums.items()]


async def savings_over(
    pool: Pool, baseline: tuple[date, date], now: tuple[date, date], *, by: GroupBy, agency_id: int | None = None
) -> list[Savings]:
    """Waste that each group avoided against its rate in the baseline months; whole months that are over.

    Groups that were not weighed in either span are left out. Raises Problem(INVALID) for an empty span.
    """
    closed = await closed_until(pool) or date.min
    before, after = [await _sums_of_span(pool, *span, closed, by, agency_id) for span in (baseline, now)]
    return [
        _savings(group, before[group], after[group])
        for group in sorted(before.keys() & after.keys())
        if before[group].weighed_covers and after[group].weighed_covers
    ]


def _savings(group: Group, before: Sums, now: Sums) -> Savings:
    rate = before.waste_g / before.weighed_covers
    cost_per_kg = now.cost_fen * 1000 // now.waste_g if now.waste_g else COST_PER_KG_FEN
    co2e_per_kg = now.co2e_g * 1000 // now.waste_g if now.waste_g else CO2E_G_PER_KG
    less = saved(rate, now.weighed_covers, now.waste_g, cost_per_kg, co2e_per_kg)
    return Savings(*group, round(rate, 1), less.waste_g, less.cost_fen, less.co2e_g)


async def _sums_of_span(
    pool: Pool, first: date, last: date, closed: date, by: GroupBy, agency_id: int | None
) -> dict[Group, Sums]:
    _check_span(first, last)
    rows = await pool.fetch(QUERIES["months"], first.replace(day=1), last, agency_id, None, by, None, COST_PER_KG_FEN)
    sums: dict[Group, Sums] = {}
    for row in rows:
        if end_of(row["period"], Period.MONTH) <= closed:
            group = _group(row)
            sums[group] = sums[group] + _sums(row) if group in sums else _sums(row)
    return sums


def _check_span(first: date, last: date) -> None:
    if first > last:
        raise Problem(INVALID, "measures.last_before_first", first=first, last=last)


def _group(row: asyncpg.Record) -> Group:
    return Group(row["number"], row["name"] or "")


def _sums(row: asyncpg.Record) -> Sums:
    return Sums(**{name: row[name] for name in _SUM_NAMES})


async def _intervals(
    pool: Pool, first: date, last: date, agency_id: int | None, by: GroupBy, per: Period, meal: Meal | None
) -> dict[tuple[Group, date], tuple[float, float] | None]:
    """The intervals of groups and periods; of quarters and years only, since a month has too few weeks."""
    if per == Period.MONTH:
        return {}
    weeks: dict[tuple[Group, date], list[tuple[int, int]]] = {}
    for row in await pool.fetch(QUERIES["weeks"], first, last, agency_id, by, meal, per):
        weeks.setdefault((_group(row), row["period"]), []).append((row["waste_g"], row["covers"]))
    # In a thread, so that the worker can take payments meanwhile.
    return await asyncio.to_thread(lambda: {key: interval(known) for key, known in weeks.items()})


def period_of(day: date, per: Period) -> date:
    """The first day of the month, quarter or year that a day is in."""
    months = MONTHS_IN[per]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def end_of(day: date, per: Period) -> date:
    """The last day of the period that a day is in; in the last week of the calendar, its last day."""
    match per:
        case Period.DAY:
            return day
        case Period.WEEK:
            return date.fromordinal(min(day.toordinal() + 6 - day.weekday(), date.max.toordinal()))
    month = period_of(day, per).month + MONTHS_IN[per] - 1
    return date(day.year, month, monthrange(day.year, month)[1])


def _measures(
    group: Group, period: date, per: Period, known: tuple[date, date], s: Sums, bounds: tuple[float, float] | None
) -> PeriodMeasures:
    """``known``: the days from which on, and up to which, everything is in the sums."""
    low, high = bounds or (None, None)

    def per_cover(grams: int) -> float | None:
        return round(grams / s.weighed_covers, 1) if s.weighed_covers else None

    return PeriodMeasures(
        *group, period=period, covers=s.covers, meals=s.meals, weighed_meals=s.weighed_meals,
        weighed_covers=s.weighed_covers, waste_g=s.waste_g,
        inedible_g=s.inedible_g, prepared_g=s.prepared_g, implausible=s.implausible, covers_gross=s.covers_gross,
        unmatched_meals=s.unmatched_meals, unmatched_g=s.unmatched_g, corrected=s.corrected,
        whole=known[0] <= period and end_of(period, per) <= known[1],
        grams_per_cover=per_cover(s.waste_g), low=low, high=high,
        preparation_per_cover=per_cover(s.preparation_g), unserved_per_cover=per_cover(s.unserved_g),
        plate_per_cover=per_cover(s.plate_g),
        waste_rate=_share(s.prepared_waste_g, s.prepared_g),
        completeness=_share(s.weighed_meals, s.meals),
        avoidable_share=_share(s.waste_g, s.waste_g + s.inedible_g),
        cost_fen=s.cost_fen, co2e_g=s.co2e_g,
    )  # fmt: skip


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
