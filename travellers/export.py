"""A copy of all that is kept of an official, as one file (PIPL, article 45)."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from dining.bookings import all_bookings_of
from dining.offers import Diner
from dining.report_outs import report_outs_of
from dining.schemas import Bookings
from foundation.calendar import ZONE
from foundation.keys import KeyRing
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from registry.models import Database, Official
from terminals.people import whole_file
from terminals.people_schemas import OfficialFile
from terminals.rosters import name_of
from travellers import account, consents
from travellers.callers import Caller
from travellers.schemas import Consents, Movement, MyVisit

QUERIES = load_queries(Path(__file__).parent / "sql" / "export.sql")

POSTINGS_MAX = 100_000
"""More than a working life has."""


class Export(Struct):
    """All that is kept of an official. Money in fen."""

    made_at: datetime
    name: str
    account: OfficialFile
    movements: list[Movement]
    visits: list[MyVisit]
    bookings: Bookings
    consents: Consents
    consent_history: list[dict[str, Any]]
    payments_by_sheet: list[dict[str, Any]]
    top_ups_by_phone: list[dict[str, Any]]
    identities: list[dict[str, Any]]
    sessions: list[dict[str, Any]]


async def copy_of(database: Database, ledger: Pool, keys: KeyRing, caller: Caller) -> Export:
    """The copy. It shows the caller's own name."""
    async with database() as db:
        official = await db.get_one(Official, (caller.book, caller.holder_id))
        file = await whole_file(db, ledger, official)
    first = await ledger.fetchval(QUERIES["first_day"], caller.book)
    days = first, datetime.now(ZONE).date() + timedelta(days=2)

    diner, ever = Diner(caller.book, caller.holder_id), (date.min, date.max)

    async def rows(query: str, *values: int) -> list[dict[str, Any]]:
        return [dict(row) for row in await ledger.fetch(QUERIES[query], *values)]

    return Export(
        datetime.now(UTC),
        name_of(keys, official),
        file,
        (await account.movements_of(ledger, caller, days, limit=POSTINGS_MAX)).items,
        await account.visits_of(ledger, caller),
        Bookings(await all_bookings_of(ledger, diner), await report_outs_of(ledger, diner, *ever)),
        await consents.consents_of(ledger, caller),
        await consents.history_of(ledger, caller),
        await rows("sheet_payments", caller.book, caller.holder_id),
        await rows("orders", caller.book, caller.holder_id),
        await rows("identities", caller.holder_id),
        await rows("sessions", caller.holder_id),
    )
