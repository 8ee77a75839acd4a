"""A list as a file: CSV, sent while it is read, and XLSX. Headings and words are in the reader's language.

Money is in yuan with two decimals, made from integers. What a spreadsheet would run as a formula is written as text.
"""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

import xlsxwriter
from msgspec import json
from msgspec.structs import fields

from foundation import catalogue
from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.money import yuan
from foundation.problems import TOO_LARGE, Problem
from foundation.spreadsheets import safe_text
from registry.lists.listing import Listing

Rows = AsyncIterator[list[Any]]

XLSX_ROWS_MAX = 1_048_575
"""Of a sheet, without its heading (Excel's limit)."""

CHUNK_BYTES = 65_536


def heading(member: str, language: Language) -> str:
    """What people call a member of a row."""
    return catalogue.text(f"column.{member}", language)


def headings(listing: Listing[Any], language: Language) -> list[str]:
    """What stands above the columns; of a time with its zone."""
    return [
        catalogue.text("list.local_time", language, heading=heading(field.name, language))
        if datetime in (field.type, *get_args(field.type))
        else heading(field.name, language)
        for field in fields(listing.shown)
    ]


def is_money(member: str) -> bool:
    """Whether a member is an amount in fen, by the unit in its name: ``amount_fen``, ``late_fen_max``."""
    return "fen" in member.split("_")


def _words(listing: Listing[Any], language: Language) -> Callable[[str, Any], Any]:
    def say(member: str, value: Any) -> Any:
        if isinstance(value, dict):
            return json.encode(value).decode()
        if isinstance(value, bool):
            return catalogue.text("list.yes" if value else "list.no", language)
        message_of = listing.words.get(member)
        if isinstance(value, list):
            between = "、" if language is Language.CHINESE else ", "
            return between.join(catalogue.text(message_of(one), language) if message_of else str(one) for one in value)
        return catalogue.text(message_of(value), language) if message_of and value not in (None, "") else value

    return say


def _plain(member: str, value: Any) -> str | int | float:
    """A value as a CSV cell."""
    if value is None:
        return ""
    if is_money(member):
        return yuan(value)
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return safe_text(value) if isinstance(value, str) else value


async def write_csv(listing: Listing[Any], rows: Rows, language: Language) -> AsyncIterator[bytes]:
    """CSV (RFC 4180), UTF-8 with a byte-order mark for spreadsheets, a page of rows at a time."""
    members, say = listing.shown.__struct_fields__, _words(listing, language)
    head: list[Any] = headings(listing, language)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    encoding = "utf-8-sig"
    async for page in rows:
        for row in page:
            writer.writerow([_plain(member, say(member, getattr(row, member))) for member in members])
        yield text.getvalue().encode(encoding)
        encoding = "utf-8"
        text.seek(0)
        text.truncate()


async def write_xlsx(listing: Listing[Any], rows: Rows, language: Language) -> AsyncIterator[bytes]:
    """A workbook of one sheet, written to a file aside as the rows come. Raises Problem TOO_LARGE."""
    members, say = listing.shown.__struct_fields__, _words(listing, language)
    with tempfile.TemporaryFile() as file:
        book = xlsxwriter.Workbook(
            file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        formats = {
            "money": book.add_format({"num_format": "#,##0.00"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(members) - 1, 18)
        sheet.write_row(0, 0, headings(listing, language), book.add_format({"bold": True}))
        at = 0
        async for page in rows:
            if at + len(page) > XLSX_ROWS_MAX:
                raise Problem(TOO_LARGE, "list.too_long", most=XLSX_ROWS_MAX)
            for row in page:
                at += 1
                for column, member in enumerate(members):
                    _write(sheet, formats, at, column, member, say(member, getattr(row, member)))
        sheet.autofilter(0, 0, at, len(members) - 1)
        await asyncio.to_thread(book.close)
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _write(sheet: Any, formats: dict[str, Any], row: int, column: int, member: str, value: Any) -> None:
    if value is None:
        return
    if is_money(member):
        sheet.write_number(row, column, Decimal(value) / 100, formats["money"])
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.astimezone(ZONE).replace(tzinfo=None), formats["time"])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats["day"])
    elif isinstance(value, str | UUID):
        sheet.write_string(row, column, str(value))
    else:
        sheet.write(row, column, value)


@dataclass(frozen=True, slots=True)
class Writer:
    """How a list becomes a file of one kind."""

    media_type: str
    write: Callable[[Listing[Any], Rows, Language], AsyncIterator[bytes]]


WRITERS = {
    "csv": Writer("text/csv", write_csv),
    "xlsx": Writer("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx),
}
