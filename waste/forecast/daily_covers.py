"""Covers of closed days: kept once a day is closed, and read as the series that the forecast learns from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import asyncpg

from dining.bookings import booked_people, keep_came
from dining.report_outs import departures
from foundation.catalogue import Language
from foundation.named_sql import load_queries
from foundation.postgres import LONG_S, Connection, Pool, allow_long_work, as_struct
from registry.identifiers import Book, CanteenId
from registry.meals import Meal
from settlement.covers import NO_COVERS, Covers, Named, closed_until, covers_on, given_back
from waste.forecast.bookings import bookings_since
from waste.forecast.series import Series
from waste.measures.monthly_sums import lock_canteens, refresh_months

QUERIES = load_queries(Path(__file__).parent / "sql" / "daily_covers.sql")

CATCH_UP_DAYS = 60
HISTORY = timedelta(days=3 * 366)
DAYS_AHEAD = 7


class CanteenMeal(NamedTuple):
    """A canteen's meal: what a series of covers belongs to."""

    book: Book
    canteen_id: CanteenId
    meal: Meal


@dataclass(frozen=True, slots=True)
class _Canteen:
    book: Book
    canteen_id: CanteenId
    guests: int


@dataclass(frozen=True, slots=True)
class CoverDay:
    """Covers of a canteen's meal on a closed day; ``guests``: visitors who were registered at its agency."""

    book: Book
    canteen_id: CanteenId
    business_date: date
    meal: Meal
    covers: Covers
    guests: int


@dataclass(slots=True)
class _Counts:
    name: str
    covers: list[int]
    guests: list[int]
    present: list[int | None]
    overtime: list[int | None]
    told: list[list[int]]


async def days_to_keep(pool: Pool) -> list[date]:
    """Closed days whose covers are not kept yet, the earliest first."""
    last = await closed_until(pool)
    if last is None:
        return []
    kept = await last_kept_day(pool)
    first = max(kept + timedelta(days=1), last - timedelta(days=CATCH_UP_DAYS)) if kept else last
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


async def keep_closed_days(pool: Pool) -> list[date]:
    """Keep the covers of every closed day that are not kept yet; returns those days.

    A payment may be given back on any later day. With each day that is kept, the days of the payments that were given
    back on it are counted again; a refund has no other limit of time.
    """
    days = await days_to_keep(pool)
    for day in days:
        await _keep_day(pool, day)
    return days


async def _renew_days(pool: Pool, until: date) -> None:
    """Count covers again where payments were given back since covers were last counted so, up to a day."""
    since: date | None = await pool.fetchval(QUERIES["counted_until"])
    for day, canteen_ids in (await given_back(pool, since, until)).items():
        named = await booked_people(pool, canteen_ids, day)
        covers = await _count(pool, canteen_ids, day, named)
        async with pool.acquire() as connection, connection.transaction():
            await lock_canteens(connection, canteen_ids)
            kept = [
                (
                    row["book"],
                    row["canteen_id"],
                    day,
                    row["meal"],
                    *_figures(covers.get((row["canteen_id"], row["meal"]))),
                )
                for row in await connection.fetch(QUERIES["kept"], day, canteen_ids)
            ]
            await connection.executemany(QUERIES["renew_covers"], kept)
            await keep_came(connection, day, _came(named, covers))
            for book in {row[0] for row in kept}:
                mine = sorted({row[1] for row in kept if row[0] == book})
                await refresh_months(connection, book, mine, day, day)


async def last_kept_day(pool: Pool) -> date | None:
    """The last day whose covers are kept."""
    day: date | None = await pool.fetchval(QUERIES["last_day"])
    return day


async def _keep_day(pool: Pool, day: date) -> None:
    await _renew_days(pool, day)
    canteens = [as_struct(row, _Canteen) for row in await pool.fetch(QUERIES["canteens"], day)]
    numbers = [c.canteen_id for c in canteens]
    named = await booked_people(pool, numbers, day)
    covers = await _count(pool, numbers, day, named)
    async with pool.acquire() as connection, connection.transaction():
        await keep_covers(connection, day, _cover_days(canteens, day, covers))
        await keep_came(connection, day, _came(named, covers))


def _came(named: Sequence[Named], covers: Mapping[tuple[int, str], Covers]) -> dict[tuple[int, Meal], int]:
    """How many of those who booked a meal came, of every meal that somebody booked."""
    return {(one.canteen_id, one.meal): covers.get((one.canteen_id, one.meal), NO_COVERS).booked for one in named}


async def _count(
    pool: Pool, canteen_ids: list[CanteenId] | list[int], day: date, named: Sequence[Named]
) -> dict[tuple[int, str], Covers]:
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        return await covers_on(connection, list(canteen_ids), day, named, within_s=LONG_S)


