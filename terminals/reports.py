"""What terminals let the centre know while they work: that they are there, their clocks, what they have.

A terminal asks for changes every few minutes and closes its shifts; nothing of it is written when it charges.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from terminals.messages import TerminalMessage
from terminals.models import Terminal
from terminals.schemas import ShiftClosing

QUERIES = load_queries(Path(__file__).parent / "sql" / "reports.sql")


async def note_seen(ledger: Pool, message: TerminalMessage, block_list_version: int | None = None) -> None:
    """Keep that a terminal asked for changes, the difference of its clock, and the block list that it said it has."""
    ahead_s = message.signed.created - int(time.time())
    session = message.session
    await ledger.execute(QUERIES["seen"], session.book, session.terminal_id, ahead_s, block_list_version)


async def note_closing(ledger: Pool, terminal: Terminal, closing: ShiftClosing) -> None:
    """Keep of how many payments a terminal did not know the outcome when it closed a shift."""
    closed_at = datetime.fromtimestamp(closing.closed_at, UTC)
    await ledger.execute(QUERIES["closed"], terminal.book, terminal.terminal_id, closing.unknown, closed_at)
