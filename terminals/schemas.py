"""Wire types of the terminal protocol (see docs/terminal-protocol.md). Bytes travel as base64url without padding."""

import base64
import binascii
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from foundation.messages import BULK_MAX, DeviceMessage, Message, Number, as_parameter, form, line, text
from foundation.problems import INVALID, Problem
from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from registry.meals import Meal
from registry.schemas import Pin, StaffNumber
from registry.states import CashierRefusal
from settlement.errors import Refusal
from settlement.models import AMOUNT_MAX_FEN
from settlement.schemas import AmountFen, SaleLine
from settlement.shifts import SHIFT_NUMBERS_MAX
from terminals.models import TerminalKind
from terminals.phone_keys import KeyAlgorithm

Seconds = Annotated[int, Meta(ge=0, le=2**34, description="Seconds since 1970-01-01 UTC.", examples=[1763870582])]
Key32 = Annotated[str, form("key32", "[A-Za-z0-9_-]{43}", description="32 bytes, base64url.")]
PhoneKeyText = Annotated[
    str,
    form(
        "phone_key",
        "[A-Za-z0-9_-]{43,44}",
        description="32 bytes of Ed25519, or a compressed point of P-256 (33 bytes); base64url.",
    ),
]
Signature64 = Annotated[str, form("signature64", "[A-Za-z0-9_-]{86}", description="64 bytes, base64url.")]
KeyVersionNumber = Annotated[
    int, Meta(ge=1, le=255, description="The version of the centre's key that is to sign the answer.", examples=[1])
]
Mac16 = Annotated[str, form("mac16", "[A-Za-z0-9_-]{22}", description="16 bytes, base64url.")]
Uid = Annotated[
    str,
    form(
        "uid",
        "[0-9A-Fa-f]{14}",
        description="7 bytes, hexadecimal: in upper or lower case, as the reader prints it.",
        examples=["04782e21801d80"],
    ),
]
SCANNED_LENGTH_MAX = 4_296
"""What the largest QR code holds in alphanumeric mode (ISO/IEC 18004 table 7): a foreign code is a refusal as well."""
Code = Annotated[str, form("code", "[A-Z2-7]{16}", description="80 random bits, base32.")]
SessionId = Annotated[str, form("session_id", "[A-Za-z0-9_-]{22}")]
Epoch = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Sequence = Annotated[int, Meta(ge=1, le=2**53 - 1)]


def to_text(data: bytes) -> str:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    """Reverse ``to_text``; raises Problem(INVALID) for any text that ``to_text`` does not produce."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Problem(INVALID, "terminals.not_base64url") from None
    if to_text(data) != text:
        raise Problem(INVALID, "terminals.not_base64url")
    return data


DeviceText = Annotated[
    str,
    form("device_text", "[!-~](?:[ -~]{0,62}[!-~])?", description="Visible ASCII characters.", examples=["till 4.2.1"]),
]


SuiteName = Annotated[
    str,
    form("suite_name", "[A-Z0-9](?:[A-Z0-9-]{0,62}[A-Z0-9])?", examples=["ED25519-X25519-SHA256-AES128"]),
]


class NewEnrolment(Message):
    """A request for a code: one device may become a terminal of this canteen, or replace one."""

    canteen_id: Number
    replaces_terminal_id: Number | None = None
    kind: Annotated[TerminalKind, Meta(description="What the device is: a scale only weighs.")] = TerminalKind.TILL


class EnrolmentSlip(Struct):
    """What the installer enters at the device. The code is shown once."""

    enrolment_id: int
    code: str
    centre_key: Annotated[int, Meta(description="The version of the centre's key.")]
    centre_public_key: str
    expires_at: int


class Approved(Struct):
    """The second person's approval of an enrolment."""

    enrolment_id: int
    approved_by: str


class Revocation(Message):
    """Why a terminal is taken out of use."""

    reason: Annotated[str, text(200, examples=["stolen"])]


class TerminalName(Message):
    """What people call a terminal."""

    name: Annotated[str, line(100, examples=["1号窗口"])]


class NewPlace(Message):
    """The canteen where a terminal goes, of the same agency."""

    canteen_id: Number


