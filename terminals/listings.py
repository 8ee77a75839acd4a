"""The lists of terminals: what each shows and to whom."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, case, exists, func, literal_column, not_, select, true
from sqlalchemy.orm import aliased

from registry.access import Permission
from registry.identifiers import AgencyId, Book, CanteenId, HolderId, TerminalId
from registry.lists.listing import (
    Filter,
    Listing,
    contains,
    days,
    equal,
    in_region,
    members,
    numbered,
    one_of,
    since,
    until,
)
from registry.meals import Meal
from registry.models import Canteen
from settlement.models import LedgerRequest, Transfer
from settlement.transfers import TransferKind
from terminals.inventory import LATE_AFTER
from terminals.models import (
    CounterDisplay,
    Enrolment,
    Nearness,
    Roster,
    RosterState,
    Sheet,
    SheetPayment,
    SheetState,
    Terminal,
    TerminalKind,
    TerminalReport,
    TerminalSession,
    TerminalState,
)


class ListedTerminal(Struct):
    """A terminal, and what it last said of itself; null: it has not said so.

    ``renew_key_by``: after that it is late with the renewal of its key. ``signed_on_at``, ``protocol``, ``software``,
    ``model``, ``serial``: its last sign-on. ``seen_at``, ``clock_ahead_s``: when it last asked for changes, and how far
    its clock was ahead of the centre's then, in seconds. ``block_list_version``: the one that it had when it last asked
    for changes of it. ``unknown_payments``: of its last closing of a shift, at ``closed_at``.
    """

    terminal_id: TerminalId
    book: Book
    name: str | None
    kind: str
    state: str
    agency_id: AgencyId
    canteen_id: CanteenId
    canteen_zh: str
    canteen_en: str
    epoch: int
    enrolled_at: datetime
    revoked_at: datetime | None
    renew_key_by: datetime
    signed_on_at: datetime | None
    protocol: int | None
    software: str | None
    model: str | None
    serial: str | None
    seen_at: datetime | None
    clock_ahead_s: int | None
    block_list_version: int | None
    unknown_payments: int | None
    closed_at: datetime | None


_last = (
    select(TerminalSession)
    .where(TerminalSession.book == Terminal.book, TerminalSession.terminal_id == Terminal.terminal_id)
    .order_by(TerminalSession.signed_in_at.desc())
    .limit(1)
    .lateral("last_session")
)
_renew_by = func.coalesce(Terminal.key_since, Terminal.enrolled_at) + LATE_AFTER


def _is_late(value: bool) -> Any:
    late = and_(_renew_by < datetime.now(UTC), Terminal.state == TerminalState.ACTIVE.value)
    return late if value else not_(late)


TERMINALS = Listing(
    "terminals",
    ListedTerminal,
    Permission.SEE_TERMINALS,
    members(
        ListedTerminal,
        Terminal,
        TerminalReport,
        Canteen,
        canteen_zh=Canteen.name_zh,
        canteen_en=Canteen.name_en,
        renew_key_by=_renew_by,
        signed_on_at=_last.c.signed_in_at,
        protocol=_last.c.protocol,
        software=_last.c.software,
        model=_last.c.model,
        serial=_last.c.serial,
    )
    .join(Canteen, and_(Canteen.book == Terminal.book, Canteen.canteen_id == Terminal.canteen_id))
    .outerjoin(
        TerminalReport,
        and_(TerminalReport.book == Terminal.book, TerminalReport.terminal_id == Terminal.terminal_id),
    )
    .outerjoin(_last, true()),
    key=(Terminal.terminal_id,),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(Terminal.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(Terminal.canteen_id),
        "state": one_of(Terminal.state, TerminalState),
        "kind": one_of(Terminal.kind, TerminalKind),
        "name": contains(Terminal.name),
        "late": Filter(bool, _is_late),
        "seen_until": until(TerminalReport.seen_at, datetime),
    },
    sorts={"enrolled_at": Terminal.enrolled_at},
    words={"kind": lambda value: f"terminal.kind.{value}", "state": lambda value: f"terminal.state.{value}"},
)


class ListedEnrolment(Struct):
    """A one-time code for a device, who made and who approved it, and the terminal that came of it."""

    enrolment_id: int
    book: Book
    kind: str
    agency_id: AgencyId
    canteen_id: CanteenId
    created_by: str
    approved_by: str | None
    expires_at: datetime
    terminal_id: TerminalId | None
    epoch: int | None


ENROLMENTS = Listing(
    "enrolments",
    ListedEnrolment,
    Permission.SEE_TERMINALS,
    members(ListedEnrolment, Enrolment, Canteen).join(
        Canteen, and_(Canteen.book == Enrolment.book, Canteen.canteen_id == Enrolment.canteen_id)
    ),
    key=(Enrolment.enrolment_id,),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(Enrolment.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(Enrolment.canteen_id),
        "kind": one_of(Enrolment.kind, TerminalKind),
        "approved": Filter(bool, lambda value: Enrolment.approved_by.is_not(None) == value),
        "expires_from": since(Enrolment.expires_at, datetime),
        "expires_until": until(Enrolment.expires_at, datetime),
    },
    sorts={"expires_at": Enrolment.expires_at},
    words={"kind": lambda value: f"terminal.kind.{value}"},
)


class ListedRoster(Struct):
    """A file of an agency's people: who sent, confirmed it and when; ``joiners`` to ``leavers`` count what it changes,
    null until it is read. ``done`` of ``rows`` are carried out."""

    roster_id: int
    book: Book
    agency_id: AgencyId
    state: str
    rows: int
    done: int
    joiners: int | None
    returning: int | None
    changed: int | None
    leavers: int | None
    made_by: str
    made_at: datetime
    confirmed_by: str | None
    applied_at: datetime | None
    sha256: str


ROSTERS = Listing(
    "rosters",
    ListedRoster,
    Permission.SEE_OFFICIALS,
    members(
        ListedRoster,
        Roster,
        **{kind: Roster.preview[kind].as_integer() for kind in ("joiners", "returning", "changed", "leavers")},
    ),
    key=(Roster.roster_id,),
    owners=(Roster.agency_id,),
    filters={
        "book": in_region(Roster.book),
        "agency_id": numbered(Roster.agency_id),
        "state": one_of(Roster.state, RosterState),
        "made_from": since(Roster.made_at, datetime),
        "made_until": until(Roster.made_at, datetime),
    },
    words={"state": lambda value: f"roster.state.{value}"},
    has_detail=False,
)


class ListedSheet(Struct):
    """A canteen's printed code. ``version`` counts its replacements; ``made_by``, ``made_at``: of the latest."""

    sheet_id: int
    version: int
    book: Book
    agency_id: AgencyId
    canteen_id: CanteenId
    canteen_zh: str
    canteen_en: str
    name: str | None
    state: str
    expires_at: datetime | None
    made_by: str
    made_at: datetime
    revoked_at: datetime | None


