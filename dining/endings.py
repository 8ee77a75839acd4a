"""Who pays no more does not come: his bookings and report-outs end with his account, or while it is suspended.

What was stays as it was: bookings of meals that have begun, and when the others were made and ended.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from dining.terms import cut_off_of
from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection
from registry.identifiers import Book, HolderId
from registry.opening import openings

QUERIES = load_queries(Path(__file__).parent / "sql" / "endings.sql")


async def end_for(connection: Connection, book: Book, holder_ids: Sequence[HolderId], now: datetime) -> dict[str, int]:
    """Cancel some diners' bookings of meals to come, and take their report-outs back; how many, for the audit log.

    Runs in the transaction that takes the accounts, which has their rows locked, as who books has.
    """
    today = now.astimezone(ZONE).date()
    booked = await connection.fetch(QUERIES["booked"], book, holder_ids, today)
    open_at = await openings(connection, {row["canteen_id"] for row in booked}) if booked else {}
    to_come = [
        row["booking_id"]
        for row in booked
        if row["business_date"] > today
        or not any(
            hours.meal == row["meal"] and cut_off_of(today, hours.starts, 0) <= now
            for hours in open_at[row["canteen_id"]].on(today).meals
        )
    ]
    # First the counts, in the order of their keys, as who books or cancels does.
    await connection.fetch(QUERIES["lock_meals"], book, to_come)
    cancelled = await connection.fetchval(QUERIES["cancel"], book, to_come, now)
    ended = await connection.fetchval(QUERIES["end_report_outs"], book, holder_ids, now, today)
    counts = {"bookings": cancelled, "report_outs": ended}
    return {what: count for what, count in counts.items() if count}
