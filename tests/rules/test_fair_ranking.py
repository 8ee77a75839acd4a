"""Rankings are fair to small kitchens: simulated kitchens of five sizes, alike but for chance."""

import random
from collections import Counter
from dataclasses import replace

from verification.gaming import CODES, PORTION_G, SCHEME, kitchen
from waste.evaluation.scoring import Evaluation, Known, evaluate, measured
from waste.evaluation.sums import MealRecord, off_plan, total, weeks_of

SIZES = (12, 50, 150, 400, 1_000)
RANKINGS = 250
CARE_SD = 0.15
"""Kitchens differ in care by so much; small ones no more than large ones."""


def b1(meals: list[MealRecord]) -> float:
    """Points of B1 of 8."""
    [point] = [one for one in scored(meals).points if one.code == "B1"]
    assert point.points is not None
    return point.points


def scored(meals: list[MealRecord]) -> Evaluation:
    known = Known(inspected=dict.fromkeys(CODES, 0.7), cases_due=4, cases_in_time=3)
    # Too few weeks for an interval: the simulation needs the score alone.
    return evaluate(SCHEME, "buffet", "self_run", [total(weeks_of(meals).values())], known)


def test_who_cooks_for_the_number_to_cook_for_has_all_points_at_any_size() -> None:
    for lunches in SIZES:
        assert min(b1(kitchen(lunches, 100 * lunches + n)) for n in range(5)) > 7.9, lunches


def test_who_cooks_as_he_sees_his_guests_come_has_all_points_at_any_size() -> None:
    for lunches in SIZES:
        meals = [_cooked_for_guests(one) for one in kitchen(lunches, 7 * lunches)]
        assert b1(meals) > 7.5, lunches


def test_who_cooks_half_as_much_again_loses_most_points_from_150_lunches_on() -> None:
    for lunches in (150, 400, 1_000):
        assert b1([_cooked(one, 1.5) for one in kitchen(lunches, lunches)]) < 4, lunches


def _cooked_for_guests(one: MealRecord) -> MealRecord:
    portion = PORTION_G[one.meal]
    unserved = round(0.03 * one.covers * portion)
    return replace(one, prepared_g=one.covers * portion + unserved, unserved_g=unserved)


def _cooked(one: MealRecord, factor: float) -> MealRecord:
    """More is cooked, nobody eats more, and what is left is thrown away."""
    assert one.prepared_g is not None
    assert one.unserved_g is not None
    more = round((factor - 1) * one.prepared_g)
    return replace(one, prepared_g=one.prepared_g + more, unserved_g=one.unserved_g + more)


def test_the_tolerance_grows_with_the_root_of_the_portions() -> None:
    assert off_plan(120, 80, 100) == 15
    assert off_plan(105, 80, 100) == 0
    assert off_plan(60, 80, 100) == 15
    assert off_plan(75, 80, 100) == 0
    assert off_plan(11, 8, 10) == 0


def test_small_kitchens_come_last_as_often_as_others() -> None:
    """20 % of rankings of five, give or take 6."""
    chance, last, first = random.Random(35), Counter[int](), Counter[int]()
    for n in range(RANKINGS):
        scores = {}
        for place, lunches in enumerate(SIZES):
            care = chance.lognormvariate(0, CARE_SD)
            scores[lunches] = scored(kitchen(lunches, 10 * n + place, care)).score or 0.0
        order = sorted(scores, key=lambda size: (scores[size], chance.random()))
        last[order[0]] += 1
        first[order[-1]] += 1
    assert abs(last[SIZES[0]] / RANKINGS - 0.2) <= 0.06, last
    assert abs(first[SIZES[0]] / RANKINGS - 0.2) <= 0.1, first


def test_the_measure_of_a_perfect_plan_is_nothing() -> None:
    week = total(weeks_of(kitchen(400, 1)).values())
    value = measured("preparation_off", SCHEME, week, Known())
    assert value is not None
    assert value < 0.05
