"""Messages as they go over the wire, so that every byte can be a wrong one, and answers as they come."""

import contextlib
import http.client
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, field, json, structs

from foundation.problems import Problem
from terminals.client_messages import authority_of, document_of, wait_of
from terminals.signatures import Verifier, check_answer

ANSWER_WITHIN_S = 20.0
BUSY_TRIES = 12
WAIT_MAX_S = 61.0
"""Wrong codes are counted by the minute: a run soon after another one may have to wait."""

SIGNED, UNSIGNED, WRONGLY_SIGNED = "signed", "unsigned", "wrongly signed"


class Sent(Struct):
    """A message: what is sent, and under which key the answer must be signed (None: under none)."""

    method: str
    path: str
    fields: dict[str, str]
    body: bytes = b""
    key_id: str = ""
    verify: Verifier | None = None
    twice: list[tuple[str, str]] = field(default_factory=list)
    """Header fields that stand in the head once more."""

    def with_fields(self, **fields: str) -> "Sent":
        """The same with these header fields (underscores for hyphens); an empty one is left out."""
        changed = self.fields | {name.replace("_", "-"): value for name, value in fields.items()}
        return structs.replace(self, fields={name: value for name, value in changed.items() if value})

    def __str__(self) -> str:
        number = self.fields.get("onecard-request", "")
        body = self.body if len(self.body) <= 160 else self.body[:157] + b"..."
        return " ".join(part for part in (self.method, self.path, number, body.decode("utf-8", "replace")) if part)


class Came(Struct):
    """An answer. ``status`` 0: none came, the connection was closed."""

    status: int
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    signature: str = UNSIGNED

    @property
    def document(self) -> dict[str, Any]:
        """The members of its body; empty when it has none."""
        return document_of(self.body)

    @property
    def slug(self) -> str:
        """The last part of a problem's type."""
        return str(self.document.get("type", "")).rsplit("/", 1)[-1]

    def __str__(self) -> str:
        said = self.document
        shown = [str(self.status) if self.status else "no answer"]
        shown += [
            str(said[name]) for name in ("outcome", "reason", "reversed_fen", "agree") if said.get(name) is not None
        ]
        if self.slug:
            shown.append(self.slug)
        return f"{' '.join(shown)}, {self.signature}" if self.status else shown[0]


class Line:
    """The way to a centre: one connection, opened anew whenever it was closed."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.authority = authority_of(self.url)
        self._parts = urlsplit(self.url)
        self._connection: http.client.HTTPConnection | None = None

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
            self._connection = kind(self._parts.hostname or "", self._parts.port, timeout=ANSWER_WITHIN_S)
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(self, sent: Sent) -> Came:
        """Send a message and wait for its answer; after an unsigned 503, or a 429, again, as the page says."""
        for last in range(BUSY_TRIES, -1, -1):
            came = self._ask(sent)
            is_busy = came.status == 429 or (came.status == 503 and came.signature != SIGNED)
            if not is_busy or not last:
                return came
            time.sleep(min(wait_of(came.fields) or 1.0, WAIT_MAX_S))
        raise AssertionError("unreachable")

    def _ask(self, sent: Sent) -> Came:
        for last in (False, True):
            was_open = self._connection is not None
            connection = self._open()
            try:
                connection.putrequest(sent.method, sent.path, skip_host=True, skip_accept_encoding=True)
                for name, value in [*sent.fields.items(), *sent.twice]:
                    connection.putheader(name, value)
                if sent.body or sent.method == "POST":
                    connection.putheader("content-type", "application/json")
                    connection.putheader("content-length", str(len(sent.body)))
                connection.endheaders()
                # A centre may refuse a message before its end: its answer counts, not that the rest could not be sent.
                with contextlib.suppress(ConnectionError):
                    connection.send(sent.body)
                answer = connection.getresponse()
                body = answer.read()
            except (http.client.HTTPException, OSError):
                self.close()
                if last or not was_open:
                    return Came(0)
                continue
            fields = {name.lower(): value for name, value in answer.getheaders()}
            if answer.will_close or answer.status == 401:
                # After a 401 a connection is not read for a while.
                self.close()
            return _checked(sent, Came(answer.status, fields, body))
        raise AssertionError("unreachable")

    def ask_ahead(self, messages: list[Sent]) -> list[Came]:
        """Send all messages at once on a new connection; the answers that come before it is closed."""
        raw = b"".join(as_bytes(sent) for sent in messages)
        found = self.send_raw(raw, len(messages))
        return [_checked(sent, came) for sent, came in zip(messages, found, strict=False)]

    def ask_at_once(self, sent: Sent, times: int) -> list[Came]:
        """Send a message on so many connections at once."""
        lines = [Line(self.url) for _ in range(times)]
        try:
            with ThreadPoolExecutor(times) as pool:
                return list(pool.map(lambda line: line.ask(sent), lines))
        finally:
            for line in lines:
                line.close()

    def send_raw(self, raw: bytes, most: int = 1) -> list[Came]:
        """Send bytes on a new connection; the answers that come, at most so many."""
        host, port = self._parts.hostname or "", self._parts.port or {"https": 443}.get(self._parts.scheme, 80)
        found: list[Came] = []
        with contextlib.suppress(OSError, http.client.HTTPException):
            plain = socket.create_connection((host, port), timeout=ANSWER_WITHIN_S)
            secure = self._parts.scheme == "https"
            with ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain as line:
                with contextlib.suppress(ConnectionError):
                    line.sendall(raw)
                stream = line.makefile("rb")
                while len(found) < most and stream.peek(1):
                    answer = http.client.HTTPResponse(_Stream(stream))  # type: ignore[arg-type]
                    answer.begin()
                    fields = {name.lower(): value for name, value in answer.getheaders()}
                    length = int(fields.get("content-length", "0"))
                    found.append(Came(answer.status, fields, stream.read(length)))
        return found


class _Stream:
    """What ``HTTPResponse`` reads from: one stream for all answers of a connection, which it must not close."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def makefile(self, _: str) -> Any:
        """The stream itself."""
        return _Open(self._stream)


class _Open:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> None:
        """Leave it open for the next answer."""


def as_bytes(sent: Sent) -> bytes:
    """A message as it stands on the wire."""
    fields = [*sent.fields.items(), ("content-type", "application/json"), ("content-length", str(len(sent.body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"{sent.method} {sent.path} HTTP/1.1\r\n{head}\r\n".encode() + sent.body


def _checked(sent: Sent, came: Came) -> Came:
    """The answer with what became of its signature."""
    if "signature" not in came.fields:
        return came
    came.signature = WRONGLY_SIGNED
    if sent.verify is not None:
        with contextlib.suppress(Problem):
            check_answer(sent.fields, came.status, came.fields, came.body, key_id=sent.key_id, verify=sent.verify)
            came.signature = SIGNED
    return came


def encoded(message: Any) -> bytes:
    """A message as JSON."""
    return json.encode(message)
