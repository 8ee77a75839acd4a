"""The ledger's tables. Every key starts with ``book``; ``transfer`` and ``request`` are append-only.

A **posting** is an atomic group of transfers (one payment split over two purses has two parts). One transfer row
has both sides, so the books balance by construction. Only purses keep a stored balance; every
other account's balance is the sum of its transfers, rolled up by business day in ``account_day``.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.identifiers import AccountId, AgencyId, Book, CanteenId, CredentialId, HolderId, TerminalId
from registry.models import Base, book_key, number_key

AMOUNT_MAX_FEN = 1_000_000
"""10,000 yuan: well above any meal or top-up."""


class BookDay(Base):
    """The open business day of a book. Closing a day moves the date of this one row forward (see sql/day.sql)."""

    __tablename__ = "book_day"
    __table_args__ = (ForeignKeyConstraint(["book"], ["book.book"]),)

    book: Mapped[Book] = book_key()
    business_date: Mapped[date]


class Purse(Base):
    """An official's account of one kind, with its balance."""

    __tablename__ = "purse"
    __table_args__ = (
        CheckConstraint("kind IN ('cash', 'subsidy')", name="kind"),
        CheckConstraint("balance_fen >= 0", name="balance"),
        Index("uq_purse_account", "book", "account_id", unique=True),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    book: Mapped[Book] = book_key()
    holder_id: Mapped[HolderId] = number_key()
    kind: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(BigInteger)
    balance_fen: Mapped[int] = mapped_column(BigInteger)


class PaymentProbe(Base):
    """When a worker last wrote to the ledger, payments or not (see readiness.py)."""

    __tablename__ = "payment_probe"

    worker: Mapped[str] = mapped_column(primary_key=True)
    written_at: Mapped[datetime]


class Transfer(Base):
    """One movement of money: debit one account, credit another. Never updated, never deleted."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("debit_account <> credit_account", name="sides"),
        CheckConstraint(
            "kind IN ('payment', 'working_meal', 'reversal', 'refund', 'top_up', 'grant', 'payout', 'lapse')",
            name="kind",
        ),
        CheckConstraint("(kind IN ('reversal', 'refund')) = (reverses IS NOT NULL)", name="reverses"),
        Index(
            "uq_transfer_reversal",
            "book",
            "reverses",
            "part",
            unique=True,
            postgresql_where=text("kind = 'reversal'"),
        ),
        Index("ix_transfer_reverses", "book", "reverses", postgresql_where=text("reverses IS NOT NULL")),
        # What was given back, by the day of its booking: covers are net of it.
        Index("ix_transfer_given_back", "book", "business_date", postgresql_where=text("reverses IS NOT NULL")),
        # What is seldom beside payments, in the order in which it is listed.
        *(
            Index(f"ix_transfer_{kind}", "book", "posting_id", "part", postgresql_where=text(f"kind = '{kind}'"))
            for kind in ("refund", "top_up", "grant")
        ),
        Index(
            "ix_transfer_sheet",
            "book",
            "posting_id",
            postgresql_where=text("channel = 'sheet' AND part = 0 AND reverses IS NULL"),
        ),
        # Grows at one end, the open day's, however old the ledger is; PostgreSQL 18 skips through it for a holder.
        Index("ix_transfer_day", "book", "business_date", "holder_id"),
    )

    book: Mapped[Book] = book_key()
    posting_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    debit_account: Mapped[AccountId] = mapped_column(BigInteger)
    credit_account: Mapped[AccountId] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    business_date: Mapped[date]
    posted_at: Mapped[datetime]
    holder_id: Mapped[HolderId] = mapped_column(BigInteger)
    issuer_id: Mapped[AgencyId] = mapped_column(BigInteger)
    acquirer_id: Mapped[AgencyId | None] = mapped_column(BigInteger)
    canteen_id: Mapped[CanteenId | None] = mapped_column(BigInteger)
    meal: Mapped[str | None]
    channel: Mapped[str | None]
    credential_id: Mapped[CredentialId | None] = mapped_column(BigInteger)
    counter: Mapped[int | None] = mapped_column(BigInteger)
    terminal_id: Mapped[TerminalId | None] = mapped_column(BigInteger)
    epoch: Mapped[int | None]
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    purchased_at: Mapped[datetime | None]
    reverses: Mapped[UUID | None]


class LedgerRequest(Base):
    """A terminal's request under one (epoch, sequence) with its answer, refusals included.

    The key has no date, so a repeat after the cut-off finds it. A row whose digest is null is a tombstone: the request
    was voided before it arrived, and a late original is answered ``voided``. Three operations only use up a number
    (``settlement.shifts``): the ``opening`` of a shift, whose digest is empty, so that no message is a repeat of it;
    a ``cashier`` who signs on or off, whose digest is keyed, since the message has a PIN; and what was ``unused`` when
    a shift was settled, a tombstone.
    """

    __tablename__ = "request"
    __table_args__ = (
        CheckConstraint("operation IN ('charge', 'void', 'opening', 'cashier', 'unused')", name="operation"),
        CheckConstraint("outcome IN ('approved', 'refused', 'voided', 'forwarded', 'recorded')", name="outcome"),
        CheckConstraint("(outcome = 'refused') = (refusal IS NOT NULL)", name="refusal"),
        CheckConstraint("(outcome = 'forwarded') = (forwarded_to IS NOT NULL)", name="forwarded"),
    )

    book: Mapped[Book] = book_key()
    terminal_id: Mapped[TerminalId] = number_key()
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = number_key()
    operation: Mapped[str]
    digest: Mapped[bytes | None]
    outcome: Mapped[str]
    refusal: Mapped[str | None]
    forwarded_to: Mapped[Book | None]
    posting_id: Mapped[UUID | None]
    cash_fen: Mapped[int] = mapped_column(BigInteger)
    subsidy_fen: Mapped[int] = mapped_column(BigInteger)
    host_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cash_balance_fen: Mapped[int | None] = mapped_column(BigInteger)
    subsidy_balance_fen: Mapped[int | None] = mapped_column(BigInteger)
    business_date: Mapped[date | None]
    answered_at: Mapped[datetime]


class SaleLineRow(Base):
    """A line of what was sold in a payment, numbered from 1 (see ``settlement.sale_lines``)."""

    __tablename__ = "sale_line"
    __table_args__ = (
        CheckConstraint("(portions IS NULL) <> (grams IS NULL)", name="quantity"),
        CheckConstraint("amount_fen >= 0", name="amount"),
    )

    book: Mapped[Book] = book_key()
    posting_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    article: Mapped[str]
    portions: Mapped[int | None]
    grams: Mapped[int | None]
    unit_price_fen: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    take_away: Mapped[bool]


class TakeAwaySale(Base):
    """What of a payment was for take-away, by its business day: it is not eaten at the canteen, and makes no cover."""

    __tablename__ = "take_away_sale"
    __table_args__ = (CheckConstraint("taken_fen > 0", name="taken"),)

    book: Mapped[Book] = book_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    posting_id: Mapped[UUID] = mapped_column(primary_key=True)
    taken_fen: Mapped[int] = mapped_column(BigInteger)


class TillTotals(Base):
    """A terminal's last report of an epoch's totals: written by workers of the release before alone.

    Drop it in the release after the first one that has ``till_shift``: no worker writes it then.
    """

    __tablename__ = "till_totals"

    book: Mapped[Book] = book_key()
    terminal_id: Mapped[TerminalId] = number_key()
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    through_sequence: Mapped[int] = mapped_column(BigInteger)
    reported_at: Mapped[datetime]
    payments: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    unknown: Mapped[int] = mapped_column(BigInteger)
    ledger_payments: Mapped[int] = mapped_column(BigInteger)
    ledger_fen: Mapped[int] = mapped_column(BigInteger)


class TillShift(Base):
    """A shift of a till, known by the number of its opening (see ``settlement.shifts``).

    ``canteen_id``: where the till stood; null in those that a worker of an earlier release wrote.
    """

    __tablename__ = "till_shift"
    __table_args__ = (Index("ix_till_shift_opened", "opened_at", "book", "terminal_id", "epoch", "first_sequence"),)

    book: Mapped[Book] = book_key()
    terminal_id: Mapped[TerminalId] = number_key()
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_sequence: Mapped[int] = number_key()
    cashier: Mapped[str]
    drawer: Mapped[str]
    opened_at: Mapped[datetime]
    received_at: Mapped[datetime]
    canteen_id: Mapped[int | None] = mapped_column(BigInteger)


class ShiftClosing(Base):
    """A closing of a shift as the terminal signed it, numbered from 1, beside the ledger's totals at that moment.

    The latest counts. ``signature`` is over ``signature_base``, which has the digest of ``body``, under ``public_key``.
    Payments and fen are net of reversals.
    """

    __tablename__ = "shift_closing"
    __table_args__ = (
        CheckConstraint("last_sequence >= first_sequence", name="numbers"),
        Index("ix_shift_closing_closed", "closed_at", "book", "terminal_id", "epoch", "first_sequence", "number"),
    )

    book: Mapped[Book] = book_key()
    terminal_id: Mapped[TerminalId] = number_key()
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_sequence: Mapped[int] = number_key()
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_sequence: Mapped[int] = mapped_column(BigInteger)
    closed_at: Mapped[datetime]
    unknown: Mapped[int] = mapped_column(BigInteger)
    payments: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    ledger_payments: Mapped[int] = mapped_column(BigInteger)
    ledger_fen: Mapped[int] = mapped_column(BigInteger)
    agrees: Mapped[bool]
    body: Mapped[bytes]
    signature_base: Mapped[bytes]
    signature: Mapped[bytes]
    public_key: Mapped[bytes]
    received_at: Mapped[datetime]


class AccountDay(Base):
    """Debits and credits of an account without a stored balance in a closed business day."""

    __tablename__ = "account_day"

    book: Mapped[Book] = book_key()
    account_id: Mapped[AccountId] = number_key()
    business_date: Mapped[date] = mapped_column(primary_key=True)
    debit_fen: Mapped[int] = mapped_column(BigInteger)
    credit_fen: Mapped[int] = mapped_column(BigInteger)


class GatewayOrder(Base):
    """A top-up that an official pays on the phone (see ``settlement.online_top_ups``).

    ``order_id`` is the phone's number of the order; ``number`` is the centre's, used with the gateway and the ledger.
    """

    __tablename__ = "gateway_order"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'paid', 'expired', 'returned')", name="state"),
        CheckConstraint("amount_fen > 0", name="amount"),
        Index("uq_gateway_order_number", "book", "number", unique=True),
        Index("ix_gateway_order_open", "book", "created_at", postgresql_where=text("state = 'open'")),
    )

    book: Mapped[Book] = book_key()
    holder_id: Mapped[HolderId] = number_key()
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[UUID]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    reference: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class SubsidyLapse(Base):
    """Unspent meal money of a year that returned to an agency (see ``settlement.expiry``)."""

    __tablename__ = "subsidy_lapse"

    book: Mapped[Book] = book_key()
    agency_id: Mapped[AgencyId] = number_key()
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    purses: Mapped[int] = mapped_column(BigInteger)
    subsidy_fen: Mapped[int] = mapped_column(BigInteger)
    lapsed_at: Mapped[datetime]


class GrantFileRow(Base):
    """The content of a payroll file that was granted (see ``settlement.grant_files``); ``again``: why once more."""

    __tablename__ = "grant_file"
    __table_args__ = (ForeignKeyConstraint(["book", "agency_id"], ["agency.book", "agency.agency_id"]),)

    book: Mapped[Book] = book_key()
    agency_id: Mapped[AgencyId] = number_key()
    sha256: Mapped[str] = mapped_column(primary_key=True)
    batch: Mapped[str] = mapped_column(primary_key=True)
    granted_at: Mapped[datetime]
    granted_by: Mapped[str]
    again: Mapped[str]


class RegionRulesRow(Base):
    """A region's rules from a date on (see ``settlement.tariff.RegionRules``); null: no such limit."""

    __tablename__ = "region_rules"
    __table_args__ = (
        ForeignKeyConstraint(["book"], ["book.book"]),
        CheckConstraint("visitors IN ('anyone', 'agreement', 'visit')", name="visitors"),
        CheckConstraint("visitor_floor IN ('none', 'home_price')", name="visitor_floor"),
        CheckConstraint("visitor_cap IN ('none', 'allowance_share')", name="visitor_cap"),
        CheckConstraint("receipt_effect IN ('personal', 'voucher')", name="receipt_effect"),
        CheckConstraint("subsidy_expires IN ('never', 'year_end')", name="subsidy_expires"),
        CheckConstraint("place_check IN ('off', 'flag', 'refuse')", name="place_check"),
    )

    book: Mapped[Book] = book_key()
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    visitors: Mapped[str]
    visitor_floor: Mapped[str]
    visitor_cap: Mapped[str]
    payment_max_fen: Mapped[int | None] = mapped_column(BigInteger)
    day_max_fen: Mapped[int | None] = mapped_column(BigInteger)
    meals_max: Mapped[int | None]
    receipt_effect: Mapped[str]
    subsidy_expires: Mapped[str]
    late_payments_max: Mapped[int | None] = mapped_column(server_default="3")
    late_fen_max: Mapped[int | None] = mapped_column(BigInteger, server_default="10000")
    cover_breakfast_fen: Mapped[int] = mapped_column(BigInteger, server_default="200")
    cover_lunch_fen: Mapped[int] = mapped_column(BigInteger, server_default="500")
    cover_dinner_fen: Mapped[int] = mapped_column(BigInteger, server_default="500")
    place_check: Mapped[str] = mapped_column(server_default="off")
    place_within_m: Mapped[int] = mapped_column(server_default="300")


class ClassRulesRow(Base):
    """A region's rules for a class of people from a date on (see ``settlement.class_rules``)."""

    __tablename__ = "class_rules"
    __table_args__ = (
        ForeignKeyConstraint(["book"], ["book.book"]),
        CheckConstraint("price IN ('home', 'visitor')", name="price"),
        CheckConstraint("person_class <> 'official'", name="person_class"),
    )

    book: Mapped[Book] = book_key()
    person_class: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    eats_at_home: Mapped[bool]
    eats_elsewhere: Mapped[bool]
    price: Mapped[str]


class TariffRow(Base):
    """A canteen's price for a meal from a date on (see ``settlement.tariff``)."""

    __tablename__ = "tariff"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        CheckConstraint("mode IN ('fixed', 'free')", name="mode"),
        CheckConstraint("(mode = 'fixed') = (home_fen IS NOT NULL)", name="fixed"),
        CheckConstraint("(mode = 'free') = (limit_fen IS NOT NULL)", name="free"),
    )

    book: Mapped[Book] = book_key()
    canteen_id: Mapped[CanteenId] = number_key()
    meal: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    mode: Mapped[str]
    home_fen: Mapped[int | None] = mapped_column(BigInteger)
    visitor_fen: Mapped[int | None] = mapped_column(BigInteger)
    limit_fen: Mapped[int | None] = mapped_column(BigInteger)
