"""End of day: open -> closing -> closed -> netted -> published -> settled.

A cycle's state says what is left to do. Each step commits on its own, moves the state on by one, and can be repeated by
any process at any time, also by two at once. Moving a book's business day holds its gate for one small transaction
(settlement/sql/day.sql): payments go on before and after it, and each is in exactly one business day. All slow work
follows that step, and never runs in a process that takes payments.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearing.confirmations import freeze_accounts, settle_cycles
from clearing.errors import DAY_NOT_REACHED, NO_CYCLE
from clearing.files import aside, put_in_place, remove_aside
from clearing.netting import Owed, net
from clearing.positions import positions_of
from clearing.progress import Progress, silent
from clearing.proof import grow_tree, sign_manifest
from clearing.schemas import CycleInfo, PositionInfo
from clearing.statements import note_statements, write_statements
from clearing.states import CycleState
from foundation.named_sql import load_queries
from foundation.postgres import LONG_S, Connection, Pool, allow_long_work, as_struct
from foundation.problems import Problem
from foundation.together import together
from registry.identifiers import AgencyId, Book
from settlement.ledger import QUERIES as LEDGER

QUERIES = load_queries(Path(__file__).parent / "sql" / "clearing.sql")

TRANSITIONS = {
    CycleState.CLOSING: CycleState.CLOSED,
    CycleState.CLOSED: CycleState.NETTED,
    CycleState.NETTED: CycleState.PUBLISHED,
    CycleState.PUBLISHED: CycleState.SETTLED,
    CycleState.SETTLED: CycleState.PUBLISHED,
}
"""The states of a cycle, each with the only one that may follow. The last two steps are the bank's
(``confirmations``): all money has moved; some came back."""

POLL_INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class EndOfDay:
    """What closing needs: the ledger, the folder of published files, the centre's signing key, the clearing fee."""

    pool: Pool
    folder: Path
    key: Ed25519PrivateKey
    fee_fen: int = 0
    progress: Progress = silent


async def open_dates(pool: Pool | Connection) -> dict[Book, date]:
    """The open business day of every book."""
    return {Book(row["book"]): row["business_date"] for row in await pool.fetch(QUERIES["open_days"])}


async def close_day(end_of_day: EndOfDay, business_date: date) -> CycleInfo:
    """Close a business day of every book, net it, publish and prove it; resumes where it stopped.

    Days that a book skipped are closed with it. A repeat changes nothing. Raises Problem as ``open_cycle``.
    """
    await begin_close(end_of_day.pool, business_date, end_of_day.fee_fen)
    await resume_cycles(end_of_day)
    return await cycle_result(end_of_day.pool, business_date)


async def begin_close(pool: Pool, business_date: date, fee_fen: int = 0) -> None:
    """Open the cycle of a business date and close the books' days. Raises Problem as ``open_cycle``."""
    async with pool.acquire() as connection, connection.transaction():
        await open_cycle(connection, business_date, fee_fen)
    await close_books(pool, business_date)


async def open_cycle(connection: Connection, business_date: date, fee_fen: int = 0) -> bool:
    """Open the cycle of a business date in the caller's transaction; False when it was open already.

    ``fee_fen``: what an issuer owes an acquirer for each visitor's meal, in addition to its price; fixed for the
    cycle when it is opened.

    Raises Problem DAY_NOT_REACHED for a day later than the open ones, NO_CYCLE when nothing was ever closed under
    this date.
    """
    last = await must_be_reached(connection, business_date)
    await connection.execute(QUERIES["one_closer"])
    opened = await connection.fetchval(QUERIES["open_cycle"], business_date, datetime.now(UTC), fee_fen)
    if opened is None and await _cycle_state(connection, business_date) is None:
        raise Problem(NO_CYCLE, "clearing.nothing_to_close", business_date=business_date, open_day=last)
    return opened is not None


async def must_be_reached(pool: Pool | Connection, business_date: date) -> date:
    """Raise Problem(DAY_NOT_REACHED) for a day later than the open ones; returns the last open one."""
    last = max((await open_dates(pool)).values(), default=date.min)
    if business_date > last:
        raise Problem(DAY_NOT_REACHED, "clearing.day_not_reached", open_day=last)
    return last


async def owed_in(pool: Pool | Connection, business_date: date) -> list[Owed]:
    """What every issuer owes every acquirer in a cycle, fees included, as far as its days are gathered."""
    return [as_struct(row, Owed) for row in await pool.fetch(QUERIES["owed"], business_date)]


async def is_begun(pool: Pool, business_date: date) -> bool:
    """Whether the cycle of a business date was opened."""
    return await _cycle_state(pool, business_date) is not None


async def close_books(pool: Pool, business_date: date) -> None:
    """Close the books' days of an open cycle, which takes no longer than a payment; a repeat changes nothing."""
    if await _cycle_state(pool, business_date) != CycleState.CLOSING:
        return
    for book, opened in (await open_dates(pool)).items():
        if opened <= business_date:
            await _close_book(pool, book, business_date)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(QUERIES["one_closer"])
        if await connection.fetchval(QUERIES["books_open_until"], business_date) == 0:
            await connection.execute(QUERIES["assign_closed_days"], business_date)
            await _advance(connection, business_date, CycleState.CLOSING)


async def resume_cycles(end_of_day: EndOfDay) -> list[date]:
    """Advance every unfinished cycle until it is published, the oldest first; returns those that were unfinished."""
    resumed = []
    while (cycle := await end_of_day.pool.fetchrow(QUERIES["unfinished"])) is not None:
        if cycle["business_date"] not in resumed:
            resumed.append(cycle["business_date"])
        await _STEPS[CycleState(cycle["state"])](end_of_day, cycle["business_date"])
    return resumed


