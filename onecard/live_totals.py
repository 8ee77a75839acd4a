"""Live totals of today's payments by canteen: read from the ledger, updated by increments from all workers.

The increments go through Redis and may be lost. The totals are read again from the ledger when no increment has come
for a moment, and every ``REREAD_S`` anyway. Nothing depends on these figures.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager

import msgspec
import structlog
from redis.asyncio import Redis

from foundation.broadcast import TICK_S, Broadcast
from foundation.postgres import LOST_CONNECTION, Pool, as_struct
from settlement.charging import ChargeOrder, Remembered
from settlement.ledger import totals_of_open_days

log = structlog.get_logger()

CHANNEL = "onecard:taken"
REREAD_S = 30.0
QUIET_S = 1.5
EVENTS_A_SECOND = 100
"""Events to all viewers of a worker together: two hundredths of its time, however many look on."""


class CanteenTotals(msgspec.Struct):
    """A canteen's payments of a business day; of the open one also by channel, with its date."""

    canteen_id: int
    name_zh: str
    name_en: str
    payments: int
    amount_fen: int
    card: int = 0
    qr: int = 0
    sheet: int = 0
    business_date: str = ""

    def add(self, channel: str, payments: int, amount_fen: int) -> None:
        """Payments that came by a channel."""
        self.payments += payments
        self.amount_fen += amount_fen
        setattr(self, channel, getattr(self, channel) + payments)


def shown(totals: Iterable[CanteenTotals], *, with_amounts: bool) -> bytes:
    """The totals as JSON, without money for readers who do not see it."""
    rows = [msgspec.structs.asdict(canteen) for canteen in totals]
    return msgspec.json.encode(rows if with_amounts else [row | {"amount_fen": None} for row in rows])


class Viewers:
    """The open live streams of a worker, by what they are counted: a network address, or a screen's link."""

    def __init__(self, most: int, each: int) -> None:
        self._most, self._each = most, each
        self._open: Counter[str] = Counter()

    def has_room(self, address: str) -> bool:
        """Whether one more may look on from there."""
        return self._open.total() < self._most and self._open[address] < self._each

    def pause_s(self) -> float:
        """Until the next event of one of them; at random, so that they do not all come at the same moment."""
        return max(TICK_S, self._open.total() / EVENTS_A_SECOND) * random.uniform(0.5, 1.5)  # noqa: S311

    @contextmanager
    def looking(self, address: str) -> Iterator[None]:
        """One more looks on."""
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            self._open += Counter()


class LiveFigures:
    """One worker's copy of the live totals."""

    def __init__(self, ledger: Pool, redis: Redis, *, with_amounts: bool) -> None:
        self._ledger = ledger
        self._with_amounts = with_amounts
        self.broadcast = Broadcast(redis, CHANNEL, self._take_untold, self._apply)
        self._totals: dict[int, CanteenTotals] = {}
        self._untold: dict[tuple[int, str], list[int]] = {}
        self._read_at = 0.0
        self._heard_at = 0.0
        self._encoded = ""
        self._encoded_at = 0.0

    def tell(self, batch: list[tuple[ChargeOrder, Remembered]]) -> None:
        """Add a batch to the increments that the next tick publishes; never waits."""
        for order, answer in batch:
            if answer.fresh and answer.outcome == "approved":
                key = order.canteen_id, order.channel
                taken = self._untold.get(key)
                if taken is None:
                    taken = self._untold[key] = [0, 0]
                taken[0] += 1
                taken[1] += answer.amount_fen

    def _take_untold(self) -> bytes | None:
        told, self._untold = self._untold, {}
        return msgspec.json.encode(list(told.items())) if told else None

    def _apply(self, increments: bytes) -> None:
        for (canteen_id, channel), (payments, amount_fen) in msgspec.json.decode(increments):
            self._heard_at = time.monotonic()
            if canteen_id in self._totals:
                self._totals[canteen_id].add(channel, payments, amount_fen)

    async def stream(self, viewers: Viewers, canteen_id: int | None = None) -> AsyncIterator[str]:
        """Server-sent events: the totals as JSON, whenever they changed, as often as the viewers' number allows.

        Of one canteen, or of all.
        """
        last: str | None = None
        while True:
            await self._reread_if_due()
            now = self._as_json() if canteen_id is None else self._json_of(canteen_id)
            if now != last:
                last = now
                yield now
            await asyncio.sleep(viewers.pause_s())

    def _json_of(self, canteen_id: int) -> str:
        totals = [self._totals[canteen_id]] if canteen_id in self._totals else []
        return shown(totals, with_amounts=self._with_amounts).decode()

    def _as_json(self) -> str:
        """The totals, encoded once for all who look on."""
        now = time.monotonic()
        if now - self._encoded_at >= TICK_S:
            self._encoded, self._encoded_at = (
                shown(self._totals.values(), with_amounts=self._with_amounts).decode(),
                now,
            )
        return self._encoded

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
