"""Commands of an administrator: add-user."""

import asyncio
from typing import TYPE_CHECKING

import rich_click as click

from onecard.cli.commands import main
from onecard.cli.output import fail, say, text
from onecard.cli.services import services
from onecard.settings import Settings

if TYPE_CHECKING:
    from registry.access import Role


@main.command("add-user", help=text("onecard.help.add-user"))
@click.argument("login")
@click.argument("role")
@click.option("--agency", type=int, help=text("onecard.option.agency"))
@click.option(
    "--password",
    prompt=text("onecard.prompt.password"),
    confirmation_prompt=text("onecard.prompt.password_again"),
    hide_input=True,
    help=text("onecard.option.password"),
)
def add_user(login: str, role: str, agency: int | None, password: str) -> None:
    """Add a console user."""
    from registry.access import Role

    if role not in list(Role):
        fail("onecard.no_such_role", role=role, roles=", ".join(Role))
    with services() as settings:
        asyncio.run(_add(settings, login, Role(role), agency, password))
    say("onecard.user_added", login=login)


async def _add(settings: Settings, login: str, role: "Role", agency: int | None, password: str) -> None:
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

    from registry.console_users import add_console_user

    engine = create_async_engine(settings.sqlalchemy_url, hide_parameters=True)
    try:
        await add_console_user(async_sessionmaker(engine), login, role, agency, password)
    finally:
        await engine.dispose()
