"""Commands that rotate the centre's keys: rotate-key, end-key."""

import time
from datetime import datetime, timedelta

import rich_click as click

from foundation.calendar import ZONE
from onecard.cli.commands import main
from onecard.cli.output import say, text
from onecard.cli.services import failures_as_one_line, read_settings

KINDS = {"centre": "centre_signing_key", "cards": "card_master_key"}
ANNOUNCED = timedelta(days=7)
"""How long a version is announced unless told otherwise: terminals that are away for so long miss nothing."""

_kind = click.argument("kind", type=click.Choice(list(KINDS)))
_TIME = click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"])


def _seconds(at: datetime) -> int:
    """A time as it was typed is the centre's local time."""
    return int(at.replace(tzinfo=ZONE).timestamp())


@main.command("rotate-key", help=text("onecard.help.rotate-key"))
@_kind
@click.option("--begins", type=_TIME, help=text("onecard.option.begins"))
def rotate_key(kind: str, begins: datetime | None) -> None:
    """Add a version of a key, announced until it begins."""
    from foundation.keys import add_version

    at = int(time.time() + ANNOUNCED.total_seconds()) if begins is None else _seconds(begins)
    with failures_as_one_line():
        added = add_version(read_settings().keys_folder, KINDS[kind], at)
    say("onecard.key_added", kind=kind, version=added.version, begins=datetime.fromtimestamp(at, ZONE).isoformat())


@main.command("end-key", help=text("onecard.help.end-key"))
@_kind
@click.argument("version", type=click.IntRange(1, 255))
@click.option("--ends", type=_TIME, required=True, help=text("onecard.option.ends"))
def end_key(kind: str, version: int, ends: datetime) -> None:
    """Accept nothing under a version of a key from a time on."""
    from foundation.keys import end_version

    at = _seconds(ends)
    with failures_as_one_line():
        end_version(read_settings().keys_folder, KINDS[kind], version, at)
    say("onecard.key_ended", kind=kind, version=version, ends=datetime.fromtimestamp(at, ZONE).isoformat())
