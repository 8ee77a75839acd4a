"""Cashiers at the fake centre's tills: numbers, PINs and who is signed on."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from conformance.fake.messages import Messages, Work
from conformance.fake.town import Cashier, Tries
from registry.cashiers import DAY_TRIES, LOCKED, SIGNED_ON, TILL_TRIES, TRIES, SignedOnBefore
from registry.pins import is_simple
from registry.states import CashierRefusal
from settlement.charging import RequestKey
from settlement.errors import Refusal
from terminals.cashiers import may_do, refused, void_refusal
from terminals.messages import TerminalMessage
from terminals.ordering import lacks_cashier
from terminals.schemas import Answer as Outcome
from terminals.schemas import CashierAnswer, CashierAtTill, CashierSigningOn
from terminals.shifts import check_epoch
from terminals.verification import must_be_till


@dataclass
class SignOn:
    """A cashier at a till from a number on; ``until``: seconds since 1970; ``ends_before``: what message ended it."""

    cashier: Cashier
    first: int
    until: float
    ends_before: int | None = None

    @property
    def span(self) -> SignedOnBefore:
        """Its numbers and times."""
        return SignedOnBefore(self.first, self.ends_before, datetime.fromtimestamp(self.until, UTC))


@dataclass
class TillDesk:
    """What is known of a till's cashiers."""

    sign_ons: list[SignOn] = field(default_factory=list)
    """In the order of their numbers."""
    last_number: int = 0
    """Of the latest message that signed somebody on or off."""
    wrong_at: list[float] = field(default_factory=list)
    numbers: list[tuple[int, bool]] = field(default_factory=list)
    """Of the messages that counted, in their order, and whether they signed somebody on."""

    @property
    def latest(self) -> SignOn | None:
        """Who is there, or was there last."""
        return self.sign_ons[-1] if self.sign_ons else None


