"""Whether a payment would succeed in this worker, as far as the ledger is concerned.

A probe does what every payment needs: it passes the day gates, locks a purse, writes and commits. The payments
themselves tell the rest: how long the oldest has been under way, and whether they fail.
"""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import structlog

from foundation.named_sql import load_queries
from foundation.postgres import UNKNOWN_OUTCOME, Pool
from settlement.charging import Charger

log = structlog.get_logger()

QUERIES = load_queries(Path(__file__).parent / "sql" / "probe.sql")

PROBE_EVERY_S = 1.0

MISSED_AFTER_S = 5.0
"""Nothing that a payment needs may be missing for longer: a terminal gives up after 12 s."""

FAILURES_MAX = 3
"""So many charges in a row without a known outcome are no longer the trouble of one official."""

FAILED_WITHIN_S = 30.0
"""Failures are forgotten after this time: without traffic nothing else would end them."""


class Readiness:
    """Probes the ledger for one worker."""

    def __init__(self, ledger: Pool, charger: Charger) -> None:
        self._ledger = ledger
        self._charger = charger
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._error = "not probed yet"
        self._written_at = self._gates_open_at = self._purses_free_at = -MISSED_AFTER_S

    async def probe(self) -> None:
        """Probe every ``PROBE_EVERY_S``, until cancelled: the purses of one book after the other."""
        await self._ask("forget_probes")
        while True:
            books = [row["book"] for row in await self._ask("books")]
            for book in books or [0]:
                await self._probe_book(book)
                await asyncio.sleep(PROBE_EVERY_S)

    async def _ask(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a query; none when it failed."""
        try:
            return await self._ledger.fetch(QUERIES[query], *arguments, timeout=MISSED_AFTER_S)
        except (*UNKNOWN_OUTCOME, asyncpg.PostgresError) as error:
            if type(error).__name__ != self._error:
                log.warning("payment_probe_failed", error=repr(error))
            self._error = type(error).__name__
            return []

    async def _probe_book(self, book: int) -> None:
        for row in await self._ask("probe", self._worker, book):
            now = self._written_at = time.monotonic()
            self._error = ""
            self._gates_open_at = now if row["gates_are_open"] else self._gates_open_at
            self._purses_free_at = now if row["purses_are_free"] else self._purses_free_at

    def obstacles(self) -> Iterator[str]:
        """Why a payment would not succeed now; nothing when it would."""
        now = time.monotonic()
        if now - self._written_at > MISSED_AFTER_S:
            yield f"the ledger cannot be written ({self._error or 'no answer'})"
        else:
            if now - self._gates_open_at > MISSED_AFTER_S:
                yield "the gate of a business day is held"
            if now - self._purses_free_at > MISSED_AFTER_S:
                yield "the purses are locked"
        if self._charger.oldest_s > MISSED_AFTER_S:
            yield f"a charge has been under way for {self._charger.oldest_s:.0f} s"
        if self._charger.failures >= FAILURES_MAX and now - self._charger.failed_at < FAILED_WITHIN_S:
            yield "charges fail"
