"""A terminal's reported totals compared with the ledger's.

Totals count the charges of one epoch up to a sequence number, net of voids. Both sides are stored when the terminal
reports; a later report of the same terminal and epoch replaces the earlier one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Pool

QUERIES = load_queries(Path(__file__).parent / "sql" / "totals.sql")


@dataclass(frozen=True, slots=True)
class Totals:
    """Number of charges and amount in fen, net of voids; ``unknown``: requests without an answer at the terminal."""

    payments: int
    amount_fen: int
    unknown: int = 0


async def compare_totals(
    pool: Pool, book: int, terminal_id: int, epoch: int, through_sequence: int, reported: Totals
) -> Totals:
    """Store a terminal's report with the ledger's own totals; returns the latter."""
    row = await pool.fetchrow(QUERIES["ledger_totals"], book, terminal_id, epoch, through_sequence)
    assert row is not None
    ledger = Totals(row["payments"], row["amount_fen"])
    await pool.execute(
        QUERIES["note_totals"], book, terminal_id, epoch, through_sequence, datetime.now(UTC),
        reported.payments, reported.amount_fen, reported.unknown, ledger.payments, ledger.amount_fen,
    )  # fmt: skip
    return ledger