class Resumption(Message):
    """Why a suspended terminal may work again."""

    reason: Annotated[str, text(200)]


class TerminalInfo(Struct):
    """A terminal in use, and what it said at its last sign-on (null: it has not said so).

    ``renew_key_by``: after that it is late with the renewal of its key.
    """

    terminal_id: int
    kind: str
    agency_id: int
    agency_zh: str
    agency_en: str
    canteen_id: int
    canteen_zh: str
    canteen_en: str
    epoch: int
    key_since: datetime
    renew_key_by: datetime
    is_late: bool
    signed_on_at: datetime | None
    protocol: int | None
    software: str | None
    model: str | None
    serial: str | None


class Enrol(DeviceMessage):
    """A device redeems an enrolment code; signed with ``public_key`` (keyid "enrolment")."""

    enrolment_id: Number
    code: Code
    public_key: Key32
    centre_key: KeyVersionNumber


class Enrolled(Struct):
    """The new terminal's number and its first epoch."""

    terminal_id: int
    epoch: int
    canteen_id: int


class Device(DeviceMessage):
    """What a terminal says about itself at each sign-on."""

    software: DeviceText
    model: DeviceText
    serial: DeviceText


class SignOn(DeviceMessage):
    """A terminal opens a session with a fresh X25519 key; signed with its Ed25519 key (keyid: its number)."""

    suite: SuiteName
    protocols: Annotated[
        list[Annotated[int, Meta(ge=1, le=999)]],
        Meta(min_length=1, max_length=16, description="The editions of the protocol that it speaks.", examples=[[2]]),
    ]
    terminal_id: Number
    ephemeral: Annotated[
        str, form("ephemeral", "[A-Za-z0-9_-]{22,88}", description="Base64url; the suite says how many bytes.")
    ]
    centre_key: KeyVersionNumber
    device: Device


class TerminalLimits(Struct):
    """Limits that a terminal should know before it sends: an amount in fen, times in seconds.

    ``purchase_ahead_s``: how far ``purchased_at`` may be ahead of the centre's time. A code pays from ``code_ahead_s``
    before its issue to ``code_fresh_s`` after it.
    """

    amount_max_fen: int
    resend_within_s: int
    purchase_ahead_s: int
    code_fresh_s: int
    code_ahead_s: int


class OfflineLimits(Struct):
    """What holds for payments taken without a network. None: no limit.

    A payment is late when it arrives ``late_after_s`` after its purchase. ``payments_max`` and ``amount_max_fen`` are
    what the canteen's region lets one official be charged by late payments in a business day; officials of other
    regions have their own region's limits. A copy of the block list is good for ``block_list_age_max_s``.
    """

    late_after_s: int
    payments_max: int | None
    amount_max_fen: int | None
    block_list_age_max_s: int


class CanteenShown(Struct):
    """Where the terminal stands. Officials of ``agency_id`` pay the price at home, all others the visitors'."""

    canteen_id: int
    book: int
    agency_id: int
    name_zh: str
    name_en: str


class SuggestedMeal(Struct):
    """When a meal is served, in the centre's local time (UTC+8), for the terminal's suggestion: nothing is refused."""

    meal: str
    starts: Annotated[str, Meta(examples=["11:00"])]
    ends: Annotated[str, Meta(examples=["13:30"])]


class MealPrice(Struct, omit_defaults=True):
    """What a meal costs from a day on, in fen: own officials and visitors, or at most as much as the cashier enters."""

    meal: str
    valid_from: Annotated[str, Meta(examples=["2026-11-23"])]
    home_fen: int | None = None
    visitor_fen: int | None = None
    limit_fen: int | None = None


class CentreKey(Struct, omit_defaults=True):
    """A version of the centre's key, and when it signs: times in seconds since 1970.

    From ``valid_from`` until the next version's it is the one in use; from ``valid_until`` on nothing under it is
    accepted. One that begins later is announced.
    """

    version: int
    public_key: str
    valid_from: int
    valid_until: int | None = None


