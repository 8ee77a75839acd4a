"""Tables of books, agencies, canteens, officials, credentials, visits, console users, approvals, the audit log.

All numbers (agencies, canteens, holders, accounts, ...) come from one sequence, so no two things share a number.
Keys of ledger tables, here and in other packages, start with ``book``.
"""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    Text,
    false,
    func,
    select,
    text,
)
from sqlalchemy import (
    Identity as Numbering,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIT, JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from registry.identifiers import AccountId, AgencyId, Book, CanteenId, CredentialId, HolderId, TerminalId

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NUMBERS = Sequence("onecard_number", start=1001, metadata=metadata)
"""Source of the numbers of everything that is registered."""

Database = async_sessionmaker[AsyncSession]
"""Opens database sessions; ``database.begin()`` opens one that commits when its block ends without an exception."""


class Base(DeclarativeBase):
    """Base of all tables: they share one metadata, which Alembic reads."""

    metadata = metadata
    type_annotation_map = {  # noqa: RUF012
        datetime: DateTime(timezone=True),
        str: Text,
        bytes: LargeBinary,
        dict[str, Any]: JSONB,
        Book: Integer,
        AccountId: BigInteger,
        AgencyId: BigInteger,
        CanteenId: BigInteger,
        CredentialId: BigInteger,
        HolderId: BigInteger,
        TerminalId: BigInteger,
    }


def number_key() -> Mapped[Any]:
    """A key column whose value the application takes from ``NUMBERS``."""
    return mapped_column(BigInteger, primary_key=True, autoincrement=False)


def book_key() -> Mapped[Any]:
    """The first column of a ledger table's key."""
    return mapped_column(primary_key=True, autoincrement=False)


async def next_numbers(db: AsyncSession, count: int) -> list[int]:
    """Take ``count`` new numbers, in one round trip."""
    rows = await db.scalars(select(NUMBERS.next_value()).select_from(func.generate_series(1, count)))
    return list(rows)


def member_constraints() -> tuple[CheckConstraint, CheckConstraint]:
    """Of what takes part in the network, is suspended, and ends: ``closed_at`` is since when it is not active."""
    return (
        CheckConstraint("state IN ('active', 'suspended', 'ended')", name="state"),
        CheckConstraint("(state = 'active') = (closed_at IS NULL)", name="closed"),
    )


class BookRow(Base):
    """A partition of the ledger: one region's officials and their purses."""

    __tablename__ = "book"
    __table_args__ = member_constraints()

    book: Mapped[Book] = book_key()
    name_zh: Mapped[str]
    name_en: Mapped[str]
    state: Mapped[str] = mapped_column(default="active", server_default="active")
    closed_at: Mapped[datetime | None]


class Agency(Base):
    """A public institution: issuer for its officials, acquirer for its canteens.

    ``float_account`` holds (as a debit balance) the top-up money in the agency's bank account; ``grant_account`` the
    meal money granted to its officials; ``working_meal_account`` what it spent on meals for visitors, under the same
    number in every book. ``purse_order``: the purse that pays first at the agency's own canteens.
    ``meal_allowance_fen``: the daily meal allowance at this place, for travelling officials. ``parent_agency_id``: the
    agency above it (province, city, district), of any region. ``roster_leavers_max_percent``: the share of its people
    who may leave by a roster without a confirmation; null: the centre's setting.
    """

    __tablename__ = "agency"
    __table_args__ = (
        ForeignKeyConstraint(["book"], ["book.book"]),
        CheckConstraint("purse_order IN ('subsidy_first', 'cash_first')", name="purse_order"),
        CheckConstraint("roster_leavers_max_percent BETWEEN 0 AND 100", name="roster_leavers_max_percent"),
        *member_constraints(),
    )

    book: Mapped[Book] = book_key()
    agency_id: Mapped[AgencyId] = number_key()
    name_zh: Mapped[str]
    name_en: Mapped[str]
    float_account: Mapped[AccountId] = mapped_column(BigInteger)
    grant_account: Mapped[AccountId] = mapped_column(BigInteger)
    working_meal_account: Mapped[AccountId] = mapped_column(BigInteger)
    purse_order: Mapped[str] = mapped_column(default="subsidy_first")
    meal_allowance_fen: Mapped[int]
    state: Mapped[str] = mapped_column(default="active", server_default="active")
    closed_at: Mapped[datetime | None]
    address: Mapped[str | None]
    contact_name: Mapped[str | None]
    contact_phone: Mapped[str | None]
    parent_agency_id: Mapped[AgencyId | None] = mapped_column(BigInteger)
    roster_leavers_max_percent: Mapped[int | None]


class Canteen(Base):
    """A canteen of an agency. Its ``account_id`` is credited, under the same number, in every book.

    ``latitude`` and ``longitude`` in degrees (WGS 84) where known, to flag payments at distant canteens. ``capacity``:
    seats.
    """

    __tablename__ = "canteen"
    __table_args__ = (
        ForeignKeyConstraint(["book", "agency_id"], ["agency.book", "agency.agency_id"]),
        CheckConstraint("capacity > 0", name="capacity"),
        *member_constraints(),
    )

    book: Mapped[Book] = book_key()
    canteen_id: Mapped[CanteenId] = number_key()
    agency_id: Mapped[AgencyId] = mapped_column(BigInteger)
    account_id: Mapped[AccountId] = mapped_column(BigInteger)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    state: Mapped[str] = mapped_column(default="active", server_default="active")
    closed_at: Mapped[datetime | None]
    address: Mapped[str | None]
    contact_name: Mapped[str | None]
    contact_phone: Mapped[str | None]
    capacity: Mapped[int | None]
    cashiers_required_at: Mapped[datetime | None]
    """Since when its tills charge only while a cashier is signed on; null: they need none."""


class Cashier(Base):
    """A person who works at tills, and nowhere else: he signs on there with ``number`` and PIN (``registry.cashiers``).

    ``number``: what his agency knows him by, unique there until his end. The name is sealed under the agency's key, the
    hash of the PIN under the wrapping key. ``canteen_ids``: where he may work; null: at every canteen of the agency.
    ``pin_is_first``: he has the PIN of his slip, and chooses another at his first sign-on. ``wrong_tries`` since
    ``tries_since``, at all tills; none counts before ``locked_until``.
    """

    __tablename__ = "cashier"
    __table_args__ = (
        ForeignKeyConstraint(["book", "agency_id"], ["agency.book", "agency.agency_id"]),
        CheckConstraint("state IN ('active', 'suspended', 'ended')", name="state"),
        CheckConstraint("language IN ('zh', 'en')", name="language"),
        Index(
            "uq_cashier_number", "book", "agency_id", "number", unique=True, postgresql_where=text("state <> 'ended'")
        ),
        Index("ix_cashier_agency", "agency_id", "cashier_id"),
        Index("uq_cashier_id", "cashier_id", unique=True),
    )

    book: Mapped[Book] = book_key()
    cashier_id: Mapped[int] = number_key()
    agency_id: Mapped[AgencyId] = mapped_column(BigInteger)
    number: Mapped[str]
    name_sealed: Mapped[bytes]
    language: Mapped[str] = mapped_column(server_default="zh")
    canteen_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    may_void: Mapped[bool] = mapped_column(server_default=text("true"))
    state: Mapped[str] = mapped_column(server_default="active")
    pin_sealed: Mapped[bytes]
    pin_is_first: Mapped[bool] = mapped_column(server_default=text("true"))
    wrong_tries: Mapped[int] = mapped_column(server_default="0")
    tries_since: Mapped[datetime | None]
    locked_until: Mapped[datetime | None]
    made_at: Mapped[datetime]


class CashierTries(Base):
    """Wrong PINs of a cashier at a till since the last right one there; none counts before ``locked_until``."""

    __tablename__ = "cashier_tries"

    book: Mapped[Book] = book_key()
    cashier_id: Mapped[int] = number_key()
    terminal_id: Mapped[TerminalId] = number_key()
    wrong_tries: Mapped[int]
    locked_until: Mapped[datetime | None]


class CashierSignOn(Base):
    """A cashier at a till, from one number of the terminal on (``terminals.cashiers``): what it takes is his.

    ``ends_at``: when it ends, or ended; ``ends_before``: the number of the message that ended it, null where none did.
    ``may_void``: as it was, so that a repeated message meets the same answer.
    """

    __tablename__ = "cashier_sign_on"
    __table_args__ = (
        Index("ix_cashier_sign_on_cashier", "cashier_id", "signed_on_at"),
        Index("ix_cashier_sign_on_at", "signed_on_at", "book", "terminal_id", "epoch", "first_sequence"),
    )

    book: Mapped[Book] = book_key()
    terminal_id: Mapped[TerminalId] = number_key()
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_sequence: Mapped[int] = number_key()
    cashier_id: Mapped[int] = mapped_column(BigInteger)
    canteen_id: Mapped[CanteenId] = mapped_column(BigInteger)
    may_void: Mapped[bool]
    signed_on_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ends_before: Mapped[int | None] = mapped_column(BigInteger)


class TillTries(Base):
    """Wrong PINs at a till since a time, whoever they were for (``registry.cashiers``)."""

    __tablename__ = "till_tries"

    book: Mapped[Book] = book_key()
    terminal_id: Mapped[TerminalId] = number_key()
    since: Mapped[datetime]
    tries: Mapped[int]


class FormerName(Base):
    """The names of a region, agency or canteen before ``until``, the first business day of the next ones."""

    __tablename__ = "former_name"
    __table_args__ = (CheckConstraint("noun IN ('region', 'agency', 'canteen')", name="noun"),)

    noun: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = number_key()
    until: Mapped[date] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]


