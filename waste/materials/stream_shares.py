"""Shares of the streams in a kitchen's waste, against like kitchens, its own past, and what is plausible. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from registry.meals import Meal
from waste.measures.streams import Stream

SHARED = (Stream.PREPARATION, Stream.UNSERVED, Stream.PLATE, Stream.INEDIBLE)
KITCHENS_MIN, MONTHS_MIN = 6, 6
"""Fewer like kitchens (with the kitchen itself: five others) or months have no usual share."""
MEALS_MIN = 10
"""Weighed meals of a month with a share: fewer say nothing."""
LEAST_EFFECT = 0.12
"""A share that departs by less is not looked at (assumed)."""
DEVIATIONS = 4.0
"""Of robust standard deviations, 1.4826 times the median absolute deviation (Iglewicz and Hoaglin, 1993)."""
INEDIBLE_AT_MOST = {Meal.BREAKFAST: 0.35, Meal.LUNCH: 0.45, Meal.DINNER: 0.45}
"""Of the weight of waste and inedible parts (assumed: WRAP 2013 found a quarter in the trade; eggs have shells, and
dishes with bones have much more)."""


def shares_of(grams: Mapping[Stream, int]) -> dict[Stream, float]:
    """Each stream's share of all waste and inedible parts; nothing where nothing was weighed."""
    total = sum(grams.get(stream, 0) for stream in SHARED)
    return {stream: grams.get(stream, 0) / total for stream in SHARED} if total else {}


@dataclass(frozen=True, slots=True)
class Usual:
    """A usual share, and how far others are from it."""

    share: float
    band: float

    def is_left_by(self, share: float) -> bool:
        """Whether a share is out of the usual."""
        return abs(share - self.share) > self.band


def usual_of(known: Sequence[float], least: int) -> Usual | None:
    """The usual share of kitchens or months, if at least so many are known."""
    if len(known) < least:
        return None
    usual = median(known)
    sigma = 1.4826 * median(abs(one - usual) for one in known)
    return Usual(usual, max(LEAST_EFFECT, DEVIATIONS * sigma))