class Parameters(Struct):
    """What a till needs to know before it charges, also without a network. It keeps them on its disk."""

    canteen: CanteenShown
    meals: list[SuggestedMeal]
    prices: Annotated[list[MealPrice], Meta(description="By meal and first day; each holds until the meal's next.")]
    limits: TerminalLimits
    offline: OfflineLimits
    centre_keys: Annotated[list[CentreKey], Meta(description="Oldest first; no other is to be trusted any more.")]
    refresh_s: Annotated[int, Meta(description="How often to ask for changes, in seconds.")]
    cashier_required: Annotated[
        bool, Meta(description="Whether the till charges only while a cashier is signed on.")
    ] = False


_VERSION = "[A-Za-z0-9_-]{22}"
ParametersVersion = Annotated[str, form("parameters_version", _VERSION), as_parameter(_VERSION)]


class CurrentParameters(Struct, omit_defaults=True):
    """The version of a terminal's parameters, and they themselves when it has another. ``centre_time`` in seconds."""

    version: str
    centre_time: int
    block_list_version: int
    parameters: Parameters | None = None


class SignedOn(Struct):
    """The session, where the terminal's numbering stands, and its parameters. Times in seconds since 1970."""

    session_id: str
    protocol: Annotated[int, Meta(description="The edition of the protocol in this session.")]
    suite: str
    ephemeral: str
    epoch: int
    highest_sequence: int
    centre_time: int
    expires_at: int
    block_list_version: int
    key_renew_at: Annotated[int, Meta(description="From when the terminal should renew its key.")]
    parameters_version: str
    parameters: Parameters


class RenewKey(DeviceMessage):
    """A terminal replaces its Ed25519 key by one that it has just made; signed with the old one (keyid: its number).

    ``proof``: the new key's signature over ``onecard terminal key v1``, the number (8 bytes) and the old public key.
    """

    terminal_id: Number
    public_key: Key32
    proof: Signature64
    centre_key: KeyVersionNumber


class KeyRenewed(Struct):
    """The terminal's new key is in force; times in seconds since 1970."""

    terminal_id: int
    epoch: int
    key_renew_at: int


class CardResponse(DeviceMessage):
    """A card's response to the challenge of this request, under the session in which it was challenged."""

    uid: Uid
    key_version: Annotated[int, Meta(ge=1, le=255, description="Of the master key that the card's key comes from.")]
    book: Annotated[Book, Meta(ge=1, le=2**31 - 1, examples=[3302])]
    agency_id: Annotated[AgencyId, Meta(ge=1, le=2**32 - 1, examples=[1003])]
    holder_id: Annotated[HolderId, Meta(ge=1, le=2**48 - 1, examples=[1042])]
    credential_id: Annotated[CredentialId, Meta(ge=1, le=2**48 - 1, examples=[1043])]
    counter: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    session_id: SessionId
    mac: Mac16


class ChargeMessage(DeviceMessage):
    """One payment for a meal by a card or a code. ``amount_fen`` only where the tariff leaves it to the cashier."""

    meal: Annotated[Meal, Meta(examples=["lunch"])]
    purchased_at: Seconds
    amount_fen: Annotated[int, Meta(ge=1, le=AMOUNT_MAX_FEN, examples=[1500])] | None = None
    working_meal: Annotated[bool, Meta(description="The host pays: one working meal a visit.")] | None = None
    lines: (
        Annotated[
            list[SaleLine],
            Meta(min_length=1, max_length=20, description="What is sold; only beside an amount, which is their sum."),
        ]
        | None
    ) = None
    card: CardResponse | None = None
    qr: (
        Annotated[str, Meta(max_length=SCANNED_LENGTH_MAX, description="What the scanner read, whatever it is.")] | None
    ) = None


class VoidMessage(DeviceMessage):
    """Void the charge that this terminal sent under an earlier number."""

    target_epoch: Epoch
    target_sequence: Sequence


class Receipt(Struct):
    """A payment's receipt: amounts and balances in fen."""

    number: Annotated[str, Meta(examples=["019ab12c-7d1e-7000-8000-0242ac120002"])]
    amount_fen: int
    cash_fen: int
    subsidy_fen: int
    host_fen: Annotated[int, Meta(description="What the host paid: a working meal.")]
    cash_balance_fen: int
    subsidy_balance_fen: int
    business_date: str
    posted_at: int
    note: Annotated[str, Meta(description="What the receipt may be used for; Chinese.")]


