"""95 % intervals of what is summed over weeks: grams per cover, and the score of a quarter. Pure.

Weeks resemble their neighbours, and few weeks do not say how much. The interval is Student's, from the spread of the
weeks, widened by what an AR(1) correlation does to the mean and to the spread of so few values. The correlation is
estimated high, against the bias of few weeks (Kendall, 1954), up to ``CORRELATION_MAX``, and costs degrees of freedom.
The constants were chosen by simulation (``verification/evaluation.py``): the interval covers 93 to 97.5 % of the time
for ``WEEKS_MIN`` to 26 weeks with a correlation of 0 to 0.6.
"""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import cos, exp, fsum, lgamma, pi, sqrt, tan
from statistics import NormalDist, fmean

WEEKS_MIN = 10
"""Fewer weeks have no interval: they cannot tell a correlation of 0.6 from none."""
SLOPE, SHIFT, CORRELATION_MAX = 2.4, 2.0, 0.5
FREEDOM_POWER = 1.5
STEPS = 1_000
Z = NormalDist().inv_cdf(0.975)


def interval(weeks: Sequence[tuple[int, int]]) -> tuple[float, float] | None:
    """The interval of grams per cover from (grams, covers) of each week, in the order of the weeks.

    None for fewer than ``WEEKS_MIN`` weeks, or without covers. Weeks weigh as much as they have covers.
    """
    covers = sum(eaten for _, eaten in weeks)
    if len(weeks) < WEEKS_MIN or not covers:
        return None
    rate = sum(grams for grams, _ in weeks) / covers
    off = [(grams - rate * eaten) * len(weeks) / covers for grams, eaten in weeks]
    half = half_width(off)
    return round(max(rate - half, 0.0), 1), round(rate + half, 1)


def half_width(values: Sequence[float]) -> float:
    """Half the width of the interval of the mean of consecutive weeks' values; at least three."""
    mean = fmean(values)
    variance = fsum((v - mean) ** 2 for v in values) / (len(values) - 1)
    return _quantile_of(values) * sqrt(variance / len(values))


def weights_of_weeks(without: Sequence[float], draws: int, seed: int) -> Iterator[list[float]]:
    """Draws of a quarter for figures that are functions of its sums over weeks, such as its score.

    ``without[t]``: the figure when week ``t`` is left out, in the order of the weeks (their jackknife; Efron, 1982);
    at least ``WEEKS_MIN``. Each draw is a weight per week. Sum the weeks with these weights, compute the figure again,
    and take the 2.5 and 97.5 % quantiles of all draws: for a ratio of sums that gives ``interval``. What else is
    uncertain (an inspector's score, last year's figure) is drawn afresh within the same draw. A weight may be
    negative; the weights of a draw add up to the number of weeks.
    """
    widening = _quantile_of(without) / Z
    chance = random.Random(seed)  # noqa: S311 - a simulation
    for _ in range(draws):
        normal = [chance.gauss() for _ in without]
        mean = fmean(normal)
        yield [1 + widening * (x - mean) for x in normal]


def _quantile_of(values: Sequence[float]) -> float:
    """By how many standard errors of independent weeks the interval reaches on either side."""
    n, mean = len(values), fmean(values)
    off = [v - mean for v in values]
    squares = fsum(v * v for v in off)
    lag_one = fsum(a * b for a, b in pairwise(off)) / squares if squares > 0 else 0.0
    correlation = min(max(SLOPE * lag_one + SHIFT / (n - 3), 0.0), CORRELATION_MAX)
    return _widening(n, round(correlation, 2))


@lru_cache(maxsize=4096)
def _widening(n: int, correlation: float) -> float:
    """Student's quantile times the root of: variance of the mean over that of independent values as spread out."""
    mean_variance = 1 + 2 * sum((1 - k / n) * correlation**k for k in range(1, n))
    seen_variance = (n - mean_variance) / (n - 1)
    freedom = max((n - 1) * ((1 - correlation) / (1 + correlation)) ** FREEDOM_POWER, 1.0)
    return student_quantile(freedom) * sqrt(mean_variance / seen_variance)


def student_quantile(freedom: float) -> float:
    """The 97.5 % quantile of Student's t, for at least one degree of freedom, to five digits.

    With ``t = sqrt(freedom) tan(angle)`` its density is a power of the cosine; the angle is where 95 % of it lie below.
    SciPy has the same, and would take 43 MB of every worker.
    """
    power = freedom - 1
    step = pi / 2 / STEPS
    wanted = 0.95 * sqrt(pi) / 2 * exp(lgamma(freedom / 2) - lgamma((freedom + 1) / 2)) / step
    for n in range(STEPS):
        density = cos((n + 0.5) * step) ** power
        if density >= wanted:
            return sqrt(freedom) * tan((n + wanted / density) * step)
        wanted -= density
    raise AssertionError(freedom)
