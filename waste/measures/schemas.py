"""Wire types of measures."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from foundation.messages import Message
from registry.identifiers import CanteenId
from registry.meals import Meal

CanteenNumber = Annotated[CanteenId, Meta(ge=1, le=2**53 - 1, examples=[1042])]


class Operating(StrEnum):
    """Who runs a canteen."""

    SELF_RUN = "self_run"
    CONTRACTED = "contracted"


class Serving(StrEnum):
    """How a canteen serves."""

    BUFFET = "buffet"
    SET_MEAL = "set_meal"
    A_LA_CARTE = "a_la_carte"


class GroupBy(StrEnum):
    """What measures are grouped by; ``network`` is one group of all canteens."""

    CANTEEN = "canteen"
    AGENCY = "agency"
    SERVING = "serving"
    NETWORK = "network"


class Period(StrEnum):
    """The length of a period."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class MealWaste(Struct):
    """Waste of one canteen's meal: weights in grams, rate as a fraction of prepared food."""

    canteen_id: CanteenId
    name_zh: str
    name_en: str
    meal: Meal
    covers: int
    waste_g: int
    inedible_g: int
    prepared_g: int
    grams_per_cover: float | None
    plate_grams_per_cover: float | None
    waste_rate: float | None
    corrected: int


class DayWaste(Struct):
    """Waste of a business day per canteen and meal."""

    business_date: date
    meals: list[MealWaste]


class NewKitchen(Message):
    """How a canteen is run and serves, and its cost of a kilogram of food."""

    canteen_id: CanteenNumber
    operating: Operating
    serving: Serving
    cost_per_kg_fen: Annotated[int, Meta(ge=1, le=100_000)] | None = None


class PeriodMeasures(Struct, frozen=True):
    """Measures of a group's meals in a period: weights in grams, money in fen; null where there is no figure.

    ``covers`` are net of refunds, ``covers_gross`` before them. ``weighed_meals``: all three streams of waste are
    known, and there are covers (``weighed_covers``); weights and figures per cover are of these. ``unmatched_meals``
    and ``unmatched_g`` were weighed without covers, and are in no other figure. ``corrected``: corrections of weights.
    ``whole``: the period is over and its days are closed; only such periods compare. ``low`` and ``high`` are the 95 %
    interval of grams per cover, computed for quarters and years of up to 300 groups and periods. ``number`` is 0 for
    groups that are neither a canteen nor an agency.
    """

    number: int
    name: str
    period: date
    covers: int
    meals: int
    weighed_meals: int
    weighed_covers: int
    waste_g: int
    inedible_g: int
    prepared_g: int
    implausible: int
    covers_gross: int
    unmatched_meals: int
    unmatched_g: int
    corrected: int
    whole: bool
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


class Savings(Struct, frozen=True):
    """Waste avoided by a group against its baseline's grams per cover; negative when there was more waste."""

    number: int
    name: str
    baseline_grams_per_cover: float
    saved_g: int
    saved_fen: int
    saved_co2e_g: int
