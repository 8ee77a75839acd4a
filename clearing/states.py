"""The closed vocabularies of clearing. Database columns and the wire hold the values as they stand here."""

from enum import StrEnum


class CycleState(StrEnum):
    """How far a cycle is; the transitions are ``clearing.closing.TRANSITIONS``."""

    CLOSING = "closing"
    CLOSED = "closed"
    NETTED = "netted"
    PUBLISHED = "published"
    SETTLED = "settled"


class LegState(StrEnum):
    """How much of a net position the bank has confirmed: nothing, a part, or all of it."""

    DUE = "due"
    PARTIAL = "partial"
    SETTLED = "settled"


class EntryVerdict(StrEnum):
    """The result of matching a bank entry. ``KNOWN`` is answered and never stored."""

    MATCHED = "matched"
    RETURNED = "returned"
    """Money of a leg that came back: the bank could not pay it out, or it was sent back to the payer."""
    UNKNOWN_REFERENCE = "unknown_reference"
    WRONG_DIRECTION = "wrong_direction"
    TOO_MUCH = "too_much"
    KNOWN = "known"
    """A repeat of an entry that was posted before."""
    NUMBER_USED_BEFORE = "number_used_before"
    """The bank's number of another entry: a person decides whether it is a repeat."""


class Resolution(StrEnum):
    """What people decide on a bank entry, or a part of it, that matches no leg."""

    ASSIGNED = "assigned"
    """It pays a leg, or is money of a leg that came back."""
    RETURNED = "returned"
    """It was sent back to where it came from, or is the sending back of another entry."""
    OTHER = "other"
    """It concerns no settlement: interest, a charge of the bank, a repeat."""


class DisputeState(StrEnum):
    """The state of a dispute; the transitions are ``clearing.disputes.TRANSITIONS``."""

    OPEN = "open"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class DisputeSide(StrEnum):
    """What a file of a dispute belongs to."""

    DISPUTE = "dispute"
    ANSWER = "answer"


class ObligationLine(StrEnum):
    """The kinds of lines on a statement (see ``clearing.models.Obligation``)."""

    MEAL = "meal"
    WORKING_MEAL = "working_meal"
    LATE = "late"
    CORRECTION = "correction"
    WORKING_MEAL_CORRECTION = "working_meal_correction"
    FEE = "fee"


class DocumentKind(StrEnum):
    """The documents of a cycle; all but ``STATEMENT`` are the network's."""

    STATEMENT = "statement"
    NET = "net"
    BILATERAL = "bilateral"
    PUBLIC = "public"


class NetworkReport(StrEnum):
    """The documents of a cycle that concern the whole network."""

    NET = "net"
    BILATERAL = "bilateral"
    PUBLIC = "public"


class FileFormat(StrEnum):
    """The formats of a document."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class DifferenceKind(StrEnum):
    """What reconciliation compares."""

    TERMINAL = "terminal"
    BANK_LEG = "bank_leg"
    BANK_ENTRY = "bank_entry"
    FLOAT = "float"
    CYCLE = "cycle"


class DifferenceCause(StrEnum):
    """Why two records do not agree."""

    TERMINAL_AWAITS_ANSWERS = "terminal_awaits_answers"
    TERMINAL_FORGOT_PAYMENTS = "terminal_forgot_payments"
    TERMINAL_SHOWS_MORE = "terminal_shows_more"
    TERMINAL_SHOWS_OTHERS = "terminal_shows_others"
    """As many payments, of the same sum, and yet not the same ones, or not on the same days."""
    AGENCY_HAS_NOT_PAID = "agency_has_not_paid"
    BANK_HAS_NOT_CONFIRMED = "bank_has_not_confirmed"
    AGENCY_PAID_IN_PART = "agency_paid_in_part"
    PAID_OUT_IN_PART = "paid_out_in_part"
    PAY_IN_SENT_BACK = "pay_in_sent_back"
    PAY_OUT_RETURNED = "pay_out_returned"
    UNKNOWN_REFERENCE = "unknown_reference"
    WRONG_DIRECTION = "wrong_direction"
    TOO_MUCH = "too_much"
    NUMBER_USED_BEFORE = "number_used_before"
    LEDGER_DAMAGED = "ledger_damaged"
    STUCK_CLOSING = "stuck_closing"
    STUCK_CLOSED = "stuck_closed"
    STUCK_NETTED = "stuck_netted"


class ShiftFindingKind(StrEnum):
    """Why a shift, or payments without one, need a look."""

    OUTSIDE = "outside"
    """Payments under numbers that no shift has."""
    OPEN = "open"
    """The business day has ended, and the till has not closed the shift."""
    DIFFERS = "differs"
    """The latest closing does not agree with the ledger."""
