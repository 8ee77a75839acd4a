"""A change of level is found where it is, noise is not one; savings by hand."""

import random

from hypothesis import given
from hypothesis import strategies as st

from waste.measures.change_points import LEAST_EFFECT_G, change_points, levels
from waste.measures.savings import Saved, saved


def noisy(level: float, count: int, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [level + chance.gauss(0, 2) for _ in range(count)]


def test_a_level_that_changes_is_found_where_it_changes() -> None:
    assert change_points([*noisy(80, 12, 1), *noisy(60, 12, 2), *noisy(70, 12, 3)]) == [12, 24]
    assert change_points([5.0] * 4 + [9.0] * 4) == [4]


def test_noise_is_not_a_change() -> None:
    found = [len(change_points(noisy(75, 36, seed))) for seed in range(200)]
    assert sum(found) / 200 < 0.1


def test_a_blip_is_not_a_change() -> None:
    assert change_points([60.0] * 12 + [60.1] * 3 + [60.0] * 12) == []
    assert change_points([60.0] * 12 + [60.0 + LEAST_EFFECT_G - 0.1] * 12) == [], "less than the least effect"


def test_few_values_say_nothing() -> None:
    assert change_points([1, 2, 30, 40, 50]) == []
    assert levels([]) == []
    assert levels([3.0, 5.0]) == [4.0, 4.0]


@given(st.lists(st.integers(0, 500), min_size=6, max_size=40), st.integers(1, 1000))
def test_another_zero_of_the_scale_changes_nothing(values: list[int], by: int) -> None:
    assert change_points([float(v) for v in values]) == change_points([float(v + by * 1024) for v in values])


def test_savings_by_hand() -> None:
    """80 g at the baseline, 1,000 covers, 70 kg: 10 kg saved, at 12 yuan a kilogram 120 yuan, 30 kg of CO2e."""
    assert saved(80.0, 1_000, 70_000, 1_200, 3_000) == Saved(10_000, 12_000, 30_000)
    assert saved(80.0, 1_000, 81_000, 1_200, 3).waste_g == -1_000
