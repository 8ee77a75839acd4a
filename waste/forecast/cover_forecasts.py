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
    """Forecast the days after the last one that is kept; returns the number of meals."""
    # Imported when needed: it costs 60 MB, and API workers never forecast.
    from waste.forecast.forecasting import forecast

    series = await series_of(pool)
    if not series:
        return 0
    expected = await asyncio.to_thread(forecast, list(series.values()), works, DAYS_AHEAD)
    now = datetime.now(UTC)
    rows = [
        (
            meal.book,
            meal.canteen_id,
            s.day(len(s.covers) + ahead),
            meal.meal,
            day.covers,
            day.cook_for,
            day.surplus,
            now,
        )
        for (meal, s), days in zip(series.items(), expected, strict=True)
        for ahead, day in enumerate(days)
    ]
    async with pool.acquire() as connection, connection.transaction():
        await connection.executemany(QUERIES["keep_forecast"], rows)
    return len(rows)


async def forecasts_on(pool: Pool, business_date: date, canteen_ids: Iterable[int]) -> list[CoverForecast]:
    """The forecasts of a day for some canteens, with the actual covers once the day is closed."""
    rows = await pool.fetch(QUERIES["forecasts"], business_date, list(canteen_ids))
    return [as_struct(row, CoverForecast) for row in rows]
