"""The lists of waste: what each shows and to whom. People of an agency see its canteens' rows."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import and_

from registry.access import Permission
from registry.identifiers import AgencyId, Book, CanteenId
from registry.lists.listing import (
    Filter,
    Listing,
    Rows,
    contains,
    days,
    equal,
    in_region,
    members,
    named,
    numbered,
    one_of,
    since,
    until,
)
from registry.meals import Meal
from registry.models import Base, Canteen
from waste.bulletins.bulletins import BulletinState
from waste.bulletins.models import Bulletin
from waste.evaluation.appeals import AppealState
from waste.evaluation.models import Appeal, QuarterResult
from waste.flags.flags import FlagState
from waste.flags.models import KitchenFlag
from waste.materials.models import MaterialEntry
from waste.materials.schemas import EntryKind
from waste.measures.streams import Stream
from waste.supervision.cases import CaseState, FindingKind
from waste.supervision.models import InspectionVisit, RectificationCase
from waste.weighing.models import FoodFactorRow, WeighInRow
from waste.weighing.schemas import Source

_OWNERS = (Canteen.agency_id,)


def _of_canteens(shown: type[Struct], table: Any) -> Rows:
    """A select of rows of canteens, with the canteen's agency."""
    at = and_(Canteen.book == table.book, Canteen.canteen_id == table.canteen_id)
    tables: tuple[type[Base], ...] = (table, Canteen)
    return members(shown, *tables).join(Canteen, at)


def _at_canteen(table: Any) -> dict[str, Filter]:
    return {
        "book": in_region(table.book),
        "agency_id": numbered(Canteen.agency_id),
        "canteen_id": numbered(table.canteen_id),
    }


class ListedWeighIn(Struct):
    """A weigh-in in grams; without a weight it takes back the one that it ``replaces``."""

    book: Book
    weigh_in_id: UUID
    canteen_id: CanteenId
    agency_id: AgencyId
    business_date: date
    meal: str
    stream: str
    weight_g: int | None
    dish: str | None
    food: str | None
    cause: str | None
    source: str
    implausible: bool
    replaces: UUID | None
    recorded_by: str
    recorded_at: datetime


WEIGH_INS = Listing(
    "weigh_ins",
    ListedWeighIn,
    Permission.SEE_WASTE,
    _of_canteens(ListedWeighIn, WeighInRow),
    key=(WeighInRow.book, WeighInRow.weigh_in_id),
    owners=_OWNERS,
    filters=_at_canteen(WeighInRow)
    | days(WeighInRow.business_date)
    | {
        "meal": one_of(WeighInRow.meal, Meal),
        "stream": one_of(WeighInRow.stream, Stream),
        "source": one_of(WeighInRow.source, Source),
        "implausible": equal(WeighInRow.implausible, bool),
        "replaces": equal(WeighInRow.replaces, UUID),
        "recorded_by": named(WeighInRow.recorded_by),
    },
    sorts={"business_date": WeighInRow.business_date},
    words={
        "meal": lambda value: f"meal.{value}",
        "stream": lambda value: f"measures.stream.{value}",
        "source": lambda value: f"entry.source.{value}",
        "cause": lambda value: f"weighing.cause.{value}",
    },
)


class ListedMaterial(Struct):
    """Food bought or counted (``item``: its kind), or waste collected (``item``: where it went), in grams and fen."""

    book: Book
    entry_id: UUID
    canteen_id: CanteenId
    agency_id: AgencyId
    kind: str
    on_day: date
    item: str
    weight_g: int
    cost_fen: int | None
    source: str
    replaces: UUID | None
    recorded_by: str
    recorded_at: datetime


