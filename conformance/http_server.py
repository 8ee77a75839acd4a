"""A small HTTP/1.1 server whose every answer can be steered: late, altered, or none at all.

It keeps the limits of the protocol (docs/terminal-protocol.md, section 1): one request at a time on a connection,
heads of 16 KiB and 64 fields, bodies of 256 KiB, ten seconds for each. The fake centre and the proxy stand on it.
"""

import asyncio
import contextlib
import http
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from ipaddress import ip_address
from typing import Any

import httptools
from msgspec import Struct, field
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from foundation.problem_responses import rendered
from foundation.problems import MALFORMED, TOO_LARGE, TOO_SLOW, Problem, ProblemKind
from foundation.request_log import REQUEST_ID, request_id_of
from foundation.security_headers import TERMINAL_HEADERS

HEAD_BYTES_MAX, FIELDS_MAX, BODY_BYTES_MAX = 16_384, 64, 262_144
WITHIN_S = 10.0
"""A request must have arrived so soon after its beginning, its beginning after the connection's."""
KEEP_ALIVE_S = 75.0
ENDS_WITHIN_S = 35.0
"""Longer than a proxy waits for its centre."""

_HEAD_TOO_LARGE = ProblemKind(431, "head-too-large")


class Request(Struct):
    """A request as it arrived: the target as it was spelled, the fields in their order, names in lower case."""

    method: str
    target: str
    fields: list[tuple[bytes, bytes]]
    body: bytes

    def field(self, name: str) -> str:
        """A field's value; empty without one."""
        return next((value.decode("latin-1") for key, value in self.fields if key == name.encode()), "")


class Answer(Struct):
    """An answer; ``Date``, ``x-request-id`` and the length are added where it does not have them."""

    status: int
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Dropped(Exception):
    """No answer: the connection is cut."""


Handler = Callable[[Request], Awaitable[Answer]]


def problem_answer(problem: Problem) -> Answer:
    """An unsigned problem in both languages."""
    return Answer(*rendered(problem, None))


def is_loopback(address: str) -> bool:
    """Whether the host of a ``Host`` field or a URL is this machine, by a name that nobody else can give it."""
    try:
        host = (parse_url(address if "//" in address else f"//{address}").host or "").strip("[]")
        return host == "localhost" or ip_address(host).is_loopback
    except (LocationParseError, ValueError):
        return False


class _Connection(asyncio.Protocol):
    def __init__(self, server: "Server") -> None:
        self._server, self._handle, self._connections = server, server.handle, server.connections
        self._transport: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_ahead = False
        self._in_head = True
        self._new_message()

    def _new_message(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._url, self._fields, self._body, self._head_bytes = b"", list[tuple[bytes, bytes]](), bytearray(), 0
        self._in_head = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(self)
        self._within(WITHIN_S, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connections.discard(self)
        self._within(0, None)
        if self._task is not None:
            self._task.cancel()

    def finish(self) -> None:
        """End it, after the answer to what it has asked."""
        if self._task is None:
            self.cut()

    def cut(self) -> None:
        """End it without a word."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._task is not None:
            self._note_ahead()
            return
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserUpgrade, httptools.HttpParserError):
            if self._task is None:
                self._refuse(Problem(MALFORMED))
            return
        if self._task is None and self._in_head and self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(Problem(_HEAD_TOO_LARGE, "terminals.head_too_large", most=HEAD_BYTES_MAX, fields=FIELDS_MAX))

    # What httptools calls, for one message; what comes after it is not read.

    def on_message_begin(self) -> None:
        if self._task is not None:
            self._note_ahead()
            return
        self._within(WITHIN_S, self._too_slow)

    def _note_ahead(self) -> None:
        self._server.ahead += not self._is_ahead
        self._is_ahead = True

    def on_url(self, url: bytes) -> None:
        if self._task is None:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._task is None:
            self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._task is not None:
            return
        self._in_head = False
        size = len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._fields)
        if len(self._fields) > FIELDS_MAX or size > HEAD_BYTES_MAX:
            self._refuse(Problem(_HEAD_TOO_LARGE, "terminals.head_too_large", most=HEAD_BYTES_MAX, fields=FIELDS_MAX))
        elif (b"expect", b"100-continue") in self._fields:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._task is None and not self._transport.is_closing():
            self._body += body
            if len(self._body) > BODY_BYTES_MAX:
                self._refuse(Problem(TOO_LARGE, "terminals.body_too_large", most=BODY_BYTES_MAX))

    def on_message_complete(self) -> None:
        if self._task is not None or self._transport.is_closing():
            return
        self._within(0, None)
        target = self._url.decode("latin-1")
        request = Request(self._parser.get_method().decode(), target, self._fields, bytes(self._body))
        self._task = asyncio.get_running_loop().create_task(self._run(request, self._parser.should_keep_alive()))

    async def _run(self, request: Request, keep_alive: bool) -> None:
        try:
            answer = await self._handle(request)
        except Dropped:
            self.cut()
            return
        keep_alive = keep_alive and not self._is_ahead and not self._server.is_ending
        self._write(answer, request_id_of(request.fields), keep_alive=keep_alive, head=request.method == "HEAD")
        if not keep_alive:
            self._end()
            return
        self._task = None
        self._new_message()
        self._within(KEEP_ALIVE_S, self.cut)

    def _end(self) -> None:
        """After the last answer. What came ahead may be on its way still: to close at once would reset it all."""
        if not self._transport.is_closing():
            if self._is_ahead:
                self._transport.write_eof()
                self._within(1.0, self.cut)
            else:
                self._transport.close()

    def _too_slow(self) -> None:
        if not self._fields and not self._url:
            self.cut()
        else:
            self._refuse(Problem(TOO_SLOW, "terminals.too_slow", seconds=f"{WITHIN_S:g}"))

    def _refuse(self, problem: Problem) -> None:
        if not self._transport.is_closing():
            self._write(problem_answer(problem), request_id_of([]), keep_alive=False, head=False)
            self._transport.close()

    def _write(self, answer: Answer, request_id: str, *, keep_alive: bool, head: bool) -> None:
        fields = TERMINAL_HEADERS | {REQUEST_ID.decode(): request_id, "date": formatdate(usegmt=True)} | answer.fields
        fields["content-length"] = str(len(answer.body))
        if not keep_alive:
            fields["connection"] = "close"
        with contextlib.suppress(ValueError):
            phrase = http.HTTPStatus(answer.status).phrase
        lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in fields.items())]
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if head else answer.body))

    def _within(self, seconds: float, then: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if then is None else asyncio.get_running_loop().call_later(seconds, then)


class Server:
    """Serves a handler on a loopback port, until it is closed."""

    def __init__(self, handle: Handler, port: int = 0) -> None:
        self.handle, self._port = handle, port
        self.connections: set[_Connection] = set()
        self.ahead = 0
        """On how many connections something came before the answer to what came first."""
        self.is_ending = False
        """Whether each connection ends with its next answer."""
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; returns the port. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self._port

    async def finish(self) -> None:
        """End, but first answer what was asked: a device in the middle of a message is not cut off."""
        self.is_ending = True
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.finish()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDS_WITHIN_S):
                while self.connections:
                    await asyncio.sleep(0.02)
        self.close()

    def close(self) -> None:
        """End everything at once; in the loop that serves."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.cut()
