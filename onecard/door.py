"""The door for charges: one ASGI layer that takes them straight to the counter, past the framework.

At the peak the framework's general machinery (routing, injection, response objects) costs more than the payment
itself (docs/performance.md has the figures). The functions behind this door are those of the documented route in
``terminals/routes.py``; the tests send the same messages through both and compare.
"""

import structlog
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import json

from onecard.metrics import REQUESTS
from onecard.problems import JSON_PROBLEM, problem_headers, problem_of
from onecard.wall import SECURITY_HEADERS
from registry.errors import Problem
from registry.wire import TypedReader
from terminals.acceptance import take_charge
from terminals.messages import authenticate, signature_fields, signed_fields
from terminals.schemas import ChargeMessage
from terminals.signatures import SignedRequest

log = structlog.get_logger()

CHARGES = "/terminal/charges"

_reader = TypedReader(ChargeMessage)
_encoder = json.Encoder()
_SECURITY = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_JSON = [(b"content-type", b"application/json"), *_SECURITY]
_ANSWERED = REQUESTS.labels("200")


class ChargeDoor:
    """Answers charges; everything else goes on to ``others``."""

    def __init__(self, app: Litestar, others: ASGIApp) -> None:
        self._state = app.state
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a charge, or pass on."""
        if scope["type"] != ScopeType.HTTP or scope["path"] != CHARGES or scope["method"] != "POST":
            await self._others(scope, receive, send)
            return
        state = self._state
        signed: SignedRequest | None = None
        try:
            body = await state.slow_bodies.read(receive)
            signed, message = await authenticate(scope, signature_fields(scope), body, state.terminal_sessions)
            answer = _encoder.encode(await take_charge(message, _reader.read(body), state))
            status, headers = 200, [*_JSON]
            _ANSWERED.inc()
        except Exception as error:
            problem = problem_of(error)
            status, answer, headers = problem.kind.status, json.encode(problem.document()), _headers_of(problem)
            REQUESTS.labels(str(status)).inc()
            log.info("request", method="POST", path=CHARGES, status=status, problem=str(problem))
        headers.append((b"content-length", b"%d" % len(answer)))
        if signed is not None:
            headers += signed_fields(signed, status, answer, state.block_list, message.session)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer, "more_body": False})


def _headers_of(problem: Problem) -> list[tuple[bytes, bytes]]:
    fields = {"content-type": JSON_PROBLEM, **problem_headers(problem)}
    return [*_SECURITY, *((name.encode(), value.encode()) for name, value in fields.items())]
