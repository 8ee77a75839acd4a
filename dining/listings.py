"""The lists of dining: menus dish by dish, bookings, report-outs."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import and_

from dining.models import DishRow, MealBooking, Menu, ReportOut
from dining.vocabulary import BookingState, DishKind
from registry.access import Permission
from registry.identifiers import AgencyId, Book, CanteenId, HolderId
from registry.lists.listing import Listing, contains, in_region, members, numbered, one_of, since, until
from registry.meals import Meal
from registry.models import Canteen


def _meal(meal: str) -> str:
    return f"measures.meal.{meal}"


class ListedDish(Struct):
    """A dish of a menu that holds. The file of this list can be imported."""

    business_date: date
    canteen_id: CanteenId
    meal: str
    line: int
    name_zh: str
    name_en: str | None
    kind: str
    portions: int | None
    allergens: list[str]
    allergen_note: str | None
    marks: list[str]
    price_fen: int | None
    kcal: int | None


_MENU = and_(
    Menu.book == DishRow.book,
    Menu.canteen_id == DishRow.canteen_id,
    Menu.business_date == DishRow.business_date,
    Menu.meal == DishRow.meal,
    Menu.version == DishRow.version,
)
_CANTEEN = and_(Canteen.book == DishRow.book, Canteen.canteen_id == DishRow.canteen_id)

DISHES = Listing(
    "dishes",
    ListedDish,
    Permission.SEE_REGISTRY,
    members(ListedDish, DishRow).join(Menu, _MENU).join(Canteen, _CANTEEN),
    key=(DishRow.business_date, DishRow.canteen_id, DishRow.meal, DishRow.line),
    filters={
        "book": in_region(DishRow.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(DishRow.canteen_id),
        "from_day": since(DishRow.business_date, date),
        "until_day": until(DishRow.business_date, date),
        "meal": one_of(DishRow.meal, Meal),
        "kind": one_of(DishRow.kind, DishKind),
        "name": contains(DishRow.name_zh, DishRow.name_en),
    },
    words={
        "meal": _meal,
        "kind": lambda value: f"dining.kind.{value}",
        "allergens": lambda value: f"dining.allergen.{value}",
        "marks": lambda value: f"dining.mark.{value}",
    },
)


class ListedBooking(Struct):
    """A diner's booking, by his pseudonymous number; ``host_id``: the canteen's agency."""

    book: Book
    booking_id: UUID
    holder_id: HolderId
    agency_id: AgencyId
    canteen_id: CanteenId
    host_id: AgencyId
    business_date: date
    meal: str
    price_fen: int | None
    limit_fen: int | None
    state: str
    booked_at: datetime
    cancelled_at: datetime | None


BOOKINGS = Listing(
    "bookings",
    ListedBooking,
    Permission.SEE_BOOKINGS,
    members(ListedBooking, MealBooking),
    key=(MealBooking.book, MealBooking.booking_id),
    owners=(MealBooking.agency_id, MealBooking.host_id),
    filters={
        "book": in_region(MealBooking.book),
        "agency_id": numbered(MealBooking.agency_id),
        "host_id": numbered(MealBooking.host_id),
        "canteen_id": numbered(MealBooking.canteen_id),
        "holder_id": numbered(MealBooking.holder_id),
        "from_day": since(MealBooking.business_date, date),
        "until_day": until(MealBooking.business_date, date),
        "meal": one_of(MealBooking.meal, Meal),
        "state": one_of(MealBooking.state, BookingState),
    },
    sorts={"business_date": MealBooking.business_date},
    words={"meal": _meal, "state": lambda value: f"dining.booking.{value}"},
)


class ListedReportOut(Struct):
    """What a diner reported out, by his pseudonymous number; ``agency_id``: his own, and the canteen's."""

    book: Book
    report_id: UUID
    holder_id: HolderId
    agency_id: AgencyId
    canteen_id: CanteenId
    first_day: date
    last_day: date
    weekdays: str
    meals: list[str]
    made_at: datetime
    ended_at: datetime | None


REPORT_OUTS = Listing(
    "report_outs",
    ListedReportOut,
    Permission.SEE_BOOKINGS,
    members(ListedReportOut, ReportOut, Canteen).join(Canteen, Canteen.canteen_id == ReportOut.canteen_id),
    key=(ReportOut.book, ReportOut.report_id),
    owners=(Canteen.agency_id,),
    filters={
        "book": in_region(ReportOut.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(ReportOut.canteen_id),
        "holder_id": numbered(ReportOut.holder_id),
        "from_day": since(ReportOut.last_day, date),
        "until_day": until(ReportOut.first_day, date),
    },
    words={"meals": _meal},
)

LISTS: dict[str, Listing[Any]] = {
    "/dining/dishes": DISHES,
    "/dining/bookings": BOOKINGS,
    "/dining/report-outs": REPORT_OUTS,
}
"""The lists by their paths."""
