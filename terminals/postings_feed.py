"""News of payments, for those who wait: a worker reads the end of the ledger while anybody does, once for all of them.

Phones wait for the result of a code that they have shown, screens at counters for the payments of their canteen. None
of them holds a connection of the ledger or a transaction: one short query every ``TICK_S`` reads what was posted for
the holders and canteens that are watched. Redis plays no part, so that nothing is missed when it is away.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from msgspec import Struct

from foundation.postgres import LOST_CONNECTION, Pool, as_struct, connection_within
from registry.identifiers import CanteenId, HolderId
from settlement.ledger import number_at
from terminals.sessions import QUERIES

log = structlog.get_logger()

TICK_S = 0.5

OVERLAP = timedelta(seconds=15)
"""A posting gets its number before it commits: what is read reaches back as far as a charge may take."""

READ_WITHIN_S = 2.0


class Posted(Struct, frozen=True):
    """A payment, or the reversal of one, in fen; ``reverses``: the payment that it takes back."""

    posting_id: UUID
    kind: str
    reverses: UUID | None
    holder_id: HolderId
    canteen_id: CanteenId
    channel: str
    meal: str
    posted_at: datetime
    amount_fen: int


class Watch:
    """What one who waits is told: postings that came since, and that some came."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self._posted: list[Posted] = []

    def tell(self, posted: Posted) -> None:
        """One more."""
        self._posted.append(posted)
        self.news.set()

    def take(self) -> list[Posted]:
        """Those that came since the last time, oldest first."""
        taken, self._posted = self._posted, []
        self.news.clear()
        return taken


class PostingsFeed:
    """Tells watches of a worker what is posted."""

    def __init__(self, ledger: Pool) -> None:
        self._ledger = ledger
        self._holders: defaultdict[int, set[Watch]] = defaultdict(set)
        self._canteens: defaultdict[int, set[Watch]] = defaultdict(set)
        self._told: dict[UUID, datetime] = {}
        self._is_wanted = asyncio.Event()

    @contextmanager
    def of_holder(self, holder_id: HolderId) -> Iterator[Watch]:
        """Watch an official's postings."""
        with self._watching(self._holders, holder_id) as watch:
            yield watch

    @contextmanager
    def of_canteen(self, canteen_id: CanteenId) -> Iterator[Watch]:
        """Watch a canteen's postings."""
        with self._watching(self._canteens, canteen_id) as watch:
            yield watch

    @contextmanager
    def _watching(self, watches: defaultdict[int, set[Watch]], number: int) -> Iterator[Watch]:
        watch = Watch()
        watches[number].add(watch)
        self._is_wanted.set()
        try:
            yield watch
        finally:
            watches[number].discard(watch)
            if not watches[number]:
                del watches[number]

    async def follow(self) -> None:
        """Read what is posted while anybody watches, until cancelled."""
        while True:
            await self._is_wanted.wait()
            try:
                await self._read()
            except (*LOST_CONNECTION, TimeoutError) as error:
                log.warning("postings_not_read", error=repr(error))
            if not self._holders and not self._canteens:
                self._is_wanted.clear()
            await asyncio.sleep(TICK_S)

    async def _read(self) -> None:
        now = datetime.now(UTC)
        since = number_at(now - OVERLAP)
        async with connection_within(self._ledger, READ_WITHIN_S) as connection:
            rows = await connection.fetch(QUERIES["posted_since"], since, list(self._holders), list(self._canteens))
        for row in rows:
            posted = as_struct(row, Posted)
            if posted.posting_id in self._told:
                continue
            self._told[posted.posting_id] = now
            for watch in [*self._holders.get(posted.holder_id, ()), *self._canteens.get(posted.canteen_id, ())]:
                watch.tell(posted)
        self._told = {number: at for number, at in self._told.items() if at > now - 2 * OVERLAP}
