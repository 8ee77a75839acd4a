"""How a canteen's meals are booked: until when, and how many."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

from dining.schemas import MealTerms, Terms
from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from registry.meals import Meal
from registry.models import Canteen

QUERIES = load_queries(Path(__file__).parent / "sql" / "terms.sql")

CUT_OFF_MIN = 60
"""Minutes before the meal begins, where nobody set others: what is cooked fresh is cooked then (assumed)."""


async def terms_of(ledger: Connection | Pool, canteen: Canteen) -> dict[Meal, MealTerms]:
    """How each meal is booked. By default there is a booking for every seat, and no limit where seats are unknown."""
    found = {
        Meal(row["meal"]): MealTerms(Meal(row["meal"]), row["cut_off_min"], row["capacity"], default=False)
        for row in await ledger.fetch(QUERIES["terms"], canteen.book, canteen.canteen_id)
    }
    return {meal: found.get(meal) or MealTerms(meal, CUT_OFF_MIN, canteen.capacity, default=True) for meal in Meal}


async def set_terms(connection: Connection, canteen: Canteen, meal: Meal, wanted: Terms) -> None:
    """Set how a meal is booked from now on; what is booked stays."""
    await connection.execute(
        QUERIES["set_terms"], canteen.book, canteen.canteen_id, meal, wanted.cut_off_min, wanted.capacity
    )


def cut_off_of(day: date, starts: time, cut_off_min: int) -> datetime:
    """Until when a meal that starts then is booked."""
    return datetime.combine(day, starts, ZONE) - timedelta(minutes=cut_off_min)
