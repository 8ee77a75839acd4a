"""Charts as tables of numbers, computed from kept sums, never from millions of weigh-ins.

A table holds codes; ``in_language`` adds titles, headings and words for the codes.
"""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg

from foundation import catalogue
from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from foundation.spreadsheets import safe_text
from registry.identifiers import CanteenId
from registry.meals import Meal
from registry.models import Canteen
from settlement.covers import closed_until, covers_on
from settlement.errors import Refusal
from settlement.sold import refusals_since, sold_by_minute, sold_by_terminal
from waste.charts.minutes import Expected, minutes_of
from waste.charts.schemas import ChartShown
from waste.evaluation.quarters import SELF_EVALUATION_DAYS
from waste.evaluation.results import standings
from waste.measures.change_points import levels
from waste.measures.days import measures_on
from waste.measures.over_time import end_of
from waste.measures.savings import CO2E_G_PER_KG, COST_PER_KG_FEN, saved
from waste.measures.schemas import Period, Serving
from waste.supervision.cases import LEVELS, CaseState, open_cases
from waste.supervision.sampling import coverage

QUERIES = load_queries(Path(__file__).parent / "sql" / "charts.sql")

TREND_MONTHS = 36
BASELINE_MONTHS = 12
"""Months that savings are measured against: the first year of the trend."""
FORECAST_BACK, FORECAST_AHEAD = timedelta(days=28), timedelta(days=7)

KEPT_S, KEPT_MAX = 2.0, 200
"""How long a chart is kept at least, in seconds, and how many are: many people look at few charts."""
KEPT_SHARE = 9
"""A chart is kept this many times longer than it took: its viewers take at most a tenth of a connection."""


@dataclass(frozen=True, slots=True)
class Name:
    """A cell that has one text in each language."""

    zh: str
    en: str

    def text(self, language: Language) -> str:
        """The text in a language."""
        return self.zh if language is Language.CHINESE else self.en


Row = list[str | int | float | Name | None]


@dataclass(frozen=True, slots=True)
class View:
    """Whose charts: the canteens that a person may see, and the current date."""

    pool: Pool
    canteens: dict[int, Canteen]
    today: date

    @property
    def numbers(self) -> list[int]:
        """The canteens' numbers."""
        return list(self.canteens)

    def name(self, canteen_id: int) -> Name:
        """A canteen's name."""
        canteen = self.canteens[canteen_id]
        return Name(canteen.name_zh, canteen.name_en)

    async def open_day(self) -> date:
        """The open business day: the one after the last that is closed everywhere."""
        closed = await closed_until(self.pool)
        return closed + timedelta(days=1) if closed else self.today


async def live(view: View) -> list[Row]:
    """Covers of the open day so far, against the forecast."""
    day = await view.open_day()
    counted = await covers_on(view.pool, view.numbers, day)
    covers = {(CanteenId(number), Meal(meal)): found.net for (number, meal), found in counted.items()}
    rows = await view.pool.fetch(QUERIES["expected"], day, view.numbers)
    expected = {(CanteenId(row["canteen_id"]), Meal(row["meal"])): (row["covers"], row["cook_for"]) for row in rows}
    return [
        [number, view.name(number), meal, covers.get((number, meal), 0), *expected.get((number, meal), (None, None))]
        for number, meal in sorted(covers.keys() | expected.keys())
    ]


async def minutes(view: View) -> list[Row]:
    """Meals sold by the minute of the open day, against the forecast and the same day a week ago."""
    day, closed = await view.open_day(), await closed_until(view.pool)
    week_before = day - timedelta(days=7)
    days = {day, week_before, closed or week_before}
    sold = await sold_by_minute(view.pool, view.numbers, sorted(days))
    shape = week_before if any(one.business_date == week_before for one in sold) else closed
    expected: dict[Meal, Expected] = {}
    for row in await view.pool.fetch(QUERIES["expected"], day, view.numbers):
        known = expected.get(meal := Meal(row["meal"]), Expected(0, 0))
        expected[meal] = Expected(known.covers + row["covers"], known.cook_for + row["cook_for"])
    now = datetime.now(ZONE)
    clock = now.time() if now.date() == day else time.max if now.date() > day else time.min
    return [
        [f"{day}T{one.minute // 60:02}:{one.minute % 60:02}", one.meal, one.sold, one.expected, one.low, one.high,
         one.before]
        for one in minutes_of(sold, expected, day, week_before, shape, clock)
    ]  # fmt: skip


async def counters(view: View) -> list[Row]:
    """Meals sold on the open day by terminal, and by the sheets of a canteen together."""
    return [
        [row["canteen_id"], view.name(row["canteen_id"]), row["terminal_id"], row["sold"], row["last_at"].isoformat()]
        for row in await sold_by_terminal(view.pool, view.numbers, await view.open_day())
    ]


