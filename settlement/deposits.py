"""Top-ups and subsidy grants: deposits into purses, posted once per posting number."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg

from foundation.postgres import Pool
from foundation.problems import Problem
from registry.audit import Note, append
from registry.identifiers import Book, HolderId
from settlement.errors import ACCOUNT_CLOSED, OTHER_CONTENT
from settlement.transfers import Channel, TransferKind
from settlement.unknown_outcome import until_known

DEPOSIT = "SELECT * FROM deposit($1, $2, $3, $4, $5, $6)"

GIVE_UP_AFTER_S = 8.0


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money for one official's purse. ``posting_id`` comes from the sender and makes a repeat harmless."""

    posting_id: UUID
    holder_id: HolderId
    amount_fen: int


async def deposit(
    pool: Pool,
    book: Book,
    kind: TransferKind,
    deposits: Sequence[Deposit],
    *,
    channel: Channel = Channel.COUNTER,
    note: Note | None = None,
) -> None:
    """Post top-ups (into cash purses) or grants (into subsidy purses) of one book; all or none.

    ``note`` is the audit entry of the person who deposits. It is committed with the postings, counts those that this
    call made, and is not written by a repeat that makes none. Raises Problem ACCOUNT_CLOSED, OTHER_CONTENT (a posting
    number was used before for something else), UNAVAILABLE.
    """
    arguments = (
        [d.posting_id for d in deposits],
        [d.holder_id for d in deposits],
        [d.amount_fen for d in deposits],
    )

    async def post() -> None:
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(DEPOSIT, book, kind, channel, *arguments)
            _check(kind, deposits, rows)
            fresh = [row["amount_fen"] for row in rows if row["fresh"]]
            if note is not None and fresh:
                counted = {"deposits": len(fresh), "amount_fen": sum(fresh)}
                await append(connection, replace(note, detail=note.detail | counted))

    await until_known(post, GIVE_UP_AFTER_S)


def _check(kind: TransferKind, deposits: Sequence[Deposit], rows: Sequence[asyncpg.Record]) -> None:
    """Every deposit must be posted as it was wanted; else raises Problem, and the transaction is rolled back."""
    if len(rows) < len(deposits):
        raise Problem(ACCOUNT_CLOSED)
    for wanted, row in zip(deposits, rows, strict=True):
        if (row["kind"], row["holder_id"], row["amount_fen"]) != (kind, wanted.holder_id, wanted.amount_fen):
            raise Problem(OTHER_CONTENT, "deposit.other_content", posting_id=wanted.posting_id)
