"""The lists of settlement: what each shows and to whom.

A transfer is found under its book, posting and part: in the order of the ledger's key, which needs no index of its own.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, case, literal_column, select

from registry.access import Permission
from registry.identifiers import AgencyId, Book, CanteenId, CredentialId, HolderId, TerminalId
from registry.lists.listing import (
    Filter,
    Listing,
    contains,
    days,
    equal,
    in_region,
    members,
    named,
    numbered,
    one_of,
    since,
    until,
)
from registry.meals import Meal
from registry.models import Agency, Canteen, Official, RegionAgreement
from settlement.gateway import OrderState
from settlement.models import (
    GatewayOrder,
    GrantFileRow,
    RegionRulesRow,
    ShiftClosing,
    TariffRow,
    TillShift,
    Transfer,
)
from settlement.tariff import PriceMode
from settlement.transfers import Channel, PurseKind, TransferKind

OF_PAYMENTS = (TransferKind.PAYMENT, TransferKind.WORKING_MEAL, TransferKind.REVERSAL, TransferKind.REFUND)
IN_LEDGER = (Transfer.book, Transfer.posting_id, Transfer.part)
_WORDS = {
    "kind": lambda value: f"transfer.kind.{value}",
    "meal": lambda value: f"meal.{value}",
    "channel": lambda value: f"channel.{value}",
}


def _issued_by(agency_id: int) -> ColumnElement[bool]:
    """Transfers of an agency's officials: all in its own book."""
    book = select(Agency.book).where(Agency.agency_id == agency_id).scalar_subquery()
    return and_(Transfer.issuer_id == agency_id, Transfer.book == book)


_FILTERS = {
    "book": in_region(Transfer.book),
    "posting_id": equal(Transfer.posting_id, UUID),
    "holder_id": numbered(Transfer.holder_id),
    "issuer_id": Filter(int, _issued_by, {"ge": 0, "le": 2**53 - 1}),
    **days(Transfer.business_date),
}
_AT_A_TILL = {
    "acquirer_id": numbered(Transfer.acquirer_id),
    "canteen_id": numbered(Transfer.canteen_id),
    "reverses": equal(Transfer.reverses, UUID),
}


def _is(kind: TransferKind) -> ColumnElement[bool]:
    """Transfers of one kind. Literally, so that every plan knows the index of that kind."""
    return Transfer.kind == literal_column(f"'{kind.value}'")


class ListedPayment(Struct):
    """A transfer of a payment, or one that gives (``reverses``) such a one back; of each purse that paid a part. Money
    in fen. The issuer's and the acquirer's agency see it."""

    book: Book
    posting_id: UUID
    part: int
    kind: str
    amount_fen: int
    business_date: date
    posted_at: datetime
    purchased_at: datetime | None
    holder_id: HolderId
    issuer_id: AgencyId
    acquirer_id: AgencyId | None
    canteen_id: CanteenId | None
    meal: str | None
    channel: str | None
    credential_id: CredentialId | None
    terminal_id: TerminalId | None
    sequence: int | None
    reverses: UUID | None


PAYMENTS = Listing(
    "payments",
    ListedPayment,
    Permission.SEE_PAYMENTS,
    members(ListedPayment, Transfer).where(Transfer.kind.in_(OF_PAYMENTS)),
    key=IN_LEDGER,
    owners=(Transfer.issuer_id, Transfer.acquirer_id),
    filters=_FILTERS
    | _AT_A_TILL
    | {
        "kind": one_of(Transfer.kind, TransferKind),
        "meal": one_of(Transfer.meal, Meal),
        "channel": one_of(Transfer.channel, Channel),
        "terminal_id": numbered(Transfer.terminal_id),
        "credential_id": numbered(Transfer.credential_id),
    },
    words=_WORDS,
)


