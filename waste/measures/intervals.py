"""The 95 % interval of grams per cover: a block bootstrap over weeks (Kuensch, 1989). Pure.

Whole weeks are drawn with replacement, since the days of a week resemble each other.
"""

import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

DRAWS, SEED = 2_000, 35
LOW, HIGH = 0.025, 0.975
WEEKS_MIN = 4
"""Fewer weeks have no interval."""


def interval(weeks: Sequence[tuple[int, int]], *, seed: int = SEED) -> tuple[float, float] | None:
    """The interval from (grams, covers) of each week; None for fewer than ``WEEKS_MIN`` weeks."""
    if len(weeks) < WEEKS_MIN:
        return None
    grams, covers = ([week[n] for week in weeks] for n in (0, 1))
    drawn = sorted(sum(pick(grams)) / eaten for pick in _picks(len(weeks), seed) if (eaten := sum(pick(covers))))
    return (round(drawn[int(LOW * len(drawn))], 1), round(drawn[int(HIGH * len(drawn))], 1)) if drawn else None


@lru_cache(maxsize=64)
def _picks(count: int, seed: int) -> list[Callable[[Sequence[int]], tuple[int, ...]]]:
    """``DRAWS`` samples of ``count`` weeks with replacement, shared by all groups with as many weeks."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    picks: list[Any] = [itemgetter(*chance.choices(range(count), k=count)) for _ in range(DRAWS)]
    return picks
