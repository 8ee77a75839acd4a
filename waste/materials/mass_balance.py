"""The mass balance of a kitchen's month: bought = prepared + lost in preparation + inedible + more in stock. Pure.

What was bought is known from others than the kitchen's scale. Cooking changes the weight, so that prepared food is
expected within a band, by the cooking yields of the kinds of food (``yields.toml``). A kitchen that weighs all its
streams at 55 % leaves the band.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SLACK_PERCENT, SLACK_WITHOUT_COUNTS_PERCENT = 10, 25
"""Assumed: what no band knows, such as soup; and without stock counts a week's food bought for the next month."""

SPOILED_AT_LEAST = 0.001
"""Of food used (assumed): a kitchen that records less does not record what spoils."""


@dataclass(frozen=True, slots=True)
class Yield:
    """Of a kind of food, in percent: cooked of edible weight, lowest and highest; and inedible weight at most."""

    low: int
    high: int
    inedible: int


def _yields() -> dict[str, Yield]:
    with (Path(__file__).parent / "yields.toml").open("rb") as file:
        kinds = tomllib.load(file)
    return {
        food: Yield(kind["yield_percent"][0], kind["yield_percent"][1], kind["inedible_percent"])
        for food, kind in kinds.items()
    }


YIELDS = _yields()
OTHER = YIELDS["other"]
"""Also for kinds of food that were added later."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Food prepared in a month, and the least and the most that purchases let expect; grams."""

    prepared_g: int
    low_g: int
    high_g: int

    @property
    def bound_g(self) -> int | None:
        """The bound that prepared food is beyond, or None within the band."""
        if self.prepared_g < self.low_g:
            return self.low_g
        return self.high_g if self.prepared_g > self.high_g else None


def used_of(bought_g: Mapping[str, int], stock_change_g: Mapping[str, int] | None) -> dict[str, int]:
    """What was used of each kind of food: bought less what is more in stock than before; never below zero."""
    change = stock_change_g or {}
    used = {food: bought_g.get(food, 0) - change.get(food, 0) for food in {*bought_g, *change}}
    return {food: grams for food, grams in used.items() if grams > 0}


def balance(
    bought_g: Mapping[str, int],
    stock_change_g: Mapping[str, int] | None,
    *,
    preparation_g: int,
    inedible_g: int,
    prepared_g: int,
) -> Balance | None:
    """The balance of a month; ``stock_change_g``: None without counts. None if nothing was used."""
    used = used_of(bought_g, stock_change_g)
    total = sum(used.values())
    if not total:
        return None
    slack = SLACK_WITHOUT_COUNTS_PERCENT if stock_change_g is None else SLACK_PERCENT
    left = max(total - preparation_g - inedible_g, 0)
    low = sum(grams * YIELDS.get(food, OTHER).low for food, grams in used.items()) * left // total
    high = sum(grams * YIELDS.get(food, OTHER).high for food, grams in used.items()) * left // total
    return Balance(prepared_g, low * (100 - slack) // 10_000, high * (100 + slack) // 10_000)


def inedible_at_most(used_g: Mapping[str, int]) -> int:
    """The most grams of inedible parts that some food has."""
    return sum(grams * YIELDS.get(food, OTHER).inedible for food, grams in used_g.items()) // 100


def storage_loss(spoiled_g: int, used_g: int) -> float | None:
    """Loss in purchase and storage (indicator B3): weighed with cause ``spoilage``, by food used.

    None if next to nothing spoiled: the cause is the kitchen's own word, and food of a quarter does not keep so well.
    """
    return spoiled_g / used_g if used_g > 0 and spoiled_g >= SPOILED_AT_LEAST * used_g else None
