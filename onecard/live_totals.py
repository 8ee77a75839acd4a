"""Today's payments per canteen, live: totals from the ledger, kept fresh by what every worker tells the channel.

The channel (Redis) carries increments and may lose some; the totals are read anew from the ledger when it has been
quiet for a moment, and every ``REREAD_S`` in any case. Nothing depends on these figures.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import structlog
from litestar.channels import ChannelsPlugin
from litestar.channels.backends.redis import RedisChannelsPubSubBackend
from redis.exceptions import RedisError

from foundation.postgres import LOST_CONNECTION, Pool
from settlement.charging import ChargeOrder, Remembered
from settlement.ledger import QUERIES

log = structlog.get_logger()

CHANNEL = "payments"
REREAD_S = 30.0
QUIET_S = 1.5
TICK_S = 0.5


class Taken(msgspec.Struct):
    """What a canteen took today."""

    canteen_id: int
    name_zh: str
    name_en: str
    payments: int
    amount_fen: int


class ForgivingBackend(RedisChannelsPubSubBackend):
    """Redis channels that outlive a Redis that does not: what cannot be told is not told."""

    async def publish(self, data: bytes, channels: Any) -> None:
        """Publish, or let it be."""
        try:
            await super().publish(data, channels)
        except (RedisError, OSError) as error:
            log.warning("live_figures_not_told", error=repr(error))

    async def stream_events(self) -> Any:
        """What was published, for as long as it takes."""
        while True:
            try:
                async for event in super().stream_events():
                    yield event
            except (RedisError, OSError) as error:
                log.warning("live_figures_not_heard", error=repr(error))
                await asyncio.sleep(1)


class LiveFigures:
    """One worker's copy of the live totals."""

    def __init__(self, ledger: Pool, channels: ChannelsPlugin) -> None:
        self._ledger = ledger
        self._channels = channels
        self._totals: dict[int, Taken] = {}
        self._untold: dict[int, list[int]] = {}
        self._read_at = 0.0
        self._heard_at = 0.0

    def tell(self, batch: list[tuple[ChargeOrder, Remembered]]) -> None:
        """Note what a batch took, to be told with the next tick; never waits."""
        for order, answer in batch:
            if answer.fresh and answer.outcome == "approved":
                taken = self._untold.get(order.canteen_id)
                if taken is None:
                    taken = self._untold[order.canteen_id] = [0, 0]
                taken[0] += 1
                taken[1] += answer.amount_fen

    async def spread(self) -> None:
        """Tell every worker, twice a second, what this one took; until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            if self._untold:
                told, self._untold = self._untold, {}
                self._channels.publish(msgspec.json.encode(list(told.items())), CHANNEL)

    async def follow(self) -> None:
        """Hear the channel until cancelled."""
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
            now = msgspec.json.encode(list(self._totals.values())).decode()
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
            rows = await self._ledger.fetch(QUERIES["taken_today"])
        except (*LOST_CONNECTION, TimeoutError) as error:
            log.warning("live_figures_not_read", error=repr(error))
            return
        self._totals = {row["canteen_id"]: Taken(*row) for row in rows}
