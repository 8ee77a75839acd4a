"""Wire types of deposits and balances."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from foundation.messages import BULK_MAX, Message, Number
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


class NewRules(Message, omit_defaults=True):
    """What changes in a region's rules from a day on (today if left out); the rest stays. Null lifts a limit."""

    valid_from: date | UnsetType = UNSET
    visitors: Annotated[str, Meta(pattern="^(anyone|agreement|visit)$")] | UnsetType = UNSET
    visitor_floor: Annotated[str, Meta(pattern="^(none|home_price)$")] | UnsetType = UNSET
    visitor_cap: Annotated[str, Meta(pattern="^(none|allowance_share)$")] | UnsetType = UNSET
    payment_max_fen: AmountFen | UnsetType | None = UNSET
    day_max_fen: AmountFen | UnsetType | None = UNSET
    meals_max: Annotated[int, Meta(ge=1, le=1_000)] | UnsetType | None = UNSET
    receipt_effect: Annotated[str, Meta(pattern="^(personal|voucher)$")] | UnsetType = UNSET
    subsidy_expires: Annotated[str, Meta(pattern="^(never|year_end)$")] | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """The members that the message has."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}


class RulesShown(Struct):
    """A region's rules (see ``settlement.tariff.Rules``); null: no such limit."""

    book: int
    valid_from: date
    visitors: str
    visitor_floor: str
    visitor_cap: str
    payment_max_fen: int | None
    day_max_fen: int | None
    meals_max: int | None
    receipt_effect: str
    subsidy_expires: str


class NewTariff(Message):
    """A price for a meal from a day on: ``home_fen`` (and ``visitor_fen`` where posted), or free up to a limit."""

    canteen_id: Number
    meal: Annotated[str, Meta(pattern="^(breakfast|lunch|dinner)$")]
    valid_from: date
    home_fen: AmountFen | None = None
    visitor_fen: AmountFen | None = None
    limit_fen: AmountFen | None = None


class TariffShown(Struct):
    """A price of a canteen from a day on; money in fen."""

    canteen_id: int
    meal: str
    valid_from: date
    home_fen: int | None
    visitor_fen: int | None
    limit_fen: int | None


class AgreementMessage(Message):
    """A host region receives a guest region's officials without a visit; ``valid_to`` null: until it is ended."""

    guest_book: Number
    valid_from: date
    valid_to: date | None = None


class PurseOrder(Message):
    """Which purse pays first when an agency's officials eat at home."""

    agency_id: Number
    purse_order: Annotated[str, Meta(pattern="^(subsidy_first|cash_first)$")]


class NewRefund(Message):
    """Money back to an official, of one payment (its receipt's number)."""

    posting_id: Annotated[UUID, Meta(description="Made by the sender; a repeat under it gives back nothing more.")]
    payment: UUID
    amount_fen: AmountFen
    reason: Annotated[str, Meta(min_length=1, max_length=200, examples=["served cold"])]


class Refunded(Struct):
    """What went back to each purse, and to the host of a working meal, in fen."""

    cash_fen: int
    subsidy_fen: int
    host_fen: int


class TopUpOrder(Struct):
    """A top-up on the phone: where to pay while it is ``open``; ``paid``, ``expired`` or ``returned`` afterwards."""

    order_id: UUID
    state: str
    amount_fen: int
    expires_at: int
    pay_url: str | None


class Deposited(Struct):
    """What the deposits came to."""

    deposits: int
    amount_fen: int


class Purses(Struct):
    """An official's balances in fen."""

    holder_id: int
    cash_fen: int
    subsidy_fen: int
