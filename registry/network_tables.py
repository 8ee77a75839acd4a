"""The tables of a network's files: sheets, their columns, and how cells become values and values cells. Pure.

A network is eight tables: regions, agencies, canteens, meals, calendar, prices, person classes and their rules; as a
CSV file each, or as the sheets of one workbook. What is written can be read again in either language, and says the
same.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec

from foundation import catalogue
from foundation.catalogue import Language
from foundation.money import yuan
from foundation.problems import INVALID, Problem
from foundation.spreadsheets import safe_text
from foundation.table_files import (
    VALUE_SHOWN,
    Finding,
    WrongCell,
    WrongFile,
    cell_text,
    column_name,
    csv_cells,
    date_of,
    fen_of,
    half_width,
    names_of,
    plain,
    read_rows,
    sheets_of,
    word_of,
)
from foundation.validation import refusal_of
from registry.meals import Meal
from registry.models import EVERY_DAY
from registry.schemas import CLASS_CODE, Address, ContactName, Name, Phone
from registry.states import ClassPrice, MemberState

ROWS_MAX = 20_000
"""Of a sheet: two hundred canteens with a hundred special days each."""

PRICE_FEN_MAX = 1_000_000
"""Of a payment, too."""

FILE_BYTES_MAX = 2_000_000
"""Of a file. A network of two hundred canteens takes 60 KB."""

Cells = Mapping[str, Sequence[Sequence[Any]]]
"""The cells of each sheet, row by row, by the sheet's name."""


class Sheet(StrEnum):
    """A table of a network; messages ``network.sheet.<value>``."""

    REGIONS = "regions"
    AGENCIES = "agencies"
    CANTEENS = "canteens"
    MEALS = "meals"
    CALENDAR = "calendar"
    PRICES = "prices"
    CLASSES = "classes"
    CLASS_RULES = "class_rules"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: its sheet as the file calls it, its line, its values by the codes of the file's columns."""

    sheet: str
    line: int
    values: dict[str, Any]

    def wrong(self, column: str, code: str, **params: Any) -> Finding:
        """What is wrong with one of its values."""
        return Finding(self.line, column, code, params, self.sheet, by_code=True)


def _number(cell: Any) -> int | None:
    text = half_width(cell_text(cell)).removesuffix(".0")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 15:
        raise WrongCell("network.file.not_a_number", value=cell_text(cell)[:VALUE_SHOWN])
    return int(text)


def _text_of(kind: Any) -> Callable[[Any], str | None]:
    """A text within the limits of a wire type, or none."""

    def read(cell: Any) -> str | None:
        text = cell_text(cell)
        # What we have quoted, so that no spreadsheet runs it, is read as it was.
        if text[:1] == "'" and safe_text(text[1:]) == text:
            text = text[1:]
        if not text:
            return None
        try:
            value: str = msgspec.convert(text, kind)
        except msgspec.ValidationError as error:
            wrong = refusal_of(error, kind, field=text[:VALUE_SHOWN])
            raise WrongCell(wrong.code, **wrong.params) from None
        return value

    return read


def _allowance(cell: Any) -> int | None:
    text = cell_text(cell)
    if not text:
        return None
    fen = fen_of(text)
    if fen is None or fen != fen.to_integral_value() or not 1 <= fen <= 100_000:
        raise WrongCell("network.file.not_an_allowance", value=text[:VALUE_SHOWN])
    return int(fen)


def _degrees(most: int) -> Callable[[Any], float | None]:
    def read(cell: Any) -> float | None:
        text = half_width(cell_text(cell))
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not abs(value) <= most:
            raise WrongCell("network.file.not_degrees", value=cell_text(cell)[:VALUE_SHOWN], most=most)
        return value

    return read


def _capacity(cell: Any) -> int | None:
    number = _number(cell)
    if number is not None and not 1 <= number <= 20_000:
        raise WrongCell("network.file.not_a_capacity", value=number)
    return number


