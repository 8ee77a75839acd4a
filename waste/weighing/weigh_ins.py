"""Recording weigh-ins, once each, and correcting them.

Every weighing is kept as it came; a correction is a weighing that replaces another. The sums of each meal are kept
beside them (``waste_meal``), in the same transaction, so that nobody has to add up millions of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.models import Canteen
from waste.measures.kitchen_months import add_up, write_alone

QUERIES = load_queries(Path(__file__).parent / "sql" / "weighing.sql")

BACKDATED_MAX = timedelta(days=14)
"""A kitchen may enter what it wrote on paper; older than this is a correction, not a weigh-in."""
CORRECTED_WITHIN = timedelta(days=92)
"""A quarter: what was evaluated stays as it was."""
AHEAD_MAX = timedelta(days=2)
"""The open business day may be ahead of the calendar after an early close."""


@dataclass(frozen=True, slots=True)
class WeighIn:
    """One weighing, in grams; ``replaces``: the weighing that it corrects."""

    weigh_in_id: UUID
    canteen_id: int
    business_date: date
    meal: str
    stream: str
    weight_g: int
    dish: str | None = None
    food: str | None = None
    replaces: UUID | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """Another weight for a weighing; 0 takes it back."""

    weigh_in_id: UUID
    replaces: UUID
    weight_g: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many weighings were new, and which of them look implausible."""

    new: int
    implausible: list[UUID]


def check_weigh_ins(canteens: dict[int, Canteen], weigh_ins: Sequence[WeighIn]) -> None:
    """Raise Problem: NOT_FOUND (not a canteen of this person), INVALID (date out of range, a number twice)."""
    today = datetime.now(ZONE).date()
    if len({w.weigh_in_id for w in weigh_ins}) != len(weigh_ins):
        raise Problem(INVALID, "a weigh_in_id stands twice in the list")
    for weigh_in in weigh_ins:
        if weigh_in.canteen_id not in canteens:
            raise Problem(NOT_FOUND, f"no canteen {weigh_in.canteen_id} of yours")
        if not -BACKDATED_MAX <= weigh_in.business_date - today <= AHEAD_MAX:
            raise Problem(INVALID, f"{weigh_in.business_date} is too far from {today}")


async def record_weigh_ins(
    ledger: Pool, canteens: dict[int, Canteen], login: str, source: str, weigh_ins: Sequence[WeighIn]
) -> Recorded:
    """Record weighings, all or none; ``source``: person, file or scale.

    Raises Problem: CONFLICT when a number was used for another weighing, or a weighing is corrected already; INVALID
    for a kind of food that there is none of.
    """
    await _check_foods(ledger, weigh_ins)
    new, implausible = 0, []
    async with ledger.acquire() as connection, connection.transaction():
        for book in sorted({canteens[w.canteen_id].book for w in weigh_ins}):
            mine = [w for w in weigh_ins if canteens[w.canteen_id].book == book]
            places, days = {w.canteen_id for w in mine}, [w.business_date for w in mine]
            await write_alone(connection, places)
            columns = [[getattr(w, name) for w in mine] for name in WeighIn.__dataclass_fields__]
            added = await connection.fetch(
                QUERIES["add_weigh_ins"], book, *columns, source, login, datetime.now(UTC), timeout=120
            )
            numbers = [w.weigh_in_id for w in mine]
            kept = {
                row["weigh_in_id"]: tuple(row) for row in await connection.fetch(QUERIES["weigh_ins"], book, numbers)
            }
            for w in mine:
                wanted = tuple(getattr(w, name) for name in WeighIn.__dataclass_fields__)
                if kept.get(w.weigh_in_id) != wanted:
                    raise Problem(CONFLICT, f"weigh-in {w.weigh_in_id} is another weighing already, or corrected")
            await add_up(connection, book, list(places), min(days), max(days))
            new += len(added)
            implausible += [row["weigh_in_id"] for row in added if row["implausible"]]
    return Recorded(new, implausible)


async def _check_foods(ledger: Pool, weigh_ins: Sequence[WeighIn]) -> None:
    known = [w for w in weigh_ins if w.food is not None]
    if known:
        columns = [w.food for w in known], [w.business_date for w in known]
        unknown = [row["food"] for row in await ledger.fetch(QUERIES["unknown_foods"], *columns)]
        if unknown:
            raise Problem(INVALID, f"no kind of food {', '.join(unknown)}")


async def correct_weigh_ins(
    ledger: Pool, canteens: dict[int, Canteen], login: str, corrections: Sequence[Correction]
) -> Recorded:
    """Replace weights, all or none; what was weighed stays in the history.

    Raises Problem NOT_FOUND (not of this person's canteens), INVALID (older than a quarter), CONFLICT as above.
    """
    rows = await ledger.fetch(QUERIES["to_correct"], [c.replaces for c in corrections])
    known = {row["weigh_in_id"]: row for row in rows if row["canteen_id"] in canteens}
    oldest = datetime.now(ZONE).date() - CORRECTED_WITHIN
    weigh_ins = []
    for c in corrections:
        if c.replaces not in known:
            raise Problem(NOT_FOUND, f"no weigh-in {c.replaces} of yours")
        row = known[c.replaces]
        if row["business_date"] < oldest:
            raise Problem(INVALID, f"{row['business_date']} is before {oldest}: its quarter is evaluated")
        weigh_ins.append(
            WeighIn(
                c.weigh_in_id, row["canteen_id"], row["business_date"], row["meal"], row["stream"], c.weight_g,
                row["dish"], row["food"], c.replaces,
            )
        )  # fmt: skip
    return await record_weigh_ins(ledger, canteens, login, "person", weigh_ins)
