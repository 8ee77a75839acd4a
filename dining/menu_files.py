"""Menus from a file, CSV or XLSX: a row a dish. Every row is taken, or none, and every wrong cell is listed.

The rows of one date, canteen and meal are the whole menu of that meal, in their order. What the list of dishes
downloads can be sent again.
"""

import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

from dining.menus import MenuKey, must_be_open, must_differ
from dining.schemas import DISH_NAME_MAX, DISHES_MAX, KCAL_MAX, NOTE_MAX, PORTIONS_MAX, Dish
from dining.vocabulary import Allergen, DishKind, Mark
from foundation import catalogue
from foundation.catalogue import Language
from foundation.problems import Problem
from foundation.table_files import (
    ROWS_MAX,
    VALUE_SHOWN,
    Finding,
    WrongCell,
    WrongFile,
    cell_text,
    column_name,
    date_of,
    fen_of,
    half_width,
    names_of,
    read_rows,
    word_of,
)
from registry.canteen_names import CanteenNames
from registry.meals import Meal
from registry.models import Canteen
from registry.opening import Opening
from settlement.models import AMOUNT_MAX_FEN


class Column(StrEnum):
    """A column of a file; messages ``column.<value>``, of the first two ``weighing.column.<value>``."""

    DATE = "date"
    CANTEEN = "canteen"
    MEAL = "meal"
    LINE = "line"
    NAME_ZH = "name_zh"
    NAME_EN = "name_en"
    KIND = "kind"
    PORTIONS = "portions"
    ALLERGENS = "allergens"
    ALLERGEN_NOTE = "allergen_note"
    MARKS = "marks"
    PRICE = "price_fen"
    KCAL = "kcal"


NEEDED = (Column.DATE, Column.CANTEEN, Column.MEAL, Column.NAME_ZH, Column.KIND)
NOTES = {Column.LINE, Column.ALLERGENS, Column.MARKS, Column.PRICE}
"""Columns of the template with a note (``menu.note.<column>``)."""
OTHER_MEAL_NAMES = {"中餐": Meal.LUNCH}
_BETWEEN = re.compile(r"[、,;/|]")
"""Between the words of a cell, after ``half_width``."""


def menus_of(
    table: Sequence[Sequence[Any]], canteens: Mapping[int, Canteen], open_at: Mapping[int, Opening], now: datetime
) -> dict[MenuKey, list[Dish]]:
    """The menus of a file's cells. Raises WrongFile (wrong columns, cells or meals), Problem(INVALID) (no rows)."""
    names = CanteenNames(canteens)

    def value(column: Column, cell: Any) -> dict[str, Any]:
        text = cell_text(cell)
        match column:
            case Column.DATE:
                return {"business_date": date_of(cell)}
            case Column.CANTEEN:
                return {"canteen_id": names.canteen_of(cell)}
            case Column.MEAL:
                return {"meal": word_of(text, _meal_names(), "weighing.file.not_a_meal")}
            case Column.NAME_ZH:
                return {"name_zh": _line(text, DISH_NAME_MAX, needed=True)}
            case Column.NAME_EN | Column.ALLERGEN_NOTE:
                return {column.value: _line(text, NOTE_MAX if column is Column.ALLERGEN_NOTE else DISH_NAME_MAX)}
            case Column.KIND:
                return {"kind": word_of(text, _kind_names(), "menu.file.not_a_kind")}
            case Column.ALLERGENS:
                return {"allergens": _words(text, _allergen_names(), "menu.file.not_an_allergen")}
            case Column.MARKS:
                return {"marks": _words(text, _mark_names(), "menu.file.not_a_mark")}
            case Column.PRICE:
                return {"price_fen": _fen(text)}
            case Column.LINE:
                _count(text, ROWS_MAX)
                return {}
            case Column.PORTIONS | Column.KCAL:
                return {column.value: _count(text, PORTIONS_MAX if column is Column.PORTIONS else KCAL_MAX)}

    found: dict[MenuKey, list[Dish]] = {}
    lines: dict[MenuKey, int] = {}
    for line, row in read_rows(table, list(Column), NEEDED, value):
        key = MenuKey(row.pop("canteen_id"), row.pop("business_date"), row.pop("meal"))
        found.setdefault(key, []).append(Dish(**row))
        lines.setdefault(key, line)
    findings = [
        finding for key in found for finding in _findings(key, found[key], lines[key], open_at[key.canteen_id], now)
    ]
    if findings:
        raise WrongFile(findings)
    return found