async def unfinished(pool: Pool) -> bool:
    """Whether a cycle is being closed."""
    return await pool.fetchrow(QUERIES["unfinished"]) is not None


async def wait_published(pool: Pool, business_date: date, *, seconds: float) -> CycleInfo:
    """A cycle once it is published, or its state after so many seconds. Raises Problem(NO_CYCLE)."""
    until = asyncio.get_running_loop().time() + seconds
    while await _cycle_state(pool, business_date) in _STEPS and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(POLL_INTERVAL_S)
    return await cycle_result(pool, business_date)


async def cycle_result(pool: Pool, business_date: date) -> CycleInfo:
    """A cycle with its positions. Raises Problem(NO_CYCLE)."""
    state = await _cycle_state(pool, business_date)
    if state is None:
        raise Problem(NO_CYCLE, "clearing.no_cycle", business_date=business_date)
    rows = await positions_of(pool, business_date)
    return CycleInfo(business_date, state, [as_struct(row, PositionInfo) for row in rows])


async def _close(end_of_day: EndOfDay, business_date: date) -> None:
    await close_books(end_of_day.pool, business_date)


async def _close_book(pool: Pool, book: Book, through: date) -> None:
    async with pool.acquire() as connection, connection.transaction():
        closed = await connection.fetchval(QUERIES["close_book"], book, through)
        if closed is not None:
            await connection.execute(QUERIES["note_closed_day"], book, closed, datetime.now(UTC))


async def _net(end_of_day: EndOfDay, business_date: date) -> None:
    """Sum up the closed days, as many at a time as the pool has connections, and net the sums."""
    days = await end_of_day.pool.fetch(QUERIES["not_rolled_up"], business_date)
    done = 0

    async def sum_up(book: Book, day: date, late_before: datetime | None) -> None:
        nonlocal done
        await _sum_up(end_of_day.pool, business_date, book, day, late_before)
        done += 1
        end_of_day.progress("books", done, len(days))

    async with together() as summing:
        for row in days:
            summing.create_task(sum_up(row["book"], row["business_date"], row["late_before"]))
    await _net_cycle(end_of_day.pool, business_date)


async def _sum_up(pool: Pool, cycle: date, book: Book, day: date, late_before: datetime | None) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        if await connection.fetchrow(QUERIES["lock_day"], book, day) is not None:
            await connection.execute(LEDGER["roll_up_day"], book, day, timeout=LONG_S)
            await connection.execute(QUERIES["gather_obligations"], cycle, book, day, late_before, timeout=LONG_S)
            await connection.execute(QUERIES["note_rolled_up"], book, day, datetime.now(UTC))


async def _net_cycle(pool: Pool, business_date: date) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        await connection.execute(QUERIES["one_closer"])
        if await _cycle_state(connection, business_date) != CycleState.CLOSED:
            return
        if await connection.fetchrow(QUERIES["not_rolled_up"], business_date) is not None:
            return
        await connection.execute(QUERIES["gather_fees"], business_date)
        owed = await owed_in(connection, business_date)
        agencies = [AgencyId(row["agency_id"]) for row in await connection.fetch(QUERIES["agencies"])]
        positions = net(agencies, owed)
        await connection.executemany(
            QUERIES["add_position"],
            [
                (business_date, agency, p.receivable_fen, p.payable_fen, p.position_fen)
                for agency, p in positions.items()
            ],
        )
        await _advance(connection, business_date, CycleState.CLOSED)


async def _publish(end_of_day: EndOfDay, business_date: date) -> None:
    """Write the files aside; then sign the manifest that has their hashes, and put them in place.

    One closer alone does the latter. Another one, however slow, finds the cycle published and leaves everything as it
    is. A cycle without positions is settled with that.
    """
    pool, progress = end_of_day.pool, end_of_day.progress
    target = end_of_day.folder / business_date.isoformat()
    try:
        with aside(target) as folder:
            written = await write_statements(pool, business_date, folder, progress)
            tree = await grow_tree(pool, business_date, folder, progress)
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(QUERIES["one_closer"])
                if await _cycle_state(connection, business_date) != CycleState.NETTED:
                    return
                await note_statements(connection, business_date, written.files)
                await freeze_accounts(connection, business_date, written.accounts)
                await sign_manifest(connection, end_of_day.key, business_date, tree)
                await _advance(connection, business_date, CycleState.NETTED)
                await settle_cycles(connection, [business_date])
                # Last: whoever comes this far has the lock, and the state that allows it.
                put_in_place(folder, target)
    except FileNotFoundError:
        if await _cycle_state(pool, business_date) == CycleState.NETTED:
            raise
        # Another closer published the cycle meanwhile, and removed what was written aside.
        return
    remove_aside(target)


_STEPS: Mapping[CycleState, Callable[[EndOfDay, date], Awaitable[None]]] = {
    CycleState.CLOSING: _close,
    CycleState.CLOSED: _net,
    CycleState.NETTED: _publish,
}
"""The step that takes a cycle on from a state."""


async def _advance(connection: Connection, business_date: date, state: CycleState) -> None:
    await connection.execute(QUERIES["step"], business_date, state, TRANSITIONS[state], datetime.now(UTC))


async def _cycle_state(connection: Pool | Connection, business_date: date) -> CycleState | None:
    state = await connection.fetchval(QUERIES["cycle_state"], business_date)
    return None if state is None else CycleState(state)
