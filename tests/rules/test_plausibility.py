"""Weights that do not fit are marked, on any kind of day, until a person says that they do."""

import random
from dataclasses import replace
from datetime import date, timedelta
from math import exp

from foundation.calendar import is_working_day
from waste.weighing.plausibility import Level, Mark, Reviewed, Weighed, implausible, log_rate

FIRST = date(2026, 3, 2)


def lunches(days: int, seed: int = 1) -> list[Weighed]:
    """25 g of plate waste a cover, 400 covers on working days and 40 on days off."""
    chance, made = random.Random(seed), []
    for n in range(days):
        day = FIRST + timedelta(days=n)
        covers = 400 if (works := is_working_day(day)) else 40
        made.append(Weighed(day, works, round(covers * 25 * exp(chance.gauss(0, 0.12))), covers))
    return made


def bent(weights: list[Weighed], days: range, factor: float) -> list[Weighed]:
    return [replace(w, grams=round(w.grams * factor)) if n in days else w for n, w in enumerate(weights)]


def marks(weights: list[Weighed], reviewed: Reviewed | None = None) -> list[Mark]:
    return implausible(weights, reviewed or Reviewed(), {})


def test_a_typing_error_and_nothing_at_all_are_outliers() -> None:
    weights = bent(bent(lunches(120), range(100, 101), 10), range(110, 111), 0)
    outliers = [mark for mark in marks(weights) if not mark.drift]
    assert [mark.days for mark in outliers] == [(weights[100].day,), (weights[110].day,)]
    assert 200 < outliers[0].grams_per_cover < 320
    assert 20 < outliers[0].usual < 30


def test_a_day_off_with_few_covers_is_as_usual() -> None:
    assert marks(lunches(200)) == []


def test_two_weeks_of_under_weighing_are_a_drift_with_its_days() -> None:
    weights = bent(lunches(150), range(100, 114), 0.7)
    [drift] = [mark for mark in marks(weights) if mark.drift]
    assert len(set(drift.days) & {w.day for w in weights[100:114]}) >= 13
    assert drift.grams_per_cover / drift.usual < 0.8


def test_a_doubling_is_marked_until_a_person_accepts_it() -> None:
    weights = bent(lunches(180), range(100, 180), 2)
    [drift] = [mark for mark in marks(weights) if mark.drift]
    assert drift.days[-1] >= weights[175].day, "unreviewed, it is marked for as long as it lasts"
    accepted = Reviewed(dismissed=set(drift.days), new_levels={drift.days[0]})
    assert marks(weights, accepted) == []
    halved = bent(weights, range(160, 180), 0.5)
    again = marks(halved, replace(accepted, dismissed={w.day for w in weights[100:150]}))
    assert any(mark.drift and mark.days[0] >= weights[155].day for mark in again), "back again is a change as well"


def test_what_was_upheld_is_no_reference_and_not_judged_again() -> None:
    weights = bent(lunches(180), range(100, 160), 2)
    reviewed = Reviewed(upheld={w.day for w in weights[100:160]})
    assert marks(weights, reviewed) == []
    [after] = [mark for mark in marks(bent(weights, range(160, 180), 2), reviewed) if mark.drift]
    assert after.grams_per_cover / after.usual > 1.8


def test_a_first_file_is_compared_with_itself_and_a_few_weights_with_the_like() -> None:
    weights = bent(lunches(21), range(4, 5), 10)
    assert [mark.days for mark in marks(weights)] == [(weights[4].day,)]
    few = bent(lunches(3), range(1, 2), 10)
    like = Level(log_rate(25, 1), 0.4)
    assert marks(few) == []
    assert [mark.days for mark in implausible(few, Reviewed(), {True: like})] == [(few[1].day,)]
