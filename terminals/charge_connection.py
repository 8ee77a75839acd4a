"""The HTTP connection: uvicorn's protocol, with a direct path for charges and a time limit for every request.

At the peak, what a framework does for any request (scope, routing, injection, response objects) costs several times as
much as the payment itself (docs/performance.md has the figures). So a charge goes from the parser straight to
``terminals/charges.py``, which the documented route in ``terminals/routes/payments.py`` calls as well.
"""

import asyncio
import http
import time
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foundation.problem_responses import rendered
from foundation.problems import TOO_LARGE, TOO_SLOW, Problem
from foundation.request_log import (
    REQUEST_ID,
    REQUESTS,
    count_and_log,
    new_request_id,
    request_id_of,
)
from foundation.security_headers import TERMINAL_HEADERS
from settlement.errors import BUSY
from terminals.charges import PATH, ChargeAnswer, ChargeProcessor, ChargeRequest
from terminals.messages import SIGNATURE_FIELDS

_PATH = PATH.encode()
_FIELDS_READ = SIGNATURE_FIELDS | {REQUEST_ID, b"expect"}
"""Header fields of a charge that are kept."""

SWEEP_S = 1.0

PAUSE_READING_S = 0.25
"""How long a connection is not read after a 503: a client that retries at once must not take the time of those who
wait."""

KEEP_ALIVE_S = 75
"""Longer than a till is ever idle at lunch, and than what load balancers allow."""


class Arrivals:
    """Ends requests that take too long to arrive: one sweep a second instead of a timer for each."""

    def __init__(self, *, body_max_bytes: int, body_within_s: float) -> None:
        self.body_max_bytes = body_max_bytes
        self._body_within_s = body_within_s
        self.began_at: dict[ChargeConnection, float] = {}
        self.idle_since: dict[ChargeConnection, float] = {}
        self.answered = 0
        self.turned_away = 0

    async def sweep(self) -> None:
        """Refuse requests that are too slow, close idle connections, update the counters; until cancelled."""
        answered, turned_away = REQUESTS.labels("200"), REQUESTS.labels("503")
        while True:
            await asyncio.sleep(min(SWEEP_S, self._body_within_s / 4))
            now = time.monotonic()
            for connection in _older(self.began_at, now - self._body_within_s):
                connection.refuse(Problem(TOO_SLOW, "terminals.too_slow", seconds=f"{self._body_within_s:g}"))
            for connection in _older(self.idle_since, now - KEEP_ALIVE_S):
                connection.timeout_keep_alive_handler()
            answered.inc(self.answered)
            turned_away.inc(self.turned_away)
            self.answered = self.turned_away = 0


def _older(since: "dict[ChargeConnection, float]", than: float) -> "list[ChargeConnection]":
    return [connection for connection, moment in since.items() if moment < than]


