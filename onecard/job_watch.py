"""Whether the job runner does its work: its heartbeat, and how late the end of the day is."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import structlog

from clearing.closing import open_dates
from foundation.calendar import Calendar
from foundation.named_sql import load_queries
from foundation.postgres import LOST_CONNECTION, Pool

log = structlog.get_logger()

QUERIES = load_queries(Path(__file__).parent / "sql" / "job_runner.sql")

SILENT_AFTER_S = 60.0
"""The runner sends a heartbeat every ten seconds."""

LATE_AFTER_S = 600.0
"""The runner looks once a minute whether a cut-off has passed."""

LOOK_EVERY_S = 5.0


async def silence_s(pool: Pool) -> float:
    """Seconds since the last heartbeat of any job runner; infinite when none has ever run."""
    seconds = await pool.fetchval(QUERIES["silence"])
    return float("inf") if seconds is None else float(seconds)


class JobWatch:
    """What a worker knows of the job runner."""

    def __init__(self, ledger: Pool, calendar: Calendar) -> None:
        self._ledger = ledger
        self._calendar = calendar
        self.silent_s = 0.0
        """Seconds since its last heartbeat."""
        self.day_late_s = 0.0
        """Seconds since the cut-off of a business day that is still open."""

    async def follow(self) -> None:
        """Look every ``LOOK_EVERY_S``, until cancelled."""
        while True:
            try:
                self.silent_s = await silence_s(self._ledger)
                cut_offs = [self._calendar.cut_off_of(day) for day in (await open_dates(self._ledger)).values()]
                now = datetime.now(UTC)
                self.day_late_s = max(0.0, *((now - cut_off).total_seconds() for cut_off in cut_offs))
            except (*LOST_CONNECTION, TimeoutError, asyncpg.PostgresError) as error:
                log.warning("job_runner_not_looked_at", error=repr(error))
            await asyncio.sleep(LOOK_EVERY_S)

    def state(self) -> str:
        """``ok``, or what is wrong."""
        if self.silent_s > SILENT_AFTER_S:
            return f"silent for {self.silent_s:.0f} s"
        if self.day_late_s > LATE_AFTER_S:
            return f"a business day should have ended {self.day_late_s:.0f} s ago"
        return "ok"
