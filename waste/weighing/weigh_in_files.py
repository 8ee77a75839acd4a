"""Weigh-ins from a file, CSV or XLSX: every row is recorded, or none, and every wrong cell is listed.

The first line names the columns, in any order. A column and a word may be given by its code, by the name that our pages
and files print in Chinese or English, or by a name that earlier releases printed. An unknown column is refused, so that
nothing is lost unnoticed. The file's hash and the row make the number of the weigh-in: the same file again records
nothing more.
"""

import hashlib
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from foundation import catalogue
from foundation.catalogue import Language
from foundation.problems import INVALID, Problem
from foundation.spreadsheets import NotATable, read_csv
from registry.identifiers import CanteenId
from registry.meals import Meal
from registry.models import Canteen
from waste.measures.streams import Stream
from waste.weighing.schemas import DISH_LENGTH_MAX, WEIGHT_MAX_G, FoodFactor
from waste.weighing.weigh_ins import WeighIn

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
NUMBERS = UUID("6f6e6563-6172-6477-6569-676865640000")
"""The namespace of the weigh-ins' numbers."""


class Column(StrEnum):
    """A column of a file of weigh-ins."""

    DATE = "date"
    CANTEEN = "canteen"
    MEAL = "meal"
    STREAM = "stream"
    WEIGHT = "weight_kg"
    DISH = "dish"
    FOOD = "food"


NEEDED = (Column.DATE, Column.CANTEEN, Column.MEAL, Column.STREAM, Column.WEIGHT)
OTHER_COLUMN_NAMES = {
    "营业日期": Column.DATE, "business_date": Column.DATE, "食堂编号": Column.CANTEEN, "Canteen number": Column.CANTEEN,
    "canteen_id": Column.CANTEEN, "类别": Column.STREAM, "重量": Column.WEIGHT, "Weight": Column.WEIGHT,
    "重量(kg)": Column.WEIGHT, "重量(千克)": Column.WEIGHT, "公斤": Column.WEIGHT, "千克": Column.WEIGHT,
    "kg": Column.WEIGHT, "食物": Column.FOOD,
}  # fmt: skip
"""Names in other pages and files of ours, and in earlier releases."""
_OPTIONAL = re.compile(r"\((可不填|可选|optional)\)$")
OTHER_MEAL_NAMES = {"中餐": Meal.LUNCH}
OTHER_STREAM_NAMES = {
    "加工": Stream.PREPARATION, "未售": Stream.UNSERVED, "未售剩余": Stream.UNSERVED, "备餐剩余": Stream.UNSERVED,
    "餐盘": Stream.PLATE, "plates": Stream.PLATE, "不可食": Stream.INEDIBLE, "备餐": Stream.PREPARED,
}  # fmt: skip
NOTHING = ("无", "无浪费", "none", "nothing")
"""What a file writes for a weight where nothing was wasted."""
_UNITS = ("公斤", "千克", "kg")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|年(\d{1,2})月(\d{1,2})日)")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")


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


class _WrongCell(ValueError):
    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def food_names(factors: Iterable[FoodFactor]) -> dict[str, str]:
    """The codes of kinds of food by the names that a file may give: code, Chinese and English name."""
    return {_plain(name): f.food for f in factors for name in (f.food, f.name_zh, f.name_en)}


def read_weigh_ins(content: bytes, canteens: Mapping[int, Canteen], foods: Mapping[str, str]) -> list[WeighIn]:
    """The weigh-ins of a file; ``foods``: see ``food_names``.

    Raises WrongFile (wrong columns or cells) or Problem(INVALID) (not such a file, or too large).
    """
    return weigh_ins_of(_cells(content), hashlib.sha256(content).hexdigest(), canteens, foods)


def read_table(path: Path) -> list[list[Any]]:
    """The cells of a file, row by row, for a process aside: a workbook may take seconds. Raises Problem(INVALID)."""
    return _cells(path.read_bytes())


