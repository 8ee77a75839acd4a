"""Results of a quarter: evaluating every canteen from its weeks and evidence, keeping the results, ranking them.

A result is kept with everything that it was computed from, and the quarter with its schemes. Revision 0 is computed
again until the quarter is frozen. An accepted appeal adds a revision of one canteen's result: from the kept inputs, but
for the indicators that it named, which are computed from what is known now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
from msgspec import convert, json, to_builtins

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import NOT_FOUND, Problem
from registry.identifiers import AgencyId, Book, CanteenId
from waste.evaluation.quarters import (
    QuarterState,
    lock_state,
    note_evaluated,
    pending_quarters,
    quarter_of,
    state_of,
    year_and_quarter,
)
from waste.evaluation.reweighing import reweighed_of
from waste.evaluation.scheme import STORAGE_LOSS, Scheme, schemes
from waste.evaluation.scoring import (
    Contender,
    Evaluation,
    Known,
    Point,
    PointSource,
    Reopened,
    evaluate,
    fell_to,
    ranks,
)
from waste.evaluation.sums import MealRecord, Week, total, weeks_of
from waste.flags.flags import FlagState, FoundFlag, flag_counts, flags_of, replace_flags
from waste.materials.checks import storage_losses
from waste.materials.mass_balance import storage_loss
from waste.measures.kitchens import Kitchen, kitchens_in

QUERIES = load_queries(Path(__file__).parent / "sql" / "results.sql")

HEARING_DAYS = 5
"""Days that a canteen has at least to answer a finding of falsified weights before it vetoes its score (assumed)."""
LASTING = timedelta(days=7)
"""An upheld flag from its first to its last day, to cap points: a slip at one meal does not."""
NO_FIGURES = frozenset({"self_scores_only", "serving_changed"})
"""Rules of flags that say nothing about weights and covers."""
FELL_TO = 0.8
"""Of last year's grams per cover: more than kitchens save in a year without a change that a person can see (assumed).
A drift of weights is compared with the last months, which a slow decline takes along."""
CANTEENS_AT_ONCE = 50
"""Canteens whose meals are in memory together."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A canteen's result and its ``rank`` of ``peers``: canteens of the same scheme that serve the same way.

    ``rank_low``, ``rank_high``: the 95 % interval of the rank. Fewer than five peers have no rank.
    """

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
    rank_low: int | None = None
    rank_high: int | None = None
    peers: int = 0


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a canteen's result is computed from: how it was run, its weeks, and what else was known.

    ``reopened``: what accepted appeals opened.
    """

    kitchen: Kitchen
    scheme: Scheme
    weeks: dict[date, Week]
    known: Known
    reopened: tuple[Reopened, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptResult:
    """A result as it is kept: its points, the sums of its weeks by their Mondays, and what else was known.

    ``known``: None of releases that kept nothing else. ``reopened``: what accepted appeals opened.
    """

    points: list[Point]
    weeks: list[tuple[date, dict[str, float]]]
    known: Known | None
    reopened: list[Reopened]


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
    appealed = {row["canteen_id"]: row for row in await pool.fetch(QUERIES["appealed"], quarter)}
    kitchens = await kitchens_in(pool, *quarter_of(quarter), list(appealed) if state.frozen else None)
    made: list[tuple[Inputs, Evaluation]] = []
    for begin in range(0, len(kitchens), CANTEENS_AT_ONCE):
        some = kitchens[begin : begin + CANTEENS_AT_ONCE]
        now = await inputs_of(pool, quarter, some, began.astimezone(ZONE).date())
        if state.frozen:
            frozen = await frozen_inputs(pool, quarter, some)
            now = [_open(frozen.get(one.kitchen.canteen_id), one, appealed[one.kitchen.canteen_id]) for one in now]
        made += [(one, _evaluate(one)) for one in now]
    revisions = {number: row["revision"] for number, row in appealed.items()} if state.frozen else {}
    async with pool.acquire() as connection, connection.transaction():
        latest = await lock_state(connection, quarter)
        if latest is None or latest.frozen != state.frozen:
            return
        await _keep(connection, state, made, revisions, began)
        for canteen_id in appealed:
            await connection.execute(QUERIES["note_appeal"], quarter, canteen_id, revisions.get(canteen_id, 0))
        await note_evaluated(connection, state, began)


def _evaluate(inputs: Inputs) -> Evaluation:
    kitchen = inputs.kitchen
    weeks = list(inputs.weeks.values())
    return evaluate(inputs.scheme, kitchen.serving, kitchen.operating, weeks, inputs.known, inputs.reopened)


def _open(frozen: Inputs | None, now: Inputs, appeal: asyncpg.Record) -> Inputs:
    """The frozen inputs, with what is known now of the indicators that an appeal named.

    All that is known now, if the result is of a release that kept no inputs.
    """
    if frozen is None:
        return now
    opened = Reopened(frozenset(appeal["codes"]), appeal["veto"], now.weeks, now.known)
    return replace(frozen, reopened=(*frozen.reopened, opened))


async def _keep(
    connection: Connection, state: QuarterState, made: Sequence[tuple[Inputs, Evaluation]],
    revisions: Mapping[int, int], began: datetime,
) -> None:  # fmt: skip
    quarter = state.quarter
    await connection.executemany(
        QUERIES["keep_result"],
        [_row(one, quarter, revisions.get(one.kitchen.canteen_id, 0), done, began) for one, done in made],
    )
    if not state.frozen:
        used = {one.scheme.id: to_builtins(one.scheme) for one, _ in made}
        await connection.execute(QUERIES["keep_schemes"], quarter, json.encode(used).decode())
        await _flag(connection, quarter, made)
    await _rank(connection, quarter)


def _row(inputs: Inputs, quarter: date, revision: int, made: Evaluation, made_at: datetime) -> tuple[object, ...]:
    kitchen, weeks = inputs.kitchen, inputs.weeks
    covers = sum(week.covers for week in weeks.values()) / max(len(weeks), 1)
    listed = [{"week": str(first), **asdict(week)} for first, week in weeks.items()]
    return (
        kitchen.book, kitchen.canteen_id, quarter, revision, made.scheme, kitchen.serving, kitchen.operating,
        made.score, made.low, made.high, made.grade_zh, made.grade_en, made.to_verify, made.vetoed, covers,
        _json(made.points), _json(listed), made_at, _json(inputs.known), _json(inputs.reopened), _json(made.draws),
    )  # fmt: skip


def _json(value: object) -> str:
    return json.encode(value).decode()


async def _rank(connection: Connection, quarter: date) -> None:
    """Rank the last results of all canteens."""
    groups: dict[tuple[str, str], list[Contender]] = {}
    rows = await connection.fetch(QUERIES["contenders"], quarter)
    for row in rows:
        if not row["vetoed"]:
            draws = json.decode(row["draws"] or "[]")
            groups.setdefault((row["scheme"], row["serving"]), []).append(
                Contender(row["canteen_id"], row["score"], row["weekly_covers"], draws)
            )
    placed = {number: rank for group in groups.values() for number, rank in ranks(group).items()}
    kept = []
    for row in rows:
        rank = placed.get(row["canteen_id"])
        said = (rank.place, rank.low, rank.high, rank.peers) if rank else (None, None, None, None)
        kept.append((row["book"], row["canteen_id"], quarter, row["revision"], *said))
    await connection.executemany(QUERIES["keep_rank"], kept)


async def _flag(connection: Connection, quarter: date, made: Sequence[tuple[Inputs, Evaluation]]) -> None:
    """Flag what a result rests on, as far as a person should look at it."""
    first, last = quarter_of(quarter)
    found: dict[str, list[FoundFlag]] = {
        "self_scores_only": [], "reweigh_differs": [], "serving_changed": [], "streams_marked": [],
        "fell_since_last_year": [],
    }  # fmt: skip
    for inputs, done in made:
        for rule, figure, usual in _findings(inputs, done):
            kitchen = inputs.kitchen
            found[rule].append(FoundFlag(kitchen.book, kitchen.canteen_id, first, last, figure, usual))
    numbers = [inputs.kitchen.canteen_id for inputs, _ in made]
    for rule, flags in found.items():
        await replace_flags(connection, rule, numbers, (first, last), flags)


def _findings(inputs: Inputs, done: Evaluation) -> list[tuple[str, float, float | None]]:
    """Rules that find something in a result, each with its figure and what is usual."""
    found: list[tuple[str, float, float | None]] = []
    own = sum(point.points or 0 for point in done.points if point.source is PointSource.SELF)
    if own > sum(point.points or 0 for point in done.points if point.source is PointSource.INSPECTOR):
        found.append(("self_scores_only", round(own, 1), None))
    now = fell_to(inputs.scheme, total(inputs.weeks.values()), inputs.known)
    if now is not None and now <= FELL_TO:
        found.append(("fell_since_last_year", round(now, 2), FELL_TO))
    again = inputs.known.reweighed
    if again and again.differs:
        found.append(("reweigh_differs", round(again.ratio, 2), 1.0))
    if inputs.kitchen.changed:
        found.append(("serving_changed", 1.0, None))
    quarter = total(inputs.weeks.values())
    if quarter.marked_streams > inputs.scheme.cap.marked_above * quarter.streams:
        share = round(100 * quarter.marked_streams / quarter.streams, 1)
        found.append(("streams_marked", share, 100 * inputs.scheme.cap.marked_above))
    return found


async def inputs_of(pool: Pool, quarter: date, kitchens: Sequence[Kitchen], today: date) -> list[Inputs]:
    """What is known now of some canteens' quarter; those of a region that had no scheme then are left out."""
    first, last = quarter_of(quarter)
    by = {book: schemes().find(book, first) for book in {kitchen.book for kitchen in kitchens}}
    numbers = [kitchen.canteen_id for kitchen in kitchens if by[kitchen.book] is not None]
    weeks = await _weeks(pool, numbers, first, last)
    before = await _weeks_of_year_before(pool, numbers, first, last)
    known = await known_of_quarter(pool, numbers, quarter, today)
    losses = await _storage_losses(pool, numbers, first, last)
    return [
        Inputs(
            kitchen, scheme, weeks.get(kitchen.canteen_id, {}),
            replace(
                known[kitchen.canteen_id],
                last_year=tuple(before.get(kitchen.canteen_id, {}).values()),
                from_ledger=_from_ledger(scheme, losses.get(kitchen.canteen_id)),
            ),
        )
        for kitchen in kitchens if (scheme := by[kitchen.book]) is not None
    ]  # fmt: skip


async def _storage_losses(pool: Pool, numbers: Sequence[int], first: date, last: date) -> dict[int, float]:
    """What spoiled of what was used, as fractions: of canteens with purchases in each month and without a flag.

    One that hardly records a spoilage has none (``storage_loss``).
    """
    whole = await storage_losses(pool, numbers, first, last)
    flags = await flag_counts(pool, numbers, first, last)
    able = {number for number in numbers if "mass_balance" not in flags.get(number, {})}
    for month in (first, first + timedelta(days=31), first + timedelta(days=62)):
        begin = month.replace(day=1)
        end = (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        bought = await storage_losses(pool, sorted(able), begin, end)
        able = {number for number, loss in bought.items() if loss.received_g}
    found = {number: storage_loss(whole[number].spoiled_g, whole[number].used_g) for number in able}
    return {number: loss for number, loss in found.items() if loss is not None}


def _from_ledger(scheme: Scheme, loss: float | None) -> dict[str, float]:
    """What the ledger of purchases measures, by indicator."""
    return {one.code: loss for one in scheme.indicator if loss is not None and one.ledger == STORAGE_LOSS}


async def _weeks_of_year_before(
    pool: Pool, numbers: Sequence[int], first: date, last: date
) -> dict[int, dict[date, Week]]:
    """Last year's weeks: those of the frozen result if there is one, which nobody can change any more."""
    first, last = first.replace(year=first.year - 1), last.replace(year=last.year - 1)
    frozen = {
        row["canteen_id"]: _weeks_kept(row["weeks"])
        for row in await pool.fetch(QUERIES["frozen_weeks"], first, numbers)
    }
    return await _weeks(pool, [number for number in numbers if number not in frozen], first, last) | frozen


async def frozen_inputs(pool: Pool, quarter: date, kitchens: Sequence[Kitchen]) -> dict[int, Inputs]:
    """The kept inputs of some canteens' last results, but for results of releases that kept none."""
    by_number = {kitchen.canteen_id: kitchen for kitchen in kitchens}
    kept_schemes = await schemes_of(pool, quarter)
    found = {}
    for row in await pool.fetch(QUERIES["results"], quarter, list(by_number)):
        if row["known"] is None:
            continue
        kitchen = replace(by_number[row["canteen_id"]], serving=row["serving"], operating=row["operating"])
        found[row["canteen_id"]] = Inputs(
            kitchen, kept_schemes[row["scheme"]], _weeks_kept(row["weeks"]),
            convert(json.decode(row["known"]), Known), tuple(json.decode(row["reopened"], type=list[Reopened])),
        )  # fmt: skip
    return found


def _weeks_kept(stored: str) -> dict[date, Week]:
    listed = json.decode(stored)
    return {date.fromisoformat(week.pop("week")): Week(**week) for week in listed}


async def schemes_of(pool: Pool, quarter: date) -> dict[str, Scheme]:
    """The schemes that a quarter was evaluated by, by id, as they were then."""
    stored = await pool.fetchval(QUERIES["schemes"], quarter)
    kept = json.decode(stored, type=dict[str, Scheme]) if stored else {}
    return {scheme.id: scheme for scheme in schemes().known} | kept


async def _weeks(pool: Pool, numbers: Sequence[int], first: date, last: date) -> dict[int, dict[date, Week]]:
    meals: dict[int, list[MealRecord]] = {}
    for row in await pool.fetch(QUERIES["meals"], numbers, first, last):
        meals.setdefault(row["canteen_id"], []).append(as_struct(row, _CanteensMeal))
    return {number: weeks_of(some) for number, some in meals.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _CanteensMeal(MealRecord):
    canteen_id: int


async def known_of_quarter(pool: Pool, numbers: Sequence[int], quarter: date, today: date) -> dict[int, Known]:
    """Scores by inspectors and agencies, cases, weighings again and falsified weights of a quarter, by canteen."""
    first, last = quarter_of(quarter)
    inspected: dict[int, dict[str, float]] = {}
    for row in await pool.fetch(QUERIES["inspected"], numbers, first):
        inspected.setdefault(row["canteen_id"], {})[row["code"]] = row["share"]
    own = {row["canteen_id"]: row for row in await pool.fetch(QUERIES["self_scored"], numbers, first)}
    cases = {
        row["canteen_id"]: row for row in await pool.fetch(QUERIES["cases"], numbers, first, last, today, HEARING_DAYS)
    }
    again: dict[int, list[tuple[int, int]]] = {}
    for row in await pool.fetch(QUERIES["reweighed"], numbers, first, last):
        again.setdefault(row["canteen_id"], []).append((row["recorded_g"], row["weight_g"]))
    upheld: dict[int, set[str]] = {}
    for flag in await flags_of(pool, numbers, first, last, FlagState.UPHELD):
        if flag.last_day - flag.first_day >= LASTING and flag.rule not in NO_FIGURES:
            upheld.setdefault(flag.canteen_id, set()).add(flag.rule)
    known = {}
    for number in numbers:
        mine, case = own.get(number), cases.get(number)
        known[number] = Known(
            inspected.get(number, {}),
            {code: percent / 100 for code, percent in json.decode(mine["percents"]).items()} if mine else {},
            frozenset(mine["with_file"]) if mine else frozenset(),
            case["due"] if case else 0,
            case["in_time"] if case else 0,
            reweighed=reweighed_of(again.get(number, [])),
            upheld=tuple(sorted(upheld.get(number, ()))),
            falsified=bool(case and case["falsified"]),
            hearing=bool(case and case["hearing"]),
        )
    return known


async def standings(pool: Pool, quarter: date) -> list[Standing]:
    """Every canteen's standing, the best of each peer group first. Raises Problem INVALID, NOT_FOUND."""
    quarter_of(quarter)
    rows = await pool.fetch(QUERIES["standings"], quarter)
    if not rows:
        raise Problem(NOT_FOUND, "evaluation.not_evaluated", **year_and_quarter(quarter))
    return [Standing(**dict(row)) for row in rows]


async def kept_results(pool: Pool, quarter: date, numbers: Sequence[int]) -> dict[int, KeptResult]:
    """The last results of some canteens, by canteen."""
    found = {}
    for row in await pool.fetch(QUERIES["results"], quarter, numbers):
        weeks = [(date.fromisoformat(week.pop("week")), week) for week in json.decode(row["weeks"])]
        known = None if row["known"] is None else convert(json.decode(row["known"]), Known)
        reopened = json.decode(row["reopened"] or "[]", type=list[Reopened])
        found[row["canteen_id"]] = KeptResult(convert(json.decode(row["points"]), list[Point]), weeks, known, reopened)
    return found
