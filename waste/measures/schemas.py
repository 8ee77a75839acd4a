"""Wire types of measures."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from foundation.messages import Message, Number


class MealWaste(Struct):
    """Waste of one canteen's meal: weights in grams, rate as a fraction of prepared food."""

    canteen_id: int
    name_zh: str
    name_en: str
    meal: str
    covers: int
    waste_g: int
    inedible_g: int
    prepared_g: int
    grams_per_cover: float | None
    plate_grams_per_cover: float | None
    waste_rate: float | None


class DayWaste(Struct):
    """Waste of a business day per canteen and meal."""

    business_date: date
    meals: list[MealWaste]


class NewKitchen(Message):
    """How a canteen is run and serves, and what a kilogram of food costs it."""

    canteen_id: Number
    operating: Annotated[str, Meta(pattern="^(self_run|contracted)$")]
    serving: Annotated[str, Meta(pattern="^(buffet|set_meal|a_la_carte)$")]
    cost_per_kg_fen: Annotated[int, Meta(ge=1, le=100_000)] | None = None


class Measured(Struct):
    """What a group's meals of a period came to: weights in grams, money in fen; null where nothing can be said.

    ``low`` and ``high``: the 95 % interval of grams per cover, of up to 300 quarters and years. ``number`` is 0 for
    groups that are neither a canteen nor an agency.
    """

    number: int
    name: str
    period: date
    covers: int
    meals: int
    weighed_meals: int
    waste_g: int
    inedible_g: int
    prepared_g: int
    implausible: int
    grams_per_cover: float | None
    low: float | None
    high: float | None
    preparation_per_cover: float | None
    unserved_per_cover: float | None
    plate_per_cover: float | None
    waste_rate: float | None
    completeness: float | None
    avoidable_share: float | None
    cost_fen: int
    co2e_g: int


class Savings(Struct):
    """What a group wasted less than at its baseline's grams per cover; negative when it was more."""

    number: int
    name: str
    baseline_grams_per_cover: float
    saved_g: int
    saved_fen: int
    saved_co2e_g: int
