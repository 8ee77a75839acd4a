"""Tables of clearing: closed days, cycles, obligations, net positions, statements, bank entries, disputes."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from registry.models import Base, book_key, number_key


class Cycle(Base):
    """A clearing cycle. Transitions: ``clearing.closing.TRANSITIONS``; ``fee_fen``: see ``open_cycle``."""

    __tablename__ = "cycle"
    __table_args__ = (
        CheckConstraint("state IN ('closing', 'closed', 'netted', 'published', 'settled')", name="state"),
    )

    business_date: Mapped[date] = mapped_column(primary_key=True)
    state: Mapped[str]
    fee_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    closing_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    netted_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]


class ClosedDay(Base):
    """A closed business day of a book, and the one cycle that clears it."""

    __tablename__ = "closed_day"
    __table_args__ = (ForeignKeyConstraint(["book"], ["book.book"]),)

    book: Mapped[int] = book_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime]
    rolled_up_at: Mapped[datetime | None]
    cycle_date: Mapped[date | None]


class Obligation(Base):
    """What one agency's officials paid at one canteen in a cycle, per book, meal, channel and kind of line.

    ``line`` (``ObligationLine``): ``meal``; ``working_meal``, paid by the host; ``late``, paid offline before the
    book's previous day was closed; ``correction`` and ``working_meal_correction``, refunds in this cycle of payments
    of an earlier one; ``fee``, the acquirer's fee for visitors' meals.
    ``subsidy_fen`` is the part of the net amount that came from subsidy purses.
    """

    __tablename__ = "obligation"
    __table_args__ = (
        CheckConstraint(
            "line IN ('meal', 'working_meal', 'late', 'correction', 'working_meal_correction', 'fee')", name="line"
        ),
        Index("ix_obligation_acquirer", "cycle_date", "acquirer_id"),
        Index(
            "ix_obligation_working_meal", "acquirer_id", "cycle_date",
            postgresql_where=sql("line IN ('working_meal', 'working_meal_correction')"),
        ),
    )  # fmt: skip

    cycle_date: Mapped[date] = mapped_column(ForeignKey("cycle.business_date"), primary_key=True)
    book: Mapped[int] = book_key()
    issuer_id: Mapped[int] = number_key()
    acquirer_id: Mapped[int] = mapped_column(BigInteger)
    canteen_id: Mapped[int] = number_key()
    meal: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(primary_key=True)
    payments: Mapped[int]
    paid_fen: Mapped[int] = mapped_column(BigInteger)
    reversals: Mapped[int]
    reversed_fen: Mapped[int] = mapped_column(BigInteger)
    subsidy_fen: Mapped[int] = mapped_column(BigInteger)


class Position(Base):
    """An agency's multilateral net position in a cycle: receivable minus payable, without own meals."""

    __tablename__ = "position"
    __table_args__ = (Index("ix_position_agency", "agency_id", "cycle_date"),)

    cycle_date: Mapped[date] = mapped_column(ForeignKey("cycle.business_date"), primary_key=True)
    agency_id: Mapped[int] = number_key()
    receivable_fen: Mapped[int] = mapped_column(BigInteger)
    payable_fen: Mapped[int] = mapped_column(BigInteger)
    position_fen: Mapped[int] = mapped_column(BigInteger)


class ReceptionMonth(Base):
    """What an agency spent in a month on receptions, and on meals that it paid as host beside the network; in fen.

    The highest ``version`` holds. ``joined_month``: since when the agency belongs to the network, where it says so.
    """

    __tablename__ = "reception_month"
    __table_args__ = (
        CheckConstraint("reception_fen >= 0 AND host_meals_fen >= 0", name="amounts"),
        CheckConstraint("extract(day FROM month) = 1", name="month"),
        Index("ix_reception_month_month", "month", "agency_id", "version"),
    )

    agency_id: Mapped[int] = number_key()
    month: Mapped[date] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reception_fen: Mapped[int] = mapped_column(BigInteger)
    host_meals_fen: Mapped[int] = mapped_column(BigInteger)
    joined_month: Mapped[date | None]
    source: Mapped[str]
    reason: Mapped[str | None]
    reported_by: Mapped[str]
    reported_at: Mapped[datetime]


class Statement(Base):
    """A published file of a cycle: an agency's statement, or with agency 0 a network report."""

    __tablename__ = "statement"
    __table_args__ = (
        CheckConstraint("document IN ('statement', 'net', 'bilateral', 'public')", name="document"),
        CheckConstraint("format IN ('csv', 'xlsx', 'pdf')", name="format"),
    )

    cycle_date: Mapped[date] = mapped_column(ForeignKey("cycle.business_date"), primary_key=True)
    document: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = number_key()
    format: Mapped[str] = mapped_column(primary_key=True)
    file_name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes]


class CycleProof(Base):
    """The manifest of a published cycle as the centre signed it (see ``clearing.proof``); ``log_index`` from 0."""

    __tablename__ = "cycle_proof"

    cycle_date: Mapped[date] = mapped_column(ForeignKey("cycle.business_date"), primary_key=True)
    log_index: Mapped[int] = mapped_column(unique=True)
    manifest: Mapped[bytes]
    signature: Mapped[bytes]


