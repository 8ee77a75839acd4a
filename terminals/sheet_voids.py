"""Voids of payments by sheets: a phone voids nothing, the canteen's people do, on the same business day."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import asyncpg

from foundation.postgres import Pool
from foundation.problems import CONFLICT, NOT_FOUND, UNAVAILABLE, Problem, ProblemKind
from registry import audit, cashiers
from registry.access import Person
from registry.audit import Change
from registry.canteens import canteen_of
from registry.models import Database
from settlement.charging import Remembered, RequestKey, post_void
from settlement.ledger import new_posting_id, number_at
from terminals.answering import refused
from terminals.cashiers import void_refusal
from terminals.errors import VOID_REFUSED
from terminals.schemas import Answer, PaymentFound, PaymentsFound, SheetVoid, SheetVoidAtTill, SheetVoided
from terminals.sessions import QUERIES, Session, SessionStore
from terminals.verification import must_be_till

PHONES_EPOCH, VOIDS_EPOCH = 1, 2
"""A phone numbers its payments in epoch 1. A payment's void stands under the same number in epoch 2: there is one."""

LOOK_BACK = timedelta(hours=30)
"""How far back a payment of the open day can be."""


FOUND_MAX = 20
"""Payments whose numbers end alike; more than one in a day is rare."""


class _Refused(Exception):
    """Nothing is given back, and nothing is kept of the try."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def void_at_till(
    database: Database, sessions: SessionStore, ledger: Pool, session: Session, wanted: SheetVoidAtTill
) -> Answer:
    """Reverse a payment at a till's canteen under the cashier who is signed on, with the audit entry; again reverses
    nothing more.

    Refused unless he may void; without a cashier nobody may: a sheet's payments were taken under none. Raises Problem
    NOT_ALLOWED to a scale, CONFLICT (no such payment here, or two end so), UNAVAILABLE.
    """
    must_be_till(session)
    sessions.forget(session.session_id)
    session = await sessions.find(session.session_id)
    refusal = void_refusal(session, is_cashiers=True)
    if refusal is not None:
        return refused(refusal)
    assert session.signed_on_from is not None
    at_till = (session.book, session.terminal_id, session.epoch, session.signed_on_from)
    async with ledger.acquire() as connection:
        cashier_id = (await cashiers.signed_on(connection, *at_till)).cashier_id
    detail = {"reason": wanted.reason, "terminal_id": session.terminal_id}
    try:
        async with audit.change(database, f"cashier/{cashier_id}", "void_payment", detail=detail) as change:
            _, voided = await _void(change, session.canteen_id, wanted.short_number, CONFLICT)
            if voided.refusal is not None:
                raise _Refused(voided.refusal)
    except _Refused as refusal_of_ledger:
        return refused(refusal_of_ledger.reason)
    return Answer("voided", reversed_fen=voided.amount_fen, business_date=voided.business_date)


async def payments_ending(ledger: Pool, session: Session, ending: str) -> PaymentsFound:
    """Payments at a till's canteen, of about the open day, whose numbers end so. Raises Problem NOT_ALLOWED."""
    must_be_till(session)
    since = number_at(datetime.now(UTC) - LOOK_BACK)
    rows = await ledger.fetch(QUERIES["payments_ending"], since, session.canteen_id, ending.lower(), FOUND_MAX)
    return PaymentsFound(
        [
            PaymentFound(
                str(row["posting_id"]), row["channel"], row["meal"], row["amount_fen"],
                int(row["posted_at"].timestamp()), row["business_date"], row["voided"],
            )
            for row in rows
        ]
    )  # fmt: skip


async def void(change: Change, person: Person, wanted: SheetVoid) -> SheetVoided:
    """Reverse a payment at one of the person's canteens, with the audit entry; again reverses nothing more.

    Raises Problem NOT_FOUND, CONFLICT (two payments end so), VOID_REFUSED (too late, refunded), UNAVAILABLE.
    """
    await canteen_of(change.db, person, wanted.canteen_id)
    number, voided = await _void(change, wanted.canteen_id, wanted.short_number, NOT_FOUND)
    if voided.refusal is not None:
        raise Problem(VOID_REFUSED, f"refusal.{voided.refusal}.title")
    return SheetVoided(str(number), voided.amount_fen)


async def _void(change: Change, canteen_id: int, ending: str, missing: ProblemKind) -> tuple[UUID, Remembered]:
    """Reverse the payment at a canteen whose number ends so. Raises Problem ``missing``, CONFLICT, UNAVAILABLE."""
    connection = await change.connection()
    since, digits = number_at(datetime.now(UTC) - LOOK_BACK), ending.lower()
    found = await connection.fetch(QUERIES["sheet_payments_to_void"], since, canteen_id, digits)
    if not found:
        raise Problem(missing, "sheet.no_such_payment", short_number=ending.upper())
    if len(found) > 1:
        raise Problem(CONFLICT, "sheet.two_such_payments", short_number=ending.upper())
    [row] = found
    number: UUID = row["posting_id"]
    key = RequestKey(row["terminal_id"], VOIDS_EPOCH, row["sequence"])
    digest, target = sha256(number.bytes).digest(), (PHONES_EPOCH, row["sequence"])
    try:
        voided = await post_void(connection, row["book"], key, digest, target, new_posting_id())
    except asyncpg.UniqueViolationError:
        # Somebody else voids it at this moment.
        raise Problem(UNAVAILABLE, retry_after_s=1) from None
    change.note.subject = f"payment/{number}"
    change.is_repeat = not voided.fresh
    return number, voided
