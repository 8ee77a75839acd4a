"""HTTP: what a person may change, described so that a page can ask for it without knowing it."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar, Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.utils.signature import ParsedSignature
from msgspec import Struct
from msgspec.structs import replace

from foundation import catalogue
from foundation.catalogue import Language, language_of
from onecard.act_members import DescribedMember, Place, member_of, members_of
from onecard.acts import ACTS, Act
from onecard.api_bodies import BODIES
from onecard.listings import LISTS
from registry import access
from registry.access import Permission, Person
from registry.roles import CHANGES_NOTHING
from registry.sessions import SAFE_METHODS

ByPerson = Request[Person, Any, Any]

_IN_PATH = re.compile(r"{(\w+)}")


class BodyKind(StrEnum):
    """What the request carries: nothing, a JSON object, one that may be left out, or a file."""

    NONE = "none"
    MEMBERS = "members"
    MEMBERS_OR_NONE = "members_or_none"
    FILE = "file"


class DescribedAct(Struct):
    """A change by ``method`` at ``path``, found at the list ``place``; ``of_row``: at one of its rows.

    ``row``: members of the request that the row says, by their names there; ``when``: what the row must say, by member
    (an empty word: nothing); ``begins``: what is asked for begins with what the row says; ``begins_with``: with what a
    GET of this path answers; ``fixed``: members that are always the same; ``makes``: numbers of what is not there
    before. ``grave``: there is no way back, or somebody stands outside. ``leads_to``: an act of the row that it made,
    whose key the answer has.
    """

    name: str
    title: str
    method: str
    path: str
    place: str
    of_row: bool
    row: dict[str, str]
    when: dict[str, list[str]]
    begins: bool
    begins_with: str | None
    fixed: dict[str, Any]
    body: BodyKind
    grave: bool
    makes: list[str]
    leads_to: str | None
    members: list[DescribedMember]
    answer: list[DescribedMember]


@get("/console/acts", tags=["console"], guards=[access.signed_in], summary="Describe the changes that I may make")
async def describe_acts(request: ByPerson) -> list[DescribedAct]:
    """What each asks for, with bounds, choices and words in the reader's language: a page draws every form from this.

    The centre checks everything again; a change that moves money may wait for a second person's approval.
    """
    language, person = language_of(request.headers.get("accept-language")), request.user
    return [
        _of_own_agency(person, told)
        for told, needs in _described(request.app, language)
        if _is_for(person, told, needs)
    ]


def _is_for(person: Person, told: DescribedAct, needs: tuple[Permission, ...]) -> bool:
    if told.method not in SAFE_METHODS and person.role in CHANGES_NOTHING:
        return False
    return any(map(person.may, needs)) and person.may(LISTS[told.place].permission)


def _of_own_agency(person: Person, told: DescribedAct) -> DescribedAct:
    """The act, at rows of the person's own agency alone where it is its own."""
    mine = ACTS[told.name].mine
    if not mine or person.agency_id is None:
        return told
    return replace(told, when={**told.when, mine: [str(person.agency_id)]})


@lru_cache(maxsize=4)
def _described(app: Litestar, language: Language) -> list[tuple[DescribedAct, tuple[Permission, ...]]]:
    """All acts with the permissions of which each needs one."""
    handlers = dict(_handlers(app))
    told = []
    for name, act in ACTS.items():
        handler = handlers[act.method, act.path]
        told.append((_describe(name, act, handler, language), act.needs or (_permission(handler),)))
    return told


def _handlers(app: Litestar) -> Iterator[tuple[tuple[str, str], HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    yield (str(method), route.path_format), handler


def _permission(handler: HTTPRouteHandler) -> Permission:
    guards = [getattr(guard, "func", guard) for guard in handler.resolve_guards()]
    return next(found for guard in guards if (found := access.permission_of(guard)))


def _describe(name: str, act: Act, handler: HTTPRouteHandler, language: Language) -> DescribedAct:
    signature = handler.parsed_fn_signature
    asked = [*_parameters(act, handler, language)]
    if "data" in signature.parameters:
        data = signature.parameters["data"]
        members = members_of(data.annotation, language)
        for member in members:
            member.required &= not data.is_optional
        asked += members
    return DescribedAct(
        name,
        catalogue.text(f"act.{name}", language),
        act.method,
        act.path,
        act.place,
        bool(act.row),
        dict(act.row),
        {member: list(values) for member, values in act.when.items()},
        act.begins,
        act.begins_with or None,
        dict(act.fixed),
        _body(act, signature),
        act.grave,
        list(act.makes),
        act.leads_to or None,
        [member for member in asked if member.name not in act.fixed],
        members_of(_answer(handler), language, only=act.shows),
    )


def _body(act: Act, signature: ParsedSignature) -> BodyKind:
    if act.path in BODIES:
        return BodyKind.FILE
    if "data" not in signature.parameters:
        return BodyKind.NONE
    return BodyKind.MEMBERS_OR_NONE if signature.parameters["data"].is_optional else BodyKind.MEMBERS


def _parameters(act: Act, handler: HTTPRouteHandler, language: Language) -> Iterator[DescribedMember]:
    """What stands in path and query."""
    parameters = handler.parsed_fn_signature.parameters
    for name in _IN_PATH.findall(act.path):
        kind = parameters[name].annotation if name in parameters else int
        yield member_of(name, kind, language, place=Place.PATH, required=True)
    for name, of in act.query.items():
        found = parameters[of]
        told = member_of(name, found.annotation, language, place=Place.QUERY, required=not found.has_default)
        told.default = msgspec.to_builtins(found.default) if found.has_default else None
        yield told


def _answer(handler: HTTPRouteHandler) -> Any:
    """The type of what comes back, without the response around it."""
    returned = handler.parsed_fn_signature.return_type
    inner = returned.inner_types
    is_response = getattr(returned.origin, "__name__", "") == "Response"
    return inner[0].annotation if is_response and inner else returned.annotation
