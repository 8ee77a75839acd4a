"""Importing a roster: joiners are registered, leavers' cards and phones blocked, all of it or nothing.

Leavers keep their purses until they are paid out (``terminals.closures``). A file by which more than a share of the
agency's people would leave was likely cut off: it changes nothing until somebody confirms the leavers. Who comes from
another agency is registered at once; his money follows when that agency agrees (``terminals.moves``).
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from dining.endings import end_for
from foundation.keys import KeyRing
from foundation.postgres import allow_long_work
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from foundation.table_files import Finding, WrongFile
from registry import audit
from registry.approvals import Approvals
from registry.audit import Change
from registry.identifiers import AgencyId, HolderId
from registry.models import Agency, ConsoleUser, Database, Official, next_numbers
from registry.roster_writing import (
    QUERIES,
    add_officials,
    agency_names,
    change_officials,
    class_names,
    closed_accounts,
    has_index,
    known_people,
)
from registry.rosters import Column, Plan, Row, plan, read_roster
from registry.states import OfficialState
from terminals.blocking import block_everything
from terminals.models import Roster, RosterState
from terminals.moves import Move, ask_for_moves

Progress = Callable[[str, int, int], Awaitable[None]]
"""What is being done, how much of it is done, of how much."""

LINES_SHOWN = 20
"""Of those that name another agency."""


class MoversNotFound(Problem):
    """At least one of those who come from another agency is not known there as the file has him."""

    def __init__(self, movers: list[Row]) -> None:
        lines = ", ".join(str(row.line) for row in movers[:LINES_SHOWN])
        super().__init__(INVALID, "roster.movers_not_found", lines=f"{lines} …" if movers[LINES_SHOWN:] else lines)
        self.agencies = sorted({row.from_agency for row in movers if row.from_agency is not None})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A roster that somebody wants to import.

    ``leavers``: how many a person has confirmed, where a file says so; None: as few as the agency's limit, or else
    ``leavers_max_percent`` of its people, may leave unasked. ``roster_id``: its row, where it came over the API.
    """

    agency_id: int
    rows: list[Row]
    sha256: str
    maker: str
    leavers_max_percent: float
    leavers: int | None = None
    roster_id: int | None = None


@dataclass(slots=True)
class Imported:
    """What a roster changed: see ``Plan.preview``. ``users``: console users whose login is a leaver's staff number."""

    preview: dict[str, Any]
    credentials_blocked: int = 0
    approvals: list[int] = field(default_factory=list)
    users: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Planned:
    agency: Agency
    plan: Plan
    moves: list[tuple[Row, HolderId | None, Official]]
    users: list[str]


async def read_rows(database: Database, content: bytes) -> list[Row]:
    """The rows of a file; takes seconds of the processor. Raises Problem as ``read_roster``."""
    async with database() as db:
        classes, agencies = await class_names(db), await agency_names(db)
    return read_roster(content, classes, agencies)


def digest_of(content: bytes) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


async def preview_roster(database: Database, keys: KeyRing, agency_id: int, rows: list[Row]) -> Imported:
    """What a roster would change. Raises Problem NOT_FOUND, WrongFile, MoversNotFound."""
    async with database() as db:
        planned = await _plan(db, keys, agency_id, rows)
    return Imported(planned.plan.preview, users=planned.users)


async def import_roster(
    database: Database, keys: KeyRing, approvals: Approvals, wanted: Wanted, progress: Progress
) -> Imported:
    """Import a roster with its audit entry; the same file again changes nothing.

    Raises Problem NOT_FOUND, WrongFile, MoversNotFound, CONFLICT (leavers whom nobody has confirmed, people registered
    meanwhile).
    """
    subject = f"agency/{wanted.agency_id}"
    try:
        async with audit.change(database, wanted.maker, "import_roster", subject) as change:
            await allow_long_work(await change.connection())
            planned = await _plan(change.db, keys, wanted.agency_id, wanted.rows, lock=True)
            _must_be_confirmed(planned, wanted)
            imported = Imported(planned.plan.preview, users=planned.users)
            new: list[HolderId] = []
            change.is_repeat = planned.plan.changes_nothing
            if not change.is_repeat:
                new, imported.credentials_blocked = await _carry_out(change, keys, planned, wanted, progress)
            if wanted.roster_id is not None:
                await _note_applied(change, wanted.roster_id)
            counts = {name: value for name, value in imported.preview.items() if isinstance(value, int)}
            blocked = {"credentials_blocked": imported.credentials_blocked}
            change.note.detail = {"sha256": wanted.sha256} | counts | blocked
    except asyncpg.UniqueViolationError:
        raise Problem(CONFLICT, "roster.changed_meanwhile") from None
    imported.approvals = await _ask_for_moves(database, approvals, wanted.maker, planned, new)
    return imported


