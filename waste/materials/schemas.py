"""Wire types of materials."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from foundation.messages import Message, form, text
from waste.measures.schemas import CanteenNumber
from waste.weighing.schemas import FoodCode, Source

WEIGHT_MAX_G = 100_000_000
"""A hundred tonnes: more than any canteen buys or gives away in a month."""
COST_MAX_FEN = 1_000_000_000
"""Ten million yuan: more than any canteen spends on food in a month."""
ENTRIES_MAX = 200
WeightG = Annotated[int, form("material_weight", ge=1, le=WEIGHT_MAX_G, description="Grams.", examples=[25000])]
WeightOrNone = Annotated[int, form("material_weight", ge=0, le=WEIGHT_MAX_G, description="Grams.")]
CostFen = Annotated[int, form("material_cost", ge=0, le=COST_MAX_FEN, description="Fen.", examples=[15000])]


class EntryKind(StrEnum):
    """What an entry tells: food bought, food counted in stock, waste that the collector took."""

    PURCHASE = "purchase"
    STOCK = "stock"
    COLLECTED = "collected"


class Destination(StrEnum):
    """Where waste goes (Food Loss and Waste Standard); messages ``materials.destination.<value>``."""

    FEED = "feed"
    BIOGAS = "biogas"
    COMPOST = "compost"
    INCINERATION = "incineration"
    LANDFILL = "landfill"
    DONATION = "donation"


class _NewEntry(Message, kw_only=True):
    entry_id: UUID
    canteen_id: CanteenNumber
    on_day: date


class NewPurchase(_NewEntry, kw_only=True):
    """Food that was received. ``entry_id`` is made by the sender; a repeat under it records nothing more."""

    food: FoodCode
    weight_g: WeightG
    cost_fen: CostFen


class NewStockCount(_NewEntry, kw_only=True):
    """Food in stock at the end of a day; 0 grams: none was left."""

    food: FoodCode
    weight_g: WeightOrNone


class NewCollection(_NewEntry, kw_only=True):
    """A collector's ticket: the waste that he took, dated within the month that it is for."""

    destination: Destination
    weight_g: WeightG


class NewPurchases(Message):
    """Purchases; all are recorded, or none."""

    entries: Annotated[list[NewPurchase], Meta(min_length=1, max_length=ENTRIES_MAX)]


class NewStockCounts(Message):
    """Stock counts; all are recorded, or none."""

    entries: Annotated[list[NewStockCount], Meta(min_length=1, max_length=ENTRIES_MAX)]


class NewCollections(Message):
    """Collector's tickets; all are recorded, or none."""

    entries: Annotated[list[NewCollection], Meta(min_length=1, max_length=ENTRIES_MAX)]


class EntryCorrection(Message):
    """A new weight of an entry, and the cost of a purchase; 0 grams cancel it."""

    entry_id: Annotated[UUID, Meta(description="The number of the correction itself.")]
    replaces: UUID
    weight_g: WeightOrNone
    cost_fen: CostFen | None = None


class NewEntryCorrections(Message):
    """Corrections; all are recorded, or none."""

    corrections: Annotated[list[EntryCorrection], Meta(min_length=1, max_length=ENTRIES_MAX)]
    reason: Annotated[str, text(200)]


class EntriesRecorded(Struct):
    """How many entries were received and how many of them were new."""

    received: int
    new: int


class EntryShown(Struct):
    """An entry with its history: ``replaces`` is the one it corrects, ``replaced_by`` its own correction."""

    entry_id: UUID
    kind: EntryKind
    on_day: date
    item: str
    weight_g: int
    cost_fen: int | None
    source: Source
    replaces: UUID | None
    replaced_by: UUID | None
    recorded_by: str
    recorded_at: datetime


class NewDestinations(Message):
    """Where a kitchen's waste goes from a day on."""

    canteen_id: CanteenNumber
    valid_from: date
    destinations: Annotated[list[Destination], Meta(min_length=1, max_length=len(Destination))]


class DestinationsShown(Struct):
    """A declaration of destinations."""

    valid_from: date
    destinations: list[Destination]
    declared_by: str
    declared_at: datetime
