"""How canteens are run: what their measures are compared by."""

from pathlib import Path

from foundation.named_sql import load_queries
from foundation.postgres import Connection
from registry.identifiers import Book
from waste.measures.schemas import NewKitchen

QUERIES = load_queries(Path(__file__).parent / "sql" / "kitchens.sql")


async def set_kitchen(connection: Connection, book: Book, kitchen: NewKitchen) -> None:
    """Set how a canteen is run and serves, and its cost of food; replaces what was set before."""
    await connection.execute(
        QUERIES["set_kitchen"], book, kitchen.canteen_id, kitchen.operating, kitchen.serving, kitchen.cost_per_kg_fen
    )