async def _plan(db: AsyncSession, keys: KeyRing, agency_id: int, rows: list[Row], *, lock: bool = False) -> _Planned:
    query = select(Agency).where(Agency.agency_id == agency_id)
    # Two rosters of an agency at once: the second one waits, and sees what the first has changed.
    agency = await db.scalar(query.with_for_update(key_share=True) if lock else query)
    if agency is None:
        raise Problem(NOT_FOUND, "agency.not_found", agency_id=agency_id)
    known = await known_people(db, keys, agency)
    indexes = [keys.blind_index(agency.agency_id, row.staff_number) for row in rows]
    made = plan(rows, indexes, known)
    leaving = {one.holder_id for one in made.leavers}
    gone = {index for index, one in known.items() if one.holder_id in leaving}
    logins = await db.scalars(select(ConsoleUser.login).where(ConsoleUser.agency_id == agency.agency_id))
    # A login has small letters alone.
    users = sorted(
        login
        for login in logins
        if any(keys.blind_index(agency.agency_id, written) in gone for written in (login, login.upper()))
    )
    return _Planned(agency, made, await _find_moves(db, keys, agency, made), users)


async def _find_moves(
    db: AsyncSession, keys: KeyRing, agency: Agency, made: Plan
) -> list[tuple[Row, HolderId | None, Official]]:
    """Who comes from another agency, with his account there. Staff number and name must both be right.

    Who is here already, and there no more, was paid out there. Raises WrongFile, and MoversNotFound, which does not
    say which lines are wrong, or how many: else a file would tell who works elsewhere.
    """
    found: list[tuple[Row, HolderId | None, Official]] = []
    findings: list[Finding] = []
    by_index: dict[tuple[AgencyId, bytes], tuple[Row, HolderId | None]] = {}
    for row, known in made.from_elsewhere:
        assert row.from_agency is not None
        if known is not None and known.name != row.name:
            # Else an account of anybody, renamed for a moment, would take the money of that name.
            findings.append(Finding(row.line, Column.NAME, "roster.renamed_mover", {}))
        if row.from_agency == agency.agency_id:
            findings.append(Finding(row.line, Column.FROM_AGENCY, "roster.from_here", {}))
        place = row.from_agency, keys.blind_index(row.from_agency, row.from_staff_number or "")
        if place in by_index:
            first = {"first": by_index[place][0].line}
            findings.append(Finding(row.line, Column.FROM_STAFF_NUMBER, "roster.from_twice", first))
        by_index[place] = row, None if known is None else known.holder_id
    if findings:
        raise WrongFile(findings)
    is_one_missing = False
    there = select(Official).where(
        Official.agency_id.in_({agency_id for agency_id, _ in by_index}),
        has_index([index for _, index in by_index]),
        Official.state != OfficialState.LEFT,
    )
    accounts = {(one.agency_id, bytes(one.staff_index)): one for one in await db.scalars(there)} if by_index else {}
    for place, (row, holder_id) in by_index.items():
        account = accounts.get(place)
        if account is not None and name_of(keys, account) == row.name:
            found.append((row, holder_id, account))
        elif holder_id is None:
            is_one_missing = True
    if is_one_missing:
        raise MoversNotFound([row for row, _ in made.from_elsewhere])
    return found


def name_of(keys: KeyRing, official: Official) -> str:
    """An official's name."""
    return open_name(keys, official.agency_id, official.holder_id, official.name_sealed)


def open_name(keys: KeyRing, agency_id: int, holder_id: int, sealed: bytes) -> str:
    """An official's name from what is stored of it."""
    return keys.open_personal(agency_id, f"official/name/{holder_id}", sealed)


def masked(name: str) -> str:
    """A name's first character, and a star for each other one: at most two, which tell no length."""
    return name[:1] + "*" * min(len(name) - 1, 2)