async def refusals(view: View) -> list[Row]:
    """Payments refused since the day's beginning, by reason."""
    midnight = datetime.combine(view.today, time.min, ZONE)
    return [[reason, times] for reason, times in (await refusals_since(view.pool, view.numbers, midnight)).items()]


async def today(view: View) -> list[Row]:
    """Waste of the open day's meals."""
    measured = await measures_on(view.pool, view.canteens, await view.open_day())
    return [
        [number, view.name(number), meal, m.covers, m.waste_g, m.grams_per_cover, m.waste_rate, m.corrected]
        for (number, meal), m in measured.items()
    ]


async def trend(view: View) -> list[Row]:
    """Grams per cover by month, its level, and the savings against the first year.

    Months that are over are compared; the running one only shows its grams per cover so far.
    """
    rows = await view.pool.fetch(QUERIES["months"], view.numbers, TREND_MONTHS)
    closed = await closed_until(view.pool) or date.min
    weighed = [row for row in rows if row["weighed_covers"]]
    whole = [row for row in weighed if end_of(row["month"], Period.MONTH) <= closed]
    level_of = dict(zip((row["month"] for row in whole), levels([_rate(row) for row in whole]), strict=True))
    first = whole[:BASELINE_MONTHS]
    baseline = sum(r["waste_g"] for r in first) / sum(r["weighed_covers"] for r in first) if first else 0.0
    made: list[Row] = []
    for row in weighed:
        shown: Row = [str(row["month"]), row["covers"], round(_rate(row), 1)]
        if row["month"] in level_of:
            level = round(level_of[row["month"]], 1)
            co2e_per_kg = row["co2e_g"] * 1000 // row["waste_g"] if row["waste_g"] else CO2E_G_PER_KG
            less = saved(baseline, row["weighed_covers"], row["waste_g"], COST_PER_KG_FEN, co2e_per_kg)
            changed = bool(made) and made[-1][3] != level
            shown += [level, changed, less.waste_g, less.cost_fen, less.co2e_g]
        else:
            shown += [None, False, None, None, None]
        made.append([*shown, row["month"] in level_of, row["corrected"]])
    return made


def _rate(row: asyncpg.Record) -> float:
    return float(row["waste_g"] / row["weighed_covers"])


async def ranking(view: View) -> list[Row]:
    """Ranks of the last quarter whose data are closed."""
    quarter = await view.pool.fetchval(QUERIES["last_quarter"], view.today, SELF_EVALUATION_DAYS)
    if quarter is None:
        return []
    return [
        [str(quarter), s.scheme, s.serving, s.rank, s.peers, s.canteen_id, view.name(s.canteen_id), s.score,
         s.low, s.high, _grade(s.grade_zh, s.grade_en), s.to_verify, s.vetoed]
        for s in await standings(view.pool, quarter)
        if s.canteen_id in view.canteens
    ]  # fmt: skip


def _grade(name_zh: str | None, name_en: str | None) -> Name | None:
    return Name(name_zh, name_en) if name_zh is not None and name_en is not None else None


async def forecast(view: View) -> list[Row]:
    """Forecast and actual covers by day and meal, four weeks back and one ahead."""
    rows = await view.pool.fetch(
        QUERIES["forecasts"], view.today - FORECAST_BACK, view.today + FORECAST_AHEAD, view.numbers
    )
    return [[str(row["business_date"]), row["meal"], row["covers"], row["cook_for"], row["actual"]] for row in rows]


async def cases(view: View) -> list[Row]:
    """Cases that are not closed, the next deadline first."""
    return [
        [case.case_id, Name(case.name_zh, case.name_en), case.what, case.state, case.level, str(case.due_on),
         str(case.deadline), case.due_on < view.today]
        for case in await open_cases(view.pool, view.numbers)
    ]  # fmt: skip


