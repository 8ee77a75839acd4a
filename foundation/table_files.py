"""Tables that people send, CSV or XLSX: cells, columns, and what is wrong with each. Every import reads them here.

The first line names the columns, in any order. A column and a word may be given by its code, by the name that our pages
and files print in Chinese or English, or by a name that earlier releases printed. An unknown column is refused, so that
nothing is lost unnoticed, and a formula, so that nothing is read otherwise than people see it.
"""

import io
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from foundation import catalogue
from foundation.catalogue import Language
from foundation.problems import INVALID, Problem
from foundation.spreadsheets import NotATable, csv_rows, safe_text

ROWS_MAX = 5_000
COLUMNS_MAX = 50
FILE_BYTES_MAX, UNPACKED_BYTES_MAX = 2_000_000, 20_000_000
"""Five thousand rows take a tenth of it; a workbook may be packed to unpack to any size."""
UNPACKED_PER_ROW_MAX = 500
"""Bytes of a workbook, unpacked, for each row of a longer file: five cells have half of it."""
SHEETS_MAX = 20
COLUMNS_READ = 200
"""Cells further right are not looked at: a blank one at the far right of every row would cost twenty seconds."""
WORKBOOK_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How the parts of a workbook may be packed (ECMA-376, part 2)."""
PARTS_MAX, TAGS_MAX, TAGS_PER_ROW_MAX = 200, 1_000_000, 27
"""Files in a workbook, and tags in them: five thousand rows of twenty columns have half of it. Each costs time, packed
or not. A longer file may have so many tags for each row: six cells have 26. The reader keeps what stands in no row, 150
bytes a tag."""
FINDINGS_SHOWN = 20
VALUE_SHOWN = 30
"""Characters of a wrong cell that a refusal repeats."""

_OPTIONAL = re.compile(r"\((可不填|可选|optional)\)$")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|年(\d{1,2})月(\d{1,2})日)")
THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]+)?")
_MONEY_SIGNS = ("元", "¥", "￥")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at one place of a file; ``column`` as the file names it, or its code (``by_code``)."""

    line: int
    column: str
    code: str
    params: dict[str, Any]
    sheet: str = ""
    by_code: bool = False

    def text(self, language: Language) -> str:
        """The finding for people."""
        column = column_name(self.column, language) if self.by_code else self.column
        reason = catalogue.text(self.code, language, **self.params)
        where = catalogue.text("table.finding", language, line=self.line, column=column, reason=reason)
        return catalogue.text("table.in_sheet", language, sheet=self.sheet, finding=where) if self.sheet else where

    def document(self, language: Language) -> dict[str, Any]:
        """The finding as data."""
        params = {name: value if isinstance(value, int) else str(value) for name, value in self.params.items()}
        place = {"sheet": self.sheet} if self.sheet else {}
        where = place | {"line": self.line, "column": str(self.column)}
        return where | {"code": self.code, "params": params, "detail": self.text(language)}


class WrongFile(Problem):
    """A file with wrong columns or cells. Its document lists the first ``FINDINGS_SHOWN`` as ``findings``, too."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(INVALID, "table.wrong", count=len(findings))
        self.findings = findings

    def detail(self, language: Language) -> str:
        """The number of findings, and the first of them."""
        shown = [finding.text(language) for finding in self.findings[:FINDINGS_SHOWN]]
        more = len(self.findings) - len(shown)
        if more:
            shown.append(catalogue.text("table.more", language, count=more))
        separator = "；" if language is Language.CHINESE else "; "
        head = catalogue.text(self.code, language, **self.params)
        return head + separator.join(shown)

    def document(self, language: Language) -> dict[str, object]:
        """The RFC 9457 members and ``findings``."""
        findings = [finding.document(language) for finding in self.findings[:FINDINGS_SHOWN]]
        return {**super().document(language), "findings": findings}


C = TypeVar("C", bound=str)

OTHER_COLUMN_NAMES = {
    "营业日期": "date", "营业日": "date", "business_date": "date", "Business day": "date",
    "食堂编号": "canteen", "Canteen number": "canteen",
    "canteen_id": "canteen", "类别": "stream", "重量": "weight_kg", "Weight": "weight_kg", "重量(kg)": "weight_kg",
    "重量(千克)": "weight_kg", "公斤": "weight_kg", "千克": "weight_kg", "kg": "weight_kg", "食物": "food",
    "菜品名称": "name_zh", "菜名": "name_zh", "金额": "amount_yuan", "amount": "amount_yuan", "元": "amount_yuan",
}  # fmt: skip
"""Names in other pages and files of ours, and in earlier releases."""

_COLUMNS = ("weighing.column.", "roster.column.", "column.")
"""How the messages of columns' names begin; the code follows."""