EVERY_DAY = "1234567"


class MealPeriod(Base):
    """Hours of a canteen's meal on some ``weekdays`` (their digits, Monday is 1), in the centre's local time."""

    __tablename__ = "meal_period"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("meal IN ('breakfast', 'lunch', 'dinner')", name="meal"),
        CheckConstraint("starts < ends", name="order"),
        CheckConstraint("weekdays ~ '^1?2?3?4?5?6?7?$' AND weekdays <> ''", name="weekdays"),
    )

    book: Mapped[Book] = book_key()
    canteen_id: Mapped[CanteenId] = number_key()
    meal: Mapped[str] = mapped_column(primary_key=True)
    weekdays: Mapped[str] = mapped_column(primary_key=True, default=EVERY_DAY, server_default=EVERY_DAY)
    starts: Mapped[time]
    ends: Mapped[time]


class SpecialDay(Base):
    """A day on which a canteen departs from its week: its meals with their hours; none: it is closed."""

    __tablename__ = "special_day"
    __table_args__ = (ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),)

    book: Mapped[Book] = book_key()
    canteen_id: Mapped[CanteenId] = number_key()
    day: Mapped[date] = mapped_column(primary_key=True)
    meals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    reason: Mapped[str]


class Official(Base):
    """A cardholder. Payments know only the pseudonymous ``holder_id``.

    The name is encrypted under the agency's key; ``staff_index`` is a blind index of the staff number. ``closure``: the
    posting number under which the account was closed, whether anything was left to post or not. ``earlier_book`` and
    ``earlier_holder``: the account that the same person had before, at another agency or at this one.
    ``returns_suspended``: he was suspended when he left.
    """

    __tablename__ = "official"
    __table_args__ = (
        ForeignKeyConstraint(["book", "agency_id"], ["agency.book", "agency.agency_id"]),
        CheckConstraint("state IN ('active', 'suspended', 'leaving', 'left')", name="state"),
        Index(
            "uq_official_staff_number",
            "book",
            "agency_id",
            "staff_index",
            unique=True,
            postgresql_where=text("state <> 'left'"),
        ),
        Index("ix_official_number", "holder_id"),
        Index("ix_official_agency", "agency_id", "holder_id"),
        Index("uq_official_closure", "book", "closure", unique=True, postgresql_where=text("closure IS NOT NULL")),
    )

    book: Mapped[Book] = book_key()
    holder_id: Mapped[HolderId] = number_key()
    agency_id: Mapped[AgencyId] = mapped_column(BigInteger)
    cash_account: Mapped[AccountId] = mapped_column(BigInteger)
    subsidy_account: Mapped[AccountId] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(default="active")
    name_sealed: Mapped[bytes]
    staff_index: Mapped[bytes]
    closure: Mapped[UUID | None]
    person_class: Mapped[str] = mapped_column(default="official", server_default="official")
    department: Mapped[str | None]
    earlier_book: Mapped[Book | None]
    earlier_holder: Mapped[HolderId | None] = mapped_column(BigInteger)
    returns_suspended: Mapped[bool] = mapped_column(default=False, server_default=false())


