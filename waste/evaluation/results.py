"""Results of a quarter: evaluating every canteen from its weeks and evidence, keeping the results, ranking them.

A result is kept with everything that it was computed from. Revision 0 is computed again until the quarter is frozen;
each accepted appeal adds a revision of one canteen's result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg
from msgspec import convert, json

from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from foundation.problems import NOT_FOUND, Problem
from registry.identifiers import AgencyId, Book, CanteenId
from waste.evaluation.quarters import (
    lock_state,
    note_evaluated,
    pending_quarters,
    quarter_of,
    state_of,
    year_and_quarter,
)
from waste.evaluation.scheme import scheme_for
from waste.evaluation.scoring import Evaluation, Known, Point, Week, evaluate, ranked, total
from waste.measures.schemas import Operating, Serving

QUERIES = load_queries(Path(__file__).parent / "sql" / "results.sql")


@dataclass(frozen=True, slots=True)
class Standing:
    """A canteen's result and its ``rank`` of ``peers``: canteens of the same scheme that serve the same way."""

    canteen_id: CanteenId
    book: Book
    revision: int
    scheme: str
    serving: str
    operating: str
    score: float | None
    low: float | None
    high: float | None
    grade_zh: str | None
    grade_en: str | None
    to_verify: bool
    vetoed: bool
    weekly_covers: float
    agency_id: AgencyId
    name_zh: str
    name_en: str
    rank: int | None = None
    peers: int = 0


@dataclass(frozen=True, slots=True)
class Kitchen:
    """A canteen to evaluate, and how it serves and is run."""

    book: Book
    canteen_id: CanteenId
    serving: Serving
    operating: Operating


@dataclass(frozen=True, slots=True)
class KeptResult:
    """What a result was computed from: its points, and the sums of its weeks by their first days."""

    points: list[Point]
    weeks: list[tuple[date, dict[str, int]]]


async def run_pending_evaluations(pool: Pool) -> list[date]:
    """Evaluate every quarter with a pending request; returns their first days."""
    pending = await pending_quarters(pool)
    for quarter in pending:
        await evaluate_quarter(pool, quarter)
    return pending


async def evaluate_quarter(pool: Pool, quarter: date) -> None:
    """Evaluate a requested quarter: every canteen, or of a frozen one those with an accepted appeal."""
    began = datetime.now(UTC)
    # Read before the data: what is recorded from here on comes with a newer request, which stays pending.
    state = await state_of(pool, quarter)
    if state is None:
        return
    revisions = {row["canteen_id"]: row["revision"] for row in await pool.fetch(QUERIES["appealed"], quarter)}
    kitchens = [
        as_struct(row, Kitchen)
        for row in await pool.fetch(QUERIES["kitchens"], list(revisions) if state.frozen else None)
    ]
    rows = await _results(pool, quarter, kitchens, revisions if state.frozen else {}, began)
    async with pool.acquire() as connection, connection.transaction():
        now = await lock_state(connection, quarter)
        if now is None or now.frozen != state.frozen:
            return
        await connection.executemany(QUERIES["keep_result"], rows)
        for canteen_id, revision in revisions.items():
            await connection.execute(QUERIES["note_appeal"], quarter, canteen_id, revision if state.frozen else 0)
        await note_evaluated(connection, state, began)


async def _results(
    pool: Pool, quarter: date, kitchens: Sequence[Kitchen], revisions: Mapping[int, int], made_at: datetime
) -> list[tuple[object, ...]]:
    first, last = quarter_of(quarter)
    numbers = [kitchen.canteen_id for kitchen in kitchens]
    weeks = await _weeks(pool, numbers, first, last)
    before = await _weeks(pool, numbers, _year_before(first), _year_before(last))
    known = await known_of_quarter(pool, numbers, quarter)
    rows: list[tuple[object, ...]] = []
    for kitchen in kitchens:
        number = kitchen.canteen_id
        mine = weeks.get(number, {})
        facts = known.get(number, Known())
        if number in before:
            facts = replace(facts, last_year=total(list(before[number].values())))
        scheme = scheme_for(kitchen.book, first)
        made = evaluate(scheme, kitchen.serving, kitchen.operating, list(mine.values()), facts)
        rows.append(_row(kitchen, quarter, revisions.get(number, 0), made, mine, made_at))
    return rows


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1)


