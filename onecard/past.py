"""Eighteen months of the demo city: covers by weekday, holiday, weather and trend, and what its kitchens weighed.

The same seed gives the same past.
"""

import math
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

import waste
from registry.days import ZONE, is_working_day
from registry.models import Canteen
from registry.named_sql import load_queries
from waste.models import CoverDay, Kitchen, WeighIn

SQL = Path(waste.__file__).parent / "sql"
MONTHS_DAYS = 548
SEED = 35
LUNCHES = (620, 430, 380, 140, 300, 90, 510)
"""Usual lunches of the demo city's canteens, in the order of their numbers."""
SHARES = {"breakfast": 0.35, "lunch": 1.0, "dinner": 0.22}
WEEK = (1.0, 1.04, 1.02, 1.0, 0.88, 0.12, 0.08)
BRIDGE, GUESTS_SHARE = 0.78, 0.05
SERVING = ("buffet", "buffet", "set_meal", "buffet", "a_la_carte", "set_meal", "buffet")
CAREFUL = (0.8, 1.1, 0.7, 1.3, 0.9, 1.0, 0.6)
"""How much of the usual share a kitchen wastes, in the order of the canteens."""
WEIGHED = 0.94
"""Of a hundred lunches so many are weighed."""


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


def weights_of(covers: int, chance: np.random.Generator, careful: float) -> dict[str, int]:
    """What a kitchen weighs of a meal, in grams; ``careful``: how much less than usual it wastes."""
    eaten = covers * 520
    shares = {"preparation": 0.045, "unserved": 0.05, "plate": 0.085, "inedible": 0.03}
    waste = {s: round(eaten * share * careful * math.exp(chance.normal(0, 0.15))) for s, share in shares.items()}
    return {s: g for s, g in {**waste, "prepared": eaten + waste["unserved"] + waste["plate"]}.items() if g > 0}


async def load_past(session: AsyncSession, last: date) -> None:
    """Write the covers and weighings of the months up to a day, and how the kitchens are run."""
    first = last - timedelta(days=MONTHS_DAYS - 1)
    canteens = list(await session.scalars(select(Canteen).order_by(Canteen.canteen_id)))
    for number, canteen in enumerate(canteens):
        serving, operating = SERVING[number % len(SERVING)], ("self_run", "contracted")[number % 3 == 2]
        session.add(
            Kitchen(book=canteen.book, canteen_id=canteen.canteen_id, operating=operating, serving=serving,
                    cost_per_kg_fen=None)
        )  # fmt: skip
        for place, (meal, share) in enumerate(SHARES.items()):
            usual = round(LUNCHES[number % len(LUNCHES)] * share)
            seed = SEED + 10 * number + place
            days = covers_of(usual, first, MONTHS_DAYS, seed)
            rows = [
                {"book": canteen.book, "canteen_id": canteen.canteen_id, "business_date": first + timedelta(days=n),
                 "meal": meal, "covers": covers, "guests": guests}
                for n, (covers, guests) in enumerate(days)
            ]  # fmt: skip
            await session.execute(insert(CoverDay), rows)
            if meal == "lunch":
                await session.execute(insert(WeighIn), _weigh_ins(rows, seed, CAREFUL[number % len(CAREFUL)]))
    await session.flush()
    await session.execute(text(load_queries(SQL / "waste.sql")["sum_up_all"]))
    refresh = load_queries(SQL / "measures.sql")["refresh_months"]
    connection = await session.connection()
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None
    for book in sorted({canteen.book for canteen in canteens}):
        mine = [canteen.canteen_id for canteen in canteens if canteen.book == book]
        await raw.execute(refresh, book, mine, first, last)


def _weigh_ins(rows: list[dict[str, Any]], seed: int, careful: float) -> list[dict[str, Any]]:
    """A kitchen's lunches, as it weighed most of them."""
    chance, made = np.random.default_rng(seed), []
    for row in rows:
        if row["covers"] == 0 or chance.random() > WEIGHED:
            continue
        at = datetime.combine(row["business_date"], time(14), ZONE)
        made += [
            {"book": row["book"], "weigh_in_id": UUID(bytes=chance.bytes(16), version=4),
             "canteen_id": row["canteen_id"], "business_date": row["business_date"], "meal": row["meal"],
             "stream": stream, "weight_g": grams, "source": "scale", "recorded_by": "scale", "recorded_at": at}
            for stream, grams in weights_of(row["covers"], chance, careful).items()
        ]  # fmt: skip
    return made