class PersonClass(Base):
    """A kind of people who eat at canteens. ``official`` is who has no other."""

    __tablename__ = "person_class"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]


class Credential(Base):
    """A card, or a phone's key with its current certificate.

    The charge statement reads ``state``, so a block holds from its commit on. ``last_counter`` is the highest counter
    that has paid; ``key_algorithm``, of a phone's ``public_key``, is null for phones from before there was a choice
    (ed25519). ``counters_used`` has a bit for it and for each of the 255 below it, from left to right: set if that
    one has paid (settlement/sql/rules.sql). Only SQL reads and writes them. ``replaces``: the credential in whose place
    this one was issued.
    """

    __tablename__ = "credential"
    __table_args__ = (
        CheckConstraint("kind IN ('card', 'phone')", name="kind"),
        CheckConstraint("state IN ('active', 'blocked')", name="state"),
        CheckConstraint("key_algorithm IN ('ed25519', 'ecdsa-p256-sha256')", name="key_algorithm"),
        Index("ix_credential_holder", "book", "holder_id"),
        Index("ix_credential_number", "credential_id"),
        Index("ix_credential_issued", "issued_at", "credential_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    book: Mapped[Book] = book_key()
    credential_id: Mapped[CredentialId] = number_key()
    holder_id: Mapped[HolderId] = mapped_column(BigInteger)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="active")
    card_uid: Mapped[bytes | None]
    public_key: Mapped[bytes | None]
    key_algorithm: Mapped[str | None]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_counter: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    counters_used: Mapped[Any] = mapped_column(BIT(256), server_default=text("~ 0::bit(256)"), deferred=True)
    replaces: Mapped[CredentialId | None] = mapped_column(BigInteger)


class Visit(Base):
    """An official's visit to a host agency, on the days from ``first_day`` to ``last_day``.

    It entitles the official to eat there, and to one meal that the host pays (``working_meal``: its posting). Source:
    notice of the Ministry of Finance general office, the NGOA and the Central organs' administration, July 2019.
    """

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days"),
        Index("ix_visit_holder", "book", "holder_id", "host_agency_id"),
        Index("ix_visit_number", "visit_id"),
        Index("ix_visit_first_day", "first_day", "visit_id"),
        Index("ix_visit_last_day", "last_day", "visit_id"),
    )

    book: Mapped[Book] = book_key()
    visit_id: Mapped[int] = number_key()
    holder_id: Mapped[HolderId] = mapped_column(BigInteger)
    host_agency_id: Mapped[AgencyId] = mapped_column(BigInteger)
    first_day: Mapped[date]
    last_day: Mapped[date]
    working_meal: Mapped[UUID | None]


