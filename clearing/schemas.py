"""Wire types of clearing."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from registry.schemas import Message


class CloseDay(Message):
    """The business day to close, net and publish."""

    business_date: date


class PositionInfo(Struct):
    """An agency's position in a cycle, in fen: positive is paid by the centre, negative pays into it."""

    agency_id: int
    name_zh: str
    name_en: str
    receivable_fen: int
    payable_fen: int
    position_fen: int


class CycleInfo(Struct):
    """A clearing cycle as it stands."""

    business_date: date
    state: str
    positions: list[PositionInfo]


class CycleTimes(Struct):
    """A cycle's state, and when it came to each."""

    business_date: date
    state: str
    closing_at: datetime
    closed_at: datetime | None
    netted_at: datetime | None
    published_at: datetime | None
    settled_at: datetime | None


class OpenDay(Struct):
    """The open business day of a book."""

    book: int
    business_date: date


class PaymentLine(Struct):
    """A posting behind a statement; ``reverses`` names the posting that it gives back. Money in fen."""

    posting_id: UUID
    part: int
    kind: str
    reverses: UUID | None
    issuer_id: int
    acquirer_id: int
    canteen_id: int
    meal: str
    channel: str
    holder_id: int
    amount_fen: int
    business_date: date
    posted_at: datetime
    purchased_at: datetime | None


class NewBankAccount(Message):
    """An agency's bank account; agency 0 is the centre's settlement account."""

    agency_id: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    holder_name: Annotated[str, Meta(min_length=1, max_length=70, pattern=r"^[^\x00-\x1f<>&]+$")]
    number: Annotated[str, Meta(pattern="^[0-9A-Za-z-]{4,34}$")]
    bank: Annotated[str, Meta(pattern="^[0-9]{12}$", description="The bank's CNAPS number.")]


class LegInfo(Struct):
    """What of an agency's position has to move; ``state``: due, partial, settled. Money in fen."""

    agency_id: int
    reference: str
    pay_in: bool
    amount_fen: int
    matched_fen: int
    state: str


class EntryVerdict(Struct):
    """What an entry of the bank came to: ``matched``, ``known``, or why it fits no position."""

    entry: str
    reference: str
    amount_fen: int
    verdict: str
