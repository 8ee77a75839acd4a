"""Tables of terminals: enrolment codes, sessions, phone activations, the block list; and rosters."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.identifiers import AgencyId, Book, CanteenId, HolderId
from registry.models import Base, book_key, number_key


class TerminalKind(StrEnum):
    """What a terminal is for: a till takes payments, a scale only weighs."""

    TILL = "till"
    SCALE = "scale"


class TerminalState(StrEnum):
    """Whether a terminal may sign on, pay and weigh."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """For a while; a person resumes it."""
    REVOKED = "revoked"
    """Until a new device is enrolled in its place."""


class Terminal(Base):
    """A till, or a scale, of one canteen. ``epoch`` counts its journals: a re-enrolled device starts anew.

    ``key_since``: when the terminal renewed its key itself, ``previous_key`` the one that it had before; null when it
    has the key of its enrolment. ``name``: what people call it. ``former_canteens``: where it stood before it was
    moved.
    """

    __tablename__ = "terminal"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("state IN ('active', 'suspended', 'revoked')", name="state"),
        CheckConstraint("kind IN ('till', 'scale')", name="kind"),
        CheckConstraint("(previous_key IS NULL) = (key_since IS NULL)", name="renewed"),
    )

    book: Mapped[int] = book_key()
    terminal_id: Mapped[int] = number_key()
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(server_default="till")
    public_key: Mapped[bytes]
    epoch: Mapped[int]
    state: Mapped[str] = mapped_column(default="active")
    previous_key: Mapped[bytes | None]
    key_since: Mapped[datetime | None]
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    name: Mapped[str | None]
    former_canteens: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")


class TerminalReport(Base):
    """What a terminal last let the centre know, beside its sign-on (``terminals.reports``).

    ``seen_at``: when it last asked for changes, ``clock_ahead_s``: of its clock then. ``block_list_version``:
    the one that it had when it last asked for changes of it. ``unknown_payments``: of its last closing.
    """

    __tablename__ = "terminal_report"

    book: Mapped[int] = book_key()
    terminal_id: Mapped[int] = number_key()
    seen_at: Mapped[datetime | None]
    clock_ahead_s: Mapped[int | None]
    block_list_version: Mapped[int | None] = mapped_column(BigInteger)
    unknown_payments: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[datetime | None]


class Enrolment(Base):
    """A one-time code that lets one device become a terminal of one canteen, once a second person approved.

    ``epoch``: the one that the device got for the code; null until then. ``tries_left`` is for workers of the release
    before, to which a used code has none left.
    """

    __tablename__ = "enrolment"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        CheckConstraint("approved_by <> created_by", name="second_person"),
        CheckConstraint("kind IN ('till', 'scale')", name="kind"),
    )

    book: Mapped[int] = book_key()
    enrolment_id: Mapped[int] = number_key()
    canteen_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(server_default="till")
    code_hash: Mapped[bytes]
    created_by: Mapped[str]
    approved_by: Mapped[str | None]
    expires_at: Mapped[datetime]
    tries_left: Mapped[int]
    terminal_id: Mapped[int | None] = mapped_column(BigInteger)
    epoch: Mapped[int | None]


class TerminalSession(Base):
    """A signed-in terminal. The key is wrapped; ended sessions stay, to check cards challenged under them.

    ``protocol``, ``software``, ``model`` and ``serial``: what the device said at sign-on; null before edition 2.
    """

    __tablename__ = "terminal_session"
    __table_args__ = (
        ForeignKeyConstraint(["book", "terminal_id"], ["terminal.book", "terminal.terminal_id"]),
        Index("uq_terminal_session_ephemeral", "book", "terminal_id", "ephemeral", unique=True),
        Index("ix_terminal_session_id", "session_id", unique=True),
        Index("ix_terminal_session_last", "book", "terminal_id", "signed_in_at"),
    )

    book: Mapped[int] = book_key()
    session_id: Mapped[str] = mapped_column(primary_key=True)
    terminal_id: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int]
    ephemeral: Mapped[bytes]
    wrapped_key: Mapped[bytes]
    signed_in_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    protocol: Mapped[int | None]
    software: Mapped[str | None]
    model: Mapped[str | None]
    serial: Mapped[str | None]


class PhoneActivation(Base):
    """A one-time code that lets an official's phone get its first holder certificate.

    ``tries_left`` is 0 once it is used or was ended. ``identity_id``, ``session_number``: of who made it for himself,
    and of his session; null: his agency did.
    """

    __tablename__ = "phone_activation"
    __table_args__ = (
        Index("ix_phone_activation_open", "book", "holder_id", postgresql_where=text("tries_left > 0")),
        Index("ix_phone_activation_identity", "book", "holder_id", postgresql_where=text("identity_id IS NOT NULL")),
    )

    book: Mapped[int] = book_key()
    activation_id: Mapped[int] = number_key()
    holder_id: Mapped[int] = mapped_column(BigInteger)
    code_hash: Mapped[bytes]
    expires_at: Mapped[datetime]
    tries_left: Mapped[int]
    credential_id: Mapped[int | None] = mapped_column(BigInteger)
    identity_id: Mapped[int | None] = mapped_column(BigInteger)
    session_number: Mapped[int | None] = mapped_column(BigInteger)


class CodeReference(Base):
    """What stands for a phone's certificate in short codes: another one for each certificate, known by its end."""

    __tablename__ = "code_reference"
    __table_args__ = (
        CheckConstraint("octet_length(reference) = 6", name="reference"),
        Index("uq_code_reference", "reference", unique=True),
        Index("uq_code_reference_certificate", "book", "credential_id", "expires_at", unique=True),
    )

    book: Mapped[int] = book_key()
    reference: Mapped[bytes] = mapped_column(primary_key=True)
    credential_id: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime]


