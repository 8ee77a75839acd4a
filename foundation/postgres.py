"""PostgreSQL through asyncpg: a connection pool with time limits on every transaction."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
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

UNSTORABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.ProgramLimitExceededError)
"""A value that no check in front has refused: NUL in a text, a text too long for an index."""

UNABLE_RETRY_AFTER_S = 10

LOCK_TIMEOUT_MS = 3_000
"""A posting waits for a purse or for the closer at most this long; both are done within milliseconds."""

TRANSACTION_TIMEOUT_MS = 15_000
"""No posting holds its locks longer, whatever its client does."""

SILENT_MAX_S = 4
"""A connection whose other end acknowledges nothing for this long is given up, by us and by the server."""

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


@asynccontextmanager
async def connection_within(pool: Pool, seconds: float) -> AsyncIterator[Connection]:
    """A connection for work that takes at most so many seconds; the wait for a free one has the same limit.

    After it the connection is cut off: cancelled it would be waited for, and one whose other end is gone never
    confirms that. The pool's others are renewed before their next use, since they are likely as dead.
    Raises one of LOST_CONNECTION or TimeoutError.
    """
    async with asyncio.timeout(seconds):
        connection = await pool.acquire()
    was_cut = False

    def cut() -> None:
        nonlocal was_cut
        was_cut = True
        connection.terminate()

    cutter = asyncio.get_running_loop().call_later(seconds, cut)
    try:
        yield connection
    finally:
        cutter.cancel()
        await pool.release(connection)
        if was_cut:
            await pool.expire_connections()


R = TypeVar("R")


def as_struct(row: asyncpg.Record, kind: Callable[..., R]) -> R:
    """A row as a value, by column names: the query's columns are the type's fields, in any order."""
    return kind(**dict(row))


SERVER_SETTINGS = {"citus.override_table_visibility": "off"}
"""For connections of SQLAlchemy's: without it the driver's look-up of types takes seconds on Citus."""

LONG_S = 3_600.0
"""Time limit of a statement of long work, such as the sums of a whole day."""


async def allow_long_work(connection: Connection) -> None:
    """Lift the time limits for the rest of a long transaction that blocks no payment."""
    await connection.execute("SET LOCAL lock_timeout = 0; SET LOCAL work_mem = '64MB'")
    if connection.get_server_version().major >= 17:
        await connection.execute("SET LOCAL transaction_timeout = 0")


async def _bound(connection: Connection) -> None:
    _notice_silence(connection)
    limits = (
        f"SET lock_timeout = {LOCK_TIMEOUT_MS}; SET idle_in_transaction_session_timeout = 5000;"
        f"SET tcp_keepalives_idle = {SILENT_MAX_S}; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3;"
        f"SET tcp_user_timeout = '{SILENT_MAX_S}s';"
        # A statement whose client has left ends instead of waiting for its locks.
        f"SET client_connection_check_interval = '{SILENT_MAX_S}s';"
        # On Citus the driver's look-up of types would take seconds; elsewhere nobody reads this.
        "SET citus.override_table_visibility = off;"
    )
    if connection.get_server_version().major >= 17:
        limits += f"SET transaction_timeout = {TRANSACTION_TIMEOUT_MS}"
    await connection.execute(limits)


def _notice_silence(connection: Connection) -> None:
    """Have the kernel end a TCP connection to a server that is gone without a word."""
    ours = connection._transport.get_extra_info("socket")  # type: ignore[union-attr]
    if ours.family not in (socket.AF_INET, socket.AF_INET6):
        return
    for option, value in (
        (socket.TCP_KEEPIDLE, SILENT_MAX_S),
        (socket.TCP_KEEPINTVL, 1),
        (socket.TCP_KEEPCNT, 3),
        (socket.TCP_USER_TIMEOUT, 1000 * SILENT_MAX_S),
    ):
        ours.setsockopt(socket.IPPROTO_TCP, option, value)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


async def _keep_bounds(_: Connection) -> None:
    """Skip the driver's reset: it would lift the time limits, and our code changes no session settings."""
