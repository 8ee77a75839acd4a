"""``onecard verify``: every invariant of the money model, checked on the live database in one snapshot.

Each check is a query of ``sql/invariants.sql`` that returns the rows in which the invariant does not hold, with the
amount by which each is off. An invariant holds when its query returns no row. All queries read one REPEATABLE READ
snapshot, so payments may go on meanwhile. The catalogue has the names: ``verification.check.<query>``.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from clearing.proof import published_audit_heads
from foundation import catalogue
from foundation.catalogue import Language
from foundation.keys import KeyRing
from foundation.money import yuan
from foundation.named_sql import load_queries
from foundation.postgres import Connection, as_struct
from registry.audit import Head, first_break, holds
from registry.audit_trail import read_head
from registry.models import AuditEntry
from settlement.shifts import is_signed
from verification.published import Fault, check_files, check_manifests, check_trees

QUERIES = load_queries(Path(__file__).parent / "sql" / "invariants.sql")

EXAMPLES_MAX = 3
"""Rows shown for a broken invariant; the count says how many there are."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """One query of the report: the number of its invariant, what it reads, and what one of its rows is.

    ``population``: a column of the query ``looked_at`` and a message ``verification.population.<population>``.
    ``subject``: a message ``verification.subject.<subject>`` whose placeholders are columns of the query.
    """

    number: int
    query: str
    population: str
    subject: str


INVARIANTS = (
    Invariant(1, "balances_sum_to_zero", "transfers", "all_accounts"),
    Invariant(1, "stored_balances", "purses", "purse_of_book"),
    Invariant(1, "account_days", "account_days", "account_day"),
    Invariant(1, "accounts_exist", "transfers", "posting_part"),
    Invariant(1, "references_exist", "references", "reference"),
    Invariant(2, "approved_are_posted", "requests", "request"),
    Invariant(3, "posted_once", "requests", "request"),
    Invariant(3, "posted_were_approved", "transfers", "posting"),
    Invariant(3, "forwarded_numbers", "requests", "request"),
    Invariant(4, "counter_used_once", "transfers", "counter"),
    Invariant(4, "counters_in_window", "transfers", "counter"),
    Invariant(4, "last_counters", "credentials", "credential"),
    Invariant(4, "counters_used", "transfers", "counter"),
    Invariant(4, "credential_owns_purse", "transfers", "posting"),
    Invariant(5, "purses_not_negative", "purses", "purse"),
    Invariant(5, "home_or_cash", "transfers", "posting"),
    Invariant(5, "working_meals", "transfers", "posting"),
    Invariant(5, "closed_accounts", "purses", "purse"),
    Invariant(5, "online_top_ups", "orders", "order"),
    Invariant(6, "one_business_day", "transfers", "posting_on_day"),
    Invariant(6, "closed_day_never_changes", "closed_days", "obligation"),
    Invariant(6, "closed_day_has_cycle", "closed_days", "book_day"),
    Invariant(6, "reversals", "transfers", "posting_part"),
    Invariant(6, "given_back", "transfers", "payment_part"),
    Invariant(7, "positions_sum_to_zero", "cycles", "cycle"),
    Invariant(7, "positions_equal_obligations", "positions", "agency_in_cycle"),
    Invariant(7, "fees", "cycles", "fee"),
    Invariant(7, "settled_money", "positions", "agency_in_cycle"),
    Invariant(7, "resolved_entries", "bank_entries", "bank_entry"),
    Invariant(7, "accepted_disputes", "disputes", "dispute"),
    Invariant(7, "agreed_shifts", "closings", "shift"),
    Invariant(7, "sale_lines", "sale_lines", "posting"),
    Invariant(7, "take_away_sales", "sale_lines", "posting"),
    Invariant(8, "blocked_do_not_pay", "transfers", "posting_by_credential"),
    Invariant(9, "own_canteen", "transfers", "posting_by_terminal"),
    Invariant(9, "own_sheet", "transfers", "posting_by_terminal"),
    Invariant(9, "second_person", "terminals", "terminal"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not hold; ``off_fen`` is none where no amount is concerned."""

    subject: str
    columns: dict[str, Any]
    off_fen: int | None = None

    def text(self, language: Language) -> str:
        """For people."""
        subject = catalogue.text(f"verification.subject.{self.subject}", language, **self.columns)
        if self.off_fen is None:
            return subject
        return catalogue.text("verification.difference", language, subject=subject, amount=yuan(self.off_fen))


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report: how much was read, how much of it is broken, and by which amount in fen."""

    number: int
    code: str
    population: str
    count: int
    broken: int = 0
    off_fen: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the invariant holds."""
        return self.broken == 0

    def name(self, language: Language) -> str:
        """The invariant's number and name."""
        return f"{self.number} {catalogue.text(f'verification.check.{self.code}', language)}"

    def figure(self, language: Language) -> str:
        """How much was read, and how much of it is broken."""
        population = catalogue.text(f"verification.population.{self.population}", language, count=f"{self.count:,}")
        if self.holds:
            return catalogue.text("verification.figure.holds", language, population=population)
        broken, amount = f"{self.broken:,}", yuan(self.off_fen)
        if self.off_fen == 0:
            return catalogue.text("verification.figure.broken", language, population=population, broken=broken)
        return catalogue.text(
            "verification.figure.broken_by", language, population=population, broken=broken, amount=amount
        )

    def examples(self, language: Language) -> list[str]:
        """The first few differences."""
        return [difference.text(language) for difference in self.differences[:EXAMPLES_MAX]]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``: always in English, with a stable ``code``."""
        return {
            "code": self.code,
            "name": self.name(Language.ENGLISH),
            "holds": self.holds,
            "figure": self.figure(Language.ENGLISH),
            "broken": self.broken,
            "off_fen": self.off_fen,
            "examples": self.examples(Language.ENGLISH),
        }


async def verify_ledger(url: str, statement_folder: Path, keys: KeyRing) -> list[Check]:
    """Check every invariant; one line each. ``keys``: the evidence is sealed with keys that are not in the database."""
    # Before the snapshot, which then has every entry up to it.
    audit_head = read_head(statement_folder)
    # On Citus: one check joins what stands on different nodes, and each node has one snapshot only on one connection.
    # Elsewhere nobody reads these.
    on_nodes = {"citus.enable_repartition_joins": "on", "citus.max_adaptive_executor_pool_size": "1"}
    connection = await asyncpg.connect(url, server_settings=on_nodes | {"citus.override_table_visibility": "off"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            looked_at = await connection.fetchrow(QUERIES["looked_at"])
            assert looked_at is not None
            report = [
                _check(invariant, await connection.fetch(QUERIES[invariant.query]), looked_at[invariant.population])
                for invariant in INVARIANTS
            ]
            report += await _published(connection, statement_folder, keys.every_centre_public_key)
            report.append(await _shift_signatures(connection))
            report.append(await _audit_chain(connection, keys.audit_key))
            report.append(await _audit_heads(connection, keys.every_centre_public_key, audit_head))
            return report
    finally:
        await connection.close()


def _check(invariant: Invariant, rows: list[asyncpg.Record], count: int) -> Check:
    """A line from the rows in which an invariant does not hold."""
    differences = []
    for row in rows:
        columns = dict(row)
        differences.append(Difference(invariant.subject, columns, columns.pop("off_fen")))
    off_fen = sum(abs(difference.off_fen or 0) for difference in differences)
    return Check(
        invariant.number, invariant.query, invariant.population, count, len(rows), off_fen, differences[:EXAMPLES_MAX]
    )


async def _published(connection: Connection, folder: Path, centre_public_keys: Sequence[bytes]) -> list[Check]:
    """What was published, compared with what the centre signed."""
    manifests, cycles, wrong = await check_manifests(connection, centre_public_keys)
    files, altered = await check_files(connection, manifests, folder)
    return [
        _found(7, "statements", "files", files, altered),
        _found(7, "manifests", "cycles", cycles, wrong),
        _found(7, "trees", "cycles", len(manifests), await check_trees(connection, manifests, folder)),
    ]


def _found(number: int, code: str, population: str, count: int, faults: list[Fault]) -> Check:
    wrong = [Difference(fault.subject, asdict(fault)) for fault in faults[:EXAMPLES_MAX]]
    return Check(number, code, population, count, len(faults), 0, wrong)


async def _shift_signatures(connection: Connection) -> Check:
    wrong, count = [], 0
    async for row in connection.cursor(QUERIES["shift_closings"]):
        count += 1
        if not is_signed(row["body"], row["signature_base"], row["signature"], row["public_key"]):
            columns = {name: row[name] for name in ("terminal_id", "epoch", "shift")}
            wrong.append(Difference("shift", columns))
    return Check(7, "shift_signatures", "closings", count, len(wrong), 0, wrong[:EXAMPLES_MAX])


async def _audit_chain(connection: Connection, key: bytes) -> Check:
    await connection.set_type_codec("jsonb", encoder=str, decoder=json.loads, schema="pg_catalog")
    rows = await connection.fetch(QUERIES["audit_entries"])
    broken = first_break((as_struct(row, AuditEntry) for row in rows), key)
    wrong = [] if broken is None else [Difference("audit_entry", {"entry": broken})]
    return Check(9, "audit_chain", "entries", len(rows), len(wrong), 0, wrong)


async def _audit_heads(connection: Connection, centre_public_keys: Sequence[bytes], kept: Head | None) -> Check:
    """Compare the log with its heads outside the database: in the file of the job runner, and in every manifest."""
    heads = [
        (Difference("audit_head_manifest", {"cycle_date": cycle_date, "entry": head.entries}), head)
        for cycle_date, head in (await published_audit_heads(connection, centre_public_keys)).items()
    ]
    if kept is not None:
        heads.append((Difference("audit_head_file", {"entry": kept.entries}), kept))
    wrong = [difference for difference, head in heads if not await holds(connection, head)]
    return Check(9, "audit_heads", "heads", len(heads), len(wrong), 0, wrong[:EXAMPLES_MAX])
