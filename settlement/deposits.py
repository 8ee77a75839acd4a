"""Top-ups and subsidy grants: deposits into purses, posted once per posting number."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg

from foundation.postgres import Connection, Pool
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
    """Post deposits in a transaction of their own, with an audit entry if there is a person to note.

    ``note`` counts the postings that this call made; a repeat that makes none has no entry. Raises Problem as
    ``post_deposits``, or UNAVAILABLE.
    """

    async def post() -> None:
        async with pool.acquire() as connection, connection.transaction():
            fresh = await post_deposits(connection, book, kind, deposits, channel=channel)
            if note is not None and fresh:
                counted = {"deposits": len(fresh), "amount_fen": sum(d.amount_fen for d in fresh)}
                await append(connection, replace(note, detail=note.detail | counted))

    await until_known(post, GIVE_UP_AFTER_S)


async def post_deposits(
    connection: Connection, book: Book, kind: TransferKind, deposits: Sequence[Deposit], *, channel: Channel
) -> list[Deposit]:
    """Post top-ups (into cash purses) or grants (into subsidy purses) of one book in the caller's transaction.

    Returns those that were not posted before. Raises Problem ACCOUNT_CLOSED, OTHER_CONTENT (a posting number was used
    before for something else); then the caller rolls back, so that all are posted or none.
    """
    rows = await connection.fetch(
        DEPOSIT, book, kind, channel,
        [d.posting_id for d in deposits], [d.holder_id for d in deposits], [d.amount_fen for d in deposits],
    )  # fmt: skip
    _check(kind, deposits, rows)
    return [wanted for wanted, row in zip(deposits, rows, strict=True) if row["fresh"]]


def _check(kind: TransferKind, deposits: Sequence[Deposit], rows: Sequence[asyncpg.Record]) -> None:
    """Every deposit must be posted as it was wanted; else raises Problem."""
    if len(rows) < len(deposits):
        raise Problem(ACCOUNT_CLOSED)
    for wanted, row in zip(deposits, rows, strict=True):
        if (row["kind"], row["holder_id"], row["amount_fen"]) != (kind, wanted.holder_id, wanted.amount_fen):
            raise Problem(OTHER_CONTENT, "deposit.other_content", posting_id=wanted.posting_id)
