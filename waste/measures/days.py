"""The waste of one business day against its covers."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from registry.identifiers import CanteenId
from registry.meals import Meal
from settlement.covers import covers_on
from waste.measures.per_cover import Measures, measure
from waste.measures.streams import Stream

QUERIES = load_queries(Path(__file__).parent / "sql" / "days.sql")

CanteenMeal = tuple[CanteenId, Meal]


async def measures_on(ledger: Pool, canteen_ids: Iterable[int], on: date) -> dict[CanteenMeal, Measures]:
    """Measures of a business date by canteen and meal, for every meal that has covers or weights."""
    numbers = list(canteen_ids)
    weights: dict[CanteenMeal, dict[Stream, int]] = {}
    corrected: dict[CanteenMeal, int] = {}
    for row in await ledger.fetch(QUERIES["weights"], on, numbers):
        of = CanteenId(row["canteen_id"]), Meal(row["meal"])
        weights[of] = {stream: row[stream] for stream in Stream if row[stream] is not None}
        corrected[of] = row["corrected"]
    counted = await covers_on(ledger, numbers, on)
    covers = {(CanteenId(canteen_id), Meal(meal)): found.net for (canteen_id, meal), found in counted.items()}
    meals = sorted(weights.keys() | covers.keys())
    return {meal: measure(weights.get(meal, {}), covers.get(meal, 0), corrected.get(meal, 0)) for meal in meals}
