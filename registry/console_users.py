"""Console users: who invites, confirms, changes and suspends them, at the console and on the command line.

Rights are given by two people. One invites somebody, or gives him another role; the invited one sets a password with a
one-time code; another one confirms that it is he, and only then can he sign in. Another: than all who gave something
since the last confirmation. So nobody makes himself an approver, not even who hands the codes out. The command line
adds users without that: it makes the first ones.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.catalogue import Phrase
from foundation.problems import CONFLICT, INVALID, NOT_ALLOWED, NOT_FOUND, Problem
from registry import audit, second_factor, sessions
from registry.access import ACTIVE, MAY, Person
from registry.audit import Change
from registry.duties import Duty, must_be_another
from registry.errors import INVITATION_REFUSED
from registry.identifiers import AgencyId
from registry.models import AuditEntry, ConsoleUser, Database, next_numbers
from registry.officials import find_agency
from registry.passwords import UNKNOWN_USER, check_new_password, hash_password
from registry.roles import CENTRE_STAFF, NEEDS_AGENCY, Role
from registry.ways_in import signs_on, somebody_stays, unconfirm_identities

INVITED, UNCONFIRMED = "invited", "unconfirmed"
"""States before ``ACTIVE``: has no password yet; waits for somebody else's confirmation."""

INVITATION_LIFE = timedelta(hours=72)

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
"""One spelling each: no login looks like another one of the audit log. Earlier users may have others."""


def check_new_login(login: str) -> None:
    """Raise Problem(INVALID) for a login with other characters than those of a new one."""
    if not _LOGIN.fullmatch(login):
        raise Problem(INVALID, "console_user.login_form")


@dataclass(frozen=True, slots=True)
class NewUser:
    """A console user to add; ``agency_id`` for the roles of an agency alone."""

    login: str
    role: Role
    agency_id: int | None
    password: str = field(repr=False)


def check_new_user(user: NewUser, breached: Path | None = None) -> None:
    """Raise Problem(INVALID).

    For a login of other characters, a weak password, a role that lacks its agency, or acts for the whole network and
    was given one.
    """
    check_new_login(user.login)
    _must_be_of_people(user.role)
    if user.role in NEEDS_AGENCY and user.agency_id is None:
        raise Problem(INVALID, "console_user.role_needs_agency", role=Phrase(user.role, f"role.{user.role}"))
    if user.role not in NEEDS_AGENCY and user.agency_id is not None:
        raise Problem(INVALID, "console_user.role_has_no_agency", role=Phrase(user.role, f"role.{user.role}"))
    check_new_password(user.login, user.password, breached)


async def add_user(db: AsyncSession, user: NewUser) -> int:
    """Add a checked console user; his number. Raises Problem CONFLICT (the login is taken), NOT_FOUND (no agency)."""
    agency = None if user.agency_id is None else await find_agency(db, user.agency_id)
    if await db.scalar(select(ConsoleUser.user_id).where(ConsoleUser.login == user.login)):
        raise Problem(CONFLICT, "console_user.login_taken", login=user.login)
    [user_id] = await next_numbers(db, 1)
    db.add(
        ConsoleUser(
            user_id=user_id,
            login=user.login,
            role=user.role,
            agency_id=agency.agency_id if agency else None,
            password_hash=hash_password(user.password),
        )
    )
    return user_id


