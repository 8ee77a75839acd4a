"""One official: found by name, changed, suspended and resumed, gone; with all that is his.

Names stay sealed. They are shown to people of the same agency and to auditors, and every search and every look has an
entry in the audit log; what was searched for stands there as a keyed hash. Who is suspended pays nothing from that
commit on, since the charge statement reads the state, and tills without a network learn it from the block list.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dining.endings import end_for
from foundation.keys import KeyRing
from foundation.postgres import Pool
from foundation.problems import CONFLICT, INVALID, NOT_ALLOWED, NOT_FOUND, SECOND_PERSON, Problem
from registry import audit
from registry.access import Person
from registry.audit import Change
from registry.identifiers import Book, HolderId
from registry.models import AuditEntry, Credential, Database, Official, PersonClass, Visit
from registry.roles import Role
from registry.states import OfficialState
from settlement.ledger import balances
from terminals.blocking import ROSTERS, block_everything, list_changes, void_codes
from terminals.models import Roster, RosterChange
from terminals.people_schemas import (
    AccountShown,
    CredentialShown,
    Found,
    HistoryShown,
    OfficialChange,
    OfficialFile,
    PersonFound,
    StayShown,
)
from terminals.rosters import name_of

NAMES_AT_A_TIME = 500
"""Names that a worker opens before it looks after payments again: two milliseconds."""
FOUND_MAX = 50
SEARCH_LEAST = 2
"""Characters of a search: one finds half of an agency."""
HISTORY_MAX = 200
EARLIER_MAX = 20


async def find_official(db: AsyncSession, person: Person, holder_id: int, *, lock: bool = False) -> Official:
    """An official of the person's agency; raises Problem(NOT_FOUND)."""
    official = await db.scalar(select(Official).where(Official.holder_id == holder_id))
    if official is None or person.agency_id not in (None, official.agency_id):
        raise Problem(NOT_FOUND, "official.not_found", holder_id=holder_id)
    if lock:
        await db.refresh(official, with_for_update=True)
    return official


async def search_names(database: Database, keys: KeyRing, person: Person, agency_id: int, words: str) -> Found:
    """People of the person's own agency whose names contain the words; logged. Raises Problem NOT_ALLOWED, INVALID."""
    if person.agency_id != agency_id:
        raise Problem(NOT_ALLOWED, "official.names_of_own")
    words = words.strip().casefold()
    if len(words) < SEARCH_LEAST:
        raise Problem(INVALID, "official.search_too_short", least=SEARCH_LEAST)
    found: list[PersonFound] = []
    after = 0
    while len(found) <= FOUND_MAX:
        page = await _page(database, agency_id, after)
        found += [
            PersonFound(one.holder_id, name, one.person_class, one.department, one.state)
            for one in page
            if words in (name := name_of(keys, one)).casefold()
        ]
        if len(page) < NAMES_AT_A_TIME:
            break
        after = page[-1].holder_id
        await asyncio.sleep(0)
    detail = {"words": keys.blind_index(agency_id, f"search/{words}").hex()[:32], "found": len(found)}
    async with audit.change(database, person.login, "search_officials", f"agency/{agency_id}", detail):
        pass
    return Found(found[:FOUND_MAX], len(found) > FOUND_MAX)


async def _page(database: Database, agency_id: int, after: int) -> Sequence[Official]:
    here = select(Official).where(Official.agency_id == agency_id, Official.holder_id > after)
    async with database() as db:
        return list(await db.scalars(here.order_by(Official.holder_id).limit(NAMES_AT_A_TIME)))


async def see_name(database: Database, keys: KeyRing, person: Person, holder_id: int) -> str:
    """An official's name, for people of his agency and auditors; logged. Raises Problem NOT_FOUND, NOT_ALLOWED."""
    if person.agency_id is None and person.role is not Role.AUDITOR:
        raise Problem(NOT_ALLOWED, "official.names_of_own")
    async with audit.change(database, person.login, "see_name", f"official/{holder_id}") as change:
        return name_of(keys, await find_official(change.db, person, holder_id))


async def file_of(database: Database, ledger: Pool, person: Person, holder_id: int) -> OfficialFile:
    """One official with all that is his. Raises Problem(NOT_FOUND)."""
    async with database() as db:
        return await whole_file(db, ledger, await find_official(db, person, holder_id))


async def whole_file(db: AsyncSession, ledger: Pool, official: Official) -> OfficialFile:
    """The same of an official who was found."""
    book, holder_id = official.book, official.holder_id
    mine = select(Credential).where(Credential.book == book, Credential.holder_id == holder_id)
    credentials = list(await db.scalars(mine.order_by(Credential.credential_id)))
    stays = select(Visit).where(Visit.book == book, Visit.holder_id == holder_id)
    visits = list(await db.scalars(stays.order_by(Visit.first_day, Visit.visit_id)))
    earlier = await _earlier(db, official)
    own = (f"{noun}/{holder_id}" for noun in ("official", "holder"))
    subjects = [*own, *(f"credential/{one.credential_id}" for one in credentials)]
    history = await _history(db, official, subjects)
    held = await balances(ledger, book, official.holder_id)
    return OfficialFile(
        official.holder_id,
        book,
        official.agency_id,
        official.state,
        official.person_class,
        official.department,
        held.get("cash", 0),
        held.get("subsidy", 0),
        [CredentialShown(c.credential_id, c.kind, c.state, c.issued_at, c.expires_at, c.replaces) for c in credentials],
        [StayShown(v.visit_id, v.host_agency_id, v.first_day, v.last_day) for v in visits],
        [AccountShown(one.book, one.agency_id, one.holder_id, one.state) for one in earlier],
        history,
    )


