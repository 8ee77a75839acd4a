"""Live totals of today's payments by canteen: read from the ledger, updated by increments from all workers.

The increments go through Redis and may be lost. The totals are read again from the ledger when no increment has come
for a moment, and every ``REREAD_S`` anyway. Nothing depends on these figures.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
import structlog
from litestar.channels import ChannelsPlugin
from litestar.channels.backends.redis import RedisChannelsPubSubBackend
from redis.exceptions import RedisError

from foundation.postgres import LOST_CONNECTION, Pool, as_struct
from settlement.charging import ChargeOrder, Remembered
from settlement.ledger import totals_of_open_days

log = structlog.get_logger()

CHANNEL = "payments"
REREAD_S = 30.0
QUIET_S = 1.5
TICK_S = 0.5


class CanteenTotals(msgspec.Struct):
    """Today's payments of a canteen."""

    canteen_id: int
    name_zh: str
    name_en: str
    payments: int
    amount_fen: int


def shown(totals: Iterable[CanteenTotals], *, with_amounts: bool) -> bytes:
    """The totals as JSON, without money for readers who do not see it."""
    rows = [msgspec.structs.asdict(canteen) for canteen in totals]
    return msgspec.json.encode(rows if with_amounts else [row | {"amount_fen": None} for row in rows])


class ForgivingBackend(RedisChannelsPubSubBackend):
    """Redis channels that survive a loss of Redis; messages are dropped meanwhile."""

    async def publish(self, data: bytes, channels: Any) -> None:
        """Publish; a failure is logged only."""
        try:
            await super().publish(data, channels)
        except (RedisError, OSError) as error:
            log.warning("live_figures_not_told", error=repr(error))

    async def stream_events(self) -> Any:
        """Published messages; a lost connection is opened again."""
        while True:
            try:
                async for event in super().stream_events():
                    yield event
            except (RedisError, OSError) as error:
                log.warning("live_figures_not_heard", error=repr(error))
                await asyncio.sleep(1)


class LiveFigures:
    """One worker's copy of the live totals."""

    def __init__(self, ledger: Pool, channels: ChannelsPlugin, *, with_amounts: bool) -> None:
        self._ledger = ledger
        self._with_amounts = with_amounts
        self._channels = channels
        self._totals: dict[int, CanteenTotals] = {}
        self._untold: dict[int, list[int]] = {}
        self._read_at = 0.0
        self._heard_at = 0.0

    def tell(self, batch: list[tuple[ChargeOrder, Remembered]]) -> None:
        """Add a batch to the increments that the next tick publishes; never waits."""
        for order, answer in batch:
            if answer.fresh and answer.outcome == "approved":
                taken = self._untold.get(order.canteen_id)
                if taken is None:
                    taken = self._untold[order.canteen_id] = [0, 0]
                taken[0] += 1
                taken[1] += answer.amount_fen

    async def spread(self) -> None:
        """Publish this worker's increments every ``TICK_S``, until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            if self._untold:
                told, self._untold = self._untold, {}
                self._channels.publish(msgspec.json.encode(list(told.items())), CHANNEL)

    async def follow(self) -> None:
        """Apply the increments of all workers, until cancelled."""
        async with self._channels.start_subscription([CHANNEL]) as subscriber:
            async for event in subscriber.iter_events():
                for canteen_id, (payments, amount_fen) in msgspec.json.decode(event):
                    self._heard_at = time.monotonic()
                    if canteen_id in self._totals:
                        self._totals[canteen_id].payments += payments
                        self._totals[canteen_id].amount_fen += amount_fen

    async def stream(self) -> AsyncIterator[str]:
        """Server-sent events: the totals as JSON, whenever they changed, at most every ``TICK_S``."""
        last = ""
        while True:
            await self._reread_if_due()
            now = shown(self._totals.values(), with_amounts=self._with_amounts).decode()
            if now != last:
                last = now
                yield now
            await asyncio.sleep(TICK_S)

    async def _reread_if_due(self) -> None:
        now = time.monotonic()
        quiet = now - self._heard_at > QUIET_S and self._read_at < self._heard_at + QUIET_S
        if not (quiet or now - self._read_at > REREAD_S):
            return
        self._read_at = now
        try:
            rows = await totals_of_open_days(self._ledger)
        except (*LOST_CONNECTION, TimeoutError) as error:
            log.warning("live_figures_not_read", error=repr(error))
            return
        self._totals = {row["canteen_id"]: as_struct(row, CanteenTotals) for row in rows}
