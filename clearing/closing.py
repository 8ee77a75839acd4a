"""The way of a day: open -> closing -> closed -> netted -> published -> settled.

A cycle's state says what is left to do; each step commits on its own, takes the state on by one, and can be run again
by anyone, at any time, also by two at once. The flip of a book's day holds its gate for one small transaction
(settlement/sql/day.sql): payments go on before and after it, and each is in exactly one business day. Everything slow
comes after the flip, and never in a process that takes payments.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearing.errors import DAY_NOT_REACHED, NO_CYCLE
from clearing.netting import Owed, net
from clearing.progress import Progress, silent
from clearing.proof import grow_tree, sign_manifest
from clearing.statements import write_statements
from foundation.named_sql import load_queries
from foundation.postgres import LONG_S, Connection, Pool, allow_long_work
from foundation.problems import Problem
from foundation.together import together
from settlement.ledger import QUERIES as LEDGER

QUERIES = load_queries(Path(__file__).parent / "sql" / "clearing.sql")

TRANSITIONS = {"closing": "closed", "closed": "netted", "netted": "published", "published": "settled"}
"""The states of a cycle, each with the only one that may follow; the last step is the bank's (``confirmations``)."""

LOOK_AGAIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Night:
    """What closing needs: the ledger, the folder of published files, the key that signs manifests, the fee."""

    pool: Pool
    folder: Path
    key: Ed25519PrivateKey
    fee_fen: int = 0
    progress: Progress = silent


@dataclass(frozen=True, slots=True)
class AgencyPosition:
    """One agency's position in a cycle, in fen."""

    agency_id: int
    name_zh: str
    name_en: str
    receivable_fen: int
    payable_fen: int
    position_fen: int


@dataclass(frozen=True, slots=True)
class CycleResult:
    """A cycle as it stands."""

    business_date: date
    state: str
    positions: list[AgencyPosition]


async def open_dates(pool: Pool) -> dict[int, date]:
    """The open business day of every book."""
    return {row["book"]: row["business_date"] for row in await pool.fetch(QUERIES["open_days"])}


async def close_day(night: Night, business_date: date) -> CycleResult:
    """Close a business day of every book, net it, publish and prove it; resumes where it stopped.

    Days that a book skipped are closed with it. Doing it twice changes nothing. Raises Problem as ``begin_close``.
    """
    await begin_close(night.pool, business_date, night.fee_fen)
    await resume_cycles(night)
    return await cycle_result(night.pool, business_date)


async def begin_close(pool: Pool, business_date: date, fee_fen: int = 0) -> None:
    """Open the cycle of a business date and close the books' days, which takes no longer than a payment does.

    ``fee_fen``: what an issuer owes an acquirer for each meal that this served to a guest, beside its price; fixed for
    the cycle when it is opened.

    Raises Problem DAY_NOT_REACHED for a day later than the open ones, NO_CYCLE when nothing was ever closed under
    this date.
    """
    opened = await open_dates(pool)
    last = max(opened.values(), default=date.min)
    if business_date > last:
        raise Problem(DAY_NOT_REACHED, f"the open day is {last}")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(QUERIES["one_closer"])
        await connection.execute(QUERIES["open_cycle"], business_date, datetime.now(UTC), fee_fen)
    state = await _cycle_state(pool, business_date)
    if state is None:
        raise Problem(NO_CYCLE, f"nothing to close under {business_date}: the open day is {last}")
    if state == "closing":
        await _close_books(pool, business_date)


async def resume_cycles(night: Night) -> list[date]:
    """Take every unfinished cycle on until it is published, the oldest first; returns those that were unfinished."""
    resumed = []
    while (cycle := await night.pool.fetchrow(QUERIES["unfinished"])) is not None:
        if cycle["business_date"] not in resumed:
            resumed.append(cycle["business_date"])
        await _STEPS[cycle["state"]](night, cycle["business_date"])
    return resumed


async def unfinished(pool: Pool) -> bool:
    """Whether a cycle is being closed."""
    return await pool.fetchrow(QUERIES["unfinished"]) is not None


async def wait_published(pool: Pool, business_date: date, *, seconds: float) -> CycleResult:
    """A cycle once it is published, or as it stands after so many seconds. Raises Problem(NO_CYCLE)."""
    until = asyncio.get_running_loop().time() + seconds
    while await _cycle_state(pool, business_date) in _STEPS and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(LOOK_AGAIN_S)
    return await cycle_result(pool, business_date)