def _findings(key: MenuKey, dishes: Sequence[Dish], line: int, opening: Opening, now: datetime) -> list[Finding]:
    """What is wrong with a menu as a whole, told at its first row."""
    if len(dishes) > DISHES_MAX:
        return [Finding(line, Column.NAME_ZH, "menu.too_many_dishes", {"most": DISHES_MAX}, by_code=True)]
    try:
        must_be_open(key, opening, now)
        must_differ(dishes)
    except Problem as problem:
        at = Column.NAME_ZH if problem.code == "menu.dish_twice" else Column.DATE
        return [Finding(line, at, problem.code, problem.params, by_code=True)]
    return []


@lru_cache(maxsize=1)
def _meal_names() -> dict[str, Meal]:
    return names_of({member: f"measures.meal.{member}" for member in Meal}, OTHER_MEAL_NAMES)


@lru_cache(maxsize=1)
def _kind_names() -> dict[str, DishKind]:
    return names_of({member: f"dining.kind.{member}" for member in DishKind}, {})


@lru_cache(maxsize=1)
def _allergen_names() -> dict[str, Allergen]:
    return names_of({member: f"dining.allergen.{member}" for member in Allergen}, OTHER_ALLERGEN_NAMES)


@lru_cache(maxsize=1)
def _mark_names() -> dict[str, Mark]:
    return names_of({member: f"dining.mark.{member}" for member in Mark}, {"素": Mark.VEGETARIAN})


OTHER_ALLERGEN_NAMES = {
    "麸质": Allergen.GLUTEN, "小麦": Allergen.GLUTEN, "wheat": Allergen.GLUTEN, "虾蟹": Allergen.CRUSTACEANS,
    "甲壳类": Allergen.CRUSTACEANS, "鱼": Allergen.FISH, "蛋": Allergen.EGGS, "鸡蛋": Allergen.EGGS,
    "豆": Allergen.SOYBEANS, "soy": Allergen.SOYBEANS, "奶": Allergen.MILK, "牛奶": Allergen.MILK,
    "乳": Allergen.MILK,
}  # fmt: skip


def _words(text: str, names: Mapping[str, Any], code: str) -> list[Any]:
    """The words of a cell. Raises WrongCell."""
    return [word_of(word, names, code) for word in _BETWEEN.split(half_width(text)) if word.strip()]


def _line(text: str, most: int, *, needed: bool = False) -> str | None:
    """A text of one line. Raises WrongCell."""
    if needed and not text:
        raise WrongCell("network.file.needed")
    if len(text) > most or not text.isprintable():
        raise WrongCell("menu.file.not_a_line", most=most)
    return text or None


def _count(text: str, most: int) -> int | None:
    """A whole number, or none. Raises WrongCell."""
    number = half_width(text).removesuffix(".0").replace(",", "")
    if not number:
        return None
    if not (number.isascii() and number.isdecimal() and len(number) < 10 and int(number) <= most):
        raise WrongCell("menu.file.not_a_number", value=text[:VALUE_SHOWN], most=most)
    return int(number)


def _fen(text: str) -> int | None:
    """An amount in yuan, or none. Raises WrongCell."""
    if not text:
        return None
    fen = fen_of(text)
    if fen is None or fen != fen.to_integral_value() or fen > AMOUNT_MAX_FEN:
        raise WrongCell("menu.file.not_an_amount", value=text[:VALUE_SHOWN], most=AMOUNT_MAX_FEN // 100)
    return int(fen)


@cache
def template(language: Language) -> bytes:
    """A workbook to fill in, with drop-downs and notes."""
    # Imported when first asked for, as for lists.
    import xlsxwriter

    choices = {
        Column.MEAL: [catalogue.text(f"measures.meal.{one}", language) for one in Meal],
        Column.KIND: [catalogue.text(f"dining.kind.{one}", language) for one in DishKind],
    }
    words = {
        "allergens": _listed("allergen", Allergen, language),
        "marks": _listed("mark", Mark, language),
    }
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    bold, needed = book.add_format({"bold": True}), book.add_format({"bold": True, "bg_color": "#DDEBF7"})
    as_text = book.add_format({"num_format": "@"})
    page = book.add_worksheet(catalogue.text("menu.sheet", language))
    page.freeze_panes(1, 0)
    for place, column in enumerate(Column):
        page.set_column(place, place, 16, as_text)
        page.write_string(0, place, column_name(column, language), needed if column in NEEDED else bold)
        if column in NOTES:
            page.write_comment(0, place, catalogue.text(f"menu.note.{column}", language, **words))
        if column in choices:
            page.data_validation(1, place, ROWS_MAX, place, {"validate": "list", "source": choices[column]})
    book.close()
    return file.getvalue()


def _listed(noun: str, words: type[StrEnum], language: Language) -> str:
    separator = "、" if language is Language.CHINESE else ", "
    return separator.join(catalogue.text(f"dining.{noun}.{one}", language) for one in words)
