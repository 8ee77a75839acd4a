"""The way of a payment at the centre: a terminal's checked message becomes an order for the ledger.

message authenticated (terminals/messages.py) -> credential verified -> priced (settlement/tariff.py) ->
posted (settlement/charging.py) -> answer with receipt.
"""

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from foundation.calendar import local_date_of
from foundation.catalogue import Language, text
from foundation.keys import KeyRing
from foundation.problems import INVALID, NOT_ALLOWED, Problem
from registry.models import Database
from settlement.charging import ChargeOrder, Charger, Remembered, RequestKey
from settlement.errors import REFUSALS
from settlement.tariff import Declined, Price, in_force, needs_visit, price
from terminals import cards, qr
from terminals.blocking import block_clone
from terminals.messages import TerminalMessage
from terminals.schemas import Answer, CardPresented, ChargeMessage, Receipt, to_bytes
from terminals.sessions import Session, SessionStore
from terminals.signatures import Signer

RESEND_WITHIN_S = 24 * 3600
"""How late a payment whose outcome was unknown may still be sent; then it is refused and served again."""

CLONE_SIGNS = frozenset({"already_used", "counter_too_low"})
"""What a genuine card does only when a message of it comes late."""

AHEAD_S = 300
"""A time of purchase may lie ahead of the centre's clock by as much as ``created`` may."""

_NOTHING = Price(0, 0)

Presented = tuple[int, int, int, int]
"""Book, holder, credential and counter that a genuine card or code stands for."""


class CounterState(Protocol):
    """What taking a charge needs of the running centre."""

    terminal_sessions: SessionStore
    key_ring: KeyRing
    charger: Charger
    database: Database


async def take_charge(message: TerminalMessage, data: ChargeMessage, centre: CounterState) -> Answer:
    """Take one payment; repeating it under the same numbers gives the same answer. Raises Problem."""
    session, challenged_by = message.session, None
    if data.card is not None:
        challenged_by = await centre.terminal_sessions.card_mac_of(session, data.card.session_id)
    order = order_of(message, data, presented(message, data, challenged_by, centre.key_ring))
    return await answer_to(order, await centre.charger.charge(order), centre)


async def answer_to(order: ChargeOrder, remembered: Remembered, centre: CounterState) -> Answer:
    """The answer, once a card of which there are two is blocked."""
    if shows_a_clone(order, remembered):
        await block_clone(centre.database, order.credential_id, order.counter)
    return answer_of(remembered)


def shows_a_clone(order: ChargeOrder, remembered: Remembered) -> bool:
    """Whether there may be two of the card: ``block_clone`` finds out."""
    return order.channel == "card" and remembered.refusal in CLONE_SIGNS


def presented(
    terminal: TerminalMessage, message: ChargeMessage, challenged_by: Signer | None, keys: KeyRing
) -> Presented | Declined:
    """Verify the card or code of a charge.

    ``challenged_by``: the MAC of the session in which the card was challenged, None if there is none.
    Raises Problem: INVALID when the message has not exactly one of card and code, NOT_ALLOWED to a scale.
    """
    session = terminal.session
    if session.kind != "till":
        raise Problem(NOT_ALLOWED, "a scale takes no payments")
    if (message.card is None) == (message.qr is None):
        raise Problem(INVALID, "a charge has either a card or a qr")
    if message.card is not None:
        credential = _from_card(message.card, challenged_by, terminal.key, keys)
    else:
        assert message.qr is not None
        credential = _from_code(message.qr, message.purchased_at, session, keys)
    if isinstance(credential, Declined):
        return credential
    return _in_time(message.purchased_at) or credential


