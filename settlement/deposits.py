"""Top-ups and subsidy grants: money into purses, once per posting number."""

from dataclasses import dataclass
from uuid import UUID

from foundation.postgres import Pool
from foundation.problems import Problem
from settlement.errors import ACCOUNT_CLOSED, OTHER_CONTENT
from settlement.unknown_outcome import until_known

DEPOSIT = "SELECT * FROM deposit($1, $2, $3, $4, $5, $6)"


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money for one official's purse. ``posting_id`` comes from the sender and makes a repeat harmless."""

    posting_id: UUID
    holder_id: int
    amount_fen: int


async def deposit(pool: Pool, book: int, kind: str, deposits: list[Deposit], *, channel: str = "counter") -> None:
    """Post top-ups (``top_up``, into cash) or grants (``grant``, into subsidy) of one book; all or none.

    ``channel`` is the way the money came: ``counter``, ``file`` or ``gateway``.
    Raises Problem(OTHER_CONTENT) when a posting number was used before for something else, and UNAVAILABLE.
    """
    arguments = (
        [d.posting_id for d in deposits],
        [d.holder_id for d in deposits],
        [d.amount_fen for d in deposits],
    )
    rows = await until_known(lambda: pool.fetch(DEPOSIT, book, kind, channel, *arguments), 8.0)
    if len(rows) < len(deposits):
        raise Problem(ACCOUNT_CLOSED)
    for wanted, row in zip(deposits, rows, strict=True):
        same = (row["kind"], row["holder_id"], row["amount_fen"]) == (
            kind,
            wanted.holder_id,
            wanted.amount_fen,
        )
        if not same:
            raise Problem(OTHER_CONTENT, f"posting {wanted.posting_id} is another deposit already")
