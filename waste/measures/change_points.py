"""Change points of a monthly series such as grams per cover: where its level changed. Pure.

Steps are added to the series one by one, each where it explains most (binary segmentation: Scott and Knott, 1974),
beside a yearly sine once two years are known, for as long as what a step explains exceeds ``EVIDENCE`` times the
variance of what is left. That variance is multiplied for correlated months (AR(1); Andrews, 1991), since they wander.
The constants were chosen by simulation (``verification/evaluation.py``): of series of 24 to 36 months with a
correlation of up to 0.5 and a yearly season of 5 %, at most 10 % have a false alarm; a drop of 15 % of 60 g is found
within a year with at least 80 %, at 4 g of noise. A change of less than ``LEAST_EFFECT_G`` is none.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import cos, fsum, pi, sin, sqrt
from statistics import fmean
from typing import NamedTuple

PIECE_MIN = 4
"""Months in the shortest piece."""
LEAST_EFFECT_G = 3.0
"""Grams per cover; a twentieth of a usual lunch's waste."""
EVIDENCE = 20.5
YEAR, SEASON_FROM = 12, 24
CORRELATION_SHARE, CORRELATION_MAX = 0.6, 0.5
"""A share, since what is left after a step that noise made looks less correlated than it is, and a real one's more."""
NOISE_MIN_G = 0.5
"""No month is known better; without it, a series without noise would change with every blip."""

Basis = list[list[float]]


class _Step(NamedTuple):
    gain: float
    at: int
    height: float


def change_points(values: Sequence[float]) -> list[int]:
    """Indices at which a new level begins, in order."""
    n, found = len(values), list[int]()
    basis = _orthonormal([[1.0] * n, *_season(n)])
    while (step := _best_step(values, found, basis)) and abs(step.height) >= LEAST_EFFECT_G:
        basis = [*basis, *_orthonormal([[float(t >= step.at) for t in range(n)]], basis)]
        if step.gain <= EVIDENCE * _noise(_rest(values, basis), n - len(basis)):
            break
        found.append(step.at)
    return sorted(found)


def _season(n: int) -> Basis:
    if n < SEASON_FROM:
        return []
    return [[wave(2 * pi * t / YEAR) for t in range(n)] for wave in (cos, sin)]


def _best_step(values: Sequence[float], found: Sequence[int], basis: Basis) -> _Step | None:
    """The step that explains most of what is left, by least squares; None where there is no room for one."""
    n = len(values)
    rest = _sums_from(_rest(values, basis))
    known = [_sums_from(vector) for vector in basis]
    steps = []
    for begin, end in pairwise([0, *sorted(found), n]):
        for at in range(begin + PIECE_MIN, end - PIECE_MIN + 1):
            own = n - at - fsum(sums[at] ** 2 for sums in known)
            if own > 0.5:
                steps.append(_Step(rest[at] ** 2 / own, at, rest[at] / own))
    return max(steps, default=None)


def _noise(rest: Sequence[float], freedom: int) -> float:
    """The long-run variance of what is left."""
    squares = fsum(r * r for r in rest)
    lag_one = fsum(a * b for a, b in pairwise(rest)) / squares if squares > 0 else 0.0
    correlation = min(max(CORRELATION_SHARE * lag_one, 0.0), CORRELATION_MAX)
    return max(squares / freedom, NOISE_MIN_G**2) * (1 + correlation) / (1 - correlation)


def _sums_from(values: Sequence[float]) -> list[float]:
    """The sum of all values from each index on."""
    return list(accumulate(reversed(values)))[::-1]


def _orthonormal(vectors: Basis, to: Basis | None = None) -> Basis:
    """Vectors made orthonormal to others and to each other (Gram and Schmidt)."""
    made: Basis = []
    for vector in vectors:
        rest = _rest(vector, [*(to or []), *made])
        length = sqrt(fsum(r * r for r in rest))
        made.append([r / length for r in rest])
    return made


def _rest(values: Sequence[float], basis: Basis) -> list[float]:
    """What an orthonormal basis leaves of the values."""
    rest = list(values)
    for vector in basis:
        share = fsum(a * b for a, b in zip(rest, vector, strict=True))
        rest = [a - share * b for a, b in zip(rest, vector, strict=True)]
    return rest


def levels(values: Sequence[float]) -> list[float]:
    """The mean of the piece that each value belongs to."""
    cuts = [0, *change_points(values), len(values)]
    return [
        level for begin, end in pairwise(cuts) if end > begin for level in [fmean(values[begin:end])] * (end - begin)
    ]