@lru_cache(maxsize=1)
def column_codes() -> dict[str, frozenset[str]]:
    """The codes of columns by every name that our pages and files give them; a table knows which one it takes."""
    found: dict[str, set[str]] = {}
    for language in Language:
        for message_id, name in catalogue.messages(language).items():
            if message_id.startswith(_COLUMNS):
                code = message_id.rpartition(".")[2]
                found.setdefault(plain(name), set()).add(code)
                found.setdefault(code, set()).add(code)
    for name, code in OTHER_COLUMN_NAMES.items():
        found.setdefault(plain(name), set()).add(code)
    return {name: frozenset(codes) for name, codes in found.items()}


def column_name(code: str, language: Language) -> str:
    """What people call a column."""
    ids = f"weighing.column.{code}", f"roster.column.{code}", f"column.{code}"
    return catalogue.text(next(one for one in ids if catalogue.has(one)), language)


class Formula(str):
    """A cell of a workbook that a formula fills, or one of a CSV file that a spreadsheet would run."""

    __slots__ = ()


class WrongCell(ValueError):
    """What is wrong with one cell: a message and its parameters."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def read_table(path: Path) -> list[list[Any]]:
    """The cells of a file, row by row, for a process aside: a workbook may take seconds. Raises Problem(INVALID)."""
    return cells_of(path.read_bytes())


Rows = list[tuple[int, dict[str, Any]]]
"""The members of each row, by its line."""


def read_rows(
    table: Iterable[Sequence[Any]],
    accepted: Sequence[C],
    needed: Sequence[C],
    value: Callable[[C, Any], dict[str, Any]],
    unknown_column: str = "table.unknown_column",
    of_row: tuple[C, Callable[[dict[str, Any]], None]] | None = None,
    most: int = ROWS_MAX,
) -> Rows:
    """The rows of a table by their lines, each with the members that ``value`` makes of its cells.

    ``value`` raises WrongCell; ``unknown_column``: the message for a column that is not accepted. ``of_row``: a check
    of the members of a row, which raises WrongCell, and the column that it is about. Raises WrongFile (wrong columns or
    cells), Problem(INVALID) (too many rows, or none).
    """
    found, findings, _ = checked_rows(table, accepted, needed, value, unknown_column, of_row, most)
    if findings:
        raise WrongFile(findings)
    return found


def checked_rows(
    table: Iterable[Sequence[Any]],
    accepted: Sequence[C],
    needed: Sequence[C],
    value: Callable[[C, Any], dict[str, Any]],
    unknown_column: str = "table.unknown_column",
    of_row: tuple[C, Callable[[dict[str, Any]], None]] | None = None,
    most: int = ROWS_MAX,
) -> tuple[Rows, list[Finding], dict[C, str]]:
    """As ``read_rows``, with what is wrong with the cells beside the rows, and what the table calls each column."""
    rows = iter(table)
    header = next(rows, [])
    columns = _columns(header, accepted, needed, unknown_column)
    named = [cell_text(cell)[:VALUE_SHOWN] for cell in header]
    found: Rows = []
    findings: list[Finding] = []
    for line, row in enumerate(rows, start=2):
        if line > most + 1:
            raise Problem(INVALID, "table.too_many_rows", most=most)
        if not any(cell_text(cell) for cell in row):
            continue
        values: dict[str, Any] = {}
        for place, cell in enumerate([*row, *[""] * (len(columns) - len(row))]):
            column = columns[place] if place < len(columns) else None
            try:
                values |= _members(column, cell, value)
            except WrongCell as wrong:
                where = str(place + 1) if column is None else named[place]
                findings.append(Finding(line, where, wrong.code, wrong.params))
        if of_row is not None:
            column, check = of_row
            try:
                check(values)
            except WrongCell as wrong:
                findings.append(Finding(line, named[columns.index(column)], wrong.code, wrong.params))
        found.append((line, values))
    if not found:
        raise Problem(INVALID, "table.empty")
    return found, findings, {column: named[place] for place, column in enumerate(columns) if column is not None}


def _members(column: C | None, cell: Any, value: Callable[[C, Any], dict[str, Any]]) -> dict[str, Any]:
    """What a cell says. Raises WrongCell."""
    text = cell_text(cell)
    if column is None:
        if text:
            raise WrongCell("table.unnamed_column", value=text[:VALUE_SHOWN])
        return {}
    if isinstance(cell, Formula):
        raise WrongCell("table.formula", value=text[:VALUE_SHOWN])
    return value(column, cell)


def _columns(header: Sequence[Any], accepted: Sequence[C], needed: Sequence[C], unknown_column: str) -> list[C | None]:
    """The column at each place of the first line, None where it is blank. Raises WrongFile."""
    columns: list[C | None] = []
    findings: list[Finding] = []
    for cell in header:
        name = cell_text(cell)
        codes = column_codes().get(_OPTIONAL.sub("", plain(name)), frozenset()) if name else frozenset()
        column = next((one for one in accepted if one in codes), None)
        if name and column is None:
            findings.append(Finding(1, name[:VALUE_SHOWN], unknown_column, {}))
        elif column is not None and column in columns:
            findings.append(Finding(1, name[:VALUE_SHOWN], "table.column_twice", {}))
        columns.append(column)
    findings += [
        Finding(1, column, "table.missing_column", {}, by_code=True) for column in needed if column not in columns
    ]
    if findings:
        raise WrongFile(findings)
    return columns


def cells_of(content: bytes) -> list[list[Any]]:
    """The cells of a CSV file or of an XLSX file's first sheet, row by row. Raises Problem(INVALID)."""
    return list(rows_of(content))