def order_of(terminal: TerminalMessage, message: ChargeMessage, credential: Presented | Declined) -> ChargeOrder:
    """Turn a terminal's message into an order; what speaks against it becomes the order's refusal."""
    session = terminal.session
    on = local_date_of(message.purchased_at)
    # A date before all rules is too late in any case.
    rules = in_force(session.house.rules, on) or session.house.rules[-1]
    priced = price(in_force(session.house.tariffs.get(message.meal, ()), on), rules, message.amount_fen)
    refusal = None
    fen = _NOTHING
    if isinstance(priced, Declined):
        refusal = priced.reason
    else:
        fen = priced
    if isinstance(credential, Declined):
        refusal = credential.reason
        credential = session.book, 0, 0, 0
    book, holder_id, credential_id, counter = credential
    return ChargeOrder(
        key=terminal.key,
        digest=terminal.digest,
        home_book=session.book,
        book=book,
        canteen_id=session.canteen_id,
        canteen_account=session.canteen_account,
        acquirer_id=session.acquirer_id,
        meal=message.meal,
        channel="card" if message.card is not None else "qr",
        purchased_at=datetime.fromtimestamp(message.purchased_at, UTC),
        holder_id=holder_id,
        credential_id=credential_id,
        counter=counter,
        home_fen=fen.home_fen,
        visitor_fen=fen.visitor_fen,
        subsidy_first=session.subsidy_first,
        needs_visit=needs_visit(rules, session.book, book, session.house.agreements, on),
        host_account=session.working_meal_account if message.working_meal else None,
        meals_max=rules.meals_max,
        day_max_fen=rules.day_max_fen,
        refusal=refusal,
    )


def _from_card(
    card: CardPresented, challenged_by: Signer | None, key: RequestKey, keys: KeyRing
) -> Presented | Declined:
    mac = to_bytes(card.mac)
    if challenged_by is None:
        return Declined("credential_invalid")
    file = cards.CardFile(card.book, card.holder_id, card.credential_id)
    challenge = cards.challenge(challenged_by, key.epoch, key.sequence)
    genuine = cards.is_genuine(keys.card_master_key, bytes.fromhex(card.uid), file, challenge, card.counter, mac)
    if not genuine:
        return Declined("credential_invalid")
    return card.book, card.holder_id, card.credential_id, card.counter


def _from_code(code: str, purchased_at: int, session: Session, keys: KeyRing) -> Presented | Declined:
    try:
        holder, token = qr.read_code(keys.centre_public_key, code)
    except qr.NotGenuine:
        return Declined("credential_invalid")
    refusal = qr.refusal_of(holder, token, purchased_at, session.canteen_id)
    if refusal is not None:
        return Declined(refusal)
    return holder.book, holder.holder_id, holder.credential_id, token.counter


def _in_time(purchased_at: int) -> Declined | None:
    late_s = time.time() - purchased_at
    return None if -AHEAD_S <= late_s <= RESEND_WITHIN_S else Declined("too_late")


@lru_cache(maxsize=len(REFUSALS))
def refused(reason: str) -> Answer:
    """The answer of a refusal, in both languages: it is signed, and the till keeps it."""
    title, advice = f"refusal.{reason}.title", f"refusal.{reason}.advice"
    return Answer(
        "refused",
        reason=reason,
        title_zh=text(title, Language.CHINESE),
        title_en=text(title, Language.ENGLISH),
        advice_zh=text(advice, Language.CHINESE),
        advice_en=text(advice, Language.ENGLISH),
    )


def answer_of(remembered: Remembered) -> Answer:
    """The answer to a request, made from what the ledger remembers of it and from nothing else."""
    if remembered.refusal is not None:
        return refused(remembered.refusal)
    if remembered.outcome == "voided":
        return Answer("voided", reversed_fen=remembered.amount_fen)
    assert remembered.outcome == "approved", remembered.outcome
    assert remembered.posting_id is not None
    assert remembered.business_date is not None
    receipt = Receipt(
        number=str(remembered.posting_id),
        amount_fen=remembered.amount_fen,
        cash_fen=remembered.cash_fen,
        subsidy_fen=remembered.subsidy_fen,
        host_fen=remembered.host_fen,
        cash_balance_fen=remembered.cash_balance_fen or 0,
        subsidy_balance_fen=remembered.subsidy_balance_fen or 0,
        business_date=remembered.business_date.isoformat(),
        posted_at=int(remembered.answered_at.timestamp()),
    )
    return Answer("approved", receipt=receipt)
