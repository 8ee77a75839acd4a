"""Every error leaves as an RFC 9457 problem document; what a caller can cause is never a 500."""

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from msgspec import json
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from foundation.postgres import LOST_CONNECTION
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

log = structlog.get_logger()

METHOD_NOT_ALLOWED = ProblemKind(
    405,
    "method-not-allowed",
    "不支持的方法",
    "This address does not take that method",
    "请核对接口文档",
    "See /schema for what it takes",
)
_BY_STATUS = {
    400: MALFORMED,
    401: NOT_SIGNED_IN,
    404: NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    413: TOO_LARGE,
}

JSON_PROBLEM = "application/problem+json"


def problem_headers(problem: Problem) -> dict[str, str]:
    """The header fields that a problem asks for."""
    headers = {"retry-after": str(problem.retry_after_s)} if problem.retry_after_s else {}
    if problem.kind.status == 401:
        headers["www-authenticate"] = "Bearer"
    return headers


def problem_response(problem: Problem) -> Response[bytes]:
    """The HTTP response of a problem."""
    return Response(
        json.encode(problem.document()),
        status_code=problem.kind.status,
        media_type=JSON_PROBLEM,
        headers=problem_headers(problem),
    )


def problem_of(error: Exception) -> Problem:
    """What to tell about an exception: a lost database is an unknown outcome, anything unforeseen a mistake of ours."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, (*LOST_CONNECTION, TimeoutError)):
        log.warning("unavailable", error=repr(error))
        return Problem(UNAVAILABLE, retry_after_s=2)
    log.error("internal_error", exc_info=error)
    return Problem(INTERNAL)


def on_problem(_: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    """Show a problem."""
    return problem_response(problem)


def on_http_exception(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Show what the framework refused."""
    if isinstance(error, ValidationException):
        return problem_response(Problem(INVALID, _what_is_invalid(error)))
    kind = _BY_STATUS.get(error.status_code)
    if kind is None:
        kind = INVALID if error.status_code < HTTP_500_INTERNAL_SERVER_ERROR else INTERNAL
    return problem_response(Problem(kind, error.detail if kind is not INTERNAL else ""))


def _what_is_invalid(error: ValidationException) -> str:
    if isinstance(error.extra, list):
        return "; ".join(f"{part.get('key', 'body')}: {part['message']}" for part in error.extra)
    return error.detail


def on_database_error(request: Request[Any, Any, Any], error: DBAPIError) -> Response[bytes]:
    """Tell a lost connection from a mistake of ours."""
    if isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated:
        return on_exception(request, TimeoutError(repr(error)))
    return on_exception(request, error)


def on_exception(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Show anything else without its inside."""
    return problem_response(problem_of(error))


HANDLERS: dict[int | type[Exception], Any] = {
    Problem: on_problem,
    HTTPException: on_http_exception,
    DBAPIError: on_database_error,
    Exception: on_exception,
}
