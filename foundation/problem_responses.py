"""HTTP responses for errors: RFC 9457 problem details, pages for people; nothing that a caller can cause is a 500."""

import re
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.enums import MediaType
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from msgspec import json
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from foundation.accepted import prefers_a_page
from foundation.catalogue import Language, language_of
from foundation.pages import language_of_page
from foundation.postgres import UNABLE, UNABLE_RETRY_AFTER_S, UNKNOWN_OUTCOME, UNSTORABLE
from foundation.problem_page import problem_page
from foundation.problems import (
    INTERNAL,
    INVALID,
    MALFORMED,
    NOT_FOUND,
    NOT_SIGNED_IN,
    TOO_LARGE,
    UNAVAILABLE,
    Problem,
    ProblemKind,
)
from foundation.validation import NO_DATE, missing_value, refusal_of

log = structlog.get_logger()

_MISSING = re.compile(r"Missing required \w+ parameter '(?P<name>[^']+)'")
"""How the framework begins to say that a parameter is missing."""

METHOD_NOT_ALLOWED = ProblemKind(405, "method-not-allowed")
_BY_STATUS = {
    400: MALFORMED,
    401: NOT_SIGNED_IN,
    404: NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    413: TOO_LARGE,
}

JSON_PROBLEM = "application/problem+json"

DEVICE_PATHS = ("/terminal/", "/phone/")
"""Where devices ask: their problems have both languages, since they are kept by who gets them."""


def rendered(problem: Problem, language: Language | None) -> tuple[int, dict[str, str], bytes]:
    """Status, header fields and body of a problem: in one language, or in both (None) for a device."""
    headers = {"content-type": JSON_PROBLEM}
    if problem.retry_after_s:
        headers["retry-after"] = str(problem.retry_after_s)
    if problem.kind.status == 401:
        headers["www-authenticate"] = "Bearer"
    if language is None:
        return problem.kind.status, headers, json.encode(problem.signed_document())
    headers |= {"content-language": language.tag, "vary": "accept, accept-language"}
    return problem.kind.status, headers, json.encode(problem.document(language))


def problem_response(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """The HTTP response of a problem, in the language that the caller prefers; a page if that is what he prefers."""
    both = f"{request.scope['path']}/".startswith(DEVICE_PATHS)
    if not both and prefers_a_page(request.headers.get("accept")):
        return _page_response(problem, language_of_page(request))
    language = None if both else language_of(request.headers.get("accept-language"))
    status, headers, body = rendered(problem, language)
    return Response(body, status_code=status, media_type=JSON_PROBLEM, headers=headers)


def _page_response(problem: Problem, language: Language) -> Response[bytes]:
    status, headers, _ = rendered(problem, language)
    del headers["content-type"]
    page = problem_page(problem, language).encode()
    return Response(page, status_code=status, media_type=MediaType.HTML, headers=headers)


def problem_of(error: Exception) -> Problem:
    """The problem of an exception: UNAVAILABLE when the database cannot say or cannot write, else INTERNAL."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, (*UNKNOWN_OUTCOME, PoolTimeout)):
        log.warning("unavailable", error=repr(error))
        return Problem(UNAVAILABLE, retry_after_s=2)
    if isinstance(error, UNABLE):
        log.warning("database_unable", error=repr(error))
        return Problem(UNAVAILABLE, retry_after_s=UNABLE_RETRY_AFTER_S)
    if isinstance(error, UNSTORABLE):
        log.warning("value_not_storable", error=repr(error))
        return Problem(INVALID, "value.not_storable")
    log.error("internal_error", exc_info=error)
    return Problem(INTERNAL)


def on_problem(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """Show a problem."""
    return problem_response(request, problem)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Show what the framework refused."""
    if isinstance(error, ValidationException):
        return problem_response(request, _invalid_parameter(request, error))
    if _is_no_date(error.__cause__):
        return problem_response(request, Problem(INVALID, "path.not_a_date"))
    kind = _BY_STATUS.get(error.status_code)
    if kind is None:
        kind = INVALID if error.status_code < HTTP_500_INTERNAL_SERVER_ERROR else INTERNAL
    answer = problem_response(request, Problem(kind))
    if allow := (error.headers or {}).get("Allow"):
        answer.headers["allow"] = allow
    return answer


def _is_no_date(cause: BaseException | None) -> bool:
    """Whether a part of the path had to be a date and is none: the framework calls it not found."""
    return isinstance(cause, msgspec.ValidationError) and str(cause).startswith(NO_DATE)


def _invalid_parameter(request: Request[Any, Any, Any], error: ValidationException) -> Problem:
    """The first query or path parameter at fault, by the name that the caller gave it."""
    first: Any = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    name = str(first.get("key", ""))
    if name == "data":
        # The framework's name for a body that is missing.
        return Problem(MALFORMED, "json.empty")
    if missing := _MISSING.match(error.detail):
        return missing_value(missing["name"])
    handler = request.scope.get("route_handler")
    parameter = handler.parsed_fn_signature.parameters.get(name) if handler is not None else None
    if parameter is None:
        return refusal_of(str(first.get("message", "")), Any, field=name)
    known_as = getattr(parameter.kwarg_definition, "query", None) or name
    return refusal_of(str(first.get("message", "")), parameter.raw, field=known_as)


def on_database_error(request: Request[Any, Any, Any], error: DBAPIError) -> Response[bytes]:
    """Tell a lost connection or lock conflict from an internal error."""
    cause = error.orig.__cause__ if error.orig is not None else None
    if isinstance(cause, (*UNKNOWN_OUTCOME, *UNABLE, *UNSTORABLE)):
        return on_exception(request, cause)
    if isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated:
        return on_exception(request, TimeoutError(repr(error)))
    return on_exception(request, error)


def on_pool_timeout(request: Request[Any, Any, Any], error: PoolTimeout) -> Response[bytes]:
    """Every connection of the pool is busy: come back."""
    return on_exception(request, TimeoutError(str(error)))


def on_exception(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Show anything else without its inside."""
    return problem_response(request, problem_of(error))


HANDLERS: dict[int | type[Exception], Any] = {
    Problem: on_problem,
    HTTPException: on_http_exception,
    DBAPIError: on_database_error,
    PoolTimeout: on_pool_timeout,
    Exception: on_exception,
}
