"""Rate limit for attempts at secrets that people type, so that they cannot be guessed.

The counters live in Redis. While Redis is down nothing is counted, and the length of the secrets protects them.
"""

from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from foundation.problems import TOO_MANY_TRIES, Problem

TRIES_MAX = 30
"""Attempts per name and window; a person needs three, a script would need millions."""

WINDOW_S = 60


async def count_try(redis: Redis, name: str) -> None:
    """Count one attempt; raises Problem(TOO_MANY_TRIES) past ``TRIES_MAX`` in ``WINDOW_S`` seconds."""
    with suppress(RedisError, OSError):
        async with redis.pipeline(transaction=True) as pipe:
            pipe.incr(f"tries:{name}")
            pipe.expire(f"tries:{name}", WINDOW_S, nx=True)
            tries, _ = await pipe.execute()
        if tries > TRIES_MAX:
            raise Problem(TOO_MANY_TRIES, retry_after_s=WINDOW_S)
