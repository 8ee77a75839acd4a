"""The commands roster import and roster run: the file of all people of an agency."""

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from onecard.cli.commands import main
from onecard.cli.output import progress_bars, say, text
from onecard.cli.services import read_file, services, with_database

if TYPE_CHECKING:
    from foundation.postgres import Pool
    from registry.models import Database
    from terminals.rosters import Imported


@main.group("roster", help=text("onecard.help.roster"))
def roster() -> None:
    """People of an agency."""


@roster.command("import", help=text("onecard.help.roster.import"))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--agency", required=True, help=text("onecard.option.roster_agency"))
@click.option("--dry-run", is_flag=True, help=text("onecard.option.roster_dry_run"))
@click.option("--confirm-leavers", is_flag=True, help=text("onecard.option.confirm_leavers"))
def roster_import(file: Path, agency: str, dry_run: bool, confirm_leavers: bool) -> None:
    """Show what a roster would change, and change it; all of it or nothing."""
    from foundation.keys import load_keys
    from registry.approvals import Approvals
    from registry.audit import COMMAND_LINE
    from registry.officials import agency_named
    from terminals.rosters import Wanted, digest_of, import_roster, preview_roster, read_rows

    content = read_file(file)
    with services() as settings, progress_bars() as progress:

        async def work(database: "Database", _: "Pool") -> "tuple[Imported, bool]":
            keys = load_keys(settings.keys_folder)
            async with database() as db:
                agency_id = (await agency_named(db, agency)).agency_id
            rows = await read_rows(database, content)
            found = await preview_roster(database, keys, agency_id, rows)
            _show(found)
            if dry_run:
                return found, False
            leavers = found.preview["leavers"] if confirm_leavers else None
            most = settings.roster_leavers_max_percent
            wanted = Wanted(agency_id, rows, digest_of(content), COMMAND_LINE, most, leavers)

            async def show(kind: str, done: int, of: int) -> None:
                progress(kind, done, of)

            return await import_roster(database, keys, Approvals(database), wanted, show), True

        done, is_done = with_database(settings, work)
    if is_done:
        say("onecard.roster.done", blocked=done.credentials_blocked)
    else:
        say("onecard.roster.dry_run")
    for number in done.approvals:
        say("onecard.roster.awaits", number=number)


@roster.command("run", help=text("onecard.help.roster.run"))
def roster_run() -> None:
    """Read and carry out the rosters that came over the API."""
    from foundation.keys import load_keys
    from terminals.roster_jobs import run_rosters

    with services() as settings:

        async def work(database: "Database", _: "Pool") -> list[int]:
            keys = load_keys(settings.keys_folder)
            return await run_rosters(database, keys, settings.roster_leavers_max_percent)

        for number in with_database(settings, work):
            say("onecard.roster.ran", number=number)


def _show(found: "Imported") -> None:
    preview = found.preview
    say("onecard.roster.active", active=preview["active"])
    for kind in ("joiners", "returning", "changed", "leavers", "from_elsewhere"):
        samples = ", ".join(str(one) for one in preview["samples"].get(kind, []))
        say(f"onecard.roster.{kind}", count=preview[kind], samples=f"  {samples}" if samples else "")
    if preview["changed"]:
        say("onecard.roster.changed_fields", **preview["changed_fields"])
    for login in found.users:
        say("onecard.roster.user", login=login)
