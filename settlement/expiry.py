"""Year-end lapse of meal money: what is left of a past year returns to the agency where the region's rules say so.

Chenzhou does this; other regions let the money stay. The rule that is valid on 31 December decides, and money granted
since is not touched (see ``sql/lapse.sql``).
"""

from dataclasses import dataclass
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from registry.identifiers import AgencyId

QUERIES = load_queries(Path(__file__).parent / "sql" / "ledger.sql")

LAPSE = "SELECT * FROM lapse_subsidies($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class Lapse:
    """The meal money that returned to one agency, in fen."""

    agency_id: AgencyId
    year: int
    purses: int
    subsidy_fen: int


async def lapse_due(pool: Pool) -> list[Lapse]:
    """Post the lapses that are due, each agency in a transaction of its own; a year lapses once."""
    lapsed = []
    for due in await pool.fetch(QUERIES["lapses_due"]):
        row = await pool.fetchrow(LAPSE, due["book"], due["agency_id"], due["year_end"])
        if row is not None:
            lapsed.append(Lapse(due["agency_id"], due["year_end"].year, row["purses"], row["subsidy_fen"]))
    return lapsed
