"""Eighteen months of the demo city's covers: weekdays, holidays, weather and trend, the same for the same seed."""

import math
from datetime import date, timedelta

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.days import is_working_day
from registry.models import Canteen
from waste.models import CoverDay

MONTHS_DAYS = 548
SEED = 35
LUNCHES = (620, 430, 380, 140, 300, 90, 510)
"""Usual lunches of the demo city's canteens, in the order of their numbers."""
SHARES = {"breakfast": 0.35, "lunch": 1.0, "dinner": 0.22}
WEEK = (1.0, 1.04, 1.02, 1.0, 0.88, 0.12, 0.08)
BRIDGE, GUESTS_SHARE = 0.78, 0.05


def covers_of(usual: int, first: date, days: int, seed: int) -> list[tuple[int, int]]:
    """Covers and registered guests of one canteen's meal, day by day."""
    chance = np.random.default_rng(seed)
    week = np.array(WEEK) * np.exp(chance.normal(0, 0.05, 7))
    trend, weather, made = chance.normal(0, 0.0003), 0.0, []
    for n in range(days):
        day = first + timedelta(days=n)
        weather = 0.8 * weather + chance.normal(0, 0.04)
        works = is_working_day(day)
        # A make-up day is worked like a Friday; who is on duty on a holiday eats as on a Sunday.
        share = week[day.weekday()] if works == (day.weekday() < 5) else week[4 if works else 6]
        if works and day.weekday() != 4 and not is_working_day(day + timedelta(days=1)):
            share *= BRIDGE
        guests = int(chance.poisson(GUESTS_SHARE * usual)) if works and chance.random() < 0.3 else 0
        made.append((int(chance.poisson(usual * share * math.exp(trend * n + weather)) + guests), guests))
    return made


async def load_past(session: AsyncSession, last: date) -> None:
    """Write the covers of the months up to a day."""
    first = last - timedelta(days=MONTHS_DAYS - 1)
    canteens = await session.scalars(select(Canteen).order_by(Canteen.canteen_id))
    for number, canteen in enumerate(canteens):
        for place, (meal, share) in enumerate(SHARES.items()):
            usual = round(LUNCHES[number % len(LUNCHES)] * share)
            days = covers_of(usual, first, MONTHS_DAYS, SEED + 10 * number + place)
            rows = [
                {"book": canteen.book, "canteen_id": canteen.canteen_id, "business_date": first + timedelta(days=n),
                 "meal": meal, "covers": covers, "guests": guests}
                for n, (covers, guests) in enumerate(days)
            ]  # fmt: skip
            await session.execute(insert(CoverDay), rows)