class VisitRequest(Base):
    """A visit that an official registered himself. It is no visit and opens nothing until his agency confirms it.

    ``request_id``: the number that his phone gave it. ``visit_id``: the visit that it became. ``answer``: why it was
    refused.
    """

    __tablename__ = "visit_request"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days"),
        CheckConstraint("state IN ('waiting', 'confirmed', 'refused', 'withdrawn')", name="state"),
        CheckConstraint("(state = 'confirmed') = (visit_id IS NOT NULL)", name="confirmed"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided"),
        Index("uq_visit_request_id", "book", "holder_id", "request_id", unique=True),
        Index("ix_visit_request_number", "number"),
        Index("ix_visit_request_first_day", "first_day", "number"),
        Index("ix_visit_request_made", "made_at", "number"),
    )

    book: Mapped[Book] = book_key()
    number: Mapped[int] = number_key()
    request_id: Mapped[UUID]
    holder_id: Mapped[HolderId] = mapped_column(BigInteger)
    host_agency_id: Mapped[AgencyId] = mapped_column(BigInteger)
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting", server_default="waiting")
    made_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    answer: Mapped[str | None]
    visit_id: Mapped[int | None] = mapped_column(BigInteger)


class RegionAgreement(Base):
    """A host region (``book``) receives the officials of a guest region without a visit."""

    __tablename__ = "region_agreement"
    __table_args__ = (
        ForeignKeyConstraint(["book"], ["book.book"]),
        CheckConstraint("book <> guest_book", name="regions"),
    )

    book: Mapped[Book] = book_key()
    guest_book: Mapped[Book] = mapped_column(primary_key=True, autoincrement=False)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None]


class DemoCity(Base):
    """The mark of a database that the demo city was loaded into: one row. Beside it, and nowhere else, there are
    users with a published password and a simulated payment gateway."""

    __tablename__ = "demo_city"

    loaded_at: Mapped[datetime] = mapped_column(primary_key=True)


