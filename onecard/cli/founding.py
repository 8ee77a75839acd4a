"""The command that founds a centre: init."""

import asyncio
import sys

import msgspec
import rich_click as click

from foundation.postgres import SERVER_SETTINGS
from foundation.validation import refusal_of
from onecard.cli.commands import main
from onecard.cli.output import say, text
from onecard.cli.running import bring_up
from onecard.cli.services import check_database, read_settings, services
from onecard.settings import Settings
from registry.roles import Role


@main.command(help=text("onecard.help.init"))
@click.option("--region", help=text("onecard.option.region"))
@click.option("--region-zh", help=text("onecard.option.region_zh"))
@click.option("--region-en", help=text("onecard.option.region_en"))
@click.option("--operator", help=text("onecard.option.operator"))
@click.option("--approver", help=text("onecard.option.approver"))
def init(**given: str | None) -> None:
    """Found a centre."""
    from foundation.keys import create_missing_keys

    with services() as settings:
        asked = {name: value or _ask(name) for name, value in given.items()}
        passwords = {name: _read_password(asked[name]) for name in ("operator", "approver")}
        if settings.keys_dir is None:
            create_missing_keys(settings.keys_folder)
        if _is_migrated_elsewhere():
            check_database(settings)
        else:
            bring_up(settings)
        _found(settings, asked, passwords)
    names = {name: asked[name] for name in ("region", "operator", "approver")}
    say("onecard.init.done", **names)
    say("onecard.init.next", operator=asked["operator"], approver=asked["approver"])


def _is_migrated_elsewhere() -> bool:
    """On an external database the owner of the tables migrates; without his URL nobody can here."""
    given = read_settings()
    return given.database_url is not None and given.database_owner_url is None


def _ask(name: str) -> str:
    answer: str = click.prompt(text(f"onecard.prompt.{name}"))
    return answer


def _read_password(login: str) -> str:
    """Never from the arguments: other users of the machine can read those."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt(
        text("onecard.prompt.password_of", login=login),
        hide_input=True,
        confirmation_prompt=text("onecard.prompt.password_again"),
    )
    return answer


def _found(settings: Settings, asked: dict[str, str], passwords: dict[str, str]) -> None:
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

    from foundation.keys import load_keys
    from onecard.founding import found
    from registry import audit
    from registry.console_users import NewUser
    from registry.schemas import NewRegion

    members = {"book": asked["region"], "name_zh": asked["region_zh"], "name_en": asked["region_en"]}
    try:
        region = msgspec.convert(members, NewRegion, strict=False)
    except msgspec.ValidationError as error:
        raise refusal_of(error, NewRegion) from None
    people = (Role.CENTRE_OPERATOR, "operator"), (Role.CENTRE_APPROVER, "approver")
    operator, approver = (NewUser(asked[name], role, None, passwords[name]) for role, name in people)
    audit.use_key(load_keys(settings.keys_folder).audit_key)

    async def work() -> None:
        engine = create_async_engine(
            settings.sqlalchemy_url, hide_parameters=True, connect_args={"server_settings": SERVER_SETTINGS}
        )
        try:
            await found(
                async_sessionmaker(engine), settings.calendar, region, operator, approver, settings.breached_passwords
            )
        finally:
            await engine.dispose()

    asyncio.run(work())