class Cashiers(Messages):
    """What tills send of cashiers."""

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        self._desks: dict[tuple[int, int], TillDesk] = {}
        self._answers: dict[RequestKey, SignOn] = {}

    def sign_cashier_on(self, work: Work, _: tuple[str, ...]) -> CashierAnswer:
        """Sign a cashier on by number and PIN."""
        message = self._message(work)
        asked = self._read(work, CashierSigningOn)
        refusal = self._used(work, message, lambda: self._sign_on(message, asked))
        if refusal is not None:
            return refused(refusal)
        found = self._answers[message.key]
        one = found.cashier
        shown = CashierAtTill(
            one.cashier_id, f"测试收银员{one.number}", "zh", may_do(may_void=one.may_void), int(found.until)
        )
        return CashierAnswer("signed_on", shown)

    def sign_cashier_off(self, work: Work, _: tuple[str, ...]) -> Outcome:
        """Sign off who is there."""
        message = self._message(work)

        def sign_off() -> None:
            desk = self._desk(message)
            if message.key.sequence > desk.last_number:
                self._end(desk, message.key.sequence)
                desk.last_number = message.key.sequence
                desk.numbers.append((message.key.sequence, False))

        self._used(work, message, sign_off)
        return Outcome("signed_off")

    def _used(self, work: Work, message: TerminalMessage, carry_out: Callable[[], CashierRefusal | None]) -> str | None:
        """Carry a message out under its number, once; why it was refused."""
        must_be_till(message.session)
        check_epoch(message.key.epoch, message.session.epoch)
        digest = b"cashier" + message.signed.body_digest
        if not self.ledger.knows_cashiers_message(message.key, digest):
            refusal = carry_out()
            self.ledger.keep_cashiers_message(message.key, digest, refusal)
            work.checked.append("pin" if work.request.body else "number")
        return self.ledger.requests[message.key].remembered.refusal

    def _sign_on(self, message: TerminalMessage, asked: CashierSigningOn) -> CashierRefusal | None:
        desk, now = self._desk(message), time.time()
        desk.wrong_at = [at for at in desk.wrong_at if at > now - LOCKED.total_seconds()]
        if len(desk.wrong_at) >= TILL_TRIES:
            return CashierRefusal.TOO_MANY_TRIES
        cashier = self.town.cashiers.get(asked.cashier)
        if cashier is None or not self._is_right(cashier, message.key.terminal_id, asked.pin, now):
            desk.wrong_at.append(now)
            return CashierRefusal.PIN_WRONG
        if asked.new_pin is None and cashier.pin_is_first:
            return CashierRefusal.PIN_IS_FIRST
        if asked.new_pin is not None and (asked.new_pin == asked.pin or is_simple(asked.new_pin, asked.cashier)):
            return CashierRefusal.PIN_TOO_SIMPLE
        if message.key.sequence < desk.last_number:
            return CashierRefusal.OVERTAKEN
        if asked.new_pin is not None:
            cashier.pin, cashier.pin_is_first = asked.new_pin, False
        self._end(desk, message.key.sequence)
        desk.sign_ons.append(SignOn(cashier, message.key.sequence, self.now() + SIGNED_ON.total_seconds()))
        desk.last_number = message.key.sequence
        desk.numbers.append((message.key.sequence, True))
        self._answers[message.key] = desk.sign_ons[-1]
        return None

    @staticmethod
    def _is_right(cashier: Cashier, terminal_id: int, pin: str, now: float) -> bool:
        """Whether it is his PIN, and he is not locked; a wrong one counts at the till, and for all of them."""
        here = cashier.tries.setdefault(terminal_id, Tries())
        if max(here.locked_until, cashier.locked_until) > now:
            return False
        if pin == cashier.pin:
            here.wrong = 0
            return True
        here.wrong += 1
        cashier.tries_today += 1
        if here.wrong >= TRIES:
            here.locked_until = now + LOCKED.total_seconds()
        if cashier.tries_today >= DAY_TRIES:
            cashier.locked_until = now + LOCKED.total_seconds()
        return False

    def _end(self, desk: TillDesk, before: int | None = None) -> None:
        """``before``: the number of the message that ends it, if one does."""
        if desk.latest is not None and desk.latest.until > self.now():
            desk.latest.until, desk.latest.ends_before = self.now(), before

    def _desk(self, message: TerminalMessage) -> TillDesk:
        return self._desks.setdefault((message.session.terminal_id, message.key.epoch), TillDesk())

    def end_cashiers(self, terminal_id: int) -> None:
        """A terminal's session is over, and so is its cashier's sign-on."""
        for (number, _), desk in self._desks.items():
            if number == terminal_id:
                self._end(desk)

    def with_cashier(self, message: TerminalMessage) -> TerminalMessage:
        """The message with what its session knows of cashiers now."""
        latest = self._desk(message).latest
        until = None if latest is None else datetime.fromtimestamp(latest.until, UTC)
        session = replace(
            message.session,
            cashiers_required_at=self.town.cashiers_required_at,
            signed_on_from=None if latest is None else latest.first,
            signed_on_before=None if latest is None else latest.ends_before,
            signed_on_until=until,
            may_void=latest is None or latest.cashier.may_void,
        )
        return TerminalMessage(session, message.key, message.signed)

    def has_cashier(self, message: TerminalMessage, purchased_at: int) -> bool:
        """Whether a charge was taken under a cashier, or needs none."""
        sequence = message.key.sequence
        if not lacks_cashier(message.session, sequence, purchased_at):
            return True
        before = [one for one in self._desk(message).sign_ons if one.first < sequence]
        return bool(before) and before[-1].span.has(sequence, purchased_at)

    def void_refusal(self, message: TerminalMessage, target: RequestKey) -> Refusal | None:
        """Why no new void of a number is taken now."""
        desk = self._desks.get((target.terminal_id, target.epoch), TillDesk())
        before = [is_on for number, is_on in desk.numbers if number < target.sequence]
        return void_refusal(self.with_cashier(message).session, is_cashiers=bool(before) and before[-1])
