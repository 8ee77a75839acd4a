"""Who leaves a directory loses console, cards and phones; purses are kept until they are paid out.

A synchronization compares a provider's directory with the identities of its tenant that are in force; who is missing is
looked for a second time. Where too many would leave at
once, the directory is thought incomplete: nothing changes until a person has confirmed it at ``/approvals``.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct, convert, to_builtins
from sqlalchemy import select

from dining.endings import end_for
from foundation.problems import Problem
from registry import audit, console_users
from registry.access import Person
from registry.approvals import Approvals, ApprovalState, Execute, Rule, Wanted
from registry.audit import Change
from registry.identifiers import Book, HolderId
from registry.models import Approval, ConsoleUser, Database
from registry.officials import find_officials
from registry.roles import CENTRE_STAFF
from registry.sign_on import identities
from registry.sign_on.directory import Compared, compare
from registry.sign_on.providers import Directory, Provider
from registry.ways_in import somebody_signs_in
from terminals import blocking

log = structlog.get_logger()

REASON = "left the directory"
IDENTITY_ENDED = "the identity by which it was made has ended"
MAKER = "directory"

READ_AGAIN_AFTER_S = 3.0
"""A directory in which somebody is missing is read a second time: who is missing in both readings has left."""

ASK_AGAIN_AFTER = timedelta(days=1)
"""A synchronization that a person has rejected is not asked for again at once: somebody has to look at the directory.
"""


class LeaversWanted(Struct):
    """The end of the identities of many people at once."""

    provider: str
    identities: list[int]

    @property
    def wanted(self) -> Wanted:
        """The request for approval."""
        subject = f"sign_on/{self.provider}"
        return Wanted("directory_leavers", None, subject, to_builtins(self), items=len(self.identities))


@dataclass(frozen=True, slots=True)
class Synchronized:
    """What a synchronization came to. ``awaits``: the request for approval, when too many would have left."""

    left: int
    awaits: int | None = None


async def synchronize(
    database: Database, approvals: Approvals, provider: Provider, share_max_percent: int, providers: Collection[str]
) -> Synchronized:
    """Compare a provider's directory with who is bound here. ``providers``: all that are there.

    Raises Problem UNAVAILABLE.
    """
    directory = await provider.directory()
    if directory is None:
        return Synchronized(0)
    name = provider.settings.name
    compared = await _compared(database, provider, directory)
    if compared.leavers:
        await asyncio.sleep(READ_AGAIN_AFTER_S)
        again = await provider.directory()
        assert again is not None, "it showed one before"
        compared = await _compared(database, provider, replace(directory, people=directory.people | again.people))
    leavers = LeaversWanted(name, [one.identity_id for one in compared.leavers])
    if compared.are_too_many(share_max_percent):
        return Synchronized(0, await _ask(database, approvals, leavers, compared.bound))
    for identity_id in leavers.identities:
        async with audit.change(database, MAKER, "leave_directory", f"identity/{identity_id}") as change:
            change.is_repeat = not await _leave(change, identity_id, providers)
    return Synchronized(len(leavers.identities))


async def _compared(database: Database, provider: Provider, directory: Directory) -> Compared:
    async with database() as db:
        return compare(await identities.in_force(db, provider.settings.name), provider.settings, directory)


async def _ask(database: Database, approvals: Approvals, leavers: LeaversWanted, bound: int) -> int | None:
    """The number of the request for approval; None while one that was rejected still holds."""
    wanted = leavers.wanted
    rejected = select(Approval.approval_id).where(
        Approval.kind == wanted.kind,
        Approval.digest == wanted.digest,
        Approval.state == ApprovalState.REJECTED,
        Approval.decided_at > datetime.now(UTC) - ASK_AGAIN_AFTER,
    )
    async with database() as db:
        if await db.scalar(rejected.limit(1)) is not None:
            return None
    rule = Rule("identity.many_leave", {"leavers": wanted.items, "bound": bound})
    return (await approvals.ask(MAKER, wanted, rule)).approval_id


async def end_identity(change: Change, by: Person, identity_id: int, providers: Collection[str]) -> None:
    """Let an identity count no more: its sessions end, and an official's phones that were made in them are blocked.

    Raises Problem as ``identities.end``.
    """
    identity = await identities.end(change, by, identity_id, providers)
    if identity.holder_id is not None:
        official = (await find_officials(change.db, [identity.holder_id], alone=True))[identity.holder_id]
        blocked = await blocking.block_made_by(change.db, official, identity_id, IDENTITY_ENDED, change.note.actor)
        change.note.detail = {"blocked": blocked}


async def _leave(change: Change, identity_id: int, providers: Collection[str]) -> bool:
    """Take what an identity led to; False when it has ended already."""
    found = await identities.lock(change.db, identity_id)
    if found is None:
        return False
    identity, user = found
    change.note.detail = {"provider": identity.provider, "user_id": identity.user_id, "holder_id": identity.holder_id}
    await identities.end_identity(change.db, identity, identities.DIRECTORY)
    if identity.holder_id is not None:
        official = (await find_officials(change.db, [identity.holder_id], alone=True))[identity.holder_id]
        change.note.detail["blocked"] = await blocking.block_all(
            change.db, official.book, official.holder_id, REASON, change.note.actor
        )
        change.note.detail |= await end_for(
            await change.connection(), Book(official.book), [HolderId(official.holder_id)], datetime.now(UTC)
        )
    if user is not None and user.agency_id == identity.agency_id:
        await _suspend(change, user, providers)
    return True


async def _suspend(change: Change, user: ConsoleUser, providers: Collection[str]) -> None:
    """The last operator or approver of the centre who has another way in keeps it: somebody must let people in.

    Who has none is out. The log and the audit log tell when nobody of his role is left who can sign in.
    """
    user_id, role, noted = user.user_id, user.role, dict(change.note.detail)
    try:
        async with change.db.begin_nested():
            change.note.detail["suspended"] = await console_users.suspend_leaver(change, user, providers)
    except Problem as problem:
        change.note.detail = noted | {"suspended": False}
        log.error("leaver_not_suspended", user_id=user_id, reason=problem.code)
    if role in CENTRE_STAFF and not await somebody_signs_in(change.db, role, providers):
        change.note.detail["nobody_left"] = role
        log.error("nobody_signs_in", role=role)


def kinds(providers: Collection[str]) -> dict[str, Execute]:
    """What is carried out here when it is approved. ``providers``: all that are there."""

    async def leave(change: Change, approval: Approval) -> dict[str, Any]:
        asked = convert(approval.body, LeaversWanted)
        left = 0
        for identity_id in asked.identities:
            async with change.db.begin_nested():
                one = Change(change.db, audit.Note(MAKER, "leave_directory", f"identity/{identity_id}", {}))
                if await _leave(one, identity_id, providers):
                    left += 1
                    await change.db.flush()
                    await audit.append(await one.connection(), one.note)
        return {"left": left}

    return {"directory_leavers": leave}
