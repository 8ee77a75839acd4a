"""Console users made from the command line: the first people of a new centre."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from onecard.settings import Settings
from registry import audit
from registry.access import hash_password
from registry.errors import CONFLICT, Problem
from registry.models import ConsoleUser, next_numbers
from registry.officials import find_agency


async def add_console_user(settings: Settings, login: str, role: str, agency_id: int | None, password: str) -> None:
    """Add a console user. Raises Problem CONFLICT (the login is taken) or NOT_FOUND (no such agency)."""
    engine = create_async_engine(settings.sqlalchemy_url)
    try:
        async with async_sessionmaker(engine).begin() as session:
            if agency_id is not None:
                await find_agency(session, agency_id)
            if await session.scalar(select(ConsoleUser.user_id).where(ConsoleUser.login == login)):
                raise Problem(CONFLICT, f"the login {login} is taken")
            [user_id] = await next_numbers(session, 1)
            session.add(
                ConsoleUser(
                    user_id=user_id,
                    login=login,
                    role=role,
                    agency_id=agency_id,
                    password_hash=hash_password(password),
                )
            )
            await audit.record(session, "command line", "add_user", f"console_user/{user_id}", {"role": role})
    finally:
        await engine.dispose()
