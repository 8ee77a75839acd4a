"""Change points of a series such as monthly grams per cover: where its level changed. Pure.

Optimal partitioning (Jackson et al., 2005): of all ways to cut the series into pieces of at least ``PIECE_MIN`` values,
the one with the least sum of squares plus a penalty of 3 sigma^2 ln n per cut (Schwarz, 1978, as in Killick et al.,
2012). Sigma is estimated from the differences of neighbours, so that changes of level do not inflate it.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import log
from statistics import fmean, median

PIECE_MIN = 3
"""Values in the shortest piece."""
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
