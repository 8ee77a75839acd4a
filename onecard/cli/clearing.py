"""Commands of the clearing: close-day, bundle, audit, public-key, bank-file, confirm."""

import hashlib
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import rich_click as click

from foundation.catalogue import Language
from foundation.money import yuan
from foundation.problems import Problem
from onecard.cli.commands import AWAITS_APPROVAL, json_option, main
from onecard.cli.output import LANGUAGE, console, fail, progress_bars, say, show_check, text
from onecard.cli.services import (
    failures_as_one_line,
    on_ledger,
    parse_date,
    read_file,
    read_settings,
    services,
    with_database,
)
from onecard.settings import Settings

if TYPE_CHECKING:
    from clearing.audit import Bundle
    from clearing.schemas import CycleInfo, EntryMatch
    from foundation.postgres import Pool
    from registry.models import Approval, Database

OUT = click.Path(path_type=Path, dir_okay=False)
CLEAN = ("matched", "known")
"""Results of bank entries that need no attention."""


@main.command("close-day", help=text("onecard.help.close-day"))
@click.option("--date", "on", metavar="YYYY-MM-DD", help=text("onecard.option.date"))
@click.option("--force", is_flag=True, help=text("onecard.option.force"))
@click.option("--reason", default="", help=text("onecard.option.reason"))
def close_day(on: str | None, force: bool, reason: str) -> None:
    """Close, net, publish and prove a business day."""
    from foundation.calendar import ZONE

    business_date = parse_date(on) if on else datetime.now(UTC).astimezone(ZONE).date()
    if force and not reason.strip():
        fail("onecard.reason_needed")
    with services() as settings:
        _begin(settings, business_date, reason.strip() if force else "")
        cycle = _finish(settings, business_date)
        folder = settings.statement_folder / business_date.isoformat()
    say("onecard.closed", business_date=cycle.business_date, state=text(f"onecard.cycle.{cycle.state}"))
    for position in cycle.positions:
        name = position.name_zh if LANGUAGE is Language.CHINESE else position.name_en
        console.print(f"  {name}  {yuan(position.position_fen):>14}", markup=False)
    say("onecard.statements", folder=folder)


def _begin(settings: Settings, business_date: date, reason: str) -> None:
    """Begin the close; while a second person is waited for, and on an open day without a reason, the command ends."""
    from clearing.approvals import close_by_person
    from clearing.errors import DAY_NOT_OVER
    from registry.approvals import Approvals
    from registry.audit import COMMAND_LINE

    async def begin(database: "Database", pool: "Pool") -> "Approval | None":
        return await close_by_person(
            database, pool, Approvals(database), settings.calendar, COMMAND_LINE, business_date,
            settings.clearing_fee_fen, reason,
        )  # fmt: skip

    try:
        waiting = with_database(settings, begin)
    except Problem as problem:
        if problem.kind is not DAY_NOT_OVER:
            raise
        fail("onecard.day_not_over", business_date=business_date, cut_off=problem.params["cut_off"])
    if waiting is not None:
        _end_waiting(settings, waiting)


def _finish(settings: Settings, business_date: date) -> "CycleInfo":
    """Take a day that is being closed to its publication."""
    from clearing.closing import EndOfDay, close_day
    from foundation.keys import load_keys

    key = load_keys(settings.keys_folder).centre_signing_key
    with progress_bars() as progress:
        return on_ledger(
            settings,
            lambda pool: close_day(
                EndOfDay(pool, settings.statement_folder, key, settings.clearing_fee_fen, progress), business_date
            ),
            connections=4,
        )


def _end_waiting(settings: Settings, waiting: "Approval") -> NoReturn:
    """Say who is waited for; a script must not take the request for the deed."""
    say(
        "onecard.awaits_approval",
        number=waiting.approval_id,
        url=f"{settings.own_url}/approvals?number={waiting.approval_id}",
    )
    sys.exit(AWAITS_APPROVAL)


