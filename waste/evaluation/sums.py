"""Sums of a canteen's weeks, from its meals: what the measured indicators are computed from. Pure.

The definitions of a served and of a weighed meal are those of the view ``measured_meal``: grams per cover are of meals
with all three streams *and* covers, shares of prepared food of those whose prepared food was weighed too. What was
served and not weighed so is a gap, which costs points.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from math import fsum, sqrt
from operator import attrgetter, mul
from typing import Any

from registry.meals import Meal

TOLERANCE = 0.5
"""Portions off the plan that are no mistake, in square roots of the portions, as covers of a meal vary by chance. With
a half, kitchens that cook for the plan or for their covers as they come have all points at 12 covers as at 1,000, and
half as much again costs most of them from 150 covers on (simulated in ``tests/rules/test_fair_ranking.py``)."""


@dataclass(frozen=True, slots=True)
class MealRecord:
    """A canteen's meal: covers, grams by stream (None: not weighed), marked streams, forecast and bookings.

    ``booked`` and ``came``: noted by hand, as for a meeting; ``diners_booked`` and ``diners_came``: who booked himself,
    and paid.
    """

    business_date: date
    meal: Meal
    covers: int = 0
    preparation_g: int | None = None
    unserved_g: int | None = None
    plate_g: int | None = None
    inedible_g: int | None = None
    prepared_g: int | None = None
    marked_streams: int = 0
    expected: int | None = None
    cook_for: int | None = None
    booked: int | None = None
    came: int | None = None
    diners_booked: int | None = None
    diners_came: int | None = None

    @property
    def waste_g(self) -> int | None:
        """Grams of the three streams of waste; None unless all were weighed."""
        if self.preparation_g is None or self.unserved_g is None or self.plate_g is None:
            return None
        return self.preparation_g + self.unserved_g + self.plate_g

    @property
    def streams(self) -> int:
        """Streams that were weighed."""
        weighed = (self.preparation_g, self.unserved_g, self.plate_g, self.inedible_g, self.prepared_g)
        return sum(grams is not None for grams in weighed)


@dataclass(frozen=True, slots=True)
class Week:
    """Sums of a canteen's week, grams of eaten meals of which all three streams were weighed.

    ``unserved_g``, ``plate_g``, ``prepared_g``: of those whose prepared food was weighed too (``prepared_meals``).
    ``off_portions``: portions prepared above the number to cook for, or below the covers expected, beyond the
    tolerance; ``cook_for``: of the meals that this is known of (``planned_meals`` of ``forecast_meals``).
    """

    covers: int = 0
    meals: int = 0
    weighed_meals: int = 0
    weighed_covers: int = 0
    waste_g: int = 0
    inedible_g: int = 0
    breakfast_covers: int = 0
    breakfast_g: int = 0
    lunch_covers: int = 0
    lunch_g: int = 0
    dinner_covers: int = 0
    dinner_g: int = 0
    prepared_meals: int = 0
    unserved_g: int = 0
    plate_g: int = 0
    prepared_g: int = 0
    streams: int = 0
    marked_streams: int = 0
    forecast_meals: int = 0
    planned_meals: int = 0
    cook_for: int = 0
    off_portions: float = 0
    bookings: int = 0
    booked: int = 0
    came: int = 0

    def eaten(self, meal: Meal) -> tuple[int, int]:
        """Covers and grams of a kind of meal."""
        match meal:
            case Meal.BREAKFAST:
                return self.breakfast_covers, self.breakfast_g
            case Meal.LUNCH:
                return self.lunch_covers, self.lunch_g
            case Meal.DINNER:
                return self.dinner_covers, self.dinner_g


NAMES = tuple(field.name for field in fields(Week))


def total(weeks: Iterable[Week]) -> Week:
    """The sums over all weeks."""
    listed = list(weeks)
    return Week(*(sum(getattr(week, name) for week in listed) for name in NAMES))


def weighted_total(weeks: Sequence[Week], weights: Sequence[float]) -> Week:
    """The sums over all weeks, each with its weight: a draw of the quarter. No sum is negative."""
    columns = zip(*(_values(week) for week in weeks), strict=True)
    return Week(*(max(fsum(map(mul, column, weights)), 0) for column in columns))  # type: ignore[arg-type]


_values = attrgetter(*NAMES)


def weeks_of(meals: Sequence[MealRecord]) -> dict[date, Week]:
    """A canteen's weeks by their Mondays; a week that lies in the quarter with some of its days has those."""
    portions_g = {meal: _portion_g([one for one in meals if one.meal == meal]) for meal in Meal}
    found: dict[date, list[Week]] = {}
    for one in meals:
        monday = one.business_date - timedelta(days=one.business_date.weekday())
        found.setdefault(monday, []).append(_sums(one, portions_g[one.meal]))
    return {monday: total(found[monday]) for monday in sorted(found)}


