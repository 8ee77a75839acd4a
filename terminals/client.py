"""A payment terminal in Python: enrols, signs on, charges, and never loses track of a payment.

Blocking and small, as a terminal is. Every request is in the journal before it is sent; while its outcome is unknown it
is sent again under the same numbers, across crashes, restarts and sign-ons.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import Struct, field
from msgspec import json as wire

from foundation.calendar import local_date_of
from foundation.problems import Problem
from settlement.schemas import SaleLine as SaleLine  # for those who write a till
from settlement.shifts import ShiftRequest, chain_head, day_totals
from terminals import cards, qr
from terminals.client_messages import (
    JSON_BODY,
    TIMEOUT,
    OutcomeUnknown,
    Pauses,
    Rejected,
    authority_of,
    document_of,
    open_transport,
    post_opening,
    wait_of,
)
from terminals.devices import SoftwareCard, Tap
from terminals.journal import Entry, Journal
from terminals.keys import proof_text
from terminals.parameters import price_on
from terminals.schemas import (
    Answer,
    BlockChanges,
    CurrentParameters,
    Device,
    EnrolmentSlip,
    LedgerRequest,
    LedgerRequests,
    Parameters,
    ShiftClosed,
    SignedOn,
    to_bytes,
    to_text,
)
from terminals.sessions import SUITE, agree_key
from terminals.short_codes import is_short, read_short_code
from terminals.signatures import (
    PROTOCOL,
    check_answer,
    hmac_signer,
    hmac_verifier,
    sign_request,
)

NO_VERSION = "A" * 22
"""A version that no parameters have: whoever names it gets them."""

SOFTWARE = "onecard terminals/client.py"

PAID_LATELY_S = 120
"""A person who is charged again for the same meal within this time may have been charged by mistake."""
PAID_LATELY_MAX = 200
"""Payments that a till can take in that time, looked through from the newest."""

SIGN_ON_AGAIN = {"session-ended", "created-out-of-range", "bad-signature"}
FINAL = {"approved", "refused", "voided", "recorded"}
"""Outcomes of requests. A later centre may know more; none of them is taken for one of these."""
S = TypeVar("S", bound=Struct)

PATHS = {
    "charge": "/terminal/charges",
    "void": "/terminal/voids",
    "weigh": "/terminal/weigh-ins",
    "open_shift": "/terminal/shifts",
}
CLOSINGS = "/terminal/shifts/closings"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a terminal stores permanently: its number, its key, the centre's key (and its version) of its slip."""

    terminal_id: int
    private_key: Ed25519PrivateKey
    centre_key: int
    centre_public_key: bytes

    def save(self, path: Path) -> None:
        """Write to a file that only its owner can read."""
        text = json.dumps(
            {
                "terminal_id": self.terminal_id,
                "private_key": to_text(self.private_key.private_bytes_raw()),
                "centre_key": self.centre_key,
                "centre_public_key": to_text(self.centre_public_key),
            }
        )
        _write_secret(path, text.encode())

    @classmethod
    def load(cls, path: Path) -> "Identity":
        """Read what ``save`` wrote."""
        kept = json.loads(path.read_text())
        return cls(
            kept["terminal_id"],
            Ed25519PrivateKey.from_private_bytes(to_bytes(kept["private_key"])),
            kept["centre_key"],
            to_bytes(kept["centre_public_key"]),
        )


def _write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; on disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, value: Struct) -> None:
    """Replace a file as a whole: it is on disk when this returns, and never half written."""
    fresh = path.with_suffix(".new")
    _write_secret(fresh, wire.encode(value))
    fresh.replace(path)


def _read(path: Path, kind: type[S]) -> S | None:
    return wire.decode(path.read_bytes(), type=kind) if path.exists() else None


def _kept_key(path: Path) -> Ed25519PrivateKey:
    """The key in this file; a fresh one if there is none."""
    if not path.exists():
        _write_secret(path, Ed25519PrivateKey.generate().private_bytes_raw())
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


class _KeptParameters(Struct):
    """The parameters on the terminal's disk."""

    version: str
    parameters: Parameters


class _BlockList(Struct):
    """The copy of the block list on the terminal's disk: blocked cards and phones by book and number.

    ``version``: the last change in it; ``current_at``: when the centre had no later one, in the centre's time.
    """

    version: int = 0
    current_at: int = 0
    blocked: set[tuple[int, int]] = field(default_factory=set)