@main.command("public-key", help=text("onecard.help.public-key"))
def public_key() -> None:
    """Print every version of the centre's public key, newest first."""
    from foundation.keys import load_keys

    with failures_as_one_line():
        for key in load_keys(read_settings().keys_folder).every_centre_public_key:
            print(key.hex())


@main.command(help=text("onecard.help.bundle"))
@click.argument("on", metavar="YYYY-MM-DD")
@click.argument("agency")
@click.argument("out", type=OUT)
def bundle(on: str, agency: str, out: Path) -> None:
    """Write an agency's proof of a cycle."""
    from clearing.proof import bundle as bundle_of
    from registry.officials import agency_named

    business_date = parse_date(on)

    async def proof(database: "Database", pool: "Pool") -> bytes:
        async with database() as db:
            number = (await agency_named(db, agency)).agency_id
        return await bundle_of(pool, business_date, number, settings.statement_folder)

    with services() as settings:
        _write(out, with_database(settings, proof))


@main.command("bank-file", help=text("onecard.help.bank-file"))
@click.argument("on", metavar="YYYY-MM-DD")
@click.argument("out", type=OUT)
def bank_file(on: str, out: Path) -> None:
    """Write the payment file of a published cycle, once a second person has released it."""
    from clearing.approvals import release_file
    from registry.approvals import Approvals
    from registry.audit import COMMAND_LINE

    business_date = parse_date(on)

    async def released(database: "Database", pool: "Pool") -> "bytes | Approval":
        return await release_file(database, pool, Approvals(database), COMMAND_LINE, business_date)

    with services() as settings:
        content = with_database(settings, released)
        if not isinstance(content, bytes):
            _end_waiting(settings, content)
        _write(out, content)


def _write(out: Path, content: bytes) -> None:
    out.write_bytes(content)
    say("onecard.wrote", file=out, size=f"{len(content):,}")


@main.command(help=text("onecard.help.confirm"))
@click.argument("file", type=OUT)
def confirm(file: Path) -> None:
    """Post the bank's confirmations."""
    from clearing.bank_files import read_confirmations
    from clearing.confirmations import post_by_person, settlement_accounts
    from registry.audit import COMMAND_LINE

    content = read_file(file)

    async def post(database: "Database", pool: "Pool") -> "list[EntryMatch]":
        entries = read_confirmations(content, *await settlement_accounts(pool))
        file = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        return await post_by_person(database, COMMAND_LINE, entries, file)

    with services() as settings:
        entries = with_database(settings, post)
    for entry in entries:
        say(
            "onecard.entry",
            entry=entry.entry,
            reference=entry.reference,
            amount=yuan(entry.amount_fen),
            verdict=text(f"onecard.entry.{entry.verdict}"),
        )
    if any(entry.verdict not in CLEAN for entry in entries):
        sys.exit(1)


@main.command(help=text("onecard.help.audit"))
@click.argument("bundle", type=OUT)
@click.option("--key", "keys", required=True, multiple=True, metavar="HEX", help=text("onecard.option.key"))
@click.option("--previous", type=OUT, help=text("onecard.option.previous"))
@json_option
def audit(bundle: Path, keys: tuple[str, ...], previous: Path | None, as_json: bool) -> None:
    """Check a bundle without database and network."""
    from clearing.audit import audit as audit_bundle

    try:
        centre_public_keys = [bytes.fromhex(key) for key in keys]
    except ValueError:
        fail("onecard.not_a_key")
    report = audit_bundle(_bundle(bundle), centre_public_keys, _bundle(previous) if previous else None)
    if as_json:
        print(json.dumps([line.as_dict() for line in report], ensure_ascii=False))
    else:
        for line in report:
            show_check(line.name(LANGUAGE), line.detail(LANGUAGE), holds=line.holds)
    if not all(line.holds for line in report):
        sys.exit(1)


def _bundle(path: Path) -> "Bundle":
    from clearing.audit import NotABundle, read_bundle

    try:
        return read_bundle(read_file(path))
    except NotABundle:
        fail("onecard.not_a_bundle", file=path)
