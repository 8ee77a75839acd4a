"""Reconciliation: shifts' totals against the ledger, the ledger against the bank, purses against the float.

Differences are looked for every few minutes and stored with the moment at which each was first seen, so that people see
its age. One that no longer exists is marked as resolved, never deleted.

Purses against float, per agency: the top-up money in its bank account (the float) equals the balances of its officials'
cash purses plus what they have spent from them.
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg

from clearing.states import DifferenceCause, DifferenceKind
from foundation.calendar import Calendar, add_working_days
from foundation.named_sql import load_queries
from foundation.postgres import Pool, allow_long_work
from registry.identifiers import AgencyId

QUERIES = load_queries(Path(__file__).parent / "sql" / "reconciliation.sql")


PAID_WITHIN_DAYS = 1
"""Working days after a cycle within which its money should have moved."""
PUBLISHED_WITHIN_MIN = 30
"""Minutes after which a cycle that is not published is late."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two records that do not agree, by ``amount_fen``. ``agency_id`` None: it concerns the centre alone.

    ``since``: when it came to be, where that is known; None: it counts from when it was first seen.
    """

    kind: DifferenceKind
    subject: str
    agency_id: AgencyId | None
    amount_fen: int
    cause: DifferenceCause
    since: datetime | None = None


async def find_differences(pool: Pool, calendar: Calendar, now: datetime) -> list[Difference]:
    """All differences at this moment, in one snapshot."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await allow_long_work(connection)
        tills = await connection.fetch(QUERIES["shifts"])
        legs = await connection.fetch(QUERIES["legs_due"])
        entries = await connection.fetch(QUERIES["unmatched_entries"])
        floats = await connection.fetch(QUERIES["floats"], timeout=600)
        cycles = await connection.fetch(QUERIES["late_cycles"], now, PUBLISHED_WITHIN_MIN)
    # A part, or money that came back, is a difference at once; a whole payment only when its day is over.
    due = [leg for leg in legs if leg["moved"] or _pay_until(calendar, leg) < now]
    return [
        *(Difference(DifferenceKind.TERMINAL, t["subject"], t["agency_id"], t["off_fen"], _cause_of(t)) for t in tills),
        *(_leg_difference(leg) for leg in due),
        *(_entry_difference(entry) for entry in entries),
        *(_float_difference(difference) for difference in floats),
        *(_late_cycle(cycle) for cycle in cycles),
    ]


def _leg_difference(leg: asyncpg.Record) -> Difference:
    cause = DifferenceCause(leg["cause"])
    since: datetime = leg["published_at"]
    return Difference(DifferenceKind.BANK_LEG, leg["subject"], leg["agency_id"], leg["left_fen"], cause, since)


def _entry_difference(entry: asyncpg.Record) -> Difference:
    cause = DifferenceCause(entry["verdict"])
    return Difference(DifferenceKind.BANK_ENTRY, entry["subject"], None, entry["open_fen"], cause, entry["taken_at"])


def _float_difference(found: asyncpg.Record) -> Difference:
    cause = DifferenceCause.LEDGER_DAMAGED
    return Difference(DifferenceKind.FLOAT, found["subject"], found["agency_id"], found["off_fen"], cause)


def _late_cycle(cycle: asyncpg.Record) -> Difference:
    cause = DifferenceCause(f"stuck_{cycle['state']}")
    return Difference(DifferenceKind.CYCLE, str(cycle["business_date"]), None, 0, cause, cycle["closing_at"])


def _pay_until(calendar: Calendar, leg: asyncpg.Record) -> datetime:
    return calendar.cut_off_of(payment_due_date(leg["cycle_date"]))


def payment_due_date(business_date: date) -> date:
    """The last day on which the money of a cycle should move."""
    return add_working_days(business_date, PAID_WITHIN_DAYS)


def _cause_of(totals: asyncpg.Record) -> DifferenceCause:
    """Why a terminal and the ledger differ: answers are outstanding, or payments are missing, too
    many, or others."""
    if totals["unknown"]:
        return DifferenceCause.TERMINAL_AWAITS_ANSWERS
    off = (totals["off_payments"], totals["off_fen"])
    if off == (0, 0):
        return DifferenceCause.TERMINAL_SHOWS_OTHERS
    return DifferenceCause.TERMINAL_FORGOT_PAYMENTS if off > (0, 0) else DifferenceCause.TERMINAL_SHOWS_MORE


async def open_differences_by_kind(pool: Pool) -> list[dict[str, Any]]:
    """Kind, number, sum in fen and age of the oldest in seconds of the open differences."""
    return [dict(row) for row in await pool.fetch(QUERIES["alarm"])]


async def reconcile(pool: Pool, calendar: Calendar, now: datetime) -> list[Difference]:
    """Find the differences and store them with their age."""
    found = await find_differences(pool, calendar, now)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(QUERIES["one_reconciler"])
        await connection.executemany(
            QUERIES["keep"],
            [(d.kind, d.subject, d.agency_id, d.amount_fen, d.cause, d.since or now, now) for d in found],
        )
        await connection.execute(QUERIES["resolve_others"], now)
    return found
