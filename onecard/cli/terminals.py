"""The command terminals: which there are, and which are late with the renewal of their key."""

import sys
from typing import TYPE_CHECKING

import rich_click as click
from msgspec import json

from foundation.catalogue import Language
from onecard.cli.commands import json_option, main
from onecard.cli.output import LANGUAGE, console, say, table, text
from onecard.cli.services import on_ledger, services

if TYPE_CHECKING:
    from terminals.schemas import TerminalInfo


@main.command("terminals", help=text("onecard.help.terminals"))
@click.option("--late", is_flag=True, help=text("onecard.option.late"))
@json_option
def terminals(late: bool, as_json: bool) -> None:
    """List the terminals in use; with ``--late`` those that are late, and exit 1 if there are any."""
    from terminals.inventory import terminals_of

    with services() as settings:
        found = on_ledger(settings, lambda pool: terminals_of(pool, late=late))
    if as_json:
        print(json.encode(found).decode())
    elif found:
        _show(found)
    elif late:
        say("onecard.terminals.none_late")
    if late and found:
        sys.exit(1)


def _show(found: "list[TerminalInfo]") -> None:
    columns = ("terminal", "kind", "agency", "canteen", "renew_by", "signed_on", "device")
    rows = table(*(f"onecard.terminals.{column}" for column in columns))
    for one in found:
        chinese = LANGUAGE is Language.CHINESE
        day = one.renew_key_by.date()
        rows.add_row(
            str(one.terminal_id),
            text(f"onecard.terminals.kind.{one.kind}"),
            one.agency_zh if chinese else one.agency_en,
            one.canteen_zh if chinese else one.canteen_en,
            text("onecard.terminals.late", day=day) if one.is_late else str(day),
            str(one.signed_on_at.date()) if one.signed_on_at else text("onecard.terminals.never"),
            f"{one.software or ''} {one.model or ''}".strip(),
        )
    console.print(rows)
