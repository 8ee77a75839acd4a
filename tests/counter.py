"""Builders on the ledger itself: officials with purses, and orders as the terminal protocol would make them."""

import asyncio
import hashlib
import itertools
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from foundation.postgres import Pool
from registry.identifiers import AccountId, AgencyId, Book, CanteenId, CredentialId, HolderId, TerminalId
from registry.meals import Meal
from settlement.charging import ChargeLimits, ChargeOrder, Charger, Remembered, RequestKey
from settlement.deposits import Deposit, deposit
from settlement.ledger import new_posting_id
from settlement.transfers import Channel, TransferKind

NINGBO, HANGZHOU = Book(3302), Book(3301)
_sequences = itertools.count(1)


@dataclass(frozen=True)
class Holder:
    book: Book
    holder_id: HolderId
    credential_id: CredentialId


@dataclass(frozen=True)
class Till:
    """A terminal at a canteen, as the ledger sees it."""

    terminal_id: TerminalId
    book: Book
    canteen_id: CanteenId
    canteen_account: AccountId
    agency_id: AgencyId


class AwaitableCharger(Charger):
    """A charger whose outcomes can be awaited."""

    async def charge(self, order: ChargeOrder) -> Remembered:
        """Post one charge and wait for the outcome. A caller that goes away does not stop the posting."""
        outcome: asyncio.Future[Remembered] = asyncio.get_running_loop().create_future()

        def on_done(found: Remembered | Exception) -> None:
            if outcome.done():
                return
            if isinstance(found, Exception):
                outcome.set_exception(found)
            else:
                outcome.set_result(found)

        self.post(order, time.monotonic(), on_done)
        return await outcome


class Counter:
    """A ledger with the demo city's canteens, and a charger on it."""

    def __init__(self, ledger: Pool, **limits: Any) -> None:
        self.ledger = ledger
        self.posted: list[Any] = []
        self.charger = AwaitableCharger(ledger, ChargeLimits(**limits), self.posted.extend)

    async def till(self, book: Book = NINGBO, index: int = 0) -> Till:
        """A terminal of the index-th canteen of a book, enrolled as two people do it."""
        canteen = (await self.ledger.fetch("SELECT * FROM canteen WHERE book = $1 ORDER BY canteen_id", book))[index]
        [number] = await self.ledger.fetchrow("SELECT nextval('onecard_number')")  # type: ignore[misc]
        await self.ledger.execute(
            "INSERT INTO terminal VALUES ($1, $2, $3, '\\x00', 1, 'active', now())", book, number, canteen["canteen_id"]
        )
        await self.ledger.execute(
            "INSERT INTO enrolment VALUES ($1, nextval('onecard_number'), $2, '\\x00', 'a', 'b', now(), 0, $3)",
            book, canteen["canteen_id"], number,
        )  # fmt: skip
        return Till(number, book, canteen["canteen_id"], canteen["account_id"], canteen["agency_id"])

    async def holder(
        self, book: Book = NINGBO, *, agency_index: int = 0, cash_fen: int = 10_000, subsidy_fen: int = 0
    ) -> Holder:
        """An official of the index-th agency of a book, with money and a card."""
        agency_id = await self.ledger.fetchval(
            "SELECT agency_id FROM agency WHERE book = $1 ORDER BY agency_id OFFSET $2 LIMIT 1", book, agency_index
        )
        holder_id = await self.ledger.fetchval(
            "INSERT INTO official VALUES ($1, nextval('onecard_number'), $2, nextval('onecard_number'),"
            " nextval('onecard_number'), 'active', '\\x00', $3) RETURNING holder_id",
            book, agency_id, secrets.token_bytes(8),
        )  # fmt: skip
        credential_id = await self.ledger.fetchval(
            "INSERT INTO credential VALUES ($1, nextval('onecard_number'), $2, 'card', 'active', NULL, NULL, now())"
            " RETURNING credential_id",
            book, holder_id,
        )  # fmt: skip
        for kind, amount_fen in ((TransferKind.TOP_UP, cash_fen), (TransferKind.GRANT, subsidy_fen)):
            if amount_fen:
                await deposit(self.ledger, book, kind, [Deposit(new_posting_id(), holder_id, amount_fen)])
        return Holder(book, holder_id, credential_id)

    def order(self, till: Till, holder: Holder, **changes: Any) -> ChargeOrder:
        """A charge of 12 yuan at home, 20 for visitors, under the next sequence number and counter."""
        number = next(_sequences)
        made = ChargeOrder(
            key=RequestKey(till.terminal_id, 1, number),
            digest=hashlib.sha256(str(number).encode()).digest(),
            home_book=till.book,
            book=holder.book,
            canteen_id=till.canteen_id,
            canteen_account=till.canteen_account,
            acquirer_id=till.agency_id,
            meal=Meal.LUNCH,
            channel=Channel.CARD,
            purchased_at=datetime.now(UTC),
            holder_id=holder.holder_id,
            credential_id=holder.credential_id,
            counter=number,
            home_fen=1200,
            visitor_fen=2000,
        )
        return replace(made, **changes)

    async def purses(self, holder: Holder) -> dict[str, int]:
        rows = await self.ledger.fetch("SELECT kind, balance_fen FROM purse WHERE holder_id = $1", holder.holder_id)
        return {row["kind"]: row["balance_fen"] for row in rows}

    async def count(self, kind: str = "payment") -> int:
        return int(await self.ledger.fetchval("SELECT count(*) FROM transfer WHERE kind = $1", kind))
