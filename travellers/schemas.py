"""Wire types of what officials see and do for themselves. Money in fen, times with their zone."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from dining.schemas import Dish
from foundation.messages import DeviceMessage, Message, Number, text
from registry.meals import Meal
from registry.states import CredentialKind, CredentialState
from settlement.models import AMOUNT_MAX_FEN
from settlement.tariff import PlaceCheck
from settlement.transfers import TransferKind
from terminals.minute_words import Minute
from terminals.schemas import Answer, Epoch, Seconds
from terminals.schemas import Sequence as SequenceNumber
from travellers.crowding import Crowding


class WhoIAm(Struct):
    """The official who asks, and in a session its token against forged requests."""

    holder_id: int
    agency_id: int
    agency_zh: str
    agency_en: str
    name_masked: str
    """His name but for its first character: enough to notice somebody else's phone."""
    person_class: str
    credential_id: int | None
    """Of the phone that signed the request; null in a session."""
    csrf_token: str | None
    """To be sent as `x-csrf-token` with what changes something; null where a phone signs."""
    expires_at: datetime | None
    """The session's end; null where a phone signs."""


class MySession(Struct):
    """A session of an official in a browser."""

    number: int
    made_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    device: str
    """What the browser calls itself."""
    is_asking: bool
    """Whether it is the session of this request."""


class MyPurses(Struct):
    """What an official has."""

    cash_fen: int
    subsidy_fen: int
    subsidy_lapses_on: date | None
    """The day after which meal money that is left goes back to the agency; null where the region lets it stay."""


class Movement(Struct):
    """A posting: what it changed of each purse, and what a host paid for the official (`host_fen`)."""

    number: UUID
    kind: TransferKind
    channel: str | None
    meal: str | None
    canteen_id: int | None
    canteen_zh: str | None
    canteen_en: str | None
    business_date: date
    purchased_at: datetime | None
    posted_at: datetime
    late: bool
    """Whether it reached the centre long after its purchase."""
    cash_change_fen: int
    subsidy_change_fen: int
    host_fen: int
    reverses: UUID | None
    """The payment that it gives back."""
    receipt: str | None
    """Where its receipt is shown; null for what is no payment."""


class Movements(Struct):
    """A page of a month's postings, latest first; `next`: for `after`, null when there are no more."""

    items: list[Movement]
    next: str | None


class MonthAtCanteen(Struct):
    """What an official ate at a canteen in a month, net of what was given back."""

    canteen_id: int
    canteen_zh: str
    canteen_en: str
    meals: int
    own_fen: int
    host_fen: int


class Month(Struct):
    """An official's month: what came to his purses and what left them. The changes are the sums of all movements."""

    month: date
    meals: int
    eaten_fen: int
    """Paid for meals from both purses, net of what was given back."""
    host_fen: int
    """Paid for him by hosts."""
    topped_up_fen: int
    granted_fen: int
    paid_out_fen: int
    lapsed_fen: int
    cash_change_fen: int
    subsidy_change_fen: int
    canteens: list[MonthAtCanteen]


class VisitState(StrEnum):
    """Where today is in the days of a visit, or what became of one that I registered and that is none."""

    TO_COME = "to_come"
    NOW = "now"
    OVER = "over"
    WAITING = "waiting"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class MyVisit(Struct):
    """A visit to a host agency, or one that I registered myself, which is none until my agency confirms it.

    `visit_id` is null until then. `request_id`, `reason` and `answer` (why my agency refused it) are of my own alone.
    """

    visit_id: int | None
    request_id: UUID | None
    host_agency_id: int
    book: int
    host_zh: str
    host_en: str
    first_day: date
    last_day: date
    state: VisitState
    working_meal_had: bool
    reason: str | None
    answer: str | None


class MyCredential(Struct):
    """A card or phone that was issued for an official; `replaces`: the one in whose place."""

    credential_id: int
    kind: CredentialKind
    state: CredentialState
    issued_at: datetime
    expires_at: datetime | None
    replaces: int | None
    session: int | None
    """In which of my sessions the phone's code was made; null: my agency issued it."""
    is_asking: bool
    """Whether it is the phone that signed this request."""


class Loss(Message):
    """How a card or phone was lost."""

    reason: Annotated[str, text(200, examples=["手机遗失"])]


class PhoneActivationCode(Struct):
    """A one-time code, for `POST /phone/certificates`."""

    activation_id: int
    code: str
    expires_at: datetime


class WhyNot(Struct):
    """Why an official may not eat a meal: `no_price`, `not_your_class`, `needs_visit` or `had_it`, and in words."""

    code: str
    reason_zh: str
    reason_en: str


class MealForMe(Struct):
    """A meal that a canteen serves, for the official who asks."""

    day: date
    meal: Meal
    starts: datetime
    ends: datetime
    cut_off_at: datetime
    """Until when it can be booked or reported out."""
    may_eat: bool
    why_not: WhyNot | None
    price_fen: int | None
    """What it costs him; null where the cashier enters the amount, and without a price."""
    limit_fen: int | None
    """The most that the cashier may enter; null for a fixed price."""
    menu: Sequence[Dish]
    """The dishes of its menu; none where no menu is published."""


