"""Whether a phone is near the canteen that it pays at, as its region wants to know.

A browser tells whatever its user makes it tell: the answer is a flag for people who look into a case, and proves
nothing. The place itself is used for one comparison; what is kept is the outcome and a class of distances.
"""

from typing import NamedTuple

from settlement.errors import Refusal
from settlement.tariff import PlaceCheck, RegionRules
from terminals.models import Nearness
from travellers.places import Located, Place, distance_m
from travellers.schemas import NoPlace, PlaceTold

COARSE_M = 1_000
"""A place that may be off by more says nothing about the counter: people let a browser know a rough place alone."""

CLASSES_M = (100, 300, 1_000, 3_000)


class Checked(NamedTuple):
    """The outcome, and the class of distances (metres)."""

    nearness: Nearness
    distance: str | None = None


def check_place(rules: RegionRules | None, canteen: Located, told: PlaceTold | None, untold: NoPlace | None) -> Checked:
    """Judge what a phone told of its place, or why it did not.

    That a place may be off counts for its holder, but no further than the region's own distance: else a phone that is
    a kilometre away is near with a rough place, and far with a good one.
    """
    if rules is None or rules.place_check == PlaceCheck.OFF:
        return Checked(Nearness.OFF)
    if canteen.latitude is None:
        return Checked(Nearness.UNKNOWN)
    if told is None or told.accuracy_m > COARSE_M:
        return Checked(Nearness.DENIED if told is None and untold == NoPlace.DENIED else Nearness.UNKNOWN)
    away_m = distance_m(Place(told.latitude, told.longitude), canteen)
    assert away_m is not None
    is_near = away_m <= rules.place_within_m + min(told.accuracy_m, rules.place_within_m)
    return Checked(Nearness.NEAR if is_near else Nearness.FAR, class_of(away_m))


def place_refusal(
    rules: RegionRules | None, canteen: Located, nearness: Nearness, *, says_nothing: bool
) -> Refusal | None:
    """Why a payment is refused for what its place check found; ``says_nothing``: neither a place nor why there is none.

    Where nobody knows the place of the canteen, nobody is refused.
    """
    if rules is None or rules.place_check != PlaceCheck.REFUSE or canteen.latitude is None:
        return None
    if nearness is Nearness.FAR:
        return Refusal.TOO_FAR
    if nearness is Nearness.UNKNOWN and says_nothing:
        return Refusal.PLACE_NOT_REPEATED
    return Refusal.PLACE_NOT_TOLD if nearness in (Nearness.DENIED, Nearness.UNKNOWN) else None


def class_of(away_m: int) -> str:
    """The class of a distance: ``0-100`` to ``3000-``."""
    lower = 0
    for upper in CLASSES_M:
        if away_m < upper:
            return f"{lower}-{upper}"
        lower = upper
    return f"{lower}-"
