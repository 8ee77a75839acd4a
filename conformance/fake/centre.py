"""The fake centre's answers: authenticated, decided and signed by the functions of the real one (``terminals/``)."""

import re
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import Struct, json

from conformance.fake.ledger import Ledger
from conformance.fake.town import BOOK, CANTEEN, HOME, Phone, Town
from conformance.faults import Fault, Faults, alter_body, break_signature, strip_signature
from conformance.http_server import Answer, Dropped, Request, problem_answer
from foundation.calendar import ZONE, local_date_of
from foundation.problem_responses import METHOD_NOT_ALLOWED, problem_of, rendered
from foundation.problems import (
    CONFLICT,
    INTERNAL,
    INVALID,
    NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    Problem,
)
from foundation.rates import RateLimit
from foundation.strict_json import as_type, read_json
from registry.identifiers import AccountId, AgencyId, CredentialId, HolderId, TerminalId
from settlement.charging import RequestKey
from settlement.errors import BUSY, OTHER_CONTENT
from settlement.gateway import OrderState
from settlement.schemas import TopUpOrder
from settlement.transfers import Channel
from terminals import qr, shifts
from terminals.answering import CLONE_SIGNS, answer_of, receipt_note
from terminals.credentials import ISSUED_IN_STEPS_OF_S, key_of
from terminals.errors import (
    BAD_SIGNATURE,
    CENTRE_KEY_UNKNOWN,
    CREDENTIAL_BLOCKED,
    ENROLMENT_REFUSED,
    EPOCH_WRONG,
    PROTOCOL_UNKNOWN,
    REPLAYED_SIGN_IN,
    SESSION_ENDED,
    SUITE_UNKNOWN,
)
from terminals.keys import key_renew_at, proof_text, sender_key
from terminals.messages import TerminalMessage, check_epoch, message_of, signature_fields
from terminals.models import Terminal, TerminalKind
from terminals.ordering import order_of, rules_on
from terminals.parameters import AHEAD_S, RESEND_WITHIN_S, parameters_of
from terminals.routes.opening import OPENING_BYTES_MAX
from terminals.schemas import (
    ActivatePhone,
    AskAccount,
    AskTopUp,
    BlockChange,
    BlockChanges,
    ChargeMessage,
    CurrentParameters,
    Enrol,
    Enrolled,
    HolderAccount,
    HolderCredential,
    HolderPayment,
    KeyRenewed,
    LedgerRequests,
    PhoneCertificate,
    RenewCertificate,
    RenewKey,
    ShiftClosing,
    ShiftOpening,
    SignedOn,
    SignOn,
    VoidMessage,
    to_bytes,
    to_text,
)
from terminals.schemas import (
    Answer as Outcome,
)
from terminals.sessions import SUITE, Session, agree_key
from terminals.shifts import LISTED_MAX
from terminals.short_codes import REFERENCE_BYTES, is_short, read_short_code
from terminals.signatures import (
    EDITIONS,
    PROTOCOL,
    SignedRequest,
    Signer,
    Verifier,
    check_request,
    ed25519_verifier,
    hmac_signer,
    is_signing_key,
    read_signature,
    sign_answer,
)
from terminals.verification import must_be_till, verify_credential
from waste.weighing.schemas import FoodFactor, ScaleRecorded, ScaleWeighIns

SESSION_LIFE_S = 12 * 3600
ORDER_LIFE_S = 900
BACKDATED_MAX = timedelta(days=14)
CHANGES_MAX = 1_000

_NOBODYS_KEY = Ed25519PrivateKey.generate().public_key().public_bytes_raw()

FOODS = [
    FoodFactor("rice", date(2025, 1, 1), "米饭", "rice, cooked", 1_780, "fake centre"),
    FoodFactor("pork", date(2025, 1, 1), "猪肉", "pork", 12_300, "fake centre"),
]

_CHANGES = {
    Fault.UNSIGNED: strip_signature,
    Fault.WRONG_SIGNATURE: break_signature,
    Fault.ALTERED_BODY: alter_body,
}