@dataclass(slots=True)
class _Session:
    session_id: str
    mac: Callable[[bytes], bytes]
    epoch: int


class _Payer(NamedTuple):
    book: int
    agency_id: int
    holder_id: int
    credential_id: int


def _person(payer: _Payer | bytes) -> tuple[int, int] | bytes:
    return (payer.book, payer.holder_id) if isinstance(payer, _Payer) else payer


class Terminal:
    """One terminal with its folder (identity and journal). Not for use by two threads at once."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.authority = authority_of(url)
        self._folder = folder
        self.identity = Identity.load(folder / "identity.json")
        self.journal = Journal(folder / "journal.sqlite")
        self._http = open_transport()
        self._session: _Session | None = None
        self._next_sequence = 0
        self._pauses = Pauses()
        self._clock_ahead_s = 0.0
        """The centre's clock minus ours."""
        self._kept = _read(folder / "parameters.json", _KeptParameters)
        self._block_list = _read(folder / "block-list.json", _BlockList) or _BlockList()
        self.block_list_version = self._block_list.version
        self.patience_s: float | None = None
        """How long to wait for an answer; None for the default."""

    @classmethod
    def enrol(cls, url: str, slip: EnrolmentSlip, folder: Path) -> "Terminal":
        """Redeem an approved enrolment code; raises OutcomeUnknown or Rejected.

        The key is in the folder before it is sent, so that after a lost answer the same call gets it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        key = _kept_key(folder / "enrolment.key")
        body = wire.encode(
            {
                "enrolment_id": slip.enrolment_id,
                "code": slip.code,
                "public_key": to_text(key.public_key().public_bytes_raw()),
                "centre_key": slip.centre_key,
            }
        )
        with open_transport() as http:
            centre = to_bytes(slip.centre_public_key)
            known = slip.centre_key, centre
            answer = post_opening(http, url, "/terminal/enrolments", body, key, "enrolment", known)
        enrolled = json.loads(answer.data)
        identity = Identity(enrolled["terminal_id"], key, slip.centre_key, centre)
        identity.save(folder / "identity.json")
        (folder / "enrolment.key").unlink()
        return cls(url, folder)

    @property
    def parameters(self) -> Parameters:
        """What this terminal knows before it charges, from its disk when there is no network."""
        if self._kept is None:
            self.sign_on()
        assert self._kept is not None
        return self._kept.parameters

    @property
    def canteen_id(self) -> int:
        """The canteen that this terminal takes payments for."""
        return self.parameters.canteen.canteen_id

    @property
    def centre_keys(self) -> dict[int, bytes]:
        """The centre's public keys by version: those of the parameters, at first the one of the slip."""
        if self._kept is None:
            return {self.identity.centre_key: self.identity.centre_public_key}
        now = self.now()
        return {
            key.version: to_bytes(key.public_key)
            for key in self._kept.parameters.centre_keys
            if key.valid_until is None or now < key.valid_until
        }

    def _centre_key_in_use(self) -> tuple[int, bytes]:
        """Version and public key of the centre's newest key in use, as this terminal knows: it is to sign an answer."""
        begun = {self.identity.centre_key: 0}
        if self._kept is not None:
            begun = {key.version: key.valid_from for key in self._kept.parameters.centre_keys}
        keys, now = self.centre_keys, self.now()
        version = max((v for v in keys if begun.get(v, 0) <= now), default=self.identity.centre_key)
        return version, keys.get(version, self.identity.centre_public_key)

    def _post_opening(self, path: str, body: bytes, centre: tuple[int, bytes]) -> bytes:
        """Send a message that this terminal's key signs and that names this key of the centre; returns the answer's."""
        identity = self.identity
        key_id = str(identity.terminal_id)
        return post_opening(self._http, self.url, path, body, identity.private_key, key_id, centre).data

    def renew_key(self) -> None:
        """Make a new key and have it put in force; raises OutcomeUnknown or Rejected.

        It is on the disk before it is sent: after a lost answer the same call, or the next sign-on, sends it again.
        """
        path, identity = self._folder / "next.key", self.identity
        key = _kept_key(path)
        if key.private_bytes_raw() == identity.private_key.private_bytes_raw():
            # The answer had come: a crash left the file.
            path.unlink()
            key = _kept_key(path)
        old = identity.private_key.public_key().public_bytes_raw()
        centre = self._centre_key_in_use()
        message = {
            "terminal_id": identity.terminal_id,
            "public_key": to_text(key.public_key().public_bytes_raw()),
            "proof": to_text(key.sign(proof_text(identity.terminal_id, old))),
            "centre_key": centre[0],
        }
        self._post_opening("/terminal/keys", wire.encode(message), centre)
        self.identity = replace(identity, private_key=key)
        self.identity.save(self._folder / "identity.new")
        (self._folder / "identity.new").replace(self._folder / "identity.json")
        path.unlink()

    def _finish_renewal(self) -> None:
        """Renew the key once more if the answer to a renewal was lost: which key is in force is not known."""
        path = self._folder / "next.key"
        if path.exists() and _kept_key(path).private_bytes_raw() != self.identity.private_key.private_bytes_raw():
            self.renew_key()

    @property
    def epoch(self) -> int:
        """The epoch of this journal."""
        return self._signed_on().epoch

    def close(self) -> None:
        """Close files and connections."""
        self.journal.close()
        self._http.clear()

    def sign_on(self) -> None:
        """Open a session, and renew the key when that is due; raises OutcomeUnknown or Rejected."""
        self._finish_renewal()
        centre = self._centre_key_in_use()
        ephemeral = X25519PrivateKey.generate()
        public = to_text(ephemeral.public_key().public_bytes_raw())
        terminal_id = self.identity.terminal_id
        device = Device(SOFTWARE, "software terminal", str(terminal_id))
        message = {
            "suite": SUITE,
            "protocols": [PROTOCOL],
            "terminal_id": terminal_id,
            "ephemeral": public,
            "centre_key": centre[0],
            "device": device,
        }
        body = wire.encode(message)
        answer = self._post_opening("/terminal/sessions", body, centre)
        signed_on = wire.decode(answer, type=SignedOn)
        key = agree_key(ephemeral, to_bytes(signed_on.ephemeral), body, answer)
        self._session = _Session(signed_on.session_id, hmac_signer(key), signed_on.epoch)
        self._clock_ahead_s = signed_on.centre_time - time.time()
        self._keep_parameters(signed_on.parameters_version, signed_on.parameters)
        # A restored disk is behind what the centre has seen; numbers are never used twice.
        used = max(self.journal.highest_sequence(signed_on.epoch), signed_on.highest_sequence)
        self._next_sequence = max(self._next_sequence, used + 1)
        if self.now() >= signed_on.key_renew_at:
            self.renew_key()

    def _signed_on(self) -> _Session:
        if self._session is None:
            self.sign_on()
        assert self._session is not None
        return self._session

    def now(self) -> int:
        """The centre's time, seconds since 1970, by the clock of the last sign-on."""
        return int(time.time() + self._clock_ahead_s)

    def refresh_parameters(self) -> bool:
        """Ask whether the parameters have changed, and keep what has; returns whether anything had.

        Raises OutcomeUnknown or Rejected.
        """
        version = self._kept.version if self._kept else NO_VERSION
        _, answer = self.exchange("GET", f"/terminal/parameters/{version}", f"{self.epoch}/1")
        current = wire.decode(answer, type=CurrentParameters)
        self._clock_ahead_s = current.centre_time - time.time()
        if current.parameters is not None:
            self._keep_parameters(current.version, current.parameters)
        return current.parameters is not None

    def _keep_parameters(self, version: str, parameters: Parameters) -> None:
        self._kept = _KeptParameters(version, parameters)
        _write(self._folder / "parameters.json", self._kept)

    def refresh_block_list(self) -> int:
        """Fetch what changed in the block list, and keep it; returns its version. Raises OutcomeUnknown or Rejected."""
        kept, complete = self._block_list, False
        while not complete:
            asked_at = self.now()
            _, answer = self.exchange("GET", f"/terminal/block-list/{kept.version}", f"{self.epoch}/1")
            changes = wire.decode(answer, type=BlockChanges)
            for change in changes.changes:
                (kept.blocked.add if change.blocked else kept.blocked.discard)((change.book, change.credential_id))
            kept.version, complete = changes.version, changes.complete
            kept.current_at = asked_at if complete else kept.current_at
            _write(self._folder / "block-list.json", kept)
        return kept.version

    def price_fen(self, credential: SoftwareCard | str, meal: str) -> int | None:
        """What this diner pays for a meal today, to be shown before he pays, also without a network.

        None where the meal is not served, the cashier enters the amount, or a short code does not tell whether its
        holder is at home here: then the centre's answer tells. Raises NotGenuine for a code.
        """
        payer, on = self._payer_of(credential), local_date_of(self.now())
        price = price_on(self.parameters.prices, meal, on)
        if price is None:
            return None
        if not isinstance(payer, _Payer):
            return price.home_fen if price.home_fen == price.visitor_fen else None
        return price.home_fen if payer.agency_id == self.parameters.canteen.agency_id else price.visitor_fen

    def charge_card(
        self,
        card: SoftwareCard,
        meal: str,
        amount_fen: int | None = None,
        *,
        working_meal: bool = False,
        purchased_at: int | None = None,
        lines: list[SaleLine] | None = None,
    ) -> Answer:
        """Charge a card, or its holder's host for a working meal; raises OutcomeUnknown or Rejected.

        ``purchased_at``: when the card was presented, in the centre's time; None: now. ``lines``: what is sold.
        """
        return self._charge(card, meal, amount_fen, purchased_at, working_meal=working_meal, lines=lines)

    def paid_lately(self, credential: SoftwareCard | str, meal: str) -> Entry | None:
        """The payment of the same person for the same meal at this till within ``PAID_LATELY_S``, if there is one.

        To ask before charging: did this person just pay? The credential is a card, or a code's text.
        """
        payer, since = self._payer_of(credential), self.now() - PAID_LATELY_S
        for entry in self.journal.latest(PAID_LATELY_MAX):
            message = json.loads(entry.body)
            if entry.operation != "charge" or entry.outcome != "approved" or message["purchased_at"] < since:
                continue
            paid = self._payer_of(message.get("qr") or message["card"])
            if message["meal"] == meal and _person(paid) == _person(payer):
                return entry
        return None

    def _payer_of(self, credential: SoftwareCard | str | dict[str, Any]) -> _Payer | bytes:
        """Who a card, a code's text, or a card's response in the journal stands for; of a short code its reference.

        A reference tells its holder from others for as long as this question is asked.
        """
        if isinstance(credential, dict):
            return _Payer(*(credential[name] for name in _Payer._fields))
        if isinstance(credential, SoftwareCard):
            file = credential.file
            return _Payer(file.book, file.agency_id, file.holder_id, file.credential_id)
        if is_short(credential):
            return read_short_code(credential).reference
        holder, _ = qr.read_code(self.centre_keys, credential)
        return _Payer(holder.book, holder.agency_id, holder.holder_id, holder.credential_id)

    def _signed_on_sequence(self) -> int:
        self._signed_on()
        return self._take_sequence()

    def _card_response(self, tap: Tap, sequence: int, payment: dict[str, Any]) -> dict[str, Any]:
        """The card's answer for this payment, whose amount its holder has seen."""
        session, card = self._signed_on(), tap.card
        bound = cards.binding(
            self.canteen_id,
            payment["meal"],
            payment["purchased_at"],
            payment.get("amount_fen"),
            payment.get("working_meal", False),
        )
        counter, mac = tap.respond(cards.challenge(session.mac, session.epoch, sequence, bound))
        return {
            "uid": card.uid.hex(),
            **{name: getattr(card.file, name) for name in card.file.__struct_fields__},
            "counter": counter,
            "session_id": session.session_id,
            "mac": to_text(mac),
        }

    def charge_code(
        self,
        code: str,
        meal: str,
        amount_fen: int | None = None,
        *,
        purchased_at: int | None = None,
        lines: list[SaleLine] | None = None,
    ) -> Answer:
        """Charge a scanned code, presented now or at ``purchased_at``; raises OutcomeUnknown or Rejected."""
        return self._charge(code, meal, amount_fen, purchased_at, lines=lines)

    def offline_refusal_of(self, credential: SoftwareCard | str, price_fen: int) -> str | None:
        """Why a card or code may not pay this much here while there is no network; None when it may.

        Two are no reasons of the centre. ``block_list_old``: nobody may pay until the till has the list again.
        ``needs_network``: a short code; the till asks for the long one.
        """
        if self.now() - self._block_list.current_at > self.parameters.offline.block_list_age_max_s:
            return "block_list_old"
        if isinstance(credential, str) and is_short(credential):
            return "needs_network"
        try:
            payer = self._payer_of(credential)
        except qr.NotGenuine:
            return "credential_invalid"
        if isinstance(payer, _Payer) and (payer.book, payer.credential_id) in self._block_list.blocked:
            return "card_blocked"
        if isinstance(credential, SoftwareCard):
            return None
        holder, token = qr.read_code(self.centre_keys, credential)
        return qr.offline_refusal_of(holder, token, self.now(), self.canteen_id, price_fen)

    def prepare_charge(
        self,
        credential: SoftwareCard | str,
        meal: str,
        amount_fen: int | None = None,
        *,
        lines: list[SaleLine] | None = None,
    ) -> tuple[dict[str, str], bytes]:
        """Header fields and body of a charge (a card, or a code's text), signed now and sent by the caller.

        For load generators: the journal knows nothing of it.
        """
        sequence = self._signed_on_sequence()
        session = self._signed_on()
        body = wire.encode(self._charge_message(sequence, credential, meal, amount_fen, lines=lines))
        return self._signed(session, "POST", PATHS["charge"], f"{session.epoch}/{sequence}", body), body

    def void(self, target_epoch: int, target_sequence: int) -> Answer:
        """Void an earlier charge, whatever its outcome; raises OutcomeUnknown or Rejected."""
        self._signed_on()
        body = {"target_epoch": target_epoch, "target_sequence": target_sequence}
        answer = self._send_new("void", self._take_sequence(), body)
        if answer.outcome == "voided":
            # The charge can post no more: what became of it is asked for, for the totals of the shift.
            for entry in self.journal.unanswered():
                if (entry.epoch, entry.sequence) == (target_epoch, target_sequence):
                    with suppress(OutcomeUnknown, Rejected):
                        self._send(entry.operation, entry.epoch, entry.sequence, entry.body)
        return answer

    def weigh(self, weigh_ins: list[dict[str, Any]]) -> Answer:
        """Send weigh-ins of a scale, also late ones; raises OutcomeUnknown or Rejected."""
        return self._send_new("weigh", self._signed_on_sequence(), {"weigh_ins": weigh_ins})

    def open_shift(self, cashier: str, drawer: str) -> int:
        """Begin a shift at a drawer; returns its number. Raises Rejected, or OutcomeUnknown: open all the same."""
        sequence = self._signed_on_sequence()
        self._send_new("open_shift", sequence, {"cashier": cashier, "drawer": drawer, "opened_at": self.now()})
        return sequence

    def close_shift(self) -> ShiftClosed:
        """Sign what the latest shift took, and compare it with the ledger; raises OutcomeUnknown or Rejected.

        What has no answer is sent again before. The same call closes once more what did not agree.
        """
        self.resend_unknown()
        return self.send_closing(self.shift_totals())

    def shift_totals(self) -> dict[str, Any]:
        """The closing of the latest shift by this journal; no further than an earlier closing of it."""
        terminal_id, epoch = self.identity.terminal_id, self._signed_on().epoch
        opening, last, closed_at = self._latest_shift(epoch)
        requests, unknown = self.journal.between(epoch, opening.sequence, last)
        leaves = (one.leaf() for one in requests)
        return {
            "terminal_id": terminal_id,
            "epoch": epoch,
            "shift": opening.sequence,
            "last_sequence": last,
            **json.loads(opening.body),
            "closed_at": closed_at,
            "unknown": unknown,
            "days": wire.decode(wire.encode(day_totals(requests))),
            "journal_head": to_text(chain_head(terminal_id, epoch, opening.sequence, leaves)),
        }

    def _latest_shift(self, epoch: int) -> tuple[Entry, int, int]:
        """The latest shift's opening, its last number, and when it was closed."""
        opening = self.journal.shift(epoch)
        if opening is None:
            raise ValueError("no shift was opened")
        said = self.journal.closing(epoch, opening.sequence)
        closing = {"last_sequence": self.journal.highest_sequence(epoch), "closed_at": self.now()}
        if said is not None:
            closing = json.loads(said)
        last = self.journal.last_counted(epoch, opening.sequence, closing["last_sequence"])
        return opening, last, closing["closed_at"]

    def send_closing(self, message: dict[str, Any]) -> ShiftClosed:
        """Send a closing, signed with the terminal's own key; raises OutcomeUnknown or Rejected."""
        self._finish_renewal()
        centre = self._centre_key_in_use()
        body = wire.encode(message | {"centre_key": centre[0]})
        self.journal.write_closing(message["epoch"], message["shift"], body)
        answer = self._post_opening(CLOSINGS, body, centre)
        self.journal.write_closing(message["epoch"], message["shift"], body, answer)
        return wire.decode(answer, type=ShiftClosed)

    def ledger_requests(self, epoch: int, first: int, last: int) -> list[LedgerRequest]:
        """What the ledger has between two numbers; raises OutcomeUnknown or Rejected."""
        found: list[LedgerRequest] = []
        complete = False
        while not complete:
            _, body = self.exchange("GET", f"/terminal/requests/{epoch}/{first}/{last}", f"{epoch}/{max(first, 1)}")
            answer = wire.decode(body, type=LedgerRequests)
            found += answer.requests
            complete = answer.complete
            first = found[-1].sequence + 1 if found else first
        return found

    def find_differences(self) -> list[tuple[int, ShiftRequest | None, LedgerRequest | None]]:
        """The numbers of the latest shift under which journal and ledger differ, with what each has."""
        epoch = self._signed_on().epoch
        opening, last, _ = self._latest_shift(epoch)
        requests, _ = self.journal.between(epoch, opening.sequence, last)
        mine = {one.sequence: one for one in requests}
        theirs = {one.sequence: one for one in self.ledger_requests(epoch, opening.sequence, last)}
        return [
            (number, mine.get(number), theirs.get(number))
            for number in sorted(mine.keys() | theirs.keys())
            if not _same(mine.get(number), theirs.get(number))
        ]

    def unknown(self) -> list[Entry]:
        """Requests that were sent and have no final answer."""
        return self.journal.unanswered()

    def resend_unknown(self) -> list[Answer]:
        """Send everything unknown again, once, under the same numbers; returns the answers.

        What has no answer now stays in the journal, and holds back nothing behind it.
        """
        answers = []
        for entry in self.unknown():
            with suppress(OutcomeUnknown, Rejected):
                answers.append(self._send(entry.operation, entry.epoch, entry.sequence, entry.body))
        return answers

    def _take_sequence(self) -> int:
        sequence = self._next_sequence
        self._next_sequence += 1
        return sequence

    def _charge(
        self,
        credential: SoftwareCard | str,
        meal: str,
        amount_fen: int | None,
        purchased_at: int | None,
        *,
        working_meal: bool = False,
        lines: list[SaleLine] | None = None,
    ) -> Answer:
        sequence = self._signed_on_sequence()
        message = self._charge_message(
            sequence, credential, meal, amount_fen, purchased_at=purchased_at, working_meal=working_meal, lines=lines
        )
        return self._send_new("charge", sequence, message)

    def _charge_message(
        self,
        sequence: int,
        credential: SoftwareCard | str,
        meal: str,
        amount_fen: int | None,
        *,
        purchased_at: int | None = None,
        working_meal: bool = False,
        lines: list[SaleLine] | None = None,
    ) -> dict[str, Any]:
        message: dict[str, Any] = {"meal": meal, "purchased_at": self.now() if purchased_at is None else purchased_at}
        if amount_fen is not None:
            message["amount_fen"] = amount_fen
        if working_meal:
            message["working_meal"] = True
        if lines is not None:
            message["lines"] = lines
        if isinstance(credential, str):
            message["qr"] = credential
        else:
            message["card"] = self._card_response(credential.tap(), sequence, message)
        return message

    def _send_new(self, operation: str, sequence: int, message: dict[str, Any]) -> Answer:
        body = wire.encode(message)
        epoch = self._signed_on().epoch
        self.journal.write_ahead(epoch, sequence, operation, body)
        return self._send(operation, epoch, sequence, body)

    def _send(self, operation: str, epoch: int, sequence: int, body: bytes) -> Answer:
        try:
            status, answer = self.exchange("POST", PATHS[operation], f"{epoch}/{sequence}", body)
        except Rejected as rejected:
            if rejected.document.get("signed"):
                self.journal.write_answer(epoch, sequence, "rejected", wire.encode(rejected.document))
            raise
        assert status == 200
        decoded = wire.decode(answer, type=Answer)
        if decoded.outcome not in FINAL:
            raise OutcomeUnknown(f"this client does not know the outcome {decoded.outcome!r}")
        if (operation, decoded.outcome) == ("void", "voided"):
            # Before the void's own answer: a crash between them repeats both.
            target = json.loads(body)
            self.journal.mark_voided(target["target_epoch"], target["target_sequence"])
        voided = decoded.outcome == "approved" and decoded.reversed_fen is not None
        self.journal.write_answer(epoch, sequence, "voided" if voided else decoded.outcome, answer)
        return decoded

    def exchange(self, method: str, path: str, request_id: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send one signed message and check its signed answer; signs on again when the session has ended.

        Raises OutcomeUnknown, or Rejected for a problem document. It is final only when its member ``signed`` is set.
        After a failure the next message waits (``Pauses``).
        """
        self._pauses.wait()
        try:
            answer = self._exchange(method, path, request_id, body)
        except OutcomeUnknown as unknown:
            self._pauses.failed(unknown.retry_after_s)
            raise
        except Rejected as rejected:
            if not rejected.document.get("signed"):
                self._pauses.failed()
            raise
        self._pauses.succeeded()
        return answer

    def _exchange(self, method: str, path: str, request_id: str, body: bytes) -> tuple[int, bytes]:
        for last in (False, True):
            session = self._signed_on()
            headers = self._signed(session, method, path, request_id, body)
            try:
                timeout = TIMEOUT if self.patience_s is None else self.patience_s
                answer = self._http.request(
                    method, self.url + path, body=body, headers=headers | JSON_BODY, timeout=timeout
                )
            except urllib3.exceptions.HTTPError as error:
                raise OutcomeUnknown(f"{path}: {error}") from None
            fields = {name.lower(): value for name, value in answer.headers.items()}
            if "signature" in fields:
                return self._checked(session, headers, answer.status, fields, answer.data)
            rejected = Rejected(answer.status, document_of(answer.data))
            if answer.status >= 500 or answer.status < 400:
                raise OutcomeUnknown(f"{path}: {answer.status} without a signature", retry_after_s=wait_of(fields))
            if last or rejected.slug not in SIGN_ON_AGAIN:
                raise rejected
            self._session = None
        raise AssertionError("unreachable")

    def _signed(self, session: _Session, method: str, path: str, request_id: str, body: bytes) -> dict[str, str]:
        return sign_request(
            method,
            path,
            body,
            authority=self.authority,
            request_id=request_id,
            created=int(time.time() + self._clock_ahead_s),
            key_id=session.session_id,
            sign=session.mac,
        )

    def _checked(
        self, session: _Session, sent: dict[str, str], status: int, fields: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        try:
            check_answer(sent, status, fields, body, key_id=session.session_id, verify=hmac_verifier(session.mac))
        except Problem as problem:
            raise OutcomeUnknown(str(problem)) from None
        self.block_list_version = int(fields["onecard-block-list"])
        if status >= 500 or status == 429:
            raise OutcomeUnknown(f"the centre answers {status}", retry_after_s=wait_of(fields))
        if status >= 400:
            raise Rejected(status, document_of(body) | {"signed": True})
        return status, body


def _same(mine: ShiftRequest | None, theirs: LedgerRequest | None) -> bool:
    """Whether a journal and the ledger have the same under a number."""
    if mine is None or theirs is None:
        return mine is None and theirs is None
    number = None if mine.posting_id is None else str(mine.posting_id)
    digest = None if mine.body_digest is None else to_text(mine.body_digest)
    same_day = mine.amount_fen == 0 or (mine.business_date, mine.is_stored) == (theirs.business_date, theirs.stored)
    return same_day and (mine.operation, mine.outcome, number, digest, mine.amount_fen) == (
        theirs.operation, theirs.outcome, theirs.number, theirs.body_digest, theirs.amount_fen,
    )  # fmt: skip
