"""Verifying the card or code of a charge: who pays, and whether the credential may pay now."""

import time
from collections.abc import Callable

from foundation.keys import KeyRing
from foundation.problems import INVALID, NOT_ALLOWED, Problem
from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from settlement.sale_lines import check_lines
from settlement.tariff import Declined
from terminals import cards, qr, short_codes
from terminals.messages import TerminalMessage
from terminals.models import TerminalKind
from terminals.parameters import AHEAD_S, RESEND_WITHIN_S, is_late
from terminals.schemas import CardResponse, ChargeMessage, to_bytes
from terminals.sessions import Session
from terminals.short_codes import PAYS_WITHIN_S, ShortCode
from terminals.signatures import Signer

_TILL = TerminalKind.TILL
"""Python 3.11 looks a member of an enum up slowly, and this is done for every charge."""

VerifiedCredential = tuple[Book, HolderId, CredentialId, int, tuple[int, AgencyId] | None]
"""Book, holder, credential and counter of a genuine card or code, and what a phone allowed: the most that it pays, in
fen, and its holder's agency, by which he pays as at home or as a visitor."""


Referenced = tuple[ShortCode, qr.Holder | None]
"""A short code, and whose certificate it refers to; None if nobody's."""

InTime = Callable[[int], bool]
"""Whether a payment of this time of purchase (seconds since 1970) may be sent now."""


def is_in_time(purchased_at: int) -> bool:
    """Neither later than terminals resend, nor ahead of the centre's clock."""
    return -AHEAD_S <= time.time() - purchased_at <= RESEND_WITHIN_S


def verify_credential(
    terminal: TerminalMessage,
    message: ChargeMessage,
    challenged_by: Signer | None,
    referenced: Referenced | None,
    keys: KeyRing,
    in_time: InTime = is_in_time,
) -> VerifiedCredential | Declined:
    """Verify the card or code of a charge.

    ``challenged_by``: the MAC of the session in which the card was challenged; None if there is no such session.
    ``referenced``: the short code; None if the charge has none.
    Raises Problem: INVALID when the message does not have exactly one of card and code, or its lines do not explain its
    amount; NOT_ALLOWED to a scale.
    """
    session = terminal.session
    must_be_till(session)
    if (message.card is None) == (message.qr is None):
        raise Problem(INVALID, "terminals.card_or_code")
    if message.lines is not None:
        check_lines(message.lines, message.amount_fen)
    if message.card is not None:
        credential = _verify_card(terminal, message, message.card, challenged_by, keys)
    else:
        assert message.qr is not None
        credential = _verify_code(message.qr, referenced, message.purchased_at, session, keys, in_time)
    if isinstance(credential, Declined):
        return credential
    return credential if in_time(message.purchased_at) else Declined("too_late")


def comes_too_late(token: qr.Token, purchased_at: int, *, is_short: bool) -> bool:
    """Whether a code is in a late payment that no honest till sends.

    A till without a network takes long codes for its own canteen alone; a short code is late by a resend at most. Else
    photographs of codes that were shown and never scanned would pay for a day, at any till.
    """
    now = int(time.time())
    if not is_late(purchased_at, now):
        return False
    return token.canteen_id is None or (is_short and now - token.issued_at > PAYS_WITHIN_S)


def must_be_till(session: Session) -> None:
    """Raise Problem(NOT_ALLOWED) to a scale: it takes no payments, and takes none back."""
    if session.kind != _TILL:
        raise Problem(NOT_ALLOWED, "terminals.scale_charges")


def _verify_card(
    terminal: TerminalMessage, message: ChargeMessage, card: CardResponse, challenged_by: Signer | None, keys: KeyRing
) -> VerifiedCredential | Declined:
    mac = to_bytes(card.mac)
    if challenged_by is None:
        return Declined("credential_invalid")
    file = cards.CardFile(card.key_version, card.book, card.agency_id, card.holder_id, card.credential_id)
    bound = cards.binding(
        terminal.session.canteen_id, message.meal, message.purchased_at, message.amount_fen, bool(message.working_meal)
    )
    challenge = cards.challenge(challenged_by, terminal.key.epoch, terminal.key.sequence, bound)
    master = keys.card_master_key(card.key_version)
    if master is None:
        return Declined("credential_invalid")
    genuine = cards.is_genuine(master, bytes.fromhex(card.uid), file, challenge, card.counter, mac)
    if not genuine:
        return Declined("credential_invalid")
    return card.book, card.holder_id, card.credential_id, card.counter, None


def _verify_code(
    code: str, referenced: Referenced | None, purchased_at: int, session: Session, keys: KeyRing, in_time: InTime
) -> VerifiedCredential | Declined:
    try:
        if referenced is None:
            holder, token = qr.read_code(keys.centre_public_keys, code)
        else:
            short, found = referenced
            if found is None:
                return Declined("credential_invalid")
            opened = short_codes.open_short_code(short, found, session.canteen_id)
            if opened is None:
                return Declined("wrong_canteen")
            holder, token = found, opened
    except qr.NotGenuine:
        return Declined("credential_invalid")
    refusal = qr.refusal_of(holder, token, purchased_at, session.canteen_id)
    if refusal is not None:
        return Declined(refusal)
    if in_time(purchased_at) and comes_too_late(token, purchased_at, is_short=referenced is not None):
        return Declined("qr_expired")
    allowed = None if token.limit_fen is None else (token.limit_fen, holder.agency_id)
    return holder.book, holder.holder_id, holder.credential_id, token.counter, allowed
