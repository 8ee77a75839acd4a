"""HTTP: an official books meals for himself, cancels, and reports out."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from litestar import Controller, delete, get, post

from dining import bookings, report_outs
from dining.bookings import DAYS_AHEAD, DAYS_SHOWN_MAX
from dining.offers import Diner
from dining.schemas import Bookings, MealBookingShown, NewMealBooking, NewReportOut
from foundation.calendar import ZONE
from foundation.postgres import Pool
from foundation.problems import INVALID, Problem
from foundation.turns import IN_TURN
from travellers.callers import ByOfficial, Caller, is_official


class BookingController(Controller):
    """Bookings and report-outs of the official who asks."""

    path = "/me"
    tags = ["me"]  # noqa: RUF012
    guards = [is_official]  # noqa: RUF012

    @get("/bookings", summary="List my bookings and report-outs", dependencies=IN_TURN)
    async def list_bookings(
        self, request: ByOfficial, ledger: Pool, first: date | None = None, last: date | None = None
    ) -> Bookings:
        """Of the days from `first` (today) to `last` (a month later), at most 100.

        Of each meal the booking that holds, and the last one that was cancelled.
        """
        diner = _diner(request.user)
        first = first or datetime.now(ZONE).date()
        last = last or min(first, date.max - DAYS_AHEAD) + DAYS_AHEAD
        if not timedelta(0) <= last - first < timedelta(days=DAYS_SHOWN_MAX):
            raise Problem(INVALID, "canteen.days", most=DAYS_SHOWN_MAX)
        return Bookings(
            await bookings.bookings_of(ledger, diner, first, last),
            await report_outs.report_outs_of(ledger, diner, first, last),
        )

    @post("/bookings", summary="Book a meal", status_code=200)
    async def book(self, request: ByOfficial, data: NewMealBooking, ledger: Pool) -> MealBookingShown:
        """At any canteen where I may eat, until the meal's cut-off, while there is room; one meal at one place.

        Sent again with the same `booking_id` it books nothing more, and shows the booking as it is.
        """
        return await bookings.book(ledger, _diner(request.user), data, datetime.now(UTC))

    @delete("/bookings/{booking_id:uuid}", summary="Cancel one of my bookings")
    async def cancel(self, request: ByOfficial, booking_id: UUID, ledger: Pool) -> None:
        """Until the meal's cut-off. One that is cancelled stays so."""
        await bookings.cancel(ledger, _diner(request.user), booking_id, datetime.now(UTC))

    @post("/report-outs", summary="Report out: I do not eat at my canteen", status_code=204)
    async def report_out(self, request: ByOfficial, data: NewReportOut, ledger: Pool) -> None:
        """On a day, or on some weekdays of a span, until the cut-off. It binds nobody: I may come all the same."""
        await report_outs.report_out(ledger, _diner(request.user), data, datetime.now(UTC))

    @delete("/report-outs/{report_id:uuid}", summary="Take back one of my report-outs")
    async def end_report_out(self, request: ByOfficial, report_id: UUID, ledger: Pool) -> None:
        """For all meals whose cut-off is to come."""
        await report_outs.end_report_out(ledger, _diner(request.user), report_id, datetime.now(UTC))


def _diner(caller: Caller) -> Diner:
    return Diner(caller.book, caller.holder_id)
