"""Wire types of clearing."""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

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
