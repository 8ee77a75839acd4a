"""Commands that check the ledger: verify, check-history."""

import asyncio
import json
import sys
from pathlib import Path

import rich_click as click

from onecard.cli.commands import json_option, main
from onecard.cli.output import LANGUAGE, console, fail_with, show_check, text
from onecard.cli.services import fail_for, services


@main.command(help=text("onecard.help.verify"))
@json_option
def verify(as_json: bool) -> None:
    """Check every invariant on the live database."""
    from foundation.keys import load_keys
    from verification.invariants import verify_ledger

    with services() as settings:
        report = asyncio.run(
            verify_ledger(settings.needed_database_url, settings.statement_folder, load_keys(settings.keys_folder))
        )
    if as_json:
        print(json.dumps([check.as_dict() for check in report], ensure_ascii=False))
    else:
        for check in report:
            examples = check.examples(LANGUAGE)
            show_check(check.name(LANGUAGE), check.figure(LANGUAGE), holds=check.holds, examples=examples)
    if not all(check.holds for check in report):
        sys.exit(1)


@main.command("check-history", help=text("onecard.help.check-history"))
@click.argument("acks", type=click.Path(path_type=Path))
@json_option
def check_history(acks: Path, as_json: bool) -> None:
    """Compare the ledger with what the terminals saw."""
    from verification.history import NotAHistory, read_history
    from verification.history import check_history as compare_history

    try:
        history = read_history(acks)
    except OSError as error:
        fail_for(error, acks)
    except NotAHistory as error:
        fail_with(error.text(LANGUAGE))
    with services() as settings:
        report = asyncio.run(compare_history(settings.needed_database_url, history))
    if as_json:
        print(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        for line in report.lines(LANGUAGE):
            console.print(line, markup=False)
    if not report.holds:
        sys.exit(1)
