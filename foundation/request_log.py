"""The outermost layer: a request id on every log line and answer, security headers, a count."""

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import structlog
from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import Message, Receive, Scope, Send
from prometheus_client import Counter

from foundation.addresses import TrustedProxies, network_of
from foundation.problem_responses import problem_response
from foundation.problems import UNAVAILABLE, Problem
from foundation.security_headers import TERMINAL_HEADERS, cache_control, permissions_policy, security_headers

log = structlog.get_logger()

REQUESTS = Counter("onecard_http_requests_total", "HTTP requests by status.", ["status"])

REQUEST_ID = b"x-request-id"
"""The header field that names a request, in lower case."""

ANSWERED = "onecard.status"
"""The status of the answer, in the request's scope: of the application's, or of the connection's that came first."""

STRANGER = "onecard.stranger"
"""In the request's scope while nothing shows whose it is: neither an authenticated request on its connection before,
nor a credential that was found good. True where it carries a credential that is still to be looked up."""

FOUND_GOOD = "onecard.found_good"
"""In the request's scope once it is authenticated: the credential, as the request carried it."""

_TURN = "onecard.turn"
"""In the scope of a request that has a stranger's turn: what gives it back."""

STRANGERS_AT_ONCE = 2
"""Pages and documents that a worker makes for strangers at a time, and as many for those whose credential is still to
be looked up: the others must not keep them waiting. Each takes the event loop for a millisecond now and then; without a
bound a charge waits for those of all who have asked."""

TURN_WITHIN_S = 5.0
NEVER_WAITS = "/health"

STOPPED_RETRY_AFTER_S = 2
"""A worker is replaced within a second or two, and the others take its requests meanwhile."""

CLIENT_GONE = 499
"""In log and metrics: the client closed the connection before its request was complete (nginx's number)."""

_OFFERED = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_PROCESS = secrets.token_hex(8)
_numbers = count(1)


def new_request_id() -> str:
    """A request id of ours. A random prefix for the process and a number: a UUID for each costs ten times as much."""
    return f"{_PROCESS}-{next(_numbers):x}"


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The id that the caller offers in ``x-request-id`` (names are in lower case), or a new one."""
    for name, value in headers:
        if name == REQUEST_ID:
            return value.decode() if _OFFERED.fullmatch(value) else new_request_id()
    return new_request_id()


def found_good(scope: Any, credential: str) -> None:
    """Say that a request is no stranger's: ``credential``, as it carried it, is good. It gives its turn back.

    What it asks for may wait for half a minute, or be a document that is made aside, within limits of their own.
    """
    scope[FOUND_GOOD] = credential
    if release := scope.get(_TURN):
        release()


def current_request_id() -> str:
    """The id of the request that the application is answering: it is bound to every log line."""
    return str(structlog.contextvars.get_contextvars()["request_id"])


def stopped() -> Problem:
    """What a request is told that the worker's stop has cut off (its task is cancelled): unknown, come back."""
    return Problem(UNAVAILABLE, retry_after_s=STOPPED_RETRY_AFTER_S)


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The caller's network address; behind trusted proxies the one that they name."""
    return connection.client.host if connection.client is not None else ""


def network_address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """By what the caller is counted: his address, or of IPv6 his /64 network, which one subscriber has."""
    return network_of(address_of(connection))


def count_and_log(method: str, path: str, status: int, request_id: str, **more: Any) -> None:
    """Count an answer, and write its log line."""
    REQUESTS.labels(str(status)).inc()
    # As a warning a flood of refused requests is limited (`foundation/logs.py`).
    tell = log.error if status >= 500 else log.warning if status >= 400 else log.info
    tell("request", method=method, path=path, status=status, request_id=request_id, **more)


class RequestLog:
    """Gives every request an id, logs it, counts it; around the whole application, unknown addresses included."""

    def __init__(
        self, app: Litestar, *, log_requests: bool, trusted_proxies: str = "", hsts_max_age_s: int = 0
    ) -> None:
        self._app: Any = app
        self.trusted_proxies = TrustedProxies(trusted_proxies)
        self._headers = security_headers(hsts_max_age_s)
        self.state = app.state
        self.log_requests = log_requests
        self._strangers = {claims: asyncio.Semaphore(STRANGERS_AT_ONCE) for claims in (False, True)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request under its id; a stranger's when it is its turn."""
        if scope["type"] == ScopeType.HTTP:
            self._name_the_client(scope)
            await self._run(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _name_the_client(self, scope: Any) -> None:
        """Behind a trusted proxy: the client and the scheme that it names."""
        peer, headers = (scope["client"] or ("",))[0], scope["headers"]
        if peer in self.trusted_proxies:
            scope["client"] = self.trusted_proxies.client_of(peer, headers), 0
            scope["scheme"] = self.trusted_proxies.scheme_of(peer, headers, scope["scheme"])

    async def _in_turn(self, scope: Any, receive: Receive, send: Send) -> None:
        if not _waits(scope):
            await self._app(scope, receive, send)
            return
        turns = self._strangers[scope[STRANGER]]
        try:
            async with asyncio.timeout(TURN_WITHIN_S):
                await turns.acquire()
        except TimeoutError:
            # Something stands still: the request then learns what, within limits of its own.
            await self._app(scope, receive, send)
            return
        release = scope[_TURN] = _once(turns.release)

        async def answering(event: Message) -> None:
            # An event stream goes on for hours.
            release()
            await send(event)

        try:
            await self._app(scope, receive, answering)
        finally:
            release()

    async def _run(self, scope: Any, receive: Receive, send: Send) -> None:
        request_id = request_id_of(scope["headers"])
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        gone = False

        async def hearing() -> Any:
            nonlocal gone
            event = await receive()
            gone = gone or event["type"] == "http.disconnect"
            return event

        async def noting(event: Message) -> None:
            if event["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(event)
                headers["x-request-id"] = request_id
                # The same fields on both ways of a charge.
                ours = TERMINAL_HEADERS if scope["path"].startswith("/terminal/") else self._headers
                for name, value in ours.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", cache_control(scope["path"]))
                if ours is not TERMINAL_HEADERS:
                    headers.setdefault("permissions-policy", permissions_policy(scope["path"]))
                if ANSWERED not in scope:
                    scope[ANSWERED] = CLIENT_GONE if gone else event["status"]
                    self._note(scope, scope[ANSWERED], request_id, started)
            await send(event)

        try:
            await self._in_turn(scope, hearing, noting)
        except asyncio.CancelledError:
            # The worker stops, and has waited long enough. What is answered already in part stays so, and is closed.
            if ANSWERED in scope:
                return
            request: Request[Any, Any, Any] = Request(scope, hearing, noting)
            answer = problem_response(request, stopped()).to_asgi_response(app=None, request=request)
            await answer(scope, hearing, noting)

    def _note(self, scope: Any, status: int, request_id: str, started: float) -> None:
        if status >= 400 or self.log_requests:
            elapsed_ms = round(1000 * (time.perf_counter() - started), 1)
            count_and_log(scope["method"], scope["path"], status, request_id, ms=elapsed_ms)
        else:
            REQUESTS.labels(str(status)).inc()


def _waits(scope: Any) -> bool:
    """Whether a request is one that strangers make for nothing: with a body, they would hold a turn while they send."""
    return STRANGER in scope and scope["method"] in ("GET", "HEAD") and not scope["path"].startswith(NEVER_WAITS)


def _once(release: Callable[[], None]) -> Callable[[], None]:
    """The same, but only the first call does it."""
    done = False

    def first() -> None:
        nonlocal done
        if not done:
            done = True
            release()

    return first
