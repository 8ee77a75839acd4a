"""The way of a day: close -> net -> statements -> publish. Each step commits on its own and can be run again.

The flip itself holds the gate of one book for one small transaction (settlement/sql/day.sql): payments go on
before and after it, and each one is in exactly one business day. Everything slow comes after the flip.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from clearing.errors import DAY_NOT_REACHED, NO_CYCLE
from clearing.netting import Owed, net
from clearing.statements import write_statements
from registry.errors import Problem
from registry.named_sql import load_queries
from registry.postgres import Connection, Pool, allow_long_work
from settlement.ledger import QUERIES as LEDGER

QUERIES = load_queries(Path(__file__).parent / "sql" / "clearing.sql")

TRANSITIONS = {"closed": "netted", "netted": "published"}
"""The states of a cycle."""

Progress = Callable[[str], None]


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


async def close_day(pool: Pool, business_date: date, folder: Path, progress: Progress = lambda _: None) -> CycleResult:
    """Close a business day of every book, net, write and publish the statements; resumes where it stopped.

    Days that a book skipped are closed with it. Doing it twice changes nothing. Raises Problem DAY_NOT_REACHED
    for a day later than the open ones, NO_CYCLE when nothing was ever closed under this date.
    """
    opened = await open_dates(pool)
    if business_date > max(opened.values(), default=date.min):
        raise Problem(DAY_NOT_REACHED, f"the open day is {max(opened.values(), default=None)}")
    for book in opened:
        if await _close_book(pool, book, business_date):
            progress(f"book {book} closed")
    await _roll_up(pool)
    if await _net(pool, business_date):
        progress("netted")
    cycle = await _cycle_state(pool, business_date)
    if cycle is None:
        raise Problem(NO_CYCLE, f"nothing to close under {business_date}: the open day is {opened}")
    if cycle == "netted":
        await write_statements(pool, business_date, folder / business_date.isoformat())
        await _advance(pool, business_date, "netted")
        progress("statements published")
    return await cycle_result(pool, business_date)


async def _close_book(pool: Pool, book: int, through: date) -> bool:
    async with pool.acquire() as connection, connection.transaction():
        closed = await connection.fetchval(QUERIES["close_book"], book, through)
        if closed is None:
            return False
        await connection.execute(QUERIES["note_closed_day"], book, closed, datetime.now(UTC))
        return True


async def _roll_up(pool: Pool) -> None:
    for row in await pool.fetch(QUERIES["not_rolled_up"]):
        async with pool.acquire() as connection, connection.transaction():
            await allow_long_work(connection)
            await connection.execute(LEDGER["roll_up_day"], row["book"], row["business_date"], timeout=600)
            await connection.execute(QUERIES["note_rolled_up"], row["book"], row["business_date"], datetime.now(UTC))


async def _net(pool: Pool, business_date: date) -> bool:
    """Open the date's cycle over every closed day that has none, and net it; False when there is nothing to do."""
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        await connection.execute(QUERIES["one_closer"])
        await connection.execute(QUERIES["open_cycle"], business_date, datetime.now(UTC))
        row = await connection.fetchrow(QUERIES["cycle"], business_date)
        if row is None or row["state"] != "closed":
            return False
        await connection.execute(QUERIES["take_closed_days"], business_date)
        await connection.execute(QUERIES["gather_obligations"], business_date, timeout=600)
        owed = [
            Owed(o["issuer_id"], o["acquirer_id"], o["amount_fen"])
            for o in await connection.fetch(QUERIES["obligations"], business_date)
        ]
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
        return True


async def _advance(connection: Pool | Connection, business_date: date, state: str) -> None:
    """Take a cycle on from a state; nothing happens when another closer was there first."""
    await connection.execute(QUERIES["step"], business_date, state, TRANSITIONS[state], datetime.now(UTC))


async def _cycle_state(pool: Pool, business_date: date) -> str | None:
    row = await pool.fetchrow(QUERIES["cycle"], business_date)
    return row["state"] if row else None


async def cycle_result(pool: Pool, business_date: date) -> CycleResult:
    """A cycle with its positions; raises Problem(NO_CYCLE)."""
    state = await _cycle_state(pool, business_date)
    if state is None:
        raise Problem(NO_CYCLE, str(business_date))
    rows = await pool.fetch(QUERIES["positions"], business_date)
    return CycleResult(business_date, state, [AgencyPosition(*row) for row in rows])
