"""Shifts of a business day that need a look: payments outside every shift, shifts left open, closings that differ.

Nothing of it stops the close of a day: it is read when somebody asks. Once a shift's totals differ they are also among
the differences (``clearing.reconciliation``).
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from clearing.schemas import ShiftFinding
from foundation.calendar import Calendar
from foundation.named_sql import load_queries
from foundation.postgres import Pool, allow_long_work, as_struct
from registry.identifiers import AgencyId

QUERIES = load_queries(Path(__file__).parent / "sql" / "shifts.sql")


FIRST_DAY = date(2020, 1, 1)
"""Before every shift."""

AHEAD = timedelta(days=31)
"""Days may be closed early: the open one is ahead of the clock then, but not by so much."""


async def findings(
    ledger: Pool, calendar: Calendar, business_date: date, agency_id: AgencyId | None
) -> list[ShiftFinding]:
    """What of a day's shifts needs a look, of one agency's tills or of all; at most 1,000."""
    if not FIRST_DAY <= business_date <= datetime.now(UTC).date() + AHEAD:
        return []
    begins, ends = (calendar.cut_off_of(day) for day in (business_date - timedelta(days=1), business_date))
    async with ledger.acquire() as connection, connection.transaction(readonly=True):
        await allow_long_work(connection)
        rows = await connection.fetch(QUERIES["findings"], business_date, agency_id, begins, ends, timeout=60)
    return [as_struct(row, ShiftFinding) for row in rows]