class BankAccountRow(Base):
    """The bank account that an agency has from a time on; with agency 0 the centre's settlement account."""

    __tablename__ = "bank_account_version"

    agency_id: Mapped[int] = number_key()
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    holder_name: Mapped[str]
    number: Mapped[str]
    bank: Mapped[str]


class BankEntryRow(Base):
    """An entry on the settlement account as the bank confirmed it, and the position that it pays, if any.

    ``occurrence``: 1, or more when the bank used the number of an entry again for another one. ``remark`` is null in
    entries of earlier releases, which did not read it.
    """

    __tablename__ = "bank_entry"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint(
            "verdict IN ('matched', 'returned', 'unknown_reference', 'wrong_direction', 'too_much',"
            " 'number_used_before')",
            name="verdict",
        ),
        CheckConstraint(
            "(verdict IN ('matched', 'returned')) = (cycle_date IS NOT NULL AND agency_id IS NOT NULL)", name="matched"
        ),
        ForeignKeyConstraint(["cycle_date", "agency_id"], ["position.cycle_date", "position.agency_id"]),
        Index("ix_bank_entry_position", "cycle_date", "agency_id"),
    )

    entry: Mapped[str] = mapped_column(primary_key=True)
    occurrence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default="1")
    credit: Mapped[bool]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    booked_on: Mapped[date]
    reference: Mapped[str]
    remark: Mapped[str | None]
    verdict: Mapped[str]
    cycle_date: Mapped[date | None]
    agency_id: Mapped[int | None] = mapped_column(BigInteger)
    taken_at: Mapped[datetime]


class BankEntryResolution(Base):
    """What a person decided on a bank entry, or a part of it, that matched no position (``Resolution``)."""

    __tablename__ = "bank_entry_resolution"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("resolution IN ('assigned', 'returned', 'other')", name="resolution"),
        CheckConstraint(
            "(resolution = 'assigned') = (cycle_date IS NOT NULL AND agency_id IS NOT NULL)", name="assigned"
        ),
        ForeignKeyConstraint(["entry", "occurrence"], ["bank_entry.entry", "bank_entry.occurrence"]),
        ForeignKeyConstraint(["cycle_date", "agency_id"], ["position.cycle_date", "position.agency_id"]),
        Index("ix_bank_entry_resolution_position", "cycle_date", "agency_id"),
    )

    entry: Mapped[str] = mapped_column(primary_key=True)
    occurrence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    resolution: Mapped[str]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    cycle_date: Mapped[date | None]
    agency_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str]
    resolved_by: Mapped[str]
    resolved_at: Mapped[datetime]


class CycleAccount(Base):
    """A bank account as it stood when a cycle was published: its statements name it, and its money moves there."""

    __tablename__ = "cycle_account"

    cycle_date: Mapped[date] = mapped_column(ForeignKey("cycle.business_date"), primary_key=True)
    agency_id: Mapped[int] = number_key()
    holder_name: Mapped[str]
    number: Mapped[str]
    bank: Mapped[str]


class PaymentFile(Base):
    """A payment file of a cycle as it was made, numbered from 1; ``digest`` of its payments and the centre's account.

    Each replaces the one before.
    """

    __tablename__ = "payment_file"

    cycle_date: Mapped[date] = mapped_column(ForeignKey("cycle.business_date"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[bytes]
    content: Mapped[bytes]
    made_at: Mapped[datetime]


class Dispute(Base):
    """A payment that an agency disputes (see ``clearing.disputes``); money in fen."""

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("state IN ('open', 'answered', 'accepted', 'rejected', 'withdrawn')", name="state"),
        CheckConstraint("(state = 'accepted') = (refund_id IS NOT NULL)", name="refund"),
        Index(
            "uq_dispute_standing",
            "posting_id",
            unique=True,
            postgresql_where=sql("state IN ('open', 'answered', 'accepted')"),
        ),
    )

    dispute_id: Mapped[int] = number_key()
    cycle_date: Mapped[date] = mapped_column(ForeignKey("cycle.business_date"))
    book: Mapped[int]
    posting_id: Mapped[UUID]
    raised_by_agency: Mapped[int] = mapped_column(BigInteger)
    other_agency: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    text: Mapped[str]
    raised_by: Mapped[str]
    raised_at: Mapped[datetime]
    answer_until: Mapped[date]
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    decision: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    refund_id: Mapped[UUID | None]


class DisputeFile(Base):
    """A file attached to a dispute or to the answer to it."""

    __tablename__ = "dispute_file"
    __table_args__ = (CheckConstraint("side IN ('dispute', 'answer')", name="side"),)

    dispute_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("dispute.dispute_id"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    side: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)


class DifferenceRow(Base):
    """A difference found by ``clearing.reconciliation``, from when it was first seen until it was resolved."""

    __tablename__ = "difference"

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[int | None] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    cause: Mapped[str]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
