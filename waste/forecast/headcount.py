"""Covers day by day, kept once a day is closed, and the forecast that is made from them."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import LONG_S, Pool, allow_long_work
from settlement.covers import closed_until, covers_on
from waste.forecast.forecasting import Series, forecast
from waste.measures.kitchen_months import add_up, write_alone

QUERIES = load_queries(Path(__file__).parent / "sql" / "headcount.sql")

CATCH_UP_DAYS = 60
HISTORY = timedelta(days=3 * 366)
DAYS_AHEAD = 7

Meal = tuple[int, int, str]
"""Book, canteen, meal."""


async def note_covers(pool: Pool) -> list[date]:
    """Keep the covers of every closed day that are not kept yet; returns those days."""
    last = await closed_until(pool)
    if last is None:
        return []
    kept = await pool.fetchval(QUERIES["last_day"])
    first = max(kept + timedelta(days=1), last - timedelta(days=CATCH_UP_DAYS)) if kept else last
    noted = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        await _note_day(pool, day)
        noted.append(day)
    return noted


async def _note_day(pool: Pool, day: date) -> None:
    places = {row["canteen_id"]: row for row in await pool.fetch(QUERIES["canteens"], day)}
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        covers = await covers_on(connection, list(places), day, within_s=LONG_S)
    rows = [
        (places[canteen]["book"], canteen, day, meal, count, places[canteen]["guests"])
        for (canteen, meal), count in covers.items()
    ]
    # A day on which nobody ate is kept too, or it would be looked for again and again.
    rows += [(p["book"], c, day, "lunch", 0, p["guests"]) for c, p in places.items() if (c, "lunch") not in covers]
    async with pool.acquire() as connection, connection.transaction():
        await write_alone(connection, places)
        await connection.executemany(QUERIES["keep_covers"], rows)
        for book in {place["book"] for place in places.values()}:
            mine = [number for number, place in places.items() if place["book"] == book]
            await add_up(connection, book, mine, day, day)


async def series_of(pool: Pool) -> dict[Meal, Series]:
    """Covers of every canteen's meal, all from the same first to the same last day; a day that is not kept has none.

    Guests (registered visits, and what is booked) reach ``DAYS_AHEAD`` further.
    """
    last = await pool.fetchval(QUERIES["last_day"])
    if last is None:
        return {}
    rows = await pool.fetch(QUERIES["history"], last - HISTORY)
    first = min(row["business_date"] for row in rows)
    length = (last - first).days + 1
    made: dict[Meal, Series] = {}
    for row in rows:
        meal = (row["book"], row["canteen_id"], row["meal"])
        if meal not in made:
            made[meal] = Series(f"{row['name_zh']} {row['meal']}", first, [0] * length, [0] * (length + DAYS_AHEAD))
        at = (row["business_date"] - first).days
        made[meal].covers[at], made[meal].guests[at] = row["covers"], row["guests"]  # type: ignore[index]
    await _add_expected(pool, made, first, last)
    return made


async def _add_expected(pool: Pool, made: dict[Meal, Series], first: date, last: date) -> None:
    """Add the guests of the days to come, and what is booked, to the guests that are known."""
    for row in await pool.fetch(QUERIES["guests_to_come"], last, DAYS_AHEAD):
        for (_, canteen_id, _), series in made.items():
            if canteen_id == row["canteen_id"]:
                series.guests[(row["business_date"] - first).days] = row["guests"]  # type: ignore[index]
    for row in await pool.fetch(QUERIES["bookings"], first):
        known = made.get((row["book"], row["canteen_id"], row["meal"]))
        at = (row["business_date"] - first).days
        if known is not None and at < len(known.guests):
            known.guests[at] += row["booked"]  # type: ignore[index]


async def needs_forecast(pool: Pool) -> bool:
    """Whether a day has been kept since the last forecast."""
    return bool(await pool.fetchval(QUERIES["needs_forecast"]))


async def forecast_covers(pool: Pool, works: Callable[[date], bool]) -> int:
    """Forecast the days after the last one that is kept; returns how many meals were."""
    series = await series_of(pool)
    if not series:
        return 0
    expected = await asyncio.to_thread(forecast, list(series.values()), works, DAYS_AHEAD)
    now = datetime.now(UTC)
    rows = [
        (*meal[:2], s.day(len(s.covers) + ahead), meal[2], day.covers, day.cook_for, now)
        for (meal, s), days in zip(series.items(), expected, strict=True)
        for ahead, day in enumerate(days)
    ]
    async with pool.acquire() as connection, connection.transaction():
        await connection.executemany(QUERIES["keep_forecast"], rows)
    return len(rows)
