"""What the tables of kitchens have in common: their columns, canteens, kinds of food, and weights."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from foundation.table_files import THOUSANDS, VALUE_SHOWN, WrongCell, half_width, plain
from waste.weighing.schemas import FoodFactor

_UNITS = ("公斤", "千克", "kg")


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


def food_names(factors: Iterable[FoodFactor]) -> dict[str, str]:
    """The codes of kinds of food by the names that a file may give: code, Chinese and English name."""
    return {plain(name): f.food for f in factors for name in (f.food, f.name_zh, f.name_en)}


def grams_of(text: str, most_g: int, least_g: int = 1) -> int:
    """A weight in kilograms, with or without its unit: ``12.5``, ``1,000.00``, ``12.5公斤``. Raises WrongCell."""
    number = half_width(text)
    for unit in _UNITS:
        number = number.casefold().removesuffix(unit).strip()
    if THOUSANDS.fullmatch(number):
        number = number.replace(",", "")
    try:
        grams = Decimal(number) * 1000
    except ArithmeticError:
        raise WrongCell("weighing.file.not_a_weight", value=text[:VALUE_SHOWN]) from None
    if not grams.is_finite() or grams != grams.to_integral_value() or not least_g <= grams <= most_g:
        raise WrongCell("weighing.file.weight_out_of_range", value=text[:VALUE_SHOWN], most=most_g // 1000)
    return int(grams)
