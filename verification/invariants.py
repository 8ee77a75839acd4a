"""The first judge: every invariant of the money model, checked on the live database in one snapshot.

Each check is a query of ``sql/invariants.sql`` that returns the rows in which the invariant does not hold, each with
what is wrong and by how much; an invariant holds when there is none. All of them read one REPEATABLE READ snapshot, so
the judge can work while payments go on.
"""

import csv
import hashlib
import io
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from foundation.money import yuan
from foundation.named_sql import load_queries
from foundation.postgres import Connection
from registry.audit import first_break
from registry.models import AuditEntry

QUERIES = load_queries(Path(__file__).parent / "sql" / "invariants.sql")

EXAMPLES_MAX = 3
"""Rows shown for a broken invariant; the count says how many there are."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report. ``figure`` says how much was looked at, or how much is wrong."""

    name: str
    holds: bool
    figure: str
    broken: int = 0
    off_fen: int = 0
    examples: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


CHECKS = {
    "balances_sum_to_zero": ("1 sum of all accounts is zero", "transfers"),
    "stored_balances": ("1 purses equal their transfers", "purses"),
    "account_days": ("1 rolled-up days equal transfers", "account days"),
    "accounts_exist": ("1 both accounts exist", "transfers"),
    "approved_are_posted": ("2 approved requests are posted", "requests"),
    "posted_once": ("3 a request posts at most once", "requests"),
    "posted_were_approved": ("3 postings have their request", "transfers"),
    "forwarded_numbers": ("3 forwarded numbers agree", "requests"),
    "counter_used_once": ("4 a counter is used once", "transfers"),
    "counters_go_up": ("4 counters only go up", "transfers"),
    "last_counters": ("4 credentials know their last counter", "credentials"),
    "credential_owns_purse": ("4 credentials pay from their own", "transfers"),
    "purses_not_negative": ("5 no purse is negative", "purses"),
    "home_or_cash": ("5 visitors pay from cash only", "transfers"),
    "working_meals": ("5 one working meal a visit", "transfers"),
    "closed_accounts": ("5 closed accounts are empty", "purses"),
    "online_top_ups": ("5 online top-ups equal what was paid", "orders"),
    "one_business_day": ("6 every transfer has its day", "transfers"),
    "closed_day_never_changes": ("6 closed days equal their cycle", "closed days"),
    "closed_day_has_cycle": ("6 every closed day is cleared once", "closed days"),
    "reversals": ("6 reversals mirror what they reverse", "transfers"),
    "given_back": ("6 never more given back than paid", "transfers"),
    "positions_sum_to_zero": ("7 net positions sum to zero", "cycles"),
    "positions_equal_obligations": ("7 positions equal obligations", "positions"),
    "fees": ("7 fees equal their meals", "cycles"),
    "settled_money": ("7 settled positions equal their money", "positions"),
    "accepted_disputes": ("7 accepted disputes went back", "disputes"),
    "blocked_do_not_pay": ("8 blocked credentials do not pay", "transfers"),
    "own_canteen": ("9 terminals act for their canteen", "transfers"),
    "second_person": ("9 terminals have a second person", "terminals"),
}
"""Query -> what it shows (the number is the invariant's) and what is looked at."""


async def verify_ledger(url: str, statement_folder: Path) -> list[Check]:
    """Check everything; one line each."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            looked_at = await connection.fetchrow(QUERIES["looked_at"])
            assert looked_at is not None
            report = [
                _judge(name, await connection.fetch(QUERIES[query]), looked_at[population], population)
                for query, (name, population) in CHECKS.items()
            ]
            report.append(await _statements(connection, statement_folder))
            report.append(await _audit_chain(connection))
            return report
    finally:
        await connection.close()


def _judge(name: str, rows: list[asyncpg.Record], count: int, population: str) -> Check:
    """A line from the rows (what, off_fen) in which an invariant does not hold."""
    if not rows:
        return Check(name, True, f"0 of {count:,} {population} broken")
    off_fen = sum(abs(row["off_fen"]) for row in rows)
    examples = [f"{row['what']}: {yuan(row['off_fen'])} yuan" for row in rows[:EXAMPLES_MAX]]
    figure = f"{len(rows):,} of {count:,} {population} broken, {yuan(off_fen)} yuan"
    return Check(name, False, figure, len(rows), off_fen, examples)


async def _statements(connection: Connection, folder: Path) -> Check:
    """Published files are what was published, and their last line is the agency's position."""
    name = "7 statements equal positions"
    wrong = []
    rows = await connection.fetch(QUERIES["statements"])
    for row in rows:
        path = folder / row["cycle_date"].isoformat() / row["file_name"]
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).digest() != row["sha256"]:
            wrong.append(f"{path.name} of {row['cycle_date']} is not what was published")
        elif row["position_fen"] is not None and _last_amount(content) != yuan(row["position_fen"]):
            wrong.append(f"{path.name} of {row['cycle_date']} does not end in {yuan(row['position_fen'])}")
    unpublished = await connection.fetch(QUERIES["missing_statements"])
    wrong += [f"agency {row['agency_id']} has no statement of {row['cycle_date']}" for row in unpublished]
    if wrong:
        return Check(name, False, f"{len(wrong)} broken", len(wrong), 0, wrong[:EXAMPLES_MAX])
    return Check(name, True, f"0 of {len(rows):,} files broken")


def _last_amount(content: bytes) -> str:
    *_, last = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    return last[-1]


async def _audit_chain(connection: Connection) -> Check:
    name = "9 the audit log's chain verifies"
    await connection.set_type_codec("jsonb", encoder=str, decoder=json.loads, schema="pg_catalog")
    rows = await connection.fetch(QUERIES["audit_entries"])
    broken = first_break(AuditEntry(**dict(row)) for row in rows)
    if broken is None:
        return Check(name, True, f"0 of {len(rows):,} entries broken")
    return Check(name, False, f"broken at entry {broken}", 1, 0, [f"audit entry {broken}"])
