"""Wire types of clearing."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

from clearing.bank_files import BankAccount
from clearing.states import (
    CycleState,
    DifferenceCause,
    DifferenceKind,
    DisputeSide,
    DisputeState,
    EntryVerdict,
    LegState,
    Resolution,
    ShiftFindingKind,
)
from foundation.attachments import NewFiles
from foundation.messages import VISIBLE, Fen, LongText, Message, Number, form, text
from foundation.problems import INVALID, Problem
from registry.identifiers import AgencyId, Book, CanteenId, HolderId, TerminalId
from registry.schemas import Reason


class CloseDay(Message):
    """The business day to close, net and publish; ``reason``: why before its cut-off."""

    business_date: date
    reason: Reason = ""


class PositionInfo(Struct, frozen=True):
    """An agency's net position in a cycle, in fen: positive is paid by the centre, negative is paid to it."""

    agency_id: AgencyId
    name_zh: str
    name_en: str
    receivable_fen: int
    payable_fen: int
    position_fen: int


class CycleInfo(Struct, frozen=True):
    """A clearing cycle: its state and net positions."""

    business_date: date
    state: CycleState
    positions: list[PositionInfo]


class OpenDay(Struct):
    """The open business day of a book."""

    book: Book
    business_date: date


class PaymentLine(Struct):
    """A posting behind a statement; ``reverses`` is the posting that it gives back. Money in fen."""

    posting_id: UUID
    part: int
    kind: str
    reverses: UUID | None
    issuer_id: AgencyId
    acquirer_id: AgencyId
    canteen_id: CanteenId
    meal: str
    channel: str
    holder_id: HolderId
    amount_fen: int
    business_date: date
    posted_at: datetime
    purchased_at: datetime | None


class NewBankAccount(Message):
    """An agency's bank account; agency 0 is the centre, with the settlement account."""

    agency_id: Annotated[AgencyId, Meta(ge=0, le=2**53 - 1)]
    holder_name: Annotated[str, form("bank_account_holder", f"(?![^<>&]*[<>&]){VISIBLE}", min_length=1, max_length=70)]
    number: Annotated[str, form("bank_account_number", "[0-9A-Za-z-]{4,34}")]
    bank: Annotated[str, form("bank_code", "[0-9]{12}", description="The bank's CNAPS number.")]

    def account(self) -> BankAccount:
        """The account itself."""
        return BankAccount(self.holder_name, self.number, self.bank)


class LegInfo(Struct):
    """The payment that settles an agency's net position, and its state. Money in fen."""

    agency_id: AgencyId
    reference: str
    pay_in: bool
    amount_fen: int
    matched_fen: int
    state: LegState


class EntryMatch(Struct):
    """A bank entry and the result of matching it with the net positions."""

    entry: str
    reference: str
    amount_fen: int
    verdict: EntryVerdict


class OpenEntry(Struct):
    """A bank entry that waits for people; money in fen, ``open_fen`` of it not resolved yet."""

    entry: str
    occurrence: int
    credit: bool
    amount_fen: int
    open_fen: int
    booked_on: date
    reference: str
    remark: str
    verdict: EntryVerdict
    taken_at: datetime


class NewResolution(Message):
    """What becomes of a bank entry that matches no leg. Cycle and agency name the leg of one that is assigned."""

    entry: Annotated[str, Meta(min_length=1, max_length=100, description="The bank's number, as listed.")]
    resolution: Resolution
    reason: Annotated[str, text(500)]
    occurrence: Annotated[int, Meta(ge=1, le=2**31 - 1)] = 1
    amount_fen: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    """Null: all that is open."""
    business_date: date | None = None
    agency_id: Annotated[AgencyId, Meta(ge=1, le=2**53 - 1)] | None = None

    def leg(self) -> tuple[date, int] | None:
        """Cycle and agency of the leg. Raises Problem(INVALID) when it is missing, or given and not wanted."""
        given = (self.business_date is not None) + (self.agency_id is not None)
        if given != 2 * (self.resolution is Resolution.ASSIGNED):
            raise Problem(INVALID, "resolution.leg")
        return None if self.business_date is None or self.agency_id is None else (self.business_date, self.agency_id)


class Resolved(Struct):
    """What is still open of a bank entry, in fen."""

    open_fen: int


class OpenLegInfo(Struct):
    """A payment between an agency and the centre that has not, or not all, moved; money in fen."""

    business_date: date
    agency_id: AgencyId
    reference: str
    pay_in: bool
    amount_fen: int
    matched_fen: int
    left_fen: int
    state: LegState
    published_at: datetime
    due_on: date


class NewDispute(Message):
    """A dispute of part or all of a payment."""

    posting_id: UUID
    amount_fen: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    text: LongText
    files: NewFiles = field(default_factory=list)


class Raised(Struct):
    """The number of a new dispute."""

    dispute_id: int


class DisputeAnswer(Message):
    """The other agency's answer to a dispute."""

    text: LongText
    files: NewFiles = field(default_factory=list)


class Decision(Message):
    """The centre's decision, and why."""

    accept: bool
    text: LongText


class DisputeFileInfo(Struct):
    """A file attached to a dispute or to its answer."""

    number: int
    side: DisputeSide
    name: str
    media_type: str


class DisputeInfo(Struct):
    """A dispute; money in fen."""

    dispute_id: int
    cycle_date: date
    posting_id: UUID
    raised_by_agency: AgencyId
    other_agency: AgencyId
    amount_fen: int
    state: DisputeState
    text: str
    raised_at: datetime
    answer_until: date
    answer: str | None
    answered_at: datetime | None
    decision: str | None
    decided_at: datetime | None
    refund_id: UUID | None
    files: list[DisputeFileInfo]


