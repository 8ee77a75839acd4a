"""HTTP: bookings and the forecast of covers."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from litestar import Controller, Request, get, post

from foundation.calendar import ZONE
from foundation.postgres import Pool
from registry import access, audit
from registry.canteens import canteen_of, canteens_of
from registry.identifiers import Book
from registry.members import canteen_must_be_active
from registry.models import Database
from waste.forecast.bookings import keep_booking
from waste.forecast.cover_forecasts import forecasts_on
from waste.forecast.schemas import MealForecast, NewBooking

ByPerson = Request[access.Person, Any, Any]


class ForecastController(Controller):
    """Bookings, and the covers to expect."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @post("/bookings", guards=[access.allows("weigh_waste")], summary="Book covers for a meal", status_code=204)
    async def book(self, request: ByPerson, data: NewBooking, database: Database) -> None:
        """Covers beyond the registered visitors, for a meeting or a course; the forecast adds them.

        Until the day before, a second booking of the same meal replaces the first. ``came`` is sent on the meal's day
        or up to three days later, with the same ``booked``: how many of them came.
        """
        detail = {"date": str(data.business_date), "meal": data.meal, "booked": data.booked, "came": data.came}
        subject = f"canteen/{data.canteen_id}"
        async with audit.change(database, request.user.login, "book_covers", subject, detail) as change:
            canteen = await canteen_of(change.db, request.user, data.canteen_id)
            await canteen_must_be_active(change.db, canteen)
            today = datetime.now(ZONE).date()
            await keep_booking(await change.connection(), Book(canteen.book), data, request.user.login, today)

    @get("/forecasts/{business_date:date}", guards=[access.allows("see_waste")], summary="Get the forecast of a day")
    async def forecasts(
        self, request: ByPerson, business_date: date, database: Database, ledger: Pool
    ) -> list[MealForecast]:
        """Per canteen and meal: covers to expect, portions to prepare, and the actual covers of a closed day."""
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        return [
            MealForecast(name_zh=canteens[f.canteen_id].name_zh, name_en=canteens[f.canteen_id].name_en, **asdict(f))
            for f in await forecasts_on(ledger, business_date, canteens)
        ]
