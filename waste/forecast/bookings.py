"""Covers booked for a meal beyond the registered visitors: a meeting, a course."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from registry.identifiers import Book, CanteenId
from registry.meals import Meal
from waste.forecast.schemas import NewBooking

QUERIES = load_queries(Path(__file__).parent / "sql" / "bookings.sql")


@dataclass(frozen=True, slots=True)
class Booked:
    """Covers booked for a canteen's meal."""

    book: Book
    canteen_id: CanteenId
    meal: Meal
    business_date: date
    booked: int


async def keep_booking(connection: Connection, book: Book, booking: NewBooking, login: str) -> None:
    """Keep a booking; it replaces an earlier one of the same meal, but for ``came`` when that is not given."""
    await connection.execute(
        QUERIES["keep_booking"], book, booking.canteen_id, booking.business_date, booking.meal, booking.booked,
        booking.came, login, datetime.now(UTC),
    )  # fmt: skip


async def bookings_since(pool: Pool, first: date) -> list[Booked]:
    """All bookings of a day and later."""
    return [as_struct(row, Booked) for row in await pool.fetch(QUERIES["bookings_since"], first)]
