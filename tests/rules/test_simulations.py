"""The statistics hold what they promise, in simulations with fixed seeds (``verification/evaluation.py``)."""

import random
from math import fsum

import pytest

from verification.evaluation import (
    MIDDLING,
    NOISES,
    Noise,
    interval_coverage,
    score_coverage,
    share_with_changes,
    true_weighings_marked,
    under_weighing_found,
)  # fmt: skip
from waste.measures.intervals import WEEKS_MIN, interval, weights_of_weeks


@pytest.mark.parametrize("weeks", [WEEKS_MIN, 13, 26])
@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6])
def test_an_interval_of_95_percent_covers_95_percent(weeks: int, correlation: float) -> None:
    """2,000 canteens: the standard error of a coverage of 95 % is 0.5 points."""
    assert 0.925 <= interval_coverage(weeks, correlation, 2_000) <= 0.98


def test_the_interval_of_a_score_covers_the_score_of_the_usual_weeks() -> None:
    """100 kitchens: the standard error of a coverage of 95 % is 2.2 points."""
    assert score_coverage(MIDDLING, 13, 0.3, 100) >= 0.88


def test_drawn_weights_give_the_interval_of_a_ratio() -> None:
    chance = random.Random(1)
    weeks = [(eaten * 60 + round(chance.gauss(0, 6_000)), eaten) for eaten in chance.choices(range(900, 1_100), k=13)]

    def rate(weights: list[float]) -> float:
        grams = fsum(w * g for w, (g, _) in zip(weights, weeks, strict=True))
        return grams / fsum(w * eaten for w, (_, eaten) in zip(weights, weeks, strict=True))

    without = [rate([float(n != left_out) for n in range(13)]) for left_out in range(13)]
    drawn = sorted(rate(weights) for weights in weights_of_weeks(without, 4_000, 35))
    made = interval(weeks)
    assert made is not None
    width = made[1] - made[0]
    assert drawn[100] == pytest.approx(made[0], abs=0.06 * width)
    assert drawn[3_900] == pytest.approx(made[1], abs=0.06 * width)


@pytest.mark.parametrize("months", [24, 36])
@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.5])
def test_changes_are_found_and_season_and_correlation_are_none(months: int, correlation: float) -> None:
    """500 series: the standard error of 9 % is 1.3 points, of 85 % it is 1.6."""
    assert share_with_changes(months, correlation, 0.0, 500) <= 0.10
    assert share_with_changes(months, correlation, 0.15, 500) >= 0.80


@pytest.mark.parametrize("noise", NOISES)
def test_true_weighings_are_hardly_marked_and_two_weeks_of_under_weighing_are(noise: Noise) -> None:
    """40 canteens: some 8,000 weighings on working days and 2,600 on days off; 560 days under-weighed by 30 %."""
    assert max(true_weighings_marked(noise, 40).values()) <= 0.02
    assert under_weighing_found(noise, 40) >= 0.8
