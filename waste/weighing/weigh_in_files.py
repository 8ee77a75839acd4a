"""Weigh-ins from a file, CSV or XLSX: every row is recorded, or none, and every wrong cell is listed.

The file's hash and the row make the number of the weigh-in: the same file again records nothing more.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from foundation.table_files import (
    VALUE_SHOWN,
    WrongCell,
    cell_text,
    cells_of,
    date_of,
    names_of,
    plain,
    read_rows,
    word_of,
)
from registry.canteen_names import CanteenNames
from registry.meals import Meal
from registry.models import Canteen
from waste.measures.streams import Stream
from waste.weighing.schemas import DISH_LENGTH_MAX, WEIGHT_MAX_G, Cause
from waste.weighing.table_files import Column, grams_of
from waste.weighing.weigh_ins import WeighIn

NUMBERS = UUID("6f6e6563-6172-6477-6569-676865640000")
"""The namespace of the weigh-ins' numbers."""
NEEDED = (Column.DATE, Column.CANTEEN, Column.MEAL, Column.STREAM, Column.WEIGHT)
NOTHING = ("无", "无浪费", "none", "nothing")
"""What a file writes for a weight where nothing was wasted."""
ACCEPTED = (*NEEDED, Column.DISH, Column.FOOD, Column.CAUSE)
OTHER_MEAL_NAMES = {"中餐": Meal.LUNCH}
OTHER_STREAM_NAMES = {
    "加工": Stream.PREPARATION, "未售": Stream.UNSERVED, "未售剩余": Stream.UNSERVED, "备餐剩余": Stream.UNSERVED,
    "餐盘": Stream.PLATE, "plates": Stream.PLATE, "不可食": Stream.INEDIBLE, "备餐": Stream.PREPARED,
}  # fmt: skip


def read_weigh_ins(content: bytes, canteens: Mapping[int, Canteen], foods: Mapping[str, str]) -> list[WeighIn]:
    """The weigh-ins of a file; ``foods``: see ``food_names``.

    Raises WrongFile (wrong columns or cells) or Problem(INVALID) (not such a file, or too large).
    """
    return weigh_ins_of(cells_of(content), hashlib.sha256(content).hexdigest(), canteens, foods)


def weigh_ins_of(
    table: Sequence[Sequence[Any]], digest: str, canteens: Mapping[int, Canteen], foods: Mapping[str, str]
) -> list[WeighIn]:
    """The weigh-ins of a file's cells; ``digest``: its SHA-256 in hexadecimal. Raises as ``read_weigh_ins``."""
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
            case Column.STREAM:
                return {"stream": word_of(text, _stream_names(), "weighing.file.not_a_stream")}
            case Column.WEIGHT:
                return {"weight_g": _grams(text)}
            case Column.DISH:
                return {"dish": _dish(text)}
            case Column.FOOD:
                return {"food": word_of(text, foods, "weighing.file.not_a_food") if text else None}
            case Column.CAUSE:
                return {"cause": word_of(text, _cause_names(), "weighing.file.not_a_cause") if text else None}
        raise AssertionError(column)

    def must_be_cooked(row: dict[str, Any]) -> None:
        if row.get("weight_g") == 0 and row.get("stream") is Stream.PREPARED:
            raise WrongCell("weighing.file.nothing_prepared")

    rows = read_rows(table, ACCEPTED, NEEDED, value, "weighing.file.unknown_column", (Column.WEIGHT, must_be_cooked))
    return [WeighIn(weigh_in_id=uuid5(NUMBERS, f"{digest}/{line}"), **values) for line, values in rows]


@lru_cache(maxsize=1)
def _meal_names() -> dict[str, Meal]:
    return names_of({member: f"measures.meal.{member}" for member in Meal}, OTHER_MEAL_NAMES)


@lru_cache(maxsize=1)
def _stream_names() -> dict[str, Stream]:
    return names_of({member: f"measures.stream.{member}" for member in Stream}, OTHER_STREAM_NAMES)


@lru_cache(maxsize=1)
def _cause_names() -> dict[str, Cause]:
    return names_of({member: f"weighing.cause.{member}" for member in Cause}, {})


def _grams(text: str) -> int:
    """A weight in kilograms; 0 by a word of its own.

    The figure 0 is refused: in many sheets it stands where nobody weighed.
    """
    if plain(text) in NOTHING:
        return 0
    grams = grams_of(text, WEIGHT_MAX_G, 0)
    if grams == 0:
        raise WrongCell("weighing.file.zero_weight", value=text[:VALUE_SHOWN])
    return grams


def _dish(text: str) -> str | None:
    if len(text) > DISH_LENGTH_MAX or not text.isprintable():
        raise WrongCell("weighing.file.dish_too_long", most=DISH_LENGTH_MAX)
    return text or None
