"""Measures of food waste: pure formulas.

Definitions after the Food Loss and Waste Accounting and Reporting Standard (FLW Protocol, 2016): material food and
inedible parts, apart; boundary one canteen's meal period; unit grams per cover, a cover being a distinct paid
meal. Waste rate = sum of waste / sum of prepared food (g/g).
"""

from collections.abc import Mapping
from dataclasses import dataclass

WASTE_STREAMS = ("preparation", "unserved", "plate")
"""Food that could have been eaten; ``inedible`` (bones, shells, peel) is reported apart."""
PREPARED = "prepared"
INEDIBLE = "inedible"


@dataclass(frozen=True, slots=True)
class Measures:
    """Waste of one canteen's meal. Weights in grams; None where nothing was weighed, or nobody ate."""

    covers: int
    waste_g: int
    inedible_g: int
    prepared_g: int
    grams_per_cover: float | None
    plate_grams_per_cover: float | None
    waste_rate: float | None


def measure(weights_g: Mapping[str, int], covers: int) -> Measures:
    """The measures of a meal from its weights by stream and its covers; one decimal of a gram, four of the rate."""
    weighed = any(stream in weights_g for stream in WASTE_STREAMS)
    waste_g = sum(weights_g.get(stream, 0) for stream in WASTE_STREAMS)
    prepared_g = weights_g.get(PREPARED, 0)
    return Measures(
        covers=covers,
        waste_g=waste_g,
        inedible_g=weights_g.get(INEDIBLE, 0),
        prepared_g=prepared_g,
        grams_per_cover=round(waste_g / covers, 1) if covers and weighed else None,
        plate_grams_per_cover=round(weights_g["plate"] / covers, 1) if covers and "plate" in weights_g else None,
        waste_rate=round(waste_g / prepared_g, 4) if prepared_g and weighed else None,
    )
