"""HTTP: one field that finds a receipt, a terminal, a canteen, a day, a case: whatever its words can name.

A number is looked for as a key, a day as a day's key, a receipt's number among the payments, words among names.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.params import Parameter
from msgspec import Struct, to_builtins
from sqlalchemy.ext.asyncio import AsyncSession

from foundation import catalogue
from foundation.catalogue import Language, language_of
from onecard.listings import LISTS
from registry import access
from registry.access import Person
from registry.lists import listing as lists
from registry.lists.listing import Listing, Wish
from registry.models import Database

ByPerson = Request[Person, Any, Any]

FOUND_IN_A_LIST = 5
NAMES = ("name", "login")
"""Filters that look within a text."""


class FoundRows(Struct):
    """Rows of the list at ``path`` that the words name, with the ``filters`` that show all of them in the list."""

    path: str
    title: str
    filters: dict[str, str]
    rows: list[dict[str, Any]]


@get("/console/search", tags=["console"], guards=[access.signed_in], summary="Find a number, a day or a name")
async def search(
    request: ByPerson,
    database: Database,
    words: Annotated[str, Parameter(min_length=1, max_length=100, description="What is looked for.")],
) -> list[FoundRows]:
    """Looks in every list that the person may see; five rows of each at most."""
    language = language_of(request.headers.get("accept-language"))
    async with database() as db:
        found = [
            await _look(db, path, listing, request.user, language, narrowed)
            for path, listing, narrowed in _places(words.strip(), request.user)
        ]
    return [one for one in found if one is not None]


def _places(words: str, person: Person) -> Iterator[tuple[str, Listing[Any], Mapping[str, Any]]]:
    """The lists to look in: each with what narrows it, a filter's value or ``""`` for its key's."""
    number, day, receipt = _number(words), _day(words), _receipt(words)
    for path, listing in LISTS.items():
        if not person.may(listing.permission):
            continue
        kind = listing.key[0].type.python_type if len(listing.key) == 1 else None
        if receipt is not None:
            if "posting_id" in listing.filters and listing.name == "payments":
                yield path, listing, {"posting_id": receipt}
        elif (number is not None and kind is int) or (day is not None and kind is date):
            yield path, listing, {"": number if kind is int else day}
        elif words and number is None and day is None:
            yield from ((path, listing, {name: words}) for name in NAMES if name in listing.filters)


async def _look(
    db: AsyncSession,
    path: str,
    listing: Listing[Any],
    person: Person,
    language: Language,
    narrowed: Mapping[str, Any],
) -> FoundRows | None:
    if "" in narrowed:
        row = await lists.find(db, listing, person, [narrowed[""]])
        rows, shown = [] if row is None else [row], dict[str, str]()
    else:
        rows = (await lists.page(db, listing, person, Wish(FOUND_IN_A_LIST, narrowed=narrowed))).items
        shown = {name: str(value) for name, value in narrowed.items()}
    title = catalogue.text(f"list.title.{listing.name}", language)
    return FoundRows(path, title, shown, [to_builtins(row) for row in rows]) if rows else None


def _number(words: str) -> int | None:
    return int(words) if words.isascii() and words.isdigit() and len(words) < 20 else None


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words) if "-" in words else None
    except ValueError:
        return None


def _receipt(words: str) -> UUID | None:
    try:
        return UUID(words) if len(words) in (32, 36) else None
    except ValueError:
        return None
