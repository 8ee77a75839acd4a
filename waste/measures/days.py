"""A day's waste against its covers."""

from datetime import date
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from registry.models import Canteen
from settlement.covers import covers_on
from waste.measures.per_cover import Measures, measure

QUERIES = load_queries(Path(__file__).parent / "sql" / "days.sql")


async def measures_on(ledger: Pool, canteens: dict[int, Canteen], on: date) -> dict[tuple[int, str], Measures]:
    """Measures of a business date by (canteen, meal), for every meal that has covers or weights."""
    weights: dict[tuple[int, str], dict[str, int]] = {}
    for row in await ledger.fetch(QUERIES["weights"], on, list(canteens)):
        weights.setdefault((row["canteen_id"], row["meal"]), {})[row["stream"]] = row["weight_g"]
    covers = await covers_on(ledger, list(canteens), on)
    meals = sorted(weights.keys() | covers.keys())
    return {meal: measure(weights.get(meal, {}), covers.get(meal, 0)) for meal in meals}
