"""The maker's side of the fake centre: slips, cards and phones that play themselves, switches of faults.

These paths are no part of the protocol, and nobody signs there. The server listens on a loopback address only, and the
desk answers no web page of another origin.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Meta, json

from conformance.fake.centre import FakeCentre
from conformance.fake.messages import Seen
from conformance.fake.town import BOOK, CANTEEN, HOME, VISITORS, Activation, Cashier, IssuedCard, Phone, Slip
from conformance.faults import Fault, Faults
from conformance.http_server import Answer, Request, Server, is_loopback, problem_answer
from conformance.kit import HOME_CARDS, PAIRS_OF_PHONES
from foundation.catalogue import Explained
from foundation.codes import picture
from foundation.messages import Message
from foundation.problems import INVALID, NOT_ALLOWED, NOT_FOUND, Problem
from foundation.strict_json import as_type, read_json
from terminals import qr, short_codes
from terminals.devices import LIMIT_FEN, Tap
from terminals.phone_keys import phone_key_of
from terminals.schemas import EnrolmentSlip, to_bytes, to_text


class AskTap(Message):
    """A card is held to the reader: its answer to this challenge (22 characters of base64url)."""

    challenge: str
    card: int | None = None


class AskFault(Message):
    """A fault is switched."""

    fault: str
    when: str = "once"
    path: str = "/"


class AskBlock(Message):
    """A card or phone is blocked, or its block lifted."""

    credential_id: int
    blocked: bool = True


class AskSlip(Message):
    """Another slip; of a terminal that it replaces the epoch is over once it is redeemed."""

    kind: Annotated[str, Meta(pattern="^(till|scale)$")] = "till"
    replaces_terminal_id: int | None = None


class AskRevocation(Message):
    """A terminal is revoked."""

    terminal_id: int


class AskCashiers(Message):
    """Whether the canteen's tills need a cashier."""

    required: bool


class DeskPhone:
    """The phone that the desk plays."""

    def __init__(self, phone: Phone, key: Ed25519PrivateKey, certificate: bytes, reference: bytes) -> None:
        self.phone, self.key, self.certificate, self.reference = phone, key, certificate, reference
        self.counter = 0

    def code(self, *, is_long: bool, canteen_id: int | None, limit_fen: int | None) -> str:
        """A fresh code."""
        self.counter += 1
        token = qr.Token(int(time.time()), self.counter, canteen_id, limit_fen)
        if is_long:
            return qr.make_code(self.certificate, self.key, token)
        return short_codes.make_short_code(self.reference, self.key, token)


