"""The forecast of the coming week: made after a day is closed, and kept until the next one replaces it."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from registry.identifiers import CanteenId
from registry.meals import Meal
from registry.opening import openings
from waste.forecast.daily_covers import DAYS_AHEAD, series_of

QUERIES = load_queries(Path(__file__).parent / "sql" / "cover_forecasts.sql")


@dataclass(frozen=True, slots=True)
class CoverForecast:
    """Covers to expect at a canteen's meal, portions to prepare, and how many are left over on average.

    ``surplus``: None in forecasts of earlier releases. ``actual``: once the day is closed.
    """

    canteen_id: CanteenId
    meal: Meal
    covers: int
    cook_for: int
    surplus: int | None
    made_at: datetime
    actual: int | None


async def needs_forecast(pool: Pool) -> bool:
    """Whether a day has been kept since the last forecast."""
    return bool(await pool.fetchval(QUERIES["needs_forecast"]))


async def forecast_covers(pool: Pool, works: Callable[[date], bool]) -> int:
    """Forecast the days after the last one that is kept; returns the number of meals.

    Nobody is expected at a meal that the canteen's calendar does not have on a day.
    """
    # Imported when needed: it costs 60 MB, and API workers never forecast.
    from waste.forecast.forecasting import Expected, forecast

    series = await series_of(pool)
    if not series:
        return 0
    expected = await asyncio.to_thread(forecast, list(series.values()), works, DAYS_AHEAD)
    closed = Expected(0, 0, 0)
    now, calendar = datetime.now(UTC), await openings(pool)
    rows = [
        (meal.book, meal.canteen_id, on, meal.meal, found.covers, found.cook_for, found.surplus, now)
        for (meal, s), days in zip(series.items(), expected, strict=True)
        for ahead, day in enumerate(days)
        for on in (s.day(len(s.covers) + ahead),)
        for found in (day if calendar[meal.canteen_id].serves(on, meal.meal) else closed,)
    ]
    async with pool.acquire() as connection, connection.transaction():
        await connection.executemany(QUERIES["keep_forecast"], rows)
    return len(rows)


async def forecasts_on(pool: Pool, business_date: date, canteen_ids: Iterable[int]) -> list[CoverForecast]:
    """The forecasts of a day for some canteens, with the actual covers once the day is closed.

    A meal that is not served on the day has none, also when that was decided after the forecast.
    """
    numbers = list(canteen_ids)
    rows, calendar = await pool.fetch(QUERIES["forecasts"], business_date, numbers), await openings(pool, numbers)
    return [
        as_struct(row, CoverForecast) for row in rows if calendar[row["canteen_id"]].serves(business_date, row["meal"])
    ]
