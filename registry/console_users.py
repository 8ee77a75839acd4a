"""Console users added from the command line, such as the first ones of a new centre."""

from sqlalchemy import select

from foundation.problems import CONFLICT, Problem
from registry import audit
from registry.access import Role, hash_password
from registry.models import ConsoleUser, Database, next_numbers
from registry.officials import find_agency


async def add_console_user(database: Database, login: str, role: Role, agency_id: int | None, password: str) -> None:
    """Add a console user. Raises Problem CONFLICT (the login is taken) or NOT_FOUND (no such agency)."""
    async with audit.change(database, "command line", "add_user", detail={"role": role.value}) as change:
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
                password_hash=hash_password(password),
            )
        )
        change.note.subject = f"console_user/{user_id}"
