"""What the dashboards show: charts as tables of numbers, from sums that are kept, never from millions of weighings."""

import asyncio
import csv
import io
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from foundation.spreadsheets import safe_text
from registry.models import Canteen
from settlement.covers import closed_until, covers_on
from waste.charts.schemas import ChartShown
from waste.evaluation.results import standings
from waste.measures.days import measures_on
from waste.measures.kitchen_months import CO2E_G_PER_KG, COST_PER_KG_FEN
from waste.measures.trends import levels, saved
from waste.supervision.cases import open_cases
from waste.supervision.sampling import coverage

QUERIES = load_queries(Path(__file__).parent / "sql" / "dashboard.sql")

TREND_MONTHS = 36
BASELINE_MONTHS = 12
"""What savings are measured against: the first year of the trend."""
FORECAST_BACK, FORECAST_AHEAD = timedelta(days=28), timedelta(days=7)

KEPT_S, KEPT_MAX = 2.0, 200
"""How long a chart is kept at least, in seconds, and how many are: many people look at few charts."""
KEPT_SHARE = 9
"""What takes long is kept so many times longer than it took: nobody's looking takes more than a tenth of a session."""

Row = list[str | int | float | None]


@dataclass(frozen=True, slots=True)
class View:
    """Whose charts: the canteens that a person may see, and the day it is."""

    pool: Pool
    canteens: dict[int, Canteen]
    today: date

    @property
    def numbers(self) -> list[int]:
        """The canteens' numbers."""
        return list(self.canteens)


async def live(view: View) -> list[Row]:
    """Covers of the open day so far, against what was expected."""
    closed = await closed_until(view.pool)
    day = closed + timedelta(days=1) if closed else view.today
    covers = await covers_on(view.pool, view.numbers, day)
    rows = await view.pool.fetch(QUERIES["expected"], day, view.numbers)
    expected = {(row["canteen_id"], row["meal"]): (row["covers"], row["cook_for"]) for row in rows}
    return [
        [number, view.canteens[number].name_zh, meal, covers.get((number, meal), 0),
         *expected.get((number, meal), (None, None))]
        for number, meal in sorted(covers.keys() | expected.keys())
    ]  # fmt: skip


async def today(view: View) -> list[Row]:
    """What was weighed of the open day's meals."""
    closed = await closed_until(view.pool)
    day = closed + timedelta(days=1) if closed else view.today
    measured = await measures_on(view.pool, view.canteens, day)
    return [
        [number, view.canteens[number].name_zh, meal, m.covers, m.waste_g, m.grams_per_cover, m.waste_rate]
        for (number, meal), m in measured.items()
    ]


async def trend(view: View) -> list[Row]:
    """Grams per cover month by month, the level it moves around, and what was saved against the first year."""
    rows = await view.pool.fetch(QUERIES["months"], view.numbers, TREND_MONTHS)
    weighed = [row for row in rows if row["weighed_covers"]]
    rates = [row["waste_g"] / row["weighed_covers"] for row in weighed]
    first = weighed[:BASELINE_MONTHS]
    baseline = sum(r["waste_g"] for r in first) / sum(r["weighed_covers"] for r in first) if first else 0.0
    made: list[Row] = []
    for row, rate, level in zip(weighed, rates, levels(rates), strict=True):
        co2e_per_kg = row["co2e_g"] * 1000 // row["waste_g"] if row["waste_g"] else CO2E_G_PER_KG
        less = saved(baseline, row["weighed_covers"], row["waste_g"], COST_PER_KG_FEN, co2e_per_kg)
        changed = bool(made) and made[-1][3] != round(level, 1)
        made.append(
            [str(row["month"]), row["covers"], round(rate, 1), round(level, 1), changed, less.waste_g, less.cost_fen,
             less.co2e_g]
        )  # fmt: skip
    return made


async def ranking(view: View) -> list[Row]:
    """Where canteens stand in the last quarter that was evaluated."""
    quarter = await view.pool.fetchval(QUERIES["last_quarter"])
    if quarter is None:
        return []
    return [
        [str(quarter), s.scheme, s.serving, s.rank, s.peers, s.canteen_id, s.name_zh, s.score, s.low, s.high,
         s.grade_zh, s.to_verify, s.vetoed]
        for s in await standings(view.pool, quarter)
        if s.canteen_id in view.canteens
    ]  # fmt: skip


async def forecast(view: View) -> list[Row]:
    """Forecast covers against those who came, by day and meal, four weeks back and one ahead."""
    rows = await view.pool.fetch(
        QUERIES["forecasts"], view.today - FORECAST_BACK, view.today + FORECAST_AHEAD, view.numbers
    )
    return [[str(row["business_date"]), row["meal"], row["covers"], row["cook_for"], row["actual"]] for row in rows]


