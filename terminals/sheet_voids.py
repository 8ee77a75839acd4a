"""Voids of payments by sheets: a phone voids nothing, the canteen's people do, on the same business day."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import asyncpg

from foundation.problems import CONFLICT, NOT_FOUND, UNAVAILABLE, Problem
from registry.access import Person
from registry.audit import Change
from registry.canteens import canteen_of
from settlement.charging import RequestKey, post_void
from settlement.ledger import new_posting_id, number_at
from terminals.errors import VOID_REFUSED
from terminals.schemas import SheetVoid, SheetVoided
from terminals.sessions import QUERIES

PHONES_EPOCH, VOIDS_EPOCH = 1, 2
"""A phone numbers its payments in epoch 1. A payment's void stands under the same number in epoch 2: there is one."""

LOOK_BACK = timedelta(hours=30)
"""How far back a payment of the open day can be."""


async def void(change: Change, person: Person, wanted: SheetVoid) -> SheetVoided:
    """Reverse a payment at one of the person's canteens, with the audit entry; again reverses nothing more.

    Raises Problem NOT_FOUND, CONFLICT (two payments end so), VOID_REFUSED (too late, refunded), UNAVAILABLE.
    """
    await canteen_of(change.db, person, wanted.canteen_id)
    connection = await change.connection()
    since, digits = number_at(datetime.now(UTC) - LOOK_BACK), wanted.short_number.lower()
    found = await connection.fetch(QUERIES["sheet_payments_to_void"], since, wanted.canteen_id, digits)
    if not found:
        raise Problem(NOT_FOUND, "sheet.no_such_payment", short_number=wanted.short_number.upper())
    if len(found) > 1:
        raise Problem(CONFLICT, "sheet.two_such_payments", short_number=wanted.short_number.upper())
    [row] = found
    number: UUID = row["posting_id"]
    key = RequestKey(row["terminal_id"], VOIDS_EPOCH, row["sequence"])
    digest, target = sha256(number.bytes).digest(), (PHONES_EPOCH, row["sequence"])
    try:
        voided = await post_void(connection, row["book"], key, digest, target, new_posting_id())
    except asyncpg.UniqueViolationError:
        # Somebody else voids it at this moment.
        raise Problem(UNAVAILABLE, retry_after_s=1) from None
    if voided.refusal is not None:
        raise Problem(VOID_REFUSED, f"refusal.{voided.refusal}.title")
    change.note.subject = f"payment/{number}"
    change.is_repeat = not voided.fresh
    return SheetVoided(str(number), voided.amount_fen)
