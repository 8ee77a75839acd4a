"""The door: uvicorn's HTTP protocol, with a short way for charges and a bound on how long any request may arrive.

At the peak the machinery that any request needs (scope, routing, injection, response objects; a server thread that
hands each request over) costs several times what the payment itself needs (docs/performance.md has the figures). So
a charge goes from the parser straight to the counter. The functions behind this door are those of the documented
route in ``terminals/routes/payments.py``; the tests send the same messages through both and compare.
"""

import asyncio
import http
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from msgspec import json
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foundation.keys import KeyRing
from foundation.problem_responses import JSON_PROBLEM, problem_headers, problem_of
from foundation.problems import TOO_LARGE, TOO_SLOW, Problem
from foundation.request_log import REQUESTS, SECURITY_HEADERS
from foundation.strict_json import TypedReader
from registry.models import Database
from settlement.charging import ChargeOrder, Charger, Remembered
from settlement.errors import BUSY
from settlement.tariff import Declined
from terminals.acceptance import Presented, answer_of, answer_to, order_of, presented, shows_a_clone, take_charge
from terminals.blocking import BlockListVersion
from terminals.messages import SIGNATURE_FIELDS, TerminalMessage, message_of, signature_fields, signed_fields
from terminals.schemas import Answer, ChargeMessage
from terminals.sessions import SessionStore
from terminals.signatures import SignedRequest, read_signature

log = structlog.get_logger()

PATH = "/terminal/charges"
_PATH = PATH.encode()

SWEEP_S = 1.0

DEAF_S = 0.25
"""A connection that was told to come back in a second is not read for so long: who comes back at once, over and over,
must not take the time of those who wait."""

KEEP_ALIVE_S = 75
"""Longer than a till is ever idle at lunch, and than what load balancers allow."""

_reader = TypedReader(ChargeMessage)
_encoder = json.Encoder()
_SECURITY = "".join(f"{name}: {value}\r\n" for name, value in SECURITY_HEADERS.items())
_OK = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{_SECURITY}"


class Arrivals:
    """Ends requests that take too long to arrive: one sweep a second instead of a timer for each."""

    def __init__(self, *, body_max_bytes: int, body_within_s: float) -> None:
        self.body_max_bytes = body_max_bytes
        self._body_within_s = body_within_s
        self.began_at: dict[ChargeDoor, float] = {}
        self.idle_since: dict[ChargeDoor, float] = {}
        self.answered = 0
        self.sent_away = 0

    async def sweep(self) -> None:
        """Cut off who is too slow, close what is idle, count; until cancelled."""
        answered, sent_away = REQUESTS.labels("200"), REQUESTS.labels("503")
        while True:
            await asyncio.sleep(min(SWEEP_S, self._body_within_s / 4))
            now = time.monotonic()
            for door in _older(self.began_at, now - self._body_within_s):
                door.refuse(Problem(TOO_SLOW, f"a request must arrive within {self._body_within_s:g} s"))
            for door in _older(self.idle_since, now - KEEP_ALIVE_S):
                door.timeout_keep_alive_handler()
            answered.inc(self.answered)
            sent_away.inc(self.sent_away)
            self.answered = self.sent_away = 0


def _older(since: "dict[ChargeDoor, float]", than: float) -> "list[ChargeDoor]":
    return [door for door, moment in since.items() if moment < than]


@dataclass(slots=True)
class Counter:
    """What taking a charge needs of the running centre, found at once: the application's state looks names up."""

    charger: Charger
    terminal_sessions: SessionStore
    key_ring: KeyRing
    database: Database
    block_list: BlockListVersion
    arrived: "list[ChargeDoor]" = field(default_factory=list)
    """Connections whose charge came in this round of the event loop."""

    @property
    def is_full(self) -> bool:
        """Whether a further charge would be told to come back, those counted that have just arrived."""
        return self.charger.is_full_with(len(self.arrived))

    def take_all(self) -> None:
        """Take what has arrived, step by step for all: a step finds its code and tables in the processor's caches."""
        arrived, self.arrived = self.arrived, []
        for step in (ChargeDoor.authenticate, ChargeDoor.verify, ChargeDoor.post):
            arrived = [door for door in arrived if door.goes_on(step)]


