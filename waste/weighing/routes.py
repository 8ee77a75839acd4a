"""HTTP: weigh-ins and kinds of food."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Controller, Request, get, post
from msgspec import structs

from foundation.attachments import BODY_MAX, digests, read_files
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from registry import access, audit
from registry.canteens import canteen_of, canteens_of
from registry.models import Canteen, Database
from waste.weighing.files import add_files, files_of
from waste.weighing.foods import FoodFactor, factors, set_factor
from waste.weighing.schemas import (
    FileShown,
    NewCorrections,
    NewFoodFactor,
    NewPhoto,
    NewWeighIns,
    Recorded,
    WeighInShown,
)
from waste.weighing.weigh_in_files import FILE_BYTES_MAX, read_weigh_ins
from waste.weighing.weigh_ins import QUERIES as WEIGHING
from waste.weighing.weigh_ins import Correction, WeighIn, check_weigh_ins, correct_weigh_ins, record_weigh_ins

ByPerson = Request[access.Person, Any, Any]


async def _record(
    request: ByPerson,
    database: Database,
    ledger: Pool,
    source: str,
    read: Callable[[dict[int, Canteen]], list[WeighIn]],
) -> Recorded:
    async with database() as db:
        canteens = await canteens_of(db, request.user)
        # In a thread: a file takes a moment, and payments come between.
        weigh_ins = await asyncio.to_thread(read, canteens)
        check_weigh_ins(canteens, weigh_ins)
    done = await record_weigh_ins(ledger, canteens, request.user.login, source, weigh_ins)
    detail = {"weigh_ins": len(weigh_ins), "new": done.new, "first": str(weigh_ins[0].weigh_in_id), "source": source}
    async with database.begin() as db:
        await audit.record(db, audit.Note(request.user.login, "weigh", f"agency/{request.user.agency_id}", detail))
    return Recorded(len(weigh_ins), done.new, done.implausible)


class WeighingController(Controller):
    """What kitchens weigh."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @post("/weigh-ins", guards=[access.allows("weigh_waste")], summary="Record weigh-ins")
    async def weigh(self, request: ByPerson, data: NewWeighIns, database: Database, ledger: Pool) -> Recorded:
        """Record weigh-ins of the person's own canteens; all or none."""
        weigh_ins = [
            WeighIn(w.weigh_in_id, w.canteen_id, w.business_date, w.meal, w.stream, w.weight_g, w.dish, w.food)
            for w in data.weigh_ins
        ]
        return await _record(request, database, ledger, "person", lambda _: weigh_ins)

    @post(
        "/weigh-in-files",
        guards=[access.allows("weigh_waste")],
        summary="Record weigh-ins from a file",
        request_max_body_size=FILE_BYTES_MAX,
    )
    async def weigh_from_file(self, request: ByPerson, database: Database, ledger: Pool) -> Recorded:
        """CSV or XLSX with date, canteen, meal, stream, weight in kg; every row or none, wrong ones named."""
        content, foods = await request.body(), await factors(ledger)
        names = {name: factor.food for factor in foods for name in (factor.food, factor.name_zh)}
        return await _record(request, database, ledger, "file", lambda mine: read_weigh_ins(content, mine, names))

    @post("/corrections", guards=[access.allows("weigh_waste")], summary="Correct weigh-ins")
    async def correct(self, request: ByPerson, data: NewCorrections, database: Database, ledger: Pool) -> Recorded:
        """Replace weights of the last quarter; what was weighed stays in the history."""
        corrections = [Correction(c.weigh_in_id, c.replaces, c.weight_g) for c in data.corrections]
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        done = await correct_weigh_ins(ledger, canteens, request.user.login, corrections)
        detail = {"reason": data.reason, "replaced": [str(c.replaces) for c in corrections], "new": done.new}
        async with database.begin() as db:
            await audit.record(
                db, audit.Note(request.user.login, "correct_weigh_ins", f"agency/{request.user.agency_id}", detail)
            )
        return Recorded(len(corrections), done.new, done.implausible)

    @post(
        "/weigh-ins/{weigh_in_id:uuid}/photos",
        guards=[access.allows("weigh_waste")],
        summary="Add photos to a weigh-in",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def add_photos(
        self, request: ByPerson, weigh_in_id: UUID, data: NewPhoto, database: Database, ledger: Pool
    ) -> None:
        """What was on the scale."""
        files, subject = read_files(data.files), f"weigh-in/{weigh_in_id}"
        canteen_id = await ledger.fetchval(WEIGHING["canteen_of_weigh_in"], weigh_in_id)
        async with database.begin() as db:
            canteen = await canteen_of(db, request.user, canteen_id or 0)
            await add_files(db, canteen.book, canteen.canteen_id, subject, files, request.user.login)
            await audit.record(db, audit.Note(request.user.login, "add_photos", subject, {"files": digests(files)}))

    @get("/weigh-ins/{weigh_in_id:uuid}/photos", guards=[access.allows("see_waste")], summary="Photos of a weigh-in")
    async def photos(self, request: ByPerson, weigh_in_id: UUID, database: Database, ledger: Pool) -> list[FileShown]:
        """Where they are."""
        canteen_id = await ledger.fetchval(WEIGHING["canteen_of_weigh_in"], weigh_in_id)
        async with database() as db:
            await canteen_of(db, request.user, canteen_id or 0)
            found = await files_of(db, [f"weigh-in/{weigh_in_id}"])
        return [file for files in found.values() for file in files]

    @get("/canteens/{canteen_id:int}/weigh-ins", guards=[access.allows("see_waste")], summary="A canteen's weigh-ins")
    async def history(
        self, request: ByPerson, canteen_id: NumberInPath, first: date, last: date, database: Database, ledger: Pool
    ) -> list[WeighInShown]:
        """The raw records of some days, corrected ones and their corrections included."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, canteen_id)
        rows = await ledger.fetch(WEIGHING["history"], canteen.book, canteen_id, first, last)
        return [WeighInShown(**dict(row)) for row in rows]

    @get("/foods", guards=[access.allows("see_waste")], summary="Kinds of food and their CO2e")
    async def foods(self, ledger: Pool) -> list[FoodFactor]:
        """Every factor with its source, by date: also those that held before, and those that will hold."""
        return await factors(ledger)

    @post("/foods", guards=[access.allows("set_food_factors")], summary="Set the CO2e of food", status_code=204)
    async def set_food(self, request: ByPerson, data: NewFoodFactor, database: Database, ledger: Pool) -> None:
        """A factor from a future day on, or a new kind of food; what was weighed keeps the factor of its day."""
        given = structs.asdict(data)
        await set_factor(ledger, FoodFactor(**given), request.user.login)
        async with database.begin() as db:
            detail = given | {"valid_from": str(data.valid_from)}
            await audit.record(db, audit.Note(request.user.login, "set_food_factor", f"food/{data.food}", detail))
