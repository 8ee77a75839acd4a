"""What canteens sell while they sell it: meals by minute and by terminal, and what was refused. Nobody is named."""

from collections import Counter
from datetime import date, datetime, time
from pathlib import Path
from typing import NamedTuple

import asyncpg

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from registry.meals import Meal

QUERIES = load_queries(Path(__file__).parent / "sql" / "sold.sql")

REQUESTS_MAX = 2_000
"""Of a terminal, looked through for refusals: more than a till has in a day."""


class Minute(NamedTuple):
    """A minute of a business date in which a meal was sold."""

    business_date: date
    meal: Meal
    at: time


async def sold_by_minute(ledger: Pool, canteen_ids: list[int], days: list[date]) -> Counter[Minute]:
    """Meals sold on some business dates, net of voids, by the minute at which they were."""
    rows = await ledger.fetch(QUERIES["by_minute"], days, canteen_ids, ZONE.key)
    return Counter({Minute(row["business_date"], Meal(row["meal"]), row["minute"]): row["sold"] for row in rows})


async def sold_by_terminal(ledger: Pool, canteen_ids: list[int], on: date) -> list[asyncpg.Record]:
    """Canteen, terminal (null: its sheets), meals sold, and when the last one was."""
    return await ledger.fetch(QUERIES["by_terminal"], on, canteen_ids)


async def refusals_since(ledger: Pool, canteen_ids: list[int], since: datetime) -> dict[str, int]:
    """How often payments were refused, by reason, the most frequent first."""
    refused: Counter[str] = Counter()
    for known in await ledger.fetch(QUERIES["terminals"], canteen_ids):
        devices = known["book"], known["terminal_ids"], known["epochs"]
        rows = await ledger.fetch(QUERIES["refusals"], *devices, since, REQUESTS_MAX)
        refused.update({row["refusal"]: row["times"] for row in rows})
    return dict(refused.most_common())
