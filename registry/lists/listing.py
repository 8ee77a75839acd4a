"""Lists of everything that exists: one description per noun gives its pages, its details and its files.

Pages follow each other by key, not by number: a page begins after the last row of the one before, so that rows which
are added or removed meanwhile shift nothing, and the thousandth page takes as long as the first. Who may see a row is
decided here and nowhere else: a person of an agency sees the rows whose ``owners`` name it.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, json
from sqlalchemy import BigInteger, ColumnElement, Select, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from foundation.calendar import ZONE
from foundation.problems import INVALID, NOT_FOUND, Problem
from registry.access import Permission, Person
from registry.models import Base, Database

PAGE_DEFAULT = 50
PAGE_MAX = 500
"""Rows of a page: up to about 200 KiB."""

WORDS_MAX = 100
"""Characters of a text that is looked for."""

BY_KEY = "number"
"""The name of the order by key, which every list has."""

Column = ColumnElement[Any] | InstrumentedAttribute[Any]
Rows = Select[Any, *tuple[Any, ...]]

T = TypeVar("T", bound=Struct)


@dataclass(frozen=True, slots=True)
class Filter:
    """A parameter that narrows a list. ``kind``: its type, within ``limits``; ``where``: the condition for a value;
    ``told``: what it finds."""

    kind: Any
    where: Callable[[Any], ColumnElement[bool]]
    limits: Mapping[str, int] = field(default_factory=dict)
    told: str = "Rows with exactly this value."


def numbered(column: Column, most: int = 2**53 - 1) -> Filter:
    """Rows with this number."""
    return Filter(int, lambda value: column == value, {"ge": 0, "le": most})


def in_region(column: Column) -> Filter:
    """Rows of this region."""
    return numbered(column, 2**31 - 1)


def one_of(column: Column, kind: type[StrEnum]) -> Filter:
    """Rows with this state or kind."""
    return Filter(kind, lambda value: column == value)


def equal(column: Column, kind: type[date] | type[bool] | type[UUID]) -> Filter:
    """Rows with exactly this value."""
    return Filter(kind, lambda value: column == value)


def named(column: Column) -> Filter:
    """Rows with exactly this text."""
    return Filter(str, lambda value: column == value, {"max_length": WORDS_MAX})


def contains(*columns: Column) -> Filter:
    """Rows of which one text contains the words, in capitals or not."""
    return Filter(
        str,
        lambda words: or_(*(column.icontains(words, autoescape=True) for column in columns)),
        {"max_length": WORDS_MAX},
        "Rows with a name or text that contains this, in capitals or not.",
    )


_WHEN = {date: "A day.", datetime: "A time; without an offset it is the centre's local time."}


def since(column: Column, kind: type[date] | type[datetime]) -> Filter:
    """Rows from this day or time on; a time without an offset is the centre's local time."""
    return Filter(kind, lambda value: column >= _at_the_centre(value), told=f"From then on. {_WHEN[kind]}")


def until(column: Column, kind: type[date] | type[datetime]) -> Filter:
    """Rows up to this day or time, it included; a time without an offset is the centre's local time."""
    return Filter(kind, lambda value: column <= _at_the_centre(value), told=f"Up to then, included. {_WHEN[kind]}")


def days(column: Column) -> dict[str, Filter]:
    """The two filters of every list whose rows are of days."""
    return {"from_day": since(column, date), "until_day": until(column, date)}


def _at_the_centre(value: date | datetime) -> date | datetime:
    """Raises Problem(INVALID) for a time at the ends of the calendar, where some zones have no such day."""
    if not isinstance(value, datetime):
        return value
    if not is_within_calendar(value):
        raise Problem(INVALID, "list.no_such_time")
    return value if value.tzinfo else value.replace(tzinfo=ZONE)


def is_within_calendar(value: datetime) -> bool:
    """Whether every zone can tell the time."""
    return date.min.year < value.year < date.max.year


def members(shown: type[Struct], *tables: type[Base], **named: Column) -> Rows:
    """A select of what ``shown`` has: each member from ``named``, else from the first table with a column so called."""
    found: dict[str, Any] = {
        name: next(getattr(table, name) for table in tables if hasattr(table, name))
        for name in shown.__struct_fields__
        if name not in named
    }
    found |= {name: column.label(name) for name, column in named.items()}
    return select(*(found[name] for name in shown.__struct_fields__))


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What a list shows, to whom, and how it can be asked.

    ``rows``: a select whose columns are the members of ``shown``. ``key``: columns of which no two rows share all,
    never null; their names are members of ``shown``, and without another wish rows are in their order. ``owners``: the
    agencies that a row is of; without any, whoever may see the list sees it whole. ``sorts``: by what else rows can be
    put in order; these are never null. ``words``: members whose values files say in the reader's language, with the
    message of a value. ``has_detail``: false where a route of its own shows more of one row.
    """

    name: str
    shown: type[T]
    permission: Permission
    rows: Rows
    key: tuple[Column, ...]
    owners: tuple[Column, ...] = ()
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sorts: Mapping[str, Column] = field(default_factory=dict)
    words: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    has_detail: bool = True

    @property
    def orders(self) -> tuple[str, ...]:
        """The names of its orders."""
        return (BY_KEY, *self.sorts)

    def seen_by(self, person: Person) -> Rows:
        """The rows that a person may see."""
        if person.agency_id is None or not self.owners:
            return self.rows
        return self.rows.where(or_(*(owner == person.agency_id for owner in self.owners)))


class Page(Struct, Generic[T]):
    """Some rows of a list, and what to ask the next ones with (``after``); null: there are no more."""

    items: list[T]
    next: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks of a list. ``sort``: a name of ``Listing.sorts``, with ``-`` in front the other way round."""

    limit: int = PAGE_DEFAULT
    after: str | None = None
    sort: str | None = None
    narrowed: Mapping[str, Any] = field(default_factory=dict)


