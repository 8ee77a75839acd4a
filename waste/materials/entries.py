"""What a kitchen bought, has in stock and gave to the collector: recorded once each, corrected with their history.

The collector's tickets and the purchases come from others than the kitchen: they are the outside check of its weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from msgspec import convert, json

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.approvals import NeedsApproval, Rule
from registry.identifiers import CanteenId
from registry.models import Canteen
from waste.materials.schemas import (
    Destination,
    DestinationsShown,
    EntriesRecorded,
    EntryCorrection,
    EntryKind,
    EntryShown,
    NewCollection,
    NewPurchase,
    NewStockCount,
)
from waste.measures.over_time import end_of, period_of
from waste.measures.schemas import Period
from waste.weighing.schemas import Source
from waste.weighing.weigh_ins import closed_on

QUERIES = load_queries(Path(__file__).parent / "sql" / "entries.sql")

KEPT_OPEN = timedelta(days=45)
"""A month and a fortnight: invoices and tickets of a month come after it. Later nothing is recorded or corrected, nor
once the data of the quarter are closed, since from then on the canteen sees its score."""
CORRECTED_ALONE = timedelta(days=14)
"""After the month of an entry; later a second person must approve its correction."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; ``item`` is a kind of food or a destination, ``replaces`` the entry that it corrects."""

    entry_id: UUID
    canteen_id: CanteenId
    kind: EntryKind
    on_day: date
    item: str
    weight_g: int
    cost_fen: int | None = None
    replaces: UUID | None = None


_FIELDS = tuple(field.name for field in fields(Entry))


def entry_of(message: NewPurchase | NewStockCount | NewCollection) -> Entry:
    """An entry from its message."""
    head = message.entry_id, message.canteen_id
    match message:
        case NewPurchase():
            return Entry(*head, EntryKind.PURCHASE, message.on_day, message.food, message.weight_g, message.cost_fen)
        case NewStockCount():
            return Entry(*head, EntryKind.STOCK, message.on_day, message.food, message.weight_g)
        case NewCollection():
            return Entry(*head, EntryKind.COLLECTED, message.on_day, message.destination.value, message.weight_g)


async def record_entries(
    connection: Connection, canteens: Mapping[int, Canteen], login: str, source: Source, entries: Sequence[Entry]
) -> EntriesRecorded:
    """Record entries in the caller's transaction. What was recorded before under its number is a repeat.

    Raises Problem NOT_FOUND (another agency's canteen), INVALID (a day out of range, a number used twice, an unknown
    kind of food), CONFLICT (a number was used for another entry, or the entry is corrected already). The caller's
    transaction must then be rolled back.
    """
    _check(canteens, entries)
    foods = [entry.item for entry in entries if entry.kind != EntryKind.COLLECTED]
    unknown = [row["food"] for row in await connection.fetch(QUERIES["unknown_foods"], foods)]
    if unknown:
        raise Problem(INVALID, "weighing.unknown_food", food=", ".join(unknown))
    new = 0
    for book in sorted({canteens[entry.canteen_id].book for entry in entries}):
        mine = [entry for entry in entries if canteens[entry.canteen_id].book == book]
        columns = [[getattr(entry, name) for entry in mine] for name in _FIELDS]
        new += len(await connection.fetch(QUERIES["add_entries"], book, *columns, source, login, datetime.now(UTC)))
    kept = await _entries(connection, [entry.entry_id for entry in entries])
    for entry in entries:
        if kept.get(entry.entry_id) != entry:
            raise Problem(CONFLICT, "materials.used_or_corrected", entry_id=entry.entry_id)
    return EntriesRecorded(len(entries), new)


async def correct_entries(
    connection: Connection,
    canteens: Mapping[int, Canteen],
    login: str,
    corrections: Sequence[EntryCorrection],
    *,
    approved: bool = False,
) -> EntriesRecorded:
    """Replace entries in the caller's transaction; the history keeps what was recorded.

    ``approved``: a second person has approved it. Raises NeedsApproval ``CORRECTED_ALONE`` after the month without
    that, Problem NOT_FOUND (another agency's entry), and as ``record_entries`` does.
    """
    known = await correctable(connection, canteens, corrections)
    entries = [_corrected(known[c.replaces], c) for c in corrections]
    done = await record_entries(connection, canteens, login, Source.PERSON, entries)
    if done.new and not approved and _needs_second_person(entries):
        raise NeedsApproval(Rule("materials.late_correction", {"days": CORRECTED_ALONE.days}))
    return done


