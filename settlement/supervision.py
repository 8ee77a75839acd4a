"""Flags for supervisors, computed from posted transfers; they never delay a payment.

A flag is a question, not a finding. It names a pseudonymous account; only a case reveals the person.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from registry.identifiers import HolderId

QUERIES = load_queries(Path(__file__).parent / "sql" / "supervision.sql")

SPEED_MAX_KMH = 120
"""Nobody travels faster than this by road between two canteens."""
DISTANCE_MIN_KM = 2
"""Canteens that are closer are not compared: people walk, and clocks differ."""

PARAMETERS: dict[str, tuple[object, ...]] = {"distant": (SPEED_MAX_KMH, DISTANCE_MIN_KM)}


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: its kind (a query of sql/supervision.sql), the official, the payments."""

    kind: str
    holder_id: HolderId
    posting_id: UUID
    other_id: UUID | None
    note: str


async def flags_of(pool: Pool, on: date) -> list[Flag]:
    """All flags of a business date, by kind."""
    found = []
    for kind, query in QUERIES.items():
        found += [as_struct(row, Flag) for row in await pool.fetch(query, on, *PARAMETERS.get(kind, ()))]
    return found
