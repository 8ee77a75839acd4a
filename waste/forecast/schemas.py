"""Wire types of forecast."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from foundation.messages import Message, Number


class MealForecast(Struct):
    """Covers to expect at a canteen's meal; ``cook_for`` suffices on 95 % of days; ``actual``: what came."""

    canteen_id: int
    name_zh: str
    name_en: str
    meal: str
    covers: int
    cook_for: int
    made_at: datetime
    actual: int | None


class NewBooking(Message):
    """Covers booked beyond the usual guests, and afterwards how many came."""

    canteen_id: Number
    business_date: date
    meal: Annotated[str, Meta(pattern="^(breakfast|lunch|dinner)$")]
    booked: Annotated[int, Meta(ge=0, le=20_000)]
    came: Annotated[int, Meta(ge=0, le=20_000)] | None = None
