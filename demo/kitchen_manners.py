"""How the demo city's kitchens keep their records since the last quarter began: honestly, carelessly, or to score well.

The food is the same. The careless kitchen weighs every other meal, and never what it prepared. The gaming one weighs
about half of what there is, to whole half kilograms, calls most of the plate waste inedible, and counts snacks as
covers. What it bought and what the collector took is known from others, and says so.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

import numpy as np

from demo.city import Manner
from foundation.calendar import ZONE
from registry.models import Canteen
from waste.evaluation.quarters import quarter_before

CARELESS_WEIGHED = 0.55
GAMING_FACTOR, CALLED_INEDIBLE, ROUNDED_TO_G = 0.55, 0.6, 500
SNACKS = 0.2
"""Taps of a fen, of the people who eat."""
BOUGHT = {
    "rice": (0.25, 560), "vegetable": (0.40, 700), "pork": (0.20, 2_600), "egg": (0.05, 1_000), "other": (0.10, 900),
}  # fmt: skip
"""Share of what is bought, and fen a kilogram."""
COOKED = 1.31
"""Kilograms prepared of a kilogram used, at these shares and the middle of the yields."""
MATERIAL_MONTHS = 6
THROWN_AWAY = ("preparation", "unserved", "plate", "inedible")


def manners_begin(last: date) -> date:
    """The first day of the last quarter that is over: what is evaluated next."""
    return quarter_before(last + timedelta(days=1))


def weighed(manner: Manner, grams: Mapping[str, int], chance: np.random.Generator) -> dict[str, int]:
    """What a kitchen records of a meal's grams by stream; nothing if it does not weigh it."""
    if manner == "careless":
        kept = {stream: weight for stream, weight in grams.items() if stream != "prepared"}
        return kept if chance.random() < CARELESS_WEIGHED else {}
    if manner == "gaming":
        less = {stream: GAMING_FACTOR * weight for stream, weight in grams.items()}
        moved = CALLED_INEDIBLE * less.get("plate", 0)
        less["plate"], less["inedible"] = less.get("plate", 0) - moved, less.get("inedible", 0) + moved
        return {stream: max(round(weight / ROUNDED_TO_G), 1) * ROUNDED_TO_G for stream, weight in less.items()}
    return dict(grams)


def snacks(manner: Manner, covers: int) -> int:
    """People who pay next to nothing, beside those who eat."""
    return round(SNACKS * covers) if manner == "gaming" else 0


def materials(canteen: Canteen, months: Mapping[date, Mapping[str, int]], numbers: Random) -> Iterable[tuple[Any, ...]]:
    """Purchases and collector's tickets of whole months, as the grams that there were let expect."""
    for first, grams in months.items():
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        lost = grams.get("preparation", 0) + grams.get("inedible", 0)
        total = grams.get("prepared", 0) / COOKED + lost
        for food, (share, fen_per_kg) in BOUGHT.items():
            bought = max(round(share * total), 1)
            yield _entry(
                canteen, numbers, "purchase", first + timedelta(days=2), food, bought, bought * fen_per_kg // 1000
            )
        thrown = sum(grams.get(stream, 0) for stream in THROWN_AWAY)
        yield _entry(canteen, numbers, "collected", last, "biogas", max(thrown, 1), None)


MATERIAL_COLUMNS = (
    "book", "entry_id", "canteen_id", "kind", "on_day", "item", "weight_g", "cost_fen", "source", "recorded_by",
    "recorded_at",
)  # fmt: skip


def _entry(
    canteen: Canteen, numbers: Random, kind: str, day: date, item: str, grams: int, cost_fen: int | None
) -> tuple[Any, ...]:
    number = UUID(int=numbers.getrandbits(128), version=4)
    at = datetime.combine(day, time(17), ZONE)
    return canteen.book, number, canteen.canteen_id, kind, day, item, grams, cost_fen, "file", "demo", at
