"""Tables that kitchens send, CSV or XLSX: cells, columns, and what is wrong with each.

The first line names the columns, in any order. A column and a word may be given by its code, by the name that our pages
and files print in Chinese or English, or by a name that earlier releases printed. An unknown column is refused, so that
nothing is lost unnoticed.
"""

import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from foundation import catalogue
from foundation.catalogue import Language
from foundation.problems import INVALID, Problem
from foundation.spreadsheets import NotATable, read_csv
from registry.identifiers import CanteenId
from registry.models import Canteen
from waste.weighing.schemas import FoodFactor

ROWS_MAX = 5_000
COLUMNS_MAX = 50
FILE_BYTES_MAX, UNPACKED_BYTES_MAX = 2_000_000, 20_000_000
"""Five thousand rows take a tenth of it; a workbook may be packed to unpack to any size."""
COLUMNS_READ = 200
"""Cells further right are not looked at: a blank one at the far right of every row would cost twenty seconds."""
PARTS_MAX, TAGS_MAX = 200, 1_000_000
"""Files in a workbook, and tags in them: five thousand rows of twenty columns have half of it. Each costs time, packed
or not."""
FINDINGS_SHOWN = 20
VALUE_SHOWN = 30
"""Characters of a wrong cell that a refusal repeats."""

_OPTIONAL = re.compile(r"\((可不填|可选|optional)\)$")
_UNITS = ("公斤", "千克", "kg")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|年(\d{1,2})月(\d{1,2})日)")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")


class Column(StrEnum):
    """A column of a file; messages ``weighing.column.<value>``."""

    DATE = "date"
    CANTEEN = "canteen"
    MEAL = "meal"
    STREAM = "stream"
    WEIGHT = "weight_kg"
    DISH = "dish"
    FOOD = "food"
    CAUSE = "cause"
    AMOUNT = "amount_yuan"
    DESTINATION = "destination"


OTHER_COLUMN_NAMES = {
    "营业日期": Column.DATE, "business_date": Column.DATE, "食堂编号": Column.CANTEEN, "Canteen number": Column.CANTEEN,
    "canteen_id": Column.CANTEEN, "类别": Column.STREAM, "重量": Column.WEIGHT, "Weight": Column.WEIGHT,
    "重量(kg)": Column.WEIGHT, "重量(千克)": Column.WEIGHT, "公斤": Column.WEIGHT, "千克": Column.WEIGHT,
    "kg": Column.WEIGHT, "食物": Column.FOOD, "金额": Column.AMOUNT, "amount": Column.AMOUNT, "元": Column.AMOUNT,
}  # fmt: skip
"""Names in other pages and files of ours, and in earlier releases."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at one place of a file; ``column`` as the file names it, or the column that it lacks."""

    line: int
    column: str
    code: str
    params: dict[str, Any]

    def text(self, language: Language) -> str:
        """The finding for people."""
        column = _column_name(self.column, language) if isinstance(self.column, Column) else self.column
        reason = catalogue.text(self.code, language, **self.params)
        return catalogue.text("weighing.file.finding", language, line=self.line, column=column, reason=reason)


class WrongFile(Problem):
    """A file with wrong columns or cells. Its document lists the first ``FINDINGS_SHOWN`` as ``findings``, too."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(INVALID, "weighing.file.wrong", count=len(findings))
        self.findings = findings

    def detail(self, language: Language) -> str:
        """The number of findings, and the first of them."""
        shown = [finding.text(language) for finding in self.findings[:FINDINGS_SHOWN]]
        more = len(self.findings) - len(shown)
        if more:
            shown.append(catalogue.text("weighing.file.more", language, count=more))
        separator = "；" if language is Language.CHINESE else "; "
        head = catalogue.text(self.code, language, **self.params)
        return head + separator.join(shown)

    def document(self, language: Language) -> dict[str, object]:
        """The RFC 9457 members and ``findings``."""
        findings = [
            {"line": f.line, "column": f.column, "code": f.code, "params": f.params, "detail": f.text(language)}
            for f in self.findings[:FINDINGS_SHOWN]
        ]
        return {**super().document(language), "findings": findings}


class WrongCell(ValueError):
    """What is wrong with one cell: a message and its parameters."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def food_names(factors: Iterable[FoodFactor]) -> dict[str, str]:
    """The codes of kinds of food by the names that a file may give: code, Chinese and English name."""
    return {plain(name): f.food for f in factors for name in (f.food, f.name_zh, f.name_en)}


class CanteenNames:
    """Canteens by what a file may give: number, Chinese and English name."""

    def __init__(self, canteens: Mapping[int, Canteen]) -> None:
        self._canteens = canteens
        self._by_name = {plain(name): c.canteen_id for c in canteens.values() for name in (c.name_zh, c.name_en)}

    def canteen_of(self, cell: Any) -> CanteenId:
        """The number of a canteen. Raises WrongCell."""
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else half_width(cell_text(cell))
        number = self._by_name.get(plain(text), int(text) if text.isdecimal() and len(text) < 16 else 0)
        if number not in self._canteens:
            raise WrongCell("weighing.file.not_a_canteen", value=text[:VALUE_SHOWN])
        return CanteenId(number)


def read_table(path: Path) -> list[list[Any]]:
    """The cells of a file, row by row, for a process aside: a workbook may take seconds. Raises Problem(INVALID)."""
    return cells_of(path.read_bytes())


