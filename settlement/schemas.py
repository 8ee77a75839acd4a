"""Wire types of deposits and balances."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from registry.schemas import BULK_MAX, Message, Number
from settlement.models import AMOUNT_MAX_FEN

AmountFen = Annotated[
    int, Meta(ge=1, le=AMOUNT_MAX_FEN, description="Money in fen (1 yuan = 100 fen).", examples=[20000])
]


class NewDeposit(Message):
    """Money into one official's purse."""

    posting_id: Annotated[UUID, Meta(description="Made by the sender; a repeat under it posts nothing more.")]
    holder_id: Number
    amount_fen: AmountFen


class NewDeposits(Message):
    """Deposits for officials of one agency; all are posted, or none."""

    agency_id: Number
    deposits: Annotated[list[NewDeposit], Meta(min_length=1, max_length=BULK_MAX)]


class Deposited(Struct):
    """What the deposits came to."""

    deposits: int
    amount_fen: int


class Purses(Struct):
    """An official's balances in fen."""

    holder_id: int
    cash_fen: int
    subsidy_fen: int
