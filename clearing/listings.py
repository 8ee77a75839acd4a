"""The lists of clearing: what each shows and to whom."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from clearing.models import (
    BankEntryRow,
    Cycle,
    DifferenceRow,
    Dispute,
    PaymentFile,
    Position,
    ReceptionMonth,
    Statement,
)
from clearing.states import (
    CycleState,
    DifferenceCause,
    DifferenceKind,
    DisputeState,
    DocumentKind,
    EntryVerdict,
    FileFormat,
)
from registry.access import Permission
from registry.identifiers import AgencyId, Book
from registry.lists.listing import Filter, Listing, days, equal, members, named, numbered, one_of, since, until


class ListedCycle(Struct):
    """A clearing cycle, and when it came to each state; ``fee_fen``: the acquirers' fee per visitor's meal."""

    business_date: date
    state: str
    fee_fen: int
    closing_at: datetime
    closed_at: datetime | None
    netted_at: datetime | None
    published_at: datetime | None
    settled_at: datetime | None


CYCLES = Listing(
    "cycles",
    ListedCycle,
    Permission.SEE_CLEARING,
    members(ListedCycle, Cycle),
    key=(Cycle.business_date,),
    filters={
        "state": one_of(Cycle.state, CycleState),
        **days(Cycle.business_date),
    },
    words={"state": lambda value: f"cycle.state.{value}"},
    has_detail=False,
)


class ListedPosition(Struct):
    """What an agency is to get in a cycle, net of what it owes: negative where it pays. Money in fen."""

    cycle_date: date
    agency_id: AgencyId
    receivable_fen: int
    payable_fen: int
    position_fen: int


POSITIONS = Listing(
    "positions",
    ListedPosition,
    Permission.SEE_CLEARING,
    members(ListedPosition, Position),
    key=(Position.cycle_date, Position.agency_id),
    owners=(Position.agency_id,),
    filters={
        "agency_id": numbered(Position.agency_id),
        "cycle_date": equal(Position.cycle_date, date),
        **days(Position.cycle_date),
    },
)


class ListedStatement(Struct):
    """A published file of a cycle; with agency 0 a report of the network. ``size`` in bytes."""

    cycle_date: date
    document: str
    agency_id: AgencyId
    format: str
    file_name: str
    size: int


STATEMENTS = Listing(
    "statements",
    ListedStatement,
    Permission.SEE_CLEARING,
    members(ListedStatement, Statement),
    key=(Statement.cycle_date, Statement.document, Statement.agency_id, Statement.format),
    owners=(Statement.agency_id,),
    filters={
        "agency_id": numbered(Statement.agency_id),
        "cycle_date": equal(Statement.cycle_date, date),
        "document": one_of(Statement.document, DocumentKind),
        "format": one_of(Statement.format, FileFormat),
        **days(Statement.cycle_date),
    },
    words={"document": lambda value: f"document.{value}"},
)


class ListedReceptions(Struct):
    """What an agency reported of a month, in fen; the highest version holds, earlier ones were corrected."""

    month: date
    agency_id: AgencyId
    version: int
    reception_fen: int
    host_meals_fen: int
    joined_month: date | None
    source: str
    reason: str | None
    reported_by: str
    reported_at: datetime


RECEPTIONS = Listing(
    "receptions",
    ListedReceptions,
    Permission.SEE_CLEARING,
    members(ListedReceptions, ReceptionMonth),
    key=(ReceptionMonth.month, ReceptionMonth.agency_id, ReceptionMonth.version),
    owners=(ReceptionMonth.agency_id,),
    filters={"agency_id": numbered(ReceptionMonth.agency_id), **days(ReceptionMonth.month)},
)


class ListedPaymentFile(Struct):
    """A payment file of a cycle; a later number replaces it."""

    cycle_date: date
    number: int
    made_at: datetime


PAYMENT_FILES = Listing(
    "bank_files",
    ListedPaymentFile,
    Permission.SEE_BANK,
    members(ListedPaymentFile, PaymentFile),
    key=(PaymentFile.cycle_date, PaymentFile.number),
    filters={
        "cycle_date": equal(PaymentFile.cycle_date, date),
        **days(PaymentFile.cycle_date),
    },
)


class ListedBankEntry(Struct):
    """An entry on the settlement account, in fen, and the position that it pays, if any."""

    entry: str
    occurrence: int
    credit: bool
    amount_fen: int
    booked_on: date
    reference: str
    remark: str | None
    verdict: str
    cycle_date: date | None
    agency_id: AgencyId | None
    taken_at: datetime


BANK_ENTRIES = Listing(
    "bank_entries",
    ListedBankEntry,
    Permission.SEE_BANK,
    members(ListedBankEntry, BankEntryRow),
    key=(BankEntryRow.entry, BankEntryRow.occurrence),
    owners=(BankEntryRow.agency_id,),
    filters={
        "agency_id": numbered(BankEntryRow.agency_id),
        "cycle_date": equal(BankEntryRow.cycle_date, date),
        "verdict": one_of(BankEntryRow.verdict, EntryVerdict),
        "reference": named(BankEntryRow.reference),
        **days(BankEntryRow.booked_on),
    },
    sorts={"booked_on": BankEntryRow.booked_on, "taken_at": BankEntryRow.taken_at},
    words={"verdict": lambda value: f"bank_entry.verdict.{value}"},
)


class ListedDispute(Struct):
    """A payment that an agency disputes, in fen; both agencies see it."""

    dispute_id: int
    book: Book
    posting_id: UUID
    cycle_date: date
    raised_by_agency: AgencyId
    other_agency: AgencyId
    amount_fen: int
    state: str
    text: str
    raised_by: str
    raised_at: datetime
    answer_until: date
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    refund_id: UUID | None


DISPUTES = Listing(
    "disputes",
    ListedDispute,
    Permission.SEE_CLEARING,
    members(ListedDispute, Dispute),
    key=(Dispute.dispute_id,),
    owners=(Dispute.raised_by_agency, Dispute.other_agency),
    filters={
        "state": one_of(Dispute.state, DisputeState),
        "raised_by_agency": numbered(Dispute.raised_by_agency),
        "other_agency": numbered(Dispute.other_agency),
        "posting_id": equal(Dispute.posting_id, UUID),
        "cycle_date": equal(Dispute.cycle_date, date),
        "raised_from": since(Dispute.raised_at, datetime),
        "raised_until": until(Dispute.raised_at, datetime),
    },
    sorts={"raised_at": Dispute.raised_at, "answer_until": Dispute.answer_until},
    words={"state": lambda value: f"dispute.state.{value}"},
    has_detail=False,
)


class ListedDifference(Struct):
    """What reconciliation found, in fen; ``resolved_at``: when the records agreed again."""

    kind: str
    subject: str
    agency_id: AgencyId | None
    amount_fen: int
    cause: str
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None


DIFFERENCES = Listing(
    "differences",
    ListedDifference,
    Permission.SEE_CLEARING,
    members(ListedDifference, DifferenceRow),
    key=(DifferenceRow.kind, DifferenceRow.subject),
    owners=(DifferenceRow.agency_id,),
    filters={
        "kind": one_of(DifferenceRow.kind, DifferenceKind),
        "agency_id": numbered(DifferenceRow.agency_id),
        "cause": one_of(DifferenceRow.cause, DifferenceCause),
        "resolved": Filter(bool, lambda value: DifferenceRow.resolved_at.is_not(None) == value),
        "seen_from": since(DifferenceRow.last_seen, datetime),
        "seen_until": until(DifferenceRow.first_seen, datetime),
    },
    sorts={"first_seen": DifferenceRow.first_seen},
    words={"kind": lambda value: f"difference.kind.{value}", "cause": lambda value: f"difference.cause.{value}"},
)

LISTS: dict[str, Listing[Any]] = {
    "/clearing/cycles": CYCLES,
    "/clearing/positions": POSITIONS,
    "/clearing/statements": STATEMENTS,
    "/clearing/receptions": RECEPTIONS,
    "/clearing/bank-files": PAYMENT_FILES,
    "/clearing/bank-entries": BANK_ENTRIES,
    "/clearing/disputes": DISPUTES,
    "/clearing/differences": DIFFERENCES,
}
"""The lists by their paths."""