async def _earlier(db: AsyncSession, official: Official) -> list[Official]:
    """The accounts that the same person had before, the latest first."""
    found: list[Official] = []
    while official.earlier_holder is not None and len(found) < EARLIER_MAX:
        official = await db.get_one(Official, (official.earlier_book, official.earlier_holder))
        found.append(official)
    return found


async def _history(db: AsyncSession, official: Official, subjects: list[str]) -> list[HistoryShown]:
    entries = select(AuditEntry).where(AuditEntry.subject.in_(subjects)).order_by(AuditEntry.entry.desc())
    history = [
        HistoryShown(one.at, one.actor, one.action, one.subject, one.detail)
        for one in await db.scalars(entries.limit(HISTORY_MAX))
    ]
    lines = (
        select(RosterChange.what, Roster)
        .join(Roster, Roster.roster_id == RosterChange.roster_id)
        .where(RosterChange.book == official.book, RosterChange.holder_id == official.holder_id)
    )
    for what, roster in await db.execute(lines):
        at, actor = roster.applied_at or roster.made_at, roster.confirmed_by or roster.made_by
        history.append(HistoryShown(at, actor, "roster", f"roster/{roster.roster_id}", {"what": what}))
    return sorted(history, key=lambda one: one.at, reverse=True)[:HISTORY_MAX]


async def change_official(
    change: Change, keys: KeyRing, person: Person, holder_id: int, wanted: OfficialChange
) -> None:
    """Change name, class or department. Raises Problem NOT_FOUND, INVALID (no such class)."""
    official = await find_official(change.db, person, holder_id, lock=True)
    changed: dict[str, str | bool] = {}
    if wanted.name is not UNSET and wanted.name != name_of(keys, official):
        place = f"official/name/{official.holder_id}"
        official.name_sealed = keys.seal_personal(official.agency_id, place, wanted.name)
        changed["name"] = True
    if wanted.person_class is not UNSET and wanted.person_class != official.person_class:
        if await change.db.get(PersonClass, wanted.person_class) is None:
            raise Problem(INVALID, "official.no_such_class", value=wanted.person_class)
        official.person_class = changed["person_class"] = wanted.person_class
    if wanted.department is not UNSET and wanted.department != (official.department or ""):
        official.department = wanted.department or None
        changed["department"] = wanted.department
    change.note.detail = changed
    change.is_repeat = not changed


async def suspend(change: Change, person: Person, holder_id: int) -> None:
    """Let an official pay nothing until he is resumed; again changes nothing.

    What he booked and reported out ends, and his open code.

    Raises Problem NOT_FOUND, CONFLICT.
    """
    official = await _in_state(change, person, holder_id, OfficialState.ACTIVE, OfficialState.SUSPENDED)
    if official is not None:
        official.state = OfficialState.SUSPENDED
        await void_codes(change.db, official.book, [official.holder_id])
        await _tell_tills(change, official, blocked=True)
        change.note.detail |= await _end_bookings(change, official)


async def resume(change: Change, person: Person, holder_id: int) -> None:
    """Let a suspended official pay again; somebody other than who suspended him does it, as a block is lifted.

    Raises Problem NOT_FOUND, CONFLICT, SECOND_PERSON.
    """
    official = await _in_state(change, person, holder_id, OfficialState.SUSPENDED, OfficialState.ACTIVE)
    if official is None:
        return
    by = select(AuditEntry.actor).where(
        AuditEntry.subject == f"official/{holder_id}", AuditEntry.action == "suspend_official"
    )
    if await change.db.scalar(by.order_by(AuditEntry.entry.desc()).limit(1)) == person.login:
        raise Problem(SECOND_PERSON)
    official.state = OfficialState.ACTIVE
    await _tell_tills(change, official, blocked=False)


async def leave(change: Change, person: Person, holder_id: int) -> None:
    """Block all that an official pays with, and end what he booked and reported out; his purses wait to be paid out.

    Raises Problem NOT_FOUND, CONFLICT.
    """
    official = await find_official(change.db, person, holder_id, lock=True)
    if official.state == OfficialState.LEFT:
        raise Problem(CONFLICT, "official.is.left", holder_id=holder_id)
    change.is_repeat = official.state == OfficialState.LEAVING
    if not change.is_repeat:
        official.returns_suspended = official.state == OfficialState.SUSPENDED
        official.state = OfficialState.LEAVING
        await change.db.flush()
        reason = str(change.note.detail["reason"])
        blocked = await block_everything(change, Book(official.book), [HolderId(official.holder_id)], reason)
        change.note.detail |= {"blocked": blocked} | await _end_bookings(change, official)


async def _end_bookings(change: Change, official: Official) -> dict[str, int]:
    connection = await change.connection()
    return await end_for(connection, Book(official.book), [HolderId(official.holder_id)], datetime.now(UTC))


async def _in_state(
    change: Change, person: Person, holder_id: int, before: OfficialState, after: OfficialState
) -> Official | None:
    """The official, in the state in which he can be changed; None when he was changed before."""
    official = await find_official(change.db, person, holder_id, lock=True)
    change.is_repeat = official.state == after
    if change.is_repeat:
        return None
    if official.state != before:
        raise Problem(CONFLICT, f"official.is.{official.state}", holder_id=holder_id)
    return official


async def _tell_tills(change: Change, official: Official, *, blocked: bool) -> None:
    """Put the credentials that are not blocked by themselves on the block list, or take them from it."""
    await change.db.flush()
    connection = await change.connection()
    rows = await connection.fetch(ROSTERS["active_credentials"], official.book, [official.holder_id])
    numbers = [row["credential_id"] for row in rows]
    reason = str(change.note.detail["reason"])
    await list_changes(connection, Book(official.book), numbers, blocked, reason, change.note.actor)