def _row(
    kitchen: Kitchen, quarter: date, revision: int, made: Evaluation, weeks: Mapping[date, Week], made_at: datetime
) -> tuple[object, ...]:
    covers = sum(week.covers for week in weeks.values()) / max(len(weeks), 1)
    listed = [{"week": str(first), **asdict(week)} for first, week in weeks.items()]
    return (
        kitchen.book, kitchen.canteen_id, quarter, revision, made.scheme, kitchen.serving, kitchen.operating,
        made.score, made.low, made.high, made.grade_zh, made.grade_en, made.to_verify, made.vetoed, covers,
        json.encode(made.points).decode(), json.encode(listed).decode(), made_at,
    )  # fmt: skip


async def _weeks(pool: Pool, numbers: Sequence[int], first: date, last: date) -> dict[int, dict[date, Week]]:
    found: dict[int, dict[date, Week]] = {}
    for row in await pool.fetch(QUERIES["weeks"], numbers, first, last):
        sums = dict(row)
        number, week = sums.pop("canteen_id"), sums.pop("week")
        found.setdefault(number, {})[week] = Week(**sums)
    return found


async def known_of_quarter(pool: Pool, numbers: Sequence[int], quarter: date) -> dict[int, Known]:
    """Scores by inspectors and agencies, cases and falsified weights of a quarter, by canteen."""
    first, last = quarter_of(quarter)
    inspected: dict[int, dict[str, float]] = {}
    for row in await pool.fetch(QUERIES["inspected"], numbers, first):
        inspected.setdefault(row["canteen_id"], {})[row["code"]] = row["share"]
    own = {
        row["canteen_id"]: {code: percent / 100 for code, percent in json.decode(row["percents"]).items()}
        for row in await pool.fetch(QUERIES["self_scored"], numbers, first)
    }
    cases = {row["canteen_id"]: row for row in await pool.fetch(QUERIES["cases"], numbers, first, last)}
    known = {}
    for number in {*inspected, *own, *cases}:
        case = cases.get(number)
        facts = {"cases_in_time": case["in_time"] / case["due"]} if case and case["due"] else {}
        falsified = bool(case and case["falsified"])
        known[number] = Known(inspected.get(number, {}), own.get(number, {}), facts, None, falsified)
    return known


async def standings(pool: Pool, quarter: date) -> list[Standing]:
    """Every canteen's standing, the best of each peer group first. Raises Problem INVALID, NOT_FOUND."""
    quarter_of(quarter)
    rows = await pool.fetch(QUERIES["standings"], quarter)
    if not rows:
        raise Problem(NOT_FOUND, "evaluation.not_evaluated", **year_and_quarter(quarter))
    groups: dict[tuple[str, str], list[asyncpg.Record]] = {}
    for row in rows:
        groups.setdefault((row["scheme"], row["serving"]), []).append(row)
    found = []
    for group in groups.values():
        order = ranked((r["canteen_id"], r["score"], r["weekly_covers"]) for r in group if not r["vetoed"])
        rank = {number: place for place, number in enumerate(order, start=1)}
        found += [
            Standing(**dict(row), rank=rank.get(row["canteen_id"]), peers=len(order))
            for row in sorted(group, key=lambda row: rank.get(row["canteen_id"], len(group)))
        ]
    return found


async def kept_results(pool: Pool, quarter: date, numbers: Sequence[int]) -> dict[int, KeptResult]:
    """The last results of some canteens, by canteen."""
    found = {}
    for row in await pool.fetch(QUERIES["points"], quarter, numbers):
        weeks = [(date.fromisoformat(week.pop("week")), week) for week in json.decode(row["weeks"])]
        found[row["canteen_id"]] = KeptResult(convert(json.decode(row["points"]), list[Point]), weeks)
    return found
