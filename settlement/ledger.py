"""Access to the ledger: posting numbers, purses and prices."""

from datetime import date
from pathlib import Path
from uuid import UUID

from uuid_utils.compat import uuid7

from registry.named_sql import load_queries
from registry.postgres import Pool
from settlement.tariff import Tariff

QUERIES = load_queries(Path(__file__).parent / "sql" / "ledger.sql")


def new_posting_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique without asking anyone, and in time order, so that indexes grow at one end."""
    return uuid7()


async def balances(pool: Pool, book: int, holder_id: int) -> dict[str, int]:
    """The official's purses that are open, in fen."""
    rows = await pool.fetch(QUERIES["balances"], book, holder_id)
    return {row["purse"]: row["balance_fen"] for row in rows}


async def tariffs_on(pool: Pool, book: int, canteen_id: int, on: date) -> dict[str, Tariff]:
    """The canteen's tariffs by meal, as in force on a date."""
    rows = await pool.fetch(QUERIES["tariffs"], book, canteen_id, on)
    return {row["meal"]: Tariff(*row) for row in rows}