class Answer(Struct, omit_defaults=True):
    """The outcome of a request: ``approved`` with a receipt, ``refused`` with a reason, or ``voided``.

    ``reversed_fen``: what a void gave back; in the repeat of an approval, that it was voided since.
    """

    outcome: Annotated[str, Meta(examples=["approved"])]
    receipt: Receipt | None = None
    reason: Annotated[str | None, Meta(description="A later centre may know more.", examples=list(Refusal))] = None
    title_zh: str | None = None
    title_en: str | None = None
    advice_zh: str | None = None
    advice_en: str | None = None
    reversed_fen: int | None = None
    business_date: Annotated[date | None, Meta(description="Of a void that gave something back: the day it is on.")] = (
        None
    )


class BlockChange(Struct):
    """One change of the block list."""

    version: int
    book: int
    credential_id: int
    blocked: bool


class BlockChanges(Struct):
    """The changes after a version; ``complete`` if there are no more."""

    version: int
    complete: bool
    changes: list[BlockChange]


class NewSheet(Message):
    """A printed code for a canteen. ``name``: the window where it hangs. After ``last_day`` it pays no more."""

    canteen_id: Number
    name: Annotated[str, line(20, examples=["2号窗口"]), Meta(extra={"hint": "hint.sheet_name"})] | None = None
    last_day: date | None = None
    beside: (
        Annotated[
            str,
            Meta(
                max_length=512,
                description="Another scheme's EMVCo payload, for a code that both read.",
                extra={"hint": "hint.sheet_beside"},
            ),
        ]
        | None
    ) = None


class SheetMade(Struct):
    """A sheet, and its code as an address, bare, and as an EMVCo payload (null: the other scheme's has no room for it).

    ``short``: as it is printed beneath the code.
    """

    sheet_id: int
    version: int
    short: str
    canteen_id: int
    name: str | None
    state: str
    expires_at: datetime | None
    made_at: datetime
    url: str
    code: str
    emvco: str | None


class SheetVoid(Message):
    """A payment by a sheet that is taken back: the number that its payer's phone shows, and why."""

    canteen_id: Number
    short_number: Annotated[str, form("short_number", "[0-9A-Fa-f]{6}", examples=["7F3A2C"])]
    reason: Annotated[str, text(200)]


class SheetVoided(Struct):
    """What went back to the payer, in fen."""

    number: str
    reversed_fen: int


class NewDisplay(Message):
    """A screen at a canteen's counter."""

    canteen_id: Number
    name: Annotated[str, line(20, examples=["2号窗口"])] | None = None


class DisplayMade(Struct):
    """The link that the screen opens. Its token is shown once."""

    display_id: int
    canteen_id: int
    url: str
    token: str


class NewCard(Message):
    """A blank card (by its chip's UID) for an official."""

    holder_id: Number
    uid: Uid


