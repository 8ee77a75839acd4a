"""Machines: programs of agencies and the centre with credentials of their own (OAuth 2.0 client credentials, RFC 6749).

A machine is a console user of the role ``machine``: two people let it in, its scopes are permissions, and its agency,
its suspension, its sessions and its audit entries are those of users. It shows a secret for a token of a quarter of an
hour. Secrets are 256 random bits, of which only the SHA-256 is stored. A machine renews its own secret, and the one
before lives on for a day: so nobody needs to have seen the secret that it uses.

Who gave it rights or a secret, or confirmed it, may know the secret all the same. So whatever two people must do, a
machine does as each of them (``registry.duties``), and what it moves alone counts for each of them.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.catalogue import Phrase
from foundation.problems import CONFLICT, INVALID, Problem
from registry import console_users, sessions
from registry.access import ACTIVE, MAY, Permission, Person
from registry.audit import Change
from registry.identifiers import AgencyId
from registry.models import ClientSecret, ConsoleUser, next_numbers
from registry.officials import find_agency
from registry.passwords import UNKNOWN_USER
from registry.roles import NEEDS_AGENCY, OF_PEOPLE, Role

TOKEN_LIFE = timedelta(minutes=15)
"""As long as a proof counts: what needs one is never refused for its age alone."""

OVERLAP = timedelta(days=1)
"""How long the secret before a renewal still counts."""

SECRET_DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A machine's secret, shown this once."""

    user_id: int
    secret: str
    expires_at: datetime


def scopes_for(agency_id: int | None) -> frozenset[Permission]:
    """What a machine of an agency, or of the centre, may be given: no more than people there, and never to decide.

    And no more than those have who let machines in: one of the two must have each scope himself.
    """
    there = [MAY[role] for role in OF_PEOPLE if (role in NEEDS_AGENCY) == (agency_id is not None)]
    let_in = [MAY[role] for role in OF_PEOPLE if Permission.MANAGE_USERS in MAY[role]]
    of_any = frozenset[Permission]().union
    return MAY[Role.MACHINE] & of_any(*there) & of_any(*let_in)


SCOPES = scopes_for(None) | scopes_for(AgencyId(1))
"""What some machine may be given."""


def _checked(scopes: Sequence[Permission], agency_id: int | None) -> str:
    """Scopes as they are stored; raises Problem(INVALID) for one that no machine there may have."""
    wrong = next((one for one in scopes if one not in scopes_for(agency_id)), None)
    if wrong is not None:
        raise Problem(INVALID, "machine.scope", permission=Phrase(wrong, f"permission.{wrong}"))
    if not scopes:
        raise Problem(INVALID, "machine.no_scope")
    return " ".join(sorted(set(scopes)))


async def add(
    change: Change, by: Person, login: str, agency_id: int | None, scopes: Sequence[Permission], days: int
) -> NewSecret:
    """Add a machine, which somebody else must confirm as a user. Raises Problem INVALID, NOT_ALLOWED, CONFLICT."""
    console_users.check_new_login(login)
    stored = _checked(scopes, agency_id)
    if by.agency_id is not None:
        by.must_act_for(agency_id or 0)
    if agency_id is not None:
        await find_agency(change.db, agency_id)
    [user_id] = await next_numbers(change.db, 1)
    user = ConsoleUser(
        user_id=user_id,
        login=login,
        role=Role.MACHINE,
        agency_id=None if agency_id is None else AgencyId(agency_id),
        password_hash=UNKNOWN_USER,
        state=console_users.UNCONFIRMED,
        scopes=stored,
    )
    console_users.give(user, by)
    change.note.subject = f"console_user/{user_id}"
    change.note.detail = {"login": login, "agency_id": agency_id, "scopes": stored}
    await console_users.add_row(change.db, user)
    return _give_secret(change.db, user_id, days)


async def change_scopes(change: Change, by: Person, user_id: int, scopes: Sequence[Permission]) -> None:
    """Other scopes; its sessions end, and somebody else must confirm it."""
    user = await _machine_to_change(change, by, user_id)
    stored = _checked(scopes, user.agency_id)
    if user.scopes == stored:
        raise Problem(CONFLICT, "machine.no_change")
    change.note.detail = {"before": user.scopes, "after": stored}
    user.scopes, user.state = stored, console_users.UNCONFIRMED
    console_users.give(user, by)
    await sessions.end_sessions(change.db, user_id)


async def replace_secret(change: Change, by: Person, user_id: int, days: int) -> NewSecret:
    """A secret in place of a lost one: all before count no more, and somebody else must confirm the machine."""
    user = await _machine_to_change(change, by, user_id)
    user.state = console_users.UNCONFIRMED
    console_users.give(user, by)
    await sessions.end_sessions(change.db, user_id)
    await change.db.execute(delete(ClientSecret).where(ClientSecret.user_id == user_id))
    return _give_secret(change.db, user_id, days)


async def renew_secret(change: Change, person: Person) -> NewSecret:
    """A machine's own next secret. The latest before it counts for a day more, and no other one."""
    rows = await change.db.scalars(
        select(ClientSecret)
        .where(ClientSecret.user_id == person.user_id)
        .order_by(ClientSecret.made_at.desc(), ClientSecret.secret_hash)
        .with_for_update()
    )
    latest, *older = rows
    for one in older:
        await change.db.delete(one)
    now = datetime.now(UTC)
    days = max(1, (latest.expires_at - latest.made_at).days)
    latest.expires_at = min(latest.expires_at, now + OVERLAP)
    return _give_secret(change.db, person.user_id, days)


def _give_secret(db: AsyncSession, user_id: int, days: int) -> NewSecret:
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    expires_at = now + timedelta(days=days)
    db.add(ClientSecret(secret_hash=hash_of(secret), user_id=user_id, made_at=now, expires_at=expires_at))
    return NewSecret(user_id, secret, expires_at)


async def user_of_secret(db: AsyncSession, login: str, secret: str) -> ConsoleUser | None:
    """The machine whose login and secret these are, if both count now. Notes that the secret was used."""
    now = datetime.now(UTC)
    user = await db.scalar(
        select(ConsoleUser)
        .join(ClientSecret, ClientSecret.user_id == ConsoleUser.user_id)
        .where(
            ConsoleUser.login == login,
            ConsoleUser.role == Role.MACHINE,
            ConsoleUser.state == ACTIVE,
            ConsoleUser.suspended_at.is_(None),
            ClientSecret.secret_hash == hash_of(secret),
            ClientSecret.expires_at > now,
        )
    )
    if user is not None:
        used = update(ClientSecret).where(ClientSecret.secret_hash == hash_of(secret)).values(last_used_at=now)
        await db.execute(used)
    return user


def hash_of(secret: str) -> bytes:
    """What is stored of a secret (SHA-256): it is random, and too long to be guessed."""
    return hashlib.sha256(secret.encode()).digest()


async def _machine_to_change(change: Change, by: Person, user_id: int) -> ConsoleUser:
    user = await console_users.user_to_change(change, by, user_id)
    if user.role != Role.MACHINE:
        raise Problem(CONFLICT, "machine.a_person")
    return user
