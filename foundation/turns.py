"""Turns at the ledger's connections: a rush of readers or bookers leaves them to payments."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from litestar.datastructures import State
from litestar.di import Provide

from foundation.postgres import Pool
from foundation.problems import UNAVAILABLE, Problem

AT_ONCE = 4
"""Requests of a kind that use a connection in one worker, each for some milliseconds: payments have the others."""

WAITING_MAX = 2_000
"""Requests of a kind that wait in one worker: about ten seconds of them."""

RETRY_AFTER_S = 3


class Turns:
    """Lets ``AT_ONCE`` in at a time. Raises Problem(UNAVAILABLE) when ``WAITING_MAX`` wait."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it as long as the block lasts. Who has one waits for no other."""
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


READS = Turns()
"""What officials read of themselves, and everybody of canteens and receipts, in this worker."""


async def _ledger_in_turn(state: State) -> AsyncGenerator[Pool, None]:
    async with READS.one():
        yield state.ledger


IN_TURN = {"ledger": Provide(_ledger_in_turn)}
"""Dependencies of what many may read at once: its handlers get the ledger when it is their turn."""
