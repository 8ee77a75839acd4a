"""An agency ends once nobody has money with it, and it neither owes nor is owed any."""

from pathlib import Path

from foundation.catalogue import Phrase
from foundation.money import yuan
from foundation.named_sql import load_queries
from foundation.postgres import Connection
from registry.models import Agency

QUERIES = load_queries(Path(__file__).parent / "sql" / "endings.sql")


async def money_left(connection: Connection, agency: Agency) -> list[Phrase]:
    """What of an agency's money is not settled: open accounts, purses, the open day's payments, unsettled cycles."""
    [[accounts, purse_fen]] = await connection.fetch(QUERIES["accounts"], agency.book, agency.agency_id)
    payments = await connection.fetchval(QUERIES["open_payments"], agency.agency_id)
    cycles = [str(row["cycle_date"]) for row in await connection.fetch(QUERIES["unsettled"], agency.agency_id)]
    left = {
        "accounts": {"count": accounts},
        "purses": {"yuan": yuan(purse_fen)} if purse_fen else {},
        "payments": {"count": payments},
        "cycles": {"days": ", ".join(cycles)} if cycles else {},
    }
    return [
        Phrase(f"{what} {next(iter(params.values()))}", f"member.left.{what}", params)
        for what, params in left.items()
        if any(params.values())
    ]
