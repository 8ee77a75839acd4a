"""Ways in: by what a console user can sign in, and that somebody always can in the roles that let others in.

A way is a password, a passkey, or a confirmed identity of a provider that is there.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.catalogue import Phrase
from foundation.problems import CONFLICT, Problem
from registry.access import ACTIVE
from registry.models import ConsoleUser, Identity, Passkey
from registry.passwords import UNKNOWN_USER
from registry.roles import CENTRE_STAFF


def _signs_on(providers: Collection[str]) -> ColumnElement[bool]:
    return (
        select(Identity.identity_id)
        .where(
            Identity.user_id == ConsoleUser.user_id,
            Identity.agency_id.is_not_distinct_from(ConsoleUser.agency_id),
            Identity.provider.in_(providers),
            Identity.confirmed_at.is_not(None),
            Identity.ended_at.is_(None),
        )
        .exists()
    )


async def signs_on(db: AsyncSession, user_id: int, providers: Collection[str]) -> bool:
    """Whether a user needs no password: a confirmed identity of one of the providers lets him in."""
    found = select(ConsoleUser.user_id).where(ConsoleUser.user_id == user_id, _signs_on(providers))
    return await db.scalar(found) is not None


async def somebody_signs_in(db: AsyncSession, role: str, providers: Collection[str]) -> bool:
    """Whether anybody of a role can sign in."""
    has_passkey = select(Passkey.passkey_id).where(Passkey.user_id == ConsoleUser.user_id).exists()
    found = select(ConsoleUser.user_id).where(
        ConsoleUser.role == role,
        ConsoleUser.state == ACTIVE,
        ConsoleUser.suspended_at.is_(None),
        or_(ConsoleUser.password_hash != UNKNOWN_USER, has_passkey, _signs_on(providers)),
    )
    return await db.scalar(found.limit(1)) is not None


@asynccontextmanager
async def somebody_stays(db: AsyncSession, role: str, providers: Collection[str]) -> AsyncIterator[None]:
    """Raise Problem(CONFLICT) when what is done inside takes the last way in of a role that lets others in.

    The caller has locked the users of those roles (``console_users.lock_user``).
    """
    if role not in CENTRE_STAFF:
        yield
        return
    before = await somebody_signs_in(db, role, providers)
    yield
    await db.flush()
    if before and not await somebody_signs_in(db, role, providers):
        raise Problem(CONFLICT, "console_user.last_one", role=Phrase(role, f"role.{role}"))


async def unconfirm_identities(db: AsyncSession, user_id: int) -> list[int]:
    """Let a user's identities wait for a confirmation anew: who said that it was he did so for what he was then.

    Returns their numbers. The caller ends his sessions.
    """
    waits = (
        update(Identity)
        .where(Identity.user_id == user_id, Identity.confirmed_at.is_not(None), Identity.ended_at.is_(None))
        .values(confirmed_by=None, confirmed_at=None)
        .returning(Identity.identity_id)
    )
    return sorted(await db.scalars(waits))