def _must_be_confirmed(planned: _Planned, wanted: Wanted) -> None:
    """Raise Problem(CONFLICT) if more would leave than a person has confirmed, or than leave unasked."""
    made, percent = planned.plan, planned.agency.roster_leavers_max_percent
    leavers = len(made.leavers)
    if wanted.leavers is not None and leavers > wanted.leavers:
        raise Problem(CONFLICT, "roster.more_leavers", leavers=leavers, confirmed=wanted.leavers)
    most = wanted.leavers_max_percent if percent is None else percent
    if wanted.leavers is None and made.leavers_percent() > most:
        raise Problem(CONFLICT, "roster.many_leavers", leavers=leavers, active=made.active, percent=most)


async def _carry_out(
    change: Change, keys: KeyRing, planned: _Planned, wanted: Wanted, progress: Progress
) -> tuple[list[HolderId], int]:
    """Change the agency's people; the joiners' numbers, and how many credentials were blocked."""
    connection, agency, made = await change.connection(), planned.agency, planned.plan
    roster_id = wanted.roster_id or await _note_roster(change, agency, wanted, planned)
    indexes = [keys.blind_index(agency.agency_id, row.staff_number) for row in made.joiners]
    earlier = await closed_accounts(change.db, agency, indexes)
    new = await add_officials(change.db, connection, keys, agency, made.joiners, earlier, partial(progress, "joiners"))
    await change_officials(connection, keys, agency, [*made.changed, *made.returning])
    leaving = [one.holder_id for one in made.leavers]
    await connection.execute(QUERIES["mark_leaving"], agency.book, leaving)
    what = [
        *((holder_id, "joined") for holder_id in new),
        *((one.holder_id, "returned") for _, one in made.returning),
        *((one.holder_id, "changed") for _, one in made.changed),
        *((holder_id, "left") for holder_id in leaving),
    ]
    records = [(agency.book, holder_id, roster_id, change_of_him) for holder_id, change_of_him in what]
    columns = ("book", "holder_id", "roster_id", "what")
    await connection.copy_records_to_table("roster_change", records=records, columns=columns)
    await end_for(connection, agency.book, leaving, datetime.now(UTC))
    return new, await block_everything(change, agency.book, leaving, "left the agency")


async def _note_applied(change: Change, roster_id: int) -> None:
    """Note that a roster of the API is applied; raises Problem(CONFLICT) when another process has done so."""
    waits = update(Roster).where(Roster.roster_id == roster_id, Roster.state == RosterState.CONFIRMED)
    values = {"state": RosterState.APPLIED, "applied_at": datetime.now(UTC), "content": None}
    done = await change.db.scalar(waits.values(values).returning(Roster.roster_id))
    if done is None:
        raise Problem(CONFLICT, "roster.changed_meanwhile")


async def _note_roster(change: Change, agency: Agency, wanted: Wanted, planned: _Planned) -> int:
    [roster_id] = await next_numbers(change.db, 1)
    now = datetime.now(UTC)
    change.db.add(
        Roster(
            roster_id=roster_id,
            book=agency.book,
            agency_id=agency.agency_id,
            sha256=wanted.sha256,
            made_by=wanted.maker,
            made_at=now,
            state=RosterState.APPLIED,
            rows=len(wanted.rows),
            done=len(wanted.rows),
            preview=planned.plan.preview,
            confirmed_by=wanted.maker,
            confirmed_leavers=wanted.leavers,
            applied_at=now,
        )
    )
    await change.db.flush()
    return roster_id


async def _ask_for_moves(
    database: Database, approvals: Approvals, maker: str, planned: _Planned, new: list[HolderId]
) -> list[int]:
    """Ask the agencies that were left to let the money go; again while they are asked, it is the same request."""
    numbers = dict(zip((row.line for row in planned.plan.joiners), new, strict=True))
    moves = []
    async with database() as db:
        for row, holder_id, account in planned.moves:
            number = numbers.get(row.line) if holder_id is None else holder_id
            assert number is not None, "who is not known joins"
            here = await db.get_one(Official, (planned.agency.book, number))
            moves.append(Move.of(account, here))
        return await ask_for_moves(approvals, await audit.connection_of(db), maker, moves)
