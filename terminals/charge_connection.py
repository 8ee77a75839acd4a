"""The HTTP connection: uvicorn's protocol, with a direct path for charges and a time limit for every request.

At the peak, what a framework does for any request (scope, routing, injection, response objects) costs several times as
much as the payment itself (docs/performance.md has the figures). So a charge goes from the parser straight to
``terminals/charges.py``, which the documented route in ``terminals/routes/payments.py`` calls as well.
"""

import asyncio
import http
import sys
import time
from functools import lru_cache
from typing import Any

import structlog
from httptools import HttpParserCallbackError, HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foundation.addresses import TrustedProxies
from foundation.problem_responses import rendered
from foundation.problems import INTERNAL, TOO_LARGE, TOO_MANY_REQUESTS, TOO_SLOW, Problem
from foundation.request_log import (
    ANSWERED,
    FOUND_GOOD,
    REQUEST_ID,
    REQUESTS,
    STRANGER,
    count_and_log,
    new_request_id,
    request_id_of,
)
from foundation.security_headers import TERMINAL_HEADERS
from settlement.errors import BUSY
from terminals.charges import PATH, ChargeAnswer, ChargeProcessor, ChargeRequest
from terminals.claims import claims_in
from terminals.connection_limits import ANSWER_STUCK_S, FIELDS_MAX, HEAD_BYTES_MAX, ConnectionLimits, Kind
from terminals.errors import HEAD_TOO_LARGE
from terminals.messages import SIGNATURE_FIELDS

log = structlog.get_logger()

_PATH = PATH.encode()
_FIELDS_READ = SIGNATURE_FIELDS | {REQUEST_ID, b"expect"}
"""Header fields of a charge that are kept."""

SWEEP_S = 1.0

PAUSE_READING_S = 0.25
"""How long a connection is not read after a 503: a client that retries at once must not take the time of those who
wait."""

KEEP_ALIVE_S = 75
"""Longer than a till is ever idle at lunch, and than what load balancers allow."""

STOP_ANSWERS_WITHIN_S = 2.5
"""When the worker stops, a charge under way is answered within this time, outcome or not. Shorter than the server waits
for its connections (``onecard/server.py``)."""

BODY_MAX_BYTES = 20_500_000
"""What no route takes. Each route has a limit of its own, which the application keeps (``request_max_body_size``)."""

BODY_BYTES_A_SECOND = 50_000
"""A body may take longer than others by the time that it needs at this speed: an office uploads files at 1 Mbit/s."""

_TERMINALS = b"/terminal/"