async def cycle_result(pool: Pool, business_date: date) -> CycleResult:
    """A cycle with its positions; raises Problem(NO_CYCLE)."""
    state = await _cycle_state(pool, business_date)
    if state is None:
        raise Problem(NO_CYCLE, str(business_date))
    rows = await pool.fetch(QUERIES["positions"], business_date)
    return CycleResult(business_date, state, [AgencyPosition(*row) for row in rows])


async def _close(night: Night, business_date: date) -> None:
    await _close_books(night.pool, business_date)


async def _close_books(pool: Pool, business_date: date) -> None:
    for book, opened in (await open_dates(pool)).items():
        if opened <= business_date:
            await _close_book(pool, book, business_date)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(QUERIES["one_closer"])
        if await connection.fetchval(QUERIES["books_open_until"], business_date) == 0:
            await connection.execute(QUERIES["take_closed_days"], business_date)
            await _advance(connection, business_date, "closing")


async def _close_book(pool: Pool, book: int, through: date) -> None:
    async with pool.acquire() as connection, connection.transaction():
        closed = await connection.fetchval(QUERIES["close_book"], book, through)
        if closed is not None:
            await connection.execute(QUERIES["note_closed_day"], book, closed, datetime.now(UTC))


async def _net(night: Night, business_date: date) -> None:
    """Sum up the closed days, as many at a time as the pool has connections, and net what came to."""
    days = await night.pool.fetch(QUERIES["not_rolled_up"], business_date)
    done = 0

    async def sum_up(book: int, day: date, late_before: datetime | None) -> None:
        nonlocal done
        await _sum_up(night.pool, business_date, book, day, late_before)
        done += 1
        night.progress("books", done, len(days))

    async with together() as summing:
        for row in days:
            summing.create_task(sum_up(*row))
    await _net_cycle(night.pool, business_date)


async def _sum_up(pool: Pool, cycle: date, book: int, day: date, late_before: datetime | None) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        if await connection.fetchrow(QUERIES["take_day"], book, day) is not None:
            await connection.execute(LEDGER["roll_up_day"], book, day, timeout=LONG_S)
            await connection.execute(QUERIES["gather_obligations"], cycle, book, day, late_before, timeout=LONG_S)
            await connection.execute(QUERIES["note_rolled_up"], book, day, datetime.now(UTC))


async def _net_cycle(pool: Pool, business_date: date) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        await connection.execute(QUERIES["one_closer"])
        if await _cycle_state(connection, business_date) != "closed":
            return
        if await connection.fetchrow(QUERIES["not_rolled_up"], business_date) is not None:
            return
        await connection.execute(QUERIES["gather_fees"], business_date)
        owed = [Owed(*row) for row in await connection.fetch(QUERIES["owed"], business_date)]
        agencies = [a["agency_id"] for a in await connection.fetch(QUERIES["agencies"])]
        positions = net(agencies, owed)
        await connection.executemany(
            QUERIES["add_position"],
            [
                (business_date, agency, p.receivable_fen, p.payable_fen, p.position_fen)
                for agency, p in positions.items()
            ],
        )
        await _advance(connection, business_date, "closed")


async def _publish(night: Night, business_date: date) -> None:
    """Write the files, then sign for them: what is published is proved."""
    folder = night.folder / business_date.isoformat()
    await write_statements(night.pool, business_date, folder, night.progress)
    tree = await grow_tree(night.pool, business_date, folder, night.progress)
    async with night.pool.acquire() as connection, connection.transaction():
        await connection.execute(QUERIES["one_closer"])
        if await _cycle_state(connection, business_date) == "netted":
            await sign_manifest(connection, night.key, business_date, tree)
            await _advance(connection, business_date, "netted")


_STEPS: Mapping[str, Callable[[Night, date], Awaitable[None]]] = {
    "closing": _close,
    "closed": _net,
    "netted": _publish,
}
"""What takes a cycle on from a state."""


async def _advance(connection: Connection, business_date: date, state: str) -> None:
    await connection.execute(QUERIES["step"], business_date, state, TRANSITIONS[state], datetime.now(UTC))


async def _cycle_state(connection: Pool | Connection, business_date: date) -> str | None:
    state: str | None = await connection.fetchval(QUERIES["cycle_state"], business_date)
    return state
