"""Covers booked for a meal beyond the registered visitors: a meeting, a course."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import INVALID, Problem
from registry.identifiers import Book, CanteenId
from registry.meals import Meal
from registry.opening import openings
from waste.forecast.schemas import NewBooking

CAME_WITHIN = timedelta(days=3)
"""After the meal's day, to note how many of those who were booked came (assumed)."""
BOOKED_AHEAD = timedelta(days=400)
"""A year and the month after it."""
QUERIES = load_queries(Path(__file__).parent / "sql" / "bookings.sql")


@dataclass(frozen=True, slots=True)
class Booked:
    """Covers booked for a canteen's meal."""

    book: Book
    canteen_id: CanteenId
    meal: Meal
    business_date: date
    booked: int


async def keep_booking(connection: Connection, book: Book, booking: NewBooking, login: str, today: date) -> None:
    """Keep a booking; until the day before, it replaces an earlier one of the same meal.

    From the meal's day on only ``came`` can be added, for ``CAME_WITHIN`` days, to what was booked before.

    Raises Problem(INVALID): the meal's day has come, or is too far away, or is not there yet for ``came``, or the
    meal is not served on that day.
    """
    if booking.business_date - today > BOOKED_AHEAD:
        raise Problem(INVALID, "forecast.booked_too_early", day=booking.business_date, last=today + BOOKED_AHEAD)
    if booking.came is not None and not timedelta(0) <= today - booking.business_date <= CAME_WITHIN:
        last = booking.business_date + CAME_WITHIN
        raise Problem(INVALID, "forecast.came_not_now", first=booking.business_date, last=last)
    if booking.business_date <= today:
        earlier = await connection.fetchval(
            QUERIES["booked"], book, booking.canteen_id, booking.business_date, booking.meal
        )
        if booking.came is None or earlier != booking.booked:
            raise Problem(INVALID, "forecast.booked_too_late", day=booking.business_date)
    elif not (await openings(connection, [booking.canteen_id]))[booking.canteen_id].serves(
        booking.business_date, booking.meal
    ):
        raise Problem(INVALID, "forecast.not_served", day=booking.business_date)
    await connection.execute(
        QUERIES["keep_booking"], book, booking.canteen_id, booking.business_date, booking.meal, booking.booked,
        booking.came, login, datetime.now(UTC),
    )  # fmt: skip


async def bookings_since(pool: Pool, first: date) -> list[Booked]:
    """All bookings of a day and later."""
    return [as_struct(row, Booked) for row in await pool.fetch(QUERIES["bookings_since"], first)]
