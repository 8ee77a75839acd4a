"""Refunds of payments, and the closing of accounts. Each is a posting of its own, posted once per number."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from foundation.money import yuan
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool, as_struct
from foundation.problems import NOT_FOUND, Problem
from registry.audit import Note, append
from registry.identifiers import AgencyId, Book, HolderId
from settlement.errors import ACCOUNT_CLOSED, MORE_THAN_PAID, OTHER_CONTENT
from settlement.unknown_outcome import until_known

QUERIES = load_queries(Path(__file__).parent / "sql" / "ledger.sql")

REFUND = "SELECT * FROM refund($1, $2, $3, $4)"
CLOSE_ACCOUNT = "SELECT * FROM close_account($1, $2, $3)"

GIVE_UP_AFTER_S = 8.0


@dataclass(frozen=True, slots=True)
class Payment:
    """The book of a payment, and who took part in it."""

    book: Book
    holder_id: HolderId
    issuer_id: AgencyId
    acquirer_id: AgencyId


@dataclass(frozen=True, slots=True)
class Refund:
    """What went back to each purse, and to the host of a working meal, in fen."""

    cash_fen: int
    subsidy_fen: int
    host_fen: int

    @property
    def total_fen(self) -> int:
        """All of it."""
        return self.cash_fen + self.subsidy_fen + self.host_fen


@dataclass(frozen=True, slots=True)
class ClosedAccount:
    """What was paid out in cash and what returned to the agency, in fen."""

    cash_fen: int
    subsidy_fen: int
    is_repeat: bool
    """Closed before, under the same number."""


async def find_payment(pool: Pool, posting_id: UUID) -> Payment:
    """The payment with this receipt number; raises Problem(NOT_FOUND)."""
    row = await pool.fetchrow(QUERIES["payment"], posting_id)
    if row is None:
        raise Problem(NOT_FOUND, "payment.not_found", posting_id=posting_id)
    return as_struct(row, Payment)


async def refund(
    pool: Pool, book: int, posting_id: UUID, payment: UUID, amount_fen: int, *, note: Note | None = None
) -> Refund:
    """Refund in a transaction of its own. Raises Problem as ``post_refund``, or UNAVAILABLE."""

    async def post() -> Refund:
        async with pool.acquire() as connection, connection.transaction():
            return await post_refund(connection, book, posting_id, payment, amount_fen, note=note)

    return await until_known(post, GIVE_UP_AFTER_S)


async def post_refund(
    connection: Connection, book: int, posting_id: UUID, payment: UUID, amount_fen: int, *, note: Note | None = None
) -> Refund:
    """Refund part or all of a payment in the caller's transaction; a repeat under the same number refunds nothing more.

    ``note`` is the audit entry of the person who refunds, committed with the posting; None where the caller writes it.
    Raises Problem MORE_THAN_PAID, ACCOUNT_CLOSED, OTHER_CONTENT.
    """
    try:
        row = await connection.fetchrow(REFUND, book, posting_id, payment, amount_fen)
    except asyncpg.UniqueViolationError:
        # Another posting under the same number was faster. It is no refund of this payment: that one would have waited.
        raise Problem(OTHER_CONTENT, "refund.other_content", posting_id=posting_id) from None
    assert row is not None
    if note is not None and row["fresh"]:
        await append(connection, note)
    refunded = Refund(row["cash_fen"], row["subsidy_fen"], row["host_fen"])
    match row["problem"]:
        case None if row["payment"] == payment and refunded.total_fen == amount_fen:
            return refunded
        case "more_than_paid":
            raise Problem(MORE_THAN_PAID, "refund.more_than_paid", left_yuan=yuan(row["left_fen"]))
        case "account_closed" | "day_closed":
            raise Problem(ACCOUNT_CLOSED)
    raise Problem(OTHER_CONTENT, "refund.other_content", posting_id=posting_id)


async def close_account(
    connection: Connection | Pool, book: Book, holder_id: HolderId, posting_id: UUID
) -> ClosedAccount:
    """Close an official's account: cash is paid out, meal money returns to the agency.

    Runs in the caller's transaction. A repeat under the same number returns the same.
    Raises Problem ACCOUNT_CLOSED when it was closed under another number, OTHER_CONTENT when the number is another
    posting's.
    """
    try:
        row = await connection.fetchrow(CLOSE_ACCOUNT, book, holder_id, posting_id)
    except asyncpg.UniqueViolationError:
        # Another posting under the same number was faster.
        raise Problem(OTHER_CONTENT, "closure.other_content", posting_id=posting_id) from None
    assert row is not None
    if row["problem"] == "other_content":
        raise Problem(OTHER_CONTENT, "closure.other_content", posting_id=posting_id)
    if row["problem"] is not None:
        raise Problem(ACCOUNT_CLOSED)
    return ClosedAccount(row["cash_fen"], row["subsidy_fen"], row["is_repeat"])
