"""Commands that check: verify, check-history, check-receipt."""

import asyncio
import json
import sys
from pathlib import Path

import rich_click as click
from msgspec import to_builtins

from onecard.cli.commands import json_option, main
from onecard.cli.output import LANGUAGE, console, fail, fail_with, say, show_check, text
from onecard.cli.services import check_database, fail_for, failures_as_one_line, read_settings, services

CODE_FILE_MAX = 4_096
"""Bytes read of a file with a receipt's code, which has some 600."""


@main.command(help=text("onecard.help.verify"))
@json_option
def verify(as_json: bool) -> None:
    """Check every invariant on the live database."""
    from foundation.keys import load_keys
    from verification.invariants import verify_ledger

    with services() as settings:
        check_database(settings)
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


@main.command("check-receipt", help=text("onecard.help.check-receipt"))
@click.argument("receipt")
@click.option("--key", metavar="HEX", help=text("onecard.option.key"))
@json_option
def check_receipt(receipt: str, key: str | None, as_json: bool) -> None:
    """Verify a receipt's code without database and network."""
    from terminals import qr, receipts

    code = _code_of(receipt)
    try:
        signed = receipts.read(_centre_keys(key), code)
    except qr.NotGenuine:
        fail("onecard.receipt_not_genuine")
    if as_json:
        print(json.dumps(to_builtins(signed), ensure_ascii=False))
        return
    say("onecard.receipt_genuine", number=signed.number)
    for name, value in receipts.lines_of(signed, LANGUAGE):
        console.print(f"{name}  {value}", markup=False)


def _code_of(receipt: str) -> str:
    """The code itself, or the content of the file that has it; anything else ends the command."""
    from terminals import receipts

    code = receipt.strip()
    if not receipts.is_code(code):
        code = _beginning_of(Path(receipt)).strip()
    if not receipts.is_code(code):
        fail("onecard.receipt_no_code")
    return code


def _beginning_of(path: Path) -> str:
    """What a file begins with; nothing where there is no file: a mistyped code is no name of one."""
    try:
        with path.open("rb") as file:
            return file.read(CODE_FILE_MAX).decode("ascii", "replace")
    except PermissionError as error:
        fail_for(error, path)
    except (OSError, ValueError):
        return ""


def _centre_keys(key: str | None) -> list[bytes]:
    """The centre's public key as given, else every version of the one on this machine."""
    from foundation.keys import load_keys

    if key is None:
        folder = read_settings().keys_folder
        with failures_as_one_line():
            try:
                return load_keys(folder).every_centre_public_key
            except FileNotFoundError:
                fail("onecard.receipt_needs_key", folder=folder)
    try:
        given = bytes.fromhex(key)
    except ValueError:
        fail("onecard.not_a_key")
    if len(given) != 32:
        fail("onecard.not_a_key")
    return [given]
