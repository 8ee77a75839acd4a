"""Evaluating canteens' quarters: their weeks, their evidence, their region's scheme; and keeping what they came to.

Evaluating a network takes a minute of a processor, so no process that takes payments does it: whoever wants a quarter
evaluated notes it (``want``), and the job runner has it done in a process of its own (``evaluate_wanted``). A frozen
quarter stays as it is, but for accepted appeals: each adds a revision of one canteen's result.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import asyncpg
from msgspec import json

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.models import Canteen
from waste.evaluation.scheme import Indicator, Scheme, Schemes, load_schemes
from waste.evaluation.scoring import Evaluation, Known, Week, evaluate, ranked, total

QUERIES = load_queries(Path(__file__).parent / "sql" / "evaluation.sql")

EARLIEST, LATEST = 2000, 2099
SELF_EVALUATION_DAYS = 20
"""Days after a quarter's end within which agencies evaluate themselves."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a canteen stands; ``rank`` of ``peers``: among canteens of the same scheme that serve the same way."""

    canteen_id: int
    book: int
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
    agency_id: int
    name_zh: str
    name_en: str
    rank: int | None = None
    peers: int = 0


@lru_cache(maxsize=1)
def schemes() -> Schemes:
    """The schemes of the house."""
    return load_schemes()


def quarter_of(first: date) -> tuple[date, date]:
    """First and last day of the quarter that begins on a day; raises Problem(INVALID) if none does."""
    if first.day != 1 or first.month % 3 != 1 or not EARLIEST <= first.year <= LATEST:
        raise Problem(INVALID, f"{first}: a quarter begins on 1 January, April, July or October, from {EARLIEST} on")
    later = date(first.year + first.month // 10, (first.month + 3 - 1) % 12 + 1, 1)
    return first, later - timedelta(days=1)


def quarter_before(day: date) -> date:
    """The first day of the last quarter that was over on a day."""
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return date(first.year - (first.month == 1), (first.month - 4) % 12 + 1, 1)


def self_evaluation_due(quarter: date) -> date:
    """The last day on which agencies evaluate a quarter themselves."""
    return quarter_of(quarter)[1] + timedelta(days=SELF_EVALUATION_DAYS)


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1)


def scheme_of(canteen: Canteen, quarter: date) -> Scheme:
    """The scheme that holds for a canteen's quarter; raises Problem(INVALID)."""
    return _scheme(canteen.book, quarter)


def _scheme(book: int, quarter: date) -> Scheme:
    try:
        return schemes().of(book, quarter)
    except LookupError as error:
        raise Problem(INVALID, str(error)) from None


def indicator_of(scheme_id: str, code: str) -> Indicator:
    """An indicator of a scheme; raises Problem(NOT_FOUND)."""
    for scheme in schemes().known:
        for indicator in scheme.indicator:
            if (scheme.id, indicator.code) == (scheme_id, code):
                return indicator
    raise Problem(NOT_FOUND, f"the scheme {scheme_id} has no indicator {code}")


async def want(pool: Pool, quarter: date) -> None:
    """Ask for a quarter to be evaluated, soon. Raises Problem(INVALID)."""
    quarter_of(quarter)
    await pool.execute(QUERIES["want"], quarter)


async def want_last_quarter(pool: Pool, today: date) -> None:
    """Ask for the last quarter to be evaluated, once it is over."""
    await pool.execute(QUERIES["want_if_new"], *quarter_of(quarter_before(today)))


async def evaluate_wanted(pool: Pool) -> list[date]:
    """Evaluate every quarter that somebody wants evaluated; returns them."""
    done = []
    for row in await pool.fetch(QUERIES["wanted"]):
        await evaluate_quarter(pool, row["quarter"])
        done.append(row["quarter"])
    return done


async def evaluate_quarter(pool: Pool, quarter: date) -> None:
    """Evaluate a quarter of every canteen; of a frozen one only the canteens whose appeal was accepted."""
    began = datetime.now(UTC)
    revisions = {row["canteen_id"]: row["revision"] for row in await pool.fetch(QUERIES["appealed"], quarter)}
    state = await pool.fetchrow(QUERIES["quarter"], quarter)
    frozen = state is not None and state["frozen_at"] is not None
    kitchens = await pool.fetch("SELECT canteen_id FROM canteen ORDER BY canteen_id")
    numbers = list(revisions) if frozen else [row["canteen_id"] for row in kitchens]
    rows = await _results(pool, quarter, numbers, revisions if frozen else {}, began)
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(QUERIES["lock_quarter"], quarter) == frozen:
            await connection.executemany(QUERIES["keep_result"], rows)
            for canteen_id, revision in revisions.items():
                await connection.execute(QUERIES["note_appeal"], quarter, canteen_id, revision if frozen else 0)
            await connection.execute(QUERIES["note_evaluated"], quarter, began)


