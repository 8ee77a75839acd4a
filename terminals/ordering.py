"""A verified charge becomes an order for the ledger: priced, under the host's rules of the day of purchase."""

from datetime import UTC, date, datetime

from registry.identifiers import CredentialId, HolderId
from settlement.charging import ChargeOrder
from settlement.errors import Refusal
from settlement.tariff import Declined, Price, RegionRules, in_force, needs_visit, price
from settlement.transfers import Channel
from terminals.messages import TerminalMessage
from terminals.schemas import ChargeMessage
from terminals.sessions import Session
from terminals.verification import VerifiedCredential

_NOTHING = Price(0, 0)
_CARD, _CODE = Channel.CARD, Channel.CODE


def rules_on(session: Session, on: date) -> RegionRules:
    """The host region's rules of a day of purchase."""
    # A date before all rules is refused as too late in any case.
    return in_force(session.terms.rules, on) or session.terms.rules[-1]


def lacks_cashier(session: Session, sequence: int, purchased_at: int) -> bool:
    """Whether the canteen's tills need a cashier, and a charge was not taken under the latest one at this till.

    By its number, which a till gives when it takes the payment, and its time of purchase; not by that of its arrival:
    what was taken under a cashier is posted, however late it comes. One under an earlier cashier is looked up
    (``SessionStore.had_cashier``).
    """
    required_at = session.cashiers_required_at
    if required_at is None or purchased_at <= required_at.timestamp():
        return False
    return session.signed_on is None or not session.signed_on.has(sequence, purchased_at)


def order_of(
    terminal: TerminalMessage,
    message: ChargeMessage,
    credential: VerifiedCredential | Declined,
    rules: RegionRules,
    on: date,
    *,
    has_cashier: bool,
) -> ChargeOrder:
    """The order of a charge. A reason against it becomes the order's refusal, which the ledger keeps as well.

    ``has_cashier``: it was taken under one, or needs none.
    """
    session = terminal.session
    priced = price(in_force(session.terms.tariffs.get(message.meal, ()), on), rules, message.amount_fen)
    refusal = None
    fen = _NOTHING
    if isinstance(priced, Declined):
        refusal = priced.reason
    else:
        fen = priced
    if session.closed_at is not None and message.purchased_at >= session.closed_at.timestamp():
        refusal = Refusal.CANTEEN_CLOSED
    if not has_cashier:
        refusal = Refusal.CASHIER_MISSING
    if isinstance(credential, Declined):
        refusal = credential.reason
        credential = session.book, HolderId(0), CredentialId(0), 0, None
    book, holder_id, credential_id, counter, allowed = credential
    visitor_fen: int | None = fen.visitor_fen
    if allowed is not None and refusal is None:
        limit_fen, agency_id = allowed
        if (fen.home_fen if agency_id == session.acquirer_id else fen.visitor_fen) > limit_fen:
            refusal = "code_limit_exceeded"
        elif fen.visitor_fen > limit_fen:
            # At home: the ledger knows whether he is of a class that pays as visitors do.
            visitor_fen = None
    return ChargeOrder(
        key=terminal.key,
        digest=terminal.signed.body_digest,
        home_book=session.book,
        book=book,
        canteen_id=session.canteen_id,
        canteen_account=session.canteen_account,
        acquirer_id=session.acquirer_id,
        meal=message.meal,
        channel=_CODE if message.card is None else _CARD,
        purchased_at=datetime.fromtimestamp(message.purchased_at, UTC),
        holder_id=holder_id,
        credential_id=credential_id,
        counter=counter,
        home_fen=fen.home_fen,
        visitor_fen=visitor_fen,
        subsidy_first=session.subsidy_first,
        needs_visit=needs_visit(rules, session.book, book, session.terms.agreements, on),
        host_account=session.working_meal_account if message.working_meal else None,
        meals_max=rules.meals_max,
        day_max_fen=rules.day_max_fen,
        refusal=refusal,
        lines=message.lines,
    )
