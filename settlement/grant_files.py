"""Meal subsidies in bulk from a file: what an agency's payroll exports. All rows are posted, or none.

CSV with a header, ``staff_number,amount`` or ``工号,金额``, amounts in yuan with at most two decimals; UTF-8 (with or
without BOM) or GB18030, which is what spreadsheets on Chinese desktops save. The batch's name (``2026-11``) and the
staff number make the posting's number: the same file sent again grants nothing more.
"""

import csv
import io
import re
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.keys import KeyRing
from foundation.problems import INVALID, Problem
from registry.models import Agency, Official
from settlement.deposits import Deposit
from settlement.models import AMOUNT_MAX_FEN

ROWS_MAX = 5_000
"""As many as fit into a body, with room."""

PROBLEMS_SHOWN = 20

HEADERS = {("staff_number", "amount"), ("工号", "金额")}
_YUAN = re.compile(r"(\d{1,6})(?:\.(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One line of the file: its number, the staff number, the amount in fen."""

    line: int
    staff_number: str
    amount_fen: int


def read_grants(data: bytes) -> list[GrantRow]:
    """Read a file; raises Problem(INVALID) that lists what is wrong, row by row."""
    rows = list(csv.reader(io.StringIO(_text(data), newline="")))
    if not rows or tuple(cell.strip() for cell in rows[0]) not in HEADERS:
        raise Problem(INVALID, "the first line is staff_number,amount or 工号,金额")
    if len(rows) - 1 > ROWS_MAX:
        raise Problem(INVALID, f"a file has at most {ROWS_MAX} rows")
    grants: list[GrantRow] = []
    wrong: list[str] = []
    seen: dict[str, int] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        read = _row(line, row)
        if isinstance(read, str):
            wrong.append(f"line {line}: {read}")
        elif read.staff_number in seen:
            wrong.append(f"line {line}: staff number {read.staff_number} stands on line {seen[read.staff_number]} too")
        else:
            seen[read.staff_number] = line
            grants.append(read)
    refuse(wrong)
    if not grants:
        raise Problem(INVALID, "the file has no rows")
    return grants


def refuse(wrong: list[str]) -> None:
    """Raise Problem(INVALID) that lists what is wrong, if anything is."""
    if wrong:
        more = f"; and {len(wrong) - PROBLEMS_SHOWN} more" if len(wrong) > PROBLEMS_SHOWN else ""
        raise Problem(INVALID, "; ".join(wrong[:PROBLEMS_SHOWN]) + more)


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Problem(INVALID, "the file is neither UTF-8 nor GB18030 text")


def _row(line: int, row: list[str]) -> GrantRow | str:
    if len(row) != 2:
        return f"{len(row)} columns instead of 2"
    staff_number, amount = (cell.strip() for cell in row)
    if not 0 < len(staff_number) <= 32:
        return "a staff number has 1 to 32 characters"
    match = _YUAN.fullmatch(amount)
    if match is None:
        return f"{amount[:20]!r} is no amount in yuan with at most two decimals"
    fen = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))
    if not 0 < fen <= AMOUNT_MAX_FEN:
        return f"an amount is above 0 and at most {AMOUNT_MAX_FEN // 100} yuan"
    return GrantRow(line, staff_number, fen)


async def deposits_of(
    db: AsyncSession, keys: KeyRing, agency: Agency, batch: str, rows: list[GrantRow]
) -> list[Deposit]:
    """The deposits that a file asks for; raises Problem(INVALID) that names every unknown staff number."""
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
    refuse([f"line {row.line}: no staff number {row.staff_number}" for i, row in indexes.items() if i not in holders])
    return [
        Deposit(_posting_id(agency.agency_id, batch, row.staff_number), holders[index], row.amount_fen)
        for index, row in indexes.items()
    ]


def _posting_id(agency_id: int, batch: str, staff_number: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"onecard:grant/{agency_id}/{batch}/{staff_number}")
