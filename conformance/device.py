"""Terminals and phones that a run plays: their keys, their numbers, and every message that they can sign."""

import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import json as wire

from conformance.wire import Came, Line, Sent, encoded
from settlement.shifts import chain_head
from terminals import cards
from terminals.devices import SoftwareCard
from terminals.phone_keys import PrivateKey, algorithm_of, phone_signer
from terminals.schemas import EnrolmentSlip, Parameters, SignedOn, to_bytes, to_text
from terminals.sessions import SUITE, agree_key
from terminals.signatures import PROTOCOL, Signer, ed25519_verifier, hmac_signer, hmac_verifier, sign_request

DEVICE = {"software": "onecard conformance", "model": "suite", "serial": "0"}


class Session:
    """A session that was agreed on."""

    def __init__(self, answer: SignedOn, key: bytes) -> None:
        self.session_id, self.epoch, self.mac = answer.session_id, answer.epoch, hmac_signer(key)


class Device:
    """A till or a scale."""

    def __init__(self, line: Line, slip: EnrolmentSlip) -> None:
        self.line, self.slip = line, slip
        self.key = Ed25519PrivateKey.generate()
        self.terminal_id = 0
        self.centre_key = slip.centre_key
        self._centre_keys = {slip.centre_key: to_bytes(slip.centre_public_key)}
        self.session: Session | None = None
        self.parameters: Parameters | None = None
        self.parameters_version = ""
        self._sequence = 0
        self._ahead_s = 0.0

    def now(self) -> int:
        """The centre's time."""
        return int(time.time() + self._ahead_s)

    @property
    def open_session(self) -> Session:
        """The session, which there is."""
        assert self.session is not None
        return self.session

    # Messages outside a session

    def opening(
        self,
        path: str,
        message: Any,
        *,
        key: Ed25519PrivateKey | None = None,
        key_id: str | None = None,
        created: int | None = None,
        centre_key: int | None = None,
    ) -> Sent:
        """A message that a key signs: the terminal's, unless another is given. ``message``: members, or the bytes."""
        body = message if isinstance(message, bytes) else encoded(message)
        fields = sign_request(
            "POST", path, body, authority=self.line.authority, created=self.now() if created is None else created,
            key_id=str(self.terminal_id) if key_id is None else key_id, sign=(key or self.key).sign,
        )  # fmt: skip
        version = self.centre_key if centre_key is None else centre_key
        return Sent("POST", path, fields, body, f"centre-{version}", ed25519_verifier(self._centre_keys[version]))

    def enrolment(self, key: Ed25519PrivateKey | None = None, **changes: Any) -> Sent:
        """The redeeming of the slip."""
        key = key or self.key
        message = {
            "enrolment_id": self.slip.enrolment_id,
            "code": self.slip.code,
            "public_key": to_text(key.public_key().public_bytes_raw()),
            "centre_key": self.centre_key,
        }
        return self.opening("/terminal/enrolments", message | changes, key=key, key_id="enrolment")

    def sign_on_message(self, **changes: Any) -> dict[str, Any]:
        """The members of a sign-on with a fresh ephemeral key."""
        public = to_text(X25519PrivateKey.generate().public_key().public_bytes_raw())
        message = {
            "suite": SUITE,
            "protocols": [PROTOCOL],
            "terminal_id": self.terminal_id,
            "ephemeral": public,
            "centre_key": self.centre_key,
            "device": DEVICE,
        }
        return message | changes

    def sign_on(self, **changes: Any) -> Sent:
        """A sign-on whose session nobody can use."""
        return self.opening("/terminal/sessions", self.sign_on_message(**changes))

    def begin_session(self) -> tuple[Sent, Came]:
        """Sign on, and use the session if it was opened."""
        ours = X25519PrivateKey.generate()
        sent = self.sign_on(ephemeral=to_text(ours.public_key().public_bytes_raw()))
        came = self.line.ask(sent)
        if came.status == 201:
            answer = wire.decode(came.body, type=SignedOn)
            self.session = Session(answer, agree_key(ours, to_bytes(answer.ephemeral), sent.body, came.body))
            self._sequence = max(self._sequence, answer.highest_sequence)
            self._ahead_s = answer.centre_time - time.time()
            self.parameters, self.parameters_version = answer.parameters, answer.parameters_version
            for key in answer.parameters.centre_keys:
                self._centre_keys[key.version] = to_bytes(key.public_key)
        return sent, came

    def closing(self, shift: int, last: int, **changes: Any) -> dict[str, Any]:
        """The members of a closing of a shift that took nothing."""
        now, epoch = self.now(), self.open_session.epoch
        message: dict[str, Any] = {"terminal_id": self.terminal_id, "epoch": epoch, "shift": shift}
        message |= {"last_sequence": last, "cashier": "c-07", "drawer": "1", "opened_at": now, "closed_at": now}
        head = to_text(chain_head(self.terminal_id, epoch, shift, []))
        return message | {"unknown": 0, "days": [], "journal_head": head, "centre_key": self.centre_key} | changes

    # Messages of the session

    def next_number(self) -> int:
        """The next number."""
        self._sequence += 1
        return self._sequence

    def in_session(
        self,
        method: str,
        path: str,
        message: Any = None,
        number: int | None = None,
        *,
        session: Session | None = None,
        request_id: str | None = None,
        created: int | None = None,
    ) -> Sent:
        """A message of the session, under the next number unless one is given."""
        session = session or self.open_session
        body = b"" if message is None else message if isinstance(message, bytes) else encoded(message)
        if request_id is None:
            request_id = f"{session.epoch}/{self.next_number() if number is None else number}"
        fields = sign_request(
            method, path, body, authority=self.line.authority, request_id=request_id,
            created=self.now() if created is None else created, key_id=session.session_id, sign=session.mac,
        )  # fmt: skip
        return Sent(method, path, fields, body, session.session_id, hmac_verifier(session.mac))

    def charge(self, message: dict[str, Any], number: int | None = None) -> Sent:
        """A charge."""
        return self.in_session("POST", "/terminal/charges", message, number)

    def void(self, target: int, number: int | None = None) -> Sent:
        """A void of a number of this epoch."""
        message = {"target_epoch": self.open_session.epoch, "target_sequence": target}
        return self.in_session("POST", "/terminal/voids", message, number)

    def paying(self, meal: str, amount_fen: int | None = None, purchased_at: int | None = None) -> dict[str, Any]:
        """What is to be paid, without a card or code."""
        message: dict[str, Any] = {"meal": meal, "purchased_at": self.now() if purchased_at is None else purchased_at}
        return message if amount_fen is None else message | {"amount_fen": amount_fen}

    def tapped(
        self, card: SoftwareCard, number: int, payment: dict[str, Any], *, counter: int | None = None
    ) -> dict[str, Any]:
        """The payment with the card's answer for it. ``counter``: the card answers under this one."""
        assert self.parameters is not None
        session = self.open_session
        bound = cards.binding(
            self.parameters.canteen.canteen_id, payment["meal"], payment["purchased_at"], payment.get("amount_fen"),
            payment.get("working_meal", False),
        )  # fmt: skip
        if counter is not None:
            card.counter = counter - 1
        counted, mac = card.tap().respond(cards.challenge(session.mac, session.epoch, number, bound))
        file = {name: getattr(card.file, name) for name in card.file.__struct_fields__}
        answer = {"uid": card.uid.hex(), **file, "counter": counted, "session_id": session.session_id}
        return payment | {"card": answer | {"mac": to_text(mac)}}


def phone_message(line: Line, path: str, message: Any, key: PrivateKey, *, sign: Signer | None = None) -> Sent:
    """A message of a phone; nobody signs its answer. ``sign``: another way to sign than the key's own."""
    body = message if isinstance(message, bytes) else encoded(message)
    fields = sign_request(
        "POST", path, body, authority=line.authority, created=int(time.time()), key_id="phone",
        sign=sign or phone_signer(key), algorithm=algorithm_of(key),
    )  # fmt: skip
    return Sent("POST", path, fields, body)
