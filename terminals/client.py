"""A payment terminal in Python: enrols, signs on, charges, and never loses track of a payment.

Blocking and small, as a terminal is. Every request is in the journal before it is sent; while its outcome is unknown it
is sent again under the same numbers, across crashes, restarts and sign-ons.
"""

import json
from contextlib import suppress
from http import HTTPMethod
from typing import Any, NamedTuple

from msgspec import json as wire

from foundation.calendar import local_date_of
from settlement.errors import Refusal
from settlement.schemas import SaleLine as SaleLine  # for those who write a till
from settlement.shifts import ShiftRequest, chain_head, day_totals
from terminals import cards, qr
from terminals.client_device import EnrolledDevice
from terminals.client_messages import OutcomeUnknown, Rejected
from terminals.devices import SoftwareCard, Tap
from terminals.journal import Entry
from terminals.parameters import price_on
from terminals.schemas import (
    Answer,
    CashierAnswer,
    LedgerRequest,
    LedgerRequests,
    Payer,
    PaymentFound,
    PaymentsFound,
    ShiftClosed,
    to_text,
)
from terminals.short_codes import is_short, read_short_code

PAID_LATELY_S = 120
"""A person who is charged again for the same meal within this time may have been charged by mistake."""
PAID_LATELY_MAX = 200
"""Payments that a till can take in that time, looked through from the newest."""

FINAL = {"approved", "refused", "voided", "recorded"}
"""Outcomes of requests. A later centre may know more; none of them is taken for one of these."""

PATHS = {
    "charge": "/terminal/charges",
    "void": "/terminal/voids",
    "weigh": "/terminal/weigh-ins",
    "open_shift": "/terminal/shifts",
}
CLOSINGS = "/terminal/shifts/closings"
CASHIERS = "/terminal/cashiers"


class _Payer(NamedTuple):
    book: int
    agency_id: int
    holder_id: int
    credential_id: int


def _person(payer: _Payer | bytes) -> tuple[int, int] | bytes:
    return (payer.book, payer.holder_id) if isinstance(payer, _Payer) else payer


class Terminal(EnrolledDevice):
    """One terminal: what it takes, and what it knows of it."""

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
        if self.lacks_cashier:
            return "cashier_missing"
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

    def void_sheet_payment(self, short_number: str, reason: str) -> Answer:
        """Take back a payment by the canteen's sheet, by the end of its number; raises OutcomeUnknown or Rejected.

        It may be sent again: that gives nothing more back.
        """
        body = wire.encode({"short_number": short_number, "reason": reason})
        request_id = f"{self._signed_on().epoch}/1"
        return wire.decode(self.exchange("POST", "/terminal/sheet-voids", request_id, body)[1], type=Answer)

    def payments_ending(self, ending: str) -> list[PaymentFound]:
        """Payments of about a day at the till's canteen whose numbers end so; raises OutcomeUnknown or Rejected."""
        request_id = f"{self._signed_on().epoch}/1"
        _, body = self.exchange("GET", f"/terminal/payments/{ending}", request_id)
        return wire.decode(body, type=PaymentsFound).payments

    def payer_initial(self, ending: str) -> str | None:
        """The initial of whom this till has just charged; raises OutcomeUnknown or Rejected."""
        request_id = f"{self._signed_on().epoch}/1"
        _, body = self.exchange("GET", f"/terminal/payers/{ending}", request_id)
        return wire.decode(body, type=Payer).initial

    def weigh(self, weigh_ins: list[dict[str, Any]]) -> Answer:
        """Send weigh-ins of a scale, also late ones; raises OutcomeUnknown or Rejected."""
        return self._send_new("weigh", self._signed_on_sequence(), {"weigh_ins": weigh_ins})

    def open_shift(self, cashier: str, drawer: str) -> int:
        """Begin a shift at a drawer; returns its number. Raises Rejected, or OutcomeUnknown: open all the same."""
        sequence = self._signed_on_sequence()
        self._send_new("open_shift", sequence, {"cashier": cashier, "drawer": drawer, "opened_at": self.now()})
        return sequence

    def sign_cashier_on(self, cashier: str, pin: str, new_pin: str | None = None) -> CashierAnswer:
        """Sign a cashier on, in place of who is there; raises Rejected, or OutcomeUnknown: he enters his PIN again.

        Of the message the journal has its number alone: a PIN of six digits is not to be found on a till's disk.
        """
        sequence, message = self._signed_on_sequence(), {"cashier": cashier, "pin": pin}
        if new_pin is not None:
            message["new_pin"] = new_pin
        answer = wire.decode(self._send_unkept("POST", CASHIERS, sequence, wire.encode(message)), type=CashierAnswer)
        if answer.outcome == "signed_on":
            self.cashier = answer.cashier
        return answer

    def sign_cashier_off(self) -> None:
        """Sign off who is there; raises Rejected, or OutcomeUnknown: he is off here all the same."""
        self.cashier = None
        self._send_unkept(HTTPMethod.DELETE.value, f"{CASHIERS}/current", self._signed_on_sequence(), b"")

    def _send_unkept(self, method: str, path: str, sequence: int, body: bytes) -> bytes:
        epoch = self._signed_on().epoch
        self.journal.use_up(epoch, sequence, "cashier")
        return self.exchange(method, path, f"{epoch}/{sequence}", body)[1]

    @property
    def lacks_cashier(self) -> bool:
        """Whether this till must not charge until a cashier signs on; without a network who was there goes on."""
        is_there = self.cashier is not None and self.now() < self.cashier.until
        return self.parameters.cashier_required and not is_there

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
        closing = {"last_sequence": self._next_sequence - 1, "closed_at": self.now()}
        if said is not None:
            closing = json.loads(said)
        up_to = closing["last_sequence"]
        last = self.journal.last_counted(epoch, opening.sequence, up_to)
        # What a restored disk has forgotten is of the shift, too.
        forgotten = self.ledger_requests(epoch, last + 1, up_to) if last < up_to else []
        return opening, max([last, *(one.sequence for one in forgotten)]), closing["closed_at"]

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
        answers: list[Answer] = []
        for entry in self.unknown():
            try:
                self._signed_on()
            except (OutcomeUnknown, Rejected):
                # Nothing can be sent: one pause for all, not one for each.
                return answers
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
            self.journal.write_answer(epoch, sequence, "rejected", wire.encode(rejected.document))
            raise
        assert status == 200
        decoded = wire.decode(answer, type=Answer)
        if decoded.outcome not in FINAL:
            raise OutcomeUnknown(f"this client does not know the outcome {decoded.outcome!r}")
        if decoded.reason == Refusal.CASHIER_MISSING:
            self.cashier = None
        if (operation, decoded.outcome) == ("void", "voided"):
            # Before the void's own answer: a crash between them repeats both.
            target = json.loads(body)
            self.journal.mark_voided(target["target_epoch"], target["target_sequence"])
        voided = decoded.outcome == "approved" and decoded.reversed_fen is not None
        self.journal.write_answer(epoch, sequence, "voided" if voided else decoded.outcome, answer)
        return decoded


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
