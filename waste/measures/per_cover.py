"""Waste per cover of one meal: pure formulas.

Definitions after the Food Loss and Waste Accounting and Reporting Standard (FLW Protocol, 2016): food and inedible
parts are material types of their own; the boundary is one canteen's meal; the unit is grams per cover, where a cover
is one official whose meal is paid. Waste rate = sum of waste / sum of prepared food (g/g).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from waste.measures.streams import WASTE_STREAMS, Stream


@dataclass(frozen=True, slots=True)
class Measures:
    """Waste of one canteen's meal so far; weights in grams.

    Grams per cover and the rate are None until all three streams of waste are known, and without covers. ``corrected``:
    corrections of its weights.
    """

    covers: int
    waste_g: int
    inedible_g: int
    prepared_g: int
    grams_per_cover: float | None
    plate_grams_per_cover: float | None
    waste_rate: float | None
    corrected: int


def measure(weights_g: Mapping[Stream, int], covers: int, corrected: int = 0) -> Measures:
    """Measures of a meal from its weights by stream and its covers; grams to one decimal, the rate to four."""
    weighed = all(stream in weights_g for stream in WASTE_STREAMS)
    waste_g = sum(weights_g.get(stream, 0) for stream in WASTE_STREAMS)
    prepared_g = weights_g.get(Stream.PREPARED, 0)
    plate_g = weights_g.get(Stream.PLATE)
    return Measures(
        covers=covers,
        waste_g=waste_g,
        inedible_g=weights_g.get(Stream.INEDIBLE, 0),
        prepared_g=prepared_g,
        grams_per_cover=round(waste_g / covers, 1) if covers and weighed else None,
        plate_grams_per_cover=round(plate_g / covers, 1) if covers and plate_g is not None else None,
        waste_rate=round(waste_g / prepared_g, 4) if prepared_g and weighed and covers else None,
        corrected=corrected,
    )
