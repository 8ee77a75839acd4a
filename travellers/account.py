"""What is an official's own in the ledger: purses, movements, months, receipts, visits."""

import base64
import binascii
from calendar import monthrange
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated
from uuid import UUID

import asyncpg
from msgspec import Meta, MsgspecError, json

from foundation.calendar import ZONE
from foundation.keys import KeyRing
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import INVALID, NOT_FOUND, Problem
from registry.lists.listing import is_within_calendar
from registry.states import VisitRequestState
from settlement.ledger import balances
from settlement.tariff import SubsidyExpiry
from settlement.transfers import TransferKind
from terminals import receipts
from travellers.callers import Caller
from travellers.schemas import Month, MonthAtCanteen, Movement, Movements, MyPurses, MyVisit, VisitState

QUERIES = load_queries(Path(__file__).parent / "sql" / "account.sql")

VISITS_MAX = 200
MONTH_POSTINGS_MAX = 1_000
"""More than anybody has in a month."""

FOR_MEALS = (TransferKind.PAYMENT, TransferKind.REVERSAL, TransferKind.REFUND)
LedgerTime = Annotated[datetime, Meta(tz=True)]
WITH_RECEIPT = (TransferKind.PAYMENT, TransferKind.WORKING_MEAL)


async def purses_of(ledger: Pool, caller: Caller) -> MyPurses:
    """An official's purses."""
    held = await balances(ledger, caller.book, caller.holder_id)
    day = await ledger.fetchrow(QUERIES["open_day"], caller.book)
    assert day is not None
    lapses = day["subsidy_expires"] == SubsidyExpiry.YEAR_END
    lapses_on = date(day["business_date"].year, 12, 31) if lapses else None
    return MyPurses(held.get("cash", 0), held.get("subsidy", 0), lapses_on)


def days_of(month: str) -> tuple[date, date]:
    """The first and the last day of a month such as ``2026-11``; raises Problem(INVALID)."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Problem(INVALID, "traveller.month") from None
    return first, first.replace(day=monthrange(first.year, first.month)[1])


async def movements_of(
    ledger: Pool,
    caller: Caller,
    days: tuple[date, date],
    canteen_id: int | None = None,
    after: str | None = None,
    limit: int = MONTH_POSTINGS_MAX,
) -> Movements:
    """An official's postings of some days, latest first; ``after``: ``next`` of the page before.

    Raises Problem(INVALID) for an altered one.
    """
    behind = (None, None) if after is None else _read_place(after)
    rows = await ledger.fetch(
        QUERIES["movements"], caller.book, caller.holder_id, *days, canteen_id, *behind, limit + 1
    )
    shown = [_movement(row) for row in rows[:limit]]
    return Movements(shown, _place(shown[-1]) if len(rows) > limit else None)


def _place(last: Movement) -> str:
    return base64.urlsafe_b64encode(json.encode([last.posted_at, last.number])).decode().rstrip("=")


def _read_place(text: str) -> tuple[datetime, UUID]:
    try:
        place = json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=tuple[LedgerTime, UUID])
    except (binascii.Error, ValueError, MsgspecError):
        raise Problem(INVALID, "list.place") from None
    if not is_within_calendar(place[0]):
        raise Problem(INVALID, "list.place")
    return place


def _movement(row: asyncpg.Record) -> Movement:
    receipt = f"/r/{row['number']}" if row["kind"] in WITH_RECEIPT else None
    return Movement(**(dict(row) | {"kind": TransferKind(row["kind"])}), receipt=receipt)


async def months_of(ledger: Pool, caller: Caller, first: str, last: str) -> list[Month]:
    """An official's months from one to another, those without a movement left out. Raises Problem(INVALID)."""
    (begins, _), (_, ends) = days_of(first), days_of(last)
    if not 0 <= (ends - begins).days <= 366:
        raise Problem(INVALID, "traveller.months")
    rows = await ledger.fetch(QUERIES["months"], caller.book, caller.holder_id, begins, ends)
    return [_month(month, list(found)) for month, found in groupby(rows, lambda row: row["month"])]


def _month(month: date, rows: list[asyncpg.Record]) -> Month:
    def of(*kinds: TransferKind) -> int:
        return sum(row["cash_change_fen"] + row["subsidy_change_fen"] for row in rows if row["kind"] in kinds)

    canteens = [_at_canteen(list(found)) for _, found in groupby(rows, lambda row: row["canteen_id"])]
    return Month(
        month,
        sum(row["meals"] for row in rows),
        -of(*FOR_MEALS),
        sum(row["host_fen"] for row in rows),
        of(TransferKind.TOP_UP),
        of(TransferKind.GRANT),
        -of(TransferKind.PAYOUT),
        -of(TransferKind.LAPSE),
        sum(row["cash_change_fen"] for row in rows),
        sum(row["subsidy_change_fen"] for row in rows),
        [one for one in canteens if one is not None],
    )


def _at_canteen(rows: list[asyncpg.Record]) -> MonthAtCanteen | None:
    first = rows[0]
    if first["canteen_id"] is None:
        return None
    return MonthAtCanteen(
        first["canteen_id"],
        first["canteen_zh"],
        first["canteen_en"],
        sum(row["meals"] for row in rows),
        -sum(row["cash_change_fen"] + row["subsidy_change_fen"] for row in rows),
        sum(row["host_fen"] for row in rows),
    )


async def receipt_of(ledger: Pool, keys: KeyRing, caller: Caller, number: UUID) -> receipts.ReceiptShown:
    """The receipt of an official's own payment; raises Problem(NOT_FOUND), for another's, too."""
    if not await ledger.fetchval(QUERIES["is_own_payment"], caller.book, caller.holder_id, number):
        raise Problem(NOT_FOUND, "traveller.no_payment")
    return await receipts.find(ledger, keys, number)


async def visits_of(ledger: Pool, caller: Caller) -> list[MyVisit]:
    """An official's visits, and those that he registered himself, latest first."""
    today = datetime.now(ZONE).date()
    own = await ledger.fetch(QUERIES["visit_requests"], caller.book, caller.holder_id, VISITS_MAX)
    confirmed = {row["visit_id"]: row for row in own}
    found = [MyVisit(**dict(row), working_meal_had=False) for row in own if row["state"] != VisitRequestState.CONFIRMED]
    for row in await ledger.fetch(QUERIES["visits"], caller.book, caller.holder_id, VISITS_MAX):
        asked = confirmed.get(row["visit_id"])
        request_id, reason = (None, None) if asked is None else (asked["request_id"], asked["reason"])
        state = _state(row["first_day"], row["last_day"], today)
        found.append(MyVisit(**dict(row), request_id=request_id, state=state, reason=reason, answer=None))
    return sorted(found, key=lambda one: one.first_day, reverse=True)


def _state(first_day: date, last_day: date, today: date) -> VisitState:
    if today < first_day:
        return VisitState.TO_COME
    return VisitState.NOW if today <= last_day else VisitState.OVER
