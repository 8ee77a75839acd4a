"""The net positions of a cycle."""

from datetime import date
from pathlib import Path

import asyncpg

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool

QUERIES = load_queries(Path(__file__).parent / "sql" / "positions.sql")


async def positions_of(connection: Pool | Connection, business_date: date) -> list[asyncpg.Record]:
    """Agency, its names, and its receivable, payable and net position in fen; by agency."""
    return await connection.fetch(QUERIES["positions"], business_date)
