"""Console users made from the command line: the first people of a new centre."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.problems import CONFLICT, Problem
from registry import audit
from registry.access import hash_password
from registry.models import ConsoleUser, next_numbers
from registry.officials import find_agency


async def add_console_user(db: AsyncSession, login: str, role: str, agency_id: int | None, password: str) -> None:
    """Add a console user. Raises Problem CONFLICT (the login is taken) or NOT_FOUND (no such agency)."""
    if agency_id is not None:
        await find_agency(db, agency_id)
    if await db.scalar(select(ConsoleUser.user_id).where(ConsoleUser.login == login)):
        raise Problem(CONFLICT, f"the login {login} is taken")
    [user_id] = await next_numbers(db, 1)
    db.add(
        ConsoleUser(user_id=user_id, login=login, role=role, agency_id=agency_id, password_hash=hash_password(password))
    )
    await audit.record(db, audit.Note("command line", "add_user", f"console_user/{user_id}", {"role": role}))
