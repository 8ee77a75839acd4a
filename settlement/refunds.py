"""Money back: refunds of payments, and the closing of accounts. Each is a posting of its own, once per number."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from settlement.errors import ACCOUNT_CLOSED, MORE_THAN_PAID, OTHER_CONTENT
from settlement.unknown_outcome import until_known

QUERIES = load_queries(Path(__file__).parent / "sql" / "ledger.sql")

REFUND = "SELECT * FROM refund($1, $2, $3, $4)"
CLOSE_ACCOUNT = "SELECT * FROM close_account($1, $2, $3)"

GIVE_UP_AFTER_S = 8.0


@dataclass(frozen=True, slots=True)
class Payment:
    """Where a payment stands, and between whom it was."""

    book: int
    holder_id: int
    issuer_id: int
    acquirer_id: int


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What went back to each purse, and to the host of a working meal, in fen."""

    cash_fen: int
    subsidy_fen: int
    host_fen: int

    @property
    def total_fen(self) -> int:
        """All of it."""
        return self.cash_fen + self.subsidy_fen + self.host_fen


async def find_payment(pool: Pool, posting_id: UUID) -> Payment:
    """The payment of a receipt's number; raises Problem(NOT_FOUND)."""
    row = await pool.fetchrow(QUERIES["payment"], posting_id)
    if row is None:
        raise Problem(NOT_FOUND, f"no payment {posting_id}")
    return Payment(*row)


async def refund(pool: Pool, book: int, posting_id: UUID, payment: UUID, amount_fen: int) -> GivenBack:
    """Give back part or all of a payment; a repeat under the same number gives back nothing more.

    Raises Problem MORE_THAN_PAID, ACCOUNT_CLOSED, OTHER_CONTENT, UNAVAILABLE.
    """
    row = await until_known(lambda: pool.fetchrow(REFUND, book, posting_id, payment, amount_fen), GIVE_UP_AFTER_S)
    assert row is not None
    given = GivenBack(row["cash_fen"], row["subsidy_fen"], row["host_fen"])
    match row["problem"]:
        case None if (
            row["payment"] == payment and sum((given.cash_fen, given.subsidy_fen, given.host_fen)) == amount_fen
        ):
            return given
        case "more_than_paid":
            raise Problem(MORE_THAN_PAID, f"{row['left_fen']} fen are left of it")
        case "account_closed" | "day_closed":
            raise Problem(ACCOUNT_CLOSED)
    raise Problem(OTHER_CONTENT, f"posting {posting_id} is something else already")


async def close_account(pool: Pool, book: int, holder_id: int, posting_id: UUID) -> tuple[int, int]:
    """Close an official's account: cash is paid out, meal money goes back to the agency; both in fen.

    A repeat under the same number says the same. Raises Problem ACCOUNT_CLOSED (under another number), UNAVAILABLE.
    """
    row = await until_known(lambda: pool.fetchrow(CLOSE_ACCOUNT, book, holder_id, posting_id), GIVE_UP_AFTER_S)
    assert row is not None
    if row["problem"] is not None:
        raise Problem(ACCOUNT_CLOSED)
    return row["cash_fen"], row["subsidy_fen"]
