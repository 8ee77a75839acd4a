"""The hours of a played day.

A demo plays a business day in a minute, whenever somebody wants to see it, and gives each payment the hour at which it
would have been made. Most of these hours are ahead of the clock, or long past, so a centre beside a demo city takes
them (``onecard/demo_server.py``). Every other centre keeps to its clock (``terminals.verification.is_in_time``).
"""

import random
import time
from datetime import date, datetime, timedelta

from demo.city import MEAL_TIMES
from foundation.calendar import ZONE

DAYS_AHEAD = 2
"""As far ahead as days can be played: kitchens weigh no later day (``waste.weighing.weigh_ins``)."""
DAYS_BACK = 1
LAST_CALL_S = 900


def is_in_played_time(purchased_at: int) -> bool:
    """Whether a demo's centre takes a payment with this time of purchase, in seconds since 1970."""
    ahead_s = purchased_at - time.time()
    return -DAYS_BACK * 86_400 <= ahead_s <= (DAYS_AHEAD + 1) * 86_400


def can_be_played(business_date: date, now: datetime) -> bool:
    """Whether the meals of a business day can be played now."""
    return business_date <= now.astimezone(ZONE).date() + timedelta(days=DAYS_AHEAD)


def time_in_meal(business_date: date, meal: str, chance: random.Random) -> int:
    """A moment of a meal on a day, in seconds since 1970: most come in the middle, nobody in its last quarter of an
    hour."""
    starts, ends = (datetime.combine(business_date, at, ZONE).timestamp() for at in MEAL_TIMES[meal])
    return int(chance.triangular(starts, ends - LAST_CALL_S))