def weigh_ins_of(
    table: Sequence[Sequence[Any]], digest: str, canteens: Mapping[int, Canteen], foods: Mapping[str, str]
) -> list[WeighIn]:
    """The weigh-ins of a file's cells; ``digest``: its SHA-256 in hexadecimal. Raises as ``read_weigh_ins``."""
    header, *rows = table or [[]]
    columns = _columns(header)
    if len(rows) > ROWS_MAX:
        raise Problem(INVALID, "weighing.file.too_many_rows", most=ROWS_MAX)
    reader = _RowReader(canteens, foods, [_text(cell)[:VALUE_SHOWN] for cell in header], columns)
    found = []
    for line, row in enumerate(rows, start=2):
        if any(_text(cell) for cell in row):
            values = reader.read(line, row)
            if values is not None:
                found.append(WeighIn(weigh_in_id=uuid5(NUMBERS, f"{digest}/{line}"), **values))
    if reader.findings:
        raise WrongFile(reader.findings)
    if not found:
        raise Problem(INVALID, "weighing.file.empty")
    return found


def _columns(header: Sequence[Any]) -> list[Column | None]:
    """The column at each place of the first line, None where it is blank. Raises WrongFile."""
    columns: list[Column | None] = []
    findings: list[Finding] = []
    for cell in header:
        name = _text(cell)
        column = _column_names().get(_OPTIONAL.sub("", _plain(name))) if name else None
        if name and column is None:
            findings.append(Finding(1, name[:VALUE_SHOWN], "weighing.file.unknown_column", {}))
        elif column is not None and column in columns:
            findings.append(Finding(1, name[:VALUE_SHOWN], "weighing.file.column_twice", {}))
        columns.append(column)
    findings += [Finding(1, column, "weighing.file.missing_column", {}) for column in NEEDED if column not in columns]
    if findings:
        raise WrongFile(findings)
    return columns


class _RowReader:
    """Reads rows under one header, and collects what is wrong."""

    def __init__(
        self,
        canteens: Mapping[int, Canteen],
        foods: Mapping[str, str],
        header: Sequence[str],
        columns: Sequence[Column | None],
    ) -> None:
        self.findings: list[Finding] = []
        self._canteens, self._foods, self._header, self._columns = canteens, foods, header, columns
        self._by_name = {_plain(name): c.canteen_id for c in canteens.values() for name in (c.name_zh, c.name_en)}

    def read(self, line: int, row: Sequence[Any]) -> dict[str, Any] | None:
        """The members of a row's weigh-in; None if something is wrong."""
        before = len(self.findings)
        values: dict[str, Any] = {}
        cells = [*row, *[""] * (len(self._columns) - len(row))]
        for place, cell in enumerate(cells):
            column = self._columns[place] if place < len(self._columns) else None
            if column is not None:
                try:
                    values |= self._value(column, cell)
                except _WrongCell as wrong:
                    self.findings.append(Finding(line, self._header[place], wrong.code, wrong.params))
            elif _text(cell):
                shown = {"value": _text(cell)[:VALUE_SHOWN]}
                self.findings.append(Finding(line, str(place + 1), "weighing.file.unnamed_column", shown))
        if values.get("weight_g") == 0 and values.get("stream") is Stream.PREPARED:
            weight = self._header[self._columns.index(Column.WEIGHT)]
            self.findings.append(Finding(line, weight, "weighing.file.nothing_prepared", {}))
        return values if len(self.findings) == before else None

    def _value(self, column: Column, cell: Any) -> dict[str, Any]:
        text = _text(cell)
        match column:
            case Column.DATE:
                return {"business_date": _date(cell)}
            case Column.CANTEEN:
                return {"canteen_id": self._canteen(cell)}
            case Column.MEAL:
                return {"meal": _word(text, _meal_names(), "weighing.file.not_a_meal")}
            case Column.STREAM:
                return {"stream": _word(text, _stream_names(), "weighing.file.not_a_stream")}
            case Column.WEIGHT:
                return {"weight_g": _grams(text)}
            case Column.DISH:
                return {"dish": _dish(text)}
            case Column.FOOD:
                return {"food": _word(text, self._foods, "weighing.file.not_a_food") if text else None}

    def _canteen(self, cell: Any) -> CanteenId:
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else _half_width(_text(cell))
        number = self._by_name.get(_plain(text), int(text) if text.isdecimal() and len(text) < 16 else 0)
        if number not in self._canteens:
            raise _WrongCell("weighing.file.not_a_canteen", value=text[:VALUE_SHOWN])
        return CanteenId(number)