def _percent(cell: Any) -> int | None:
    number = _number(half_width(cell_text(cell)).removesuffix("%"))
    if number is not None and number > 100:
        raise WrongCell("network.file.not_a_percentage", value=number)
    return number


def _time(cell: Any) -> time | None:
    if isinstance(cell, datetime):
        cell = cell.time()
    if isinstance(cell, time):
        return cell.replace(tzinfo=None)
    text = half_width(cell_text(cell))
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", text)
    try:
        return time(*(int(part) for part in found.groups() if part) if found else (99,))
    except ValueError:
        raise WrongCell("network.file.not_a_time", value=text[:VALUE_SHOWN]) from None


def _day(cell: Any) -> date | None:
    return date_of(cell) if cell_text(cell) else None


@lru_cache(maxsize=1)
def _states() -> dict[str, str]:
    return names_of({state: f"member.state.{state}" for state in MemberState}, {})


def _state(cell: Any) -> str | None:
    return word_of(cell_text(cell), _states(), "network.file.not_a_state") if cell_text(cell) else None


@lru_cache(maxsize=1)
def _meals() -> dict[str, Meal]:
    return names_of({meal: f"measures.meal.{meal}" for meal in Meal}, {"中餐": Meal.LUNCH})


def _meal(cell: Any) -> Meal | None:
    return word_of(cell_text(cell), _meals(), "network.file.not_a_meal") if cell_text(cell) else None


def _amount(cell: Any) -> int | None:
    text = cell_text(cell)
    if not text:
        return None
    fen = fen_of(text)
    if fen is None or fen != fen.to_integral_value() or not 1 <= fen <= PRICE_FEN_MAX:
        raise WrongCell("network.file.not_an_amount", value=text[:VALUE_SHOWN])
    return int(fen)


@lru_cache(maxsize=1)
def _answers() -> dict[str, bool]:
    words = {plain(catalogue.text(message, language)): answer for answer, message in _ANSWERS.items()
             for language in Language}  # fmt: skip
    return words | {"true": True, "false": False}


_ANSWERS = {True: "network.yes", False: "network.no"}


def _answer(cell: Any) -> bool | None:
    text = cell_text(cell)
    return word_of(text, _answers(), "network.file.not_yes_or_no") if text else None


@lru_cache(maxsize=1)
def _class_prices() -> dict[str, str]:
    return names_of({price: f"class_price.{price}" for price in ClassPrice}, {})


def _class_price(cell: Any) -> str | None:
    return word_of(cell_text(cell), _class_prices(), "network.file.not_a_class_price") if cell_text(cell) else None


def _class_code(cell: Any) -> str | None:
    text = cell_text(cell)
    if text and not re.fullmatch(CLASS_CODE, text):
        raise WrongCell("network.file.not_a_class_code", value=text[:VALUE_SHOWN])
    return text or None


_EVERY_DAY = "network.every_day"


def _weekday(digit: str, language: Language) -> str:
    return catalogue.text(f"network.weekday.{digit}", language)


@lru_cache(maxsize=1)
def _weekdays() -> dict[str, str]:
    named = {plain(_weekday(digit, language)): digit for digit in EVERY_DAY for language in Language}
    every = {plain(catalogue.text(_EVERY_DAY, language)): EVERY_DAY for language in Language}
    chinese = {f"星期{day}": digit for digit, day in zip(EVERY_DAY, "一二三四五六日", strict=True)}
    return named | every | chinese | {"周天": "7", "星期天": "7"} | {digit: digit for digit in EVERY_DAY}