class ConsoleUser(Base):
    """A person with access to the console. ``agency_id`` limits what they see; null for the centre's people.

    ``state``: ``invited`` until he has set a password, ``unconfirmed`` until somebody other than his ``givers`` (the
    logins that gave him a role, an invitation, scopes or a secret since the last confirmation; ``granted_by`` was the
    latest) has confirmed it, then ``active``. ``handled_by``: of a machine, all who ever gave it something or confirmed
    it. ``suspended_at``: since when he may not sign in. Of an invitation's code only the hash is stored.
    """

    __tablename__ = "console_user"
    __table_args__ = (
        CheckConstraint(
            "role IN ('centre_operator', 'centre_approver', 'agency_admin', 'agency_finance',"
            " 'canteen_manager', 'supervisor', 'auditor', 'machine')",
            name="role",
        ),
        CheckConstraint("state IN ('invited', 'unconfirmed', 'active')", name="state"),
        # Not valid for users of earlier releases; those may do nothing (registry/access.py).
        CheckConstraint(
            "agency_id IS NOT NULL OR role NOT IN ('agency_admin', 'agency_finance', 'canteen_manager')",
            name="agency",
            postgresql_not_valid=True,
        ),
    )

    user_id: Mapped[int] = number_key()
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str]
    agency_id: Mapped[AgencyId | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default="active")
    suspended_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    granted_by: Mapped[str | None]
    givers: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    handled_by: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    invitation_hash: Mapped[bytes | None]
    invitation_expires_at: Mapped[datetime | None]
    scopes: Mapped[str | None]
    """Of a machine: its permissions, with blanks between."""


class ClientSecret(Base):
    """What a machine shows for a token (see ``registry.machines``); only its hash is stored."""

    __tablename__ = "client_secret"
    __table_args__ = (Index("ix_client_secret_user_id", "user_id"),)

    secret_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("console_user.user_id"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class SecondFactor(Base):
    """The secret of a person's one-time codes, sealed (see ``registry.second_factor``).

    It counts once it is confirmed. ``last_step``: the latest time step whose code was taken; none before it counts.
    """

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("console_user.user_id"), primary_key=True, autoincrement=False
    )
    secret_sealed: Mapped[bytes]
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)


class RecoveryCode(Base):
    """A code that counts once in place of a second factor; only its hash is stored."""

    __tablename__ = "recovery_code"

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("second_factor.user_id"), primary_key=True, autoincrement=False
    )
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class Passkey(Base):
    """A key in a person's device that signs in (see ``registry.passkeys``); here is its public half (COSE)."""

    __tablename__ = "passkey"
    __table_args__ = (Index("ix_passkey_user_id", "user_id"),)

    passkey_id: Mapped[int] = number_key()
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("console_user.user_id"))
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    made_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class UsedChallenge(Base):
    """A challenge that a passkey has signed: it counts no more."""

    __tablename__ = "used_challenge"

    challenge_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class Identity(Base):
    """Somebody of a directory, bound by two people to a console user or an official (``registry.sign_on.identities``).

    ``subject``: what the ``provider`` calls him, for ever. ``agency_id``: whose he was when it was bound or confirmed;
    null for the centre's people. For a user of another agency it does not count. A subject may be bound several times,
    and confirmed once. It counts from ``confirmed_at`` until ``ended_at``; ``ended_by``: a login, or ``directory`` when
    he left that. ``tenant``: the one that vouched for him when he last signed on; null: he has not.
    """

    __tablename__ = "identity"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (holder_id IS NULL)", name="bound"),
        CheckConstraint("confirmed_by <> bound_by", name="second_person"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint("(ended_by IS NULL) = (ended_at IS NULL)", name="ended"),
        Index(
            "uq_identity_user_subject", "provider", "subject", unique=True,
            postgresql_where=text("ended_at IS NULL AND confirmed_at IS NOT NULL AND user_id IS NOT NULL"),
        ),
        Index(
            "uq_identity_holder_subject", "provider", "subject", unique=True,
            postgresql_where=text("ended_at IS NULL AND confirmed_at IS NOT NULL AND holder_id IS NOT NULL"),
        ),
        Index("ix_identity_user_id", "user_id"),
        Index("ix_identity_holder_id", "holder_id"),
    )  # fmt: skip

    identity_id: Mapped[int] = number_key()
    provider: Mapped[str]
    subject: Mapped[str]
    agency_id: Mapped[AgencyId | None] = mapped_column(BigInteger)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("console_user.user_id"))
    holder_id: Mapped[HolderId | None] = mapped_column(BigInteger)
    tenant: Mapped[str | None]
    bound_by: Mapped[str]
    bound_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class SignInTicket(Base):
    """Stands for a right password, or for a sign-on at a provider (``identity_id``, ``provider_session``), until the
    second factor follows, from the same network; only its hash is stored."""

    __tablename__ = "sign_in_ticket"

    ticket_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("console_user.user_id"))
    network: Mapped[str]
    expires_at: Mapped[datetime]
    identity_id: Mapped[int | None] = mapped_column(BigInteger)
    provider_session: Mapped[str | None]


