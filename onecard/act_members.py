"""What a change asks for, from the types of its route: enough to draw a form that refuses what the server refuses."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, Self

import msgspec
from msgspec import Struct, inspect

from clearing.states import Resolution
from dining.vocabulary import Allergen, DishKind, Mark
from foundation import catalogue
from foundation.attachments import NewFile
from foundation.catalogue import Language
from registry.access import Permission
from registry.lists.described import Choice
from registry.lists.files import heading, is_money
from registry.meals import Meal
from registry.roles import Role
from registry.states import ClassPrice
from settlement.tariff import PlaceCheck, ReceiptEffect, SubsidyExpiry, VisitorCap, VisitorFloor, Visitors
from settlement.transfers import PurseOrder
from terminals.models import TerminalKind
from terminals.sheet_documents import CodeForm, SheetForm
from waste.bulletins.bulletins import Annex
from waste.materials.schemas import Destination, EntryKind
from waste.measures.schemas import Operating, Serving
from waste.measures.streams import Stream
from waste.supervision.cases import FindingKind
from waste.weighing.schemas import Cause

WORDS: Mapping[type[StrEnum], str] = {
    Permission: "permission.",
    Role: "role.",
    Meal: "meal.",
    Visitors: "rules.visitors.",
    VisitorFloor: "rules.visitor_floor.",
    VisitorCap: "rules.visitor_cap.",
    ReceiptEffect: "rules.receipt_effect.",
    SubsidyExpiry: "rules.subsidy_expires.",
    PlaceCheck: "rules.place_check.",
    ClassPrice: "class_price.",
    PurseOrder: "purse_order.",
    DishKind: "dining.kind.",
    Allergen: "dining.allergen.",
    Mark: "dining.mark.",
    TerminalKind: "onecard.terminals.kind.",
    SheetForm: "act.paper.",
    CodeForm: "act.code.",
    Resolution: "act.resolution.",
    Stream: "measures.stream.",
    Cause: "weighing.cause.",
    Destination: "materials.destination.",
    EntryKind: "material.kind.",
    Operating: "evaluation.file.operating.",
    Serving: "measures.serving.",
    FindingKind: "case.kind.",
    Annex: "bulletins.annex.",
}
"""What the values of a type are called: the beginning of their messages."""

_LANGUAGES = {"zh": "language.zh", "en": "language.en"}
LONG_TEXT_FROM = 121
"""Characters; more than a line holds."""


class MemberKind(StrEnum):
    """How a member is asked for. OWN_ID: a number (UUID) that the sender makes, and keeps for a repeat."""

    MONEY = "money"
    NUMBER = "number"
    DECIMAL = "decimal"
    DAY = "day"
    TIME = "time"
    YES_NO = "yes_no"
    WORD = "word"
    TEXT = "text"
    LONG_TEXT = "long_text"
    OWN_ID = "own_id"
    MEMBERS = "members"
    BY_NAME = "by_name"
    FILE = "file"


class Place(StrEnum):
    """Where a member goes in the request."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"


class DescribedMember(Struct):
    """A member of a request or an answer. ``many``: a list of such. ``hint``: what it is for, or what is allowed
    where a pattern says it.

    ``members``: of MEMBERS, an object. BY_NAME: an object whose names are free; ``members`` has what each holds.
    """

    name: str
    heading: str
    kind: MemberKind
    place: Place
    required: bool
    nullable: bool
    many: bool
    many_min: int
    many_max: int | None
    choices: list[Choice]
    minimum: float | None
    maximum: float | None
    length_max: int | None
    pattern: str | None
    hint: str | None
    default: Any
    members: "list[DescribedMember]"

    @classmethod
    def plain(cls, name: str, language: Language, *, nullable: bool) -> Self:
        """One without bounds, in the body."""
        return cls(
            name, heading(name, language), MemberKind.TEXT, Place.BODY, False, nullable, False, 0, None, [], None, None,
            None, None, None, None, [],
        )  # fmt: skip


def members_of(message: Any, language: Language, *, only: Collection[str] | None = None) -> list[DescribedMember]:
    """The members of a message's type, what is required first; none of what is no object. ``only``: these of them."""
    plain, _ = _unwrapped(inspect.type_info(message))
    return _of_struct(plain, language, only) if isinstance(plain, inspect.StructType) else []


