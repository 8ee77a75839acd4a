"""Report-outs (报停): a diner says that he does not eat at his own agency's canteen on some days.

They bind nobody: who reported out may eat all the same, and a booking there says that he comes. Kitchens and the
forecast count them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from dining.errors import BOOKING_CLOSED
from dining.offers import Diner, canteen_of, lock_diner
from dining.schemas import NewReportOut, ReportOutShown
from dining.terms import cut_off_of, terms_of
from dining.turns import TURNS
from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.identifiers import CanteenId
from registry.meals import Meal
from registry.models import Canteen
from registry.opening import digits_of, openings

QUERIES = load_queries(Path(__file__).parent / "sql" / "report_outs.sql")

DAYS_AHEAD = timedelta(days=400)
"""A year and the month after it."""

OF_A_DINER_MAX = 50
"""Report-outs of one diner that hold."""

MADE_MAX, MADE_WITHIN = 100, timedelta(days=30)
"""Report-outs that one diner makes, ended ones included: nobody fills the table by changing his mind."""


@dataclass(frozen=True, slots=True)
class Departure:
    """By how many people a meal departs from the usual, as known so many days (``horizon``) before."""

    canteen_id: CanteenId
    business_date: date
    meal: Meal
    horizon: int
    people: int


async def report_out(pool: Pool, diner: Diner, wanted: NewReportOut, now: datetime) -> None:
    """Keep a report-out; one that was sent before stays as it is.

    Raises Problem INVALID (the canteen is another agency's, wrong days), BOOKING_CLOSED (one of its meals is past its
    cut-off), MAY_NOT_EAT (the account is closed), CONFLICT (too many, or the number is another report-out's).
    """
    today = now.astimezone(ZONE).date()
    async with TURNS.one(), pool.acquire() as connection, connection.transaction():
        agency_id = await lock_diner(connection, diner)
        if await _is_known(connection, diner, wanted):
            return
        canteen = await canteen_of(connection, wanted.canteen_id)
        if canteen.agency_id != agency_id:
            raise Problem(INVALID, "report_out.not_home")
        if not today <= wanted.first_day <= wanted.last_day <= today + DAYS_AHEAD:
            raise Problem(INVALID, "report_out.days", first=today, last=today + DAYS_AHEAD)
        await _must_be_in_time(connection, canteen, wanted, now)
        await _must_be_few(connection, diner, now)
        await connection.execute(
            QUERIES["add"], diner.book, wanted.report_id, diner.holder_id, canteen.canteen_id, wanted.first_day,
            wanted.last_day, digits_of(wanted.weekdays), [meal for meal in Meal if meal in wanted.meals], now,
        )  # fmt: skip
        # Somebody else at the same time may have been first with this number.
        await _is_known(connection, diner, wanted)


async def _must_be_few(connection: Connection, diner: Diner, now: datetime) -> None:
    """Raise Problem(CONFLICT) when too many of a diner, who is locked, hold or were made."""
    today = now.astimezone(ZONE).date()
    row = await connection.fetchrow(QUERIES["counts"], diner.book, diner.holder_id, today, now - MADE_WITHIN)
    assert row is not None
    if row["holding"] >= OF_A_DINER_MAX:
        raise Problem(CONFLICT, "report_out.too_many", most=OF_A_DINER_MAX)
    if row["made"] >= MADE_MAX:
        raise Problem(CONFLICT, "report_out.too_many_made", most=MADE_MAX, days=MADE_WITHIN.days)


async def _is_known(connection: Connection, diner: Diner, wanted: NewReportOut) -> bool:
    """Whether the report-out is kept. Raises Problem(CONFLICT): its number is another one's."""
    row = await connection.fetchrow(QUERIES["one"], diner.book, wanted.report_id)
    if row is None:
        return False
    kept = (
        *(row[name] for name in ("holder_id", "canteen_id", "first_day", "last_day", "weekdays")),
        set(row["meals"]),
    )
    asked = (diner.holder_id, wanted.canteen_id, wanted.first_day, wanted.last_day, digits_of(wanted.weekdays))
    if kept != (*asked, set(wanted.meals)):
        raise Problem(CONFLICT, "booking.number_taken")
    return True


async def _must_be_in_time(connection: Connection, canteen: Canteen, wanted: NewReportOut, now: datetime) -> None:
    """Raise Problem(BOOKING_CLOSED) with the first of the meals that is past its cut-off."""
    terms = await terms_of(connection, canteen)
    opening = (await openings(connection, [canteen.canteen_id]))[canteen.canteen_id]
    longest = timedelta(minutes=max(one.cut_off_min for one in terms.values()))
    latest = min(wanted.last_day, (now + longest).astimezone(ZONE).date())
    for ahead in range((latest - wanted.first_day).days + 1):
        day = wanted.first_day + timedelta(days=ahead)
        for hours in opening.on(day).meals if day.isoweekday() in wanted.weekdays else ():
            at = cut_off_of(day, hours.starts, terms[hours.meal].cut_off_min)
            if hours.meal in wanted.meals and now >= at:
                cut_off = at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
                raise Problem(BOOKING_CLOSED, "report_out.closed", day=day, cut_off=cut_off)


async def end_report_out(pool: Pool, diner: Diner, report_id: UUID, now: datetime) -> None:
    """Take a report-out back for all meals whose cut-off is to come. Raises Problem(NOT_FOUND)."""
    async with TURNS.one(), pool.acquire() as connection:
        row = await connection.fetchrow(QUERIES["one"], diner.book, report_id)
        if row is None or row["holder_id"] != diner.holder_id:
            raise Problem(NOT_FOUND, "report_out.not_found")
        await connection.execute(QUERIES["end"], diner.book, report_id, diner.holder_id, now)


async def report_outs_of(pool: Pool, diner: Diner, first: date, last: date) -> list[ReportOutShown]:
    """What a diner reported out for days in a span, in order."""
    return [_shown(row) for row in await pool.fetch(QUERIES["of_diner"], diner.book, diner.holder_id, first, last)]


def _shown(row: asyncpg.Record) -> ReportOutShown:
    return ReportOutShown(
        row["report_id"], row["canteen_id"], row["first_day"], row["last_day"],
        [Meal(meal) for meal in row["meals"]], [int(digit) for digit in row["weekdays"]], row["made_at"],
        row["ended_at"],
    )  # fmt: skip


async def reported_out(
    ledger: Connection | Pool, canteen_id: int, day: date, known_at: Mapping[Meal, datetime]
) -> dict[Meal, int]:
    """People who reported out for meals of a canteen's day, as it was known at a time of each meal."""
    rows = await ledger.fetch(
        QUERIES["reported_out"], canteen_id, day, [str(meal) for meal in known_at], list(known_at.values())
    )
    return {Meal(row["meal"]): row["people"] for row in rows}


async def departures(ledger: Connection | Pool, first: date, last: date, now: datetime) -> list[Departure]:
    """By how much bookings and report-outs change meals of some days, as known one to seven days before each."""
    return [as_struct(row, Departure) for row in await ledger.fetch(QUERIES["departures"], first, last, now)]
