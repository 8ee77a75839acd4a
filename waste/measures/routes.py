"""HTTP: measures of waste by day and over time, and how canteens are run."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.params import Parameter

from foundation.postgres import Pool
from registry import access, audit
from registry.canteens import canteen_of, canteens_of
from registry.identifiers import AgencyId, Book
from registry.meals import Meal
from registry.models import Database
from waste.measures import kitchens
from waste.measures.days import measures_on
from waste.measures.over_time import measures_over, savings_over
from waste.measures.schemas import DayWaste, GroupBy, MealWaste, NewKitchen, Period, PeriodMeasures, Savings

ByPerson = Request[access.Person, Any, Any]


class MeasuresController(Controller):
    """Grams per cover, by day and over time."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @get("/days/{business_date:date}", guards=[access.allows("see_waste")], summary="Get the waste of a business day")
    async def day(self, request: ByPerson, business_date: date, database: Database, ledger: Pool) -> DayWaste:
        """Grams per cover and waste rate per canteen and meal, for the canteens that the person may see."""
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        measured = await measures_on(ledger, canteens, business_date)
        meals = [
            MealWaste(
                canteen_id=canteen_id, name_zh=canteens[canteen_id].name_zh, name_en=canteens[canteen_id].name_en,
                meal=meal, **asdict(measures),
            )
            for (canteen_id, meal), measures in measured.items()
        ]  # fmt: skip
        return DayWaste(business_date, meals)

    @get("/measures", guards=[access.allows("see_waste")], summary="Get measures over time")
    async def measures(
        self,
        request: ByPerson,
        first: date,
        last: date,
        database: Database,
        ledger: Pool,
        by: GroupBy = GroupBy.CANTEEN,
        per: Period = Period.QUARTER,
        meal: Meal | None = None,
        canteen_id: Annotated[int, Parameter(ge=0, le=2**53 - 1)] | None = None,
    ) -> list[PeriodMeasures]:
        """Grams per cover with its interval, waste rate, completeness, cost and CO2e; an agency gets its own."""
        agency_id = request.user.agency_id
        if canteen_id is not None:
            async with database() as db:
                agency_id = AgencyId((await canteen_of(db, request.user, canteen_id)).agency_id)
        return await measures_over(
            ledger, first, last, by=by, per=per, meal=meal, agency_id=agency_id, canteen_id=canteen_id
        )

    @get("/savings", guards=[access.allows("see_waste")], summary="Get savings against a baseline")
    async def savings(
        self,
        request: ByPerson,
        baseline_first: date,
        baseline_last: date,
        first: date,
        last: date,
        ledger: Pool,
        by: GroupBy = GroupBy.NETWORK,
    ) -> list[Savings]:
        """Waste avoided against the rate of the baseline months, with its cost and CO2e; whole months."""
        spans = (baseline_first, baseline_last), (first, last)
        return await savings_over(ledger, *spans, by=by, agency_id=request.user.agency_id)

    @post("/kitchens", guards=[access.allows("weigh_waste")], summary="Set how a canteen is run", status_code=204)
    async def set_kitchen(self, request: ByPerson, data: NewKitchen, database: Database) -> None:
        """Self-run or contracted, how it serves, and its cost of a kilogram of food. Peers are compared by these."""
        detail = {"operating": data.operating, "serving": data.serving, "cost_per_kg_fen": data.cost_per_kg_fen}
        subject = f"canteen/{data.canteen_id}"
        async with audit.change(database, request.user.login, "set_kitchen", subject, detail) as change:
            canteen = await canteen_of(change.db, request.user, data.canteen_id)
            await kitchens.set_kitchen(await change.connection(), Book(canteen.book), data, request.user.login)
