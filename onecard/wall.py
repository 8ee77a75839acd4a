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

log = structlog.get_logger()

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
}


class SlowBodies:
    """Ends the reading of bodies that take too long: one sweep a second instead of a timer for every request."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reading: dict[asyncio.Task[Any], float] = {}

    async def read(self, receive: Receive) -> bytes:
        """A request's whole body; raises Problem TOO_LARGE or TOO_SLOW."""
        task = asyncio.current_task()
        assert task is not None
        self._reading[task] = time.monotonic()
        try:
            return await self._parts(receive)
        except asyncio.CancelledError:
            if task in self._reading or not task.uncancel() == 0:
                raise
            raise Problem(TOO_SLOW, f"a body must arrive within {self._settings.body_within_s:g} s") from None
        finally:
            self._reading.pop(task, None)

    async def _parts(self, receive: Receive) -> bytes:
        body = b""
        while True:
            event = await receive()
            if event["type"] != "http.request":
                return body
            body += event.get("body", b"")
            if len(body) > self._settings.body_max_bytes:
                raise Problem(TOO_LARGE, f"a body has at most {self._settings.body_max_bytes} bytes")
            if not event.get("more_body"):
                return body

    async def sweep(self) -> None:
        """Cut off who is too slow; until cancelled."""
        while True:
            await asyncio.sleep(min(1.0, self._settings.body_within_s / 4))
            began_before = time.monotonic() - self._settings.body_within_s
            for task in [task for task, began_at in self._reading.items() if began_at < began_before]:
                # Taken out first: so the reader knows who cancelled it.
                del self._reading[task]
                task.cancel()


class BodyWall:
    """Reads a body whole before anything looks at it; a client that dribbles or floods gets 408 or 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, then hand on."""
        if scope["type"] != ScopeType.HTTP or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        body = await scope["litestar_app"].state.slow_bodies.read(receive)
        replayed = False

        async def replay() -> Any:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)


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
