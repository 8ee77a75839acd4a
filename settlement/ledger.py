"""Access to the ledger: posting numbers, purses and prices."""

from pathlib import Path
from uuid import UUID

from uuid_utils.compat import uuid7

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from settlement.tariff import Agreement, Rules, Tariff

QUERIES = load_queries(Path(__file__).parent / "sql" / "ledger.sql")


def new_posting_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique without asking anyone, and in time order, so that indexes grow at one end."""
    return uuid7()


async def balances(pool: Pool, book: int, holder_id: int) -> dict[str, int]:
    """The official's purses that are open, in fen."""
    rows = await pool.fetch(QUERIES["balances"], book, holder_id)
    return {row["kind"]: row["balance_fen"] for row in rows}


async def tariffs_of(pool: Pool, book: int, canteen_id: int) -> dict[str, list[Tariff]]:
    """The canteen's tariffs by meal, the newest first."""
    tariffs: dict[str, list[Tariff]] = {}
    for row in await pool.fetch(QUERIES["tariffs"], book, canteen_id):
        tariffs.setdefault(row["meal"], []).append(Tariff(*row))
    return tariffs


async def rules_of(pool: Pool, book: int) -> list[Rules]:
    """A region's rules, the newest first."""
    return [Rules(*row) for row in await pool.fetch(QUERIES["region_rules"], book)]


async def agreements_of(pool: Pool, book: int) -> list[Agreement]:
    """The regions whose officials a host region receives."""
    return [Agreement(*row) for row in await pool.fetch(QUERIES["agreements"], book)]