async def page(db: AsyncSession, listing: Listing[T], person: Person, wish: Wish) -> Page[T]:
    """One page. Raises Problem(INVALID) for an order that the list does not have, and for an altered ``after``."""
    order = _Order.of(listing, wish.sort)
    query = listing.seen_by(person)
    for name, value in wish.narrowed.items():
        query = query.where(listing.filters[name].where(value))
    if wish.after is not None:
        query = query.where(order.behind(_read_place(wish.after, listing, wish.sort, order)))
    asked = order.in_order(query).add_columns(*(by.label(f"_{n}") for n, by in enumerate(order.by)))
    rows = (await db.execute(asked.limit(wish.limit + 1))).all()
    shown = [listing.shown(**{name: getattr(row, name) for name in listing.shown.__struct_fields__}) for row in rows]
    if len(rows) <= wish.limit:
        return Page(shown, None)
    last = rows[wish.limit - 1]
    place = [getattr(last, f"_{n}") for n in range(len(order.by))]
    return Page(shown[: wish.limit], _write_place(listing, wish.sort, place))


async def all_pages(database: Database, listing: Listing[T], person: Person, wish: Wish) -> AsyncIterator[list[T]]:
    """All that a wish finds, a page at a time; no transaction lasts longer than a page."""
    after: str | None = None
    while True:
        async with database() as db:
            found = await page(db, listing, person, Wish(PAGE_MAX, after, wish.sort, wish.narrowed))
        yield found.items
        if (after := found.next) is None:
            return


async def detail(db: AsyncSession, listing: Listing[T], person: Person, key: Sequence[Any]) -> T:
    """One row by its key; raises Problem(NOT_FOUND), also where the person may not see it."""
    row = await find(db, listing, person, key)
    if row is None:
        raise Problem(NOT_FOUND, "list.no_row", number="/".join(str(value)[:WORDS_MAX] for value in key))
    return row


async def find(db: AsyncSession, listing: Listing[T], person: Person, key: Sequence[Any]) -> T | None:
    """One row by its key; None where there is none that the person may see."""
    if not all(_holds(column, value) for column, value in zip(listing.key, key, strict=True)):
        return None
    is_one = and_(*(column == value for column, value in zip(listing.key, key, strict=True)))
    row = (await db.execute(listing.seen_by(person).where(is_one))).one_or_none()
    return None if row is None else listing.shown(**row._mapping)


def _holds(column: Column, value: Any) -> bool:
    """Whether the column can hold the value."""
    return "\0" not in value if isinstance(value, str) else not isinstance(value, int) or value <= _most(column)


@dataclass(frozen=True, slots=True)
class _Order:
    """The columns that a list is in the order of, the key last."""

    by: tuple[Column, ...]
    is_descending: bool

    @classmethod
    def of(cls, listing: Listing[Any], sort: str | None) -> "_Order":
        name = (sort or BY_KEY).removeprefix("-")
        if name not in listing.orders:
            raise Problem(INVALID, "list.sort", choices=", ".join(listing.orders))
        first = [] if name == BY_KEY else [listing.sorts[name]]
        by = (*first, *(column for column in listing.key if all(column is not one for one in first)))
        return cls(by, is_descending=sort is not None and sort.startswith("-"))

    def in_order(self, query: Rows) -> Rows:
        return query.order_by(*(by.desc() if self.is_descending else by.asc() for by in self.by))

    def behind(self, place: list[Any]) -> ColumnElement[bool]:
        here = tuple_(*self.by)
        return and_(here < tuple_(*place) if self.is_descending else here > tuple_(*place))


def _most(column: Column) -> int:
    """The largest number that the column can hold."""
    return 2**63 - 1 if isinstance(column.type, BigInteger) else 2**31 - 1


def _kind(column: Column) -> Any:
    """What the database takes for a value of the column."""
    kind = column.type.python_type
    if kind is int:
        return Annotated[int, Meta(ge=0, le=_most(column))]
    return Annotated[datetime, Meta(tz=True)] if kind is datetime else kind


def _write_place(listing: Listing[Any], sort: str | None, place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.encode([listing.name, sort, *place])).decode().rstrip("=")


def _read_place(text: str, listing: Listing[Any], sort: str | None, order: _Order) -> list[Any]:
    """The values behind which a page begins; of this list and order, and of the columns' types."""
    kinds = [_kind(by) for by in order.by]
    try:
        name, sorted_by, *place = json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=list[Any])
        read = [msgspec.convert(value, kind) for value, kind in zip(place, kinds, strict=True)]
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        raise Problem(INVALID, "list.place") from None
    if (name, sorted_by) != (listing.name, sort) or any(
        "\0" in value if isinstance(value, str) else isinstance(value, datetime) and not is_within_calendar(value)
        for value in read
    ):
        raise Problem(INVALID, "list.place")
    return read
