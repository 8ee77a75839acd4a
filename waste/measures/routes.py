"""HTTP: measures of waste over time."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.params import Parameter

from foundation.postgres import Pool
from registry import access, audit
from registry.canteens import canteen_of, canteens_of
from registry.models import Database
from waste.measures.days import measures_on
from waste.measures.kitchen_months import QUERIES as MEASURES
from waste.measures.kitchen_months import measures_over, savings
from waste.measures.schemas import DayWaste, MealWaste, Measured, NewKitchen, Savings

ByPerson = Request[access.Person, Any, Any]


class MeasuresController(Controller):
    """Grams per cover, by day and over time."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @get("/days/{business_date:date}", guards=[access.allows("see_waste")], summary="A day's waste")
    async def day(self, request: ByPerson, business_date: date, database: Database, ledger: Pool) -> DayWaste:
        """Grams per cover and waste rate per canteen and meal, for the canteens that the person may see."""
        async with database() as db:
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
    async def set_kitchen(self, request: ByPerson, data: NewKitchen, database: Database, ledger: Pool) -> None:
        """Self-run or contracted, how it serves, and what a kilogram costs it: what it is compared with."""
        async with database.begin() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
            detail = {"operating": data.operating, "serving": data.serving, "cost_per_kg_fen": data.cost_per_kg_fen}
            await audit.record(db, audit.Note(request.user.login, "set_kitchen", f"canteen/{data.canteen_id}", detail))
        await ledger.execute(
            MEASURES["set_kitchen"], canteen.book, data.canteen_id, data.operating, data.serving, data.cost_per_kg_fen
        )