def _cover_days(canteens: Iterable[_Canteen], day: date, covers: Mapping[tuple[int, str], Covers]) -> list[CoverDay]:
    """A row for every meal that was eaten, and one for every lunch: a day without a row would be looked for again."""
    return [
        CoverDay(c.book, c.canteen_id, day, meal, covers.get((c.canteen_id, meal), NO_COVERS), c.guests)
        for c in canteens
        for meal in Meal
        if meal == Meal.LUNCH or (c.canteen_id, meal) in covers
    ]


def _figures(covers: Covers | None) -> tuple[int, int, int, int]:
    found = covers or NO_COVERS
    return found.net, found.gross, found.cheap, found.paid_fen


async def keep_covers(connection: Connection, day: date, rows: Iterable[CoverDay]) -> None:
    """Keep covers of one day and recompute the month's sums, in the caller's transaction."""
    kept = list(rows)
    await lock_canteens(connection, [row.canteen_id for row in kept])
    await connection.executemany(
        QUERIES["keep_covers"],
        [(r.book, r.canteen_id, r.business_date, r.meal, *_figures(r.covers), r.guests) for r in kept],
    )
    for book in {row.book for row in kept}:
        await refresh_months(connection, book, sorted({r.canteen_id for r in kept if r.book == book}), day, day)


async def series_of(pool: Pool) -> dict[CanteenMeal, Series]:
    """Covers of every canteen's meal, all from the same first to the same last day; a day without a row has 0.

    Guests (registered visitors, and what is booked by hand), who is present, and what diners told by bookings and
    report-outs reach ``DAYS_AHEAD`` further.
    """
    last = await last_kept_day(pool)
    if last is None:
        return {}
    rows = await pool.fetch(QUERIES["history"], last - HISTORY)
    first = min(row["business_date"] for row in rows)
    made = _counts_by_meal(rows, first, (last - first).days + 1)
    await _add_expected_guests(pool, made, first, last)
    await _add_attendance(pool, made, first)
    await _add_departures(pool, made, first, last + timedelta(days=DAYS_AHEAD))
    return {meal: Series(first=first, **asdict(counts)) for meal, counts in made.items()}


async def canteen_names(pool: Pool, language: Language) -> dict[CanteenId, str]:
    """Every canteen's name in a language."""
    column = "name_zh" if language is Language.CHINESE else "name_en"
    return {CanteenId(row["canteen_id"]): row[column] for row in await pool.fetch(QUERIES["canteen_names"])}


def _counts_by_meal(rows: Iterable[asyncpg.Record], first: date, length: int) -> dict[CanteenMeal, _Counts]:
    made: dict[CanteenMeal, _Counts] = {}
    for row in rows:
        meal = CanteenMeal(row["book"], row["canteen_id"], Meal(row["meal"]))
        if meal not in made:
            ahead = length + DAYS_AHEAD
            made[meal] = _Counts(
                f"{row['name_zh']} {row['meal']}", [0] * length, [0] * ahead, [None] * ahead, [None] * ahead,
                [[0] * ahead for _ in range(DAYS_AHEAD)],
            )  # fmt: skip
        at = (row["business_date"] - first).days
        made[meal].covers[at], made[meal].guests[at] = row["covers"], row["guests"]
    return made


async def _add_expected_guests(pool: Pool, made: dict[CanteenMeal, _Counts], first: date, last: date) -> None:
    """Set the visitors registered for the days to come, and add the booked covers of every day."""
    for row in await pool.fetch(QUERIES["guests_to_come"], last, DAYS_AHEAD):
        for meal, counts in made.items():
            if meal.canteen_id == row["canteen_id"]:
                counts.guests[(row["business_date"] - first).days] = row["guests"]
    for booking in await bookings_since(pool, first):
        known = made.get(CanteenMeal(booking.book, booking.canteen_id, booking.meal))
        at = (booking.business_date - first).days
        if known is not None and at < len(known.guests):
            known.guests[at] += booking.booked


async def _add_attendance(pool: Pool, made: dict[CanteenMeal, _Counts], first: date) -> None:
    """Set who is present on days of which that was told; who stays late matters for dinner alone."""
    for row in await pool.fetch(QUERIES["attendance"], first):
        at = (row["business_date"] - first).days
        for meal in Meal:
            counts = made.get(CanteenMeal(row["book"], row["canteen_id"], meal))
            if counts is not None and at < len(counts.present):
                counts.present[at] = row["present"]
                if meal == Meal.DINNER:
                    counts.overtime[at] = row["overtime"]


async def _add_departures(pool: Pool, made: dict[CanteenMeal, _Counts], first: date, last: date) -> None:
    """Set by how many people meals depart from the usual, as diners had told one to seven days before."""
    by_place = {(meal.canteen_id, meal.meal): counts for meal, counts in made.items()}
    for one in await departures(pool, first, last, datetime.now(UTC)):
        counts = by_place.get((one.canteen_id, one.meal))
        if counts is not None:
            counts.told[one.horizon - 1][(one.business_date - first).days] = one.people
