"""Statements whose outcome may stay unknown: a connection lost at commit says nothing about the commit."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from foundation.postgres import UNABLE, UNABLE_RETRY_AFTER_S, UNKNOWN_OUTCOME
from foundation.problems import UNAVAILABLE, Problem

log = structlog.get_logger()

T = TypeVar("T")


async def until_known(statement: Callable[[], Awaitable[T]], give_up_after_s: float) -> T:
    """Run a statement until its outcome is known; its idempotency keys make every repeat safe.

    Raises Problem(UNAVAILABLE) when the outcome is still unknown after ``give_up_after_s`` seconds, and at once when
    the database cannot write (a full disk).
    """
    give_up_at = time.monotonic() + give_up_after_s
    pause_s = 0.05
    while True:
        try:
            return await statement()
        except UNKNOWN_OUTCOME as error:
            log.warning("outcome_unknown", error=repr(error))
            if time.monotonic() + pause_s > give_up_at:
                raise Problem(UNAVAILABLE, retry_after_s=2) from error
        except UNABLE as error:
            log.warning("database_unable", error=repr(error))
            raise Problem(UNAVAILABLE, retry_after_s=UNABLE_RETRY_AFTER_S) from error
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, 1.0)
