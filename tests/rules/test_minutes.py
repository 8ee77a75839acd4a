"""A meal's forecast over its minutes."""

from collections import Counter
from datetime import date, time

import pytest

from registry.meals import Meal
from settlement.sold import Minute
from waste.charts.minutes import Expected, minutes_of, spread

TODAY, BEFORE = date(2026, 11, 27), date(2026, 11, 20)


def sold_on(day: date, counts: dict[int, int]) -> Counter[Minute]:
    """Lunches by minute after noon."""
    return Counter({Minute(day, Meal.LUNCH, time(12, minute)): count for minute, count in counts.items()})


def test_all_covers_of_a_forecast_are_on_some_minute() -> None:
    curve = spread(600, {12 * 60: 3, 12 * 60 + 20: 1})
    assert sum(curve.values()) == pytest.approx(600)
    assert (min(curve), max(curve)) == (12 * 60 - 5, 12 * 60 + 25)
    assert curve[12 * 60] == pytest.approx(3 * curve[12 * 60 + 20])
    assert spread(600, {}) == {}


def test_minutes_show_what_is_sold_expected_and_was_sold_a_week_ago() -> None:
    sold = sold_on(TODAY, {0: 4}) + sold_on(BEFORE, {0: 2, 8: 6})
    rows = minutes_of(sold, {Meal.LUNCH: Expected(80, 100)}, TODAY, BEFORE, BEFORE, time(12, 3))
    shown = {row.minute - 12 * 60: row for row in rows}
    assert list(shown) == list(range(-5, 14))
    assert (shown[0].sold, shown[0].before) == (4, 2)
    assert (shown[2].sold, shown[2].before) == (0, 0), "nothing was sold"
    assert (shown[8].sold, shown[8].before) == (None, 6), "not yet"
    for row in rows:
        assert (row.low or 0) <= (row.expected or 0) <= (row.high or 0)
    assert sum(row.expected or 0 for row in rows) == pytest.approx(80, abs=0.2)


def test_without_an_earlier_day_nothing_is_expected_of_a_minute() -> None:
    [row] = minutes_of(sold_on(TODAY, {0: 4}), {Meal.LUNCH: Expected(80, 100)}, TODAY, BEFORE, None, time(13))
    assert (row.sold, row.expected, row.low, row.high, row.before) == (4, None, None, None, None)
