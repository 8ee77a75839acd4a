"""What a worker tells all workers through Redis: it may be lost, so nothing may depend on it."""

import asyncio
from collections.abc import Callable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger()

TICK_S = 0.5

LISTEN_FOR_S = 5.0
"""How long one look for a message waits; the client asks Redis in between whether it is still there."""

SUBSCRIBE_AGAIN_AFTER_S = 2.0


class Broadcast:
    """A channel between the workers.

    ``untold`` gives what is to be told since it was asked last, or None; ``heard`` gets what any worker has told, this
    one included.
    """

    def __init__(
        self, redis: Redis, channel: str, untold: Callable[[], bytes | None], heard: Callable[[bytes], None]
    ) -> None:
        self._redis = redis
        self._channel = channel
        self._untold = untold
        self._heard = heard

    async def spread(self) -> None:
        """Tell the others every ``TICK_S``, until cancelled. Without Redis it is dropped."""
        while True:
            await asyncio.sleep(TICK_S)
            message = self._untold()
            if message is not None:
                try:
                    await self._redis.publish(self._channel, message)
                except (RedisError, OSError) as error:
                    log.warning("broadcast_not_told", channel=self._channel, error=repr(error))

    async def follow(self) -> None:
        """Hear all workers, until cancelled. A lost subscription is made again."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                log.warning("broadcast_not_heard", channel=self._channel, error=repr(error))
            await asyncio.sleep(SUBSCRIBE_AGAIN_AFTER_S)

    async def _listen(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(self._channel)
            while True:
                event = await subscription.get_message(timeout=LISTEN_FOR_S)
                if event is not None:
                    self._heard(event["data"])