class CashierTook(Struct):
    """A cashier who was signed on during a shift, and what was taken under his numbers, from ``first`` to ``last``.

    Payments and money (fen) are net of reversals. His name is at the console for those who may see it.
    """

    cashier_id: int
    number: str
    first: int
    last: int
    signed_on_at: datetime
    ends_at: datetime
    payments: int
    amount_fen: Fen


class ShiftEvidence(Struct):
    """What a terminal signed of the shift of a disputed payment. Bytes are base64url.

    ``closing`` is the body that was signed: its digest stands in ``signature_base``. ``leaves``: of the chain, in
    order; the payment's is at ``position``, from 0, and is made of the members before. ``is_signed``: the signature is
    genuine. ``has_payment``: the ledger's leaves, the payment's among them, give the head that the terminal signed.
    ``cashier`` is what the terminal said, ``cashiers`` who signed on by PIN.
    """

    terminal_id: TerminalId
    epoch: int
    shift: int
    cashier: str
    drawer: str
    sequence: int
    body_digest: str
    receipt: UUID
    amount_fen: Fen
    closing: str
    signature_base: str
    signature: str
    public_key: str
    received_at: datetime
    leaves: list[str]
    cashiers: list[CashierTook]
    position: int
    is_signed: bool
    has_payment: bool


class ClosingEvidence(Struct):
    """The latest closing of a shift as the terminal signed it, and the ledger's hash chain. Bytes are base64url.

    ``closing`` is the body that was signed: its digest stands in ``signature_base``. ``leaves``: of the chain as the
    ledger has it now, in order. ``is_signed``: the signature is genuine. ``has_leaves``: they give the head that the
    terminal signed. ``agrees``: so did its totals at the time of the closing. ``cashier`` is what the terminal said,
    ``cashiers`` who signed on by PIN.
    """

    terminal_id: TerminalId
    epoch: int
    shift: int
    cashier: str
    drawer: str
    closing: str
    signature_base: str
    signature: str
    public_key: str
    received_at: datetime
    leaves: list[str]
    cashiers: list[CashierTook]
    is_signed: bool
    has_leaves: bool
    agrees: bool


class ShiftFinding(Struct):
    """A shift of a business day, or payments without one, that need a look; money in fen.

    ``first`` and ``last`` are the numbers. ``payments`` and ``amount_fen``: what the ledger has of them on the day.
    ``unknown``, ``off_payments``, ``off_fen``: of a closing that differs, what the terminal had no answer to, and how
    much more the ledger had, net of reversals.
    """

    kind: ShiftFindingKind
    agency_id: AgencyId
    canteen_id: CanteenId
    terminal_id: TerminalId
    epoch: int
    shift: int | None
    first: int
    last: int
    cashier: str | None
    drawer: str | None
    opened_at: datetime | None
    payments: int
    amount_fen: Fen
    unknown: int
    off_payments: int
    off_fen: int


class DifferenceInfo(Struct):
    """A difference found by reconciliation; money in fen. ``resolved_at``: when the records agreed again.

    ``more``: how many differences of the same terminal, open or resolved like this one, are not listed.
    """

    kind: DifferenceKind
    subject: str
    agency_id: AgencyId | None
    amount_fen: int
    cause: DifferenceCause
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None
    more: int


ReceptionFen = Annotated[int, Meta(ge=0, le=100_000_000_000)]
"""At most a billion yuan a month: more is a slip."""


class SpentMonth(Message):
    """What an agency spent in the month of a day, in fen.

    ``reception_fen``: official receptions as the books have them. ``host_meals_fen``: working meals that it paid as
    host and that are not among them; those on the network are known to the centre and do not belong here.
    """

    month: date
    reception_fen: ReceptionFen
    host_meals_fen: ReceptionFen


class NewReceptions(Message):
    """What an agency spent in months that are over, and from which books. ``reason``: of a correction.

    ``joined_month``: any day of the month in which the agency joined, where that was before its first settlement here.
    """

    agency_id: Number
    months: Annotated[list[SpentMonth], Meta(min_length=1, max_length=36)]
    source: Annotated[str, text(200)]
    joined_month: date | None = None
    reason: Annotated[str, text(500)] | None = None


class ComparedMonth(Struct):
    """A month after joining, and ``before_month``, which is that of the last year before. Money in fen.

    ``network_fen``: working meals that the host paid on the network. ``saved_fen`` is negative where more was spent.
    """

    month: date
    before_month: date
    before_reception_fen: int
    before_host_meals_fen: int
    before_fen: int
    reception_fen: int
    host_meals_fen: int
    network_fen: int
    after_fen: int
    saved_fen: int


class AgencyReceptions(Struct):
    """An agency's months that are compared, and their sums in fen.

    ``joined_month``: stated by the agency (``is_stated``), or that of ``first_cycle``, in which it first owed or was
    owed money for visitors. ``reported``: months that it reported. ``missing``: months after joining that lack a figure
    on one of the sides.
    """

    agency_id: int
    book: int
    joined_month: date | None
    is_stated: bool
    first_cycle: date | None
    reported: int
    reported_first: date | None
    reported_last: date | None
    missing: list[date]
    compared: list[ComparedMonth]
    before_fen: int
    after_fen: int
    saved_fen: int


class ReceptionSavings(Struct):
    """All agencies that the reader may see, with sums over those that are compared. Money in fen."""

    as_of: datetime
    agencies: list[AgencyReceptions]
    before_fen: int
    after_fen: int
    saved_fen: int
