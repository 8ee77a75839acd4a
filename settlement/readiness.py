"""Whether a payment would succeed in this worker, as far as the ledger is concerned.

A probe does what every payment needs: it passes the day gates, locks a purse, writes and commits. The payments
themselves tell the rest: how long the oldest has been under way, and whether they fail.
"""

import asyncio
import os
import re
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


_NODE = re.compile(r"remote node (?:\S+@)?(\S+)")
"""How Citus names the node of a cluster that it cannot reach."""


class Readiness:
    """Probes the ledger for one worker."""

    def __init__(self, ledger: Pool, charger: Charger) -> None:
        self._ledger = ledger
        self._charger = charger
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._error = "not probed yet"
        self._away: dict[int, str] = {}
        self._written_at = self._gates_open_at = self._purses_free_at = -MISSED_AFTER_S

    async def probe(self) -> None:
        """Probe every ``PROBE_EVERY_S``, until cancelled: the purses of one book after the other.

        Books on a node of a cluster that is away are left out: the others' payments go on.
        """
        await self._ask("forget_probes")
        books: list[int] = []
        while True:
            books = [row["book"] for row in await self._ask("books")] or books
            for book in books or [0]:
                for other in [*self._away]:
                    await self._ask("reach", other, book=other)
                if book not in self._away:
                    await self._probe_book(book, [one for one in books if one not in self._away])
                await asyncio.sleep(PROBE_EVERY_S)

    async def _ask(self, query: str, *arguments: object, book: int | None = None) -> list[asyncpg.Record]:
        """The rows of a query; none when it failed. ``book``: the one whose node it tells of."""
        try:
            rows = await self._ledger.fetch(QUERIES[query], *arguments, timeout=MISSED_AFTER_S)
            if book is not None:
                self._away.pop(book, None)
            return rows
        except (*UNKNOWN_OUTCOME, asyncpg.PostgresError) as error:
            if book is not None and (node := _NODE.search(str(error))):
                self._away[book] = node[1]
            if type(error).__name__ != self._error:
                log.warning("payment_probe_failed", error=repr(error))
            self._error = type(error).__name__
            return []

    async def _probe_book(self, book: int, books: list[int]) -> None:
        rows = await self._ask("probe", self._worker, book, books)
        if not rows:
            for other in books:
                await self._ask("reach", other, book=other)
        for row in rows:
            now = self._written_at = time.monotonic()
            self._error = ""
            self._gates_open_at = now if row["gates_are_open"] else self._gates_open_at
            self._purses_free_at = now if row["purses_are_free"] else self._purses_free_at

    def nodes_away(self) -> Iterator[str]:
        """The nodes of a cluster that do not answer, with the books that cannot be charged meanwhile."""
        for node in sorted(set(self._away.values())):
            books = ", ".join(str(book) for book in sorted(self._away) if self._away[book] == node)
            yield f"{node} does not answer (books {books})"

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