def _days_of_week(cell: Any) -> str:
    """Weekdays as digits: ``周一至周五``, ``Mon, Tue``, ``1-5``, ``135``; nothing: every day."""
    found: set[str] = set()
    text = half_width(cell_text(cell)).removesuffix(".0")
    if plain(text) in _weekdays():
        return _weekdays()[plain(text)]
    try:
        for part in re.split(r"[、,;\s]+", text):
            first, to, last = re.sub("[至到–—~]", "-", part).partition("-")
            if to:
                begin, end = _weekdays()[plain(first)], _weekdays()[plain(last)]
                found |= {digit for digit in EVERY_DAY if begin <= digit <= end}
            elif part.isdecimal():
                found |= {_weekdays()[digit] for digit in part}
            elif part:
                found.add(_weekdays()[plain(part)])
    except KeyError:
        raise WrongCell("network.file.not_weekdays", value=text[:VALUE_SHOWN]) from None
    return "".join(sorted(found)) or EVERY_DAY


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its code, how its cells are read, and whether a row needs it. ``choices``: the words it may hold."""

    code: str
    read: Callable[[Any], Any]
    is_needed: bool = False
    choices: Callable[[Language], list[str]] | None = None
    note: str | None = None


def _choices(code: str, values: type[StrEnum]) -> Callable[[Language], list[str]]:
    return lambda language: [str(shown(code, value, language)) for value in values]


def _yes_or_no(language: Language) -> list[str]:
    return [catalogue.text(message, language) for message in _ANSWERS.values()]


_NAMES = (Column("name_zh", _text_of(Name), True), Column("name_en", _text_of(Name), True))
_CONTACT = (
    Column("address", _text_of(Address)),
    Column("contact_name", _text_of(ContactName)),
    Column("contact_phone", _text_of(Phone)),
)
_STATE = Column("state", _state, choices=_choices("state", MemberState), note="state")
_AT_CANTEEN = (
    Column("agency", _text_of(Name), True, note="reference"),
    Column("canteen", _text_of(Name), True, note="reference"),
)
_HOURS = (Column("starts", _time, note="time"), Column("ends", _time, note="time"))
_MEAL = Column("meal", _meal, choices=_choices("meal", Meal))

COLUMNS: dict[Sheet, tuple[Column, ...]] = {
    Sheet.REGIONS: (Column("book", _number, True, note="book"), *_NAMES, _STATE),
    Sheet.AGENCIES: (
        Column("agency_id", _number, note="number"), Column("region", _text_of(Name), True, note="reference"), *_NAMES,
        Column("meal_allowance_fen", _allowance, note="allowance"),
        Column("parent_agency", _text_of(Name), note="reference"), *_CONTACT,
        Column("roster_leavers_max_percent", _percent, note="leavers"), _STATE,
    ),
    Sheet.CANTEENS: (
        Column("canteen_id", _number, note="number"), Column("agency", _text_of(Name), True, note="reference"), *_NAMES,
        Column("latitude", _degrees(90)), Column("longitude", _degrees(180)), Column("capacity", _capacity), *_CONTACT,
        _STATE,
    ),
    Sheet.MEALS: (
        *_AT_CANTEEN, replace(_MEAL, is_needed=True), Column("weekdays", _days_of_week, note="weekdays"),
        *(replace(column, is_needed=True) for column in _HOURS),
    ),
    Sheet.CALENDAR: (
        *_AT_CANTEEN, Column("day", _day, True, note="day"), replace(_MEAL, note="closed"), *_HOURS,
        Column("reason", _text_of(Name), True),
    ),
    Sheet.PRICES: (
        *_AT_CANTEEN, replace(_MEAL, is_needed=True), Column("valid_from", _day, True, note="from_tomorrow"),
        Column("home_fen", _amount, note="home_price"), Column("visitor_fen", _amount, note="visitor_price"),
        Column("limit_fen", _amount, note="limit"),
    ),
    Sheet.CLASSES: (Column("person_class", _class_code, True, note="class_code"), *_NAMES),
    Sheet.CLASS_RULES: (
        Column("region", _text_of(Name), True, note="reference"), Column("person_class", _text_of(Name), True),
        Column("valid_from", _day, True, note="from_tomorrow"),
        Column("eats_at_home", _answer, True, _yes_or_no), Column("eats_elsewhere", _answer, True, _yes_or_no),
        Column("price", _class_price, True, _choices("price", ClassPrice)),
    ),
}  # fmt: skip
"""The columns of each sheet, in the order in which they are written."""


def sheet_name(sheet: Sheet, language: Language) -> str:
    """What people call a sheet."""
    return catalogue.text(f"network.sheet.{sheet}", language)


@lru_cache(maxsize=1)
def _sheet_names() -> dict[str, Sheet]:
    return names_of({sheet: f"network.sheet.{sheet}" for sheet in Sheet}, {})


def sheet_of(name: str) -> Sheet:
    """The sheet that a name means. Raises Problem(INVALID)."""
    name, known = name.removesuffix(".csv"), ", ".join(Sheet)
    if not name:
        raise Problem(INVALID, "network.file.no_sheet", known=known)
    try:
        return word_of(name, _sheet_names(), "network.file.unknown_sheet")  # type: ignore[no-any-return]
    except WrongCell:
        raise Problem(INVALID, "network.file.unknown_sheet", name=name[:VALUE_SHOWN], known=known) from None


def cells_of_file(content: bytes, name: str) -> dict[str, list[list[Any]]]:
    """The sheets of a workbook, or of a CSV file the one that ``name`` means. Raises Problem(INVALID)."""
    if content.startswith(b"PK"):
        return sheets_of(content, ROWS_MAX)
    rows = csv_cells(content, ROWS_MAX)
    _refuse_formulas(name, rows)
    return {sheet_of(name): rows}


def _refuse_formulas(sheet: str, rows: Sequence[Sequence[Any]]) -> None:
    """What a spreadsheet would run; what we have quoted ourselves, it would not."""
    findings = [
        Finding(line, str(place), "table.formula", {"value": cell[:VALUE_SHOWN]}, sheet[:VALUE_SHOWN])
        for line, row in enumerate(rows, start=1)
        for place, cell in enumerate(row, start=1)
        if half_width(cell).startswith("=")
    ]
    if findings:
        raise WrongFile(findings)


def read_network_file(path: Path, sheet: str) -> dict[Sheet, list[Row]]:
    """The rows of a workbook, or of a CSV file of one sheet; for a process aside. Raises as ``read_tables``."""
    return read_tables(cells_of_file(path.read_bytes(), sheet))


def read_folder(folder: Path) -> dict[Sheet, list[Row]]:
    """The rows of the CSV files of a folder, named as the sheets. Raises as ``read_tables``."""
    cells: dict[str, list[list[Any]]] = {}
    for path in sorted(folder.glob("*.csv")):
        must_be_of_size(path.stat().st_size)
        cells[path.name] = cells_of_file(path.read_bytes(), path.stem)[sheet_of(path.stem)]
    return read_tables(cells)


def must_be_of_size(size: int) -> None:
    """Raise Problem(INVALID) for a file of more bytes than ``FILE_BYTES_MAX``, before it is read."""
    if size > FILE_BYTES_MAX:
        raise Problem(INVALID, "network.file.too_large", most=FILE_BYTES_MAX // 1_000_000)


def read_tables(cells: Cells) -> dict[Sheet, list[Row]]:
    """The rows of each sheet. Raises WrongFile with every wrong cell of all sheets, Problem(INVALID)."""
    found: dict[Sheet, list[Row]] = {}
    findings: list[Finding] = []
    for name, table in cells.items():
        sheet = sheet_of(name)
        if sheet in found:
            raise Problem(INVALID, "network.file.sheet_twice", name=name[:VALUE_SHOWN])
        found[sheet] = []
        try:
            found[sheet] = [Row(name[:VALUE_SHOWN], *row) for row in _read_sheet(sheet, table)]
        except WrongFile as wrong:
            findings += [replace(finding, sheet=name[:VALUE_SHOWN]) for finding in wrong.findings]
    if findings:
        raise WrongFile(findings)
    if not any(found.values()):
        raise Problem(INVALID, "table.empty")
    return found


def _read_sheet(sheet: Sheet, table: Sequence[Sequence[Any]]) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a sheet; an empty one says nothing, as those of the template that nobody filled in."""
    columns = {column.code: column for column in COLUMNS[sheet]}

    def value(code: str, cell: Any) -> dict[str, Any]:
        read = columns[code].read(cell)
        if read is None and columns[code].is_needed:
            raise WrongCell("network.file.needed")
        return {code: read}

    if not any(cell_text(cell) for row in table for cell in row):
        return []
    needed = [column.code for column in columns.values() if column.is_needed]
    try:
        return read_rows(table, list(columns), needed, value, most=ROWS_MAX)
    except Problem as problem:
        if problem.code == "table.empty":
            return []
        raise


