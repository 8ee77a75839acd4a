"""The minutes of a meal: what was sold, what the forecast says of each, and what was sold a week ago. Pure.

The forecast is of whole meals. It is spread over the minutes as an earlier day's meal was (``shape``), smoothed over
``SMOOTH_MIN`` minutes before and after. Its interval of 90 % takes people as coming one by one (Poisson), and the
forecast as uncertain as its portions say, which are enough on 95 % of days.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from math import sqrt
from statistics import NormalDist

from registry.meals import Meal
from settlement.sold import Minute

SMOOTH_MIN = 5
Z = NormalDist().inv_cdf(0.95)
DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Expected:
    """Covers that a meal's forecast expects, and portions that are enough on 95 % of days."""

    covers: int
    cook_for: int


@dataclass(frozen=True, slots=True)
class MinuteShown:
    """A minute of a meal, counted from midnight; null: not known, or not yet."""

    meal: Meal
    minute: int
    sold: int | None
    expected: float | None
    low: float | None
    high: float | None
    before: int | None


def _of_day(sold: Counter[Minute], day: date | None, meal: Meal) -> dict[int, int]:
    return {
        at.hour * 60 + at.minute: count
        for (business_date, its_meal, at), count in sold.items()
        if (business_date, its_meal) == (day, meal)
    }


def spread(covers: int, shape: Mapping[int, int]) -> dict[int, float]:
    """A meal's covers over its minutes, in proportion to a smoothed earlier meal."""
    total = sum(shape.values())
    if not total:
        return {}
    first, last = min(shape) - SMOOTH_MIN, max(shape) + SMOOTH_MIN
    width = 2 * SMOOTH_MIN + 1
    around = {
        minute: sum(shape.get(minute + off, 0) for off in range(-SMOOTH_MIN, SMOOTH_MIN + 1)) / width
        for minute in range(max(first, 0), min(last, DAY_MIN - 1) + 1)
    }
    return {minute: covers * part / sum(around.values()) for minute, part in around.items()}


def minutes_of(
    sold: Counter[Minute],
    expected: Mapping[Meal, Expected],
    today: date,
    week_before: date,
    shape: date | None,
    now: time,
) -> list[MinuteShown]:
    """The minutes of each meal of a day, from the first to the last of which anything is known."""
    shown: list[MinuteShown] = []
    for meal in Meal:
        here, before = _of_day(sold, today, meal), _of_day(sold, week_before, meal)
        forecast = expected.get(meal)
        curve = spread(forecast.covers, _of_day(sold, shape, meal)) if forecast else {}
        known = here.keys() | before.keys() | curve.keys()
        if not known:
            continue
        until = max(now.hour * 60 + now.minute, *here) if here else now.hour * 60 + now.minute
        for minute in range(min(known), max(known) + 1):
            low, high = _interval(curve[minute], forecast) if forecast and minute in curve else (None, None)
            shown.append(
                MinuteShown(
                    meal, minute, here.get(minute, 0) if minute <= until else None,
                    round(curve[minute], 2) if minute in curve else None, low, high,
                    before.get(minute, 0) if before else None,
                )
            )  # fmt: skip
    return sorted(shown, key=lambda one: one.minute)


def _interval(covers: float, forecast: Expected) -> tuple[float, float]:
    off = (forecast.cook_for - forecast.covers) / Z / forecast.covers if forecast.covers else 0.0
    half = Z * sqrt(covers + (covers * off) ** 2)
    return round(max(covers - half, 0.0), 2), round(covers + half, 2)
