"""HTTP of a list: its pages, one row, and all rows as a file. The handlers are made from the list's description."""

import inspect
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from litestar.response import Stream

from foundation.catalogue import language_of
from foundation.messages import NumberInPath
from registry import access
from registry.access import Person
from registry.lists import listing as lists
from registry.lists.files import WRITERS
from registry.lists.listing import PAGE_DEFAULT, PAGE_MAX, Column, Listing, Page, Wish
from registry.models import Database

ByPerson = Request[Person, Any, Any]
_GIVEN = "given_"
"""Begins the handlers' names of query parameters: the framework keeps names such as ``state`` for itself."""


def routes_of(listing: Listing[Any], path: str) -> list[HTTPRouteHandler]:
    """``GET path``, ``GET path/KEY`` (a part for each column), ``GET path.csv`` and ``GET path.xlsx``."""
    what = listing.name.replace("_", " ")
    common: dict[str, Any] = {"guards": [access.allows(listing.permission)], "tags": [path.split("/")[1]]}
    asked = _asked(listing)

    async def list_rows(request: ByPerson, database: Database, **given: Any) -> Page[Any]:
        """In the order of `sort`, without it by key; the next rows with `after`."""
        wish = _wish(listing, given)
        async with database() as db:
            return await lists.page(db, listing, request.user, wish)

    async def get_row(request: ByPerson, database: Database, **given: Any) -> Any:
        """As in the list."""
        async with database() as db:
            return await lists.detail(db, listing, request.user, [given[str(one.key)] for one in listing.key])

    _declare(list_rows, [*asked, *_paging()], Page[listing.shown])  # type: ignore[name-defined]
    routes = [get(path, summary=f"List {what}", operation_id=f"list_{listing.name}", **common)(list_rows)]
    if listing.has_detail:
        _declare(get_row, [_part(column) for column in listing.key], listing.shown)
        row = "/".join(f"{{{column.key}:{column.type.python_type.__name__.lower()}}}" for column in listing.key)
        one = get(f"{path}/{row}", summary=f"Get one of the {what}", operation_id=f"get_{listing.name}", **common)
        routes.append(one(get_row))
    for kind, writer in WRITERS.items():
        name, summary = f"download_{listing.name}_{kind}", f"Download {what} as {kind.upper()}"
        route = get(f"{path}.{kind}", summary=summary, operation_id=name, media_type=writer.media_type, **common)
        routes.append(route(_download(listing, kind, asked)))
    return routes


def _parameter(name: str, kind: Any, default: Any = None, **more: Any) -> inspect.Parameter:
    return inspect.Parameter(
        f"{_GIVEN}{name}",
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[kind, Parameter(query=name, **more)],
        default=default,
    )


def _part(column: Column) -> inspect.Parameter:
    """A column of the key, as a part of the path."""
    kind: Any = column.type.python_type
    return inspect.Parameter(
        str(column.key), inspect.Parameter.KEYWORD_ONLY, annotation=NumberInPath if kind is int else kind
    )


def _paging() -> list[inspect.Parameter]:
    return [
        _parameter("limit", int, PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Rows of the page."),
        _parameter("after", str | None, max_length=2_000, description="`next` of the page before."),
    ]


def _asked(listing: Listing[Any]) -> list[inspect.Parameter]:
    """The parameters that pages and files have in common."""
    asked = [
        _parameter(name, one.kind | None, description=one.told, **one.limits) for name, one in listing.filters.items()
    ]
    told = f"One of {', '.join(listing.orders)}; with `-` in front the last one first."
    return [*asked, _parameter("sort", str | None, max_length=60, description=told)]


def _declare(handler: Callable[..., Any], parameters: list[inspect.Parameter], returned: Any) -> None:
    """Give a handler the query parameters of its list, in place of ``**given``: the framework reads its signature."""
    own = [one for one in inspect.signature(handler).parameters.values() if one.kind != one.VAR_KEYWORD]
    handler.__signature__ = inspect.Signature([*own, *parameters], return_annotation=returned)  # type: ignore[attr-defined]
    del handler.__annotations__["given"]
    handler.__annotations__ |= {one.name: one.annotation for one in parameters} | {"return": returned}


def _wish(listing: Listing[Any], given: dict[str, Any]) -> Wish:
    asked = {name.removeprefix(_GIVEN): value for name, value in given.items()}
    narrowed = {name: value for name, value in asked.items() if name in listing.filters and value is not None}
    return Wish(asked.get("limit", PAGE_DEFAULT), asked.get("after"), asked.get("sort"), narrowed)


def _download(listing: Listing[Any], kind: str, parameters: list[inspect.Parameter]) -> Callable[..., Any]:
    async def download(request: ByPerson, database: Database, **given: Any) -> Stream:
        """The same rows as the list's, all of them, with headings in the reader's language."""
        pages = lists.all_pages(database, listing, request.user, _wish(listing, given))
        language = language_of(request.headers.get("accept-language"))
        headers = {
            "content-disposition": f'attachment; filename="{listing.name}.{kind}"',
            "content-language": language.tag,
            "vary": "accept-language",
        }
        content = WRITERS[kind].write(listing, pages, language)
        # What is wrong with the request shows before the first part is sent.
        first = await anext(content)
        return Stream(_joined(first, content), media_type=WRITERS[kind].media_type, headers=headers)

    _declare(download, parameters, Stream)
    return download


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
