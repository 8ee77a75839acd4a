"""What was corrected, for those who read figures that rest on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from registry.identifiers import CanteenId

QUERIES = load_queries(Path(__file__).parent / "sql" / "corrected.sql")


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction of a weigh-in, in grams; None: taken back."""

    canteen_id: CanteenId
    weigh_in_id: UUID
    business_date: date
    meal: str
    stream: str
    weight_g_before: int | None
    weight_g: int | None
    recorded_by: str
    recorded_at: datetime


async def corrections_of(pool: Pool, canteen_ids: Sequence[int], first: date, last: date) -> list[Corrected]:
    """The corrections of weigh-ins of some canteens and days, in the order in which they were made."""
    rows = await pool.fetch(QUERIES["corrections"], list(canteen_ids), first, last)
    return [as_struct(row, Corrected) for row in rows]


async def corrected_weeks(pool: Pool, canteen_ids: Sequence[int], first: date, last: date) -> dict[int, int]:
    """How many weeks of a span of days have corrected weights, by canteen."""
    rows = await pool.fetch(QUERIES["corrected_weeks"], list(canteen_ids), first, last)
    return {row["canteen_id"]: row["weeks"] for row in rows}