_sheet_state = case(
    (Sheet.revoked_at.is_not(None), SheetState.REVOKED.value),
    (Sheet.expires_at <= func.now(), SheetState.EXPIRED.value),
    else_=SheetState.ACTIVE.value,
)

SHEETS = Listing(
    "sheets",
    ListedSheet,
    Permission.SEE_TERMINALS,
    members(
        ListedSheet, Sheet, Canteen, canteen_zh=Canteen.name_zh, canteen_en=Canteen.name_en, state=_sheet_state
    ).join(Canteen, and_(Canteen.book == Sheet.book, Canteen.canteen_id == Sheet.canteen_id)),
    key=(Sheet.sheet_id,),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(Sheet.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(Sheet.canteen_id),
        "state": one_of(_sheet_state, SheetState),
    },
    words={"state": lambda value: f"sheet.state.{value}"},
)


class SheetPaymentState(StrEnum):
    """What became of a payment by a sheet."""

    PAID = "paid"
    REFUNDED = "refunded"
    """In part or in full."""
    VOIDED = "voided"


class ListedSheetPayment(Struct):
    """A payment by a canteen's printed code, of all purses together, in fen. ``place``, ``distance``: what the place
    check found, and the class of distances in metres. The issuer's and the acquirer's agency see it."""

    book: Book
    posting_id: UUID
    sheet_id: int
    sheet_version: int
    sheet_name: str | None
    acquirer_id: AgencyId
    canteen_id: CanteenId
    issuer_id: AgencyId
    holder_id: HolderId
    meal: str
    amount_fen: int
    state: str
    place: str
    distance: str | None
    business_date: date
    purchased_at: datetime
    posted_at: datetime


