"""HTTP: weigh-ins and the day's waste."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, get, post
from litestar.params import Parameter
from msgspec import structs

from foundation.attachments import BODY_MAX, digests, read_files
from foundation.messages import NumberInPath
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from registry import access, audit
from registry.models import Canteen, Sessions
from waste.files import add_files, files_of
from waste.foods import FoodFactor, factors, set_factor
from waste.kitchen_months import QUERIES as MEASURES
from waste.kitchen_months import measures_over, savings
from waste.schemas import (
    DayWaste,
    FileShown,
    MealForecast,
    MealWaste,
    Measured,
    NewBooking,
    NewCorrections,
    NewFoodFactor,
    NewKitchen,
    NewPhoto,
    NewWeighIns,
    Recorded,
    Savings,
    WeighInShown,
)
from waste.weigh_in_files import FILE_BYTES_MAX, read_weigh_ins
from waste.weighing import (
    QUERIES as WEIGHING,
)
from waste.weighing import (
    Correction,
    WeighIn,
    canteen_of,
    canteens_of,
    check_weigh_ins,
    correct_weigh_ins,
    measures_on,
    record_weigh_ins,
)

HEADCOUNT = load_queries(Path(__file__).parent / "sql" / "headcount.sql")

ByPerson = Request[access.Person, Any, Any]


async def _record(
    request: ByPerson,
    sessions: Sessions,
    ledger: Pool,
    source: str,
    read: Callable[[dict[int, Canteen]], list[WeighIn]],
) -> Recorded:
    async with sessions() as db:
        canteens = await canteens_of(db, request.user)
        # In a thread: a file takes a moment, and payments come between.
        weigh_ins = await asyncio.to_thread(read, canteens)
        check_weigh_ins(canteens, weigh_ins)
    done = await record_weigh_ins(ledger, canteens, request.user.login, source, weigh_ins)
    detail = {"weigh_ins": len(weigh_ins), "new": done.new, "first": str(weigh_ins[0].weigh_in_id), "source": source}
    async with sessions.begin() as db:
        await audit.record(db, request.user.login, "weigh", f"agency/{request.user.agency_id}", detail)
    return Recorded(len(weigh_ins), done.new, done.implausible)


class WasteController(Controller):
    """The kitchen."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @post("/weigh-ins", guards=[access.allows("weigh_waste")], summary="Record weigh-ins")
    async def weigh(self, request: ByPerson, data: NewWeighIns, sessions: Sessions, ledger: Pool) -> Recorded:
        """Record weigh-ins of the person's own canteens; all or none."""
        weigh_ins = [
            WeighIn(w.weigh_in_id, w.canteen_id, w.business_date, w.meal, w.stream, w.weight_g, w.dish, w.food)
            for w in data.weigh_ins
        ]
        return await _record(request, sessions, ledger, "person", lambda _: weigh_ins)

    @post(
        "/weigh-in-files",
        guards=[access.allows("weigh_waste")],
        summary="Record weigh-ins from a file",
        request_max_body_size=FILE_BYTES_MAX,
    )
    async def weigh_from_file(self, request: ByPerson, sessions: Sessions, ledger: Pool) -> Recorded:
        """CSV or XLSX with date, canteen, meal, stream, weight in kg; every row or none, wrong ones named."""
        content, foods = await request.body(), await factors(ledger)
        names = {name: factor.food for factor in foods for name in (factor.food, factor.name_zh)}
        return await _record(request, sessions, ledger, "file", lambda mine: read_weigh_ins(content, mine, names))

    @post("/corrections", guards=[access.allows("weigh_waste")], summary="Correct weigh-ins")
    async def correct(self, request: ByPerson, data: NewCorrections, sessions: Sessions, ledger: Pool) -> Recorded:
        """Replace weights of the last quarter; what was weighed stays in the history."""
        corrections = [Correction(c.weigh_in_id, c.replaces, c.weight_g) for c in data.corrections]
        async with sessions() as db:
            canteens = await canteens_of(db, request.user)
        done = await correct_weigh_ins(ledger, canteens, request.user.login, corrections)
        detail = {"reason": data.reason, "replaced": [str(c.replaces) for c in corrections], "new": done.new}
        async with sessions.begin() as db:
            await audit.record(db, request.user.login, "correct_weigh_ins", f"agency/{request.user.agency_id}", detail)
        return Recorded(len(corrections), done.new, done.implausible)

    @post(
        "/weigh-ins/{weigh_in_id:uuid}/photos",
        guards=[access.allows("weigh_waste")],
        summary="Add photos to a weigh-in",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def add_photos(
        self, request: ByPerson, weigh_in_id: UUID, data: NewPhoto, sessions: Sessions, ledger: Pool
    ) -> None:
        """What was on the scale."""
        files, subject = read_files(data.files), f"weigh-in/{weigh_in_id}"
        canteen_id = await ledger.fetchval(WEIGHING["canteen_of_weigh_in"], weigh_in_id)
        async with sessions.begin() as db:
            canteen = await canteen_of(db, request.user, canteen_id or 0)
            await add_files(db, canteen.book, canteen.canteen_id, subject, files, request.user.login)
            await audit.record(db, request.user.login, "add_photos", subject, {"files": digests(files)})

    @get("/weigh-ins/{weigh_in_id:uuid}/photos", guards=[access.allows("see_waste")], summary="Photos of a weigh-in")
    async def photos(self, request: ByPerson, weigh_in_id: UUID, sessions: Sessions, ledger: Pool) -> list[FileShown]:
        """Where they are."""
        canteen_id = await ledger.fetchval(WEIGHING["canteen_of_weigh_in"], weigh_in_id)
        async with sessions() as db:
            await canteen_of(db, request.user, canteen_id or 0)
            found = await files_of(db, [f"weigh-in/{weigh_in_id}"])
        return [file for files in found.values() for file in files]

    @post("/bookings", guards=[access.allows("weigh_waste")], summary="Book covers", status_code=204)
    async def book(self, request: ByPerson, data: NewBooking, sessions: Sessions, ledger: Pool) -> None:
        """A meeting, a course: covers beyond the usual guests, which the forecast counts in; and who came of them."""
        async with sessions.begin() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
            detail = {"date": str(data.business_date), "meal": data.meal, "booked": data.booked, "came": data.came}
            await audit.record(db, request.user.login, "book_covers", f"canteen/{data.canteen_id}", detail)
        await ledger.execute(
            HEADCOUNT["keep_booking"], canteen.book, data.canteen_id, data.business_date, data.meal, data.booked,
            data.came, request.user.login, datetime.now(UTC),
        )  # fmt: skip

    @get("/canteens/{canteen_id:int}/weigh-ins", guards=[access.allows("see_waste")], summary="A canteen's weigh-ins")
    async def history(
        self, request: ByPerson, canteen_id: NumberInPath, first: date, last: date, sessions: Sessions, ledger: Pool
    ) -> list[WeighInShown]:
        """The raw records of some days, corrected ones and their corrections included."""
        async with sessions() as db:
            canteen = await canteen_of(db, request.user, canteen_id)
        rows = await ledger.fetch(WEIGHING["history"], canteen.book, canteen_id, first, last)
        return [WeighInShown(**dict(row)) for row in rows]

    @get("/foods", guards=[access.allows("see_waste")], summary="Kinds of food and their CO2e")
    async def foods(self, ledger: Pool) -> list[FoodFactor]:
        """Every factor with its source, by date: also those that held before, and those that will hold."""
        return await factors(ledger)

    @post("/foods", guards=[access.allows("set_food_factors")], summary="Set the CO2e of food", status_code=204)
    async def set_food(self, request: ByPerson, data: NewFoodFactor, sessions: Sessions, ledger: Pool) -> None:
        """A factor from a future day on, or a new kind of food; what was weighed keeps the factor of its day."""
        given = structs.asdict(data)
        await set_factor(ledger, FoodFactor(**given), request.user.login)
        async with sessions.begin() as db:
            detail = given | {"valid_from": str(data.valid_from)}
            await audit.record(db, request.user.login, "set_food_factor", f"food/{data.food}", detail)

    @get("/measures", guards=[access.allows("see_waste")], summary="Measures over time")
    async def measures(
        self,
        request: ByPerson,
        first: date,
        last: date,
        ledger: Pool,
        by: Annotated[str, Parameter(pattern="^(canteen|agency|serving|network)$")] = "canteen",
        per: Annotated[str, Parameter(pattern="^(day|week|month|quarter|year)$")] = "quarter",
        meal: Annotated[str, Parameter(pattern="^(breakfast|lunch|dinner)$")] | None = None,
    ) -> list[Measured]:
        """Grams per cover with its interval, waste rate, completeness, cost and CO2e; an agency sees its own."""
        mine = request.user.agency_id
        found = await measures_over(ledger, first, last, by=by, per=per, meal=meal, agency_id=mine)
        return [Measured(**asdict(one)) for one in found]

    @get("/savings", guards=[access.allows("see_waste")], summary="Savings against a baseline")
    async def savings(
        self,
        request: ByPerson,
        baseline_first: date,
        baseline_last: date,
        first: date,
        last: date,
        ledger: Pool,
        by: Annotated[str, Parameter(pattern="^(canteen|agency|serving|network)$")] = "network",
    ) -> list[Savings]:
        """What was wasted less than at the rate of other months, with its cost and CO2e; whole months."""
        spans = (baseline_first, baseline_last), (first, last)
        found = await savings(ledger, *spans, by=by, agency_id=request.user.agency_id)
        return [
            Savings(number, name, rate, less.waste_g, less.cost_fen, less.co2e_g) for number, name, rate, less in found
        ]

    @post("/kitchens", guards=[access.allows("weigh_waste")], summary="Say how a canteen is run", status_code=204)
    async def set_kitchen(self, request: ByPerson, data: NewKitchen, sessions: Sessions, ledger: Pool) -> None:
        """Self-run or contracted, how it serves, and what a kilogram costs it: what it is compared with."""
        async with sessions.begin() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
            detail = {"operating": data.operating, "serving": data.serving, "cost_per_kg_fen": data.cost_per_kg_fen}
            await audit.record(db, request.user.login, "set_kitchen", f"canteen/{data.canteen_id}", detail)
        await ledger.execute(
            MEASURES["set_kitchen"], canteen.book, data.canteen_id, data.operating, data.serving, data.cost_per_kg_fen
        )

    @get("/forecasts/{business_date:date}", guards=[access.allows("see_waste")], summary="Covers to expect on a day")
    async def forecasts(
        self, request: ByPerson, business_date: date, sessions: Sessions, ledger: Pool
    ) -> list[MealForecast]:
        """Per canteen and meal: the forecast, how many to cook for, and what came."""
        async with sessions() as db:
            canteens = await canteens_of(db, request.user)
        rows = await ledger.fetch(HEADCOUNT["forecasts"], business_date, list(canteens))
        return [
            MealForecast(
                row["canteen_id"], canteens[row["canteen_id"]].name_zh, canteens[row["canteen_id"]].name_en,
                row["meal"], row["covers"], row["cook_for"], row["made_at"], row["actual"],
            )
            for row in rows
        ]  # fmt: skip

    @get("/days/{business_date:date}", guards=[access.allows("see_waste")], summary="A day's waste")
    async def day(self, request: ByPerson, business_date: date, sessions: Sessions, ledger: Pool) -> DayWaste:
        """Grams per cover and waste rate per canteen and meal, for the canteens that the person may see."""
        async with sessions() as db:
            canteens = await canteens_of(db, request.user)
        measured = await measures_on(ledger, canteens, business_date)
        return DayWaste(
            business_date,
            [
                MealWaste(
                    canteen_id, canteens[canteen_id].name_zh, canteens[canteen_id].name_en, meal,
                    m.covers, m.waste_g, m.inedible_g, m.prepared_g, m.grams_per_cover,
                    m.plate_grams_per_cover, m.waste_rate,
                )
                for (canteen_id, meal), m in measured.items()
            ],
        )  # fmt: skip