MATERIALS = Listing(
    "materials",
    ListedMaterial,
    Permission.SEE_WASTE,
    _of_canteens(ListedMaterial, MaterialEntry),
    key=(MaterialEntry.book, MaterialEntry.entry_id),
    owners=_OWNERS,
    filters=_at_canteen(MaterialEntry)
    | days(MaterialEntry.on_day)
    | {
        "kind": one_of(MaterialEntry.kind, EntryKind),
        "item": named(MaterialEntry.item),
        "source": one_of(MaterialEntry.source, Source),
        "replaces": equal(MaterialEntry.replaces, UUID),
    },
    sorts={"on_day": MaterialEntry.on_day},
    words={"kind": lambda value: f"material.kind.{value}", "source": lambda value: f"entry.source.{value}"},
)


class ListedFood(Struct):
    """The CO2e of a kind of food from a day on, in grams a kilogram, and where the figure comes from."""

    food: str
    valid_from: date
    name_zh: str
    name_en: str
    co2e_g_per_kg: int
    source: str


FOODS = Listing(
    "foods",
    ListedFood,
    Permission.SEE_WASTE,
    members(ListedFood, FoodFactorRow),
    key=(FoodFactorRow.food, FoodFactorRow.valid_from),
    filters={
        "food": named(FoodFactorRow.food),
        "name": contains(FoodFactorRow.name_zh, FoodFactorRow.name_en),
        "valid_until": until(FoodFactorRow.valid_from, date),
    },
)


class ListedCase(Struct):
    """A finding that a canteen must rectify by ``deadline``; ``level``: how high it has gone up."""

    case_id: int
    book: Book
    canteen_id: CanteenId
    agency_id: AgencyId
    quarter: date
    kind: str
    what: str
    responsible: str
    state: str
    level: int
    opened_on: date
    due_on: date
    deadline: date
    closed_on: date | None


CASES = Listing(
    "cases",
    ListedCase,
    Permission.SEE_WASTE,
    _of_canteens(ListedCase, RectificationCase),
    key=(RectificationCase.case_id,),
    owners=_OWNERS,
    filters=_at_canteen(RectificationCase)
    | {
        "state": one_of(RectificationCase.state, CaseState),
        "kind": one_of(RectificationCase.kind, FindingKind),
        "quarter": equal(RectificationCase.quarter, date),
        "due_from": since(RectificationCase.deadline, date),
        "due_until": until(RectificationCase.deadline, date),
    },
    sorts={"deadline": RectificationCase.deadline, "opened_on": RectificationCase.opened_on},
    words={"kind": lambda value: f"case.kind.{value}", "state": lambda value: f"supervision.state.{value}"},
    has_detail=False,
)


class ListedAppeal(Struct):
    """An appeal against a result, and its decision; ``revision``: the result that answers it."""

    appeal_id: int
    book: Book
    canteen_id: CanteenId
    agency_id: AgencyId
    quarter: date
    state: str
    veto: bool
    text: str
    raised_by: str
    raised_at: datetime
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None
    revision: int | None


APPEALS = Listing(
    "appeals",
    ListedAppeal,
    Permission.SEE_WASTE,
    _of_canteens(ListedAppeal, Appeal),
    key=(Appeal.appeal_id,),
    owners=_OWNERS,
    filters=_at_canteen(Appeal) | {"state": one_of(Appeal.state, AppealState), "quarter": equal(Appeal.quarter, date)},
    sorts={"raised_at": Appeal.raised_at},
    words={"state": lambda value: f"appeal.state.{value}"},
    has_detail=False,
)


class ListedInspection(Struct):
    """A visit of an inspector; ``plan_year``: the plan that drew it, if one did."""

    visit_id: int
    book: Book
    canteen_id: CanteenId
    agency_id: AgencyId
    visited_on: date
    plan_year: int | None
    inspector: str
    looked_at: str
    filed_by: str
    filed_at: datetime


INSPECTIONS = Listing(
    "inspections",
    ListedInspection,
    Permission.SEE_INSPECTIONS,
    _of_canteens(ListedInspection, InspectionVisit),
    key=(InspectionVisit.visit_id,),
    owners=_OWNERS,
    filters=_at_canteen(InspectionVisit)
    | days(InspectionVisit.visited_on)
    | {"inspector": named(InspectionVisit.inspector), "plan_year": numbered(InspectionVisit.plan_year, 2**31 - 1)},
    sorts={"visited_on": InspectionVisit.visited_on},
    has_detail=False,
)