def member_of(name: str, kind: Any, language: Language, *, place: Place, required: bool) -> DescribedMember:
    """A parameter in a path or query."""
    told = _member(name, inspect.type_info(kind), language)
    told.place, told.required = place, required
    return told


def _of_struct(
    struct: inspect.StructType, language: Language, only: Collection[str] | None = None
) -> list[DescribedMember]:
    found = []
    for field in struct.fields:
        if only is not None and field.name not in only:
            continue
        told = _member(field.encode_name, field.type, language)
        told.required = field.required
        told.default = _default(field)
        found.append(told)
    return sorted(found, key=lambda told: not told.required)


def _default(field: inspect.Field) -> Any:
    value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    return None if value in (msgspec.NODEFAULT, msgspec.UNSET) else msgspec.to_builtins(value)


def _unwrapped(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    """A type without what may take its place (null), and what was noted beside it."""
    notes: dict[str, Any] = {}
    while isinstance(kind, inspect.Metadata | inspect.UnionType):
        if isinstance(kind, inspect.Metadata):
            notes.update(kind.extra or {})
            kind = kind.type
        else:
            kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind, notes


def _is_nullable(kind: inspect.Type) -> bool:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return isinstance(kind, inspect.UnionType) and any(isinstance(one, inspect.NoneType) for one in kind.types)


def _member(name: str, kind: inspect.Type, language: Language) -> DescribedMember:
    plain, notes = _unwrapped(kind)
    told = DescribedMember.plain(name, language, nullable=_is_nullable(kind))
    if isinstance(plain, inspect.ListType | inspect.SetType | inspect.VarTupleType):
        told.many, told.many_min, told.many_max = True, plain.min_length or 0, plain.max_length
        plain, of_one = _unwrapped(plain.item_type)
        notes = of_one | notes
    if message := notes.get("hint") or notes.get("form"):
        told.hint = catalogue.text(message, language, field=told.heading)
    _tell(told, plain, language)
    return told


def _tell(told: DescribedMember, plain: inspect.Type, language: Language) -> None:
    """Kind, bounds and choices."""
    match plain:
        case inspect.IntType() | inspect.FloatType():
            told.kind = _kind_of_number(told.name, plain)
            told.minimum, told.maximum = plain.ge, plain.le
        case inspect.StrType():
            told.pattern, told.length_max = plain.pattern, plain.max_length
            is_long = plain.max_length is not None and plain.max_length >= LONG_TEXT_FROM
            told.kind = MemberKind.LONG_TEXT if is_long else MemberKind.TEXT
        case inspect.EnumType():
            told.kind, told.choices = MemberKind.WORD, list(_choices(plain.cls, language))
        case inspect.LiteralType():
            told.kind = MemberKind.WORD
            told.choices = [Choice(str(each), catalogue.text(_LANGUAGES[str(each)], language)) for each in plain.values]
        case inspect.StructType() if plain.cls is NewFile:
            told.kind = MemberKind.FILE
        case inspect.StructType():
            told.kind, told.members = MemberKind.MEMBERS, _of_struct(plain, language)
        case inspect.DictType():
            told.kind, told.members = MemberKind.BY_NAME, [_member(told.name, plain.value_type, language)]
        case _:
            told.kind = _SIMPLE.get(type(plain), MemberKind.TEXT)


_SIMPLE: Mapping[type[inspect.Type], MemberKind] = {
    inspect.BoolType: MemberKind.YES_NO,
    inspect.DateType: MemberKind.DAY,
    inspect.DateTimeType: MemberKind.TIME,
    inspect.UUIDType: MemberKind.OWN_ID,
}


def _kind_of_number(name: str, plain: inspect.Type) -> MemberKind:
    if is_money(name):
        return MemberKind.MONEY
    return MemberKind.DECIMAL if isinstance(plain, inspect.FloatType) else MemberKind.NUMBER


def _choices(words: type, language: Language) -> Iterable[Choice]:
    begin = WORDS.get(words)
    for value in map(str, words):  # type: ignore[call-overload]
        message = f"{begin}{value}"
        yield Choice(value, catalogue.text(message, language) if begin else value)
