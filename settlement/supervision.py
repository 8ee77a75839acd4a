"""Flags for supervision: what a supervisor should look at, computed after the fact and never in a payment's way.

A flag is a question, no verdict. It names a pseudonymous account; whom it belongs to takes a case.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from foundation.named_sql import load_queries
from foundation.postgres import Pool

QUERIES = load_queries(Path(__file__).parent / "sql" / "supervision.sql")

SPEED_MAX_KMH = 120
"""Faster than this between two canteens nobody travels by road."""
DISTANCE_MIN_KM = 2
"""Nearer canteens are walked to, and clocks differ."""

PARAMETERS: dict[str, tuple[object, ...]] = {"distant": (SPEED_MAX_KMH, DISTANCE_MIN_KM)}


@dataclass(frozen=True, slots=True)
class Flag:
    """One question: its kind (a query of sql/supervision.sql), the account, the payments."""

    kind: str
    holder_id: int
    posting_id: UUID
    other_id: UUID | None
    note: str


async def flags_of(pool: Pool, on: date) -> list[Flag]:
    """All flags of a business date, by kind."""
    found = []
    for kind, query in QUERIES.items():
        found += [Flag(*row) for row in await pool.fetch(query, on, *PARAMETERS.get(kind, ()))]
    return found