class NewCards(Message):
    """Cards for officials of one agency: all are issued, or none."""

    agency_id: Number
    cards: Annotated[list[NewCard], Meta(min_length=1, max_length=BULK_MAX // 2)]


class CardIssued(Struct):
    """What the personaliser writes to a card. The key is shown once and stored nowhere."""

    uid: str
    key_version: int
    book: int
    agency_id: int
    holder_id: int
    credential_id: int
    key: str


class CardsIssued(Struct):
    """The cards, in the order of the request."""

    cards: list[CardIssued]


class NewReplacement(Message):
    """A new card in place of a lost or broken one."""

    credential_id: Number
    uid: Uid
    reason: Annotated[str, text(200, examples=["lost"])]


class Replaced(Struct):
    """The new card for the personaliser, and the balances of its account in fen."""

    card: CardIssued
    cash_fen: int
    subsidy_fen: int


class NewActivations(Message):
    """One-time codes for officials' phones."""

    agency_id: Number
    holder_ids: Annotated[list[Number], Meta(min_length=1, max_length=BULK_MAX)]


class Activation(Struct):
    """A code for one official's phone, shown once."""

    activation_id: int
    holder_id: int
    code: str


class Activations(Struct):
    """The codes, in the order of the request. ``expires_at`` in seconds since 1970."""

    activations: list[Activation]
    expires_at: int


class ActivatePhone(DeviceMessage):
    """A phone requests its holder certificate; signed with ``public_key`` (keyid "phone")."""

    activation_id: Number
    code: Code
    public_key: PhoneKeyText
    algorithm: Annotated[KeyAlgorithm, Meta(description="Of the phone's key.")] = KeyAlgorithm.ED25519


class RenewCertificate(DeviceMessage):
    """A phone requests a fresh certificate; signed with the phone's key (keyid "phone")."""

    certificate: Annotated[str, Meta(min_length=64, max_length=400)]


class AskTopUp(DeviceMessage):
    """A phone opens a top-up, or queries its state; signed with the phone's key (keyid "phone")."""

    certificate: Annotated[str, Meta(min_length=64, max_length=400)]
    order_id: Annotated[UUID, Meta(description="Made by the phone; a repeat under it opens nothing more.")]
    amount_fen: AmountFen


class AskAccount(DeviceMessage):
    """A phone asks what was charged to its holder; signed with the phone's key (keyid "phone")."""

    certificate: Annotated[str, Meta(min_length=64, max_length=400)]


class HolderPayment(Struct):
    """One payment of the holder; money in fen, times in seconds since 1970.

    ``late``: it reached the centre long after its purchase, which only the till vouches for.
    """

    number: UUID
    kind: Literal["payment", "working_meal"]
    channel: Literal["card", "qr", "sheet"]
    meal: Meal
    canteen_zh: str
    canteen_en: str
    purchased_at: int
    posted_at: int
    late: bool
    amount_fen: int
    given_back_fen: int


CredentialKind = Literal["card", "phone"]
CredentialState = Literal["active", "blocked"]


class HolderCredential(Struct):
    """A card or phone that was issued for the holder."""

    credential_id: int
    kind: CredentialKind
    state: CredentialState
    issued_at: int


class HolderAccount(Struct):
    """What the holder's phone shows: his purses, his payments of a month (latest first), all his cards and phones."""

    cash_fen: int
    subsidy_fen: int
    payments: list[HolderPayment]
    credentials: list[HolderCredential]


class PhoneCertificate(Struct):
    """A holder certificate (see terminals/qr.py) and its reference in short codes (terminals/short_codes.py).

    ``expires_at`` in seconds since 1970.
    """

    certificate: str
    reference: str
    credential_id: int
    expires_at: int


class NewClosure(Message):
    """Close an official's account."""

    posting_id: Annotated[UUID, Meta(description="Made by the sender; a repeat under it pays nothing more.")]
    holder_id: Number


class Closed(Struct):
    """A closed account: cash paid out to the holder, subsidy returned to the agency; in fen."""

    holder_id: int
    cash_fen: int
    subsidy_fen: int


class Blocking(Message):
    """Block a credential (lost, stolen, cloned) or lift the block."""

    blocked: bool
    reason: Annotated[str, text(200, examples=["reported lost"])]


Operator = Annotated[
    str,
    form(
        "operator",
        "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,30}[A-Za-z0-9])?",
        description="A number or short code of the operator's own, no name.",
        examples=["c-07"],
    ),
]
"""Also a drawer's: 1 to 32 letters, digits, and between them ``. _ -``."""
ShiftCount = Annotated[int, Meta(ge=0, le=SHIFT_NUMBERS_MAX)]
ShiftFen = Annotated[int, Meta(ge=0, le=SHIFT_NUMBERS_MAX * AMOUNT_MAX_FEN)]


class ShiftOpening(DeviceMessage):
    """A cashier begins a shift at a drawer. The number of the message is the shift's."""

    cashier: Operator
    drawer: Operator
    opened_at: Seconds


class SheetVoidAtTill(DeviceMessage):
    """A payment by a sheet that a till takes back: the end of its receipt's number, from the payer's phone or the
    receipt's code, and why."""

    short_number: Annotated[str, form("number_ending", "[0-9A-Fa-f]{6,12}", examples=["7F3A2C"])]
    reason: Annotated[str, line(100)]


_ENDING = "[0-9A-Fa-f]{6,12}"
NumberEnding = Annotated[str, form("number_ending", _ENDING), as_parameter(_ENDING)]


class PaymentFound(Struct):
    """A payment at a till's canteen, whichever till or sheet took it: no name, as on a counter's screen."""

    number: Annotated[str, Meta(description="The receipt's.")]
    channel: Annotated[str, Meta(examples=["sheet"])]
    meal: str
    amount_fen: int
    paid_at: int
    business_date: date
    voided: bool


class PaymentsFound(Struct):
    """Payments of about a day whose numbers end so, the latest first: mostly one, or none."""

    payments: list[PaymentFound]


class Payer(Struct, omit_defaults=True):
    """Who paid: the first character of his name alone."""

    initial: Annotated[str | None, Meta(description="Left out: no such payment.", examples=["王"])] = None


class CashierSigningOn(DeviceMessage):
    """A cashier signs on at a till. ``new_pin``: what takes the place of his PIN; at the first time he needs one."""

    cashier: StaffNumber
    pin: Pin
    new_pin: Pin | None = None


class CashierAtTill(Struct):
    """Who is signed on: what the till shows of him, and what he may do until ``until``, in seconds since 1970."""

    cashier_id: int
    name: str
    language: Annotated[str, Meta(description="Of what the till shows him: zh or en.", examples=["zh"])]
    may: Annotated[list[str], Meta(examples=[["charge", "void", "close_shift"]])]
    until: int


class CashierAnswer(Struct, omit_defaults=True):
    """The outcome of a cashier's sign-on: ``signed_on``, or ``refused`` with a reason."""

    outcome: Annotated[str, Meta(examples=["signed_on"])]
    cashier: CashierAtTill | None = None
    reason: Annotated[str | None, Meta(description="A later centre may know more.", examples=list(CashierRefusal))] = (
        None
    )
    title_zh: str | None = None
    title_en: str | None = None
    advice_zh: str | None = None
    advice_en: str | None = None


class ShiftDay(DeviceMessage):
    """What a shift took on one business day: how many payments and reversals, and fen.

    ``stored``: payments whose receipt says that they were posted more than 120 s after their purchase.
    """

    business_date: date
    online: ShiftCount
    online_fen: ShiftFen
    stored: ShiftCount
    stored_fen: ShiftFen
    reversals: ShiftCount
    reversed_fen: ShiftFen


class ShiftClosing(DeviceMessage):
    """A terminal closes a shift: what it took between two numbers; signed with its Ed25519 key (keyid: its number)."""

    terminal_id: Number
    epoch: Epoch
    shift: Sequence
    last_sequence: Sequence
    cashier: Operator
    drawer: Operator
    opened_at: Seconds
    closed_at: Seconds
    unknown: Annotated[ShiftCount, Meta(description="Charges and voids without a final answer.")]
    days: Annotated[list[ShiftDay], Meta(max_length=31)]
    journal_head: Key32
    centre_key: KeyVersionNumber


class LedgerDay(Struct):
    """The same by the ledger, and what was refunded at the console since of the shift's payments."""

    business_date: date
    online: int
    online_fen: int
    stored: int
    stored_fen: int
    reversals: int
    reversed_fen: int
    refunds: int
    refunded_fen: int


class ShiftClosed(Struct):
    """The ledger's side of a shift; ``agree``: the terminal's is the same, and nothing is unknown."""

    agree: bool
    requests: int
    days: list[LedgerDay]
    journal_head: str


class LedgerRequest(Struct, omit_defaults=True):
    """A charge or void that the ledger has under a number, with its final answer."""

    sequence: int
    operation: str
    outcome: str
    business_date: date
    amount_fen: int = 0
    stored: bool = False
    number: Annotated[str | None, Meta(description="The receipt's.")] = None
    reason: str | None = None
    body_digest: Annotated[str | None, Meta(description="SHA-256 of the body; none: voided before it arrived.")] = None


class LedgerRequests(Struct):
    """What the ledger has between two numbers; ``complete`` if there are no more."""

    requests: list[LedgerRequest]
    complete: bool
