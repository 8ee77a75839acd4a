"""Identities: whom a person of a directory is here. One person binds, another one confirms.

The directory gives no rights: an identity leads to a console user, whose role two people have given, or to an official.
Who leaves the directory loses his identity, and with it what it was bound to (``terminals.leavers``).
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from foundation.problems import CONFLICT, INVALID, NOT_ALLOWED, NOT_FOUND, Problem
from registry import sessions
from registry.access import Person
from registry.audit import Change
from registry.console_users import lock_user
from registry.duties import Duty, must_be_another
from registry.errors import IDENTITY_UNKNOWN
from registry.identifiers import AgencyId, HolderId
from registry.models import ConsoleUser, Identity, Official, next_numbers
from registry.officials import find_officials
from registry.roles import Role
from registry.sign_on.providers import Identified, ProviderSettings
from registry.ways_in import somebody_stays

DIRECTORY = "directory"
"""Who ended an identity, where nobody did."""


async def bind(
    change: Change, by: Person, provider: str, subject: str, user_id: int | None, holder_id: int | None
) -> int:
    """Bind a person of a directory to a console user or an official; the number of the identity.

    Others may have bound the same subject: one is confirmed. Raises Problem INVALID (not one of both), NOT_FOUND,
    NOT_ALLOWED (another agency, oneself).
    """
    if (user_id is None) == (holder_id is None):
        raise Problem(INVALID, "identity.user_or_official")
    agency_id = await _agency_of(change.db, by, user_id, holder_id)
    [identity_id] = await next_numbers(change.db, 1)
    change.note.subject = f"identity/{identity_id}"
    change.note.detail = {"provider": provider, "subject": subject, "user_id": user_id, "holder_id": holder_id}
    change.db.add(
        Identity(
            identity_id=identity_id,
            provider=provider,
            subject=subject,
            agency_id=agency_id,
            user_id=user_id,
            holder_id=None if holder_id is None else HolderId(holder_id),
            bound_by=by.login,
            bound_at=datetime.now(UTC),
        )
    )
    return identity_id


async def _agency_of(db: AsyncSession, by: Person, user_id: int | None, holder_id: int | None) -> AgencyId | None:
    """Whose somebody is, if this person may say who he is."""
    if holder_id is not None:
        official = (await find_officials(db, [holder_id]))[holder_id]
        by.must_act_for(official.agency_id)
        return official.agency_id
    user = await db.get(ConsoleUser, user_id)
    if user is None or user.role == Role.MACHINE:
        raise Problem(NOT_FOUND, "console_user.none")
    _must_manage(by, user.agency_id)
    if user_id == by.user_id:
        raise Problem(NOT_ALLOWED, "console_user.oneself")
    return user.agency_id


def _must_manage(by: Person, agency_id: int | None) -> None:
    if by.agency_id is not None:
        by.must_act_for(agency_id or 0)


async def confirm(change: Change, by: Person, identity_id: int, subject: str, agency_id: int | None) -> None:
    """Let an identity count. Raises Problem NOT_FOUND, NOT_ALLOWED, SECOND_PERSON, CONFLICT (also: the subject counts
    for somebody else).

    ``subject`` and ``agency_id``: who it was, and whose, when the person looked.
    """
    identity, user, whose = await _open_identity(change.db, by, identity_id)
    if identity.confirmed_at is not None:
        raise Problem(CONFLICT, "identity.confirmed_already")
    if (subject, agency_id) != (identity.subject, whose):
        raise Problem(CONFLICT, "identity.other_than_seen")
    await must_be_another(change.db, Duty.IDENTITY, by, [identity.bound_by])
    if user is not None and user.user_id == by.user_id:
        raise Problem(NOT_ALLOWED, "console_user.oneself")
    identity.agency_id = whose
    identity.confirmed_by, identity.confirmed_at = by.login, datetime.now(UTC)
    try:
        await change.db.flush()
    except IntegrityError:
        raise Problem(CONFLICT, "identity.bound_already") from None
    change.note.detail = {"bound_by": identity.bound_by, "provider": identity.provider, "subject": identity.subject}


async def end(change: Change, by: Person, identity_id: int, providers: Collection[str]) -> Identity:
    """Let an identity count no more, which is returned; the sessions that it opened end.

    Raises Problem NOT_FOUND, NOT_ALLOWED, CONFLICT (nobody of the centre's role could sign in any more).
    """
    identity, user, _ = await _open_identity(change.db, by, identity_id)
    if user is None:
        await end_identity(change.db, identity, by.login)
        return identity
    async with somebody_stays(change.db, user.role, providers):
        await end_identity(change.db, identity, by.login)
    return identity


async def end_identity(db: AsyncSession, identity: Identity, by: str) -> None:
    """Let an identity count no more; the sessions that it opened end."""
    identity.ended_by, identity.ended_at = by, datetime.now(UTC)
    await sessions.end_provider_sessions(db, [identity.identity_id], None)


async def _open_identity(
    db: AsyncSession, by: Person, identity_id: int
) -> tuple[Identity, ConsoleUser | None, AgencyId | None]:
    """An identity that has not ended, the user if it is bound to one, and whose people he or the official is now."""
    found = await lock(db, identity_id)
    if found is None:
        raise Problem(NOT_FOUND, "identity.none")
    identity, user = found
    if user is not None:
        whose = user.agency_id
    else:
        assert identity.holder_id is not None
        whose = (await find_officials(db, [identity.holder_id]))[identity.holder_id].agency_id
    _must_manage(by, whose)
    return identity, user, whose


async def lock(db: AsyncSession, identity_id: int) -> tuple[Identity, ConsoleUser | None] | None:
    """An identity, with its user if it is bound to one, until the transaction ends; None when it has ended."""
    identity = await db.get(Identity, identity_id)
    if identity is None:
        return None
    # The user first, as who changes him locks both.
    user = None if identity.user_id is None else await lock_user(db, identity.user_id)
    await db.refresh(identity, with_for_update=True)
    return None if identity.ended_at is not None else (identity, user)


async def user_of(db: AsyncSession, provider: ProviderSettings, who: Identified) -> tuple[Identity, ConsoleUser]:
    """The console user of somebody whom a provider has identified.

    Raises Problem(IDENTITY_UNKNOWN): nobody is bound, or nobody has confirmed it, or the tenant may not vouch for him.
    """
    found = await _bound(db, provider, who, Identity.user_id)
    user = await db.get_one(ConsoleUser, found.user_id)
    _must_vouch(provider, who, found, user.agency_id)
    _note_tenant(found, who)
    return found, user


async def official_of(db: AsyncSession, provider: ProviderSettings, who: Identified) -> tuple[Identity, Official]:
    """The official, of any state, whom a provider has identified. Raises Problem as ``user_of``."""
    found = await _bound(db, provider, who, Identity.holder_id)
    assert found.holder_id is not None
    official = (await find_officials(db, [found.holder_id]))[found.holder_id]
    _must_vouch(provider, who, found, official.agency_id)
    _note_tenant(found, who)
    return found, official


async def _bound(
    db: AsyncSession, provider: ProviderSettings, who: Identified, to: InstrumentedAttribute[Any]
) -> Identity:
    found = await db.scalar(
        select(Identity).where(
            Identity.provider == provider.name,
            Identity.subject == who.subject,
            to.is_not(None),
            Identity.confirmed_at.is_not(None),
            Identity.ended_at.is_(None),
        )
    )
    if found is None:
        raise _unknown(provider, who, official=to is Identity.holder_id)
    return found


def _unknown(provider: ProviderSettings, who: Identified, *, official: bool) -> Problem:
    """What to tell his administrator: whom a user's or an official's account would be bound to."""
    code = "identity.no_official" if official else "identity.unknown"
    return Problem(IDENTITY_UNKNOWN, code, provider=provider.name, subject=who.subject)


def _must_vouch(provider: ProviderSettings, who: Identified, bound: Identity, agency_id: int | None) -> None:
    """Raise Problem(IDENTITY_UNKNOWN) unless it was confirmed for the agency of now, and the tenant speaks for it."""
    if bound.agency_id != agency_id:
        # By a worker of the release before, an identity of what he was before is still confirmed.
        raise _unknown(provider, who, official=bound.holder_id is not None)
    if not provider.vouches_for(who.tenant, agency_id):
        raise Problem(IDENTITY_UNKNOWN, "identity.foreign_tenant", provider=provider.name)


def _note_tenant(identity: Identity, who: Identified) -> None:
    """Keep whose directory says when he has left it."""
    if identity.tenant != who.tenant:
        identity.tenant = who.tenant


async def in_force(db: AsyncSession, provider: str) -> Sequence[Identity]:
    """A provider's confirmed identities that have not ended, the oldest first."""
    rows = await db.scalars(
        select(Identity)
        .where(Identity.provider == provider, Identity.confirmed_at.is_not(None), Identity.ended_at.is_(None))
        .order_by(Identity.identity_id)
    )
    return list(rows)


async def log_out(db: AsyncSession, provider: str, subject: str | None, session: str | None) -> int:
    """End the sessions that a provider has ended: of a subject, or one. Returns how many."""
    wanted = select(Identity.identity_id).where(Identity.provider == provider)
    if subject is not None:
        wanted = wanted.where(Identity.subject == subject)
    return await sessions.end_provider_sessions(db, list(await db.scalars(wanted)), session)
