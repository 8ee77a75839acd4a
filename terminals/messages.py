"""Authenticating what terminals send, and signing every answer: one ASGI layer around the terminal routes.

The routes inside see a checked message in ``request.auth`` and know nothing of signatures. Problems that they raise
are answers too, and leave signed; only what fails authentication itself is answered without a signature.
"""

import re
import time
from collections.abc import Iterable
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send
from msgspec import Struct

from foundation.problems import Problem
from settlement.charging import RequestKey
from terminals.blocking import BlockListVersion
from terminals.errors import BAD_SIGNATURE, EPOCH_WRONG
from terminals.sessions import Session, SessionStore
from terminals.signatures import (
    SignedRequest,
    check_request,
    hmac_verifier,
    read_signature,
    sign_answer,
)

_REQUEST_ID = re.compile(r"([1-9]\d{0,9})/([1-9]\d{0,15})")


class TerminalMessage(Struct, frozen=True):
    """An authenticated message: who sent it, under which numbers, and the SHA-256 of its body."""

    session: Session
    key: RequestKey
    digest: bytes


async def whole_body(receive: Receive) -> bytes:
    """The request's body; its size and time are bounded by the door in front."""
    parts: list[bytes] = []
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise Problem(BAD_SIGNATURE, "the message is not whole")
        parts.append(event.get("body", b""))
        if not event.get("more_body"):
            return b"".join(parts)


def header_fields(scope: Scope) -> dict[str, str]:
    """Header fields by lower-case name; a field that stands twice is joined (RFC 9110 section 5.2)."""
    fields: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


SIGNATURE_FIELDS = frozenset({b"signature-input", b"signature", b"content-digest", b"onecard-request"})


def signature_fields(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Those header fields alone that a signature needs (their names come in lower case from the server)."""
    fields: dict[str, str] = {}
    for raw_name, raw_value in headers:
        if raw_name in SIGNATURE_FIELDS:
            name, value = raw_name.decode(), raw_value.decode("latin-1")
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


class SignedMessages:
    """The layer around the routes of a session."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the signature, run the route, sign its answer."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        state = scope["litestar_app"].state
        body = await whole_body(receive)
        signed, message = await authenticate(
            scope["method"],
            scope["path"],
            scope["query_string"],
            signature_fields(scope["headers"]),
            body,
            state.terminal_sessions,
        )
        scope["auth"] = message

        async def replay() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        signing = SigningSend(signed, send, state.block_list, message.session)
        await self._app(scope, replay, signing)


async def authenticate(
    method: str, path: str, query: bytes, headers: dict[str, str], body: bytes, sessions: SessionStore
) -> tuple[SignedRequest, TerminalMessage]:
    """Check a session's message; raises Problem BAD_SIGNATURE, OUT_OF_TIME, SESSION_ENDED or EPOCH_WRONG."""
    if query:
        raise Problem(BAD_SIGNATURE, "a signed path has no query")
    signed = read_signature(method, path, headers, body, in_session=True)
    return signed, message_of(signed, await sessions.find(signed.key_id))


def message_of(signed: SignedRequest, session: Session) -> TerminalMessage:
    """The message that this session's terminal signed; raises Problem BAD_SIGNATURE, OUT_OF_TIME or EPOCH_WRONG."""
    check_request(signed, hmac_verifier(session.mac), time.time())
    numbers = _REQUEST_ID.fullmatch(signed.request_id)
    if numbers is None:
        raise Problem(BAD_SIGNATURE, "Onecard-Request is not epoch/sequence")
    key = RequestKey(session.terminal_id, int(numbers[1]), int(numbers[2]))
    if key.epoch != session.epoch:
        raise Problem(EPOCH_WRONG, f"the terminal's epoch is {session.epoch}")
    if key.sequence > 2**53 - 1:
        raise Problem(BAD_SIGNATURE, "the sequence number is above 2^53 - 1")
    return TerminalMessage(session, key, signed.body_digest)


def signed_fields(
    signed: SignedRequest, status: int, body: bytes, block_list: BlockListVersion, session: Session
) -> dict[str, str]:
    """The header fields that sign an answer to a session's message."""
    return sign_answer(
        signed,
        status,
        body,
        block_list=block_list.current,
        created=int(time.time()),
        key_id=session.session_id,
        sign=session.mac,
    )


class SigningSend:
    """Holds an answer back until its body is complete, then sends it signed."""

    def __init__(self, signed: SignedRequest, send: Send, block_list: BlockListVersion, session: Session) -> None:
        self._signed = signed
        self._send = send
        self._block_list = block_list
        self._session = session
        self._start: HTTPResponseStartEvent | None = None
        self._body = b""

    async def __call__(self, event: Message) -> None:
        """Take one ASGI event of the answer."""
        if event["type"] == "http.response.start":
            self._start = event
            return
        if event["type"] != "http.response.body" or self._start is None:
            await self._send(event)
            return
        self._body += event["body"]
        if event["more_body"]:
            return
        fields = signed_fields(self._signed, self._start["status"], self._body, self._block_list, self._session)
        self._start["headers"] = [
            *self._start["headers"],
            *((name.encode(), value.encode()) for name, value in fields.items()),
        ]
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body, "more_body": False})
