"""What the canteens took on past days, from the sums of their cycles."""

from datetime import date
from pathlib import Path

import asyncpg

from foundation.named_sql import load_queries
from foundation.postgres import Pool

QUERIES = load_queries(Path(__file__).parent / "sql" / "taken_days.sql")


async def taken_on(pool: Pool, business_date: date) -> list[asyncpg.Record]:
    """Payments and money of every canteen on a day that is summed up, net of what was given back."""
    return await pool.fetch(QUERIES["taken_on"], business_date)


async def days_beside(pool: Pool, business_date: date) -> tuple[date | None, date | None]:
    """The next days with payments before and after a day, of those that are summed up."""
    row = await pool.fetchrow(QUERIES["neighbours"], business_date)
    assert row is not None
    return row["before"], row["after"]