class ConsoleSession(Base):
    """A console session (see ``registry.sessions``); only the hash of its token is stored.

    ``proved_at``: when a password or second factor was last entered in it. ``device``: what the device calls itself.
    ``identity_id`` and ``provider_session``: by which sign-on it was opened, and what the provider calls that.
    """

    __tablename__ = "console_session"
    __table_args__ = (
        CheckConstraint("kind IN ('bearer', 'cookie')", name="kind"),
        Index("ix_console_session_user", "user_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("console_user.user_id"))
    expires_at: Mapped[datetime]
    number: Mapped[int] = mapped_column(BigInteger, unique=True, server_default=NUMBERS.next_value())
    kind: Mapped[str] = mapped_column(server_default="bearer")
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    proved_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(server_default="")
    device: Mapped[str] = mapped_column(server_default="")
    identity_id: Mapped[int | None] = mapped_column(BigInteger)
    provider_session: Mapped[str | None]


class HolderSession(Base):
    """A session of an official who signed on at a provider (see ``registry.holder_sessions``): his own things alone.

    Only the hash of its token is stored. ``device``, ``identity_id``, ``provider_session``: as of a console session.
    ``authenticated_at``: when he showed the provider who he is; null: it does not say.
    """

    __tablename__ = "holder_session"
    __table_args__ = (
        Index("ix_holder_session_holder_id", "holder_id"),
        Index("ix_holder_session_identity_id", "identity_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    book: Mapped[Book]
    holder_id: Mapped[HolderId] = mapped_column(BigInteger)
    made_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    authenticated_at: Mapped[datetime | None]
    address: Mapped[str]
    device: Mapped[str]
    identity_id: Mapped[int] = mapped_column(BigInteger)
    provider_session: Mapped[str | None]


class Approval(Base):
    """A request that waits for a second person, or waited (see ``registry.approvals``).

    ``body`` is exactly what is carried out, ``digest`` its SHA-256; ``rule`` and ``params`` say why one person is not
    enough. The maker never decides: the database refuses that, too.
    """

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'approved', 'rejected', 'expired')", name="state"),
        CheckConstraint("decided_by <> maker", name="second_person"),
        CheckConstraint(
            "(state IN ('approved', 'rejected')) = (decided_by IS NOT NULL AND decided_at IS NOT NULL)", name="decided"
        ),
        Index("uq_approval_pending", "kind", "digest", unique=True, postgresql_where=text("state = 'pending'")),
        Index("ix_approval_approved", "kind", "digest", postgresql_where=text("state = 'approved'")),
    )

    approval_id: Mapped[int] = number_key()
    kind: Mapped[str]
    agency_id: Mapped[AgencyId | None] = mapped_column(BigInteger)
    subject: Mapped[str]
    body: Mapped[dict[str, Any]]
    digest: Mapped[bytes]
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    items: Mapped[int]
    rule: Mapped[str]
    params: Mapped[dict[str, Any]]
    reason: Mapped[str]
    maker: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None]
    result: Mapped[dict[str, Any] | None]


class MakerDay(Base):
    """The money that a person moved without a second one on a day of the centre, in fen."""

    __tablename__ = "maker_day"

    login: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)


class SignInTry(Base):
    """How many tries to sign in were made under a name, and when the last one was (see ``registry.sign_ins``).

    Not logged: a crash of the server may forget it.
    """

    __tablename__ = "sign_in_try"
    __table_args__ = (Index("ix_sign_in_try_last", "last_at"), {"prefixes": ["UNLOGGED"]})

    name: Mapped[bytes] = mapped_column(primary_key=True)
    tries: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime]


class SignInFailure(Base):
    """A wrong try to sign in; without a user when there is none of that login. The latest 100,000 are kept."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index("ix_sign_in_failure_user", "user_id", "at"),)

    failure_id: Mapped[int] = mapped_column(BigInteger, Numbering(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str]
    known_device: Mapped[bool]


class AuditEntry(Base):
    """One change by a person. Each entry's digest covers the one before (see ``registry.audit``)."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject"),)

    entry: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]
    digest: Mapped[bytes]
