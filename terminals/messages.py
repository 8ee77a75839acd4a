"""ASGI middleware of the terminal routes: authenticates every message and signs every answer.

The routes find the authenticated message in ``request.auth`` and do not deal with signatures. Problems that they raise
are signed as well; only a message that fails authentication is answered without a signature. Charges have a path of
their own (``charges.py``), which uses the same functions.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send
from msgspec import Struct

from foundation.problem_responses import rendered
from foundation.problems import INCOMPLETE, Problem
from foundation.request_log import found_good, stopped
from settlement.charging import RequestKey
from terminals.blocking import BlockListVersion
from terminals.errors import BAD_SIGNATURE, EPOCH_WRONG
from terminals.sessions import Session, SessionStore
from terminals.signatures import (
    CERTIFICATE_FIELD,
    SignedRequest,
    check_request,
    hmac_verifier,
    read_signature,
    sign_answer,
)

_REQUEST_ID = re.compile(r"([1-9]\d{0,9})/([1-9]\d{0,15})")


class TerminalMessage(Struct, frozen=True):
    """An authenticated message: who sent it, under which numbers, and what was signed."""

    session: Session
    key: RequestKey
    signed: SignedRequest


async def whole_body(receive: Receive) -> bytes:
    """The request's body; its size and time are bounded by the connection (``charge_connection.py``)."""
    parts: list[bytes] = []
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise Problem(INCOMPLETE)
        parts.append(event.get("body", b""))
        if not event.get("more_body"):
            return b"".join(parts)


_FIELDS = {
    name.encode(): name
    for name in ("host", "signature-input", "signature", "content-digest", "onecard-request", CERTIFICATE_FIELD)
}

SIGNATURE_FIELDS = _FIELDS.keys()
"""The header fields that a signature needs, in lower case."""


def signature_fields(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The header fields that a signature needs; a field that occurs twice is joined (RFC 9110 section 5.2).

    The server gives names in lower case.
    """
    fields: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = _FIELDS.get(raw_name)
        if name is not None:
            value = raw_value.decode("latin-1")
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


class SignedMessages:
    """Middleware for routes of a session."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the signature, run the route, sign its answer."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        state = scope["litestar_app"].state
        body = await whole_body(receive)
        message = await authenticate(scope, body, state.terminal_sessions, state.hosts)
        scope["auth"] = message
        found_good(scope, message.session.session_id)
        signing = SigningSend(message, send, state.block_list)

        async def replay() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            check_epoch(message)
        except Problem as problem:
            # Here, where the answer can be signed: an unsigned one would be repeated for ever.
            await _send_problem(signing, problem)
            return
        try:
            await self._app(scope, replay, signing)
        except asyncio.CancelledError:
            # Here as well. An answer is sent whole or not at all: what was held of another one is dropped.
            await _send_problem(SigningSend(message, send, state.block_list), stopped())


async def _send_problem(send: Send, problem: Problem) -> None:
    status, headers, body = rendered(problem, None)
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    fields.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def authenticate(scope: HTTPScope, body: bytes, sessions: SessionStore, hosts: frozenset[str]) -> TerminalMessage:
    """Check a session's message; raises Problem BAD_SIGNATURE, OUT_OF_TIME or SESSION_ENDED."""
    fields = signature_fields(scope["headers"])
    signed = read_signature(scope["method"], signed_path(scope), fields, body, in_session=True, hosts=hosts)
    return message_of(signed, await sessions.find(signed.key_id))


def signed_path(scope: HTTPScope) -> str:
    """The path of a signed message. Raises Problem(BAD_SIGNATURE) for a query, which no signature of ours covers, and
    for any other spelling of the route's path: percent-encoding, more slashes, a whole URL, 007 for 7.
    """
    if scope["query_string"]:
        raise Problem(BAD_SIGNATURE, "terminals.query_in_path")
    return plain_path(scope)


def plain_path(scope: HTTPScope) -> str:
    """The path alone, in the one spelling of ``signed_path``; raises Problem(BAD_SIGNATURE)."""
    path = scope["path"]
    numbers = Counter(str(value) for value in scope["path_params"].values() if isinstance(value, int))
    if scope["raw_path"] != path.encode() or not numbers <= Counter(path.split("/")):
        raise Problem(BAD_SIGNATURE, "terminals.path_spelling")
    return path


def message_of(signed: SignedRequest, session: Session, now: float | None = None) -> TerminalMessage:
    """The message that this session's terminal signed; raises Problem BAD_SIGNATURE or OUT_OF_TIME.

    ``now``: seconds since 1970; None for this machine's clock.
    """
    check_request(signed, hmac_verifier(session.mac), time.time() if now is None else now)
    numbers = _REQUEST_ID.fullmatch(signed.request_id)
    if numbers is None:
        raise Problem(BAD_SIGNATURE, "terminals.request_number_malformed")
    key = RequestKey(session.terminal_id, int(numbers[1]), int(numbers[2]))
    if key.sequence > 2**53 - 1:
        raise Problem(BAD_SIGNATURE, "terminals.sequence_too_large")
    return TerminalMessage(session, key, signed)


def check_epoch(message: TerminalMessage) -> None:
    """Raise Problem(EPOCH_WRONG) for an epoch to come.

    A number of an epoch that is over gets its first answer; the ledger refuses a new one there.
    """
    if message.key.epoch > message.session.epoch:
        raise Problem(EPOCH_WRONG, "terminals.epoch", epoch=message.session.epoch)


def signed_fields(message: TerminalMessage, status: int, body: bytes, block_list: BlockListVersion) -> dict[str, str]:
    """The header fields that sign an answer to a session's message."""
    session = message.session
    return sign_answer(
        message.signed,
        status,
        body,
        block_list=block_list.current,
        created=int(time.time()),
        key_id=session.session_id,
        sign=session.mac,
    )


class SigningSend:
    """Holds an answer until its body is complete, then sends it signed."""

    def __init__(self, message: TerminalMessage, send: Send, block_list: BlockListVersion) -> None:
        self._message = message
        self._send = send
        self._block_list = block_list
        self._start: HTTPResponseStartEvent | None = None
        self._body = b""

    async def __call__(self, event: Message) -> None:
        """Handle one ASGI event of the answer."""
        if event["type"] == "http.response.start":
            self._start = event
            return
        if event["type"] != "http.response.body" or self._start is None:
            await self._send(event)
            return
        self._body += event["body"]
        if event["more_body"]:
            return
        fields = signed_fields(self._message, self._start["status"], self._body, self._block_list)
        self._start["headers"] = [
            *self._start["headers"],
            *((name.encode(), value.encode()) for name, value in fields.items()),
        ]
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body, "more_body": False})