def _portion_g(meals: Iterable[MealRecord]) -> float | None:
    """Grams that a cover takes: prepared and served ÷ covers, of the meals of which both were weighed."""
    served_g = covers = 0
    for one in meals:
        if one.prepared_g is not None and one.unserved_g is not None and one.covers:
            served_g, covers = served_g + one.prepared_g - one.unserved_g, covers + one.covers
    return served_g / covers if covers and served_g > 0 else None


def _sums(one: MealRecord, portion_g: float | None) -> Week:
    named: dict[str, Any] = {"streams": one.streams, "marked_streams": min(one.marked_streams, one.streams)}
    if one.covers or one.waste_g is not None:
        named |= {"covers": one.covers, "meals": 1}
    if one.covers:
        named |= _weighed(one) | _booked(one) | _planned(one, portion_g)
    return Week(**named)


def _weighed(one: MealRecord) -> dict[str, int]:
    if one.waste_g is None:
        return {}
    named = {
        "weighed_meals": 1, "weighed_covers": one.covers, "waste_g": one.waste_g, "inedible_g": one.inedible_g or 0,
        f"{one.meal}_covers": one.covers, f"{one.meal}_g": one.waste_g,
    }  # fmt: skip
    if one.prepared_g:
        assert one.unserved_g is not None
        assert one.plate_g is not None
        named |= {
            "prepared_meals": 1, "unserved_g": one.unserved_g, "plate_g": one.plate_g, "prepared_g": one.prepared_g,
        }  # fmt: skip
    return named


def _planned(one: MealRecord, portion_g: float | None) -> dict[str, float]:
    if one.cook_for is None or one.expected is None:
        return {}
    if one.prepared_g is None or portion_g is None:
        return {"forecast_meals": 1}
    off = off_plan(one.prepared_g / portion_g, one.expected, one.cook_for)
    return {"forecast_meals": 1, "planned_meals": 1, "cook_for": one.cook_for, "off_portions": round(off, 2)}


def off_plan(portions: float, expected: int, cook_for: int) -> float:
    """Portions prepared above the number to cook for, or below the covers expected, less what is chance.

    Who cooks for the number that the forecast names is off by nothing, at any size.
    """
    return max(0.0, max(portions - cook_for, expected - portions) - TOLERANCE * sqrt(max(cook_for, 1)))


def _booked(one: MealRecord) -> dict[str, int]:
    """Bookings of which it is known how many came: never more than were booked, nor than ate.

    Nobody who ate counts twice: first diners, who are known by their payments, then those noted by hand.
    """
    bookings = booked = came = 0
    for of_these, who_came in ((one.diners_booked, one.diners_came), (one.booked, one.came)):
        if of_these and who_came is not None:
            bookings, booked = bookings + 1, booked + of_these
            came += min(who_came, of_these, one.covers - came)
    return {"bookings": bookings, "booked": booked, "came": came}