T = TypeVar("T")


class Seen(Struct):
    """What became of a message: for the maker, a line each."""

    at: str
    method: str
    path: str
    number: str
    status: int
    result: str
    checked: list[str]
    faults: list[str]


class Work(Struct):
    """A message on its way: what was checked, and how its answer is signed once its sender is known."""

    request: Request
    checked: list[str]
    faults: list[str]
    signed: SignedRequest | None = None
    key_id: str = ""
    sign: Signer | None = None
    status: int = 200


class FakeCentre:
    """Answers the messages of the protocol. ``seen``: the latest ones; ``tell``: called with each."""

    def __init__(self, faults: Faults, tell: Callable[[Seen], None] = lambda _: None) -> None:
        self.town = Town()
        self.ledger = Ledger()
        self.ledger.credentials = self.town.credentials
        self.faults = faults
        self.seen: deque[Seen] = deque(maxlen=200)
        self._tell = tell
        self._sessions: dict[str, Session] = {}
        self._ended: set[str] = set()
        self._ephemerals: set[str] = set()
        self._references: dict[bytes, qr.Holder] = {}
        self._weigh_ins: dict[UUID, bytes] = {}
        self._top_ups: dict[tuple[int, UUID], TopUpOrder] = {}
        self._wrong_codes = RateLimit(30)
        self._answered: Answer | None = None
        self._skew_s = 0

    # The way of a message

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
            datetime.now(ZONE).strftime("%H:%M:%S"), request.method, request.target, request.field("onecard-request"),
            answer.status, result, work.checked, work.faults,
        )  # fmt: skip
        self.seen.append(seen)
        self._tell(seen)

    def _run(self, work: Work) -> Any:
        method, target = work.request.method, work.request.target
        path, has_query, _ = target.partition("?")
        plain, allowed = re.sub("/+", "/", path), False
        for pattern, routes in _ROUTES:
            found = pattern.fullmatch(plain)
            if found is None:
                continue
            allowed = True
            if method in routes:
                is_opening, handle = routes[method]
                if has_query:
                    raise Problem(BAD_SIGNATURE, "terminals.query_in_path")
                at = found.groups()
                if pattern.groupindex:
                    _check_spelling(at)
                if plain != path:
                    raise Problem(BAD_SIGNATURE, "terminals.path_spelling")
                if is_opening and len(work.request.body) > OPENING_BYTES_MAX:
                    raise Problem(TOO_LARGE, "terminals.body_too_large", most=OPENING_BYTES_MAX)
                return handle(self, work, at)
        raise Problem(METHOD_NOT_ALLOWED if allowed else NOT_FOUND)

    # Who sent it

    def _read(self, work: Work, kind: type[T]) -> T:
        message = as_type(read_json(work.request.body), kind)
        work.checked.append("body")
        return message

    def _check(self, work: Work, verify: Verifier, key_id: str, algorithm: str = "ed25519") -> SignedRequest:
        """Check the signature of a message outside a session; raises Problem."""
        request = work.request
        fields = signature_fields(request.fields)
        signed = read_signature(
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
        key = _NOBODYS_KEY if terminal is None else terminal.public_key
        signed = self._check(work, ed25519_verifier(key), str(terminal_id))
        assert terminal is not None
        return signed, terminal

    def _message(self, work: Work) -> TerminalMessage:
        """The message of a session; raises Problem, after which the answer is signed if the sender is known."""
        request = work.request
        fields = signature_fields(request.fields)
        signed = read_signature(request.method, request.target, fields, request.body, in_session=True)
        work.checked += ["tag", "content-digest"]
        session = self._sessions.get(signed.key_id)
        if session is None:
            raise Problem(BAD_SIGNATURE, "terminals.session_unknown")
        if self._strikes(work, Fault.SESSION_ENDED):
            self._ended.add(session.session_id)
        if session.session_id in self._ended or session.expires_at <= datetime.now(UTC):
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

    def end_sessions(self, terminal_id: int) -> None:
        """End a terminal's sessions."""
        self._ended |= {one.session_id for one in self._sessions.values() if one.terminal_id == terminal_id}

    # Terminals

    def enrol(self, work: Work, _: tuple[str, ...]) -> Enrolled:
        """Redeem a slip."""
        asked = self._read(work, Enrol)
        key = to_bytes(asked.public_key)
        if not is_signing_key(key):
            raise Problem(INVALID, "terminals.public_key")
        signed = self._check(work, ed25519_verifier(key), "enrolment")
        self._sign_as_centre(work, signed, asked.centre_key)
        slip = self.town.slips.get(asked.enrolment_id)
        if slip is None or slip.code != asked.code or slip.expires_at <= time.time():
            self._refuse_code()
        assert slip is not None
        if slip.terminal is None:
            slip.terminal = self._put_in_use(slip.kind, key, slip.replaces)
            slip.epoch = slip.terminal.epoch
        made = slip.terminal
        if (made.state, made.public_key, made.epoch) != ("active", key, slip.epoch):
            self._refuse_code()
        work.status = 201
        work.checked.append("slip")
        return Enrolled(made.terminal_id, made.epoch, made.canteen_id)

    def _refuse_code(self) -> None:
        self._wrong_codes.count("")
        raise Problem(ENROLMENT_REFUSED)

    def _put_in_use(self, kind: str, key: bytes, replaces: Terminal | None) -> Terminal:
        now = datetime.now(UTC)
        terminal = replaces or Terminal(
            book=BOOK, terminal_id=self.town.number(), canteen_id=CANTEEN, kind=kind, epoch=0, state="active"
        )
        terminal.public_key, terminal.enrolled_at, terminal.state = key, now, "active"
        terminal.previous_key = terminal.key_since = None
        terminal.epoch += 1
        self.end_sessions(terminal.terminal_id)
        self.town.terminals[terminal.terminal_id] = terminal
        return terminal

    def sign_on(self, work: Work, _: tuple[str, ...]) -> Any:
        """Open a session."""
        asked = self._read(work, SignOn)
        signed, terminal = self._terminal_of(work, asked.terminal_id)
        self._sign_as_centre(work, signed, asked.centre_key)
        if PROTOCOL not in asked.protocols:
            raise Problem(PROTOCOL_UNKNOWN, "terminals.protocol_unknown", editions=EDITIONS)
        if asked.suite != SUITE:
            raise Problem(SUITE_UNKNOWN, "terminals.suite_unknown", suites=SUITE)
        ours, theirs, now = X25519PrivateKey.generate(), to_bytes(asked.ephemeral), datetime.now(UTC)
        version, parameters = parameters_of(self.town.terms, self.town.keys, now)
        expires_at = now + timedelta(seconds=SESSION_LIFE_S)
        answer = SignedOn(
            to_text(secrets.token_bytes(16)), PROTOCOL, SUITE, to_text(ours.public_key().public_bytes_raw()),
            terminal.epoch, self.ledger.highest_sequence(terminal.terminal_id, terminal.epoch), int(self.now()),
            int(expires_at.timestamp()), len(self.town.block_list), key_renew_at(terminal), version, parameters,
        )  # fmt: skip
        body = json.encode(answer)
        mac = hmac_signer(agree_key(ours, theirs, work.request.body, body))
        if asked.ephemeral in self._ephemerals:
            raise Problem(REPLAYED_SIGN_IN)
        self._ephemerals.add(asked.ephemeral)
        self.end_sessions(terminal.terminal_id)
        self._sessions[answer.session_id] = Session(
            answer.session_id, BOOK, TerminalId(terminal.terminal_id), terminal.epoch, True, expires_at, CANTEEN,
            AccountId(1), HOME, True, AccountId(2), TerminalKind(terminal.kind), mac, self.town.terms,
        )  # fmt: skip
        work.status = 201
        work.checked += ["edition", "suite", "ephemeral"]
        return answer

    def renew_key(self, work: Work, _: tuple[str, ...]) -> KeyRenewed:
        """Put a terminal's new key in force."""
        asked = self._read(work, RenewKey)
        terminal = self.town.terminals.get(asked.terminal_id)
        old = None if terminal is None or terminal.state != "active" else sender_key(terminal, asked)
        signed = self._check(work, ed25519_verifier(old or _NOBODYS_KEY), str(asked.terminal_id))
        assert terminal is not None
        assert old is not None
        self._sign_as_centre(work, signed, asked.centre_key)
        new = to_bytes(asked.public_key)
        if not is_signing_key(new):
            raise Problem(INVALID, "terminals.public_key")
        if not ed25519_verifier(new)(proof_text(terminal.terminal_id, old), to_bytes(asked.proof)):
            raise Problem(INVALID, "terminals.key_proof")
        work.checked.append("proof")
        if (terminal.public_key, terminal.previous_key) != (new, old):
            if new == terminal.previous_key:
                raise Problem(INVALID, "terminals.former_key")
            if terminal.public_key != old:
                raise Problem(CONFLICT, "terminals.key_conflict")
            terminal.previous_key, terminal.public_key, terminal.key_since = old, new, datetime.now(UTC)
        work.status = 201
        return KeyRenewed(terminal.terminal_id, terminal.epoch, key_renew_at(terminal))

    def sign_off(self, work: Work, _: tuple[str, ...]) -> Outcome:
        """End a session."""
        message = self._message(work)
        self._ended.add(message.session.session_id)
        return Outcome("signed_off")

    def parameters(self, work: Work, at: tuple[str, ...]) -> CurrentParameters:
        """Whether the parameters have changed."""
        self._message(work)
        if not re.fullmatch("[A-Za-z0-9_-]{22}", at[0]):
            raise Problem(INVALID)
        now = datetime.now(UTC)
        version, parameters = parameters_of(self.town.terms, self.town.keys, now)
        known = None if version == at[0] else parameters
        return CurrentParameters(version, int(self.now()), len(self.town.block_list), known)

    def block_list(self, work: Work, at: tuple[str, ...]) -> BlockChanges:
        """What changed in the block list after a version."""
        self._message(work)
        [since], now = _numbers(at), len(self.town.block_list)
        if since > now:
            raise Problem(INVALID, "terminals.block_list_ahead", version=now)
        found = list(enumerate(self.town.block_list, 1))[since : since + CHANGES_MAX]
        reached = found[-1][0] if found else since
        return BlockChanges(reached, reached == now, [BlockChange(n, BOOK, *change) for n, change in found])

    # Money

    def charge(self, work: Work, _: tuple[str, ...]) -> Outcome:
        """Charge a card or a code."""
        message = self._message(work)
        asked = self._read(work, ChargeMessage)
        challenged_by = None
        if asked.card is not None:
            challenged = self._sessions.get(asked.card.session_id)
            session = message.session
            if challenged and (challenged.terminal_id, challenged.epoch) == (session.terminal_id, session.epoch):
                challenged_by = challenged.mac
        referenced = None
        if asked.qr is not None and is_short(asked.qr):
            try:
                code = read_short_code(asked.qr)
                referenced = code, self._references.get(code.reference)
            except qr.NotGenuine:
                pass
        credential = verify_credential(
            message, asked, challenged_by, referenced, self.town.keys,
            lambda at: -AHEAD_S <= self.now() - at <= RESEND_WITHIN_S,
        )  # fmt: skip
        work.checked.append("code" if asked.card is None else "card")
        session = replace(message.session, terms=self.town.terms)
        current = TerminalMessage(session, message.key, message.signed)
        on = local_date_of(asked.purchased_at)
        rules = rules_on(session, on)
        order = order_of(current, asked, credential, rules, on)
        if self._strikes(work, Fault.BLOCKED_CARD) and order.credential_id in self.town.credentials:
            self.town.block(order.credential_id)
        posted = self.ledger.charge(order, in_use=self._is_in_use(message), is_working_meal=bool(asked.working_meal))
        work.checked += ["price", "counter", "money"]
        if posted.remembered.refusal in CLONE_SIGNS and asked.card is not None:
            owner = self.town.credentials[order.credential_id]
            if order.counter in owner.used:
                self.town.block(order.credential_id)
        reversed_fen = posted.reversed_fen if posted.remembered.outcome == "approved" else 0
        return answer_of(posted.remembered, receipt_note(rules.receipt_effect), reversed_fen)

    def void(self, work: Work, _: tuple[str, ...]) -> Outcome:
        """Void a charge."""
        message = self._message(work)
        asked = self._read(work, VoidMessage)
        must_be_till(message.session)
        target = RequestKey(message.session.terminal_id, asked.target_epoch, asked.target_sequence)
        digest = message.signed.body_digest
        return answer_of(self.ledger.void(message.key, digest, target, in_use=self._is_in_use(message)).remembered)

    def open_shift(self, work: Work, _: tuple[str, ...]) -> Outcome:
        """Open a shift."""
        message = self._message(work)
        asked = self._read(work, ShiftOpening)
        self.ledger.open_shift(message.key, shifts.opening_of(message, asked))
        return Outcome("recorded")

    def close_shift(self, work: Work, _: tuple[str, ...]) -> Any:
        """Close a shift."""
        asked = self._read(work, ShiftClosing)
        signed, terminal = self._terminal_of(work, asked.terminal_id)
        self._sign_as_centre(work, signed, asked.centre_key)
        totals = shifts.signed_totals(terminal, asked, signed, work.request.body)
        compared = self.ledger.close_shift(terminal.terminal_id, terminal.epoch, totals)
        work.checked += ["totals", "journal_head"]
        return shifts.closed_as(compared)

    def requests(self, work: Work, at: tuple[str, ...]) -> LedgerRequests:
        """What the ledger has between two numbers."""
        message = self._message(work)
        must_be_till(message.session)
        epoch, first, last = _numbers(at)
        if epoch >= 2**31:
            raise Problem(INVALID)
        found = self.ledger.requests_between(message.session.terminal_id, epoch, first, last)[: LISTED_MAX + 1]
        return LedgerRequests([shifts.listed_as(one) for one in found[:LISTED_MAX]], len(found) <= LISTED_MAX)

    # Scales

    def _must_be_scale(self, message: TerminalMessage) -> None:
        if message.session.kind != TerminalKind.SCALE:
            raise Problem(NOT_ALLOWED, "weighing.not_a_scale")

    def weigh(self, work: Work, _: tuple[str, ...]) -> ScaleRecorded:
        """Record weigh-ins, all or none."""
        message = self._message(work)
        asked = self._read(work, ScaleWeighIns)
        self._must_be_scale(message)
        today = datetime.now(ZONE).date()
        given: dict[UUID, bytes] = {}
        for one in asked.weigh_ins:
            if one.weigh_in_id in given:
                raise Problem(INVALID, "weighing.number_twice", weigh_in_id=one.weigh_in_id)
            if not today - BACKDATED_MAX <= one.business_date <= today:
                first = today - BACKDATED_MAX
                raise Problem(
                    INVALID, "weighing.date_out_of_range", business_date=one.business_date, first=first, last=today
                )
            if one.food is not None and one.food not in {food.food for food in FOODS}:
                raise Problem(INVALID, "weighing.unknown_food", food=one.food)
            given[one.weigh_in_id] = json.encode(one)
            if self._weigh_ins.get(one.weigh_in_id, given[one.weigh_in_id]) != given[one.weigh_in_id]:
                raise Problem(CONFLICT)
        new = len(given.keys() - self._weigh_ins.keys())
        self._weigh_ins |= given
        return ScaleRecorded("recorded", len(given), new, [])

    def foods(self, work: Work, _: tuple[str, ...]) -> list[FoodFactor]:
        """Kinds of food."""
        self._must_be_scale(self._message(work))
        return FOODS

    # Phones

    def activate(self, work: Work, _: tuple[str, ...]) -> PhoneCertificate:
        """Redeem a phone's activation code."""
        asked = self._read(work, ActivatePhone)
        key = key_of(asked)
        self._check(work, key.verify, "phone", key.algorithm)
        found = self.town.activations.get(asked.activation_id)
        if found is None or found.code != asked.code or found.expires_at <= time.time():
            self._refuse_code()
        assert found is not None
        if found.phone is None:
            credential = self.town.credential(found.holder, "phone")
            found.phone = self.town.phones[credential.credential_id] = Phone(credential, key)
        if found.phone.key != key:
            self._refuse_code()
        work.status = 201
        work.checked.append("activation")
        return self.certificate_of(found.phone)

    def certificate_of(self, phone: Phone) -> PhoneCertificate:
        """The certificate of this hour, and its reference."""
        expires_at = int(time.time()) // ISSUED_IN_STEPS_OF_S * ISSUED_IN_STEPS_OF_S + qr.CERTIFICATE_LIFE_S
        credential, holder = phone.credential, phone.credential.holder
        certified = qr.Holder(
            BOOK, AgencyId(holder.agency_id), HolderId(holder.holder_id), CredentialId(credential.credential_id),
            expires_at, phone.key,
        )  # fmt: skip
        reference = phone.references.setdefault(expires_at, secrets.token_bytes(REFERENCE_BYTES))
        self._references[reference] = certified
        version = self.town.keys.centre_version
        signing_key = self.town.keys.signing_key(version)
        assert signing_key is not None
        certificate = qr.issue_certificate(signing_key, version, certified)
        return PhoneCertificate(to_text(certificate), to_text(reference), credential.credential_id, expires_at)

    def _phone_of(self, work: Work, certificate: str) -> Phone:
        """The phone that signed a message; raises Problem."""
        try:
            holder = qr.read_certificate(self.town.keys.listed_centre_public_keys, to_bytes(certificate))
        except qr.NotGenuine:
            raise Problem(BAD_SIGNATURE, "terminals.certificate_unknown") from None
        self._check(work, holder.key.verify, "phone", holder.key.algorithm)
        phone = self.town.phones.get(holder.credential_id)
        if phone is None or phone.credential.state != "active" or phone.key != holder.key:
            raise Problem(CREDENTIAL_BLOCKED)
        return phone

    def renew(self, work: Work, _: tuple[str, ...]) -> PhoneCertificate:
        """Give a phone a fresh certificate."""
        asked = self._read(work, RenewCertificate)
        phone = self._phone_of(work, asked.certificate)
        work.status = 201
        return self.certificate_of(phone)

    def account(self, work: Work, _: tuple[str, ...]) -> HolderAccount:
        """What was charged to a holder, and what was issued for him."""
        asked = self._read(work, AskAccount)
        holder = self._phone_of(work, asked.certificate).credential.holder
        payments = [
            HolderPayment(
                posted.remembered.posting_id, "working_meal" if posted.remembered.host_fen else "payment",
                "card" if posted.order.channel == Channel.CARD else "qr", posted.order.meal, "测试食堂",
                "Test canteen", int(posted.order.purchased_at.timestamp()),
                int(posted.remembered.answered_at.timestamp()), posted.is_stored, posted.remembered.amount_fen,
                posted.reversed_fen,
            )
            for posted in self.ledger.requests.values()
            if posted.holder is holder and posted.order is not None and posted.remembered.posting_id is not None
        ]  # fmt: skip
        issued = [
            HolderCredential(one.credential_id, one.kind, one.state, one.issued_at)
            for one in self.town.credentials.values()
            if one.holder is holder
        ]
        return HolderAccount(holder.cash_fen, holder.subsidy_fen, payments[::-1], issued)

    def top_up(self, work: Work, _: tuple[str, ...]) -> TopUpOrder:
        """Open a top-up, or say how it stands."""
        asked = self._read(work, AskTopUp)
        holder = self._phone_of(work, asked.certificate).credential.holder
        order = self._top_ups.setdefault(
            (holder.holder_id, asked.order_id),
            TopUpOrder(
                asked.order_id, OrderState.OPEN, asked.amount_fen, int(time.time()) + ORDER_LIFE_S,
                f"http://{work.request.field('host')}/desk/pay/{asked.order_id}",
            ),
        )  # fmt: skip
        if order.amount_fen != asked.amount_fen:
            raise Problem(OTHER_CONTENT)
        return order

    def pay(self, order_id: UUID) -> bool:
        """Pay an open top-up, as its payer does at the gateway; False when there is none."""
        for (holder_id, number), order in self._top_ups.items():
            if number == order_id and order.state == OrderState.OPEN:
                order.state, order.pay_url = OrderState.PAID, None
                holder = next(one.holder for one in self.town.credentials.values() if one.holder.holder_id == holder_id)
                holder.cash_fen += order.amount_fen
                return True
        return False


def _check_spelling(texts: tuple[str, ...]) -> None:
    """Raise Problem(NOT_FOUND) for what is no number, BAD_SIGNATURE for another spelling: it is not the signed path."""
    for text in texts:
        try:
            number = int(text)
        except ValueError:
            raise Problem(NOT_FOUND) from None
        if str(number) != text:
            raise Problem(BAD_SIGNATURE, "terminals.path_spelling")


def _numbers(texts: tuple[str, ...]) -> list[int]:
    """Numbers of a path, whose spelling was checked. Raises Problem(INVALID)."""
    found = [int(text) for text in texts]
    if any(not 0 <= number < 2**53 for number in found):
        raise Problem(INVALID)
    return found


_OPENING, _SESSION = True, False
_ROUTES: list[tuple[re.Pattern[str], dict[str, tuple[bool, Any]]]] = [
    (re.compile(pattern), routes)
    for pattern, routes in (
        ("/terminal/enrolments", {"POST": (_OPENING, FakeCentre.enrol)}),
        ("/terminal/sessions", {"POST": (_OPENING, FakeCentre.sign_on)}),
        ("/terminal/keys", {"POST": (_OPENING, FakeCentre.renew_key)}),
        ("/terminal/shifts/closings", {"POST": (_OPENING, FakeCentre.close_shift)}),
        ("/phone/certificates", {"POST": (_OPENING, FakeCentre.activate)}),
        ("/phone/certificates/renewals", {"POST": (_OPENING, FakeCentre.renew)}),
        ("/phone/account", {"POST": (_OPENING, FakeCentre.account)}),
        ("/phone/top-ups", {"POST": (_OPENING, FakeCentre.top_up)}),
        ("/terminal/charges", {"POST": (_SESSION, FakeCentre.charge)}),
        ("/terminal/voids", {"POST": (_SESSION, FakeCentre.void)}),
        ("/terminal/shifts", {"POST": (_SESSION, FakeCentre.open_shift)}),
        ("/terminal/weigh-ins", {"POST": (_SESSION, FakeCentre.weigh)}),
        ("/terminal/foods", {"GET": (_SESSION, FakeCentre.foods)}),
        ("/terminal/sessions/current", {"DELETE": (_SESSION, FakeCentre.sign_off)}),
        ("/terminal/parameters/([^/]+)", {"GET": (_SESSION, FakeCentre.parameters)}),
        ("/terminal/block-list/(?P<since>[^/]+)", {"GET": (_SESSION, FakeCentre.block_list)}),
        (
            "/terminal/requests/(?P<epoch>[^/]+)/(?P<first>[^/]+)/(?P<last>[^/]+)",
            {"GET": (_SESSION, FakeCentre.requests)},
        ),
    )
]
