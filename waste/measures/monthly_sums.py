"""Monthly sums of each canteen's meals, recomputed with every weigh-in and every closed day.

Measures of months, quarters and years read these sums, so that nobody waits for millions of weigh-ins. One transaction
at a time changes a canteen's weights or covers (``lock_canteens``); it recomputes the months last.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Connection

QUERIES = load_queries(Path(__file__).parent / "sql" / "monthly_sums.sql")

REFRESH_TIMEOUT_S = 600
"""Years of a large region's canteens at once."""


async def lock_canteens(connection: Connection, canteen_ids: Iterable[int]) -> None:
    """Lock canteens until the transaction ends. Call it before reading anything that the sums depend on."""
    await connection.execute(QUERIES["lock_canteens"], sorted(set(canteen_ids)))


async def refresh_months(
    connection: Connection, book: int, canteen_ids: Sequence[int], first: date, last: date
) -> None:
    """Recompute the sums of the months from ``first`` to ``last``, in the caller's transaction."""
    await connection.execute(QUERIES["refresh_months"], book, list(canteen_ids), first, last, timeout=REFRESH_TIMEOUT_S)
