"""The way of a message through the fake centre: faults, who sent it, the signed answer, and the log."""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from typing import Any, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct, json

from conformance.fake.ledger import Ledger
from conformance.fake.town import Town
from conformance.faults import Fault, Faults, alter_body, break_signature, strip_signature
from conformance.http_server import Answer, Dropped, Request, problem_answer
from foundation.problem_responses import problem_of, rendered
from foundation.problems import INTERNAL, INVALID, Problem
from foundation.rates import RateLimit
from foundation.strict_json import as_type, read_json
from settlement.errors import BUSY
from settlement.schemas import TopUpOrder
from terminals import qr
from terminals.errors import BAD_SIGNATURE, CENTRE_KEY_UNKNOWN, ENROLMENT_REFUSED, EPOCH_WRONG, SESSION_ENDED
from terminals.messages import TerminalMessage, check_epoch, message_of, signature_fields
from terminals.models import Terminal
from terminals.sessions import Session
from terminals.signatures import (
    SignedRequest,
    Signer,
    Verifier,
    check_request,
    ed25519_verifier,
    read_signature,
    sign_answer,
)
from waste.weighing.schemas import ScaleWeighIn

NOBODYS_KEY = Ed25519PrivateKey.generate().public_key().public_bytes_raw()

_CHANGES = {Fault.UNSIGNED: strip_signature, Fault.WRONG_SIGNATURE: break_signature, Fault.ALTERED_BODY: alter_body}

T = TypeVar("T")


class Seen(Struct):
    """What became of a message: for the maker, a line each."""

    at: str
    """UTC."""
    method: str
    path: str
    number: str
    status: int
    result: str
    checked: list[str]
    faults: list[str]
    reason: str = ""
    """What is wrong, where a message is refused with a problem."""
    base: str = ""
    """The signature base as it was computed, where the signature does not fit it: no real centre shows it."""


class Work(Struct):
    """A message on its way: what was checked, and how its answer is signed once its sender is known."""

    request: Request
    checked: list[str]
    faults: list[str]
    read: SignedRequest | None = None
    """The signed parts as they were read, not checked yet."""
    reason: str = ""
    base: str = ""
    signed: SignedRequest | None = None
    key_id: str = ""
    sign: Signer | None = None
    status: int = 200


