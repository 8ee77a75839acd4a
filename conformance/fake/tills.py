"""Payments, voids and shifts at the fake centre."""

import re
from dataclasses import replace
from typing import Any

from conformance.fake.cashiers import Cashiers
from conformance.fake.ledger import Posted
from conformance.fake.messages import Work, numbers_of
from conformance.faults import Fault
from foundation.calendar import local_date_of
from foundation.problems import CONFLICT, INVALID, Problem
from settlement.charging import RequestKey
from terminals import qr, shifts
from terminals.answering import CLONE_SIGNS, answer_of, receipt_note, refused
from terminals.cashiers import void_refusal
from terminals.messages import TerminalMessage
from terminals.ordering import order_of, rules_on
from terminals.parameters import AHEAD_S, RESEND_WITHIN_S
from terminals.schemas import Answer as Outcome
from terminals.schemas import (
    ChargeMessage,
    LedgerRequests,
    Payer,
    PaymentFound,
    PaymentsFound,
    SheetVoidAtTill,
    ShiftClosing,
    ShiftOpening,
    VoidMessage,
)
from terminals.shifts import LISTED_MAX
from terminals.short_codes import is_short, read_short_code
from terminals.verification import must_be_till, verify_credential


class Tills(Cashiers):
    """What tills send in a session, and their closings."""

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
        session = replace(self.with_cashier(message).session, terms=self.town.terms)
        current = TerminalMessage(session, message.key, message.signed)
        on = local_date_of(asked.purchased_at)
        rules = rules_on(session, on)
        order = order_of(
            current, asked, credential, rules, on, has_cashier=self.has_cashier(current, asked.purchased_at)
        )
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
        barred, in_use = self.void_refusal(message, target), self._is_in_use(message)
        return answer_of(self.ledger.void(message.key, digest, target, barred, in_use=in_use).remembered)

    def void_sheet_payment(self, work: Work, _: tuple[str, ...]) -> Outcome:
        """Void a payment by a sheet: there is none at a fake centre, whose canteen has no sheets."""
        message = self._message(work)
        asked = self._read(work, SheetVoidAtTill)
        must_be_till(message.session)
        barred = void_refusal(self.with_cashier(message).session, is_cashiers=True)
        if barred is not None:
            return refused(barred)
        raise Problem(CONFLICT, "sheet.no_such_payment", short_number=asked.short_number.upper())

    def payments(self, work: Work, at: tuple[str, ...]) -> PaymentsFound:
        """Payments whose numbers end so."""
        message = self._message(work)
        must_be_till(message.session)
        if not re.fullmatch("[0-9A-Fa-f]{6,12}", at[0]):
            raise Problem(INVALID)
        return PaymentsFound([_found(one) for one in self.ledger.paid_ending(at[0].lower())])

    def payer(self, work: Work, at: tuple[str, ...]) -> Payer:
        """The initial of whom this till has just charged."""
        message = self._message(work)
        must_be_till(message.session)
        if not re.fullmatch("[0-9A-Fa-f]{6,12}", at[0]):
            raise Problem(INVALID)
        here = message.session.terminal_id
        found = [
            one for one in self.ledger.paid_ending(at[0].lower()) if one.order and one.order.key.terminal_id == here
        ]
        return Payer(found[0].holder.initial) if len(found) == 1 and found[0].holder else Payer()

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
        epoch, first, last = numbers_of(at)
        if epoch >= 2**31:
            raise Problem(INVALID)
        found = self.ledger.requests_between(message.session.terminal_id, epoch, first, last)[: LISTED_MAX + 1]
        return LedgerRequests([shifts.listed_as(one) for one in found[:LISTED_MAX]], len(found) <= LISTED_MAX)


def _found(posted: Posted) -> PaymentFound:
    one, order = posted.remembered, posted.order
    assert order is not None
    assert one.business_date is not None
    return PaymentFound(
        str(one.posting_id), order.channel, order.meal, one.amount_fen, int(one.answered_at.timestamp()),
        one.business_date, posted.reversed_fen > 0,
    )  # fmt: skip
