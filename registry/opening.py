"""When a canteen serves which meals: its week, and the days on which it departs from it.

A public holiday from Monday to Friday is like a Sunday, and a Saturday or Sunday on which offices work (调休) like a
Monday (``foundation.calendar``). A special day replaces the week's meals by its own; without any the canteen is closed.
While a canteen, its agency or its region is suspended or after its end, nothing is served. The forecast, bookings and
the inspection plan go by it; a till takes payments at any hour.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import convert, json, to_builtins
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.calendar import ZONE, is_working_day
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from foundation.problems import INVALID, NOT_FOUND, Problem
from registry.meals import Meal
from registry.models import Canteen, MealPeriod, SpecialDay
from registry.schemas import DayShown, MealHours, ServedMeal

QUERIES = load_queries(Path(__file__).parent / "sql" / "opening.sql")

DAYS_MAX = 400
"""Days that are asked for at once, and how far ahead a special day may be: a year and the month after it."""

MONDAY, SUNDAY = 1, 7


class Because(StrEnum):
    """Why a canteen serves what it serves on a day."""

    WEEK = "week"
    HOLIDAY = "holiday"
    MAKE_UP_DAY = "make_up_day"
    SPECIAL = "special"
    OUT_OF_USE = "out_of_use"


def weekday_of(day: date) -> tuple[int, Because]:
    """The weekday whose hours hold on a day, and why."""
    weekday = day.isoweekday()
    if is_working_day(day) == (weekday < 6):
        return weekday, Because.WEEK
    return (SUNDAY, Because.HOLIDAY) if weekday < 6 else (MONDAY, Because.MAKE_UP_DAY)


@dataclass(frozen=True, slots=True)
class Opening:
    """A canteen's week, its special days (meals and reason), and since when it is out of use."""

    week: Sequence[tuple[str, ServedMeal]]
    special: Mapping[date, tuple[list[ServedMeal], str]]
    closed_at: datetime | None

    def on(self, day: date) -> DayShown:
        """What is served on a day, in the order of the hours."""
        if self.closed_at is not None and day >= self.closed_at.astimezone(ZONE).date():
            return DayShown(day, [], Because.OUT_OF_USE, "")
        if day in self.special:
            meals, reason = self.special[day]
            return DayShown(day, meals, Because.SPECIAL, reason)
        weekday, why = weekday_of(day)
        return DayShown(day, [meal for weekdays, meal in self.week if str(weekday) in weekdays], why, "")

    def serves(self, day: date, meal: str) -> bool:
        """Whether a meal is served on a day."""
        return any(served.meal == meal for served in self.on(day).meals)


async def openings(connection: Connection | Pool, canteen_ids: Collection[int] | None = None) -> dict[int, Opening]:
    """The opening calendar of some canteens by number; None: of all."""
    wanted = None if canteen_ids is None else list(canteen_ids)
    weeks: dict[int, list[tuple[str, ServedMeal]]] = {}
    for row in await connection.fetch(QUERIES["weeks"], wanted):
        meal = ServedMeal(Meal(row["meal"]), row["starts"], row["ends"])
        weeks.setdefault(row["canteen_id"], []).append((row["weekdays"], meal))
    special: dict[int, dict[date, tuple[list[ServedMeal], str]]] = {}
    for row in await connection.fetch(QUERIES["special_days"], wanted):
        meals = json.decode(row["meals"], type=list[ServedMeal])
        special.setdefault(row["canteen_id"], {})[row["day"]] = (meals, row["reason"])
    rows = await connection.fetch(QUERIES["in_use"], wanted)
    return {
        row["canteen_id"]: Opening(
            weeks.get(row["canteen_id"], []), special.get(row["canteen_id"], {}), row["closed_at"]
        )
        for row in rows
    }


async def days_of(connection: Connection | Pool, canteen_id: int, first: date, last: date) -> list[DayShown]:
    """What a canteen serves from one day to another. Raises Problem INVALID (the days), NOT_FOUND (no such canteen)."""
    if not 0 <= (last - first).days < DAYS_MAX:
        raise Problem(INVALID, "canteen.days", most=DAYS_MAX)
    opening = (await openings(connection, [canteen_id])).get(canteen_id)
    if opening is None:
        raise Problem(NOT_FOUND, "canteen.not_found", canteen_id=canteen_id)
    return [opening.on(first + timedelta(days=n)) for n in range((last - first).days + 1)]


