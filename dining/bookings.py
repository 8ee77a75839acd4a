"""Bookings of meals by those who eat them: within the meal's capacity, until its cut-off.

``booked ──cancel──▶ cancelled``. A booking has the number that its caller gave it, so that it can be sent again.
Whether who booked came is known from the payments, as a count: who ate where is in the ledger and nowhere else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from dining.errors import BOOKING_CLOSED, MEAL_FULL
from dining.offers import Diner, canteen_of, lock_diner, offer_of
from dining.report_outs import reported_out
from dining.schemas import MealBookingShown, MealNumbers, NewMealBooking
from dining.terms import CUT_OFF_MIN, cut_off_of, terms_of
from dining.turns import TURNS
from dining.vocabulary import BookingState
from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, UNAVAILABLE, Problem
from registry.meals import Meal
from registry.models import Canteen
from registry.opening import DAYS_MAX, openings
from settlement.covers import Named

QUERIES = load_queries(Path(__file__).parent / "sql" / "bookings.sql")

DAYS_AHEAD = timedelta(days=31)
"""How long before its day a meal can be booked."""

DAYS_SHOWN_MAX = 100
"""Of one answer: six hundred bookings at most, a quarter of a megabyte."""

OF_A_MEAL_MAX = 20
"""Bookings of one diner for one meal, cancelled ones included: nobody fills the table by changing his mind."""


async def book(pool: Pool, diner: Diner, wanted: NewMealBooking, now: datetime) -> MealBookingShown:
    """Book a meal. A booking that was sent before is shown as it is.

    Raises Problem MAY_NOT_EAT (as ``offer_of``), BOOKING_CLOSED, MEAL_FULL, INVALID (no such meal, too early),
    NOT_FOUND, CONFLICT (the diner has booked that meal already, or the number is another booking's).
    """
    try:
        async with TURNS.one(), pool.acquire() as connection, connection.transaction():
            await lock_diner(connection, diner)
            return await _known(connection, diner, wanted) or await _book(connection, diner, wanted, now)
    except asyncpg.UniqueViolationError:
        # Somebody else at the same time, under the same number.
        raise Problem(UNAVAILABLE, retry_after_s=1) from None


async def _book(connection: Connection, diner: Diner, wanted: NewMealBooking, now: datetime) -> MealBookingShown:
    canteen = await canteen_of(connection, wanted.canteen_id)
    must_be_soon(wanted.business_date, now)
    terms = (await terms_of(connection, canteen))[wanted.meal]
    cut_off_at = await cut_off(connection, canteen, wanted.business_date, wanted.meal, terms.cut_off_min)
    must_be_before(cut_off_at, now)
    offer = await offer_of(connection, diner, canteen, wanted.business_date, wanted.meal)
    made = await connection.fetchval(
        QUERIES["book"], canteen.book, canteen.canteen_id, wanted.business_date, wanted.meal, terms.capacity,
        diner.book, wanted.booking_id, diner.holder_id, offer.agency_id, canteen.agency_id, offer.on_visit,
        offer.price_fen, offer.limit_fen, now,
    )  # fmt: skip
    if made is None:
        raise Problem(MEAL_FULL, "booking.full", capacity=terms.capacity)
    return MealBookingShown(
        wanted.booking_id, canteen.canteen_id, canteen.name_zh, canteen.name_en, wanted.business_date, wanted.meal,
        offer.price_fen, offer.limit_fen, BookingState.BOOKED, now, cut_off_at,
    )  # fmt: skip


async def _known(connection: Connection, diner: Diner, wanted: NewMealBooking) -> MealBookingShown | None:
    """The booking of this number. Raises Problem(CONFLICT): it is another one, or the diner may make no new one."""
    meal = wanted.business_date, wanted.meal
    rows = await connection.fetch(QUERIES["of_meal"], diner.book, wanted.booking_id, diner.holder_id, *meal)
    for row in rows:
        if row["booking_id"] == wanted.booking_id:
            same = (row["holder_id"], row["canteen_id"], row["business_date"], row["meal"])
            if same != (diner.holder_id, wanted.canteen_id, *meal):
                raise Problem(CONFLICT, "booking.number_taken")
            return (await _shown(connection, [row]))[0]
    if any(row["state"] == BookingState.BOOKED for row in rows):
        raise Problem(CONFLICT, "booking.already")
    if len(rows) >= OF_A_MEAL_MAX:
        raise Problem(CONFLICT, "booking.too_many", most=OF_A_MEAL_MAX)
    return None


def must_be_soon(day: date, now: datetime) -> None:
    """Raise Problem(INVALID) for a day before today or more than ``DAYS_AHEAD`` ahead."""
    today = now.astimezone(ZONE).date()
    if not today <= day <= today + DAYS_AHEAD:
        raise Problem(INVALID, "booking.not_now", day=day, first=today, last=today + DAYS_AHEAD)


async def cut_off(connection: Connection | Pool, canteen: Canteen, day: date, meal: Meal, cut_off_min: int) -> datetime:
    """Until when a meal is booked. Raises Problem(INVALID): it is not served on that day."""
    opening = (await openings(connection, [canteen.canteen_id]))[canteen.canteen_id]
    for hours in opening.on(day).meals:
        if hours.meal == meal:
            return cut_off_of(day, hours.starts, cut_off_min)
    raise Problem(INVALID, "menu.not_served", day=day)


def must_be_before(cut_off_at: datetime, now: datetime) -> None:
    """Raise Problem(BOOKING_CLOSED) from the cut-off on."""
    if now >= cut_off_at:
        raise Problem(BOOKING_CLOSED, "booking.closed", cut_off=cut_off_at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M"))


async def cancel(pool: Pool, diner: Diner, booking_id: UUID, now: datetime) -> None:
    """Cancel a booking until its cut-off; one that is cancelled stays so. Raises Problem NOT_FOUND, BOOKING_CLOSED."""
    async with TURNS.one(), pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(QUERIES["one"], diner.book, diner.holder_id, booking_id)
        if row is None:
            raise Problem(NOT_FOUND, "booking.not_found")
        if row["state"] == BookingState.CANCELLED:
            return
        [shown] = await _shown(connection, [row])
        if shown.cut_off_at is not None:
            must_be_before(shown.cut_off_at, now)
        meal = await connection.fetchval(QUERIES["book_of_canteen"], row["canteen_id"]), *_meal_of(row)
        # First the count, as who books does.
        await connection.fetchval(QUERIES["lock_meal"], *meal)
        if await connection.fetchval(QUERIES["cancel"], diner.book, booking_id, now):
            await connection.execute(QUERIES["free"], *meal)


def _meal_of(row: asyncpg.Record) -> tuple[int, date, str]:
    return row["canteen_id"], row["business_date"], row["meal"]


async def bookings_of(pool: Pool, diner: Diner, first: date, last: date) -> list[MealBookingShown]:
    """A diner's bookings of some days, in order; of each meal the last one that was cancelled, too."""
    return await _shown(pool, await pool.fetch(QUERIES["of_diner"], diner.book, diner.holder_id, first, last))


async def all_bookings_of(pool: Pool, diner: Diner) -> list[MealBookingShown]:
    """All bookings that a diner ever made, in order."""
    return await _shown(pool, await pool.fetch(QUERIES["ever_of_diner"], diner.book, diner.holder_id))


async def cut_off_minutes(ledger: Connection | Pool, canteens: Iterable[int]) -> dict[tuple[int, str], int]:
    """How long before they begin meals of some canteens are booked, where it is not ``CUT_OFF_MIN``."""
    rows = await ledger.fetch(QUERIES["cut_offs"], list(canteens))
    return {(row["canteen_id"], row["meal"]): row["cut_off_min"] for row in rows}


async def _shown(ledger: Connection | Pool, rows: Sequence[asyncpg.Record]) -> list[MealBookingShown]:
    """Bookings with their cut-offs."""
    numbers = {row["canteen_id"] for row in rows}
    open_at = await openings(ledger, numbers) if numbers else {}
    minutes = await cut_off_minutes(ledger, numbers)

    def cut_off_at(row: asyncpg.Record) -> datetime | None:
        for hours in open_at[row["canteen_id"]].on(row["business_date"]).meals:
            if hours.meal == row["meal"]:
                at = minutes.get((row["canteen_id"], row["meal"]), CUT_OFF_MIN)
                return cut_off_of(row["business_date"], hours.starts, at)
        return None

    return [
        MealBookingShown(
            **{name: row[name] for name in MealBookingShown.__struct_fields__ if name not in ("meal", "cut_off_at")},
            meal=Meal(row["meal"]),
            cut_off_at=cut_off_at(row),
        )
        for row in rows
    ]


async def numbers_of(pool: Pool, canteen: Canteen, day: date, now: datetime) -> list[MealNumbers]:
    """The bookings of a canteen's meals of a day in numbers, in the order of the meals. Raises Problem(INVALID)."""
    if abs((day - now.astimezone(ZONE).date()).days) > DAYS_MAX:
        raise Problem(INVALID, "canteen.days", most=DAYS_MAX)
    terms = await terms_of(pool, canteen)
    meals = (await openings(pool, [canteen.canteen_id]))[canteen.canteen_id].on(day).meals
    cut_offs = {one.meal: cut_off_of(day, one.starts, terms[one.meal].cut_off_min) for one in meals}
    booked = {row["meal"]: row for row in await pool.fetch(QUERIES["numbers"], canteen.book, canteen.canteen_id, day)}
    out = await reported_out(pool, canteen.canteen_id, day, {meal: min(at, now) for meal, at in cut_offs.items()})
    return [
        MealNumbers(
            meal=one.meal,
            starts=one.starts,
            cut_off_at=cut_offs[one.meal],
            capacity=terms[one.meal].capacity,
            booked=booked[one.meal]["booked"] if one.meal in booked else 0,
            visitors=booked[one.meal]["visitors"] if one.meal in booked else 0,
            reported_out=out.get(one.meal, 0),
            came=booked[one.meal]["came"] if one.meal in booked else None,
        )
        for one in meals
    ]


async def booked_people(ledger: Connection | Pool, canteen_ids: Collection[int], day: date) -> list[Named]:
    """Who has booked a meal of a day at some canteens."""
    rows = await ledger.fetch(QUERIES["booked_people"], list(canteen_ids), day)
    return [as_struct(row, Named) for row in rows]


async def keep_came(connection: Connection, day: date, came: Mapping[tuple[int, Meal], int]) -> None:
    """Keep how many of those who booked a meal came; again changes nothing."""
    await connection.executemany(
        QUERIES["keep_came"], [(canteen_id, day, meal, people) for (canteen_id, meal), people in sorted(came.items())]
    )
