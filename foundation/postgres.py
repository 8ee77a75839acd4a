"""Access to PostgreSQL where SQL is spoken directly: a pool whose transactions are all bounded in time."""

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
"""The outcome of a statement that ends so is unknown: it may have committed."""

UNKNOWN_OUTCOME = (
    *LOST_CONNECTION,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionTimeoutError,
    TimeoutError,
)
"""The statement did not commit, or its outcome is unknown: running it again under the same keys tells."""

LOCK_TIMEOUT_MS = 3_000
"""A posting waits for a purse or for the closer at most this long; both are done within milliseconds."""

TRANSACTION_TIMEOUT_MS = 15_000
"""No posting holds its locks longer, whatever its client does."""

PLANS_FRESH_S = 5.0
"""A plan made when a table was empty reads it whole for ever after; so none is kept for longer than this."""


class LedgerConnection(_Connection):
    """A connection that knows how old its plans are."""

    _planned_at = 0.0

    async def forget_old_plans(self) -> None:
        """Plan anew, every few seconds, what functions with one generic plan run."""
        if time.monotonic() - self._planned_at > PLANS_FRESH_S:
            await self.execute("DISCARD PLANS")
            self._planned_at = time.monotonic()


async def open_pool(url: str, *, size: int) -> Pool:
    """A pool of at most ``size`` connections whose transactions are all bounded in time.

    It connects when it is first used: a worker may start while the database recovers.
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
"""What a statement of long work may take: a day of a country."""


async def allow_long_work(connection: Connection) -> None:
    """Lift the bounds for the rest of a transaction that sums a whole day and holds nobody up."""
    await connection.execute("SET LOCAL lock_timeout = 0; SET LOCAL work_mem = '64MB'")
    if connection.get_server_version().major >= 17:
        await connection.execute("SET LOCAL transaction_timeout = 0")


async def _bound(connection: Connection) -> None:
    limits = f"SET lock_timeout = {LOCK_TIMEOUT_MS}; SET idle_in_transaction_session_timeout = 5000;"
    if connection.get_server_version().major >= 17:
        limits += f"SET transaction_timeout = {TRANSACTION_TIMEOUT_MS}"
    await connection.execute(limits)


async def _keep_bounds(_: Connection) -> None:
    """Nothing to undo: no code of ours changes a session. The driver's own reset would lift the bounds."""