async def week_of(connection: Connection | Pool, canteen_id: int) -> list[MealHours]:
    """The hours of a canteen's meals, special days apart. Raises Problem(NOT_FOUND)."""
    opening = (await openings(connection, [canteen_id])).get(canteen_id)
    if opening is None:
        raise Problem(NOT_FOUND, "canteen.not_found", canteen_id=canteen_id)
    return [MealHours(one.meal, one.starts, one.ends, list(map(int, weekdays))) for weekdays, one in opening.week]


async def set_week(db: AsyncSession, canteen: Canteen, meals: Sequence[MealHours]) -> None:
    """Set the hours of a canteen's meals; a meal that is not named is served no more. Raises Problem(INVALID)."""
    check_week(meals)
    mine = (MealPeriod.book == canteen.book) & (MealPeriod.canteen_id == canteen.canteen_id)
    await db.execute(delete(MealPeriod).where(mine))
    db.add_all(
        MealPeriod(
            book=canteen.book,
            canteen_id=canteen.canteen_id,
            meal=one.meal,
            weekdays=digits_of(one.weekdays),
            starts=one.starts,
            ends=one.ends,
        )
        for one in meals
    )


def digits_of(weekdays: Iterable[int]) -> str:
    """Weekdays as the table has them: ``12345``."""
    return "".join(map(str, sorted(set(weekdays))))


def check_week(meals: Sequence[MealHours]) -> None:
    """Raise Problem(INVALID) for hours that contradict each other on a weekday."""
    for weekday in range(MONDAY, SUNDAY + 1):
        check_hours([(one.meal, one.starts, one.ends) for one in meals if weekday in one.weekdays])


def check_hours(meals: Iterable[tuple[str, time, time]]) -> None:
    """Raise Problem(INVALID) for a meal that stands twice, ends before it begins, or overlaps with another."""
    in_order = sorted(meals, key=lambda one: one[1])
    if len({meal for meal, _, _ in in_order}) != len(in_order):
        raise Problem(INVALID, "canteen.meal_twice")
    for _, starts, ends in in_order:
        if starts >= ends:
            raise Problem(INVALID, "canteen.meal_over_midnight", starts=starts, ends=ends)
    for (_, _, ends), (_, starts, _) in pairwise(in_order):
        if starts < ends:
            raise Problem(INVALID, "canteen.meals_overlap", starts=starts, ends=ends)


def must_be_to_come(day: date) -> None:
    """Raise Problem(INVALID) for a day that is over, or further away than ``DAYS_MAX``."""
    today = datetime.now(ZONE).date()
    if not today <= day <= today + timedelta(days=DAYS_MAX):
        raise Problem(INVALID, "canteen.day_over", day=day, first=today, last=today + timedelta(days=DAYS_MAX))


async def set_day(db: AsyncSession, canteen: Canteen, day: date, meals: Sequence[ServedMeal], reason: str) -> None:
    """Let a canteen serve these meals on a day, or none. Raises Problem(INVALID)."""
    check_hours([(one.meal, one.starts, one.ends) for one in meals])
    kept = {"meals": to_builtins(meals), "reason": reason}
    key = {"book": canteen.book, "canteen_id": canteen.canteen_id, "day": day}
    await db.execute(
        insert(SpecialDay).values(key | kept).on_conflict_do_update(constraint="pk_special_day", set_=kept)
    )


async def clear_day(db: AsyncSession, canteen: Canteen, day: date) -> None:
    """Let a canteen serve on a day what its week says. Raises Problem(NOT_FOUND): it does already."""
    key: tuple[Any, ...] = (canteen.book, canteen.canteen_id, day)
    special = await db.get(SpecialDay, key)
    if special is None:
        raise Problem(NOT_FOUND, "canteen.no_special_day", day=day)
    await db.delete(special)


def special_meals(row: SpecialDay) -> list[ServedMeal]:
    """The meals of a special day."""
    return convert(row.meals, list[ServedMeal])