class ListedRefund(Struct):
    """Money back from a payment (``reverses``), in part or in full, in fen."""

    book: Book
    posting_id: UUID
    part: int
    amount_fen: int
    business_date: date
    posted_at: datetime
    holder_id: HolderId
    issuer_id: AgencyId
    acquirer_id: AgencyId | None
    canteen_id: CanteenId | None
    reverses: UUID | None


REFUNDS = Listing(
    "refunds",
    ListedRefund,
    Permission.SEE_PAYMENTS,
    members(ListedRefund, Transfer).where(_is(TransferKind.REFUND)),
    key=IN_LEDGER,
    owners=(Transfer.issuer_id, Transfer.acquirer_id),
    filters=_FILTERS | _AT_A_TILL,
)


class ListedDeposit(Struct):
    """Money that came to a purse, in fen; ``channel``: how it came."""

    book: Book
    posting_id: UUID
    part: int
    amount_fen: int
    business_date: date
    posted_at: datetime
    holder_id: HolderId
    issuer_id: AgencyId
    channel: str | None


def _deposits(name: str, kind: TransferKind) -> Listing[ListedDeposit]:
    return Listing(
        name,
        ListedDeposit,
        Permission.SEE_PAYMENTS,
        members(ListedDeposit, Transfer).where(_is(kind)),
        key=IN_LEDGER,
        owners=(Transfer.issuer_id,),
        filters=_FILTERS | {"channel": one_of(Transfer.channel, Channel)},
        words=_WORDS,
    )


TOP_UPS = _deposits("top_ups", TransferKind.TOP_UP)
GRANTS = _deposits("grants", TransferKind.GRANT)


class ListedMovement(Struct):
    """A movement of an official's purse: ``change_fen`` is negative for money that left it."""

    book: Book
    posting_id: UUID
    part: int
    holder_id: HolderId
    issuer_id: AgencyId
    purse: str
    kind: str
    change_fen: int
    business_date: date
    posted_at: datetime
    canteen_id: CanteenId | None
    meal: str | None
    reverses: UUID | None


_sides = (Transfer.debit_account, Transfer.credit_account)
_purse = case(
    (Official.cash_account.in_(_sides), PurseKind.CASH.value),
    (Official.subsidy_account.in_(_sides), PurseKind.SUBSIDY.value),
)
_comes_in = Transfer.credit_account.in_((Official.cash_account, Official.subsidy_account))

MOVEMENTS = Listing(
    "movements",
    ListedMovement,
    Permission.SEE_PAYMENTS,
    members(
        ListedMovement,
        Transfer,
        purse=_purse,
        change_fen=case((_comes_in, Transfer.amount_fen), else_=-Transfer.amount_fen),
    )
    .join(Official, and_(Official.book == Transfer.book, Official.holder_id == Transfer.holder_id))
    # A working meal is the host's. As a comparison the planner would expect next to no rows, and sort them all.
    .where(_purse.is_not(None)),
    key=IN_LEDGER,
    owners=(Transfer.issuer_id,),
    filters=_FILTERS | {"purse": one_of(_purse, PurseKind), "kind": one_of(Transfer.kind, TransferKind)},
    words=_WORDS | {"purse": lambda value: f"purse.{value}"},
)


class ListedOrder(Struct):
    """A top-up that an official pays on the phone, in fen; ``reference``: the gateway's number of it."""

    book: Book
    number: UUID
    holder_id: HolderId
    agency_id: AgencyId
    amount_fen: int
    state: str
    reference: str | None
    created_at: datetime
    expires_at: datetime
    settled_at: datetime | None


GATEWAY_ORDERS = Listing(
    "gateway_orders",
    ListedOrder,
    Permission.SEE_PAYMENTS,
    members(ListedOrder, GatewayOrder, Official).join(
        Official, and_(Official.book == GatewayOrder.book, Official.holder_id == GatewayOrder.holder_id)
    ),
    key=(GatewayOrder.book, GatewayOrder.number),
    owners=(Official.agency_id,),
    filters={
        "book": in_region(GatewayOrder.book),
        "agency_id": numbered(Official.agency_id),
        "holder_id": numbered(GatewayOrder.holder_id),
        "state": one_of(GatewayOrder.state, OrderState),
        "reference": named(GatewayOrder.reference),
        "created_from": since(GatewayOrder.created_at, datetime),
        "created_until": until(GatewayOrder.created_at, datetime),
    },
    words={"state": lambda value: f"gateway_order.state.{value}"},
)


