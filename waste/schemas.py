"""Wire types of the kitchen."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from registry.schemas import Message, Number

WEIGHT_MAX_G = 2_000_000
"""Two tonnes: more than any canteen cooks for a meal."""


class NewWeighIn(Message):
    """One weighing. ``weigh_in_id`` is the sender's; a repeat under it records nothing more."""

    weigh_in_id: UUID
    canteen_id: Number
    business_date: date
    meal: Annotated[str, Meta(pattern="^(breakfast|lunch|dinner)$", examples=["lunch"])]
    stream: Annotated[str, Meta(pattern="^(preparation|unserved|plate|inedible|prepared)$", examples=["plate"])]
    weight_g: Annotated[int, Meta(ge=1, le=WEIGHT_MAX_G, description="Grams.", examples=[12500])]
    dish: Annotated[str, Meta(min_length=1, max_length=60)] | None = None


class NewWeighIns(Message):
    """Weighings; all are recorded, or none."""

    weigh_ins: Annotated[list[NewWeighIn], Meta(min_length=1, max_length=200)]


class NewCorrection(Message):
    """Another weight for a weighing; 0 takes it back."""

    weigh_in_id: Annotated[UUID, Meta(description="Of the correction itself.")]
    replaces: UUID
    weight_g: Annotated[int, Meta(ge=0, le=WEIGHT_MAX_G)]


class NewCorrections(Message):
    """Corrections; all are recorded, or none."""

    corrections: Annotated[list[NewCorrection], Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Recorded(Struct):
    """How many of the weighings were new, and which of them look implausible: they count, but look again."""

    received: int
    new: int
    implausible: list[UUID]


class WeighInShown(Struct):
    """A weighing with its history: what it replaces, and what replaced it."""

    weigh_in_id: UUID
    business_date: date
    meal: str
    stream: str
    weight_g: int
    dish: str | None
    source: str
    implausible: bool
    replaces: UUID | None
    replaced_by: UUID | None
    recorded_by: str
    recorded_at: datetime


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


class MealForecast(Struct):
    """Covers to expect at a canteen's meal; ``cook_for`` suffices on 95 % of days; ``actual``: what came."""

    canteen_id: int
    name_zh: str
    name_en: str
    meal: str
    covers: int
    cook_for: int
    made_at: datetime
    actual: int | None


class DayWaste(Struct):
    """Waste of a business day per canteen and meal."""

    business_date: date
    meals: list[MealWaste]
