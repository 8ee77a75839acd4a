"""Evaluating canteens' quarters: their weeks, their evidence, their region's scheme."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from registry.errors import INVALID, Problem
from registry.models import Canteen
from registry.named_sql import load_queries
from registry.postgres import Pool
from waste.evaluation import Evaluation, Week, evaluate, ranked
from waste.scheme import Scheme, Schemes, load_schemes

QUERIES = load_queries(Path(__file__).parent / "sql" / "evaluation.sql")


@dataclass(frozen=True, slots=True)
class Result:
    """A canteen's evaluation; ``rank`` of ``peers``: among canteens of the same scheme that serve the same way."""

    canteen: Canteen
    serving: str
    operating: str
    evaluation: Evaluation
    rank: int | None
    peers: int


@lru_cache(maxsize=1)
def schemes() -> Schemes:
    """The schemes of the house."""
    return load_schemes()


def quarter_of(first: date) -> tuple[date, date]:
    """First and last day of the quarter that begins on a day; raises Problem(INVALID) if none does."""
    if first.day != 1 or first.month % 3 != 1:
        raise Problem(INVALID, f"{first}: a quarter begins on 1 January, April, July or October")
    later = date(first.year + first.month // 10, (first.month + 3 - 1) % 12 + 1, 1)
    return first, later - timedelta(days=1)


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1)


def scheme_of(canteen: Canteen, quarter: date) -> Scheme:
    """The scheme that holds for a canteen's quarter; raises Problem(INVALID)."""
    try:
        return schemes().of(canteen.book, quarter)
    except LookupError as error:
        raise Problem(INVALID, str(error)) from None


async def evaluate_quarter(pool: Pool, canteens: Sequence[Canteen], quarter: date) -> list[Result]:
    """Evaluate canteens' quarter, the best of each peer group first. Raises Problem(INVALID)."""
    first, last = quarter_of(quarter)
    numbers = [canteen.canteen_id for canteen in canteens]
    weeks = await _weeks(pool, numbers, first, last)
    before = await _weeks(pool, numbers, _year_before(first), _year_before(last))
    kitchens = {row["canteen_id"]: row for row in await pool.fetch(QUERIES["kitchens"], numbers)}
    evidence: dict[int, dict[str, float]] = {}
    for row in await pool.fetch(QUERIES["evidence"], numbers, first):
        evidence.setdefault(row["canteen_id"], {})[row["code"]] = row["share"]
    made: dict[int, Evaluation] = {}
    peers: dict[tuple[str, str], list[int]] = {}
    for canteen in canteens:
        number, scheme = canteen.canteen_id, scheme_of(canteen, first)
        kitchen = kitchens[number]
        made[number] = evaluate(
            scheme, kitchen["serving"], kitchen["operating"], weeks.get(number, []), before.get(number, []),
            evidence.get(number, {}),
        )  # fmt: skip
        peers.setdefault((scheme.id, kitchen["serving"]), []).append(number)
    covers = {
        number: sum(w.covers for w in weeks.get(number, [])) / max(len(weeks.get(number, [])), 1) for number in numbers
    }
    by_number = {canteen.canteen_id: canteen for canteen in canteens}
    results = []
    for group in peers.values():
        order = ranked({n: made[n] for n in group}, covers)
        for number in [*order, *(n for n in group if n not in order)]:
            kitchen = kitchens[number]
            rank = order.index(number) + 1 if number in order else None
            results.append(
                Result(by_number[number], kitchen["serving"], kitchen["operating"], made[number], rank, len(order))
            )
    return results


async def _weeks(pool: Pool, numbers: list[int], first: date, last: date) -> dict[int, list[Week]]:
    found: dict[int, list[Week]] = {}
    for number, _, *sums in await pool.fetch(QUERIES["weeks"], numbers, first, last):
        found.setdefault(number, []).append(Week(*sums))
    return found


async def add_evidence(
    pool: Pool, canteen: Canteen, quarter: date, code: str, share: float, note: str, login: str
) -> None:
    """Score an indicator from evidence. Raises Problem(INVALID) for one that the scheme does not ask for."""
    first, _ = quarter_of(quarter)
    asked = {i.code for i in scheme_of(canteen, first).indicator if i.evidence is not None}
    if code not in asked:
        raise Problem(INVALID, f"{code} is not scored from evidence: {', '.join(sorted(asked))} are")
    await pool.execute(
        QUERIES["add_evidence"], canteen.book, canteen.canteen_id, first, code, datetime.now(UTC), share, note, login
    )
