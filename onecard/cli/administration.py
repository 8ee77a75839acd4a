"""Commands of an administrator: add-user."""

import asyncio
import sys

import rich_click as click

from onecard.cli.commands import main
from onecard.cli.output import fail, say, text
from onecard.cli.services import failures_as_one_line, services
from onecard.settings import Settings
from registry.roles import Role


@main.command("add-user", help=text("onecard.help.add-user", roles=", ".join(Role)))
@click.argument("login")
@click.argument("role")
@click.option("--agency", type=int, help=text("onecard.option.agency"))
def add_user(login: str, role: str, agency: int | None) -> None:
    """Add a console user; the password is asked for, or is the first line of standard input."""
    if role not in list(Role):
        fail("onecard.no_such_role", role=role, roles=", ".join(Role))
    _check_login(login)
    password = _read_password()
    with services() as settings:
        asyncio.run(_add(settings, login, Role(role), agency, password))
    say("onecard.user_added", login=login)


def _check_login(login: str) -> None:
    """Before the password is asked for twice."""
    from registry.console_users import check_new_login

    with failures_as_one_line():
        check_new_login(login)


def _read_password() -> str:
    """Never from the arguments: other users of the machine can read those."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt(
        text("onecard.prompt.password"), hide_input=True, confirmation_prompt=text("onecard.prompt.password_again")
    )
    return answer


async def _add(settings: Settings, login: str, role: Role, agency: int | None, password: str) -> None:
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

    from registry.console_users import NewUser, add_console_user

    engine = create_async_engine(settings.sqlalchemy_url, hide_parameters=True)
    try:
        await add_console_user(async_sessionmaker(engine), NewUser(login, role, agency, password))
    finally:
        await engine.dispose()