class Arrivals:
    """Ends requests that take too long to arrive: one sweep a second instead of a timer for each."""

    def __init__(self, *, body_max_bytes: int, body_within_s: float) -> None:
        self.body_max_bytes = body_max_bytes
        self._body_within_s = body_within_s
        self.silent_since: dict[ChargeConnection, float] = {}
        self.stuck_since: dict[ChargeConnection, float] = {}
        self.began_at: dict[ChargeConnection, float] = {}
        self.idle_since: dict[ChargeConnection, float] = {}
        self.answered = 0
        self.turned_away = 0
        self.slowed_down = 0

    async def sweep(self) -> None:
        """Refuse requests that are too slow, close idle connections, update the counters; until cancelled."""
        answered, turned_away, slowed_down = (REQUESTS.labels(status) for status in ("200", "503", "429"))
        while True:
            await asyncio.sleep(min(SWEEP_S, self._body_within_s / 4))
            now = time.monotonic()
            for connection in _older(self.began_at, now - self._body_within_s):
                if connection.is_slow(now - self.began_at[connection] - self._body_within_s):
                    connection.refuse(Problem(TOO_SLOW, "terminals.too_slow", seconds=f"{self._body_within_s:g}"))
            for connection in _older(self.silent_since, now - self._body_within_s):
                connection.abort()
            for connection in _older(self.stuck_since, now - ANSWER_STUCK_S):
                connection.abort()
            for connection in _older(self.idle_since, now - KEEP_ALIVE_S):
                connection.timeout_keep_alive_handler()
            answered.inc(self.answered)
            turned_away.inc(self.turned_away)
            slowed_down.inc(self.slowed_down)
            self.answered = self.turned_away = self.slowed_down = 0


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
        self._limits: ConnectionLimits = state.connection_limits
        self._proxies: TrustedProxies = application.trusted_proxies
        self._device_posts: frozenset[bytes] = state.device_posts
        self._log_requests: bool = application.log_requests
        self._is_charge = self._turned_away = False
        self._body = b""
        self._received = 0
        self._request_id = ""
        self._keep_alive = True
        self._under_way: ChargeRequest | None = None
        self._is_stranger = True
        self._in_head = self._in_body = False
        self._head_bytes = 0
        self._head_end = b""
        """The last bytes of a head that has not ended."""
        self._turn_away_with = _BUSY
        self.url = b""
        self.headers = []
        self.peer = ""
        self._is_proxy = False
        self._address = ""
        """Of the client whose request it is: behind a proxy the one that it names."""
        self._claims: list[str] = []
        self._is_known = True
        """Whether the request comes on a connection, or with a credential, that was found good."""
        self._is_ahead = False
        """Whether a request has come before the answer to the one before it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A new connection: a stranger's, until it carries an authenticated request."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.peer = self.client[0] if self.client else ""
        self._is_proxy = self.peer in self._proxies
        if self._is_proxy:
            self._is_stranger = False
        else:
            self._arrivals.silent_since[self] = time.monotonic()
            self._limits.opened(self)

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return not self._is_answering

    def is_slow(self, over_s: float) -> bool:
        """Whether the body that is arriving for longer than the limit comes too slowly even for its size."""
        return self._received < over_s * BODY_BYTES_A_SECOND

    def abort(self) -> None:
        """Close it without a word."""
        self.transport.abort()

    def _recognise(self) -> None:
        """The connection has carried an authenticated request."""
        self._is_stranger = False
        self._limits.forget(self)

    def data_received(self, data: bytes) -> None:
        """Bytes from the network; a head that does not end is refused."""
        if self._is_ahead:
            return
        is_head = not self._in_body and not self._is_answering
        if is_head and self._head_bytes + len(data) > HEAD_BYTES_MAX:
            # Its end may lie across two pieces.
            end = (self._head_end + data).find(b"\r\n\r\n", 0, HEAD_BYTES_MAX)
            if end < 0 or self._head_bytes + end > HEAD_BYTES_MAX:
                self._refuse_head()
                return
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            self._head_end = (self._head_end + data)[-3:]
        elif self._head_bytes:
            self._head_bytes, self._head_end = 0, b""

    def _refuse_head(self) -> None:
        self.refuse(Problem(HEAD_TOO_LARGE, "terminals.head_too_large", most=HEAD_BYTES_MAX, fields=FIELDS_MAX))

    def pause_writing(self) -> None:
        """The client does not read its answer."""
        self._arrivals.stuck_since.setdefault(self, time.monotonic())
        super().pause_writing()

    def resume_writing(self) -> None:
        """It reads again."""
        self._arrivals.stuck_since.pop(self, None)
        super().resume_writing()

    def on_response_complete(self) -> None:
        """The application has answered."""
        scope: Any = self.cycle.scope
        if credential := scope.get(FOUND_GOOD):
            self._limits.know(self._address, credential)
        if self._is_stranger and (credential or self._has_signed_on(scope)):
            self._recognise()
        super().on_response_complete()

    def _has_signed_on(self, scope: Any) -> bool:
        """Whether an answered request came from a device that signed on with it, or was enrolled."""
        is_post = scope["method"] == "POST" and scope["raw_path"] in self._device_posts
        return is_post and scope.get(ANSWERED, 500) < 300

    @property
    def _is_answering(self) -> bool:
        return self._under_way is not None or (self.cycle is not None and not self.cycle.response_complete)

    def _close_after_the_answer(self) -> None:
        """A request came ahead (pipelining): it is not read. The answer under way is the last one.

        So no answer is lost or overtakes another, and the client knows what it must send again (RFC 9112 section
        9.3.2).
        """
        self._is_ahead = True
        self._keep_alive = False
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP; ahead of an answer it is not answered at all.

        The parser gives out a fault of ours in the same way: that is no client's, and must not stay unseen.
        """
        fault = _own_fault(sys.exception())
        if fault is not None:
            log.error("internal_error", exc_info=fault)
        if self._is_answering:
            self._close_after_the_answer()
        elif fault is not None:
            self.refuse(Problem(INTERNAL))
        else:
            super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone; its charge is dropped if it is still in the queue."""
        if self._under_way is not None:
            self._under_way.is_abandoned = True
            self._under_way = None
        self._arrivals.began_at.pop(self, None)
        self._arrivals.idle_since.pop(self, None)
        self._arrivals.silent_since.pop(self, None)
        self._arrivals.stuck_since.pop(self, None)
        self._limits.forget(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: answer what is under way, then close."""
        if self._under_way:
            self._keep_alive = False
            self.loop.call_later(STOP_ANSWERS_WITHIN_S, self._give_up)
        else:
            super().shutdown()

    def _give_up(self) -> None:
        if self._under_way:
            self._processor.give_up(self._under_way)

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
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.scope[ANSWERED] = status  # type: ignore[literal-required]
        self.transport.write(self._dated(_response(status, headers | {"connection": "close"}, request_id, body)))
        self.transport.close()

    def on_message_begin(self) -> None:
        """The first bytes of a request."""
        if self._is_answering:
            self._close_after_the_answer()
            return
        self._in_head = True
        self._arrivals.began_at[self] = time.monotonic()
        self._arrivals.idle_since.pop(self, None)
        if self._is_stranger:
            self._arrivals.silent_since.pop(self, None)
            self._limits.heard(self)
        self._received = 0
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_url(self, url: bytes) -> None:
        """The path is known: a charge beyond the queue is turned away before anything else is looked at."""
        if self._is_ahead:
            return
        self.url += url
        self._is_charge = self.url == _PATH and self.parser.get_method() == b"POST"
        self._turned_away = self._is_charge and self._processor.is_full
        self._turn_away_with = _BUSY

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field; of a charge only those are kept that it needs."""
        if self._turned_away or self._is_ahead:
            return
        lower = name.lower()
        if not self._is_charge or lower in _FIELDS_READ:
            super().on_header(lower, value)

    def on_headers_complete(self) -> None:
        """Everything before the body is known."""
        if self._is_ahead:
            return
        self._in_head, self._in_body = False, True
        if self.transport.is_closing():
            return
        if not self._is_charge:
            # Behind the end of another request's body a head was not counted as it came.
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if len(self.headers) > FIELDS_MAX or size > HEAD_BYTES_MAX:
                self._refuse_head()
                return
            if self._may_ask():
                self._start_application()
                return
            self._is_charge = self._turned_away = True
            self._turn_away_with = _BUSY if self._is_devices else _TOO_MANY
        self._body = b""
        self._keep_alive = self.parser.should_keep_alive()
        if self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    @property
    def _is_devices(self) -> bool:
        return self.url in self._device_posts or self.url.startswith(_TERMINALS)

    @property
    def _kind(self) -> Kind:
        if self.parser.get_method() == b"POST" and self.url in self._device_posts:
            return Kind.DEVICE
        return Kind.CLAIM if self._claims else Kind.OTHER

    def _may_ask(self) -> bool:
        """Whether the application has time for this request: strangers' requests have budgets."""
        self._address = self._proxies.client_of(self.peer, self.headers)
        self._is_known = not (self._is_stranger or self._is_proxy)
        if self._is_known:
            return True
        self._claims = claims_in(self.headers)
        known = self._limits.known(self._address, self._claims)
        self._is_known = known is not None
        return self._limits.allow(self._address, self._kind) if known is None else known.take()

    def _start_application(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()
        # As it was sent: a whole URL is another spelling, which no signature of ours covers.
        query = self.scope["query_string"]
        self.scope["raw_path"] = url[: -len(query) - 1] if query else url
        if not self._is_known:
            self.scope[STRANGER] = bool(self._claims)  # type: ignore[literal-required]

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._is_ahead:
            return
        self._received += len(body)
        most = self._arrivals.body_max_bytes if self._is_charge else BODY_MAX_BYTES
        if self.transport.is_closing():
            return
        if self._received > most:
            self.refuse(Problem(TOO_LARGE, "terminals.body_too_large", most=most))
        elif self._is_charge:
            if not self._turned_away:
                self._body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        if self._is_ahead:
            return
        self._in_body = False
        self._arrivals.began_at.pop(self, None)
        if self.transport.is_closing():
            return
        if not self._is_charge:
            super().on_message_complete()
        else:
            if self._turned_away:
                self._turn_away()
            else:
                self._request_id = request_id_of(self.headers)
                self._under_way = ChargeRequest(self.headers, self._body, self._request_id, self._answer)
                self._processor.submit(self._under_way, self.loop)

    def _turn_away(self) -> None:
        """Beyond the queue or a budget: before any check, which would take the time of those who wait already."""
        if self._turn_away_with is _BUSY:
            self._arrivals.turned_away += 1
        else:
            self._arrivals.slowed_down += 1
        if self.parser.get_method() == b"HEAD":
            # Its answer has no body: what comes after this one would be taken for another answer.
            self._keep_alive = False
        self.transport.write(self._dated(new_request_id().encode().join(self._turn_away_with)))
        self._wait_for_the_next()
        # On a proxy's connection others wait, too: for a full queue only, which is theirs as well.
        if not self._is_proxy or self.url == _PATH:
            self._pause()

    def _pause(self) -> None:
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
        self._under_way = None
        if not self.transport.is_closing():
            headers = answer.headers if self._keep_alive else answer.headers | {"connection": "close"}
            self.transport.write(self._dated(_response(answer.status, headers, self._request_id, answer.body)))
            self._wait_for_the_next()
            if self._is_stranger:
                # Whoever cannot sign is not let in, and may not ask as fast as a till.
                self._pause() if answer.status == 401 else self._recognise()

    def _dated(self, response: bytes) -> bytes:
        """With the server's own fields, ``Date`` (RFC 9110 section 6.6.1), which it renews once a second."""
        status, _, rest = response.partition(b"\r\n")
        fields = b"".join(b"%s: %s\r\n" % field for field in self.server_state.default_headers)
        return b"%s\r\n%s%s" % (status, fields, rest)

    def _wait_for_the_next(self) -> None:
        self.server_state.total_requests += 1
        self._arrivals.idle_since[self] = time.monotonic()
        if not self._keep_alive:
            if self._is_ahead:
                # What came ahead may still be on its way: an end at once would reset the connection, answer and all.
                self.transport.write_eof()
            else:
                self.transport.close()


@lru_cache(maxsize=64)
def _head(status: int) -> str:
    security = "".join(f"{name}: {value}\r\n" for name, value in TERMINAL_HEADERS.items())
    return f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n{security}"


def _response(status: int, headers: dict[str, str], request_id: str, body: bytes) -> bytes:
    head = f"{_head(status)}x-request-id: {request_id}\r\n"
    for name, value in headers.items():
        head += f"{name}: {value}\r\n"
    return b"%scontent-length: %d\r\n\r\n%s" % (head.encode(), len(body), body)


def _own_fault(error: BaseException | None) -> BaseException | None:
    """What was wrong in a callback of the parser, unless it is what the client sent, such as a URL that is none."""
    if not isinstance(error, HttpParserCallbackError):
        return None
    cause = error.__context__
    return None if isinstance(cause, (HttpParserError, UnicodeDecodeError)) else cause


def _turned_away(problem: Problem) -> tuple[bytes, bytes]:
    """An answer before and after the request id: one of ours, since no field was read."""
    status, headers, body = rendered(problem, None)
    before, _, after = _response(status, headers, "$id", body).partition(b"$id")
    return before, after


_BUSY = _turned_away(Problem(BUSY, retry_after_s=1))
"""The answer to a charge beyond the queue."""

_TOO_MANY = _turned_away(Problem(TOO_MANY_REQUESTS, retry_after_s=1))
"""The answer to a stranger beyond the budget."""