async def add_console_user(database: Database, user: NewUser, breached: Path | None = None) -> None:
    """Add a console user from the command line. Raises Problem, as ``check_new_user`` and ``add_user``."""
    check_new_user(user, breached)
    async with audit.change(database, audit.COMMAND_LINE, "add_user", detail={"role": user.role.value}) as change:
        change.note.subject = f"console_user/{await add_user(change.db, user)}"


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invited user, and the code that is shown this once."""

    user_id: int
    code: str
    expires_at: datetime


async def invite(change: Change, by: Person, login: str, role: Role, agency_id: int | None) -> Invitation:
    """Add a user who sets his password with a code.

    Raises Problem INVALID (the login's form; a role that lacks its agency or has none), NOT_ALLOWED (another agency),
    NOT_FOUND (no such agency), CONFLICT (the login is taken).
    """
    check_new_login(login)
    await _check_place(change.db, by, role, agency_id)
    [user_id] = await next_numbers(change.db, 1)
    user = ConsoleUser(
        user_id=user_id, login=login, role=role, agency_id=agency_id, password_hash=UNKNOWN_USER, state=INVITED
    )
    invitation = _invite(user, by)
    change.note.subject = f"console_user/{user_id}"
    change.note.detail = {"login": login, "role": role.value, "agency_id": agency_id}
    await add_row(change.db, user)
    return invitation


async def add_row(db: AsyncSession, user: ConsoleUser) -> None:
    """Add a new user; raises Problem(CONFLICT) when the login is taken."""
    if await db.scalar(select(ConsoleUser.user_id).where(ConsoleUser.login == user.login)):
        raise Problem(CONFLICT, "console_user.login_taken", login=user.login)
    db.add(user)
    try:
        await db.flush()
    except IntegrityError:
        raise Problem(CONFLICT, "console_user.login_taken", login=user.login) from None


async def invite_again(change: Change, by: Person, user_id: int, providers: Collection[str]) -> Invitation:
    """A new code, as for a forgotten password: the old password counts no more, and the sessions end."""
    user = await user_to_change(change, by, user_id)
    _must_be_of_people(user.role)
    async with somebody_stays(change.db, user.role, providers):
        await sessions.end_sessions(change.db, user_id)
        user.password_hash, user.state = UNKNOWN_USER, INVITED
        return _invite(user, by)


def _invite(user: ConsoleUser, by: Person) -> Invitation:
    code, expires_at = secrets.token_urlsafe(24), datetime.now(UTC) + INVITATION_LIFE
    give(user, by)
    user.invitation_hash, user.invitation_expires_at = _code_hash(code), expires_at
    return Invitation(user.user_id, code, expires_at)


def give(user: ConsoleUser, by: Person) -> None:
    """Note who gave a user a role, an invitation, scopes or a secret: somebody else must confirm it."""
    user.granted_by, user.givers = by.login, sorted({*(user.givers or ()), by.login})
    handle(user, by)


def handle(user: ConsoleUser, by: Person) -> None:
    """Note through whose hands a machine goes."""
    if user.role == Role.MACHINE:
        user.handled_by = sorted({*(user.handled_by or ()), by.login})


async def invited(db: AsyncSession, login: str, code: str) -> ConsoleUser:
    """The user of an invitation; raises Problem(INVITATION_REFUSED): it is of somebody else, used, or has expired."""
    user = await db.scalar(select(ConsoleUser).where(ConsoleUser.login == login).with_for_update())
    known = (user.invitation_hash if user is not None else None) or b""
    right = hmac.compare_digest(known, _code_hash(code))
    if user is None or not right or user.invitation_expires_at is None:
        raise Problem(INVITATION_REFUSED, "console_user.invitation")
    if user.state != INVITED or user.suspended_at is not None or user.invitation_expires_at <= datetime.now(UTC):
        raise Problem(INVITATION_REFUSED, "console_user.invitation")
    return user


def accept(user: ConsoleUser, password_hash: str) -> None:
    """The invited person has set a password; the invitation is used up."""
    user.password_hash, user.state = password_hash, UNCONFIRMED
    user.invitation_hash = user.invitation_expires_at = None


@dataclass(frozen=True, slots=True)
class Rights:
    """What a user is, and may do where he is a machine: what a confirmation is for."""

    role: str
    agency_id: int | None
    scopes: str | None


async def confirm(change: Change, by: Person, user_id: int, seen: Rights, providers: Collection[str]) -> None:
    """Let a user sign in whose rights somebody else gave. Raises Problem CONFLICT, SECOND_PERSON, NOT_ALLOWED.

    He has set a password, or has an identity by which he signs on. ``seen``: the rights that are confirmed; others may
    have been given since.
    """
    user = await user_to_change(change, by, user_id)
    if user.state != UNCONFIRMED and not (user.state == INVITED and await signs_on(change.db, user_id, providers)):
        raise Problem(CONFLICT, "console_user.nothing_to_confirm")
    if seen != Rights(user.role, user.agency_id, user.scopes):
        raise Problem(CONFLICT, "console_user.other_than_seen")
    givers = {one for one in (*user.givers, user.granted_by) if one is not None}
    await must_be_another(change.db, Duty.USER, by, givers)
    if user.role == Role.MACHINE:
        await _must_be_held(change.db, user, by, givers)
    handle(user, by)
    user.state, user.givers = ACTIVE, []
    user.invitation_hash = user.invitation_expires_at = None
    change.note.detail = {
        "granted_by": sorted(givers), "role": user.role, "agency_id": user.agency_id,
    } | ({} if user.scopes is None else {"scopes": user.scopes})  # fmt: skip


async def _must_be_held(db: AsyncSession, machine: ConsoleUser, by: Person, givers: Collection[str]) -> None:
    """Raise Problem(NOT_ALLOWED) for a scope that neither who confirms a machine has himself nor who chose its scopes.

    Of the givers since the last confirmation only the latter counts: who gave another secret has not seen the scopes.
    """
    chose = select(AuditEntry.actor).where(
        AuditEntry.subject == f"console_user/{machine.user_id}", AuditEntry.action.in_(["add_machine", "change_scopes"])
    )
    actor = await db.scalar(chose.order_by(AuditEntry.entry.desc()).limit(1))
    known = await db.scalars(select(ConsoleUser).where(ConsoleUser.login == actor, ConsoleUser.login.in_(givers)))
    held = MAY[by.role].union(*(MAY[Role(one.role)] for one in known if one.agency_id in (None, machine.agency_id)))
    missing = next((one for one in (machine.scopes or "").split() if one not in held), None)
    if missing is not None:
        raise Problem(NOT_ALLOWED, "machine.scope_of_neither", permission=Phrase(missing, f"permission.{missing}"))


async def change_role(
    change: Change, by: Person, user_id: int, role: Role, agency_id: int | None, providers: Collection[str]
) -> None:
    """Give a user another role or agency. His sessions end; it must be confirmed, and so must his identities."""
    user = await user_to_change(change, by, user_id)
    _must_be_of_people(user.role)
    await _check_place(change.db, by, role, agency_id)
    if (user.role, user.agency_id) == (role, agency_id):
        raise Problem(CONFLICT, "console_user.no_change")
    change.note.detail = {
        "before": {"role": user.role, "agency_id": user.agency_id},
        "after": {"role": role.value, "agency_id": agency_id},
    }
    async with somebody_stays(change.db, user.role, providers):
        user.role, user.agency_id = role, AgencyId(agency_id) if agency_id else None
        give(user, by)
        if user.state == ACTIVE:
            user.state = UNCONFIRMED
        await _end_ways_in(change, user_id)


async def suspend(change: Change, by: Person, user_id: int, reason: str, providers: Collection[str]) -> None:
    """Let a user sign in no more; his sessions end at once, at every worker, and his identities are confirmed anew."""
    user = await user_to_change(change, by, user_id)
    if user.suspended_at is not None:
        raise Problem(CONFLICT, "console_user.suspended")
    change.note.detail = {"reason": reason}
    await _suspend(change, user, providers)


async def suspend_leaver(change: Change, user: ConsoleUser, providers: Collection[str]) -> bool:
    """Suspend a user who has left his directory; False when he is suspended already.

    Raises Problem(CONFLICT) for the last operator or approver of the centre who can sign in.
    """
    if user.suspended_at is not None:
        return False
    await _suspend(change, user, providers)
    return True


async def _suspend(change: Change, user: ConsoleUser, providers: Collection[str]) -> None:
    async with somebody_stays(change.db, user.role, providers):
        user.suspended_at = datetime.now(UTC)
        await _end_ways_in(change, user.user_id)


async def _end_ways_in(change: Change, user_id: int) -> None:
    """End a user's sessions, and let his identities wait for a confirmation anew."""
    await sessions.end_sessions(change.db, user_id)
    unconfirmed = await unconfirm_identities(change.db, user_id)
    if unconfirmed:
        change.note.detail["unconfirmed_identities"] = unconfirmed


async def resume(change: Change, by: Person, user_id: int) -> None:
    """Undo a suspension: the rights are those that were confirmed before."""
    user = await user_to_change(change, by, user_id)
    if user.suspended_at is None:
        raise Problem(CONFLICT, "console_user.not_suspended")
    user.suspended_at = None


async def take_second_factor(change: Change, by: Person, user_id: int, providers: Collection[str]) -> None:
    """Take the second factor away from somebody else, who lost it; his sessions end."""
    user = await user_to_change(change, by, user_id)
    async with somebody_stays(change.db, user.role, providers):
        await second_factor.remove(change.db, user_id)
        await sessions.end_sessions(change.db, user_id)


async def user_to_change(change: Change, by: Person, user_id: int) -> ConsoleUser:
    """A user whom this person may change. Raises Problem NOT_FOUND, NOT_ALLOWED (another agency, the centre, oneself).

    Locked as by ``lock_user``.
    """
    user = await lock_user(change.db, user_id)
    _must_manage(by, user)
    change.note.subject = f"console_user/{user_id}"
    return user


async def lock_user(db: AsyncSession, user_id: int) -> ConsoleUser:
    """A user whom nobody else changes until the transaction ends; raises Problem(NOT_FOUND)."""
    # With the centre's staff, in order: of two who suspend each other at the same time one waits, and is refused.
    rows = await db.scalars(
        select(ConsoleUser)
        .where((ConsoleUser.user_id == user_id) | ConsoleUser.role.in_(CENTRE_STAFF))
        .order_by(ConsoleUser.user_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    user = {row.user_id: row for row in rows}.get(user_id)
    if user is None:
        raise Problem(NOT_FOUND, "console_user.none")
    return user


def _must_manage(by: Person, user: ConsoleUser) -> None:
    if by.agency_id is not None:
        by.must_act_for(user.agency_id or 0)
    if user.user_id == by.user_id:
        raise Problem(NOT_ALLOWED, "console_user.oneself")


async def _check_place(db: AsyncSession, by: Person, role: Role, agency_id: int | None) -> None:
    """Raise Problem unless a role of people and an agency fit, and this person may give them."""
    _must_be_of_people(role)
    if role not in NEEDS_AGENCY:
        if agency_id is not None:
            raise Problem(INVALID, "console_user.agency_not_taken", role=Phrase(role, f"role.{role}"))
        if by.agency_id is not None:
            raise Problem(NOT_ALLOWED, "console_user.centres_role", role=Phrase(role, f"role.{role}"))
        return
    if agency_id is None:
        raise Problem(INVALID, "console_user.agency_needed", role=Phrase(role, f"role.{role}"))
    by.must_act_for(agency_id)
    await find_agency(db, agency_id)


def _must_be_of_people(role: str) -> None:
    if role == Role.MACHINE:
        raise Problem(INVALID, "machine.not_a_person")


def _code_hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


async def set_password(database: Database, login: str, password: str, breached: Path | None = None) -> None:
    """Give a user another password; his sessions end. Raises Problem INVALID (a weak password) or NOT_FOUND."""
    check_new_password(login, password, breached)
    password_hash = hash_password(password)
    async with audit.change(database, audit.COMMAND_LINE, "set_password") as change:
        user = await _user_of_login(change.db, login)
        if user.state == INVITED:
            accept(user, password_hash)
        user.password_hash = password_hash
        await sessions.end_sessions(change.db, user.user_id)
        change.note.subject = f"console_user/{user.user_id}"


async def reset_second_factor(database: Database, login: str) -> None:
    """Take a user's second factor away, whose device and recovery codes are lost; his sessions end.

    Raises Problem(NOT_FOUND) when there is no such user, or no second factor.
    """
    async with audit.change(database, audit.COMMAND_LINE, "reset_second_factor") as change:
        user = await _user_of_login(change.db, login)
        await second_factor.remove(change.db, user.user_id)
        await sessions.end_sessions(change.db, user.user_id)
        change.note.subject = f"console_user/{user.user_id}"


async def _user_of_login(db: AsyncSession, login: str) -> ConsoleUser:
    user = await db.scalar(select(ConsoleUser).where(ConsoleUser.login == login).with_for_update())
    if user is None:
        raise Problem(NOT_FOUND, "console_user.none")
    _must_be_of_people(user.role)
    return user
