"""The year's end of meal money: what is left of a past year goes back to the agency, where a region's rules say so.

Chenzhou's purse works so (the year-end balance goes back to the unit); other regions let it stay. The rule in force
on 31 December decides, and money granted since is not touched (see ``sql/lapse.sql``).
"""

from dataclasses import dataclass
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Pool

QUERIES = load_queries(Path(__file__).parent / "sql" / "ledger.sql")

LAPSE = "SELECT * FROM lapse_subsidies($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class Lapse:
    """What went back to one agency."""

    agency_id: int
    year: int
    purses: int
    subsidy_fen: int


async def lapse_due(pool: Pool) -> list[Lapse]:
    """Let lapse what is due: per agency in a transaction of its own, once per year, whoever calls how often."""
    lapsed = []
    for book, agency_id, year_end in await pool.fetch(QUERIES["lapses_due"]):
        row = await pool.fetchrow(LAPSE, book, agency_id, year_end)
        if row is not None:
            lapsed.append(Lapse(agency_id, year_end.year, row["purses"], row["subsidy_fen"]))
    return lapsed