def rows_of(content: bytes, most: int = ROWS_MAX) -> Iterator[list[Any]]:
    """The same one row after the other, for files of many rows, and no more than a row after ``most``."""
    if content.startswith(b"PK"):
        return chain.from_iterable(rows for _, rows in islice(_workbook(content, most), 1))
    return _csv_rows(content, most)


def csv_cells(content: bytes, most: int = ROWS_MAX) -> list[list[Any]]:
    """The cells of a CSV file, no more than a row after ``most`` rows. Raises Problem(INVALID)."""
    return list(_csv_rows(content, most))


def _csv_rows(content: bytes, most: int) -> Iterator[list[Any]]:
    try:
        for row in islice(csv_rows(content), most + 2):
            yield [Formula(cell) if safe_text(cell.strip()) != cell.strip() else cell for cell in row]
    except NotATable:
        raise Problem(INVALID, "table.not_a_table") from None


def sheets_of(content: bytes, most: int) -> dict[str, list[list[Any]]]:
    """The sheets of a workbook by name, no more than a row after ``most`` rows of each. Raises Problem(INVALID)."""
    return {name: list(rows) for name, rows in _workbook(content, most)}


def _workbook(content: bytes, most: int) -> Iterator[tuple[str, Iterator[list[Any]]]]:
    """Sheets, row by row, and no further than a file may have: a cell may claim to stand anywhere."""
    # Imported when first asked for: it costs a worker 15 MB, and few kitchens send workbooks.
    from openpyxl import load_workbook

    with _as_workbook():
        _check_parts(content, most)
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        if len(book.worksheets) > SHEETS_MAX:
            raise Problem(INVALID, "table.too_many_sheets", most=SHEETS_MAX)
    for sheet in book.worksheets:
        yield sheet.title, _sheet_rows(sheet, most)


