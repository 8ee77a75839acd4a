"""The API description (OpenAPI 3.1) as a contract: names that stay, who may call, every problem, and examples.

The framework describes parameters, bodies and answers. What follows from rules is added here, once for all routes: the
name of an operation from its method and path, its security and its problems from its guards, an example for every
message. ``docs/openapi.json`` is this document; clients are generated from it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.routes import HTTPRoute
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition

from foundation.problem_responses import DEVICE_PATHS, JSON_PROBLEM
from foundation.problems import (
    CONFLICT,
    INCOMPLETE,
    INTERNAL,
    INVALID,
    MALFORMED,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_SIGNED_IN,
    TOO_LARGE,
    TOO_SLOW,
    UNAVAILABLE,
    ProblemKind,
)
from onecard.api_bodies import BODIES, FORMS
from onecard.api_examples import with_examples
from onecard.query_parameters import takes_any
from onecard.system_routes import monitoring
from registry.access import NEEDS_PROOF, SEES, Allowed, allows_machine, signed_in
from registry.errors import (
    ACCOUNT_CLOSED,
    CROSS_SITE_REQUEST,
    PROOF_NEEDED,
    SECOND_FACTOR_MISSING,
    SESSION_CHANGED,
)
from registry.machines import SCOPES
from registry.sessions import CSRF_HEADER, OFFICIAL, SAFE_METHODS, SECURE_COOKIE
from terminals.errors import BAD_SIGNATURE, CREDENTIAL_BLOCKED, OUT_OF_TIME, PROTOCOL_UNKNOWN
from travellers.callers import is_official
from travellers.errors import REPLAYED_REQUEST

_SCOPES = {scope.value: scope.value.replace("_", " ") for scope in sorted(SCOPES)}

SECURITY_SCHEMES = {
    "session": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of `POST /console/sessions`: for programs.",
    },
    "machine": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "/console/tokens", "scopes": _SCOPES}},
        "description": "A program of its own: OAuth 2.0 client credentials (RFC 6749, section 4.4).",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": SECURE_COOKIE,
        "description": "The cookie of `POST /console/sessions` with `cookie`: for browsers.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "`csrf_token` of the sign-in: beside the cookie, for every request that changes something.",
    },
    "official": {
        "type": "apiKey",
        "in": "cookie",
        "name": SECURE_COOKIE + OFFICIAL,
        "description": "The cookie of `POST /me/sign-on/{provider}/completion`: an official in a browser.",
    },
    "phone": {
        "type": "apiKey",
        "in": "header",
        "name": "onecard-certificate",
        "description": "The phone's certificate; beside it `signature`, `signature-input` and `content-digest`"
        " (RFC 9421): docs/traveller.md.",
    },
    "device": {
        "type": "apiKey",
        "in": "header",
        "name": "signature",
        "description": "An HTTP message signature (RFC 9421) of the terminal or the phone: docs/terminal-protocol.md.",
    },
    "monitoring": {"type": "http", "scheme": "bearer", "description": "`ONECARD_MONITORING_TOKEN`."},
}

_PROBLEM = "Problem"
_PROBLEM_SCHEMA = {
    "type": "object",
    "title": _PROBLEM,
    "description": "A problem (RFC 9457) in the language that the caller prefers.",
    "required": ["type", "title", "status", "detail", "advice", "code", "params"],
    "properties": {
        "type": {"type": "string", "description": "The kind of problem: it stays the same in every version."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was wrong this time."},
        "advice": {"type": "string", "description": "What to do about it."},
        "code": {"type": "string", "description": "The id of the detail's text."},
        "params": {"type": "object", "additionalProperties": True, "description": "What the detail is filled with."},
    },
}

Document = dict[str, Any]


def operation_id(_: HTTPRouteHandler, method: Method | HttpMethod, path: list[str | PathParameterDefinition]) -> str:
    """The name of an operation: its method and the words of its path, with the last parameter where it ends in one."""
    words = [part for part in path if isinstance(part, str)]
    if path and not isinstance(path[-1], str):
        words.append(f"by_{path[-1].name}")
    return re.sub(r"\W+", "_", "_".join([method.lower(), *words]))


@cache
def contract(app: Litestar) -> Document:
    """The document of an application. Raises ImproperlyConfiguredException for two operations of one name."""
    document: Document = msgspec.to_builtins(app.openapi_schema.to_schema())
    for path, method, handler in _operations(app):
        operation = document["paths"][path][method.lower()]
        operation["security"] = _security(path, method, handler)
        if method == HttpMethod.POST and path in BODIES:
            operation["requestBody"] = BODIES[path]
        if not path.startswith(DEVICE_PATHS):
            for status, kinds in _by_status(_problems(path, method, operation, handler)).items():
                operation["responses"][status] = _shared(document, kinds)
            operation["responses"]["default"] = _shared(document, [])
        _tell_files(operation)
    components = document["components"]
    components["securitySchemes"] = SECURITY_SCHEMES
    components["schemas"] |= {_PROBLEM: _PROBLEM_SCHEMA, **FORMS}
    return _with_shared_parameters(with_examples(_mended(document)))


def _operations(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if handler.resolve_include_in_schema() and method != HttpMethod.OPTIONS:
                    yield route.path_format or "/", str(method), handler


def _security(path: str, method: str, handler: HTTPRouteHandler) -> list[dict[str, list[str]]]:
    if path.startswith(DEVICE_PATHS):
        return [{"device": []}]
    if monitoring in handler.resolve_guards():
        return [{"monitoring": []}]
    if is_official in handler.resolve_guards():
        session: dict[str, list[str]] = {"official": []} if method in SAFE_METHODS else {"official": [], "csrf": []}
        return [{"phone": []}, session]
    if not _is_of_people(handler):
        return []
    cookie: dict[str, list[str]] = {"cookie": []} if method in SAFE_METHODS else {"cookie": [], "csrf": []}
    return [*_of_machines(method, handler), {"session": []}, cookie]


def _of_machines(method: str, handler: HTTPRouteHandler) -> list[dict[str, list[str]]]:
    """How a machine calls a route: with the scope that its guard asks for, or as itself."""
    guards = handler.resolve_guards()
    scopes = sorted(SCOPES.intersection(one.permission for one in guards if isinstance(one, Allowed)))
    reads_alone = method not in SAFE_METHODS and SEES.intersection(scopes)
    if allows_machine in guards or (scopes and not reads_alone):
        return [{"machine": [scope.value for scope in scopes]}]
    return []


def _is_of_people(handler: HTTPRouteHandler) -> bool:
    return any(guard in (signed_in, allows_machine) or isinstance(guard, Allowed) for guard in handler.resolve_guards())


def _problems(path: str, method: str, operation: Document, handler: HTTPRouteHandler) -> Iterator[ProblemKind]:
    """What a route may refuse for reasons that all routes of its form have."""
    yield from (INTERNAL, UNAVAILABLE)
    if "requestBody" in operation:
        yield from (MALFORMED, INCOMPLETE, INVALID, TOO_SLOW, TOO_LARGE)
    elif operation.get("parameters") or not takes_any(path, handler):
        yield INVALID
    if "{" in path:
        yield NOT_FOUND
    changes = method not in SAFE_METHODS
    if changes:
        yield CONFLICT
    if _is_of_people(handler):
        yield from (NOT_SIGNED_IN, NOT_ALLOWED, SESSION_CHANGED)
        if changes:
            yield CROSS_SITE_REQUEST
    if is_official in handler.resolve_guards():
        yield from (NOT_SIGNED_IN, BAD_SIGNATURE, OUT_OF_TIME, PROTOCOL_UNKNOWN, CREDENTIAL_BLOCKED, ACCOUNT_CLOSED)
        if changes:
            yield from (CROSS_SITE_REQUEST, REPLAYED_REQUEST)
    for guard in handler.resolve_guards():
        if isinstance(guard, Allowed):
            yield SECOND_FACTOR_MISSING
            if changes and guard.permission in NEEDS_PROOF:
                yield PROOF_NEEDED


def _by_status(kinds: Iterator[ProblemKind]) -> Mapping[str, list[ProblemKind]]:
    found: dict[str, list[ProblemKind]] = {}
    for kind in sorted(set(kinds), key=lambda kind: (kind.status, kind.slug)):
        found.setdefault(str(kind.status), []).append(kind)
    return found


def _shared(document: Document, kinds: list[ProblemKind]) -> Document:
    """A reference to the answer that some kinds of problem have in common; none: any other problem."""
    name = ".".join(kind.slug for kind in kinds) or "other"
    told = ", ".join(f"/problems/{kind.slug}" for kind in kinds) or "Any other problem."
    schema = {"$ref": f"#/components/schemas/{_PROBLEM}"}
    answer = {"description": told, "content": {JSON_PROBLEM: {"schema": schema}}}
    document["components"].setdefault("responses", {})[name] = answer
    return {"$ref": f"#/components/responses/{name}"}


def _with_shared_parameters(document: Document) -> Document:
    """Describe a parameter once that several operations have: pages and files of a list are asked with the same.

    It stands under its own name where all of that name are alike, else also under its first operation's.
    """
    used: dict[bytes, list[Document]] = {}
    for operation in (operation for item in document["paths"].values() for operation in item.values()):
        for parameter in operation.get("parameters", []):
            used.setdefault(msgspec.json.encode(parameter), []).append(operation)
    alike = Counter(msgspec.json.decode(parameter)["name"] for parameter in used)
    shared = document["components"].setdefault("parameters", {})
    for encoded, operations in used.items():
        if len(operations) == 1:
            continue
        parameter = msgspec.json.decode(encoded)
        name = parameter["name"]
        if alike[name] > 1:
            name = f"{operations[0]['operationId']}.{name}"
        shared[name] = parameter
        for operation in operations:
            place = operation["parameters"].index(parameter)
            operation["parameters"][place] = {"$ref": f"#/components/parameters/{name}"}
    return document


def _tell_files(operation: Document) -> None:
    """Answers that are no JSON: the framework says nothing of their form."""
    for answer in operation["responses"].values():
        for media_type, content in answer.get("content", {}).items():
            if not media_type.startswith("application/json") and not content.get("schema"):
                content["schema"] = {"type": "string"}
                if not media_type.startswith("text/"):
                    content["schema"]["format"] = "binary"


def _mended(document: Document) -> Document:
    """Pages under names that programming languages can have; hours of the day are no durations."""
    text = msgspec.json.encode(document).decode().replace('"format":"duration"', '"format":"time"')
    mended: Document = msgspec.json.decode(re.sub(r"Page_[\w.]*?(\w+)_(?=\")", r"PageOf\1", text))
    return mended


class ContractJson(JsonRenderPlugin):
    """The document as JSON."""

    def render(self, request: Request[Any, Any, Any], _: Document) -> bytes:
        """The contract in place of the framework's description."""
        return super().render(request, contract(request.app))


class ContractYaml(YamlRenderPlugin):
    """The document as YAML, of which JSON is a part (YAML 1.2.2, section 1.3).

    Text of another kind takes seconds to write, in which a worker would take no payment.
    """

    def render(self, request: Request[Any, Any, Any], _: Document) -> bytes:
        """The contract in place of the framework's description."""
        return msgspec.json.format(msgspec.json.encode(contract(request.app)), indent=2)
