"""HTTP: bookings and the forecast of covers."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from litestar import Controller, Request, get, post

from foundation.aside import Aside
from foundation.attachments import received
from foundation.calendar import ZONE
from foundation.postgres import Pool
from foundation.table_files import FILE_BYTES_MAX, read_table
from registry import access, audit
from registry.canteens import canteen_of, canteens_of
from registry.identifiers import Book
from registry.members import canteen_must_be_active
from registry.models import Canteen, Database
from waste.forecast.attendance import attendance_of, keep_attendance
from waste.forecast.bookings import keep_booking
from waste.forecast.cover_forecasts import forecasts_on
from waste.forecast.schemas import AttendanceKept, DayAttendance, MealForecast, NewAttendance, NewBooking

ByPerson = Request[access.Person, Any, Any]


async def _keep_attendance(person: access.Person, days: Sequence[DayAttendance], database: Database) -> AttendanceKept:
    numbers = sorted({day.canteen_id for day in days})
    detail = {"days": len(days), "first": str(min(day.business_date for day in days)), "canteens": numbers}
    async with audit.change(database, person.login, "tell_attendance", f"agency/{person.agency_id}", detail) as change:
        canteens: dict[int, Canteen] = {number: await canteen_of(change.db, person, number) for number in numbers}
        today = datetime.now(ZONE).date()
        await keep_attendance(await change.connection(), canteens, days, person.login, today)
    return AttendanceKept(len(days))


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

    @post("/attendance", guards=[access.allows("tell_attendance")], summary="Tell who will be away")
    async def tell_attendance(self, request: ByPerson, data: NewAttendance, database: Database) -> AttendanceKept:
        """How many of an agency's people are on leave, travelling or working elsewhere, per canteen and day.

        All days or none. It can be told and told anew until the day itself; the forecast expects those who are there.
        """
        return await _keep_attendance(request.user, data.days, database)

    @post(
        "/attendance-files",
        guards=[access.allows("tell_attendance")],
        summary="Tell who will be away by a file",
        request_max_body_size=FILE_BYTES_MAX,
    )
    async def tell_attendance_by_file(self, request: ByPerson, database: Database, documents: Aside) -> AttendanceKept:
        """The same as rows of a CSV or XLSX file: all, or none.

        The first line names the columns, in Chinese or English: date, canteen, staff, and on leave, travelling, remote
        and overtime where known. A refusal lists every wrong row with its column and the reason.
        """
        async with received(request) as file:
            table = await documents.run(read_table, file.path, caller=request.user.login)
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        today = datetime.now(ZONE).date()
        return await _keep_attendance(request.user, attendance_of(table, canteens, today), database)

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
