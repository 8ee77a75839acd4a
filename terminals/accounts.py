"""What an official sees of his account on his phone: every charge, also late ones, and every credential issued."""

from foundation.postgres import Pool, as_struct
from registry.identifiers import Book, HolderId
from settlement.ledger import balances
from terminals.schemas import HolderAccount, HolderCredential, HolderPayment
from terminals.sessions import QUERIES

PAYMENTS_MAX = 200
"""More than anybody eats in a month."""


async def account_of(ledger: Pool, book: Book, holder_id: HolderId) -> HolderAccount:
    """An official's purses, payments and credentials."""
    purses = await balances(ledger, book, holder_id)
    payments = await ledger.fetch(QUERIES["holder_payments"], book, holder_id, PAYMENTS_MAX)
    credentials = await ledger.fetch(QUERIES["holder_credentials"], book, holder_id)
    return HolderAccount(
        purses.get("cash", 0),
        purses.get("subsidy", 0),
        [as_struct(row, HolderPayment) for row in payments],
        [as_struct(row, HolderCredential) for row in credentials],
    )
