"""Wire types of forecast."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from foundation.messages import BULK_MAX, Message
from registry.identifiers import CanteenId
from registry.meals import Meal
from waste.measures.schemas import CanteenNumber

Count = Annotated[int, Meta(ge=0, le=20_000)]


class MealForecast(Struct):
    """The forecast of a canteen's meal.

    ``covers``: the covers to expect. ``cook_for``: portions to prepare, enough on 95 % of working days and of days
    off; ``surplus``: how many of them are left over on average. ``actual``: the covers, once the day is closed.
    """

    canteen_id: CanteenId
    name_zh: str
    name_en: str
    meal: Meal
    covers: int
    cook_for: int
    surplus: int | None
    made_at: datetime
    actual: int | None


class NewBooking(Message):
    """Covers booked beyond the registered visitors, and afterwards how many of them came."""

    canteen_id: CanteenNumber
    business_date: date
    meal: Meal
    booked: Count
    came: Count | None = None


class DayAttendance(Message):
    """How many of an agency's people are away from a canteen's place on a day; ``overtime``: how many stay late."""

    canteen_id: CanteenNumber
    business_date: date
    staff: Annotated[int, Meta(ge=1, le=20_000, description="All of them.", examples=[240])]
    on_leave: Annotated[int, Meta(ge=0, le=20_000, examples=[12])] = 0
    travelling: Annotated[int, Meta(ge=0, le=20_000, examples=[9])] = 0
    remote: Annotated[int, Meta(ge=0, le=20_000, examples=[4])] = 0
    overtime: Count | None = None


class NewAttendance(Message):
    """Days of one or more canteens."""

    days: Annotated[list[DayAttendance], Meta(min_length=1, max_length=BULK_MAX)]


class AttendanceKept(Struct):
    """How many days were kept."""

    days: int
