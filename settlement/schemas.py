"""Wire types: deposits, refunds, balances, prices, region rules, agreements."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from foundation.messages import BULK_MAX, DeviceMessage, Message, line, text
from registry.identifiers import AgencyId, Book, CanteenId, HolderId
from registry.meals import Meal
from registry.schemas import Reason
from registry.states import ClassPrice
from settlement import transfers
from settlement.gateway import OrderState
from settlement.models import AMOUNT_MAX_FEN
from settlement.tariff import PlaceCheck, ReceiptEffect, RegionRules, SubsidyExpiry, VisitorCap, VisitorFloor, Visitors

_NUMBER = Meta(ge=1, le=2**53 - 1, examples=[1042])
AgencyNumber = Annotated[AgencyId, _NUMBER]
BookNumber = Annotated[Book, Meta(ge=1, le=2**31 - 1)]
CanteenNumber = Annotated[CanteenId, _NUMBER]
HolderNumber = Annotated[HolderId, _NUMBER]

AmountFen = Annotated[
    int, Meta(ge=1, le=AMOUNT_MAX_FEN, description="Money in fen (1 yuan = 100 fen).", examples=[20000])
]


class SaleLine(DeviceMessage):
    """A dish or article of a sale. ``amount_fen`` is what it cost, after any discount.

    ``unit_price_fen`` is the price of one portion, or of a kilogram where ``grams`` were weighed.
    """

    article: Annotated[str, line(40, examples=["红烧肉"])]
    unit_price_fen: Annotated[int, Meta(ge=0, le=AMOUNT_MAX_FEN, examples=[1200])]
    amount_fen: Annotated[int, Meta(ge=0, le=AMOUNT_MAX_FEN, examples=[1200])]
    portions: Annotated[int, Meta(ge=1, le=999, examples=[1])] | None = None
    grams: Annotated[int, Meta(ge=1, le=99_999)] | None = None
    take_away: Annotated[bool, Meta(description="It is not eaten at the canteen.")] | None = None


class NewDeposit(Message):
    """Money into one official's purse."""

    posting_id: Annotated[
        UUID, Meta(description="Chosen by the sender; a repeat with the same number posts nothing more.")
    ]
    holder_id: HolderNumber
    amount_fen: AmountFen


class NewDeposits(Message):
    """Deposits for officials of one agency; all are posted or none."""

    agency_id: AgencyNumber
    deposits: Annotated[list[NewDeposit], Meta(min_length=1, max_length=BULK_MAX)]
    reason: Reason = ""


class NewRules(Message, omit_defaults=True):
    """Changes to a region's rules from a day on (default: today); the rest stays. Null removes a limit."""

    valid_from: date | UnsetType = UNSET
    visitors: Visitors | UnsetType = UNSET
    visitor_floor: VisitorFloor | UnsetType = UNSET
    visitor_cap: VisitorCap | UnsetType = UNSET
    payment_max_fen: AmountFen | UnsetType | None = UNSET
    day_max_fen: AmountFen | UnsetType | None = UNSET
    meals_max: Annotated[int, Meta(ge=1, le=1_000)] | UnsetType | None = UNSET
    receipt_effect: ReceiptEffect | UnsetType = UNSET
    subsidy_expires: SubsidyExpiry | UnsetType = UNSET
    late_payments_max: Annotated[int, Meta(ge=0, le=1_000)] | UnsetType | None = UNSET
    late_fen_max: AmountFen | UnsetType | None = UNSET
    cover_breakfast_fen: AmountFen | UnsetType = UNSET
    cover_lunch_fen: AmountFen | UnsetType = UNSET
    cover_dinner_fen: AmountFen | UnsetType = UNSET
    place_check: PlaceCheck | UnsetType = UNSET
    place_within_m: Annotated[int, Meta(ge=50, le=20_000)] | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """The members that are present in the message."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}


class RulesShown(RegionRules, frozen=True):
    """The rules of a region, identified by its book; null: no such limit.

    ``cover_<meal>_fen``: what a person pays at least, in fen, to count as a cover of the meal.
    """

    book: Book
    cover_breakfast_fen: int
    cover_lunch_fen: int
    cover_dinner_fen: int


class NewTariff(Message):
    """A price for a meal from a day on: ``home_fen`` (and ``visitor_fen`` where posted), or ``limit_fen``."""

    canteen_id: CanteenNumber
    meal: Meal
    valid_from: date
    home_fen: AmountFen | None = None
    visitor_fen: AmountFen | None = None
    limit_fen: AmountFen | None = None


class AgreementMessage(Message):
    """A host region receives a guest region's officials without a visit; ``valid_to`` null: until further notice."""

    guest_book: BookNumber
    valid_from: date
    valid_to: date | None = None


class NewPurseOrder(Message):
    """Which purse pays first at an agency's own canteens."""

    agency_id: AgencyNumber
    purse_order: transfers.PurseOrder


class ClassRules(Message):
    """What people of a class may do from a day on: eat at their own agency's canteens, eat elsewhere, and what they pay
    at their own agency's canteens."""

    person_class: Annotated[str, line(32, examples=["guest"])]
    valid_from: date
    eats_at_home: bool
    eats_elsewhere: bool
    price: ClassPrice


class ClassPays(Struct, frozen=True):
    """What people of a class pay for a meal at their own agency's canteens (``at_home``), or as visitors elsewhere.

    ``price_fen`` null: the cashier enters the amount. ``refusal``: why people of the class may not eat there.
    """

    person_class: str
    at_home: bool
    price_fen: int | None
    refusal: str | None


class MealPrices(Struct, frozen=True):
    """The prices of a meal on a day, valid from ``valid_from`` on: fixed ones, or ``limit_fen`` at most.

    ``needs_visit``: visitors eat there on a registered visit alone.
    """

    meal: Meal
    valid_from: date
    home_fen: int | None
    visitor_fen: int | None
    limit_fen: int | None
    needs_visit: bool
    pays: list[ClassPays]


class DayPrices(Struct, frozen=True):
    """The prices of a day's meals; a meal without a price is not sold."""

    day: date
    meals: list[MealPrices]


class NewRefund(Message):
    """A refund of one payment, identified by its receipt number."""

    posting_id: Annotated[
        UUID, Meta(description="Chosen by the sender; a repeat with the same number refunds nothing more.")
    ]
    payment: UUID
    amount_fen: AmountFen
    reason: Annotated[str, text(200, examples=["served cold"])]


class Refunded(Struct):
    """What went back to each purse, and to the host of a working meal, in fen."""

    cash_fen: int
    subsidy_fen: int
    host_fen: int


class TopUpOrder(Struct):
    """A top-up on the phone; ``pay_url`` is where to pay while it is ``open``."""

    order_id: UUID
    state: OrderState
    amount_fen: int
    expires_at: int
    pay_url: str | None


class Deposited(Struct):
    """The number of deposits and their sum."""

    deposits: int
    amount_fen: int


class Purses(Struct):
    """An official's balances in fen."""

    holder_id: HolderId
    cash_fen: int
    subsidy_fen: int
