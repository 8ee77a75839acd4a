"""Commands that rotate the centre's keys: rotate-key, end-key."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from foundation.calendar import ZONE
from onecard.cli.commands import main
from onecard.cli.output import say, text
from onecard.cli.services import services, with_database
from onecard.settings import Settings

if TYPE_CHECKING:
    from foundation.postgres import Pool
    from registry.models import Database

KINDS = {"centre": "centre_signing_key", "cards": "card_master_key"}
ANNOUNCED = timedelta(days=7)
"""How long a version is announced unless told otherwise: terminals that are away for so long miss nothing."""

_kind = click.argument("kind", type=click.Choice(list(KINDS)))
_TIME = click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"])


def _seconds(at: datetime) -> int:
    """A time as it was typed is the centre's local time."""
    return int(at.replace(tzinfo=ZONE).timestamp())


def _change(settings: Settings, action: str, kind: str, write: Callable[[Path, str], dict[str, Any]]) -> None:
    """Write a key file and its audit entry; when there can be no entry, the file is put back.

    Nobody has used a version by then: it is announced first.
    """
    from foundation.keys import read_versions, write_versions
    from registry.audit import COMMAND_LINE, change

    folder, name = settings.keys_folder, KINDS[kind]

    async def run(database: "Database", _: "Pool") -> None:
        before = read_versions(folder, name)
        try:
            async with change(database, COMMAND_LINE, action, f"key/{kind}") as made:
                made.note.detail = write(folder, name)
        except BaseException:
            if read_versions(folder, name) != before:
                write_versions(folder, name, before)
            raise

    with_database(settings, run)


@main.command("rotate-key", help=text("onecard.help.rotate-key"))
@_kind
@click.option("--begins", type=_TIME, help=text("onecard.option.begins"))
def rotate_key(kind: str, begins: datetime | None) -> None:
    """Add a version of a key, announced until it begins."""
    from foundation.keys import add_version, load_keys

    at = int(time.time() + ANNOUNCED.total_seconds()) if begins is None else _seconds(begins)
    noted: dict[str, Any] = {}

    def add(folder: Path, name: str) -> dict[str, Any]:
        noted.update(version=add_version(folder, name, at).version, begins=at)
        if kind == "centre":
            noted["public_key"] = load_keys(folder).public_key(noted["version"]).hex()
        return noted

    with services() as settings:
        _change(settings, "rotate_key", kind, add)
    say("onecard.key_added", kind=kind, version=noted["version"], begins=datetime.fromtimestamp(at, ZONE).isoformat())


@main.command("end-key", help=text("onecard.help.end-key"))
@_kind
@click.argument("version", type=click.IntRange(1, 255))
@click.option("--ends", type=_TIME, required=True, help=text("onecard.option.ends"))
def end_key(kind: str, version: int, ends: datetime) -> None:
    """Accept nothing under a version of a key from a time on."""
    from foundation.keys import end_version

    at = _seconds(ends)

    def end(folder: Path, name: str) -> dict[str, Any]:
        end_version(folder, name, version, at)
        return {"version": version, "ends": at}

    with services() as settings:
        _change(settings, "end_key", kind, end)
    say("onecard.key_ended", kind=kind, version=version, ends=datetime.fromtimestamp(at, ZONE).isoformat())
