"""Console users added from the command line, such as the first ones of a new centre."""

import re
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.catalogue import Phrase
from foundation.problems import CONFLICT, INVALID, Problem
from registry import audit
from registry.models import ConsoleUser, Database, next_numbers
from registry.officials import find_agency
from registry.passwords import check_new_password, hash_password
from registry.roles import NEEDS_AGENCY, Role

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


def check_new_user(user: NewUser) -> None:
    """Raise Problem(INVALID).

    For a login of other characters, a weak password, a role that lacks its agency, or acts for the whole network and
    was given one.
    """
    check_new_login(user.login)
    if user.role in NEEDS_AGENCY and user.agency_id is None:
        raise Problem(INVALID, "console_user.role_needs_agency", role=Phrase(user.role, f"role.{user.role}"))
    if user.role not in NEEDS_AGENCY and user.agency_id is not None:
        raise Problem(INVALID, "console_user.role_has_no_agency", role=Phrase(user.role, f"role.{user.role}"))
    check_new_password(user.login, user.password)


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


async def add_console_user(database: Database, user: NewUser) -> None:
    """Add a console user from the command line. Raises Problem, as ``check_new_user`` and ``add_user``."""
    check_new_user(user)
    async with audit.change(database, audit.COMMAND_LINE, "add_user", detail={"role": user.role.value}) as change:
        change.note.subject = f"console_user/{await add_user(change.db, user)}"
