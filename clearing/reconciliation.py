"""Reconciliation: terminals' totals against the ledger, the ledger against the bank, purses against the float.

Differences are looked for every few minutes and kept with the moment at which each was first seen, so that people see
how old it is; one that is gone is resolved, not deleted.

Purses against float, per agency: the top-up money in its bank account (the float) is what its officials still have in
their cash purses, and what they have spent from them.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from foundation.calendar import Calendar, add_working_days
from foundation.named_sql import load_queries
from foundation.postgres import Pool, allow_long_work

QUERIES = load_queries(Path(__file__).parent / "sql" / "reconciliation.sql")

TERMINAL, BANK_LEG, BANK_ENTRY, FLOAT, CYCLE = "terminal", "bank_leg", "bank_entry", "float", "cycle"
"""What can differ."""
KINDS = (TERMINAL, BANK_LEG, BANK_ENTRY, FLOAT, CYCLE)

PAID_WITHIN_DAYS = 1
"""Working days after a cycle within which its money should have moved."""
PUBLISHED_WITHIN_MIN = 30
"""Minutes after which a night that is not published is late."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not agree. ``agency_id`` None: the centre's own; ``amount_fen`` is how far it is off."""

    kind: str
    subject: str
    agency_id: int | None
    amount_fen: int
    cause: str


async def find_differences(pool: Pool, calendar: Calendar, now: datetime) -> list[Difference]:
    """Everything that does not agree at this moment, in one snapshot."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await allow_long_work(connection)
        tills = await connection.fetch(QUERIES["till_totals"])
        legs = await connection.fetch(QUERIES["legs_due"])
        entries = await connection.fetch(QUERIES["unmatched_entries"])
        floats = await connection.fetch(QUERIES["floats"], timeout=600)
        cycles = await connection.fetch(QUERIES["late_cycles"], now, PUBLISHED_WITHIN_MIN)
    due = [leg for leg in legs if _pay_until(calendar, leg) < now]
    return [
        *(Difference(TERMINAL, t["subject"], t["agency_id"], t["off_fen"], _cause_of(t)) for t in tills),
        *(Difference(BANK_LEG, leg["subject"], leg["agency_id"], leg["left_fen"], leg["cause"]) for leg in due),
        *(Difference(BANK_ENTRY, e["entry"], None, e["amount_fen"], e["verdict"]) for e in entries),
        *(Difference(FLOAT, f["subject"], f["agency_id"], f["off_fen"], "ledger_damaged") for f in floats),
        *(Difference(CYCLE, str(c["business_date"]), None, 0, f"stuck_{c['state']}") for c in cycles),
    ]


def _pay_until(calendar: Calendar, leg: asyncpg.Record) -> datetime:
    return calendar.cut_off_of(add_working_days(leg["cycle_date"], PAID_WITHIN_DAYS))


def _cause_of(totals: asyncpg.Record) -> str:
    """Why a terminal and the ledger differ: it waits for answers, it forgot payments, or it shows too many."""
    if totals["unknown"]:
        return "terminal_awaits_answers"
    return "terminal_forgot_payments" if totals["off_payments"] > 0 else "terminal_shows_more"


async def reconcile(pool: Pool, calendar: Calendar, now: datetime) -> list[Difference]:
    """Find the differences and keep them with their age."""
    found = await find_differences(pool, calendar, now)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(QUERIES["one_reconciler"])
        await connection.executemany(
            QUERIES["keep"], [(d.kind, d.subject, d.agency_id, d.amount_fen, d.cause, now) for d in found]
        )
        await connection.execute(QUERIES["resolve_others"], now)
    return found
