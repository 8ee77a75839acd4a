"""The outermost layers: a bound on every body in size and time, a request id on every log line, a count."""

import asyncio
import re
import time
from typing import Any
from uuid import uuid4

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from onecard.metrics import REQUESTS
from onecard.settings import Settings
from registry.errors import TOO_LARGE, TOO_SLOW, Problem
from terminals.messages import whole_body

log = structlog.get_logger()

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
}


class BodyWall:
    """Reads a body whole before anything looks at it; a client that dribbles or floods gets 408 or 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, then hand on."""
        if scope["type"] != ScopeType.HTTP or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        settings: Settings = scope["litestar_app"].state.settings
        body = await bounded_body(receive, settings)
        replayed = False

        async def replay() -> Any:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)


async def bounded_body(receive: Receive, settings: Settings) -> bytes:
    """A request's whole body; raises Problem TOO_LARGE or TOO_SLOW."""
    left = settings.body_max_bytes

    async def counted() -> Any:
        nonlocal left
        event = await receive()
        if event["type"] == "http.request":
            left -= len(event.get("body", b""))
            if left < 0:
                raise Problem(TOO_LARGE, f"a body has at most {settings.body_max_bytes} bytes")
        return event

    try:
        async with asyncio.timeout(settings.body_within_s):
            return await whole_body(counted)
    except TimeoutError:
        raise Problem(TOO_SLOW, f"a body must arrive within {settings.body_within_s:g} s") from None


class RequestLog:
    """Gives every request an id, logs it, counts it; around the whole application, unknown addresses included."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._log_requests = settings.log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request under its id."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        offered = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = offered.decode() if _REQUEST_ID.fullmatch(offered) else uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()

        async def noting(event: Message) -> None:
            if event["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(event)
                headers["x-request-id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                self._note(scope, event["status"], started)
            await send(event)

        await self._app(scope, receive, noting)

    def _note(self, scope: Any, status: int, started: float) -> None:
        REQUESTS.labels(str(status)).inc()
        if status >= 400 or self._log_requests:
            tell = log.error if status >= 500 else log.info
            tell(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(1000 * (time.perf_counter() - started), 1),
            )