def _given_back(kind: TransferKind) -> ColumnElement[bool]:
    """Whether a payment was given back in this way."""
    back = aliased(Transfer)
    return exists(back.book).where(
        back.book == Transfer.book, back.reverses == Transfer.posting_id, back.kind == literal_column(f"'{kind}'")
    )


_sheet_payment_state = case(
    (_given_back(TransferKind.REVERSAL), SheetPaymentState.VOIDED.value),
    (_given_back(TransferKind.REFUND), SheetPaymentState.REFUNDED.value),
    else_=SheetPaymentState.PAID.value,
)


def _same_number(table: type[SheetPayment | LedgerRequest]) -> ColumnElement[bool]:
    """What is kept under the number with which the phone paid."""
    names = ("book", "terminal_id", "epoch", "sequence")
    return and_(*(getattr(table, name) == getattr(Transfer, name) for name in names))


SHEET_PAYMENTS = Listing(
    "sheet_payments",
    ListedSheetPayment,
    Permission.SEE_PAYMENTS,
    members(
        ListedSheetPayment,
        Transfer,
        SheetPayment,
        sheet_name=Sheet.name,
        amount_fen=LedgerRequest.cash_fen + LedgerRequest.subsidy_fen + LedgerRequest.host_fen,
        state=_sheet_payment_state,
    )
    .join(LedgerRequest, _same_number(LedgerRequest))
    # What was noted under the same number and refused before it counted stands under another digest.
    .join(SheetPayment, _same_number(SheetPayment) & (SheetPayment.digest == LedgerRequest.digest))
    .outerjoin(Sheet, Sheet.sheet_id == SheetPayment.sheet_id)
    # Literally, so that every plan knows the index of these.
    .where(
        Transfer.channel == literal_column("'sheet'"),
        Transfer.part == literal_column("0"),
        Transfer.reverses.is_(None),
    ),
    key=(Transfer.book, Transfer.posting_id),
    owners=(Transfer.issuer_id, Transfer.acquirer_id),
    filters={
        "book": in_region(Transfer.book),
        "posting_id": equal(Transfer.posting_id, UUID),
        "sheet_id": numbered(SheetPayment.sheet_id),
        "acquirer_id": numbered(Transfer.acquirer_id),
        "canteen_id": numbered(Transfer.canteen_id),
        "issuer_id": numbered(Transfer.issuer_id),
        "holder_id": numbered(Transfer.holder_id),
        "meal": one_of(Transfer.meal, Meal),
        "place": one_of(SheetPayment.place, Nearness),
        "state": one_of(_sheet_payment_state, SheetPaymentState),
        **days(Transfer.business_date),
    },
    words={
        "meal": lambda value: f"meal.{value}",
        "place": lambda value: f"sheet_payment.place.{value}",
        "state": lambda value: f"sheet_payment.state.{value}",
    },
)


class ListedDisplay(Struct):
    """A link for the screen of a canteen's counter; null in ``revoked_at``: it can be opened."""

    display_id: int
    book: Book
    agency_id: AgencyId
    canteen_id: CanteenId
    canteen_zh: str
    canteen_en: str
    name: str | None
    made_by: str
    made_at: datetime
    revoked_at: datetime | None


DISPLAYS = Listing(
    "displays",
    ListedDisplay,
    Permission.SEE_TERMINALS,
    members(ListedDisplay, CounterDisplay, Canteen, canteen_zh=Canteen.name_zh, canteen_en=Canteen.name_en).join(
        Canteen, and_(Canteen.book == CounterDisplay.book, Canteen.canteen_id == CounterDisplay.canteen_id)
    ),
    key=(CounterDisplay.display_id,),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(CounterDisplay.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(CounterDisplay.canteen_id),
    },
)

LISTS: dict[str, Listing[Any]] = {
    "/console/terminals": TERMINALS,
    "/console/enrolments": ENROLMENTS,
    "/registry/rosters": ROSTERS,
    "/console/sheets": SHEETS,
    "/console/displays": DISPLAYS,
    "/console/sheet-payments": SHEET_PAYMENTS,
}
"""The lists by their paths."""