class Desk:
    """The fake centre with what stands around it on a maker's desk."""

    def __init__(self, faults: Faults | None = None, tell: Callable[[Seen], None] = lambda _: None) -> None:
        self.faults = faults or Faults()
        self.centre = FakeCentre(self.faults, tell)
        town = self.town = self.centre.town
        self.slip = town.slip()
        self.scale_slip = town.slip("scale")
        self.home_card = town.card(town.holder())
        self.visitor_card = town.card(town.holder(VISITORS, working_meals=1))
        self.activation = town.activation(town.holder())
        self.cashier = town.cashier()
        self._phone: DeskPhone | None = None
        self._server: Server | None = None

    async def start(self, port: int = 0) -> int:
        """Serve on a loopback port, which is returned. Raises OSError."""
        self._server = Server(self._handle, port)
        return await self._server.start()

    def close(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.close()

    async def _handle(self, request: Request) -> Answer:
        path = request.target.partition("?")[0]
        if path == "/" or path.startswith("/desk"):
            try:
                _refuse_web_pages(request)
                return self._at_the_desk(request)
            except Problem as problem:
                return problem_answer(problem)
        answer, late_s = self.centre.answer(request)
        await asyncio.sleep(late_s)
        return answer

    def _at_the_desk(self, request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        handle = PATHS.get((request.method, path))
        if handle is not None:
            return _json(handle(self, request))
        if request.method == "GET" and path == "/desk/code.svg":
            code = self.code("long" in query)["code"]
            return Answer(200, {"content-type": "image/svg+xml"}, picture(str(code)))
        if request.method in ("GET", "POST") and path.startswith("/desk/pay/"):
            try:
                paid = self.centre.pay(UUID(path.removeprefix("/desk/pay/")))
            except ValueError:
                paid = False
            if paid:
                return _json({"paid": True})
        raise Problem(NOT_FOUND)

    # What a maker needs to begin

    def begin(self, _: Request | None = None) -> dict[str, Any]:
        """Slip, cards, a phone's activation; where the rest is."""
        return {
            "slip": self.slip_shown(self.slip),
            "scale_slip": self.slip_shown(self.scale_slip),
            "cards": [_card_shown(one) for one in (self.home_card, self.visitor_card)],
            "phone_activation": _activation_shown(self.activation),
            "cashier": _cashier_shown(self.cashier),
            "canteen": {"book": BOOK, "canteen_id": CANTEEN, "agency_id": HOME},
            "faults": self.faults.shown(),
            "all_faults": list(Fault),
            "paths": [f"{method} {path}" for method, path in PATHS] + ["GET /desk/code.svg", "GET /desk/pay/ORDER"],
            "messages": list(self.centre.seen)[-20:],
        }

    def slip_shown(self, slip: Slip) -> EnrolmentSlip:
        """The slip as the console gives it out."""
        keys = self.town.keys
        version = keys.centre_version
        public = to_text(keys.public_key(version))
        return EnrolmentSlip(slip.enrolment_id, slip.code, version, public, slip.expires_at)

    def another_slip(self, request: Request) -> EnrolmentSlip:
        """Another slip."""
        asked = _read(request, AskSlip)
        replaced = None
        if asked.replaces_terminal_id is not None:
            replaced = self.town.terminals.get(asked.replaces_terminal_id)
            if replaced is None:
                raise Problem(NOT_FOUND)
        return self.slip_shown(self.town.slip(asked.kind, replaced))

    def revoke(self, request: Request) -> dict[str, int]:
        """Revoke a terminal."""
        asked = _read(request, AskRevocation)
        if asked.terminal_id not in self.town.terminals:
            raise Problem(NOT_FOUND)
        self.centre.revoke(asked.terminal_id)
        return {"revoked": asked.terminal_id}

    def kit(self, _: Request | None = None) -> dict[str, Any]:
        """Everything fresh that ``onecard conformance`` needs (``conformance/kit.py``)."""
        town = self.town
        cards = {
            "home": [town.card(town.holder()) for _ in range(HOME_CARDS)],
            "visitor": [town.card(town.holder(VISITORS)) for _ in range(2)],
            "poor": [town.card(town.holder(cash_fen=0))],
        }
        return {
            "till_slips": [self.slip_shown(town.slip()) for _ in range(2)],
            "scale_slip": self.slip_shown(town.slip("scale")),
            "cards": {name: [card.for_the_personaliser() for card in some] for name, some in cards.items()},
            "cashiers": [_cashier_shown(town.cashier(may_void=may_void)) for may_void in (True, False, True)],
            "activations": [_activation_shown(town.activation(town.holder())) for _ in range(2 * PAIRS_OF_PHONES)],
        }

    # A card and a phone that play themselves

    def tap(self, request: Request) -> dict[str, Any]:
        """Hold a card to the reader."""
        asked = _read(request, AskTap)
        challenge = to_bytes(asked.challenge)
        if len(challenge) != 16:
            raise Problem(INVALID)
        card = self.home_card if asked.card is None else self.town.cards.get(asked.card)
        if card is None:
            raise Problem(NOT_FOUND)
        counter, mac = Tap(card.card).respond(challenge)
        shown = _card_shown(card)
        return {name: shown[name] for name in shown if name != "key"} | {"counter": counter, "mac": to_text(mac)}

    def code(self, is_long: bool) -> dict[str, str | int]:
        """A fresh code of the desk's phone: for this canteen, of at most a hundred yuan."""
        if self._phone is None:
            self._phone = self._activated()
        if self._phone.phone.credential.state != "active":
            self._phone = self._activated()
        code = self._phone.code(is_long=is_long, canteen_id=CANTEEN, limit_fen=LIMIT_FEN)
        return {"code": code, "credential_id": self._phone.phone.credential.credential_id}

    def _activated(self) -> DeskPhone:
        town, key = self.town, Ed25519PrivateKey.generate()
        credential = town.credential(town.holder(), "phone")
        phone = town.phones[credential.credential_id] = Phone(credential, phone_key_of(key))
        issued = self.centre.certificate_of(phone)
        return DeskPhone(phone, key, to_bytes(issued.certificate), to_bytes(issued.reference))

    # Switches

    def show_faults(self, _: Request) -> dict[str, Any]:
        """Which faults are on."""
        return self.faults.shown()

    def switch(self, request: Request) -> dict[str, Any]:
        """Switch a fault."""
        asked = _read(request, AskFault)
        try:
            self.faults.set(asked.fault, asked.when, asked.path)
        except Explained as error:
            raise Problem(INVALID, error.code, **error.params) from None
        return self.faults.shown()

    def clear(self, _: Request) -> dict[str, Any]:
        """Switch all faults off."""
        self.faults.switches.clear()
        return {}

    def block(self, request: Request) -> dict[str, Any]:
        """Block a card or phone, or lift its block."""
        asked = _read(request, AskBlock)
        if asked.credential_id not in self.town.credentials:
            raise Problem(NOT_FOUND)
        self.town.block(asked.credential_id, blocked=asked.blocked)
        return {"block_list_version": len(self.town.block_list)}

    def require_cashiers(self, request: Request) -> dict[str, bool]:
        """Let the canteen's tills need a cashier, or none."""
        required = bool(_read(request, AskCashiers).required)
        self.town.cashiers_required_at = datetime.now(UTC) if required else None
        return {"required": required}

    def messages(self, _: Request) -> list[Seen]:
        """The latest messages, and what was checked of each."""
        return list(self.centre.seen)


PATHS: dict[tuple[str, str], Callable[[Desk, Request], Any]] = {
    ("GET", "/"): Desk.begin,
    ("GET", "/desk"): Desk.begin,
    ("GET", "/desk/kit"): Desk.kit,
    ("GET", "/desk/messages"): Desk.messages,
    ("GET", "/desk/code"): lambda desk, request: desk.code("long" in request.target.partition("?")[2]),
    ("POST", "/desk/taps"): Desk.tap,
    ("POST", "/desk/slips"): Desk.another_slip,
    ("POST", "/desk/revocations"): Desk.revoke,
    ("POST", "/desk/blocks"): Desk.block,
    ("POST", "/desk/cashiers-required"): Desk.require_cashiers,
    ("GET", "/desk/faults"): Desk.show_faults,
    ("POST", "/desk/faults"): Desk.switch,
    ("DELETE", "/desk/faults"): Desk.clear,
}


def _refuse_web_pages(request: Request) -> None:
    """Raises Problem for a page of another origin, or of a name that was made to mean this machine (DNS rebinding)."""
    host, origin = request.field("host"), request.field("origin")
    if not is_loopback(host) or origin not in ("", f"http://{host}"):
        raise Problem(NOT_ALLOWED, "conformance.desk.other_origin")


def _read(request: Request, kind: type[Any]) -> Any:
    return as_type(read_json(request.body or b"{}"), kind)


def _json(value: Any) -> Answer:
    return Answer(200, {"content-type": "application/json"}, json.format(json.encode(value), indent=2))


def _card_shown(card: IssuedCard) -> dict[str, Any]:
    return card.for_the_personaliser()


def _cashier_shown(cashier: Cashier) -> dict[str, Any]:
    return {"number": cashier.number, "pin": cashier.pin, "may_void": cashier.may_void}


def _activation_shown(activation: Activation) -> dict[str, Any]:
    return {"activation_id": activation.activation_id, "code": activation.code}
