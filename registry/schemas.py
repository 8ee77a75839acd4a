"""Wire types: directory, officials, visits, approvals."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from foundation.messages import BULK_MAX, Message, Number, ShortText, form, line, text, text_or_none
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


class OwnVisit(Message):
    """A visit that an official registers himself. `request_id` is his device's: sent again it changes nothing.

    `reason`: the occasion, or the number of the document that orders it.
    """

    request_id: UUID
    host_agency_id: Number
    first_day: date
    last_day: date
    reason: Annotated[str, line(100, examples=["甬机管发〔2026〕12号"])]


class VisitEnding(Message):
    """A visit of mine that I end."""

    visit_id: Number


class VisitRefusal(Message):
    """Why an agency does not confirm a visit that its official registered, or ends one; he reads it."""

    reason: Annotated[str, text(200, examples=["该项出差已取消"])]


Name = Annotated[str, line(60, examples=["慈溪市机关事务中心"])]


Address = Annotated[str, line(200, examples=["慈溪市白沙路街道三北大街777号"])]
ContactName = Annotated[str, line(60, examples=["王建国"])]
Phone = Annotated[str, form("phone", r"\+?[0-9][0-9 -]{4,28}[0-9]", examples=["0574-6398 1234"])]


class RegionDetails(Message):
    """What can be changed of a region."""

    name_zh: Name
    name_en: Name


class NewRegion(RegionDetails):
    """A region that joins; ``book``: its code of administrative divisions (GB/T 2260), four or six digits."""

    book: Annotated[int, Meta(ge=1_000, le=999_999, examples=[3302])]


class AgencyDetails(Message, kw_only=True):
    """What can be changed of an agency; what is left out has no value then. ``parent_agency_id``: the agency above
    it. ``roster_leavers_max_percent``: the share of its people who may leave by a roster without a confirmation, in
    percent; without it, the centre's setting holds."""

    name_zh: Name
    name_en: Name
    parent_agency_id: Number | None = None
    address: Address | None = None
    contact_name: ContactName | None = None
    contact_phone: Phone | None = None
    roster_leavers_max_percent: Annotated[int, Meta(ge=0, le=100, examples=[10])] | None = None


class NewAgency(AgencyDetails, kw_only=True):
    """An agency of a region that joins. ``meal_allowance_fen``: the daily meal allowance of travelling officials there,
    in fen."""

    book: Annotated[int, Meta(ge=1, le=2**31 - 1, examples=[3302])]
    meal_allowance_fen: Annotated[int, Meta(ge=1, le=100_000, examples=[10_000])]


class ServedMeal(Message):
    """When a meal is served, in the centre's local time; not over midnight."""

    meal: Meal
    starts: Annotated[time, Meta(tz=False, examples=["11:00:00"])]
    ends: Annotated[time, Meta(tz=False, examples=["13:30:00"])]


class MealHours(ServedMeal):
    """The same, on some weekdays: 1 is Monday, 7 Sunday. Holidays are Sundays, working weekends Mondays."""

    weekdays: Annotated[
        list[Annotated[int, Meta(ge=1, le=7)]], Meta(min_length=1, max_length=7, examples=[[1, 2, 3, 4, 5]])
    ] = msgspec.field(default_factory=lambda: list(range(1, 8)))


WeekOfMeals = Annotated[list[MealHours], Meta(min_length=1, max_length=21)]
"""A meal may stand several times, with other hours on other weekdays."""


class CanteenDetails(Message, kw_only=True):
    """What can be changed of a canteen; what is left out has no value then. The place in degrees (WGS 84), ``capacity``
    in seats."""

    name_zh: Name
    name_en: Name
    latitude: Annotated[float, Meta(ge=-90, le=90, examples=[29.87])] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180, examples=[121.54])] | None = None
    capacity: Annotated[int, Meta(ge=1, le=20_000, examples=[240])] | None = None
    address: Address | None = None
    contact_name: ContactName | None = None
    contact_phone: Phone | None = None


class NewCanteen(CanteenDetails, kw_only=True):
    """A canteen of an agency, with its meals."""

    agency_id: Number
    meals: WeekOfMeals


class WithReason(Message):
    """Why a person does something."""

    reason: Annotated[str, text(200, examples=["厨房改造"])]


class Meals(Message):
    """All meals of a canteen's week."""

    meals: WeekOfMeals


class MealsShown(Struct):
    """All meals of a canteen's week, as they are set; none: it serves nothing but on special days."""

    meals: list[MealHours]


class SpecialDayWanted(Message):
    """A day on which a canteen departs from its week: what it serves then (nothing: it is closed), and why."""

    meals: Annotated[list[ServedMeal], Meta(max_length=3)]
    reason: Annotated[str, line(100, examples=["国庆节放假"])]


class DayShown(Struct):
    """What a canteen serves on a day, in order; nothing: it is closed. ``because``: ``week``, ``holiday``,
    ``make_up_day``, ``special`` (then ``reason`` says why) or ``out_of_use``."""

    day: date
    meals: list[ServedMeal]
    because: str
    reason: str

    @property
    def is_open(self) -> bool:
        """Whether anything is served."""
        return bool(self.meals)


class MealInfo(Struct):
    """A meal that a canteen serves on some weekdays (1 is Monday); the centre's local time."""

    meal: Meal
    starts: Annotated[str, Meta(examples=["11:00:00"])]
    ends: Annotated[str, Meta(examples=["13:30:00"])]
    weekdays: list[int]


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


CLASS_CODE = "[a-z][a-z_]{0,31}"
"""The form of a person class's code."""


class NewPersonClass(Message):
    """The names of a person class."""

    name_zh: Annotated[str, line(30, examples=["志愿者"])]
    name_en: Annotated[str, line(30, examples=["volunteer"])]


class PersonClassShown(Struct):
    """A person class."""

    code: str
    name_zh: str
    name_en: str


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


StaffNumber = Annotated[
    str, form("staff_number", "[0-9]{3,8}", description="A cashier's number in his agency.", examples=["1042"])
]
Pin = Annotated[str, form("pin", "[0-9]{6}", description="Six digits.", examples=["470391"])]


class CashierDetails(Message):
    """What is said of a cashier and may change. ``canteen_ids`` null: he works at every canteen of his agency.

    ``language``: of what a till shows him. ``may_void``: whether he may void charges.
    """

    canteen_ids: Annotated[list[Number], form("cashier_canteens", min_length=1, max_length=100)] | None = None
    language: Literal["zh", "en"] = "zh"
    may_void: bool = True


class NewCashier(CashierDetails, kw_only=True):
    """A cashier to register. The name is stored encrypted; till records have his number alone."""

    agency_id: Number
    number: StaffNumber
    name: ShortText


class CashierChange(CashierDetails, kw_only=True):
    """A cashier as he is from now on; without a name he keeps his."""

    name: ShortText | None = None


class CashierSlip(Struct):
    """What a cashier needs at his first sign-on. The PIN is shown this once; he chooses another one then."""

    cashier_id: int
    number: str
    pin: str


class CashierName(Struct):
    """A cashier's name."""

    cashier_id: int
    name: str


class Reasoned(Message):
    """Why."""

    reason: Annotated[str, text(200, examples=["调离岗位"])]


class CashiersRequired(Message):
    """Whether the tills of a canteen charge only while a cashier is signed on."""

    required: bool
