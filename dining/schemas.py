"""Wire types of menus and bookings. Money in fen, times in UTC, hours in the centre's local time."""

from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

from dining.vocabulary import Allergen, DishKind, Mark
from foundation.messages import Message, Number, line
from registry.identifiers import CanteenId
from registry.meals import Meal
from settlement.models import AMOUNT_MAX_FEN

DISH_NAME_MAX, NOTE_MAX = 60, 200
PORTIONS_MAX, KCAL_MAX = 20_000, 10_000
DISHES_MAX = 60
"""Of a menu: the largest buffets have about forty."""
COPIED_DAYS_MAX = 31


class Dish(Message):
    """A dish of a menu. ``portions``: how many are planned; ``kcal``: of a portion.

    ``price_fen`` informs: what is paid is the canteen's tariff. ``allergens``: groups of GB/T 23779-2025; what else
    must be known is in ``allergen_note``.
    """

    name_zh: Annotated[str, line(DISH_NAME_MAX, examples=["红烧带鱼"])]
    kind: DishKind
    name_en: Annotated[str, line(DISH_NAME_MAX, examples=["Braised hairtail"])] | None = None
    portions: Annotated[int, Meta(ge=0, le=PORTIONS_MAX, examples=[180])] | None = None
    allergens: Annotated[list[Allergen], Meta(max_length=len(Allergen))] = field(default_factory=list)
    allergen_note: Annotated[str, line(NOTE_MAX, examples=["与花生同锅油炸"])] | None = None
    marks: Annotated[list[Mark], Meta(max_length=len(Mark))] = field(default_factory=list)
    price_fen: Annotated[int, Meta(ge=0, le=AMOUNT_MAX_FEN, examples=[800])] | None = None
    kcal: Annotated[int, Meta(ge=0, le=KCAL_MAX, examples=[320])] | None = None


class NewMenu(Message):
    """The dishes of a meal, in order."""

    dishes: Annotated[list[Dish], Meta(min_length=1, max_length=DISHES_MAX)]


class MenuShown(Struct):
    """A canteen's menu of a meal; ``version`` counts its changes from 1."""

    canteen_id: CanteenId
    business_date: date
    meal: Meal
    version: int
    dishes: list[Dish]


class MenuKept(Struct):
    """The version of the menu that holds now."""

    version: int


class MenuCopy(Message):
    """Copy the menus of ``days`` days from ``source`` on to as many days from ``first`` on."""

    source: date
    first: date
    days: Annotated[int, Meta(ge=1, le=COPIED_DAYS_MAX, examples=[7])] = 1


class MenusCopied(Struct):
    """How many menus were copied, and how many were not: their meal is not served then, or has a menu already."""

    copied: int
    left_out: int


class MenusImported(Struct):
    """The menus of a file, how many dishes they have, and how many menus differ from what was there."""

    menus: int
    dishes: int
    changed: int


class MealMenu(Struct):
    """A meal of a day, as everybody may read it; no dishes: no menu is published."""

    meal: Meal
    starts: time
    ends: time
    dishes: list[Dish]


class DayMenu(Struct):
    """What a canteen serves on a day; no meals: it is closed."""

    day: date
    meals: list[MealMenu]


class CanteenMenus(Struct):
    """A canteen's menus from day to day."""

    canteen_id: CanteenId
    name_zh: str
    name_en: str
    days: list[DayMenu]


class Terms(Message):
    """How a meal is booked: until ``cut_off_min`` minutes before it begins; no ``capacity``: as many as come."""

    cut_off_min: Annotated[int, Meta(ge=0, le=7 * 24 * 60, examples=[60])]
    capacity: Annotated[int, Meta(ge=0, le=100_000, examples=[300])] | None = None


class MealTerms(Struct):
    """How a canteen's meal is booked; ``default``: nobody set it otherwise."""

    meal: Meal
    cut_off_min: int
    capacity: int | None
    default: bool


class MealNumbers(Struct):
    """The bookings of a canteen's meal in numbers.

    ``visitors``: of ``booked``, people of other agencies. ``reported_out``: own people who do not come. ``came``: how
    many of ``booked`` paid for the meal, known once its covers are counted.
    """

    meal: Meal
    starts: time
    cut_off_at: datetime
    capacity: int | None
    booked: int
    visitors: int
    reported_out: int
    came: int | None


class NewMealBooking(Message):
    """A meal to book. ``booking_id``: the caller's own, new for each booking; sent again it books nothing more."""

    booking_id: UUID
    canteen_id: Number
    business_date: date
    meal: Meal


class MealBookingShown(Struct):
    """A diner's booking; it can be cancelled until ``cut_off_at`` (none: the meal is served no more).

    What the meal costs him: ``price_fen``, or up to ``limit_fen`` where the cashier enters the amount.
    """

    booking_id: UUID
    canteen_id: CanteenId
    canteen_zh: str
    canteen_en: str
    business_date: date
    meal: Meal
    price_fen: int | None
    limit_fen: int | None
    state: str
    booked_at: datetime
    cut_off_at: datetime | None


class NewReportOut(Message):
    """Days on which a diner does not eat at a canteen of his own agency.

    All days from ``first_day`` to ``last_day`` that are one of ``weekdays`` (1 is Monday). ``report_id``: the caller's.
    """

    report_id: UUID
    canteen_id: Number
    first_day: date
    last_day: date
    meals: Annotated[list[Meal], Meta(min_length=1, max_length=3)] = field(default_factory=lambda: list(Meal))
    weekdays: Annotated[list[Annotated[int, Meta(ge=1, le=7)]], Meta(min_length=1, max_length=7)] = field(
        default_factory=lambda: list(range(1, 8))
    )


class ReportOutShown(Struct):
    """A report-out; ``ended_at``: the diner took it back then, for the meals whose cut-off was to come."""

    report_id: UUID
    canteen_id: CanteenId
    first_day: date
    last_day: date
    meals: list[Meal]
    weekdays: list[int]
    made_at: datetime
    ended_at: datetime | None


class Bookings(Struct):
    """A diner's bookings of some days, and what he reported out for them."""

    bookings: list[MealBookingShown]
    report_outs: list[ReportOutShown]
