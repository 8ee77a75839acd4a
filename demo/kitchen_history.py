"""Eighteen months of the demo city's kitchens: covers, forecasts and weighings, written as rows.

Covers follow weekday, holiday, weather and trend. The same seed gives the same rows.
"""

import math
import random
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from demo.city import CANTEENS, COOKED_G_PER_COVER, MEALS_PER_LUNCH, WASTE_SHARES, DemoCanteen, Manner
from demo.kitchen_manners import MATERIAL_COLUMNS, MATERIAL_MONTHS, manners_begin, materials, snacks, weighed
from foundation.calendar import ZONE, is_working_day
from registry.models import Canteen
from waste.materials.checks import check_months
from waste.measures.models import Kitchen, KitchenDeclaration
from waste.weighing.weigh_ins import sum_up

HISTORY_DAYS = 548
SEED = 35
WEEK = (1.0, 1.04, 1.02, 1.0, 0.88, 0.12, 0.08)
BRIDGE, GUESTS_SHARE = 0.78, 0.05
FORECAST_DAYS, COOK_MORE = 220, 1.3
"""Days of stored forecasts."""
USUAL_FEN = {"breakfast": 500, "lunch": 1_200, "dinner": 1_200}
"""What a cover paid, about."""
WEIGHED = 0.94
"""Share of all meals that is weighed."""


def covers_of(usual: int, first: date, days: int, seed: int) -> list[tuple[int, int]]:
    """Covers and registered guests of one canteen's meal, day by day."""
    chance = np.random.default_rng(seed)
    week = np.array(WEEK) * np.exp(chance.normal(0, 0.05, 7))
    trend, weather, made = chance.normal(0, 0.0003), 0.0, []
    for n in range(days):
        day = first + timedelta(days=n)
        weather = 0.8 * weather + chance.normal(0, 0.04)
        works = is_working_day(day)
        # A make-up working day counts as a Friday, a holiday as a Sunday.
        share = week[day.weekday()] if works == (day.weekday() < 5) else week[4 if works else 6]
        if works and day.weekday() != 4 and not is_working_day(day + timedelta(days=1)):
            share *= BRIDGE
        guests = int(chance.poisson(GUESTS_SHARE * usual)) if works and chance.random() < 0.3 else 0
        made.append((int(chance.poisson(usual * share * math.exp(trend * n + weather)) + guests), guests))
    return made


def weights_of(covers: int, chance: np.random.Generator, careful: float) -> dict[str, int]:
    """Grams of a meal by stream; ``careful`` is the kitchen's waste relative to a usual one."""
    eaten = covers * COOKED_G_PER_COVER
    waste = {s: round(eaten * share * careful * math.exp(chance.normal(0, 0.15))) for s, share in WASTE_SHARES.items()}
    return {s: g for s, g in {**waste, "prepared": eaten + waste["unserved"] + waste["plate"]}.items() if g > 0}


def expected_of(covers: list[int]) -> list[tuple[int, int, int]]:
    """Day, covers and what to cook for, as the kitchens forecast before: the mean of the last four same weekdays."""
    made = []
    for n in range(len(covers) - FORECAST_DAYS, len(covers)):
        mean = sum(covers[n - 7 * weeks] for weeks in (1, 2, 3, 4)) / 4
        made.append((n, round(mean), math.ceil(mean * COOK_MORE)))
    return made


def _at(first: date, day: int) -> datetime:
    return datetime.combine(first + timedelta(days=day - 1), time(22, 10), ZONE)


