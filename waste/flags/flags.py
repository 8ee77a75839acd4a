"""Flags: figures of a kitchen that need a person's look, with the rule and the rows that they rest on.

A flag is a question, not a finding. Rules find them again and again: what is no longer found is cleared, and what a
person reviewed stays as he left it. Messages ``flags.rule.<rule>`` say in words what ``figure`` and ``usual`` are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from msgspec import convert, json
from sqlalchemy import select

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from foundation.problems import CONFLICT, NOT_FOUND, Problem
from registry import audit
from registry.access import Person
from registry.identifiers import Book, CanteenId
from registry.models import Database
from waste.flags.models import KitchenFlag

QUERIES = load_queries(Path(__file__).parent / "sql" / "flags.sql")


class FlagState(StrEnum):
    """Open, decided by a person, or no longer found."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class FoundFlag:
    """What a rule found. ``figure`` and ``usual`` in the rule's unit; ``rows``: what to look at, such as weigh-ins."""

    book: Book
    canteen_id: CanteenId
    first_day: date
    last_day: date
    figure: float
    usual: float | None = None
    rows: tuple[str, ...] = ()
    meal: str = ""
    stream: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as it is kept."""

    flag_id: int
    canteen_id: CanteenId
    name_zh: str
    name_en: str
    rule: str
    first_day: date
    last_day: date
    meal: str
    stream: str
    figure: float
    usual: float | None
    rows: list[str]
    state: FlagState
    found_at: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None
    note: str | None


async def replace_flags(
    connection: Connection, rule: str, canteen_ids: Sequence[int], span: tuple[date, date], found: Sequence[FoundFlag]
) -> None:
    """Keep all that a rule finds in some canteens and days (first and last), in the caller's transaction.

    Open flags of the rule that begin in the span and are not among ``found`` are cleared.
    """
    keys = list(zip(*((f.canteen_id, f.first_day, f.meal, f.stream) for f in found), strict=True)) or [()] * 4
    await connection.execute(QUERIES["clear"], rule, list(canteen_ids), *span, *map(list, keys))
    await connection.executemany(
        QUERIES["flag"],
        [
            (f.book, f.canteen_id, rule, f.first_day, f.last_day, f.meal, f.stream, f.figure, f.usual,
             json.encode(f.rows).decode())
            for f in found
        ],
    )  # fmt: skip


async def flags_of(
    pool: Pool | Connection, canteen_ids: Sequence[int], first: date, last: date, state: FlagState | None = None
) -> list[Flag]:
    """Flags of some canteens that touch a span of days, the newest first; cleared ones only when asked for."""
    rows = await pool.fetch(QUERIES["flags"], list(canteen_ids), first, last, state)
    return [convert(dict(row) | {"rows": json.decode(row["rows"])}, Flag) for row in rows]


async def flag_counts(
    pool: Pool | Connection, canteen_ids: Sequence[int], first: date, last: date
) -> dict[int, dict[str, dict[FlagState, int]]]:
    """Open and upheld flags that touch a span of days, by canteen, rule and state."""
    counts: dict[int, dict[str, dict[FlagState, int]]] = {}
    for row in await pool.fetch(QUERIES["counts"], list(canteen_ids), first, last):
        counts.setdefault(row["canteen_id"], {}).setdefault(row["rule"], {})[FlagState(row["state"])] = row["flags"]
    return counts


async def review_flag(database: Database, person: Person, flag_id: int, *, uphold: bool, note: str) -> None:
    """Uphold or dismiss a flag. Raises Problem NOT_FOUND, CONFLICT (not open)."""
    state = FlagState.UPHELD if uphold else FlagState.DISMISSED
    detail = {"to": state.value, "note": note}
    async with audit.change(database, person.login, "review_flag", f"flag/{flag_id}", detail) as change:
        flag = await change.db.scalar(select(KitchenFlag).where(KitchenFlag.flag_id == flag_id).with_for_update())
        if flag is None:
            raise Problem(NOT_FOUND, "flags.no_flag", flag_id=flag_id)
        if flag.state != FlagState.OPEN:
            raise Problem(CONFLICT, "flags.not_open", flag_id=flag_id)
        flag.state, flag.note = state, note
        flag.reviewed_by, flag.reviewed_at = person.login, datetime.now(UTC)
