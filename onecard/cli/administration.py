"""Commands of an administrator: add-user, set-password, reset-second-factor."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import rich_click as click

from onecard.cli.commands import main
from onecard.cli.output import fail, say, text
from onecard.cli.services import failures_as_one_line, services
from onecard.settings import Settings
from registry.roles import OF_PEOPLE, Role

if TYPE_CHECKING:
    from registry.models import Database


@main.command("add-user", help=text("onecard.help.add-user", roles=", ".join(OF_PEOPLE)))
@click.argument("login")
@click.argument("role")
@click.option("--agency", help=text("onecard.option.agency"))
def add_user(login: str, role: str, agency: str | None) -> None:
    """Add a console user; the password is asked for, or is the first line of standard input."""
    if role not in OF_PEOPLE:
        fail("onecard.no_such_role", role=role, roles=", ".join(OF_PEOPLE))
    _check_login(login)
    password = read_password()
    with services() as settings:
        asyncio.run(_add(settings, login, Role(role), agency, password))
    say("onecard.user_added", login=login)


def _check_login(login: str) -> None:
    """Before the password is asked for twice."""
    from registry.console_users import check_new_login

    with failures_as_one_line():
        check_new_login(login)


def read_password(*, new: bool = True) -> str:
    """Never from the arguments: other users of the machine can read those. A new one is asked for twice."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    again = text("onecard.prompt.password_again") if new else False
    answer: str = click.prompt(text("onecard.prompt.password"), hide_input=True, confirmation_prompt=again)
    return answer


async def _add(settings: Settings, login: str, role: Role, agency: str | None, password: str) -> None:
    from registry.console_users import NewUser, add_console_user
    from registry.officials import agency_named

    async with _database(settings) as database:
        async with database() as db:
            agency_id = None if agency is None else (await agency_named(db, agency)).agency_id
        await add_console_user(database, NewUser(login, role, agency_id, password), settings.breached_passwords)


@main.command("set-password", help=text("onecard.help.set-password"))
@click.argument("login")
def set_password(login: str) -> None:
    """Give a console user another password, which is asked for, or is the first line of standard input."""
    password = read_password()
    with services() as settings:
        asyncio.run(_set_password(settings, login, password))
    say("onecard.password_set", login=login)


async def _set_password(settings: Settings, login: str, password: str) -> None:
    from registry.console_users import set_password

    async with _database(settings) as database:
        await set_password(database, login, password, settings.breached_passwords)


@main.command("reset-second-factor", help=text("onecard.help.reset-second-factor"))
@click.argument("login")
def reset_second_factor(login: str) -> None:
    """Take a console user's second factor away."""
    with services() as settings:
        asyncio.run(_reset_second_factor(settings, login))
    say("onecard.second_factor_reset", login=login)


async def _reset_second_factor(settings: Settings, login: str) -> None:
    from registry.console_users import reset_second_factor

    async with _database(settings) as database:
        await reset_second_factor(database, login)


@asynccontextmanager
async def _database(settings: Settings) -> "AsyncIterator[Database]":
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

    from foundation.postgres import SERVER_SETTINGS

    engine = create_async_engine(
        settings.sqlalchemy_url, hide_parameters=True, connect_args={"server_settings": SERVER_SETTINGS}
    )
    try:
        yield async_sessionmaker(engine)
    finally:
        await engine.dispose()
