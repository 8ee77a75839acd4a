"""Kinds of food and their CO2e: an editable table with sources, by date.

A factor holds from its day on, and the weigh-ins of a day keep the factor of that day, so that published figures do not
change. A new factor therefore begins after the last day that anybody may still record weigh-ins for.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import INVALID, Problem
from registry.models import Canteen
from waste.weighing.schemas import FoodFactor, FoodWaste
from waste.weighing.weigh_ins import AHEAD_MAX

QUERIES = load_queries(Path(__file__).parent / "sql" / "foods.sql")


async def factors(pool: Pool) -> list[FoodFactor]:
    """All factors: past, present and future ones."""
    return [as_struct(row, FoodFactor) for row in await pool.fetch(QUERIES["foods"])]


async def wasted(pool: Pool, canteen: Canteen, first: date, last: date) -> list[FoodWaste]:
    """What a canteen wasted of each kind of food from one day to another, the most first."""
    rows = await pool.fetch(QUERIES["wasted"], canteen.book, canteen.canteen_id, first, last)
    return [as_struct(row, FoodWaste) for row in rows]


async def set_factor(connection: Connection, factor: FoodFactor, login: str) -> None:
    """Set a factor from a future day on, or of a new kind of food from any day, in the caller's transaction.

    Raises Problem(INVALID) for a day that weigh-ins may already have.
    """
    kept_until = datetime.now(ZONE).date() + AHEAD_MAX
    done = await connection.fetchval(
        QUERIES["set_factor"], factor.food, factor.valid_from, factor.name_zh, factor.name_en, factor.co2e_g_per_kg,
        factor.source, login, datetime.now(UTC), kept_until,
    )  # fmt: skip
    if done is None:
        raise Problem(INVALID, "weighing.factor_too_early", first=kept_until + timedelta(days=1))
