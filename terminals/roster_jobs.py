"""Rosters that come over the API: received, previewed, confirmed by a person, applied.

Reading and carrying out take seconds of the processor, so the job runner starts ``onecard roster run`` for them, as
nothing slow runs in a process that takes payments. The file waits sealed, and is forgotten when it is done with.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from foundation.catalogue import Language
from foundation.keys import KeyRing
from foundation.postgres import Pool
from foundation.problems import CONFLICT, INTERNAL, INVALID, NOT_FOUND, Problem
from registry import audit
from registry.access import Person
from registry.approvals import Approvals
from registry.models import Agency, Database, next_numbers
from terminals.blocking import ROSTERS
from terminals.models import Roster, RosterState
from terminals.rosters import Imported, MoversNotFound, Wanted, import_roster, preview_roster, read_rows

log = structlog.get_logger()

MISSES_MAX = 10
"""Files of an agency and day that name somebody who is not known elsewhere: for mistakes, and for no guesses."""

_UNREACHABLE = (OperationalError, InterfaceError, asyncpg.PostgresConnectionError, ConnectionError)
"""No fault of a file: it waits until the database is there again."""


async def receive_roster(
    db: AsyncSession, keys: KeyRing, person: Person, agency: Agency, content: bytes, sha256: str
) -> Roster:
    """Keep a file until it is previewed and confirmed; one that nobody has confirmed is forgotten for it.

    Raises Problem(CONFLICT) while another one of the agency is read or carried out.
    """
    mine = Roster.agency_id == agency.agency_id
    at_work = select(Roster.roster_id).where(mine, Roster.state.in_([RosterState.RECEIVED, RosterState.CONFIRMED]))
    if (other := await db.scalar(at_work.limit(1))) is not None:
        raise Problem(CONFLICT, "roster.one_at_a_time", roster_id=other)
    superseded = _documents(Problem(CONFLICT, "roster.superseded"))
    previewed = update(Roster).where(mine, Roster.state == RosterState.PREVIEWED)
    await db.execute(previewed.values(state=RosterState.REFUSED, content=None, problem=superseded))
    [roster_id] = await next_numbers(db, 1)
    roster = Roster(
        roster_id=roster_id,
        book=agency.book,
        agency_id=agency.agency_id,
        sha256=sha256,
        made_by=person.login,
        made_at=datetime.now(UTC),
        state=RosterState.RECEIVED,
        content=keys.wrap(content, _place(roster_id)),
        done=0,
        rows=0,
    )
    db.add(roster)
    await db.flush()
    return roster


async def find_roster(db: AsyncSession, person: Person, roster_id: int, *, lock: bool = False) -> Roster:
    """A roster of the person's agency; raises Problem(NOT_FOUND)."""
    roster = await db.get(Roster, roster_id, with_for_update=lock)
    if roster is None or person.agency_id not in (None, roster.agency_id):
        raise Problem(NOT_FOUND, "roster.not_found", roster_id=roster_id)
    return roster


async def confirm_roster(db: AsyncSession, person: Person, roster_id: int, leavers: int) -> bool:
    """Have a previewed roster carried out; False when it was confirmed before.

    Raises Problem NOT_FOUND, CONFLICT (it is not previewed, or has another number of leavers).
    """
    roster = await find_roster(db, person, roster_id, lock=True)
    if roster.state in (RosterState.CONFIRMED, RosterState.APPLIED):
        return False
    if roster.state != RosterState.PREVIEWED or roster.preview is None:
        raise Problem(CONFLICT, "roster.not_previewed", roster_id=roster_id)
    if roster.preview["leavers"] != leavers:
        raise Problem(CONFLICT, "roster.other_leavers", leavers=roster.preview["leavers"], confirmed=leavers)
    roster.state, roster.problem = RosterState.CONFIRMED, None
    roster.confirmed_by, roster.confirmed_leavers = person.login, leavers
    return True


async def rosters_wait(pool: Pool) -> bool:
    """Whether a roster waits to be read or carried out."""
    return bool(await pool.fetchval(ROSTERS["rosters_wait"]))


