"""What a terminal says it took, against what the ledger has under its numbers.

A total counts the charges of one epoch up to a sequence number, net of voids. It is compared when it is reported, and
both sides are kept: a later report of the same terminal and epoch takes the place of the earlier one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Pool

QUERIES = load_queries(Path(__file__).parent / "sql" / "totals.sql")


@dataclass(frozen=True, slots=True)
class Totals:
    """Charges and money in fen, net of voids; ``unknown``: requests whose answer the terminal does not have."""

    payments: int
    amount_fen: int
    unknown: int = 0


async def compare_totals(
    pool: Pool, book: int, terminal_id: int, epoch: int, through_sequence: int, reported: Totals
) -> Totals:
    """Keep a terminal's report beside the ledger's own totals, and return the latter."""
    row = await pool.fetchrow(QUERIES["ledger_totals"], book, terminal_id, epoch, through_sequence)
    assert row is not None
    ledger = Totals(row["payments"], row["amount_fen"])
    await pool.execute(
        QUERIES["note_totals"], book, terminal_id, epoch, through_sequence, datetime.now(UTC),
        reported.payments, reported.amount_fen, reported.unknown, ledger.payments, ledger.amount_fen,
    )  # fmt: skip
    return ledger
