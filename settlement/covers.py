"""Covers: the number of people whose meals were paid. The only thing that the kitchen may learn from payments."""

from datetime import date
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool

QUERIES = load_queries(Path(__file__).parent / "sql" / "covers.sql")


async def covers_on(
    ledger: Pool | Connection, canteen_ids: list[int], on: date, *, within_s: float | None = None
) -> dict[tuple[int, str], int]:
    """Covers of a business date by (canteen, meal); meals without any are omitted.

    ``within_s`` raises the statement's time limit, in a transaction that allows long work.
    """
    rows = await ledger.fetch(QUERIES["covers"], on, canteen_ids, timeout=within_s)
    return {(row["canteen_id"], row["meal"]): row["covers"] for row in rows}


async def closed_until(pool: Pool) -> date | None:
    """The last business date that is closed in every book; None without books."""
    closed: date | None = await pool.fetchval(QUERIES["closed_until"])
    return closed
