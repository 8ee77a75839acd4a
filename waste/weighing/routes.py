"""HTTP: weigh-ins and kinds of food."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from msgspec import structs

from foundation.aside import Aside
from foundation.attachments import BODY_MAX, digests, read_files, received
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from foundation.table_files import FILE_BYTES_MAX, read_table
from registry import access, audit
from registry.approval_routes import AWAITS, awaits
from registry.approvals import Approvals
from registry.canteens import canteen_of, canteens_of
from registry.models import Approval, Database
from waste.weighing.corrections import correct_by_person
from waste.weighing.files import add_files, files_of
from waste.weighing.foods import factors, set_factor, wasted
from waste.weighing.schemas import (
    FileShown,
    FoodFactor,
    FoodWaste,
    NewCorrections,
    NewPhoto,
    NewWeighIns,
    Recorded,
    Source,
    WeighInShown,
)
from waste.weighing.table_files import food_names
from waste.weighing.weigh_in_files import weigh_ins_of
from waste.weighing.weigh_ins import (
    WeighIn,
    canteen_of_weigh_in,
    check_weigh_ins,
    history,
    record_weigh_ins,
    weigh_in_of,
)

ByPerson = Request[access.Person, Any, Any]


async def _record(person: access.Person, database: Database, source: Source, weigh_ins: Sequence[WeighIn]) -> Recorded:
    detail = {"weigh_ins": len(weigh_ins), "first": str(weigh_ins[0].weigh_in_id), "source": source}
    async with audit.change(database, person.login, "weigh", f"agency/{person.agency_id}", detail) as change:
        canteens = await canteens_of(change.db, person)
        check_weigh_ins(canteens, weigh_ins)
        done = await record_weigh_ins(await change.connection(), canteens, person.login, source, weigh_ins)
        change.note.detail["new"] = done.new
        change.is_repeat = done.new == 0
    return done


class WeighingController(Controller):
    """Weigh-ins of kitchens, their photos, and kinds of food."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @post("/weigh-ins", guards=[access.allows("weigh_waste")], summary="Record weigh-ins")
    async def weigh(self, request: ByPerson, data: NewWeighIns, database: Database) -> Recorded:
        """Record weigh-ins of the agency's canteens: all, or none."""
        weigh_ins = [weigh_in_of(message, message.canteen_id) for message in data.weigh_ins]
        return await _record(request.user, database, Source.PERSON, weigh_ins)

    @post(
        "/weigh-in-files",
        guards=[access.allows("weigh_waste")],
        summary="Record weigh-ins from a file",
        request_max_body_size=FILE_BYTES_MAX,
    )
    async def weigh_from_file(self, request: ByPerson, database: Database, ledger: Pool, documents: Aside) -> Recorded:
        """Record the rows of a CSV or XLSX file: all, or none.

        The first line names the columns, in Chinese or English: date, canteen, meal, stream, weight in kg, and
        optionally dish, kind of food and cause. A refusal lists every wrong row with its column and the reason; an
        unknown column is refused, too. The same file again records nothing more.
        """
        async with received(request) as file:
            table = await documents.run(read_table, file.path, caller=request.user.login)
        foods = food_names(await factors(ledger))
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        # In a thread: five thousand rows take a moment, and the worker takes payments meanwhile.
        weigh_ins = await asyncio.to_thread(weigh_ins_of, table, file.sha256, canteens, foods)
        return await _record(request.user, database, Source.FILE, weigh_ins)

    @post(
        "/corrections",
        guards=[access.allows("weigh_waste")],
        summary="Correct weigh-ins",
        responses=AWAITS,
    )
    async def correct(
        self, request: ByPerson, data: NewCorrections, database: Database, approvals: Approvals
    ) -> Response[Recorded]:
        """Replace weights, or take them back: all, or none. The history keeps what was weighed.

        From 15 days after the business day on, the request waits for a second person (202). The weights of a quarter
        do not change any more 20 days after its end.
        """
        done = await correct_by_person(database, approvals, request.user, data)
        return awaits(request, done) if isinstance(done, Approval) else Response(done)

    @post(
        "/weigh-ins/{weigh_in_id:uuid}/photos",
        guards=[access.allows("weigh_waste")],
        summary="Add photos to a weigh-in",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def add_photos(self, request: ByPerson, weigh_in_id: UUID, data: NewPhoto, database: Database) -> None:
        """Add photos of what was weighed, as PDF, PNG or JPEG files."""
        files, subject, login = read_files(data.files), f"weigh-in/{weigh_in_id}", request.user.login
        async with audit.change(database, login, "add_photos", subject, {"files": digests(files)}) as change:
            canteen_id = await canteen_of_weigh_in(await change.connection(), weigh_in_id)
            canteen = await canteen_of(change.db, request.user, canteen_id)
            await add_files(change.db, canteen.book, canteen.canteen_id, subject, files, login)

    @get(
        "/weigh-ins/{weigh_in_id:uuid}/photos", guards=[access.allows("see_waste")], summary="List photos of a weigh-in"
    )
    async def photos(self, request: ByPerson, weigh_in_id: UUID, database: Database, ledger: Pool) -> list[FileShown]:
        """Names and addresses of the photos."""
        canteen_id = await canteen_of_weigh_in(ledger, weigh_in_id)
        async with database() as db:
            await canteen_of(db, request.user, canteen_id)
            found = await files_of(db, [f"weigh-in/{weigh_in_id}"])
        return [file for files in found.values() for file in files]

    @get(
        "/canteens/{canteen_id:int}/weigh-ins",
        guards=[access.allows("see_waste")],
        summary="List weigh-ins of a canteen",
    )
    async def history(
        self, request: ByPerson, canteen_id: NumberInPath, first: date, last: date, database: Database, ledger: Pool
    ) -> list[WeighInShown]:
        """The weigh-ins from one day to another, corrected ones and their corrections included."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, canteen_id)
        return await history(ledger, canteen, first, last)

    @get(
        "/canteens/{canteen_id:int}/foods",
        guards=[access.allows("see_waste")],
        summary="List a canteen's waste by kind of food",
    )
    async def foods(
        self, request: ByPerson, canteen_id: NumberInPath, first: date, last: date, database: Database, ledger: Pool
    ) -> list[FoodWaste]:
        """From one day to another, with its CO2e, the most first; food of which no kind was told stands together."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, canteen_id)
        return await wasted(ledger, canteen, first, last)

    @post("/foods", guards=[access.allows("set_food_factors")], summary="Set the CO2e of food", status_code=204)
    async def set_food(self, request: ByPerson, data: FoodFactor, database: Database) -> None:
        """Set a factor from a future day on, or add a kind of food. Weigh-ins keep the factor of their day."""
        detail = structs.asdict(data) | {"valid_from": str(data.valid_from)}
        subject = f"food/{data.food}"
        async with audit.change(database, request.user.login, "set_food_factor", subject, detail) as change:
            await set_factor(await change.connection(), data, request.user.login)
