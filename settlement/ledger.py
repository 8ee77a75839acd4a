"""Reads from the ledger: balances, prices, region rules; and new posting numbers."""

import os
import time
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from registry.identifiers import Book, CanteenId, HolderId
from settlement.tariff import Agreement, RegionRules, Tariff

QUERIES = load_queries(Path(__file__).parent / "sql" / "ledger.sql")


_RANDOM_BYTES, _FETCHED = 10, 512
_random: list[bytes] = []
"""Random bytes for the next numbers: fetched one by one they would be a system call for every payment."""
os.register_at_fork(after_in_child=_random.clear)


def _fresh_random() -> bytes:
    try:
        return _random.pop()
    except IndexError:
        fetched = os.urandom(_RANDOM_BYTES * _FETCHED)
        _random.extend(fetched[i : i + _RANDOM_BYTES] for i in range(_RANDOM_BYTES, len(fetched), _RANDOM_BYTES))
        return fetched[:_RANDOM_BYTES]


def new_posting_id() -> UUID:
    """A UUIDv7 (RFC 9562 section 5.7): the time in milliseconds, so that indexes grow at one end, and 74 random bits.

    The number opens the posting's receipt, so all its random bits are fresh: the libraries' own counts on from the last
    one within a millisecond, and whoever has a receipt would find its neighbours in a few billion tries.
    """
    random = int.from_bytes(_fresh_random())
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | 7 << 76 | (random >> 62 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1)


def number_at(at: datetime) -> UUID:
    """What the number of a posting at this time begins with."""
    return UUID(int=int(at.timestamp() * 1_000) << 80)


async def totals_of_open_days(pool: Pool) -> list[asyncpg.Record]:
    """Payments and money of each canteen in the open business day of its book, net of reversals."""
    return await pool.fetch(QUERIES["taken_today"])


async def has_open_payments(pool: Pool) -> bool:
    """Whether anything was paid at a canteen in an open business day."""
    return bool(await pool.fetchval(QUERIES["open_payments"]))


async def balances(ledger: Pool | Connection, book: Book, holder_id: HolderId) -> dict[str, int]:
    """Balances of an official's open purses, in fen."""
    rows = await ledger.fetch(QUERIES["balances"], book, holder_id)
    return {row["kind"]: row["balance_fen"] for row in rows}


async def tariffs_of(ledger: Pool | Connection, book: Book, canteen_id: CanteenId) -> dict[str, list[Tariff]]:
    """A canteen's tariffs by meal, newest first."""
    tariffs: dict[str, list[Tariff]] = {}
    for row in await ledger.fetch(QUERIES["tariffs"], book, canteen_id):
        tariffs.setdefault(row["meal"], []).append(as_struct(row, Tariff))
    return tariffs


async def rules_of(ledger: Pool | Connection, book: Book) -> list[RegionRules]:
    """A region's rules, newest first."""
    return [as_struct(row, RegionRules) for row in await ledger.fetch(QUERIES["region_rules"], book)]


async def agreements_of(ledger: Pool | Connection, book: Book) -> list[Agreement]:
    """The agreements under which a host region receives officials of other regions."""
    return [as_struct(row, Agreement) for row in await ledger.fetch(QUERIES["agreements"], book)]