class PlaceForMe(Struct):
    """A canteen for the official who asks: where it is, when it is open, what he may eat there, how full it is."""

    canteen_id: int
    name_zh: str
    name_en: str
    agency_id: int
    agency_zh: str
    agency_en: str
    book: int
    region_zh: str
    region_en: str
    address: str | None
    latitude: float | None
    longitude: float | None
    distance_m: int | None
    """From the place of the request; null without one."""
    capacity: int | None
    """Seats."""
    open_now: bool
    open_until: datetime | None
    next_opening: datetime | None
    """When the next meal begins; null where none does within a fortnight."""
    meals: list[MealForMe]
    """Those of the day that was asked for; else what is left of today, or of the next day that has meals."""
    crowding: Crowding | None
    """Null while it serves nothing, and where nothing is known."""


class PlaceAsked(Struct):
    """What the canteen's region does with a place: `off`, `flag` or `refuse`; near is up to `within_m` metres."""

    check: PlaceCheck
    within_m: int


class SheetForMe(Struct):
    """What a canteen's sheet sells to the official who asks, now."""

    sheet: str
    """Its number as printed."""
    canteen_id: int
    canteen_zh: str
    canteen_en: str
    agency_zh: str
    agency_en: str
    name: str | None
    """The window where it hangs."""
    at_home: bool
    """Whether it is a canteen of his own agency, where meal money pays, too."""
    meal: Meal | None
    """Null: none is sold now."""
    starts: datetime | None
    ends: datetime | None
    opens_at: datetime | None
    """When the next meal begins, where none is sold now."""
    price_fen: int | None
    """To be confirmed; null where he enters the amount."""
    limit_fen: int | None
    """The most that he may enter."""
    may_eat: bool
    """By the rules; whether the money reaches, the payment finds out."""
    why_not: WhyNot | None
    cash_fen: int
    subsidy_fen: int
    place: PlaceAsked


class PlaceTold(DeviceMessage):
    """Where a phone is in the moment of paying: degrees (WGS 84) and by how much that may be off. Never stored."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[int, Meta(ge=0, le=100_000)]


class NoPlace(StrEnum):
    """Why a phone does not tell where it is."""

    DENIED = "denied"
    UNKNOWN = "unknown"


class SheetMessage(DeviceMessage):
    """A phone pays by a canteen's sheet: under a number of its own, the price that its holder has confirmed.

    Neither `place` nor `no_place` is part of what a repeat must say again: a repeat leaves them out.
    """

    epoch: Epoch
    sequence: SequenceNumber
    sheet: Annotated[str, Meta(max_length=200, description="The code, whatever it is.")]
    canteen_id: Number
    meal: Annotated[Meal, Meta(examples=["lunch"])]
    amount_fen: Annotated[int, Meta(ge=1, le=AMOUNT_MAX_FEN, examples=[1500])]
    purchased_at: Seconds
    place: PlaceTold | None = None
    no_place: NoPlace | None = None


class CounterProof(Struct):
    """What the payer shows at the counter, with the words and colours of two minutes that nobody knew before."""

    canteen_zh: str
    canteen_en: str
    name: str | None
    """The window where the sheet hangs: one payment is for one window."""
    meal: str
    amount_fen: int
    short_number: str
    paid_at: int
    minutes: list[Minute]


class SheetAnswer(Answer):
    """The outcome of a payment by a sheet. `price_fen`: of a refused one, what the meal costs instead."""

    price_fen: int | None = None
    place: str = "off"
    proof: CounterProof | None = None


class Result(Struct):
    """A payment of the official, or what was given back of one, in fen; `cash_fen`, `subsidy_fen`: his purses now."""

    number: UUID
    short_number: str
    kind: TransferKind
    reverses: UUID | None
    """The payment that it gives back."""
    channel: str
    meal: str
    canteen_id: int
    canteen_zh: str
    canteen_en: str
    purchased_at: datetime | None
    """When the payment was made; of what was given back, when that payment was."""
    posted_at: datetime
    amount_fen: int
    cash_fen: int
    subsidy_fen: int


class CodeRefused(Struct):
    """A code of the phone that asks, which a till refused: nothing was paid; `reason`: its code, and in words."""

    at: datetime
    canteen_id: int
    canteen_zh: str
    canteen_en: str
    meal: str
    reason: str
    reason_zh: str
    reason_en: str


class Results(Struct):
    """What was posted or refused after a mark, oldest first; `mark`: to be given with the next question."""

    mark: str
    payments: list[Result]
    refusals: list[CodeRefused]


class Ground(StrEnum):
    """On which ground personal data is processed without a consent (PIPL, article 13)."""

    TASK = "task"
    """A public task of the agency."""
    CONTRACT = "contract"
    """The account that the official uses."""
    LAW = "law"
    """A duty by law."""


class Processing(Struct):
    """What is processed of an official without his consent: which data, for what, and for how long, in words."""

    name: str
    ground: Ground
    text_zh: str
    text_en: str


class Consent(Struct):
    """A purpose that needs the official's consent, with the text that holds now."""

    purpose: str
    version: int
    text_zh: str
    text_en: str
    given: bool
    decided_at: datetime | None
    decided_version: int | None
    """The version on which he decided last; a consent to an older one counts no more."""


class Consents(Struct):
    """What is processed of the official, and what he has consented to."""

    processing: list[Processing]
    consents: list[Consent]


class ConsentDecision(Message):
    """A consent given or withdrawn; `version`: of the text that the official was shown."""

    given: bool
    version: Annotated[int, Meta(ge=1, le=1_000, examples=[1])]
