"""A cashier signs on at a till with number and PIN, and off (docs/terminal-protocol.md, section 7.4).

Both messages use a number of the terminal up: from the number of a sign-on on, until the next one or a sign-off, what
the till takes is that cashier's. So no payment carries him, and a replayed message signs nobody on
(docs/decisions/0053). A message is known by a keyed digest of its body: a plain one would give its PIN away.
"""

from datetime import UTC, datetime

from foundation.aside import Aside
from foundation.catalogue import Language, text
from foundation.keys import KeyRing
from foundation.postgres import Connection, Pool
from foundation.problems import Problem
from registry import cashiers
from registry.cashiers import RightPin, Till, name_of
from registry.states import CashierRefusal
from settlement import shifts
from settlement.errors import OTHER_CONTENT, Refusal
from terminals.messages import TerminalMessage
from terminals.schemas import Answer, CashierAnswer, CashierAtTill, CashierSigningOn
from terminals.sessions import Session, SessionStore
from terminals.shifts import check_epoch
from terminals.verification import must_be_till

SIGN_OFF = b"sign off"
"""What stands for the body of a sign-off, which has none."""


async def sign_on(
    passwords: Aside, ledger: Pool, keys: KeyRing, message: TerminalMessage, asked: CashierSigningOn, body: bytes
) -> CashierAnswer:
    """Sign a cashier on under the number of the message; a repeat gets the first answer.

    Raises Problem NOT_ALLOWED to a scale, EPOCH_WRONG, OTHER_CONTENT, INVALID, UNAVAILABLE.
    """
    digest = _checked(keys, message, body)
    known = await shifts.cashiers_message(ledger, message.session.book, message.key, digest)
    if known is None:
        till = _till(message)
        key = message.key
        this = b"cashier message %d %d %d " % (key.terminal_id, key.epoch, key.sequence) + digest
        found = await cashiers.check_pin(passwords, ledger, keys, till, asked.cashier, asked.pin, asked.new_pin, this)
        async with ledger.acquire() as connection, connection.transaction():
            known = await _keep(connection, till, message, digest, found)
    if known.refusal is not None:
        return refused(known.refusal)
    return CashierAnswer("signed_on", await _at_till(ledger, keys, message))


async def sign_off(ledger: Pool, keys: KeyRing, message: TerminalMessage) -> Answer:
    """Sign off who is at the till under an earlier number, if anybody is. Raises Problem as ``sign_on``."""
    digest = _checked(keys, message, SIGN_OFF)
    session, key = message.session, message.key
    async with ledger.acquire() as connection, connection.transaction():
        await shifts.lock_terminal(connection, session.book, session.terminal_id)
        if await shifts.cashiers_message(connection, session.book, key, digest) is None:
            await _use_number(connection, message, digest, None)
            await cashiers.sign_off(connection, session.book, session.terminal_id, key.epoch, key.sequence)
    return Answer("signed_off")


async def void_refusal_of(
    sessions: SessionStore, ledger: Pool, session: Session, target_epoch: int, target_sequence: int
) -> Refusal | None:
    """Why a session does not void a number of its terminal now; None when it may. The session is looked up anew where
    it matters who is signed on: a refusal is final, and who has just signed off voids no more."""
    is_cashiers = await _is_cashiers(ledger, session, target_epoch, target_sequence)
    if not is_cashiers and void_refusal(session, is_cashiers=False) is None:
        return None
    sessions.forget(session.session_id)
    return void_refusal(await sessions.find(session.session_id), is_cashiers=is_cashiers)


def void_refusal(session: Session, *, is_cashiers: bool) -> Refusal | None:
    """Why a session does not void a number now, as far as it is known. ``is_cashiers``: it is one of a cashier's."""
    now = datetime.now(UTC)
    if session.cashier_until is not None and session.cashier_until < now:
        return Refusal.CASHIER_MISSING
    if session.signed_on_until is None or session.signed_on_until <= now:
        return Refusal.CASHIER_MISSING if is_cashiers else None
    return None if session.may_void else Refusal.VOID_NOT_PERMITTED


async def _is_cashiers(ledger: Pool, session: Session, epoch: int, sequence: int) -> bool:
    """Whether somebody signed on before a number, and nobody off in between.

    By numbers alone: what follows a sign-on that ended by time counts, too, until the next message. A till that lies
    about times gains nothing.
    """
    book, terminal_id = session.book, session.terminal_id
    found = await cashiers.sign_on_before(ledger, book, terminal_id, epoch, sequence)
    if found is None:
        return False
    if found.ends_before is not None:
        return sequence < found.ends_before
    return not await shifts.cashiers_message_between(ledger, book, terminal_id, epoch, found.first_sequence, sequence)


def refused(reason: str) -> CashierAnswer:
    """The answer of a refusal, in both languages."""
    title, advice = f"refusal.{reason}.title", f"refusal.{reason}.advice"
    return CashierAnswer(
        "refused",
        reason=reason,
        title_zh=text(title, Language.CHINESE),
        title_en=text(title, Language.ENGLISH),
        advice_zh=text(advice, Language.CHINESE),
        advice_en=text(advice, Language.ENGLISH),
    )


def may_do(*, may_void: bool) -> list[str]:
    """What a cashier may do at a till."""
    return ["charge", "void", "close_shift"] if may_void else ["charge", "close_shift"]


def _checked(keys: KeyRing, message: TerminalMessage, body: bytes) -> bytes:
    """The keyed digest of a message that this terminal may send."""
    must_be_till(message.session)
    check_epoch(message.key.epoch, message.session.epoch)
    return keys.blind_index(message.session.acquirer_id, f"cashier message/{body.decode()}")


def _till(message: TerminalMessage) -> Till:
    session = message.session
    return Till(session.book, session.terminal_id, session.canteen_id, session.acquirer_id)


async def _keep(
    connection: Connection, till: Till, message: TerminalMessage, digest: bytes, found: RightPin | CashierRefusal
) -> shifts.CashiersMessage:
    """Keep the outcome under the message's number, unless the same message was faster; what is known of it then."""
    key = message.key
    await shifts.lock_terminal(connection, till.book, till.terminal_id)
    known = await shifts.cashiers_message(connection, till.book, key, digest)
    if known is not None:
        return known
    if isinstance(found, CashierRefusal):
        refusal: CashierRefusal | None = found
    elif await shifts.is_overtaken(connection, till.book, key):
        refusal = CashierRefusal.OVERTAKEN
    else:
        refusal = await cashiers.take_over(connection, till, key.epoch, key.sequence, found)
    await _use_number(connection, message, digest, refusal)
    return shifts.CashiersMessage(refusal)


async def _use_number(
    connection: Connection, message: TerminalMessage, digest: bytes, refusal: CashierRefusal | None
) -> None:
    if not await shifts.keep_cashiers_message(connection, message.session.book, message.key, digest, refusal):
        raise Problem(OTHER_CONTENT)


async def _at_till(ledger: Pool, keys: KeyRing, message: TerminalMessage) -> CashierAtTill:
    session, key = message.session, message.key
    async with ledger.acquire() as connection:
        found = await cashiers.signed_on(connection, session.book, key.terminal_id, key.epoch, key.sequence)
    name = name_of(keys, found.agency_id, found.cashier_id, found.name_sealed)
    return CashierAtTill(found.cashier_id, name, found.language, may_do(may_void=found.may_void), found.until)
