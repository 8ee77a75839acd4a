"""Codes that tills refused, told to the phones that showed them: by a worker to all workers, and kept by none for long.

Only the phone whose code it was is told, and only what its holder may know: why it is his affair, or else that he was
refused. What was no code of a phone, and every card, is told to nobody.
"""

import time
from asyncio import Event
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from msgspec import Struct, json
from redis.asyncio import Redis

from foundation.broadcast import Broadcast
from registry.identifiers import CanteenId, CredentialId
from settlement.charging import ChargeOrder, Remembered
from settlement.errors import Refusal
from settlement.transfers import Channel

CHANNEL = "onecard:refused"

KEPT_FOR = timedelta(seconds=60)
"""A refusal is for who stands at the till."""

EACH_MAX = 5
"""Refusals of one phone's codes that are kept."""

PHONES_MAX = 20_000
"""Phones of which any are kept: a minute's refusals of a whole network, in a few megabytes."""

HOLDERS_AFFAIR = frozenset(
    {
        Refusal.INSUFFICIENT_FUNDS,
        Refusal.NOT_ENTITLED,
        Refusal.MEALS_EXCEEDED,
        Refusal.DAY_LIMIT_EXCEEDED,
        Refusal.CODE_LIMIT_EXCEEDED,
        Refusal.ALREADY_USED,
        Refusal.CREDENTIAL_EXPIRED,
        Refusal.MEAL_NOT_SERVED,
    }
)
"""Reasons that the holder may know; any other is the canteen's affair."""

OTHER = "other"


class RefusedCode(Struct, frozen=True):
    """A phone's code that a till refused; ``reason`` is one of ``HOLDERS_AFFAIR`` or ``OTHER``."""

    credential_id: CredentialId
    canteen_id: CanteenId
    meal: str
    reason: str
    at: datetime


class RefusedCodes:
    """The refusals of the last minute, of all workers. One per worker."""

    def __init__(self, redis: Redis) -> None:
        self.broadcast = Broadcast(redis, CHANNEL, self._take_untold, self._hear)
        self._untold: list[RefusedCode] = []
        self._known: dict[CredentialId, deque[RefusedCode]] = {}
        self._waiting: defaultdict[CredentialId, set[Event]] = defaultdict(set)
        self._swept_at = 0.0

    def tell(self, batch: Iterable[tuple[ChargeOrder, Remembered]]) -> None:
        """Note what of a batch was refused to a phone, for the next tick; never waits."""
        for order, answer in batch:
            if answer.refusal is not None and order.channel == Channel.CODE and order.credential_id:
                reason = answer.refusal if answer.refusal in HOLDERS_AFFAIR else OTHER
                at = answer.answered_at
                self._untold.append(RefusedCode(order.credential_id, order.canteen_id, order.meal, reason, at))

    def since(self, credential_id: CredentialId, mark: datetime) -> list[RefusedCode]:
        """Refusals of a phone's codes after a time, oldest first."""
        return sorted((one for one in self._known.get(credential_id, ()) if one.at > mark), key=lambda one: one.at)

    @contextmanager
    def waking(self, credential_id: CredentialId | None, news: Event) -> Iterator[None]:
        """Set an event when a code of a phone is refused."""
        if credential_id is None:
            yield
            return
        self._waiting[credential_id].add(news)
        try:
            yield
        finally:
            self._waiting[credential_id].discard(news)
            if not self._waiting[credential_id]:
                del self._waiting[credential_id]

    def _take_untold(self) -> bytes | None:
        self._sweep()
        told, self._untold = self._untold, []
        return json.encode(told) if told else None

    def _hear(self, message: bytes) -> None:
        for refused in json.decode(message, type=list[RefusedCode]):
            known = self._known.get(refused.credential_id)
            if known is None:
                if len(self._known) >= PHONES_MAX:
                    continue
                known = self._known[refused.credential_id] = deque(maxlen=EACH_MAX)
            # A repeat of a request has its first answer.
            if refused not in known:
                known.append(refused)
                for news in self._waiting.get(refused.credential_id, ()):
                    news.set()

    def _sweep(self) -> None:
        """Forget what is older than ``KEPT_FOR``, once in that time."""
        if time.monotonic() - self._swept_at < KEPT_FOR.total_seconds():
            return
        self._swept_at = time.monotonic()
        since = datetime.now(UTC) - KEPT_FOR
        self._known = {number: known for number, known in self._known.items() if known[-1].at > since}