class ChargeConnection(HttpToolsProtocol):
    """One connection. Charges take the direct path; every other request goes to the application as usual."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        application: Any = self.app
        state = application.state
        self._processor: ChargeProcessor = state.charge_processor
        self._arrivals: Arrivals = state.arrivals
        self._log_requests: bool = application.log_requests
        self._is_charge = self._turned_away = False
        self._body = b""
        self._received = 0
        self._request_id = ""
        self._keep_alive = True
        self._under_way = False

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone; a charge that is under way goes on."""
        self._arrivals.began_at.pop(self, None)
        self._arrivals.idle_since.pop(self, None)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: answer what is under way, then close."""
        if self._under_way:
            self._keep_alive = False
        else:
            super().shutdown()

    def refuse(self, problem: Problem) -> None:
        """Answer a request that is not complete, and close."""
        self._arrivals.began_at.pop(self, None)
        if self.transport.is_closing():
            return
        request_id = request_id_of(self.headers)
        count_and_log(
            self.parser.get_method().decode(), self.url.decode("ascii", "replace"), problem.kind.status, request_id
        )
        status, headers, body = rendered(problem, None)
        self.transport.write(_response(status, headers | {"connection": "close"}, request_id, body))
        self.transport.close()

    def on_message_begin(self) -> None:
        """The first bytes of a request."""
        self._arrivals.began_at[self] = time.monotonic()
        self._arrivals.idle_since.pop(self, None)
        self._received = 0
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_url(self, url: bytes) -> None:
        """The path is known: a charge beyond the queue is turned away before anything else is looked at."""
        self.url += url
        self._is_charge = self.url == _PATH and self.parser.get_method() == b"POST"
        self._turned_away = self._is_charge and self._processor.is_full

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field; of a charge only those are kept that it needs."""
        if self._turned_away:
            return
        lower = name.lower()
        if not self._is_charge or lower in _FIELDS_READ:
            super().on_header(lower, value)

    def on_headers_complete(self) -> None:
        """Everything before the body is known."""
        if not self._is_charge:
            self._start_application()
            return
        self._body = b""
        self._keep_alive = self.parser.should_keep_alive()
        if self._under_way or (self.cycle is not None and not self.cycle.response_complete):
            # Answers must not overtake each other: a terminal waits for one before it sends the next request.
            self.transport.close()
        elif self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _start_application(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._received += len(body)
        if self._received > self._arrivals.body_max_bytes:
            self.refuse(Problem(TOO_LARGE, "terminals.body_too_large", most=self._arrivals.body_max_bytes))
        elif self._is_charge:
            if not self._turned_away:
                self._body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._arrivals.began_at.pop(self, None)
        if not self._is_charge:
            super().on_message_complete()
        elif not self.transport.is_closing():
            if self._turned_away:
                self._turn_away()
            else:
                self._under_way = True
                self._request_id = request_id_of(self.headers)
                request = ChargeRequest(self.headers, self._body, self._request_id, self._answer)
                self._processor.submit(request, self.loop)

    def _turn_away(self) -> None:
        """Beyond the queue: before any check, which would take the time of those who wait already."""
        self._arrivals.turned_away += 1
        self.transport.write(new_request_id().encode().join(_BUSY))
        self._wait_for_the_next()
        if not self.transport.is_closing():
            self.transport.pause_reading()
            self.loop.call_later(PAUSE_READING_S, self._read_again)

    def _read_again(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def _answer(self, answer: ChargeAnswer) -> None:
        """Send the answer to the charge that is under way."""
        if answer.status == 200 and not self._log_requests:
            self._arrivals.answered += 1
        else:
            count_and_log("POST", PATH, answer.status, self._request_id)
        self._under_way = False
        if not self.transport.is_closing():
            self.transport.write(_response(answer.status, answer.headers, self._request_id, answer.body))
            self._wait_for_the_next()

    def _wait_for_the_next(self) -> None:
        self.server_state.total_requests += 1
        if not self._keep_alive:
            self.transport.close()
            return
        self._arrivals.idle_since[self] = time.monotonic()


@lru_cache(maxsize=64)
def _head(status: int) -> str:
    security = "".join(f"{name}: {value}\r\n" for name, value in TERMINAL_HEADERS.items())
    return f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n{security}"


def _response(status: int, headers: dict[str, str], request_id: str, body: bytes) -> bytes:
    head = f"{_head(status)}x-request-id: {request_id}\r\n"
    for name, value in headers.items():
        head += f"{name}: {value}\r\n"
    return b"%scontent-length: %d\r\n\r\n%s" % (head.encode(), len(body), body)


def _busy() -> tuple[bytes, bytes]:
    status, headers, body = rendered(Problem(BUSY, retry_after_s=1), None)
    before, _, after = _response(status, headers, "$id", body).partition(b"$id")
    return before, after


_BUSY = _busy()
"""The answer to a charge beyond the queue, before and after the request id: one of ours, since no field was read."""