class ListedGrantFile(Struct):
    """A payroll file that was granted; ``again``: why the same content once more."""

    book: Book
    agency_id: AgencyId
    batch: str
    sha256: str
    granted_at: datetime
    granted_by: str
    again: str


GRANT_FILES = Listing(
    "grant_files",
    ListedGrantFile,
    Permission.SEE_PAYMENTS,
    members(ListedGrantFile, GrantFileRow),
    key=(GrantFileRow.book, GrantFileRow.agency_id, GrantFileRow.sha256, GrantFileRow.batch),
    owners=(GrantFileRow.agency_id,),
    filters={
        "book": in_region(GrantFileRow.book),
        "agency_id": numbered(GrantFileRow.agency_id),
        "batch": named(GrantFileRow.batch),
        "sha256": named(GrantFileRow.sha256),
    },
    sorts={"granted_at": GrantFileRow.granted_at},
)


class ListedRules(Struct):
    """A region's rules from a day on; a limit that is null is none. Money in fen."""

    book: Book
    valid_from: date
    visitors: str
    visitor_floor: str
    visitor_cap: str
    payment_max_fen: int | None
    day_max_fen: int | None
    meals_max: int | None
    receipt_effect: str
    subsidy_expires: str
    late_payments_max: int | None
    late_fen_max: int | None
    cover_breakfast_fen: int
    cover_lunch_fen: int
    cover_dinner_fen: int
    place_check: str
    place_within_m: int


RULES = Listing(
    "region_rules",
    ListedRules,
    Permission.SEE_REGISTRY,
    members(ListedRules, RegionRulesRow),
    key=(RegionRulesRow.book, RegionRulesRow.valid_from),
    filters={"book": in_region(RegionRulesRow.book), "valid_until": until(RegionRulesRow.valid_from, date)},
    words={
        "visitors": lambda value: f"rules.visitors.{value}",
        "visitor_floor": lambda value: f"rules.visitor_floor.{value}",
        "visitor_cap": lambda value: f"rules.visitor_cap.{value}",
        "receipt_effect": lambda value: f"rules.receipt_effect.{value}",
        "subsidy_expires": lambda value: f"rules.subsidy_expires.{value}",
        "place_check": lambda value: f"rules.place_check.{value}",
    },
)


class ListedTariff(Struct):
    """A canteen's price of a meal from a day on, in fen; a free amount has a limit instead."""

    book: Book
    canteen_id: CanteenId
    meal: str
    valid_from: date
    mode: str
    home_fen: int | None
    visitor_fen: int | None
    limit_fen: int | None


TARIFFS = Listing(
    "tariffs",
    ListedTariff,
    Permission.SEE_REGISTRY,
    members(ListedTariff, TariffRow),
    key=(TariffRow.book, TariffRow.canteen_id, TariffRow.meal, TariffRow.valid_from),
    filters={
        "book": in_region(TariffRow.book),
        "canteen_id": numbered(TariffRow.canteen_id),
        "meal": one_of(TariffRow.meal, Meal),
        "mode": one_of(TariffRow.mode, PriceMode),
        "valid_until": until(TariffRow.valid_from, date),
    },
    words={"meal": lambda value: f"meal.{value}", "mode": lambda value: f"price.mode.{value}"},
)


class ListedAgreement(Struct):
    """A region (``book``) receives the officials of another without a visit; without a last day until it is ended."""

    book: Book
    guest_book: Book
    valid_from: date
    valid_to: date | None


