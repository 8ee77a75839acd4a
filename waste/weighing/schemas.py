"""Wire types of weighing."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta, Struct

from foundation.attachments import NewFiles
from foundation.messages import DeviceMessage, Message, form, line, text
from registry.meals import Meal
from waste.measures.schemas import CanteenNumber
from waste.measures.streams import Stream

WEIGHT_MAX_G = 2_000_000
"""Two tonnes: more than any canteen cooks for a meal."""
WeightG = Annotated[int, form("weight", ge=1, le=WEIGHT_MAX_G, description="Grams.", examples=[12500])]
WeightOrNoneG = Annotated[int, form("corrected_weight", ge=0, le=WEIGHT_MAX_G, description="Grams.", examples=[12500])]
DISH_LENGTH_MAX = 60
FoodCode = Annotated[
    str, form("food", r"[a-z][a-z_]{0,29}", description="The code of a kind of food.", examples=["rice"])
]
Dish = Annotated[str, Meta(min_length=1, max_length=DISH_LENGTH_MAX)]


class Source(StrEnum):
    """Where a weigh-in came from."""

    PERSON = "person"
    FILE = "file"
    SCALE = "scale"


class Cause(StrEnum):
    """Why food became waste; messages ``weighing.cause.<value>``."""

    OVER_PRODUCTION = "over_production"
    SPOILAGE = "spoilage"
    TRIMMING = "trimming"
    PLATE = "plate"


class ScaleWeighIn(DeviceMessage):
    """One weigh-in of a signed-on scale, at its own canteen; ``weigh_in_id`` is made by the scale."""

    weigh_in_id: UUID
    business_date: date
    meal: Meal
    stream: Stream
    weight_g: WeightG
    dish: Dish | None = None
    food: FoodCode | None = None
    cause: Cause | None = None


class NewWeighIn(ScaleWeighIn, kw_only=True):
    """One weigh-in. ``weigh_in_id`` is made by the sender; a repeat under it records nothing more.

    0 grams say that nothing was wasted, and ``nothing_wasted`` must say so, too.
    """

    nulls: ClassVar[bool] = True

    canteen_id: CanteenNumber
    weight_g: WeightOrNoneG
    nothing_wasted: bool = False


class FoodFactor(Message):
    """The CO2e of a kind of food in grams per kg, from a day on, with the source of the figure."""

    food: FoodCode
    valid_from: date
    name_zh: Annotated[str, line(30, examples=["米饭"])]
    name_en: Annotated[str, line(60, examples=["rice, cooked"])]
    co2e_g_per_kg: Annotated[int, Meta(ge=0, le=1_000_000, examples=[1780])]
    source: Annotated[str, text(300)]


class FoodWaste(Struct, frozen=True):
    """Waste of a kind of food, in grams: preparation, unserved and plate together. ``food`` null: no kind was told."""

    food: str | None
    name_zh: str | None
    name_en: str | None
    weigh_ins: int
    waste_g: int
    co2e_g: int


class ScaleWeighIns(DeviceMessage):
    """Weigh-ins of a scale, also from while it had no network; all are recorded, or none."""

    weigh_ins: Annotated[list[ScaleWeighIn], Meta(min_length=1, max_length=200)]


class NewWeighIns(Message):
    """Weigh-ins; all are recorded, or none."""

    weigh_ins: Annotated[list[NewWeighIn], Meta(min_length=1, max_length=200)]


class Correction(Message):
    """A new weight for a weigh-in, or ``withdraw``, which takes it back: what was weighed is then unknown, not zero.

    0 grams say that nothing was wasted, and ``nothing_wasted`` must say so, too.
    """

    weigh_in_id: Annotated[UUID, Meta(description="The number of the correction itself.")]
    replaces: UUID
    weight_g: WeightOrNoneG | None = None
    withdraw: bool = False
    nothing_wasted: bool = False


class NewCorrections(Message):
    """Corrections; all are recorded, or none."""

    corrections: Annotated[list[Correction], Meta(min_length=1, max_length=200)]
    reason: Annotated[str, text(200)]


class Recorded(Struct):
    """How many weigh-ins were received and how many of them were new.

    ``implausible``: those far from the usual weight. They count; somebody should check them.
    """

    received: int
    new: int
    implausible: list[UUID]


class ScaleRecorded(Struct):
    """``Recorded`` for a scale; ``outcome`` is always ``recorded``."""

    outcome: str
    received: int
    new: int
    implausible: list[UUID]


class WeighInShown(Struct):
    """A weigh-in with its history: ``replaces`` is the one it corrects, ``replaced_by`` its own correction.

    Without a weight it takes back what it replaces.
    """

    weigh_in_id: UUID
    business_date: date
    meal: Meal
    stream: Stream
    weight_g: int | None
    dish: str | None
    food: str | None
    cause: Cause | None
    source: Source
    implausible: bool
    replaces: UUID | None
    replaced_by: UUID | None
    recorded_by: str
    recorded_at: datetime


class FileShown(Struct):
    """A photo or document; ``url`` is where to download it."""

    file_id: int
    name: str
    media_type: str
    added_by: str
    url: str


class NewPhoto(Message):
    """Photos of a weigh-in."""

    files: NewFiles
