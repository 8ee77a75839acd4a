"""The outermost layer: a request id on every log line and answer, security headers, a count."""

import re
import time
from typing import Any
from uuid import uuid4

import structlog
from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import Message, Receive, Scope, Send
from prometheus_client import Counter

log = structlog.get_logger()

REQUESTS = Counter("onecard_http_requests_total", "HTTP requests by status.", ["status"])

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
}


class RequestLog:
    """Gives every request an id, logs it, counts it; around the whole application, unknown addresses included."""

    def __init__(self, app: Litestar, *, log_requests: bool) -> None:
        self._app = app
        self.state = app.state
        self._log_requests = log_requests

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