def shown(code: str, value: Any, language: Language) -> Any:
    """A value as files show it: text, or a number where spreadsheets calculate."""
    match code, value:
        case _, None:
            return ""
        case "meal", _:
            return catalogue.text(f"measures.meal.{value}", language)
        case "state", _:
            return catalogue.text(f"member.state.{value}", language)
        case "price", _:
            return catalogue.text(f"class_price.{value}", language)
        case _, bool():
            return catalogue.text(_ANSWERS[value], language)
        case (("meal_allowance_fen" | "home_fen" | "visitor_fen" | "limit_fen"), _):
            return yuan(value)
        case "weekdays", _:
            return _weekdays_shown(value, language)
        case "meals", _:
            return "; ".join(
                f"{catalogue.text(f'measures.meal.{meal}', language)} {starts:%H:%M}–{ends:%H:%M}"
                for meal, starts, ends in value
            )
        case "hours", _:
            return "; ".join(
                f"{_weekdays_shown(weekdays, language)} {starts:%H:%M}–{ends:%H:%M}" for weekdays, starts, ends in value
            )
        case _, time():
            return value.strftime("%H:%M:%S" if value.second else "%H:%M")
        case _, date():
            return value.isoformat()
    return value


def _weekdays_shown(digits: str, language: Language) -> str:
    if digits == EVERY_DAY:
        return catalogue.text(_EVERY_DAY, language)
    return ("、" if language is Language.CHINESE else ", ").join(_weekday(digit, language) for digit in digits)


