"""PostgreSQL through asyncpg: a connection pool with time limits on every transaction."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import asyncpg

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = _Connection = asyncpg.Connection

LOST_CONNECTION = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)
"""After one of these the outcome of a statement is unknown: it may have committed."""

UNKNOWN_OUTCOME = (
    *LOST_CONNECTION,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionTimeoutError,
    TimeoutError,
)
"""The statement did not commit, or its outcome is unknown: running it again under the same keys tells."""

UNABLE = (
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""The statement did not commit, since the database cannot write: disk or memory full, an input-output error, a standby.
Repeating it at once only adds to the trouble."""

UNABLE_RETRY_AFTER_S = 10

LOCK_TIMEOUT_MS = 3_000
"""A posting waits for a purse or for the closer at most this long; both are done within milliseconds."""

TRANSACTION_TIMEOUT_MS = 15_000
"""No posting holds its locks longer, whatever its client does."""

PLANS_FRESH_S = 5.0
"""Plans are discarded after this time: one made for an empty table would scan the full table later."""


class LedgerConnection(_Connection):
    """A connection that discards old plans."""

    _planned_at = 0.0

    async def forget_old_plans(self) -> None:
        """Discard the generic plans of functions every few seconds."""
        if time.monotonic() - self._planned_at > PLANS_FRESH_S:
            await self.execute("DISCARD PLANS")
            self._planned_at = time.monotonic()


async def open_pool(url: str, *, size: int) -> Pool:
    """A pool of at most ``size`` connections with time limits on every transaction.

    It connects on first use, so that a worker can start while the database recovers.
    """
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        init=_bound,
        reset=_keep_bounds,
        connection_class=LedgerConnection,
        command_timeout=20,
        timeout=5,
        max_inactive_connection_lifetime=60,
    )


R = TypeVar("R")


def as_struct(row: asyncpg.Record, kind: Callable[..., R]) -> R:
    """A row as a value, by column names: the query's columns are the type's fields, in any order."""
    return kind(**dict(row))


LONG_S = 3_600.0
"""Time limit of a statement of long work, such as the sums of a whole day."""


async def allow_long_work(connection: Connection) -> None:
    """Lift the time limits for the rest of a long transaction that blocks no payment."""
    await connection.execute("SET LOCAL lock_timeout = 0; SET LOCAL work_mem = '64MB'")
    if connection.get_server_version().major >= 17:
        await connection.execute("SET LOCAL transaction_timeout = 0")


async def _bound(connection: Connection) -> None:
    limits = f"SET lock_timeout = {LOCK_TIMEOUT_MS}; SET idle_in_transaction_session_timeout = 5000;"
    if connection.get_server_version().major >= 17:
        limits += f"SET transaction_timeout = {TRANSACTION_TIMEOUT_MS}"
    await connection.execute(limits)


async def _keep_bounds(_: Connection) -> None:
    """Skip the driver's reset: it would lift the time limits, and our code changes no session settings."""