async def run_rosters(database: Database, keys: KeyRing, leavers_max_percent: float) -> list[int]:
    """Preview what was received, and carry out what was confirmed; the numbers of these."""
    ran: list[int] = []
    waiting = select(Roster).where(Roster.state.in_([RosterState.RECEIVED, RosterState.CONFIRMED]))
    async with database() as db:
        found = list(await db.scalars(waiting.order_by(Roster.roster_id).options(undefer(Roster.content))))
    for roster in found:
        try:
            await _run(database, keys, roster, leavers_max_percent)
        except Problem as problem:
            await _note_problem(database, roster, problem)
        except _UNREACHABLE:
            raise
        except Exception:
            # Whatever one file does ends that file: the rosters of other agencies wait behind it.
            log.exception("roster_failed", roster_id=roster.roster_id)
            await _note_problem(database, roster, Problem(INTERNAL))
        ran.append(roster.roster_id)
        log.info("roster_done", roster_id=roster.roster_id)
    return ran


async def _run(database: Database, keys: KeyRing, roster: Roster, leavers_max_percent: float) -> None:
    assert roster.content is not None, "it is kept until it is done with"
    rows = await read_rows(database, keys.unwrap(roster.content, _place(roster.roster_id)))
    if any(row.from_agency is not None for row in rows):
        await _must_not_guess(database, roster)
    if roster.state == RosterState.RECEIVED:
        found = await preview_roster(database, keys, roster.agency_id, rows)
        await _set(database, roster, state=RosterState.PREVIEWED, preview=_shown(found), rows=len(rows))
        return
    assert roster.confirmed_by is not None
    wanted = Wanted(
        roster.agency_id, rows, roster.sha256, roster.confirmed_by, leavers_max_percent,
        roster.confirmed_leavers, roster.roster_id,
    )  # fmt: skip
    done = await import_roster(database, keys, Approvals(database), wanted, partial(_progress, database, roster))
    roster.state = RosterState.APPLIED
    await _set(database, roster, preview=_shown(done))


async def _must_not_guess(database: Database, roster: Roster) -> None:
    """Raise Problem(INVALID) when too many files of the agency named people who are not known elsewhere."""
    async with database() as db:
        code = Roster.problem[Language.ENGLISH.value]["code"].astext
        misses = select(func.count()).where(
            Roster.agency_id == roster.agency_id,
            Roster.made_at > datetime.now(UTC) - timedelta(days=1),
            code == "roster.movers_not_found",
        )
        if (await db.scalar(misses) or 0) >= MISSES_MAX:
            raise Problem(INVALID, "roster.movers_tried", most=MISSES_MAX)


async def _progress(database: Database, roster: Roster, _: str, done: int, of: int) -> None:
    await _set(database, roster, done=done, rows=of)


def _shown(found: Imported) -> dict[str, Any]:
    blocked = {"credentials_blocked": found.credentials_blocked, "approvals": found.approvals, "users": found.users}
    return found.preview | blocked


async def _note_problem(database: Database, roster: Roster, problem: Problem) -> None:
    """What a person must look at once more is previewed anew; a wrong file is refused, and forgotten."""
    documents = _documents(problem)
    if isinstance(problem, MoversNotFound):
        detail = {"roster_id": roster.roster_id, "agencies": problem.agencies}
        async with audit.change(database, roster.made_by, "seek_movers", f"agency/{roster.agency_id}", detail):
            pass
    if problem.kind is CONFLICT:
        await _set(database, roster, state=RosterState.RECEIVED, problem=documents)
    else:
        await _set(database, roster, state=RosterState.REFUSED, problem=documents, content=None)


async def _set(database: Database, roster: Roster, **values: Any) -> None:
    """Note how far a roster is, unless another process has taken it further."""
    async with database.begin() as db:
        is_still = (Roster.roster_id == roster.roster_id) & (Roster.state == roster.state)
        await db.execute(update(Roster).where(is_still).values(**values))


def _documents(problem: Problem) -> dict[str, Any]:
    return {language.value: problem.document(language) for language in Language}


def _place(roster_id: int) -> bytes:
    return f"roster/{roster_id}".encode()
