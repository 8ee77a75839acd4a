"""Commands for whole networks: network export, network import, network template."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from msgspec import to_builtins

from onecard.cli.commands import json_option, main
from onecard.cli.output import LANGUAGE, fail, say, text
from onecard.cli.services import fail_for, failures_as_one_line, services, with_database

if TYPE_CHECKING:
    from registry.models import Database
    from registry.network_tables import Row, Sheet
    from settlement.network_files import Imported, Kind

NAMES_SHOWN = 5
"""Of a sheet's new rows, and of those that the file does not have; ``--json`` has all."""


_force = click.option("--force", is_flag=True, help=text("onecard.option.overwrite"))


@main.group("network", help=text("onecard.help.network"))
def network() -> None:
    """Whole networks as files."""


@network.command("export", help=text("onecard.help.network.export"))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--xlsx", is_flag=True, help=text("onecard.option.xlsx"))
@_force
def export(folder: Path, *, xlsx: bool, force: bool) -> None:
    """Write a CSV file for each noun, or one workbook."""
    from registry.network_tables import sheet_name, write_csv, write_workbook
    from settlement.network_files import Network, tables_of
    from settlement.network_imports import load_network

    async def load(database: "Database", _: object) -> Network:
        async with database() as db:
            return await load_network(db)

    with services() as settings:
        tables = tables_of(with_database(settings, load))
    if xlsx:
        files = {"network.xlsx": write_workbook(tables, LANGUAGE)}
    else:
        files = {f"{sheet}.csv": write_csv(sheet, rows, LANGUAGE) for sheet, rows in tables.items()}
    _write({folder / name: content for name, content in files.items()}, force=force)
    for sheet, rows in tables.items():
        say("onecard.network.exported", sheet=sheet_name(sheet, LANGUAGE), rows=len(rows))
    say("onecard.network.written", files=", ".join(str(folder / name) for name in files))


@network.command("import", help=text("onecard.help.network.import"))
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help=text("onecard.option.compare"))
@json_option
def import_(path: Path, *, dry_run: bool, as_json: bool) -> None:
    """Carry out a folder of CSV files, one CSV file or one workbook: all rows, or none."""
    from registry import audit
    from settlement.network_imports import carry_out, compare

    with failures_as_one_line():
        try:
            rows, sha256 = _read(path)
        except OSError as error:
            fail_for(error, path)

    async def work(database: "Database", _: object) -> "Imported":
        if dry_run:
            return await compare(database, rows, LANGUAGE)
        return await carry_out(database, audit.COMMAND_LINE, rows, sha256, LANGUAGE)

    with services() as settings:
        done = with_database(settings, work)
    if as_json:
        print(json.dumps(to_builtins(done), ensure_ascii=False))
    else:
        _show(done)


def _read(path: Path) -> "tuple[dict[Sheet, list[Row]], str]":
    """The rows of a folder or file, and its SHA-256 (of a folder: over its files in the order of their names)."""
    from registry.network_tables import must_be_of_size, read_folder, read_network_file

    if path.is_dir():
        files = sorted(path.glob("*.csv"))
        if not files:
            fail("onecard.network.no_files", folder=path)
        rows = read_folder(path)
    else:
        files = [path]
        must_be_of_size(path.stat().st_size)
        rows = read_network_file(path, path.name)
    return rows, hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _show(done: "Imported") -> None:
    from settlement.network_files import Kind

    sheets = dict.fromkeys(difference.sheet for difference in done.differences)
    for sheet in sheets:
        found = {kind: [one for one in done.differences if (one.sheet, one.kind) == (sheet, kind)] for kind in Kind}
        for one in found[Kind.CHANGED]:
            say("onecard.network.changed", sheet=sheet, name=one.name)
            for column, (before, after) in one.changes.items():
                say("onecard.network.from_to", column=column, before=before or "—", after=after or "—")
        for kind in (Kind.ADDED, Kind.MISSING):
            _show_names(kind, sheet, [one.name for one in found[kind]])
    counts = {"added": done.added, "changed": done.changed, "unchanged": done.unchanged, "missing": done.missing}
    say("onecard.network.applied" if done.applied else "onecard.network.compared", **counts)
    if done.added or done.changed:
        say("onecard.network.next" if done.applied else "onecard.network.next_import")


def _show_names(kind: "Kind", sheet: str, names: list[str]) -> None:
    """How many, and the first of them."""
    if names:
        shown = "; ".join(names[:NAMES_SHOWN])
        more = text("onecard.network.more", count=len(names) - NAMES_SHOWN) if len(names) > NAMES_SHOWN else ""
        say(f"onecard.network.{kind}", sheet=sheet, count=len(names), names=shown + more)


@network.command("template", help=text("onecard.help.network.template"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_force
def template(file: Path, *, force: bool) -> None:
    """Write a workbook to fill in."""
    from registry.network_tables import template as made

    _write({file: made(LANGUAGE)}, force=force)
    say("onecard.network.template", file=file)


def _write(files: dict[Path, bytes], *, force: bool) -> None:
    """Write all files, or none where one of them is there already: somebody may have edited it."""
    there = [path for path in files if path.exists()]
    if there and not force:
        fail("onecard.file.exists", files=", ".join(map(str, there)))
    for path, content in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            fail_for(error, path)
