"""Wire types of clearing."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

from foundation.attachments import NewFiles
from foundation.messages import Message


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


LongText = Annotated[str, Meta(min_length=1, max_length=2_000)]


class NewDispute(Message):
    """A doubt about part or all of a payment."""

    posting_id: UUID
    amount_fen: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    text: LongText
    files: NewFiles = field(default_factory=list)


class Raised(Struct):
    """The number of a new dispute."""

    dispute_id: int


class Answer(Message):
    """What the other side says to it."""

    text: LongText
    files: NewFiles = field(default_factory=list)


class Decision(Message):
    """The centre's decision, and why."""

    accept: bool
    text: LongText


class DisputeFileInfo(Struct):
    """An attached file; ``side``: dispute or answer."""

    number: int
    side: str
    name: str
    media_type: str


class DisputeInfo(Struct):
    """A dispute as it stands; money in fen."""

    dispute_id: int
    cycle_date: date
    posting_id: UUID
    raised_by_agency: int
    other_agency: int
    amount_fen: int
    state: str
    text: str
    raised_at: datetime
    answer_until: date
    answer: str | None
    answered_at: datetime | None
    decision: str | None
    decided_at: datetime | None
    refund_id: UUID | None
    files: list[DisputeFileInfo]


class DifferenceInfo(Struct):
    """Something that does not agree; money in fen. ``resolved_at``: when it was found to agree again."""

    kind: str
    subject: str
    agency_id: int | None
    amount_fen: int
    cause: str
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None