async def _results(
    pool: Pool, quarter: date, numbers: list[int], revisions: dict[int, int], made_at: datetime
) -> list[tuple[object, ...]]:
    first, last = quarter_of(quarter)
    weeks = await _weeks(pool, numbers, first, last)
    before = await _weeks(pool, numbers, _year_before(first), _year_before(last))
    known = await _known(pool, numbers, first, last)
    rows: list[tuple[object, ...]] = []
    for kitchen in await pool.fetch(QUERIES["kitchens"], numbers):
        number, serving, operating = kitchen["canteen_id"], kitchen["serving"], kitchen["operating"]
        mine = weeks.get(number, {})
        facts = known.get(number, Known())
        facts = Known(
            facts.inspected, facts.self_scored, facts.facts,
            total(list(before[number].values())) if number in before else None, facts.falsified,
        )  # fmt: skip
        made = evaluate(_scheme(kitchen["book"], first), serving, operating, list(mine.values()), facts)
        rows.append(_row(kitchen, quarter, revisions.get(number, 0), made, mine, made_at))
    return rows


def _row(
    kitchen: asyncpg.Record, quarter: date, revision: int, made: Evaluation, weeks: dict[date, Week], made_at: datetime
) -> tuple[object, ...]:
    covers = sum(week.covers for week in weeks.values()) / max(len(weeks), 1)
    listed = [{"week": str(first), **asdict(week)} for first, week in weeks.items()]
    return (
        kitchen["book"], kitchen["canteen_id"], quarter, revision, made.scheme, kitchen["serving"],
        kitchen["operating"], made.score, made.low, made.high, made.grade_zh, made.grade_en, made.to_verify,
        made.vetoed, covers, json.encode([asdict(point) for point in made.points]).decode(),
        json.encode(listed).decode(), made_at,
    )  # fmt: skip


async def _weeks(pool: Pool, numbers: list[int], first: date, last: date) -> dict[int, dict[date, Week]]:
    found: dict[int, dict[date, Week]] = {}
    for number, week, *sums in await pool.fetch(QUERIES["weeks"], numbers, first, last):
        found.setdefault(number, {})[week] = Week(*sums)
    return found


async def _known(pool: Pool, numbers: list[int], first: date, last: date) -> dict[int, Known]:
    inspected: dict[int, dict[str, float]] = {}
    for row in await pool.fetch(QUERIES["evidence"], numbers, first):
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
        raise Problem(NOT_FOUND, f"the quarter from {quarter} is not evaluated yet: ask for it first")
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


async def freeze(pool: Pool, quarter: date, login: str) -> None:
    """Keep a quarter's results as they are: what is published must not move. Again, changes nothing.

    Raises Problem INVALID (the quarter is not over), CONFLICT (it is being evaluated, or never was).
    """
    _, last = quarter_of(quarter)
    if last >= datetime.now(UTC).date():
        raise Problem(INVALID, f"the quarter lasts until {last}")
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetchval(QUERIES["lock_quarter"], quarter)
        state = await connection.fetchrow(QUERIES["quarter"], quarter)
        if state is None or not state["evaluated"]:
            raise Problem(CONFLICT, "it is not evaluated yet")
        if state["frozen_at"] is None:
            await connection.execute(QUERIES["freeze"], quarter, login)


async def must_be_open(pool: Pool, quarter: date, canteen_id: int) -> None:
    """Raise Problem(CONFLICT) if a canteen's result is frozen and no appeal of it is open."""
    state = await pool.fetchrow(QUERIES["quarter"], quarter)
    if state is None or state["frozen_at"] is None:
        return
    if not await pool.fetchval(
        "SELECT EXISTS (SELECT FROM appeal WHERE quarter = $1 AND canteen_id = $2 AND state = 'open')",
        quarter, canteen_id,
    ):  # fmt: skip
        raise Problem(CONFLICT, f"the results of the quarter from {quarter} are frozen")


async def add_evidence(
    pool: Pool, canteen: Canteen, quarter: date, code: str, share: float, note: str, login: str
) -> None:
    """Score an indicator from evidence. Raises Problem INVALID (not asked for), CONFLICT (frozen)."""
    check_codes(canteen, quarter, [code])
    await must_be_open(pool, quarter, canteen.canteen_id)
    await pool.execute(
        QUERIES["add_evidence"], canteen.book, canteen.canteen_id, quarter, code, datetime.now(UTC), share, note, login
    )
    await want(pool, quarter)


def check_codes(canteen: Canteen, quarter: date, codes: Sequence[str]) -> None:
    """Raise Problem(INVALID) for indicators that the scheme does not score from evidence."""
    first, _ = quarter_of(quarter)
    asked = {i.code for i in scheme_of(canteen, first).indicator if i.evidence is not None}
    for code in codes:
        if code not in asked:
            raise Problem(INVALID, f"{code} is not scored from evidence: {', '.join(sorted(asked))} are")
