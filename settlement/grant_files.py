"""Meal subsidies from a payroll file. All rows are posted or none.

CSV whose first line names the columns in any order, ``staff_number,amount`` or ``工号,金额``, amounts in yuan with at
most two decimals; UTF-8 (with or without BOM) or GB18030, which is what spreadsheets on Chinese desktops save. It is
read as every table (``foundation.table_files``). The posting number is derived from the
batch's name (``2026-11``) and the staff number: the same file sent again grants nothing more. The derivation is keyed,
so that nobody else can post under the number first. The same content under another name is refused, until the sender
confirms that it is to be granted once more, and says why.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.calendar import ZONE
from foundation.keys import KeyRing
from foundation.named_sql import load_queries
from foundation.postgres import Connection
from foundation.problems import Problem
from foundation.table_files import Finding, WrongCell, WrongFile, cell_text, csv_cells, fen_of, read_rows
from registry.identifiers import AgencyId, Book, HolderId
from registry.models import Agency, Official
from settlement.deposits import Deposit
from settlement.errors import GRANTED_BEFORE
from settlement.models import AMOUNT_MAX_FEN, Transfer
from settlement.transfers import Channel, TransferKind

ROWS_MAX = 5_000
"""Well below the limit of a request body."""

COLUMNS = STAFF_NUMBER, AMOUNT = "staff_number", "amount_yuan"

QUERIES = load_queries(Path(__file__).parent / "sql" / "grant_files.sql")


class GrantFile(Struct, frozen=True):
    """A payroll file: its batch, the SHA-256 of its content, and why the same content is granted again, if it is."""

    batch: str
    sha256: str
    again: str = ""


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One row of the file, with its line number."""

    line: int
    staff_number: str
    amount_fen: int


def read_grants(data: bytes) -> list[GrantRow]:
    """Read a CSV file. Raises WrongFile, which lists every wrong row and column, and Problem(INVALID)."""
    found = read_rows(csv_cells(data, ROWS_MAX), COLUMNS, COLUMNS, _value, "grant_file.unknown_column", most=ROWS_MAX)
    rows = [GrantRow(line, values[STAFF_NUMBER], values[AMOUNT]) for line, values in found]
    first: dict[str, int] = {}
    twice = [row for row in rows if first.setdefault(row.staff_number, row.line) != row.line]
    _refuse(twice, "grant_file.staff_number_twice", lambda row: {"first": first[row.staff_number]})
    return rows


def _value(column: str, cell: Any) -> dict[str, Any]:
    text = cell_text(cell)
    if column == STAFF_NUMBER:
        if not 0 < len(text) <= 32:
            raise WrongCell("grant_file.staff_number")
        return {column: text}
    fen = fen_of(text)
    if fen is None or fen != fen.to_integral_value():
        raise WrongCell("grant_file.amount", amount=text[:20])
    if not 0 < fen <= AMOUNT_MAX_FEN:
        raise WrongCell("grant_file.amount_range", most_yuan=AMOUNT_MAX_FEN // 100)
    return {column: int(fen)}


def _refuse(rows: list[GrantRow], code: str, more: Callable[[GrantRow], dict[str, Any]] = lambda _: {}) -> None:
    """Raise WrongFile for the staff numbers of some rows, if there are any."""
    findings = [
        Finding(row.line, STAFF_NUMBER, code, {"staff_number": row.staff_number} | more(row), by_code=True)
        for row in rows
    ]
    if findings:
        raise WrongFile(findings)


async def deposits_of(
    db: AsyncSession, keys: KeyRing, agency: Agency, batch: str, rows: list[GrantRow]
) -> list[Deposit]:
    """The deposits of a file; raises WrongFile that lists every unknown staff number."""
    indexes = {keys.blind_index(agency.agency_id, row.staff_number): row for row in rows}
    found = await db.execute(
        select(Official.staff_index, Official.holder_id).where(
            Official.book == agency.book,
            Official.agency_id == agency.agency_id,
            Official.state == "active",
            Official.staff_index.in_(list(indexes)),
        )
    )
    holders = {index: holder_id for index, holder_id in found}
    unknown = [row for index, row in indexes.items() if index not in holders]
    _refuse(unknown, "grant_file.unknown_staff_number")
    former = {index: _former_posting_id(agency.agency_id, batch, row.staff_number) for index, row in indexes.items()}
    granted = await _granted_from_files(db, agency, list(former.values()))
    return [
        Deposit(
            former[index]
            if granted.get(former[index]) == holders[index]
            else _posting_id(keys, agency.agency_id, batch, row.staff_number),
            holders[index],
            row.amount_fen,
        )
        for index, row in indexes.items()
    ]


async def _granted_from_files(db: AsyncSession, agency: Agency, posting_ids: list[UUID]) -> dict[UUID, HolderId]:
    """Who was granted money from a file under these numbers; what anybody posted otherwise under one does not count."""
    found = await db.execute(
        select(Transfer.posting_id, Transfer.holder_id).where(
            Transfer.book == agency.book,
            Transfer.posting_id.in_(posting_ids),
            Transfer.kind == TransferKind.GRANT,
            Transfer.channel == Channel.FILE,
        )
    )
    return {posting_id: holder_id for posting_id, holder_id in found}


def _posting_id(keys: KeyRing, agency_id: AgencyId, batch: str, staff_number: str) -> UUID:
    return UUID(bytes=keys.blind_index(agency_id, f"grant/{batch}/{staff_number}")[:16], version=4)


def _former_posting_id(agency_id: AgencyId, batch: str, staff_number: str) -> UUID:
    """The number that earlier releases gave a row. Anybody can compute it and post under it."""
    return uuid5(NAMESPACE_URL, f"onecard:grant/{agency_id}/{batch}/{staff_number}")


def content_of(rows: list[GrantRow]) -> str:
    """The SHA-256 of what the rows grant to whom, in hexadecimal: whatever their order, encoding and spelling."""
    lines = sorted(f"{row.staff_number}\t{row.amount_fen}" for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


async def must_be_new(connection: Connection, book: Book, agency_id: AgencyId, file: GrantFile) -> None:
    """Raise Problem(GRANTED_BEFORE) if the content was granted under another batch's name, and is not confirmed.

    An agency's files are granted one after the other from here on until the caller's transaction ends.
    """
    await connection.execute(QUERIES["one_file_at_a_time"], book, agency_id)
    first = await connection.fetchrow(QUERIES["granted_before"], book, agency_id, file.sha256, file.batch)
    if first is not None and not file.again:
        on = first["granted_at"].astimezone(ZONE).date()
        raise Problem(GRANTED_BEFORE, "grant_file.granted_before", batch=first["batch"], on=on)


async def note_file(connection: Connection, book: Book, agency_id: AgencyId, file: GrantFile, login: str) -> None:
    """Note that a file was granted; a repeat changes nothing."""
    await connection.execute(
        QUERIES["note_file"], book, agency_id, file.sha256, file.batch, datetime.now(UTC), login, file.again
    )