async def load_kitchen_history(db: AsyncSession, last: date) -> None:
    """Write the covers and weighings of the months up to a day, and how the kitchens are run."""
    first = last - timedelta(days=HISTORY_DAYS - 1)
    canteens = list(await db.scalars(select(Canteen).order_by(Canteen.canteen_id)))
    raw = (await (await db.connection()).get_raw_connection()).driver_connection
    assert raw is not None
    covers: list[tuple[Any, ...]] = []
    weigh_ins: list[tuple[Any, ...]] = []
    expected: list[tuple[Any, ...]] = []
    entries: list[tuple[Any, ...]] = []
    for number, (canteen, described) in enumerate(zip(canteens, CANTEENS, strict=True)):
        db.add(
            Kitchen(book=canteen.book, canteen_id=canteen.canteen_id, operating=described.operating,
                    serving=described.serving, cost_per_kg_fen=None)
        )  # fmt: skip
        db.add(
            KitchenDeclaration(book=canteen.book, canteen_id=canteen.canteen_id, valid_from=first,
                               operating=described.operating, serving=described.serving, declared_by="demo",
                               declared_at=_at(first, 0))
        )  # fmt: skip
        months: dict[date, Counter[str]] = {}
        for place, (meal, share) in enumerate(MEALS_PER_LUNCH.items()):
            seed = SEED + 10 * number + place
            days = covers_of(round(described.lunches * share), first, HISTORY_DAYS, seed)
            covers += _cover_days(canteen, meal, first, days, described.manner)
            expected += [
                (canteen.book, canteen.canteen_id, first + timedelta(days=n), meal, covers, cook_for, _at(first, n))
                for n, covers, cook_for in expected_of([count for count, _ in days])
            ]
            weigh_ins += _weigh_ins(canteen, meal, first, days, seed, described, months)
        whole = sorted(months)[-MATERIAL_MONTHS - 1 : -1]
        numbers = random.Random(SEED + number)  # noqa: S311 - a demo
        entries += materials(canteen, {month: months[month] for month in whole}, numbers)
    await db.flush()
    # COPY: tens of thousands of rows must not slow down the first start.
    await raw.copy_records_to_table("cover_day", records=covers, columns=COVER_COLUMNS)
    await raw.copy_records_to_table("cover_forecast", records=expected, columns=FORECAST_COLUMNS)
    await raw.copy_records_to_table("weigh_in", records=weigh_ins, columns=WEIGH_IN_COLUMNS)
    await raw.copy_records_to_table("material_entry", records=entries, columns=MATERIAL_COLUMNS)
    for book in sorted({canteen.book for canteen in canteens}):
        mine = [canteen.canteen_id for canteen in canteens if canteen.book == book]
        await sum_up(raw, book, mine, first, last)
    await check_months(raw, last + timedelta(days=1))


COVER_COLUMNS = (
    "book", "canteen_id", "business_date", "meal", "covers", "covers_gross", "cheap", "paid_fen", "guests",
)  # fmt: skip
FORECAST_COLUMNS = ("book", "canteen_id", "business_date", "meal", "covers", "cook_for", "made_at")
WEIGH_IN_COLUMNS = (
    "book", "weigh_in_id", "canteen_id", "business_date", "meal", "stream", "weight_g", "source", "recorded_by",
    "recorded_at",
)  # fmt: skip


def _cover_days(
    canteen: Canteen, meal: str, first: date, days: list[tuple[int, int]], manner: Manner
) -> list[tuple[Any, ...]]:
    begin, made = manners_begin(first + timedelta(days=len(days) - 1)), []
    for n, (count, guests) in enumerate(days):
        day = first + timedelta(days=n)
        cheap = snacks(manner, count) if day >= begin else 0
        made.append((canteen.book, canteen.canteen_id, day, meal, count, count, cheap, count * USUAL_FEN[meal], guests))
    return made


def _weigh_ins(
    canteen: Canteen, meal: str, first: date, days: list[tuple[int, int]], seed: int, described: DemoCanteen,
    months: dict[date, Counter[str]],
) -> list[tuple[Any, ...]]:  # fmt: skip
    """A kitchen's meals, as it weighed most of them; what there was is added to ``months``."""
    chance, numbers, made = np.random.default_rng(seed), random.Random(seed), []  # noqa: S311 - a demo
    begin = manners_begin(first + timedelta(days=len(days) - 1))
    for n, (covers, _) in enumerate(days):
        if covers == 0:
            continue
        day = first + timedelta(days=n)
        at = datetime.combine(day, time(14), ZONE)
        grams = weights_of(covers, chance, described.waste)
        months.setdefault(day.replace(day=1), Counter()).update(grams)
        if chance.random() > WEIGHED:
            continue
        recorded = weighed(described.manner if day >= begin else "honest", grams, chance)
        made += [
            (canteen.book, UUID(int=numbers.getrandbits(128), version=4), canteen.canteen_id, day, meal, stream, weight,
             "scale", "scale", at)
            for stream, weight in recorded.items()
        ]  # fmt: skip
    return made