class ListedEvaluation(Struct):
    """A canteen's result of a quarter; the last revision counts."""

    book: Book
    canteen_id: CanteenId
    quarter: date
    revision: int
    agency_id: AgencyId
    scheme: str
    serving: str
    score: float | None
    low: float | None
    high: float | None
    grade_zh: str | None
    grade_en: str | None
    rank: int | None
    peers: int | None
    to_verify: bool
    vetoed: bool
    made_at: datetime


EVALUATIONS = Listing(
    "evaluations",
    ListedEvaluation,
    Permission.SEE_WASTE,
    _of_canteens(ListedEvaluation, QuarterResult),
    key=(QuarterResult.book, QuarterResult.canteen_id, QuarterResult.quarter, QuarterResult.revision),
    owners=_OWNERS,
    filters=_at_canteen(QuarterResult)
    | {
        "quarter": equal(QuarterResult.quarter, date),
        "vetoed": equal(QuarterResult.vetoed, bool),
        "to_verify": equal(QuarterResult.to_verify, bool),
    },
    sorts={"quarter": QuarterResult.quarter},
    words={"serving": lambda value: f"measures.serving.{value}"},
)


class ListedFlag(Struct):
    """A figure of a kitchen that needs a look, by which rule; a question, not a finding."""

    flag_id: int
    book: Book
    canteen_id: CanteenId
    agency_id: AgencyId
    rule: str
    first_day: date
    last_day: date
    meal: str
    stream: str
    figure: float
    usual: float | None
    state: str
    found_at: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None
    note: str | None


FLAGS = Listing(
    "flags",
    ListedFlag,
    Permission.SEE_FLAGS,
    _of_canteens(ListedFlag, KitchenFlag),
    key=(KitchenFlag.flag_id,),
    owners=_OWNERS,
    filters=_at_canteen(KitchenFlag)
    | {
        "state": one_of(KitchenFlag.state, FlagState),
        "rule": named(KitchenFlag.rule),
        "first": since(KitchenFlag.last_day, date),
        "last": until(KitchenFlag.last_day, date),
    },
    sorts={"last_day": KitchenFlag.last_day, "found_at": KitchenFlag.found_at},
    words={
        "meal": lambda value: f"measures.meal.{value}",
        "stream": lambda value: f"measures.stream.{value}",
        "state": lambda value: f"flag.state.{value}",
    },
)


class ListedBulletin(Struct):
    """A bulletin or a draft of one, with the number under which the office registered it."""

    bulletin_id: int
    quarter: date
    state: str
    issuer_code: str
    year: int | None
    serial: int | None
    addressees: str
    signed_on: date | None
    drafted_at: datetime
    version: int
    published_by: str | None
    published_at: datetime | None


BULLETINS = Listing(
    "bulletins",
    ListedBulletin,
    Permission.SEE_BULLETIN_DRAFTS,
    members(ListedBulletin, Bulletin),
    key=(Bulletin.bulletin_id,),
    filters={"state": one_of(Bulletin.state, BulletinState), "quarter": equal(Bulletin.quarter, date)},
    sorts={"quarter": Bulletin.quarter, "drafted_at": Bulletin.drafted_at},
    words={"state": lambda value: f"bulletin.state.{value}"},
    has_detail=False,
)

LISTS: dict[str, Listing[Any]] = {
    "/waste/weigh-ins": WEIGH_INS,
    "/waste/materials": MATERIALS,
    "/waste/foods": FOODS,
    "/waste/cases": CASES,
    "/waste/appeals": APPEALS,
    "/waste/inspections": INSPECTIONS,
    "/waste/evaluations": EVALUATIONS,
    "/waste/flags": FLAGS,
    "/waste/bulletins": BULLETINS,
}
"""The lists by their paths."""
