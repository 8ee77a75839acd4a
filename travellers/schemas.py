"""Wire types of what officials see and do for themselves. Money in fen, times with their zone."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from dining.schemas import Dish
from foundation.messages import Message, text
from registry.meals import Meal
from registry.states import CredentialKind, CredentialState
from settlement.transfers import TransferKind
from travellers.crowding import Crowding


class WhoIAm(Struct):
    """The official who asks, and in a session its token against forged requests."""

    holder_id: int
    agency_id: int
    agency_zh: str
    agency_en: str
    person_class: str
    credential_id: int | None
    """Of the phone that signed the request; null in a session."""
    csrf_token: str | None
    """To be sent as `x-csrf-token` with what changes something; null where a phone signs."""
    expires_at: datetime | None
    """The session's end; null where a phone signs."""


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
    """Where today is in the days of a visit."""

    TO_COME = "to_come"
    NOW = "now"
    OVER = "over"


class MyVisit(Struct):
    """A visit to a host agency."""

    visit_id: int
    host_agency_id: int
    book: int
    host_zh: str
    host_en: str
    first_day: date
    last_day: date
    state: VisitState
    working_meal_had: bool


class MyCredential(Struct):
    """A card or phone that was issued for an official; `replaces`: the one in whose place."""

    credential_id: int
    kind: CredentialKind
    state: CredentialState
    issued_at: datetime
    expires_at: datetime | None
    replaces: int | None
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
