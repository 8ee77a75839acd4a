"""Trends of grams per cover: where the level changed, and what was saved since a baseline. Pure.

Change points by optimal partitioning (Jackson et al., 2005): of all ways to cut the series into pieces of at least
``PIECE_MIN`` values the one with the least sum of squares plus a penalty of 3 sigma^2 ln n a cut (Schwarz, 1978, as in
Killick et al., 2012). Sigma is estimated from the differences of neighbours, so that changes of level do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import log
from statistics import fmean, median

PIECE_MIN = 3
"""Fewer values do not make a level."""
NORMAL_MAD, DIFFERENCE = 1.4826, 2**0.5
SIGMA_MIN = 1e-9


def change_points(values: Sequence[float]) -> list[int]:
    """Indices at which a new level begins, in order."""
    n = len(values)
    if n < 2 * PIECE_MIN:
        return []
    sums, squares = [0.0, *accumulate(values)], [0.0, *accumulate(v * v for v in values)]
    penalty = 3 * _sigma(values) ** 2 * log(n)

    def scatter(begin: int, end: int) -> float:
        return squares[end] - squares[begin] - (sums[end] - sums[begin]) ** 2 / (end - begin)

    best: list[tuple[float, int]] = [(-penalty, 0)]
    for end in range(1, n + 1):
        begins = [b for b in range(end - PIECE_MIN + 1) if b == 0 or b >= PIECE_MIN]
        best.append(min((best[b][0] + scatter(b, end) + penalty, b) for b in begins) if begins else (float("inf"), 0))
    found, end = [], n
    while (end := best[end][1]) > 0:
        found.append(end)
    return found[::-1]


def _sigma(values: Sequence[float]) -> float:
    steps = [abs(b - a) for a, b in pairwise(values)]
    return max(NORMAL_MAD * median(steps) / DIFFERENCE, SIGMA_MIN)


def levels(values: Sequence[float]) -> list[float]:
    """The mean of the piece that each value belongs to."""
    cuts = [0, *change_points(values), len(values)]
    return [
        level for begin, end in pairwise(cuts) if end > begin for level in [fmean(values[begin:end])] * (end - begin)
    ]


@dataclass(frozen=True, slots=True)
class Saved:
    """What was wasted less than at the baseline's rate; negative when it was more."""

    waste_g: int
    cost_fen: int
    co2e_g: int


def saved(
    baseline_grams_per_cover: float, covers: int, waste_g: int, cost_per_kg_fen: int, co2e_g_per_kg: int
) -> Saved:
    """Savings of a period: (baseline g per cover x covers - waste g), its cost and its CO2e."""
    less_g = round(baseline_grams_per_cover * covers) - waste_g
    return Saved(less_g, less_g * cost_per_kg_fen // 1000, less_g * co2e_g_per_kg // 1000)