AGREEMENTS = Listing(
    "agreements",
    ListedAgreement,
    Permission.SEE_REGISTRY,
    members(ListedAgreement, RegionAgreement),
    key=(RegionAgreement.book, RegionAgreement.guest_book, RegionAgreement.valid_from),
    filters={"book": in_region(RegionAgreement.book), "guest_book": in_region(RegionAgreement.guest_book)},
)


class ListedShift(Struct):
    """A shift of a till, by the number of its opening, at the canteen where the till stood then."""

    book: Book
    terminal_id: TerminalId
    epoch: int
    first_sequence: int
    canteen_id: CanteenId | None
    agency_id: AgencyId | None
    cashier: str
    drawer: str
    opened_at: datetime
    received_at: datetime


SHIFTS = Listing(
    "shifts",
    ListedShift,
    Permission.SEE_CLEARING,
    members(ListedShift, TillShift, Canteen).join(
        Canteen, and_(Canteen.book == TillShift.book, Canteen.canteen_id == TillShift.canteen_id), isouter=True
    ),
    key=(TillShift.book, TillShift.terminal_id, TillShift.epoch, TillShift.first_sequence),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(TillShift.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(TillShift.canteen_id),
        "terminal_id": numbered(TillShift.terminal_id),
        "cashier": contains(TillShift.cashier),
        "opened_from": since(TillShift.opened_at, datetime),
        "opened_until": until(TillShift.opened_at, datetime),
    },
    sorts={"opened_at": TillShift.opened_at},
)


class ListedClosing(Struct):
    """What a till signed of a shift, beside what the ledger had. Payments and money (fen) are net of reversals;
    ``unknown``: payments of which the till did not know how they ended."""

    book: Book
    terminal_id: TerminalId
    epoch: int
    first_sequence: int
    number: int
    canteen_id: CanteenId | None
    agency_id: AgencyId | None
    last_sequence: int
    closed_at: datetime
    unknown: int
    payments: int
    amount_fen: int
    ledger_payments: int
    ledger_fen: int
    agrees: bool
    received_at: datetime


CLOSINGS = Listing(
    "shift_closings",
    ListedClosing,
    Permission.SEE_CLEARING,
    members(ListedClosing, ShiftClosing, TillShift, Canteen)
    .join(
        TillShift,
        and_(
            TillShift.book == ShiftClosing.book,
            TillShift.terminal_id == ShiftClosing.terminal_id,
            TillShift.epoch == ShiftClosing.epoch,
            TillShift.first_sequence == ShiftClosing.first_sequence,
        ),
    )
    .join(Canteen, and_(Canteen.book == TillShift.book, Canteen.canteen_id == TillShift.canteen_id), isouter=True),
    key=(
        ShiftClosing.book,
        ShiftClosing.terminal_id,
        ShiftClosing.epoch,
        ShiftClosing.first_sequence,
        ShiftClosing.number,
    ),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(ShiftClosing.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(TillShift.canteen_id),
        "terminal_id": numbered(ShiftClosing.terminal_id),
        "agrees": equal(ShiftClosing.agrees, bool),
        "closed_from": since(ShiftClosing.closed_at, datetime),
        "closed_until": until(ShiftClosing.closed_at, datetime),
    },
    sorts={"closed_at": ShiftClosing.closed_at},
)

LISTS: dict[str, Listing[Any]] = {
    "/settlement/payments": PAYMENTS,
    "/settlement/refunds": REFUNDS,
    "/settlement/top-ups": TOP_UPS,
    "/settlement/grants": GRANTS,
    "/settlement/movements": MOVEMENTS,
    "/settlement/gateway-orders": GATEWAY_ORDERS,
    "/settlement/grant-files": GRANT_FILES,
    "/settlement/rules": RULES,
    "/settlement/tariffs": TARIFFS,
    "/settlement/agreements": AGREEMENTS,
    "/settlement/shifts": SHIFTS,
    "/settlement/shift-closings": CLOSINGS,
}
"""The lists by their paths."""
