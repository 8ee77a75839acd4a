"""What a canteen serves on a day: its week, holidays and working weekends, special days, and when it is out of use."""

from datetime import UTC, date, datetime, time

import pytest

from foundation.problems import Problem
from registry.meals import Meal
from registry.opening import Because, Opening, check_week, weekday_of
from registry.schemas import MealHours, ServedMeal

LUNCH = ServedMeal(Meal.LUNCH, time(11), time(13))
SHORT = ServedMeal(Meal.LUNCH, time(11), time(12))
BRUNCH = ServedMeal(Meal.BREAKFAST, time(9), time(11))
WEEK = [("1234", LUNCH), ("5", SHORT), ("7", BRUNCH)]


@pytest.mark.parametrize(
    ("day", "weekday", "because"),
    [
        (date(2026, 11, 23), 1, Because.WEEK),
        (date(2026, 11, 29), 7, Because.WEEK),
        (date(2025, 10, 1), 7, Because.HOLIDAY),  # National Day, a Wednesday
        (date(2025, 9, 28), 1, Because.MAKE_UP_DAY),  # a Sunday on which offices worked
    ],
)
def test_holidays_are_sundays_and_working_weekends_mondays(day: date, weekday: int, because: Because) -> None:
    assert weekday_of(day) == (weekday, because)


def test_each_weekday_has_its_hours() -> None:
    opening = Opening(WEEK, {}, None)
    assert [opening.on(date(2026, 11, day)).meals for day in (26, 27, 28, 29)] == [[LUNCH], [SHORT], [], [BRUNCH]]
    assert opening.serves(date(2026, 11, 26), "lunch")
    assert not opening.serves(date(2026, 11, 26), "dinner")


def test_a_special_day_goes_before_the_week_and_the_end_before_both() -> None:
    saturday, friday, monday = date(2026, 11, 28), date(2026, 11, 27), date(2026, 11, 30)
    special = {saturday: ([LUNCH], "考试"), friday: ([], "消杀"), monday: ([LUNCH], "开放日")}
    opening = Opening(WEEK, special, datetime(2026, 11, 29, 16, 30, tzinfo=UTC))
    assert (opening.on(saturday).meals, opening.on(saturday).reason) == ([LUNCH], "考试")
    assert (opening.on(friday).is_open, opening.on(friday).because) == (False, Because.SPECIAL)
    # 16:30 UTC is half past midnight at the centre.
    assert opening.on(date(2026, 11, 29)).is_open
    assert opening.on(monday).because == Because.OUT_OF_USE


@pytest.mark.parametrize(
    ("meals", "code"),
    [
        (
            [MealHours(Meal.LUNCH, time(11), time(13), [1]), MealHours(Meal.LUNCH, time(11), time(12), [1])],
            "meal_twice",
        ),
        ([MealHours(Meal.DINNER, time(22), time(1))], "meal_over_midnight"),
        ([MealHours(Meal.LUNCH, time(12), time(12))], "meal_over_midnight"),
        (
            [MealHours(Meal.BREAKFAST, time(7), time(12), [3, 4]), MealHours(Meal.LUNCH, time(11), time(13), [4, 5])],
            "meals_overlap",
        ),
    ],
)
def test_hours_that_contradict_each_other_on_a_weekday(meals: list[MealHours], code: str) -> None:
    with pytest.raises(Problem) as refused:
        check_week(meals)
    assert refused.value.code == f"canteen.{code}"


def test_hours_on_different_weekdays_contradict_nothing() -> None:
    check_week([MealHours(Meal.LUNCH, time(11), time(13), [1, 2]), MealHours(Meal.LUNCH, time(10), time(12), [3])])
