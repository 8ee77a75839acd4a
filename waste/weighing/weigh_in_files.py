"""Weigh-ins from a file, CSV or XLSX: every row is recorded, or none, and each wrong one is named.

Columns, in any order, in Chinese or English: 日期 date, 食堂 canteen (its number or Chinese name), 餐次 meal, 类别
stream, 重量(kg) weight_kg, and if known 菜品 dish and 食物 food (its Chinese name or its code). The file's hash and
the row make the weighing's number: the same file again records nothing more.
"""

import csv
import hashlib
import io
import zipfile
import zlib
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID, uuid5

from foundation.problems import INVALID, Problem
from registry.models import Canteen
from waste.weighing.weigh_ins import WeighIn

ROWS_MAX = 5_000
COLUMNS_MAX = 50
FILE_BYTES_MAX, UNPACKED_BYTES_MAX = 2_000_000, 20_000_000
"""Five thousand rows take a tenth of it; a workbook may be packed to unpack to any size."""
PROBLEMS_SHOWN = 20
WEIGHT_MAX_G = 2_000_000
NUMBERS = UUID("6f6e6563-6172-6477-6569-676865640000")
"""The namespace of the weighings' numbers."""

COLUMNS = {
    "日期": "date",
    "食堂": "canteen",
    "餐次": "meal",
    "类别": "stream",
    "重量(kg)": "weight_kg",
    "重量（kg）": "weight_kg",
    "菜品": "dish",
    "食物": "food",
}
NEEDED = ("date", "canteen", "meal", "stream", "weight_kg")
MEALS = {"早餐": "breakfast", "午餐": "lunch", "中餐": "lunch", "晚餐": "dinner"}
STREAMS = {"加工": "preparation", "未售": "unserved", "餐盘": "plate", "不可食": "inedible", "备餐": "prepared"}


def read_weigh_ins(content: bytes, canteens: dict[int, Canteen], foods: dict[str, str]) -> list[WeighIn]:
    """The weighings of a file; ``foods``: code by name.

    Raises Problem(INVALID) that names every wrong row (the first twenty).
    """
    header, *rows = _cells(content) or [[]]
    names = [COLUMNS.get(str(cell).strip(), str(cell).strip().lower()) for cell in header]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise Problem(INVALID, f"the first line has no column {', '.join(missing)}")
    if len(rows) > ROWS_MAX:
        raise Problem(INVALID, f"a file has at most {ROWS_MAX} rows")
    digest, found, wrong = hashlib.sha256(content).hexdigest(), [], []
    by_name: dict[str, int] = {canteen.name_zh: canteen.canteen_id for canteen in canteens.values()}
    for line, row in enumerate(rows, start=2):
        if not any(str(cell).strip() for cell in row):
            continue
        try:
            values = dict(zip(names, row, strict=False))
            found.append(_weigh_in(uuid5(NUMBERS, f"{digest}/{line}"), values, canteens, by_name, foods))
        except ValueError as error:
            wrong.append(f"line {line}: {error}")
    if wrong:
        more = f"; and {len(wrong) - PROBLEMS_SHOWN} more" if len(wrong) > PROBLEMS_SHOWN else ""
        raise Problem(INVALID, "; ".join(wrong[:PROBLEMS_SHOWN]) + more)
    if not found:
        raise Problem(INVALID, "the file has no rows")
    return found


def _cells(content: bytes) -> list[list[Any]]:
    if content.startswith(b"PK"):
        return _workbook_cells(content)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return [list(row) for row in csv.reader(io.StringIO(text, newline=""))]
    raise Problem(INVALID, "the file is neither a workbook nor UTF-8 or GB18030 text")


def _workbook_cells(content: bytes) -> list[list[Any]]:
    """The first sheet, row by row, and no further than a file may have: a cell may claim to stand anywhere."""
    # Imported when first asked for: it costs a worker 15 MB, and few kitchens send workbooks.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > UNPACKED_BYTES_MAX:
                raise Problem(INVALID, "the workbook unpacks to more than a file of weigh-ins has")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_row=ROWS_MAX + 2, max_col=COLUMNS_MAX, values_only=True)
        return [["" if cell is None else cell for cell in row] for row in rows]
    except (InvalidFileException, *NOT_A_WORKBOOK) as error:
        raise Problem(INVALID, f"the workbook cannot be read: {type(error).__name__}") from None


NOT_A_WORKBOOK = (
    zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, TypeError, AttributeError,
    IndexError, OverflowError, EOFError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What reading anything but a workbook may come to."""


def _weigh_in(
    number: UUID, values: dict[str, Any], canteens: dict[int, Canteen], by_name: dict[str, int], foods: dict[str, str]
) -> WeighIn:
    meal, stream = (str(values.get(name, "")).strip() for name in ("meal", "stream"))
    dish = str(values.get("dish") or "").strip() or None
    if dish is not None and (len(dish) > 60 or not dish.isprintable()):
        raise ValueError("a dish has at most 60 characters")
    food = str(values.get("food") or "").strip()
    if food and food not in foods:
        raise ValueError(f"{food[:20]!r} is no kind of food")
    return WeighIn(
        number,
        _canteen(values.get("canteen"), canteens, by_name),
        _date(values.get("date")),
        _word("meal", meal, MEALS),
        _word("stream", stream, STREAMS),
        _grams(values.get("weight_kg")),
        dish,
        foods.get(food),
    )


def _word(what: str, text: str, words: dict[str, str]) -> str:
    if text in words.values():
        return text
    if text not in words:
        raise ValueError(f"{text[:20]!r} is no {what}: {', '.join(words)}")
    return words[text]


def _canteen(cell: Any, canteens: dict[int, Canteen], by_name: dict[str, int]) -> int:
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell or "").strip()
    number = by_name.get(text, int(text) if text.isdecimal() and len(text) < 16 else 0)
    if number not in canteens:
        raise ValueError(f"{text[:40]!r} is no canteen of yours")
    return number


def _date(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = str(cell or "").strip().replace("/", "-")
    try:
        return date(*(int(part) for part in text.split("-")))
    except (ValueError, TypeError):
        raise ValueError(f"{text[:20]!r} is no date like 2026-11-23") from None


def _grams(cell: Any) -> int:
    try:
        grams = Decimal(str(cell).strip()) * 1000
    except InvalidOperation:
        raise ValueError(f"{str(cell)[:20]!r} is no weight in kg") from None
    if not grams.is_finite() or grams != grams.to_integral_value() or not 0 < grams <= WEIGHT_MAX_G:
        raise ValueError(f"{str(cell)[:20]!r} kg: above 0, at most {WEIGHT_MAX_G // 1000}, to the gram")
    return int(grams)
