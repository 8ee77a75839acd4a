"""HTTP: weigh-ins and the day's waste."""

from datetime import date
from pathlib import Path
from typing import Any

from litestar import Controller, Request, get, post

from registry import access, audit
from registry.models import Sessions
from registry.named_sql import load_queries
from registry.postgres import Pool
from waste.schemas import DayWaste, MealForecast, MealWaste, NewWeighIns, Recorded
from waste.weighing import canteens_of, measures_on, record_weigh_ins

HEADCOUNT = load_queries(Path(__file__).parent / "sql" / "headcount.sql")

ByPerson = Request[access.Person, Any, Any]


class WasteController(Controller):
    """The kitchen."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @post("/weigh-ins", guards=[access.allows("weigh_waste")], summary="Record weigh-ins")
    async def weigh(self, request: ByPerson, data: NewWeighIns, sessions: Sessions, ledger: Pool) -> Recorded:
        """Record weigh-ins of the person's own canteens; all or none."""
        async with sessions.begin() as db:
            canteens = await canteens_of(db, request.user)
            detail = {"weigh_ins": len(data.weigh_ins), "first": str(data.weigh_ins[0].weigh_in_id)}
            await audit.record(db, request.user.login, "weigh", f"agency/{request.user.agency_id}", detail)
        new = await record_weigh_ins(ledger, canteens, request.user, data.weigh_ins)
        return Recorded(len(data.weigh_ins), new)

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
