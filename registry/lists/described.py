"""What a list shows, narrows by and sorts by, in the reader's words: enough to draw it without knowing it."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, get_args
from uuid import UUID

from msgspec import Struct
from msgspec.structs import fields

from foundation import catalogue
from foundation.catalogue import Language
from registry.lists.files import heading, is_money
from registry.lists.listing import Filter, Listing


class ValueKind(StrEnum):
    """How a value is written and read."""

    MONEY = "money"
    NUMBER = "number"
    DAY = "day"
    TIME = "time"
    YES_NO = "yes_no"
    WORD = "word"
    WORDS = "words"
    TEXT = "text"
    MEMBERS = "members"
    """A JSON object."""


class Choice(Struct):
    """A value and what people call it."""

    value: str
    word: str


class DescribedColumn(Struct):
    """A member of a row. ``words``: what its values are called, where it has such. Money is in fen."""

    name: str
    heading: str
    kind: ValueKind
    words: list[Choice]


class DescribedFilter(Struct):
    """A parameter that narrows the list. ``choices``: of ``word`` alone."""

    name: str
    heading: str
    kind: ValueKind
    choices: list[Choice]


class DescribedList(Struct):
    """A list at ``path``. ``key``: the members that name a row, as in its path; ``sorts``: besides the key."""

    path: str
    name: str
    title: str
    key: list[str]
    columns: list[DescribedColumn]
    filters: list[DescribedFilter]
    sorts: list[str]
    has_detail: bool


_KINDS: dict[Any, ValueKind] = {
    datetime: ValueKind.TIME,
    date: ValueKind.DAY,
    bool: ValueKind.YES_NO,
    int: ValueKind.NUMBER,
    float: ValueKind.NUMBER,
    str: ValueKind.TEXT,
    UUID: ValueKind.TEXT,
    dict: ValueKind.MEMBERS,
    list: ValueKind.WORDS,
}


def describe(listing: Listing[Any], path: str, language: Language) -> DescribedList:
    """A list in the words of a language."""
    return DescribedList(
        path,
        listing.name,
        catalogue.text(f"list.title.{listing.name}", language),
        [str(column.key) for column in listing.key],
        [_column(listing, field.name, field.type, language) for field in fields(listing.shown)],
        [_filter(listing, name, one, language) for name, one in listing.filters.items()],
        list(listing.sorts),
        listing.has_detail,
    )


def _column(listing: Listing[Any], name: str, kind: Any, language: Language) -> DescribedColumn:
    words = _words(listing, name, language)
    told = _kind_of(name, kind)
    if words and told is ValueKind.TEXT:
        told = ValueKind.WORD
    return DescribedColumn(name, heading(name, language), told, words)


def _filter(listing: Listing[Any], name: str, one: Filter, language: Language) -> DescribedFilter:
    told, choices = _kind_of(name, one.kind), list[Choice]()
    if isinstance(one.kind, type) and issubclass(one.kind, StrEnum):
        words = {choice.value: choice.word for choice in _words(listing, name, language)}
        choices = [Choice(value, words.get(value, value)) for value in map(str, one.kind)]
        told = ValueKind.WORD
    elif told is ValueKind.TEXT and (choices := _words(listing, name, language)):
        told = ValueKind.WORD
    is_column = catalogue.has(f"column.{name}")
    title = heading(name, language) if is_column else catalogue.text(f"filter.{name}", language)
    return DescribedFilter(name, title, told, choices)


def _words(listing: Listing[Any], name: str, language: Language) -> list[Choice]:
    """What the values of a member are called: all that the catalogue knows below the member's message."""
    message_of = listing.words.get(name)
    if message_of is None:
        return []
    begin = message_of("")
    return [Choice(message.removeprefix(begin), word) for message, word in _below(begin, language)]


def _below(begin: str, language: Language) -> Iterable[tuple[str, str]]:
    for message, word in catalogue.messages(language).items():
        if message.startswith(begin) and "." not in message.removeprefix(begin):
            yield message, word


def _kind_of(name: str, kind: Any) -> ValueKind:
    if is_money(name):
        return ValueKind.MONEY
    for one in (kind, *get_args(kind)):
        plain = getattr(one, "__supertype__", getattr(one, "__origin__", one))
        if plain in _KINDS:
            return _KINDS[plain]
        if isinstance(plain, type) and issubclass(plain, StrEnum):
            return ValueKind.TEXT
    raise TypeError(f"{name}: {kind}")
