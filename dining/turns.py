"""Turns at the ledger's connections: a rush of bookings leaves them to payments."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from foundation.problems import UNAVAILABLE, Problem

AT_ONCE = 4
"""Bookings of one worker that use a connection, each for some milliseconds: payments have the others."""

WAITING_MAX = 2_000
"""Bookings that wait in one worker: about ten seconds of them."""

RETRY_AFTER_S = 3


class Turns:
    """Lets ``AT_ONCE`` in at a time. Raises Problem(UNAVAILABLE) when ``WAITING_MAX`` wait."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it as long as the block lasts."""
        if self._waiting >= WAITING_MAX:
            raise Problem(UNAVAILABLE, retry_after_s=RETRY_AFTER_S)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


TURNS = Turns()
"""Of this worker."""