async def sampling(view: View) -> list[Row]:
    """How many of all canteens were inspected this year, and within three years."""
    year = view.today.year
    found = await coverage(view.pool, year)
    share = round(found.inspected / found.canteens, 4) if found.canteens else None
    return [[year, found.canteens, int(found.drawn), found.inspected, found.in_three_years, share]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A kind of chart: its columns by their keys, and where its rows come from.

    The catalogue has its title (``charts.<name>.title``) and the columns' headings (``charts.column.<key>``).
    """

    columns: list[str]
    rows: Callable[[View], Awaitable[list[Row]]]


CHARTS = {
    "live": Chart(["canteen_id", "canteen", "meal", "covers", "expected", "cook_for"], live),
    "minutes": Chart(["at", "meal", "sold", "expected", "least", "most", "week_before"], minutes),
    "counters": Chart(["canteen_id", "canteen", "terminal_id", "sold", "last_at"], counters),
    "refusals": Chart(["refusal", "times"], refusals),
    "today": Chart(
        ["canteen_id", "canteen", "meal", "covers", "waste_g", "grams_per_cover", "waste_rate", "corrected"], today
    ),
    "trend": Chart(
        ["month", "covers", "grams_per_cover", "level_grams_per_cover", "level_changed", "saved_g", "saved_fen",
         "saved_co2e_g", "whole", "corrected"], trend,
    ),
    "ranking": Chart(
        ["quarter", "scheme", "serving", "rank", "peers", "canteen_id", "canteen", "score", "low", "high", "grade",
         "to_verify", "vetoed"], ranking,
    ),
    "forecast": Chart(["date", "meal", "forecast", "cook_for", "actual"], forecast),
    "cases": Chart(["case_id", "canteen", "what", "state", "level", "due_on", "deadline", "overdue"], cases),
    "sampling": Chart(["year", "canteens", "drawn", "inspected", "inspected_in_three_years", "share"], sampling),
}  # fmt: skip

CODES: dict[str, Mapping[str, str]] = {
    "meal": {meal: f"measures.meal.{meal}" for meal in Meal},
    "serving": {serving: f"measures.serving.{serving}" for serving in Serving},
    "state": {state: f"supervision.state.{state}" for state in CaseState},
    "refusal": {reason: f"refusal.{reason}.title" for reason in Refusal},
    "level": {str(place): f"supervision.level.{level}" for place, level in enumerate(LEVELS)},
}
"""Columns that hold codes: the catalogue's id for each code."""


@dataclass(frozen=True, slots=True)
class Table:
    """The data of a chart, in no language yet."""

    name: str
    rows: list[Row] = field(default_factory=list)

    def in_language(self, language: Language) -> ChartShown:
        """The chart for people who read this language."""
        columns = CHARTS[self.name].columns
        return ChartShown(
            self.name,
            catalogue.text(f"charts.{self.name}.title", language),
            columns,
            [catalogue.text(f"charts.column.{column}", language) for column in columns],
            {
                column: {code: catalogue.text(message_id, language) for code, message_id in CODES[column].items()}
                for column in columns
                if column in CODES
            },
            [[cell.text(language) if isinstance(cell, Name) else cell for cell in row] for row in self.rows],
        )


async def compute(pool: Pool, canteens: dict[int, Canteen], name: str) -> Table:
    """The data of a chart for some canteens. Raises Problem(NOT_FOUND)."""
    if name not in CHARTS:
        raise Problem(NOT_FOUND, "charts.not_found", name=name[:30], names=", ".join(CHARTS))
    view = View(pool, canteens, datetime.now(ZONE).date())
    return Table(name, await CHARTS[name].rows(view))


class _Kept:
    """A chart that is being computed, or was recently."""

    def __init__(self, making: Coroutine[Any, Any, Table]) -> None:
        self.until = inf
        self._began = monotonic()
        self.task = asyncio.create_task(making)
        self.task.add_done_callback(self._made)

    def _made(self, _: object) -> None:
        now = monotonic()
        self.until = now + max(KEPT_S, KEPT_SHARE * (now - self._began))


class Charts:
    """The charts of one worker: each is computed once for all its viewers, and kept for a while."""

    def __init__(self, ledger: Pool) -> None:
        self._ledger = ledger
        self._kept: dict[tuple[str, tuple[int, ...]], _Kept] = {}

    async def show(self, canteens: dict[int, Canteen], name: str) -> Table:
        """The data of a chart for some canteens. Raises Problem(NOT_FOUND)."""
        now, key = monotonic(), (name, tuple(canteens))
        self._kept = {known: kept for known, kept in self._kept.items() if now < kept.until}
        if key not in self._kept:
            if len(self._kept) >= KEPT_MAX:
                return await compute(self._ledger, canteens, name)
            self._kept[key] = _Kept(compute(self._ledger, canteens, name))
        # Shielded: when one viewer disconnects, the others still wait for it.
        try:
            return await asyncio.shield(self._kept[key].task)
        except Exception:
            self._kept.pop(key, None)
            raise


def to_csv(shown: ChartShown, language: Language) -> bytes:
    """A chart's data as CSV (RFC 4180) in a language, UTF-8 with a byte-order mark."""
    yes_no = {answer: catalogue.text(f"charts.{answer}".lower(), language) for answer in (True, False)}

    def cell_text(column: str, cell: str | int | float | None) -> str | int | float | None:
        if isinstance(cell, bool):
            return yes_no[cell]
        if column in shown.words and cell is not None:
            return safe_text(shown.words[column][str(cell)])
        return safe_text(cell) if isinstance(cell, str) else cell

    rows = [[cell_text(column, cell) for column, cell in zip(shown.columns, row, strict=True)] for row in shown.rows]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([shown.headings, *rows])
    return text.getvalue().encode("utf-8-sig")
