"""Console users added from the command line, such as the first ones of a new centre."""

import re

from sqlalchemy import select

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


async def add_console_user(database: Database, login: str, role: Role, agency_id: int | None, password: str) -> None:
    """Add a console user.

    Raises Problem INVALID (a login of other characters, a weak password, a role that lacks its agency, or acts for
    the whole network and was given one), CONFLICT (the
    login is taken) or NOT_FOUND (no such agency).
    """
    check_new_login(login)
    if role in NEEDS_AGENCY and agency_id is None:
        raise Problem(INVALID, "console_user.role_needs_agency", role=Phrase(role, f"role.{role}"))
    if role not in NEEDS_AGENCY and agency_id is not None:
        raise Problem(INVALID, "console_user.role_has_no_agency", role=Phrase(role, f"role.{role}"))
    check_new_password(login, password)
    password_hash = hash_password(password)
    async with audit.change(database, audit.COMMAND_LINE, "add_user", detail={"role": role.value}) as change:
        agency = None if agency_id is None else await find_agency(change.db, agency_id)
        if await change.db.scalar(select(ConsoleUser.user_id).where(ConsoleUser.login == login)):
            raise Problem(CONFLICT, "console_user.login_taken", login=login)
        [user_id] = await next_numbers(change.db, 1)
        change.db.add(
            ConsoleUser(
                user_id=user_id,
                login=login,
                role=role,
                agency_id=agency.agency_id if agency else None,
                password_hash=password_hash,
            )
        )
        change.note.subject = f"console_user/{user_id}"