def heading(code: str, language: Language) -> str:
    """What people call a column."""
    return column_name(code, language)


def write_csv(sheet: Sheet, rows: Sequence[Mapping[str, Any]], language: Language) -> bytes:
    """A sheet as CSV (RFC 4180), UTF-8 with a byte-order mark for spreadsheets."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    codes = [column.code for column in COLUMNS[sheet]]
    writer.writerow([heading(code, language) for code in codes])
    for row in rows:
        cells = [shown(code, row[code], language) for code in codes]
        writer.writerow([safe_text(cell) if isinstance(cell, str) else cell for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def write_workbook(tables: Mapping[Sheet, Sequence[Mapping[str, Any]]], language: Language) -> bytes:
    """A workbook with a sheet for each table, drop-downs for words and a note at each column that needs one."""
    # Imported when first asked for, as for lists.
    import xlsxwriter

    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    bold, needed = book.add_format({"bold": True}), book.add_format({"bold": True, "bg_color": "#DDEBF7"})
    as_text = book.add_format({"num_format": "@"})
    for sheet in Sheet:
        page = book.add_worksheet(sheet_name(sheet, language))
        page.freeze_panes(1, 0)
        for place, column in enumerate(COLUMNS[sheet]):
            # Texts stay texts when people type into them: Excel would make dates and times of its own of them.
            page.set_column(place, place, 18, as_text)
            page.write_string(0, place, heading(column.code, language), needed if column.is_needed else bold)
            if column.note:
                page.write_comment(0, place, catalogue.text(f"network.note.{column.note}", language))
            if column.choices:
                choices = {"validate": "list", "source": column.choices(language)}
                page.data_validation(1, place, ROWS_MAX, place, choices)
            for line, row in enumerate(tables.get(sheet, ()), start=1):
                cell = shown(column.code, row[column.code], language)
                if cell != "":
                    page.write_string(line, place, str(cell), as_text)
    book.close()
    return file.getvalue()


@cache
def template(language: Language) -> bytes:
    """A workbook to fill in."""
    return write_workbook({}, language)