def _check_parts(content: bytes, most: int) -> None:
    """Refuse what would cost too much to read. Raises Problem(INVALID)."""
    unpacked_max = max(UNPACKED_BYTES_MAX, most * UNPACKED_PER_ROW_MAX)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if any(part.compress_type not in WORKBOOK_PACKING for part in parts):
            raise Problem(INVALID, "table.not_a_workbook")
        if sum(part.file_size for part in parts) > unpacked_max:
            raise Problem(INVALID, "table.unpacks_too_large", most=unpacked_max // 1_000_000)
        tags_max = max(TAGS_MAX, most * TAGS_PER_ROW_MAX)
        if len(parts) > PARTS_MAX or sum(archive.read(part).count(b"<") for part in parts) > tags_max:
            raise Problem(INVALID, "table.too_many_cells")


def _sheet_rows(sheet: Any, most: int) -> Iterator[list[Any]]:
    with _as_workbook():
        sheet.reset_dimensions()
        for row in sheet.iter_rows(max_row=most + 2, max_col=COLUMNS_READ):
            yield _bounded([Formula(cell.value) if cell.data_type == "f" else cell.value for cell in row])


@contextmanager
def _as_workbook() -> Iterator[None]:
    """What openpyxl raises for files that are no workbooks becomes a Problem(INVALID)."""
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        yield
    except (InvalidFileException, *NOT_A_WORKBOOK):
        raise Problem(INVALID, "table.not_a_workbook") from None


def _bounded(row: Sequence[Any]) -> list[Any]:
    """A row without the blank cells at its end. Raises Problem(INVALID) past ``COLUMNS_MAX``."""
    cells = ["" if cell is None else cell for cell in row]
    while cells and cells[-1] == "":
        cells.pop()
    if len(cells) > COLUMNS_MAX:
        raise Problem(INVALID, "table.too_many_columns", most=COLUMNS_MAX)
    return cells


NOT_A_WORKBOOK = (
    zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, TypeError, AttributeError,
    ArithmeticError, EOFError, NotImplementedError, RuntimeError, OSError, struct.error,
)  # fmt: skip
"""What openpyxl raises for files that are no workbooks."""


def cell_text(cell: Any) -> str:
    """A cell as text without blanks around it."""
    return "" if cell is None else str(cell).strip()


def half_width(text: str) -> str:
    """The text with plain digits and signs in place of full-width ones (NFKC)."""
    return unicodedata.normalize("NFKC", text).strip()


def plain(text: str) -> str:
    """A name as names are compared: without spaces, width and case."""
    return "".join(half_width(text).split()).casefold()


def names_of(messages: Mapping[StrEnum, str], others: Mapping[str, StrEnum]) -> dict[str, Any]:
    """Every name of the members of an enumeration: codes, the catalogue's words, and some others.

    ``messages``: the id of each member's message.
    """
    printed = {
        plain(catalogue.text(messages[member], language)): member for member in messages for language in Language
    }
    return (
        printed | {member.value: member for member in messages} | {plain(name): other for name, other in others.items()}
    )


def word_of(text: str, names: Mapping[str, Any], code: str) -> Any:
    """What a word names. Raises WrongCell with the message ``code``."""
    try:
        return names[plain(text)]
    except KeyError:
        raise WrongCell(code, value=text[:VALUE_SHOWN]) from None


def date_of(cell: Any) -> date:
    """A date as people and workbooks write it. Raises WrongCell."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = cell_text(cell)
    found = _DATE.fullmatch(half_width(text))
    try:
        return date(*(int(part) for part in found.groups() if part) if found else ())
    except (ValueError, TypeError):
        raise WrongCell("table.not_a_date", value=text[:VALUE_SHOWN]) from None


def fen_of(text: str) -> Decimal | None:
    """An amount in yuan, with or without its sign, in fen: ``1200.50``, ``1,200.50元``. None: it is none.

    What is less than a fen makes it no integer.
    """
    number = half_width(text)
    for sign in _MONEY_SIGNS:
        number = number.removeprefix(sign).removesuffix(sign).strip()
    if THOUSANDS.fullmatch(number):
        number = number.replace(",", "")
    return Decimal(number) * 100 if _AMOUNT.fullmatch(number) else None
