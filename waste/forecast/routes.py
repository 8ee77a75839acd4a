"""HTTP: bookings and the covers to expect."""

from datetime import UTC, date, datetime
from typing import Any

from litestar import Controller, Request, get, post

from foundation.postgres import Pool
from registry import access, audit
from registry.canteens import canteen_of, canteens_of
from registry.models import Database
from waste.forecast.headcount import QUERIES as HEADCOUNT
from waste.forecast.schemas import MealForecast, NewBooking

ByPerson = Request[access.Person, Any, Any]


class ForecastController(Controller):
    """Covers to expect."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @post("/bookings", guards=[access.allows("weigh_waste")], summary="Book covers", status_code=204)
    async def book(self, request: ByPerson, data: NewBooking, database: Database, ledger: Pool) -> None:
        """A meeting, a course: covers beyond the usual guests, which the forecast counts in; and who came of them."""
        async with database.begin() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
            detail = {"date": str(data.business_date), "meal": data.meal, "booked": data.booked, "came": data.came}
            await audit.record(db, audit.Note(request.user.login, "book_covers", f"canteen/{data.canteen_id}", detail))
        await ledger.execute(
            HEADCOUNT["keep_booking"], canteen.book, data.canteen_id, data.business_date, data.meal, data.booked,
            data.came, request.user.login, datetime.now(UTC),
        )  # fmt: skip

    @get("/forecasts/{business_date:date}", guards=[access.allows("see_waste")], summary="Covers to expect on a day")
    async def forecasts(
        self, request: ByPerson, business_date: date, database: Database, ledger: Pool
    ) -> list[MealForecast]:
        """Per canteen and meal: the forecast, how many to cook for, and what came."""
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        rows = await ledger.fetch(HEADCOUNT["forecasts"], business_date, list(canteens))
        return [
            MealForecast(
                row["canteen_id"], canteens[row["canteen_id"]].name_zh, canteens[row["canteen_id"]].name_en,
                row["meal"], row["covers"], row["cook_for"], row["made_at"], row["actual"],
            )
            for row in rows
        ]  # fmt: skip
