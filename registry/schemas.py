"""Wire types: directory, officials, visits, approvals."""

from datetime import date, datetime, time
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from foundation.messages import BULK_MAX, Message, Number, ShortText, line, text, text_or_none
from registry.approvals import ApprovalState
from registry.identifiers import AgencyId, Book, CanteenId, HolderId
from registry.meals import Meal


class NewOfficial(Message):
    """An official to register. The name is stored encrypted; payments never contain it."""

    name: ShortText
    staff_number: Annotated[str, line(32, examples=["NB-00417"])]


class NewOfficials(Message):
    """Officials of one agency; all are registered or none."""

    agency_id: Number
    officials: Annotated[list[NewOfficial], Meta(min_length=1, max_length=BULK_MAX)]


class Registered(Struct):
    """The pseudonymous holder numbers, in the order of the request."""

    book: Book
    holder_ids: list[HolderId]


class NewVisit(Message):
    """An official's visit to a host agency."""

    holder_id: Number
    host_agency_id: Number
    first_day: date
    last_day: date


class VisitShown(Struct):
    """A registered visit."""

    visit_id: int
    holder_id: HolderId
    host_agency_id: AgencyId
    first_day: date
    last_day: date


Name = Annotated[str, line(60, examples=["慈溪市机关事务中心"])]


class NewRegion(Message):
    """A region that joins; ``book``: its code of administrative divisions (GB/T 2260), four or six digits."""

    book: Annotated[int, Meta(ge=1_000, le=999_999, examples=[3302])]
    name_zh: Name
    name_en: Name


class NewAgency(Message):
    """An agency of a region that joins. ``meal_allowance_fen``: the daily meal allowance of travelling officials there,
    in fen."""

    book: Annotated[int, Meta(ge=1, le=2**31 - 1, examples=[3302])]
    name_zh: Name
    name_en: Name
    meal_allowance_fen: Annotated[int, Meta(ge=1, le=100_000, examples=[10_000])]


class MealHours(Message):
    """When a meal is served, in the centre's local time; not over midnight."""

    meal: Meal
    starts: Annotated[time, Meta(tz=False, examples=["11:00:00"])]
    ends: Annotated[time, Meta(tz=False, examples=["13:30:00"])]


class NewCanteen(Message):
    """A canteen of an agency, with its meals; the place in degrees (WGS 84), where known."""

    agency_id: Number
    name_zh: Name
    name_en: Name
    meals: Annotated[list[MealHours], Meta(min_length=1, max_length=3)]
    latitude: Annotated[float, Meta(ge=-90, le=90, examples=[29.87])] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180, examples=[121.54])] | None = None


class Meals(Message):
    """All meals of a canteen."""

    meals: Annotated[list[MealHours], Meta(min_length=1, max_length=3)]


class MealInfo(Struct):
    """A meal that a canteen serves; the centre's local time."""

    meal: Meal
    starts: Annotated[str, Meta(examples=["11:00:00"])]
    ends: Annotated[str, Meta(examples=["13:30:00"])]


class CanteenInfo(Struct):
    """A canteen in the directory."""

    canteen_id: CanteenId
    name_zh: str
    name_en: str
    meals: list[MealInfo]


class AgencyInfo(Struct):
    """A member agency with its canteens."""

    book: Book
    agency_id: AgencyId
    name_zh: str
    name_en: str
    canteens: list[CanteenInfo]


class Directory(Struct):
    """Every member agency and canteen of the network."""

    agencies: list[AgencyInfo] = msgspec.field(default_factory=list)


Reason = Annotated[str, text_or_none(200, examples=["the subsidy of November"])]
"""Why a person does something; empty where no reason is needed."""


class AwaitsApproval(Struct):
    """The request was understood and waits for a second person: its number, why, and the page where it is decided."""

    approval_id: int
    state: ApprovalState
    why: str
    url: str


class Approving(Message):
    """The approval of a request, with a remark if there is one."""

    reason: Reason = ""


class Rejecting(Message):
    """The rejection of a request, and why."""

    reason: Annotated[str, text(200)]


class ApprovalShown(Struct):
    """A request for approval: what is carried out (``body``), who asked and why, who decided. Money in fen.

    ``agency_id`` null: a matter of the centre. ``may_decide``: whether the reader may approve or reject it now.
    """

    approval_id: int
    kind: str
    agency_id: AgencyId | None
    subject: str
    body: dict[str, Any] | None
    amount_fen: int | None
    items: int
    why: str
    reason: str
    maker: str
    made_at: datetime
    expires_at: datetime
    state: ApprovalState
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None
    result: dict[str, Any] | None
    may_decide: bool
