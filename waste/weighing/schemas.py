"""Wire types of weighing."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from foundation.attachments import NewFiles
from foundation.messages import Message, Number

WEIGHT_MAX_G = 2_000_000
"""Two tonnes: more than any canteen cooks for a meal."""
Food = Annotated[str, Meta(pattern="^[a-z][a-z_]{0,29}$", description="A kind of food.", examples=["rice"])]


class NewWeighIn(Message):
    """One weighing. ``weigh_in_id`` is the sender's; a repeat under it records nothing more."""

    weigh_in_id: UUID
    canteen_id: Number
    business_date: date
    meal: Annotated[str, Meta(pattern="^(breakfast|lunch|dinner)$", examples=["lunch"])]
    stream: Annotated[str, Meta(pattern="^(preparation|unserved|plate|inedible|prepared)$", examples=["plate"])]
    weight_g: Annotated[int, Meta(ge=1, le=WEIGHT_MAX_G, description="Grams.", examples=[12500])]
    dish: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    food: Food | None = None


class ScaleWeighIn(Message):
    """One weighing of a signed-on scale, at its own canteen; ``weigh_in_id`` is the scale's."""

    weigh_in_id: UUID
    business_date: date
    meal: Annotated[str, Meta(pattern="^(breakfast|lunch|dinner)$")]
    stream: Annotated[str, Meta(pattern="^(preparation|unserved|plate|inedible|prepared)$")]
    weight_g: Annotated[int, Meta(ge=1, le=WEIGHT_MAX_G)]
    dish: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    food: Food | None = None


class NewFoodFactor(Message):
    """The CO2e of a kind of food from a day on, and where the figure is from."""

    food: Food
    valid_from: date
    name_zh: Annotated[str, Meta(min_length=1, max_length=30, examples=["米饭"])]
    name_en: Annotated[str, Meta(min_length=1, max_length=60, examples=["rice, cooked"])]
    co2e_g_per_kg: Annotated[int, Meta(ge=0, le=1_000_000, examples=[1780])]
    source: Annotated[str, Meta(min_length=1, max_length=300)]


class ScaleWeighIns(Message):
    """What a scale weighed, also while it had no network; all are recorded, or none."""

    weigh_ins: Annotated[list[ScaleWeighIn], Meta(min_length=1, max_length=200)]


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


class ScaleRecorded(Struct):
    """As above, for a scale; ``outcome`` is recorded."""

    outcome: str
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
    food: str | None
    source: str
    implausible: bool
    replaces: UUID | None
    replaced_by: UUID | None
    recorded_by: str
    recorded_at: datetime


class FileShown(Struct):
    """A photo or document; ``url``: where it is."""

    file_id: int
    name: str
    media_type: str
    added_by: str
    url: str


class NewPhoto(Message):
    """Photos of a weighing."""

    files: NewFiles