class BlockEntry(Base):
    """One change of the block list. Versions are given out under a lock, so none appears behind a later one.

    ``changed_by``: the person's login; null where the centre itself blocked a suspected clone.
    """

    __tablename__ = "block_entry"

    version: Mapped[int] = number_key()
    book: Mapped[int]
    credential_id: Mapped[int] = mapped_column(BigInteger)
    blocked: Mapped[bool]
    reason: Mapped[str]
    at: Mapped[datetime]
    changed_by: Mapped[str | None]


class RosterState(StrEnum):
    """Of a file of an agency's people."""

    RECEIVED = "received"
    PREVIEWED = "previewed"
    """Read: it waits for a person to confirm what it would change."""
    REFUSED = "refused"
    CONFIRMED = "confirmed"
    APPLIED = "applied"


class Roster(Base):
    """A file of all people of an agency (see ``terminals.rosters``).

    ``content``: the file, sealed, until it has been applied or refused. ``preview``: what it would change, in numbers;
    ``problem``: what is wrong with it. ``done`` of ``rows`` have been read.
    """

    __tablename__ = "roster"
    __table_args__ = (
        CheckConstraint("state IN ('received', 'previewed', 'refused', 'confirmed', 'applied')", name="state"),
        Index("ix_roster_agency", "agency_id", "roster_id"),
        Index("ix_roster_waiting", "roster_id", postgresql_where=text("state IN ('received', 'confirmed')")),
    )

    roster_id: Mapped[int] = number_key()
    book: Mapped[Book]
    agency_id: Mapped[AgencyId] = mapped_column(BigInteger)
    sha256: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    state: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(deferred=True)
    done: Mapped[int] = mapped_column(server_default="0")
    rows: Mapped[int] = mapped_column(server_default="0")
    preview: Mapped[dict[str, Any] | None]
    problem: Mapped[dict[str, Any] | None]
    confirmed_by: Mapped[str | None]
    confirmed_leavers: Mapped[int | None]
    applied_at: Mapped[datetime | None]


class RosterChange(Base):
    """What a roster changed for one official: ``joined``, ``returned``, ``changed`` or ``left``."""

    __tablename__ = "roster_change"

    book: Mapped[Book] = book_key()
    holder_id: Mapped[HolderId] = number_key()
    roster_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("roster.roster_id"), primary_key=True, autoincrement=False
    )
    what: Mapped[str]


class SheetState(StrEnum):
    """Of a sheet."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Sheet(Base):
    """A canteen's printed code (see ``terminals.sheets``). The version counts its replacements; earlier ones are dead.

    ``name``: the counter or window where it hangs. ``code``: as it is printed, signed. ``beside``: another scheme's
    payload, for the form of the code that both read.
    """

    __tablename__ = "sheet"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        Index("uq_sheet_number", "sheet_id", unique=True),
    )

    book: Mapped[Book] = book_key()
    sheet_id: Mapped[int] = number_key()
    canteen_id: Mapped[CanteenId] = mapped_column(BigInteger)
    name: Mapped[str | None]
    version: Mapped[int]
    code: Mapped[str]
    beside: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Nearness(StrEnum):
    """What a place check of a payment by a sheet found."""

    OFF = "off"
    """The region asks for no place."""
    NEAR = "near"
    FAR = "far"
    DENIED = "denied"
    """Its holder does not let the phone tell."""
    UNKNOWN = "unknown"
    """The phone does not know or did not say, or nobody knows where the canteen is."""


class SheetPayment(Base):
    """What a phone's request to pay named: the sheet, and whether the phone was near it.

    Its key is that of the request with the digest of its content: only one content of a number becomes a request, and
    which one is known when the ledger has answered. ``terminal_id`` is the number of the phone's credential. ``place``:
    what the check found, ``distance``: a class of distances (``travellers.place_checks``); where the phone was is kept
    nowhere.
    """

    __tablename__ = "sheet_payment"
    __table_args__ = (
        CheckConstraint("place IN ('off', 'near', 'far', 'denied', 'unknown')", name="place"),
        CheckConstraint("(place IN ('near', 'far')) = (distance IS NOT NULL)", name="distance"),
    )

    book: Mapped[Book] = book_key()
    terminal_id: Mapped[int] = number_key()
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = number_key()
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(BigInteger)
    sheet_version: Mapped[int]
    place: Mapped[str]
    distance: Mapped[str | None]


class CounterDisplay(Base):
    """A link by which a screen shows the last payments of one canteen; of its token the hash alone is stored."""

    __tablename__ = "counter_display"
    __table_args__ = (
        ForeignKeyConstraint(["book", "canteen_id"], ["canteen.book", "canteen.canteen_id"]),
        Index("uq_counter_display_token", "token_hash", unique=True),
    )

    book: Mapped[Book] = book_key()
    display_id: Mapped[int] = number_key()
    canteen_id: Mapped[CanteenId] = mapped_column(BigInteger)
    name: Mapped[str | None]
    token_hash: Mapped[bytes]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