class ChargeDoor(HttpToolsProtocol):
    """One connection. Charges are answered here; everything else goes the library's way to the application."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        state: Any = self.app.state
        self._centre: Counter = state.counter
        self._arrivals: Arrivals = state.arrivals
        self._charging = self._sent_away = False
        self._body = b""
        self._received = 0
        self._charge: tuple[list[tuple[bytes, bytes]], bytes] = [], b""
        self._signed: SignedRequest | None = None
        self._message: TerminalMessage | None = None
        self._data: ChargeMessage
        self._credential: Presented | Declined
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
        """Answer a request that is not whole, and close."""
        self._arrivals.began_at.pop(self, None)
        if not self.transport.is_closing():
            REQUESTS.labels(str(problem.kind.status)).inc()
            head, body = _shown(problem)
            self.transport.write(_response(problem.kind.status, f"{head}connection: close\r\n", body))
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
        """The way is known: what is beyond the queue is sent away before anything else is looked at."""
        self.url += url
        self._charging = self.url == _PATH and self.parser.get_method() == b"POST"
        self._sent_away = self._charging and self._centre.is_full

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field; of a charge only those count that its signature needs."""
        if self._sent_away:
            return
        lower = name.lower()
        if not self._charging or lower in SIGNATURE_FIELDS or lower == b"expect":
            super().on_header(lower, value)

    def on_headers_complete(self) -> None:
        """All that goes before the body is known."""
        if not self._charging:
            self._as_the_library_does()
            return
        self._body = b""
        self._keep_alive = self.parser.should_keep_alive()
        if self._under_way or (self.cycle is not None and not self.cycle.response_complete):
            # Answers must not overtake each other: a terminal waits for one before it asks again.
            self.transport.close()
        elif self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _as_the_library_does(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._received += len(body)
        if self._received > self._arrivals.body_max_bytes:
            self.refuse(Problem(TOO_LARGE, f"a body has at most {self._arrivals.body_max_bytes} bytes"))
        elif self._charging:
            if not self._sent_away:
                self._body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._arrivals.began_at.pop(self, None)
        if not self._charging:
            super().on_message_complete()
        elif not self.transport.is_closing():
            if self._sent_away:
                self._send_away()
            else:
                self._under_way = True
                self._charge = self.headers, self._body
                arrived = self._centre.arrived
                if not arrived:
                    self.loop.call_soon(self._centre.take_all)
                arrived.append(self)

    def _send_away(self) -> None:
        """Beyond the queue: before any check, which would take the time of those who wait already."""
        self._arrivals.sent_away += 1
        self.transport.write(_BUSY)
        self._wait_for_the_next()
        if not self.transport.is_closing():
            self.transport.pause_reading()
            self.loop.call_later(DEAF_S, self._read_again)

    def _read_again(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def goes_on(self, step: "Callable[[ChargeDoor], bool]") -> bool:
        """Take a step with the charge; False when it was answered, or goes a way of its own."""
        try:
            return step(self)
        except Exception as error:
            # In a callback of its own: one connection's fault must not keep the others from their answers.
            self.loop.call_soon(self._answer, error, self._signed, self._message)
            return False

    def authenticate(self) -> bool:
        """Check who sent the charge, and read it."""
        headers, body = self._charge
        self._signed = self._message = None
        self._signed = signed = read_signature("POST", PATH, signature_fields(headers), body, in_session=True)
        session = self._centre.terminal_sessions.cached(signed.key_id)
        if session is not None:
            self._message = message_of(signed, session)
            self._data = _reader.read(body)
            if self._data.card is None or self._data.card.session_id == session.session_id:
                return True
        # A task of its own is for what must be looked up first, for it costs as much as the checks.
        self._in_a_task(self._charge_with_look_ups(signed, body))
        return False

    def verify(self) -> bool:
        """Check the card or code that was presented."""
        assert self._message is not None
        keys = self._centre.key_ring
        self._credential = presented(self._message, self._data, self._message.session.mac, keys)
        return True

    def post(self) -> bool:
        """Send the charge to the ledger, whose answer is the terminal's."""
        signed, message = self._signed, self._message
        assert signed is not None
        assert message is not None
        order = order_of(message, self._data, self._credential)
        self._centre.charger.post(order, partial(self._remembered, signed, message, order))
        return True

    def _remembered(
        self, signed: SignedRequest, message: TerminalMessage, order: ChargeOrder, outcome: Remembered | Exception
    ) -> None:
        if isinstance(outcome, Exception):
            self._answer(outcome, signed, message)
        elif shows_a_clone(order, outcome):
            self._in_a_task(self._answer_after(answer_to(order, outcome, self._centre), signed, message))
        else:
            self._answer(answer_of(outcome), signed, message)

    async def _charge_with_look_ups(self, signed: SignedRequest, body: bytes) -> None:
        message = None
        try:
            message = message_of(signed, await self._centre.terminal_sessions.find(signed.key_id))
            data = _reader.read(body)
        except Exception as error:
            self._answer(error, signed, message)
            return
        await self._answer_after(take_charge(message, data, self._centre), signed, message)

    async def _answer_after(self, answer: Awaitable[Answer], signed: SignedRequest, message: TerminalMessage) -> None:
        try:
            self._answer(await answer, signed, message)
        except Exception as error:
            self._answer(error, signed, message)

    def _in_a_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _answer(
        self, answer: Answer | Exception, signed: SignedRequest | None, message: TerminalMessage | None
    ) -> None:
        """Send it; signed, once it is known whose question it answers."""
        if isinstance(answer, Exception):
            status, head, body = self._problem(answer)
        else:
            status, head, body = 200, _OK, _encoder.encode(answer)
            self._arrivals.answered += 1
        if signed is not None and message is not None:
            for name, value in signed_fields(signed, status, body, self._centre.block_list, message.session).items():
                head += f"{name}: {value}\r\n"
        self._under_way = False
        if not self.transport.is_closing():
            self.transport.write(b"%scontent-length: %d\r\n\r\n%s" % (head.encode(), len(body), body))
            self._wait_for_the_next()

    def _problem(self, error: Exception) -> tuple[int, str, bytes]:
        problem = problem_of(error)
        status = problem.kind.status
        head, body = _shown(problem)
        REQUESTS.labels(str(status)).inc()
        log.info("request", method="POST", path=PATH, status=status, problem=str(problem))
        return status, _status_line(status) + head, body

    def _wait_for_the_next(self) -> None:
        self.server_state.total_requests += 1
        if not self._keep_alive:
            self.transport.close()
            return
        self._arrivals.idle_since[self] = time.monotonic()


def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\n"


def _shown(problem: Problem) -> tuple[str, bytes]:
    """Header lines and body of a problem."""
    fields = {"content-type": JSON_PROBLEM, **problem_headers(problem)}
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + _SECURITY, json.encode(
        problem.signed_document()
    )


def _response(status: int, head: str, body: bytes) -> bytes:
    return f"{_status_line(status)}{head}content-length: {len(body)}\r\n\r\n".encode() + body


_BUSY = _response(503, *_shown(Problem(BUSY, retry_after_s=1)))
