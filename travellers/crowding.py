"""How full a canteen is: who paid in the last minutes, against its seats; pure.

Assumed: a diner stays 25 minutes, so who paid within them still sits; and who is still expected comes evenly until the
meal ends. Nothing is said of a canteen whose seats are unknown, or of which no payment has come at this meal.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

STAY = timedelta(minutes=25)

FULL_PERCENT, BUSY_PERCENT, USUAL_PERCENT = 95, 65, 30


class Level(StrEnum):
    """How full it is, in words."""

    QUIET = "quiet"
    USUAL = "usual"
    BUSY = "busy"
    FULL = "full"


class Crowding(Struct):
    """The share of seats that are taken at a moment, and on average for the rest of the meal."""

    level: Level
    taken_percent: int
    """Diners of the last 25 minutes in percent of the seats; above 100 where they sit shorter."""
    expected_percent: int | None
    """What the forecast makes of the rest of the meal; null without a forecast."""
    computed_at: datetime


def level_of(taken_percent: int) -> Level:
    """The word for a share of seats."""
    if taken_percent >= FULL_PERCENT:
        return Level.FULL
    if taken_percent >= BUSY_PERCENT:
        return Level.BUSY
    return Level.USUAL if taken_percent >= USUAL_PERCENT else Level.QUIET


def crowding_of(
    seats: int | None,
    diners: int | None,
    forecast: int | None,
    meal: tuple[datetime, datetime],
    at: datetime,
) -> Crowding | None:
    """How full a canteen is at ``at``, during a meal; None where it is not known.

    ``diners``: who paid within ``STAY``; None: nobody. ``forecast``: covers of the whole meal.
    """
    if seats is None or diners is None:
        return None
    taken = max(0, diners) * 100 // seats
    return Crowding(level_of(taken), taken, _expected(seats, forecast, meal), at)


def _expected(seats: int, forecast: int | None, meal: tuple[datetime, datetime]) -> int | None:
    """Who sits at a time on average: covers of the meal, each for ``STAY``, over its length."""
    starts, ends = meal
    if forecast is None:
        return None
    return round(forecast * STAY / (ends - starts) * 100 / seats)
