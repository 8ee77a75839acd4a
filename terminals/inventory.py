"""The terminals in use: what each said of itself at its last sign-on, and which are late with the renewal of their key.

A terminal renews its key itself (``terminals.keys``). One that does not still takes payments, so people must learn of
it: it never signs on, or its software cannot.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from registry.identifiers import AgencyId
from terminals.keys import KEY_LIFE
from terminals.schemas import TerminalInfo

QUERIES = load_queries(Path(__file__).parent / "sql" / "inventory.sql")

RENEWED_WITHIN = timedelta(days=7)
"""From when a terminal should renew its key until it is late: one that is used signs on every day."""

LATE_AFTER = KEY_LIFE + RENEWED_WITHIN
"""How old a key is when its renewal is late."""


async def terminals_of(ledger: Pool, agency_id: AgencyId | None = None, *, late: bool = False) -> list[TerminalInfo]:
    """Terminals in use, of one agency or of all; the oldest key first. ``late``: only those that are late with it."""
    since = _late_before()
    rows = await ledger.fetch(QUERIES["inventory"], agency_id, since if late else None)
    return [
        TerminalInfo(**dict(row), renew_key_by=row["key_since"] + LATE_AFTER, is_late=row["key_since"] < since)
        for row in rows
    ]


async def count_late(ledger: Pool) -> int:
    """How many terminals are late with the renewal of their key."""
    count: int = await ledger.fetchval(QUERIES["late"], _late_before())
    return count


def _late_before() -> datetime:
    """A key that is older than this is late."""
    return datetime.now(UTC) - LATE_AFTER