def _cells(content: bytes) -> list[list[Any]]:
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


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _half_width(text: str) -> str:
    """The text with plain digits and signs in place of full-width ones (NFKC)."""
    return unicodedata.normalize("NFKC", text).strip()


def _plain(text: str) -> str:
    """A name as names are compared: without spaces, width and case."""
    return "".join(_half_width(text).split()).casefold()


def _column_name(column: Column, language: Language) -> str:
    return catalogue.text(f"weighing.column.{column}", language)


def _names(messages: Mapping[StrEnum, str], others: Mapping[str, StrEnum]) -> dict[str, Any]:
    """Every name of the members of an enumeration: codes, the catalogue's words, and some others.

    ``messages``: the id of each member's message.
    """
    printed = {
        _plain(catalogue.text(messages[member], language)): member for member in messages for language in Language
    }
    return (
        printed
        | {member.value: member for member in messages}
        | {_plain(name): other for name, other in others.items()}
    )


@lru_cache(maxsize=1)
def _column_names() -> dict[str, Column]:
    return _names({member: f"weighing.column.{member}" for member in Column}, OTHER_COLUMN_NAMES)


@lru_cache(maxsize=1)
def _meal_names() -> dict[str, Meal]:
    return _names({member: f"measures.meal.{member}" for member in Meal}, OTHER_MEAL_NAMES)


@lru_cache(maxsize=1)
def _stream_names() -> dict[str, Stream]:
    return _names({member: f"measures.stream.{member}" for member in Stream}, OTHER_STREAM_NAMES)


def _word(text: str, names: Mapping[str, Any], code: str) -> Any:
    try:
        return names[_plain(text)]
    except KeyError:
        raise _WrongCell(code, value=text[:VALUE_SHOWN]) from None


def _date(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = _text(cell)
    found = _DATE.fullmatch(_half_width(text))
    try:
        return date(*(int(part) for part in found.groups() if part) if found else ())
    except (ValueError, TypeError):
        raise _WrongCell("weighing.file.not_a_date", value=text[:VALUE_SHOWN]) from None


def _grams(text: str) -> int:
    """A weight in kilograms, with or without its unit: ``12.5``, ``1,000.00``, ``12.5公斤``; 0 by a word of its own.

    The figure 0 is refused: in many sheets it stands where nobody weighed.
    """
    if _plain(text) in NOTHING:
        return 0
    number = _half_width(text)
    for unit in _UNITS:
        number = number.casefold().removesuffix(unit).strip()
    if _THOUSANDS.fullmatch(number):
        number = number.replace(",", "")
    try:
        grams = Decimal(number) * 1000
    except ArithmeticError:
        raise _WrongCell("weighing.file.not_a_weight", value=text[:VALUE_SHOWN]) from None
    if grams == 0:
        raise _WrongCell("weighing.file.zero_weight", value=text[:VALUE_SHOWN])
    if not grams.is_finite() or grams != grams.to_integral_value() or not 0 < grams <= WEIGHT_MAX_G:
        raise _WrongCell("weighing.file.weight_out_of_range", value=text[:VALUE_SHOWN], most=WEIGHT_MAX_G // 1000)
    return int(grams)


def _dish(text: str) -> str | None:
    if len(text) > DISH_LENGTH_MAX or not text.isprintable():
        raise _WrongCell("weighing.file.dish_too_long", most=DISH_LENGTH_MAX)
    return text or None
