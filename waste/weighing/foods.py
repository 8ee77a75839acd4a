"""Kinds of food and their CO2e: an editable table with sources, by date.

A factor holds from its day on, and a day's weighings keep the factor of that day: no figure that was published moves.
So a new factor begins at the earliest on the day after the last that anybody may still weigh for.
"""

from datetime import UTC, date, datetime
from pathlib import Path

from msgspec import Struct

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import INVALID, Problem
from waste.weighing.weigh_ins import AHEAD_MAX

QUERIES = load_queries(Path(__file__).parent / "sql" / "foods.sql")


class FoodFactor(Struct, frozen=True):
    """A kind of food, its CO2e in grams per kg from a day on, and who says so."""

    food: str
    valid_from: date
    name_zh: str
    name_en: str
    co2e_g_per_kg: int
    source: str


async def factors(pool: Pool) -> list[FoodFactor]:
    """All factors, also those that held before and those that will hold."""
    return [FoodFactor(**dict(row)) for row in await pool.fetch(QUERIES["foods"])]


async def set_factor(pool: Pool, factor: FoodFactor, login: str) -> None:
    """Set a factor from a future day on; of a new kind of food from any day.

    Raises Problem(INVALID) for one that would change what was weighed.
    """
    kept_until = datetime.now(ZONE).date() + AHEAD_MAX
    done = await pool.fetchval(
        QUERIES["set_factor"], factor.food, factor.valid_from, factor.name_zh, factor.name_en, factor.co2e_g_per_kg,
        factor.source, login, datetime.now(UTC), kept_until,
    )  # fmt: skip
    if done is None:
        raise Problem(INVALID, f"what is weighed until {kept_until} keeps its factor: valid_from is later")