def read_rows(
    table: Sequence[Sequence[Any]],
    accepted: Sequence[Column],
    needed: Sequence[Column],
    value: Callable[[Column, Any], dict[str, Any]],
    unknown_column: str,
    of_row: tuple[Column, Callable[[dict[str, Any]], None]] | None = None,
) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a table by their lines, each with the members that ``value`` makes of its cells.

    ``value`` raises WrongCell; ``unknown_column``: the message for a column that is not accepted. ``of_row``: a check
    of the members of a row, which raises WrongCell, and the column that it is about. Raises WrongFile (wrong columns or
    cells), Problem(INVALID) (too many rows, or none).
    """
    header, *rows = table or [[]]
    columns = _columns(header, accepted, needed, unknown_column)
    if len(rows) > ROWS_MAX:
        raise Problem(INVALID, "weighing.file.too_many_rows", most=ROWS_MAX)
    named = [cell_text(cell)[:VALUE_SHOWN] for cell in header]
    found: list[tuple[int, dict[str, Any]]] = []
    findings: list[Finding] = []
    for line, row in enumerate(rows, start=2):
        if any(cell_text(cell) for cell in row):
            values: dict[str, Any] = {}
            for place, cell in enumerate([*row, *[""] * (len(columns) - len(row))]):
                column = columns[place] if place < len(columns) else None
                if column is not None:
                    try:
                        values |= value(column, cell)
                    except WrongCell as wrong:
                        findings.append(Finding(line, named[place], wrong.code, wrong.params))
                elif cell_text(cell):
                    shown = {"value": cell_text(cell)[:VALUE_SHOWN]}
                    findings.append(Finding(line, str(place + 1), "weighing.file.unnamed_column", shown))
            if of_row is not None:
                column, check = of_row
                try:
                    check(values)
                except WrongCell as wrong:
                    findings.append(Finding(line, named[columns.index(column)], wrong.code, wrong.params))
            found.append((line, values))
    if findings:
        raise WrongFile(findings)
    if not found:
        raise Problem(INVALID, "weighing.file.empty")
    return found


def _columns(
    header: Sequence[Any], accepted: Sequence[Column], needed: Sequence[Column], unknown_column: str
) -> list[Column | None]:
    """The column at each place of the first line, None where it is blank. Raises WrongFile."""
    columns: list[Column | None] = []
    findings: list[Finding] = []
    for cell in header:
        name = cell_text(cell)
        column = _column_names().get(_OPTIONAL.sub("", plain(name))) if name else None
        if name and column not in accepted:
            findings.append(Finding(1, name[:VALUE_SHOWN], unknown_column, {}))
        elif column is not None and column in columns:
            findings.append(Finding(1, name[:VALUE_SHOWN], "weighing.file.column_twice", {}))
        columns.append(column)
    findings += [Finding(1, column, "weighing.file.missing_column", {}) for column in needed if column not in columns]
    if findings:
        raise WrongFile(findings)
    return columns


def cells_of(content: bytes) -> list[list[Any]]:
    """The cells of a CSV or XLSX file, row by row. Raises Problem(INVALID)."""
    if content.startswith(b"PK"):
        return _workbook_cells(content)
    try:
        return read_csv(content)
    except NotATable:
        raise Problem(INVALID, "weighing.file.not_a_table") from None


def _workbook_cells(content: bytes) -> list[list[Any]]:
    """The first sheet, row by row, and no further than a file may have: a cell may claim to stand anywhere."""
    # Imported when first asked for: it costs a worker 15 MB, and few kitchens send workbooks.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
                raise Problem(INVALID, "weighing.file.unpacks_too_large", most=UNPACKED_BYTES_MAX // 1_000_000)
            if len(parts) > PARTS_MAX or sum(archive.read(part).count(b"<") for part in parts) > TAGS_MAX:
                raise Problem(INVALID, "weighing.file.too_many_cells")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        return [_bounded(row) for row in sheet.iter_rows(max_row=ROWS_MAX + 2, max_col=COLUMNS_READ, values_only=True)]
    except (InvalidFileException, *NOT_A_WORKBOOK):
        raise Problem(INVALID, "weighing.file.not_a_workbook") from None


def _bounded(row: Sequence[Any]) -> list[Any]:
    """A row without the blank cells at its end. Raises Problem(INVALID) past ``COLUMNS_MAX``."""
    cells = ["" if cell is None else cell for cell in row]
    while cells and cells[-1] == "":
        cells.pop()
    if len(cells) > COLUMNS_MAX:
        raise Problem(INVALID, "weighing.file.too_many_columns", most=COLUMNS_MAX)
    return cells


NOT_A_WORKBOOK = (
    zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, TypeError, AttributeError,
    ArithmeticError, EOFError, NotImplementedError, RuntimeError,
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


def _column_name(column: Column, language: Language) -> str:
    return catalogue.text(f"weighing.column.{column}", language)


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


@lru_cache(maxsize=1)
def _column_names() -> dict[str, Column]:
    return names_of({member: f"weighing.column.{member}" for member in Column}, OTHER_COLUMN_NAMES)


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
        raise WrongCell("weighing.file.not_a_date", value=text[:VALUE_SHOWN]) from None


def grams_of(text: str, most_g: int, least_g: int = 1) -> int:
    """A weight in kilograms, with or without its unit: ``12.5``, ``1,000.00``, ``12.5公斤``. Raises WrongCell."""
    number = half_width(text)
    for unit in _UNITS:
        number = number.casefold().removesuffix(unit).strip()
    if _THOUSANDS.fullmatch(number):
        number = number.replace(",", "")
    try:
        grams = Decimal(number) * 1000
    except ArithmeticError:
        raise WrongCell("weighing.file.not_a_weight", value=text[:VALUE_SHOWN]) from None
    if not grams.is_finite() or grams != grams.to_integral_value() or not least_g <= grams <= most_g:
        raise WrongCell("weighing.file.weight_out_of_range", value=text[:VALUE_SHOWN], most=most_g // 1000)
    return int(grams)