def _needs_second_person(entries: Sequence[Entry]) -> bool:
    today = datetime.now(ZONE).date()
    return any(today - end_of(entry.on_day, Period.MONTH) > CORRECTED_ALONE for entry in entries)


async def correctable(
    connection: Connection, canteens: Mapping[int, Canteen], corrections: Sequence[EntryCorrection]
) -> dict[UUID, Entry]:
    """What corrections replace, by number. Raises Problem(NOT_FOUND) for another agency's entry."""
    found = await _entries(connection, [c.replaces for c in corrections])
    known = {number: entry for number, entry in found.items() if entry.canteen_id in canteens}
    for correction in corrections:
        if correction.replaces not in known:
            raise Problem(NOT_FOUND, "materials.not_found", entry_id=correction.replaces)
    return known


def _corrected(before: Entry, correction: EntryCorrection) -> Entry:
    bought = before.kind == EntryKind.PURCHASE
    if bought != (correction.cost_fen is not None):
        raise Problem(INVALID, "materials.cost_of_purchases", entry_id=correction.replaces)
    return Entry(
        correction.entry_id, before.canteen_id, before.kind, before.on_day, before.item, correction.weight_g,
        correction.cost_fen, correction.replaces,
    )  # fmt: skip


def _check(canteens: Mapping[int, Canteen], entries: Sequence[Entry]) -> None:
    today = datetime.now(ZONE).date()
    numbers: set[UUID] = set()
    for entry in entries:
        if entry.entry_id in numbers:
            raise Problem(INVALID, "materials.number_twice", entry_id=entry.entry_id)
        numbers.add(entry.entry_id)
        if entry.canteen_id not in canteens:
            raise Problem(NOT_FOUND, "weighing.no_such_canteen", canteen_id=entry.canteen_id)
        first = open_from(today)
        if not first <= entry.on_day <= today:
            raise Problem(INVALID, "materials.day_out_of_range", on_day=entry.on_day, first=first, last=today)


def open_from(today: date) -> date:
    """The first day of which entries are recorded and corrected."""
    quarter = period_of(today, Period.QUARTER)
    before_is_closed = today > closed_on(quarter - timedelta(days=1))
    return max(today - KEPT_OPEN, quarter) if before_is_closed else today - KEPT_OPEN


async def _entries(connection: Connection, numbers: Sequence[UUID]) -> dict[UUID, Entry]:
    rows = await connection.fetch(QUERIES["entries"], list(numbers))
    return {row["entry_id"]: as_struct(row, Entry) for row in rows}


async def entry_history(
    pool: Pool, canteen: Canteen, first: date, last: date, kind: EntryKind | None
) -> list[EntryShown]:
    """All entries of a canteen from one day to another, corrected ones and their corrections included."""
    rows = await pool.fetch(QUERIES["history"], canteen.book, canteen.canteen_id, first, last, kind)
    return [as_struct(row, EntryShown) for row in rows]


async def declare_destinations(
    connection: Connection, canteen: Canteen, login: str, valid_from: date, destinations: Sequence[Destination]
) -> None:
    """Declare where a canteen's waste goes from a day on. Raises Problem(INVALID): not backwards."""
    today = datetime.now(ZONE).date()
    if valid_from < today:
        raise Problem(INVALID, "materials.declared_backwards", valid_from=valid_from, first=today)
    listed = json.encode(sorted(set(destinations))).decode()
    await connection.execute(
        QUERIES["declare"], canteen.book, canteen.canteen_id, valid_from, listed, login, datetime.now(UTC)
    )


async def declared_destinations(pool: Pool, canteen: Canteen) -> list[DestinationsShown]:
    """The declarations of a canteen, the newest first."""
    rows = await pool.fetch(QUERIES["declarations"], canteen.book, canteen.canteen_id)
    decoded = [dict(row) | {"destinations": json.decode(row["destinations"])} for row in rows]
    return [convert(row, DestinationsShown) for row in decoded]
