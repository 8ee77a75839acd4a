"""HTTP: purchases, stock counts, collector's tickets and destinations."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

from litestar import Controller, Request, Response, get, post

from foundation.aside import Aside
from foundation.attachments import received
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from foundation.table_files import FILE_BYTES_MAX, read_table
from registry import access, audit
from registry.approval_routes import AWAITS, awaits
from registry.approvals import Approvals
from registry.canteens import canteen_of, canteens_of
from registry.models import Approval, Database
from waste.materials.corrections import correct_by_person
from waste.materials.entries import (
    Entry,
    declare_destinations,
    declared_destinations,
    entry_history,
    entry_of,
    record_entries,
)
from waste.materials.entry_files import entries_of
from waste.materials.schemas import (
    DestinationsShown,
    EntriesRecorded,
    EntryKind,
    EntryShown,
    NewCollections,
    NewDestinations,
    NewEntryCorrections,
    NewPurchases,
    NewStockCounts,
)
from waste.weighing.foods import factors
from waste.weighing.schemas import Source
from waste.weighing.table_files import food_names

ByPerson = Request[access.Person, Any, Any]


def _must_be_allowed(person: access.Person, kind: EntryKind) -> None:
    """Tickets come from the collector: a supervisor who gets them from him records them as well as the kitchen."""
    if not (kind == EntryKind.COLLECTED and person.may("inspect")):
        person.must_be_allowed("weigh_waste")


async def _record(
    person: access.Person, database: Database, source: Source, entries: Sequence[Entry]
) -> EntriesRecorded:
    _must_be_allowed(person, entries[0].kind)
    kind, first = entries[0].kind, entries[0].entry_id
    detail = {"kind": kind, "entries": len(entries), "first": str(first), "source": source}
    async with audit.change(database, person.login, "record_material", f"agency/{person.agency_id}", detail) as change:
        canteens = await canteens_of(change.db, person)
        done = await record_entries(await change.connection(), canteens, person.login, source, entries)
        change.note.detail["new"] = done.new
        change.is_repeat = done.new == 0
    return done


class MaterialController(Controller):
    """What kitchens bought, have in stock and gave to the collector."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @post("/purchases", guards=[access.allows("weigh_waste")], summary="Record purchases")
    async def buy(self, request: ByPerson, data: NewPurchases, database: Database) -> EntriesRecorded:
        """Record food that the agency's canteens received, with its cost: all, or none."""
        return await _record(request.user, database, Source.PERSON, [entry_of(one) for one in data.entries])

    @post("/stock-counts", guards=[access.allows("weigh_waste")], summary="Record stock counts")
    async def count(self, request: ByPerson, data: NewStockCounts, database: Database) -> EntriesRecorded:
        """Record food in stock at the end of a day, best at the end of each month: all, or none."""
        return await _record(request.user, database, Source.PERSON, [entry_of(one) for one in data.entries])

    @post("/collections", guards=[access.allows("see_waste")], summary="Record collector's tickets")
    async def collect(self, request: ByPerson, data: NewCollections, database: Database) -> EntriesRecorded:
        """Record the waste that the collector took by his tickets: all, or none. For kitchens and supervisors."""
        return await _record(request.user, database, Source.PERSON, [entry_of(one) for one in data.entries])

    @post(
        "/material-files/{kind:str}",
        guards=[access.allows("see_waste")],
        summary="Record purchases, stock counts or tickets from a file",
        request_max_body_size=FILE_BYTES_MAX,
    )
    async def record_file(
        self, request: ByPerson, kind: EntryKind, database: Database, ledger: Pool, documents: Aside
    ) -> EntriesRecorded:
        """Record the rows of a CSV or XLSX file: all, or none.

        The first line names the columns, in Chinese or English: date, canteen, kind of food (of tickets: destination),
        weight in kg, and of purchases the amount in yuan. A refusal lists every wrong row with its column and the
        reason. The same file again records nothing more.
        """
        _must_be_allowed(request.user, kind)
        async with received(request) as file:
            table = await documents.run(read_table, file.path, caller=request.user.login)
        foods = food_names(await factors(ledger))
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        entries = await asyncio.to_thread(entries_of, kind, table, file.sha256, canteens, foods)
        return await _record(request.user, database, Source.FILE, entries)

    @post(
        "/material-corrections",
        guards=[access.allows("weigh_waste")],
        summary="Correct purchases, counts or tickets",
        responses=AWAITS,
    )
    async def correct(
        self, request: ByPerson, data: NewEntryCorrections, database: Database, approvals: Approvals
    ) -> Response[EntriesRecorded]:
        """Replace entries of the last 45 days: all, or none. The history keeps what was recorded.

        From 15 days after the month of an entry on, the request waits for a second person (202). The entries of a
        quarter do not change any more 20 days after its end.
        """
        done = await correct_by_person(database, approvals, request.user, data)
        return awaits(request, done) if isinstance(done, Approval) else Response(done)

    @get(
        "/canteens/{canteen_id:int}/materials",
        guards=[access.allows("see_waste")],
        summary="List purchases, stock counts and tickets of a canteen",
    )
    async def history(
        self, request: ByPerson, canteen_id: NumberInPath, first: date, last: date, database: Database, ledger: Pool,
        kind: EntryKind | None = None,
    ) -> list[EntryShown]:  # fmt: skip
        """The entries from one day to another, corrected ones and their corrections included."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, canteen_id)
        return await entry_history(ledger, canteen, first, last, kind)

    @post("/destinations", guards=[access.allows("weigh_waste")], summary="Declare where waste goes", status_code=204)
    async def declare(self, request: ByPerson, data: NewDestinations, database: Database) -> None:
        """Declare the destinations of a canteen's waste from today or a later day on, never backwards."""
        detail = {"valid_from": str(data.valid_from), "destinations": sorted(set(data.destinations))}
        subject = f"canteen/{data.canteen_id}"
        async with audit.change(database, request.user.login, "declare_destinations", subject, detail) as change:
            canteen = await canteen_of(change.db, request.user, data.canteen_id)
            connection = await change.connection()
            await declare_destinations(connection, canteen, request.user.login, data.valid_from, data.destinations)

    @get(
        "/canteens/{canteen_id:int}/destinations",
        guards=[access.allows("see_waste")],
        summary="List declared destinations of a canteen's waste",
    )
    async def destinations(
        self, request: ByPerson, canteen_id: NumberInPath, database: Database, ledger: Pool
    ) -> list[DestinationsShown]:
        """The declarations, the newest first: each holds from its day on."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, canteen_id)
        return await declared_destinations(ledger, canteen)
