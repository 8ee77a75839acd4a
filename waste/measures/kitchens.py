"""How canteens are run: what their measures are compared by. A declaration holds from a date on, never backwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from registry.identifiers import Book, CanteenId
from waste.measures.schemas import NewKitchen, Operating, Serving

QUERIES = load_queries(Path(__file__).parent / "sql" / "kitchens.sql")


@dataclass(frozen=True, slots=True)
class Kitchen:
    """A canteen, and how it served and was run when a span of days began; ``changed``: declared otherwise in it."""

    book: Book
    canteen_id: CanteenId
    serving: Serving
    operating: Operating
    changed: bool


async def set_kitchen(connection: Connection, book: Book, kitchen: NewKitchen, login: str) -> None:
    """Declare how a canteen is run and serves from today on, and set its cost of food."""
    await connection.execute(
        QUERIES["set_kitchen"], book, kitchen.canteen_id, kitchen.operating, kitchen.serving, kitchen.cost_per_kg_fen
    )
    await connection.execute(
        QUERIES["declare"], book, kitchen.canteen_id, datetime.now(ZONE).date(), kitchen.operating, kitchen.serving,
        login,
    )  # fmt: skip


async def kitchens_in(
    pool: Pool | Connection, first: date, last: date, canteen_ids: Sequence[int] | None = None
) -> list[Kitchen]:
    """Every canteen, or some, as declared for a span of days: the peer group is the one it was in when that began."""
    rows = await pool.fetch(QUERIES["kitchens"], canteen_ids, first, last)
    return [as_struct(row, Kitchen) for row in rows]
