"""How much money one person may move alone; what is above waits for a second person (``registry.approvals``).

Money is posted first and judged then, in the same transaction: the sums are those of the ledger, under the locks of the
posting, so that neither many small amounts nor many at once pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from foundation.calendar import ZONE
from foundation.money import yuan
from foundation.named_sql import load_queries
from foundation.postgres import Connection
from registry.approvals import NeedsApproval, Rule, count_alone
from registry.identifiers import Book, HolderId
from settlement.transfers import TransferKind

QUERIES = load_queries(Path(__file__).parent / "sql" / "limits.sql")


@dataclass(frozen=True, slots=True)
class AloneLimits:
    """Limits in fen: an item, all items of one request, an official's day, the day of the person who moves money.

    They are settings of the operation and no rules of a region: who is bound by them does not change them.
    """

    item_max_fen: int
    batch_max_fen: int
    holder_day_max_fen: int
    maker_day_max_fen: int


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that was moved now into or out of an official's purse."""

    holder_id: HolderId
    amount_fen: int


async def must_be_within(
    connection: Connection,
    limits: AloneLimits,
    login: str,
    book: Book,
    kinds: Sequence[TransferKind],
    moved: Sequence[Movement],
) -> None:
    """Raise NeedsApproval when what a person posted in this transaction is more than one person may do.

    An official's day is the open business day, with what people moved by transfers of the same ``kinds``; the
    person's day is that of the centre, with all money that the person moved alone.
    """
    if not moved:
        return
    total = sum(one.amount_fen for one in moved)
    _check("item", max(one.amount_fen for one in moved), limits.item_max_fen)
    _check("batch", total, limits.batch_max_fen)
    holders = list({one.holder_id for one in moved})
    most: int = await connection.fetchval(QUERIES["most_of_holders"], book, holders, list(kinds))
    _check("holder_day", most, limits.holder_day_max_fen)
    today = datetime.now(UTC).astimezone(ZONE).date()
    _check("maker_day", await count_alone(connection, login, today, total), limits.maker_day_max_fen)


def _check(what: str, amount_fen: int, limit_fen: int) -> None:
    if amount_fen > limit_fen:
        raise NeedsApproval(Rule(f"limit.{what}", {"amount": yuan(amount_fen), "limit": yuan(limit_fen)}))
