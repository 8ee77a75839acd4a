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


class NewKitchen(Message):
    """How a canteen is run and serves, and what a kilogram of food costs it."""

    canteen_id: Number
    operating: Annotated[str, Meta(pattern="^(self_run|contracted)$")]
    serving: Annotated[str, Meta(pattern="^(buffet|set_meal|a_la_carte)$")]
    cost_per_kg_fen: Annotated[int, Meta(ge=1, le=100_000)] | None = None


class Measured(Struct):
    """What a group's meals of a period came to: weights in grams, money in fen; null where nothing can be said.

    ``low`` and ``high``: the 95 % interval of grams per cover, of quarters and years. ``number`` is 0 for groups that
    are neither a canteen nor an agency.
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


class SchemeShown(Struct):
    """A version of a jurisdiction's evaluation scheme; ``regions`` empty: the default."""

    id: str
    name_zh: str
    name_en: str
    valid_from: date
    regions: list[int]
    points: float


class PointShown(Struct):
    """What an indicator came to; ``points`` null: nothing can be said, or its evidence is ``missing``."""

    code: str
    name_zh: str
    name_en: str
    possible: float
    points: float | None
    value: float | None
    missing: bool
    capped: bool


class EvaluationShown(Struct):
    """A canteen's quarter: score of 100 with its 95 % interval; ``to_verify``: 待核; rank among peers."""

    canteen_id: int
    name_zh: str
    name_en: str
    serving: str
    operating: str
    scheme: str
    score: float | None
    low: float | None
    high: float | None
    grade_zh: str | None
    grade_en: str | None
    to_verify: bool
    rank: int | None
    peers: int
    points: list[PointShown]


class NewEvidence(Message):
    """An inspector's score of an indicator."""

    canteen_id: Number
    quarter: date
    code: Annotated[str, Meta(pattern="^[A-Z][0-9]{1,2}$")]
    percent: Annotated[int, Meta(ge=0, le=100, description="Share of the indicator's points.")]
    note: Annotated[str, Meta(min_length=1, max_length=500)]