async def cases(view: View) -> list[Row]:
    """Cases that are not closed, the most pressing first."""
    return [
        [case.case_id, case.name_zh, case.what, case.state, case.level, str(case.due_on), str(case.deadline),
         case.due_on < view.today]
        for case in await open_cases(view.pool, view.numbers)
    ]  # fmt: skip


async def sampling(view: View) -> list[Row]:
    """How many of all canteens were inspected this year, and in three years."""
    found = await coverage(view.pool, view.today.year)
    share = round(found.inspected / found.canteens, 4) if found.canteens else None
    return [[view.today.year, found.canteens, found.drawn, found.inspected, found.in_three_years, share]]


Chart = tuple[str, str, list[str], Callable[[View], Awaitable[list[Row]]]]
"""Titles, columns (with their units) and where the rows come from."""

CHARTS: dict[str, Chart] = {
    "live": (
        "实时就餐人次", "Covers so far", ["canteen_id", "canteen", "meal", "covers", "expected", "cook_for"], live,
    ),
    "today": (
        "今日浪费", "Today's waste",
        ["canteen_id", "canteen", "meal", "covers", "waste_g", "grams_per_cover", "waste_rate"], today,
    ),
    "trend": (
        "人均浪费趋势", "Trend of waste per cover",
        ["month", "covers", "grams_per_cover", "level_grams_per_cover", "level_changed", "saved_g", "saved_fen",
         "saved_co2e_g"], trend,
    ),
    "ranking": (
        "同类排名", "Ranking, like with like",
        ["quarter", "scheme", "serving", "rank", "peers", "canteen_id", "canteen", "score", "low", "high", "grade",
         "to_verify", "vetoed"], ranking,
    ),
    "forecast": (
        "预测与实际", "Forecast against actual", ["date", "meal", "forecast", "cook_for", "actual"], forecast,
    ),
    "cases": (
        "未办结问题", "Open cases",
        ["case_id", "canteen", "what", "state", "level", "due_on", "deadline", "overdue"], cases,
    ),
    "sampling": (
        "抽查覆盖", "Coverage of inspections",
        ["year", "canteens", "drawn", "inspected", "inspected_in_three_years", "share"], sampling,
    ),
}  # fmt: skip


async def chart(pool: Pool, canteens: dict[int, Canteen], name: str) -> ChartShown:
    """A chart for the people of these canteens. Raises Problem(NOT_FOUND)."""
    if name not in CHARTS:
        raise Problem(NOT_FOUND, f"the charts are {', '.join(CHARTS)}")
    title_zh, title_en, columns, rows_of = CHARTS[name]
    view = View(pool, canteens, datetime.now(ZONE).date())
    return ChartShown(name, title_zh, title_en, columns, await rows_of(view))


class _Kept:
    """A chart that is being computed, or was a moment ago."""

    def __init__(self, making: Coroutine[Any, Any, ChartShown]) -> None:
        self.until = inf
        self._began = time.monotonic()
        self.task = asyncio.create_task(making)
        self.task.add_done_callback(self._made)

    def _made(self, _: object) -> None:
        now = time.monotonic()
        self.until = now + max(KEPT_S, KEPT_SHARE * (now - self._began))


class Charts:
    """One worker's charts: computed once for all who look at the same one within a while."""

    def __init__(self, ledger: Pool) -> None:
        self._ledger = ledger
        self._kept: dict[tuple[str, tuple[int, ...]], _Kept] = {}

    async def show(self, canteens: dict[int, Canteen], name: str) -> ChartShown:
        """A chart for the people of these canteens. Raises Problem(NOT_FOUND)."""
        now, key = time.monotonic(), (name, tuple(canteens))
        self._kept = {known: kept for known, kept in self._kept.items() if now < kept.until}
        if key not in self._kept:
            if len(self._kept) >= KEPT_MAX:
                return await chart(self._ledger, canteens, name)
            self._kept[key] = _Kept(chart(self._ledger, canteens, name))
        # A viewer who goes away does not take it from the others.
        try:
            return await asyncio.shield(self._kept[key].task)
        except Exception:
            self._kept.pop(key, None)
            raise


def to_csv(shown: ChartShown) -> bytes:
    """A chart's data as CSV (RFC 4180), UTF-8 with a byte-order mark."""
    text = io.StringIO(newline="")
    rows = [[safe_text(cell) if isinstance(cell, str) else cell for cell in row] for row in shown.rows]
    csv.writer(text).writerows([shown.columns, *rows])
    return text.getvalue().encode("utf-8-sig")