class Messages:
    """What the fake centre's calls stand on. ``seen``: the latest messages; ``tell``: called with each."""

    def __init__(self, faults: Faults, tell: Callable[[Seen], None] = lambda _: None) -> None:
        self.town = Town()
        self.ledger = Ledger()
        self.ledger.credentials = self.town.credentials
        self.faults = faults
        self.seen: deque[Seen] = deque(maxlen=200)
        self._tell = tell
        self._sessions: dict[str, Session] = {}
        self._ended: dict[str, float] = {}
        """Sessions that are over, and when their end is known, on the monotonic clock."""
        self._ephemerals: set[str] = set()
        self._references: dict[bytes, qr.Holder] = {}
        self._weigh_ins: dict[UUID, ScaleWeighIn] = {}
        self._top_ups: dict[tuple[int, UUID], TopUpOrder] = {}
        self._wrong_codes = RateLimit(30)
        self._answered: Answer | None = None
        self._skew_s = 0

    def now(self) -> float:
        """The centre's time, seconds since 1970."""
        return time.time() + self._skew_s

    def answer(self, request: Request) -> tuple[Answer, float]:
        """The answer to a message, faults included, and how many seconds late it is to be sent.

        Raises Dropped: the connection is to be cut.
        """
        work = Work(request, [], [])
        try:
            answer = self._with_faults(work)
        except Dropped:
            self._note(work, Answer(0))
            raise
        late_s = self.faults.late_s if self._strikes(work, Fault.LATE) else 0.0
        self._note(work, answer)
        return answer, late_s

    def _strikes(self, work: Work, fault: Fault) -> bool:
        strikes = self.faults.strikes(fault, work.request.target)
        if strikes:
            work.faults.append(fault)
        return strikes

    def _with_faults(self, work: Work) -> Answer:
        """Answer; what goes wrong on the way to the centre, at it, and on the way back."""
        if self._strikes(work, Fault.DROP_REQUEST):
            raise Dropped
        if self._strikes(work, Fault.BUSY):
            return problem_answer(Problem(BUSY, retry_after_s=2))
        self._skew_s = self.faults.skew_s if self._strikes(work, Fault.SKEWED_CLOCK) else 0
        if self._strikes(work, Fault.CHANGED_PRICES):
            self.town.extra_fen += 100
        if self._strikes(work, Fault.ANNOUNCED_KEY):
            self.town.add_key(30, 3_600)
        if self._strikes(work, Fault.ROTATED_KEY):
            self.town.add_key(0, 3_600)
        answer = self._answer(work)
        before, self._answered = self._answered, answer
        if before is not None and self._strikes(work, Fault.REPLAY):
            answer = before
        for fault, change in _CHANGES.items():
            if self._strikes(work, fault):
                answer = change(answer)
        if self._strikes(work, Fault.DROP_ANSWER):
            raise Dropped
        return answer

    def _answer(self, work: Work) -> Answer:
        try:
            body = json.encode(self._run(work))
            status, fields = work.status, {"content-type": "application/json"}
            if self._strikes(work, Fault.ERROR):
                raise Problem(INTERNAL)
        except Exception as error:
            problem = problem_of(error)
            status, fields, body = rendered(problem, None)
            work.reason = str(json.decode(body)["detail"])
            if problem.code == "terminals.signature_wrong" and work.read is not None:
                work.base = work.read.base().decode()
        if work.signed is not None and work.sign is not None:
            fields = fields | sign_answer(
                work.signed, status, body, block_list=len(self.town.block_list), created=int(self.now()),
                key_id=work.key_id, sign=work.sign,
            )  # fmt: skip
        return Answer(status, fields, body)

    def _note(self, work: Work, answer: Answer) -> None:
        result = ""
        if answer.body:
            said = json.decode(answer.body)
            if isinstance(said, dict):
                kind = str(said.get("type", "")).rsplit("/", 1)[-1]
                result = str(said.get("outcome") or kind)
                result += f" {said['reason']}" if "reason" in said else ""
        request = work.request
        seen = Seen(
            datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), request.method, request.target,
            request.field("onecard-request"), answer.status, result, work.checked, work.faults, work.reason, work.base,
        )  # fmt: skip
        self.seen.append(seen)
        self._tell(seen)

    def _run(self, work: Work) -> Any:
        """What a message is answered; raises Problem."""
        raise NotImplementedError

    # Who sent it

    def _read(self, work: Work, kind: type[T]) -> T:
        message = as_type(read_json(work.request.body), kind)
        work.checked.append("body")
        return message

    def _check(self, work: Work, verify: Verifier, key_id: str, algorithm: str = "ed25519") -> SignedRequest:
        """Check the signature of a message outside a session; raises Problem."""
        request = work.request
        fields = signature_fields(request.fields)
        signed = work.read = read_signature(
            request.method, request.target, fields, request.body, in_session=False, opening_algorithm=algorithm
        )
        work.checked += ["tag", "content-digest"]
        if signed.key_id != key_id:
            raise Problem(BAD_SIGNATURE, "terminals.keyid", key_id=key_id)
        check_request(signed, verify, self.now())
        work.checked += ["signature", "created"]
        return signed

    def _sign_as_centre(self, work: Work, signed: SignedRequest, version: int) -> None:
        """Have the answer signed by a version of the centre's key. Raises Problem(CENTRE_KEY_UNKNOWN)."""
        keys = self.town.keys
        key = keys.signing_key(version)
        used = version if key is not None else keys.centre_version
        work.signed, work.key_id, work.sign = signed, f"centre-{used}", (key or keys.centre_signing_key).sign
        if key is None:
            raise Problem(CENTRE_KEY_UNKNOWN, "terminals.centre_key", version=used)
        work.checked.append("centre_key")

    def _terminal_of(self, work: Work, terminal_id: int) -> tuple[SignedRequest, Terminal]:
        """The terminal whose own key signed a message; raises Problem."""
        terminal = self.town.terminals.get(terminal_id)
        if terminal is not None and terminal.state != "active":
            terminal = None
        key = NOBODYS_KEY if terminal is None else terminal.public_key
        signed = self._check(work, ed25519_verifier(key), str(terminal_id))
        assert terminal is not None
        return signed, terminal

    def _message(self, work: Work) -> TerminalMessage:
        """The message of a session; raises Problem, after which the answer is signed if the sender is known."""
        request = work.request
        fields = signature_fields(request.fields)
        signed = work.read = read_signature(request.method, request.target, fields, request.body, in_session=True)
        work.checked += ["tag", "content-digest"]
        session = self._sessions.get(signed.key_id)
        if session is None:
            raise Problem(BAD_SIGNATURE, "terminals.session_unknown")
        if self._strikes(work, Fault.SESSION_ENDED):
            self._ended[session.session_id] = 0
        known_at = self._ended.get(session.session_id, inf)
        if known_at <= time.monotonic() or session.expires_at <= datetime.now(UTC):
            raise Problem(SESSION_ENDED)
        message = message_of(signed, session, self.now())
        work.checked += ["signature", "created"]
        work.signed, work.key_id, work.sign = signed, session.session_id, session.mac
        if self._strikes(work, Fault.EPOCH_WRONG):
            raise Problem(EPOCH_WRONG, "terminals.epoch", epoch=session.epoch)
        check_epoch(message)
        work.checked.append("epoch")
        return message

    def _is_in_use(self, message: TerminalMessage) -> bool:
        terminal = self.town.terminals[message.session.terminal_id]
        return terminal.state == "active" and terminal.epoch == message.key.epoch

    def end_sessions(self, terminal_id: int, known_after_s: float = 0) -> None:
        """End a terminal's sessions; until that is known they get answers, and the ledger refuses what is new."""
        known_at = time.monotonic() + known_after_s
        for one in self._sessions.values():
            if one.terminal_id == terminal_id:
                self._ended.setdefault(one.session_id, known_at)

    def _refuse_code(self) -> None:
        self._wrong_codes.count("")
        raise Problem(ENROLMENT_REFUSED)


def numbers_of(texts: tuple[str, ...]) -> list[int]:
    """Numbers of a path, whose spelling was checked. Raises Problem(INVALID)."""
    found = [int(text) for text in texts]
    if any(not 0 <= number < 2**53 for number in found):
        raise Problem(INVALID)
    return found
