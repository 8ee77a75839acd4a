"""A terminal's own key, which it renews itself before it has been used for too long.

The terminal makes a key, writes it down, and sends it under the signature of the old one, with a signature of the new
one: nobody can give it a key that he does not hold. A repeat of the message, still under the old key, gets the same
answer until the next renewal, so a lost answer costs nothing. Sessions go on.
"""

from datetime import UTC, datetime, timedelta

from foundation.problems import CONFLICT, INVALID, Problem
from registry import audit
from registry.models import Database
from terminals.models import Terminal
from terminals.schemas import KeyRenewed, RenewKey, to_bytes
from terminals.signatures import ed25519_verifier, is_signing_key

KEY_LIFE = timedelta(days=365)
"""From then on a terminal renews its key. One that does not is not stopped: people would not be fed."""

CONTEXT = b"onecard terminal key v1"


def key_renew_at(terminal: Terminal) -> int:
    """From when a terminal should renew its key, in seconds since 1970."""
    return int(((terminal.key_since or terminal.enrolled_at) + KEY_LIFE).timestamp())


def proof_text(terminal_id: int, old_public_key: bytes) -> bytes:
    """What the new key signs."""
    return CONTEXT + terminal_id.to_bytes(8, "big") + old_public_key


def sender_key(terminal: Terminal, asked: RenewKey) -> bytes | None:
    """The key that must have signed the message: the terminal's, or in a repeat the one before."""
    return terminal.previous_key if terminal.public_key == to_bytes(asked.public_key) else terminal.public_key


async def renew_key(database: Database, terminal: Terminal, asked: RenewKey) -> KeyRenewed:
    """Put a terminal's new key in force; the message's signature was checked with ``sender_key``.

    Raises Problem INVALID (a key under which anybody can sign, the key before this one, a proof that does not fit),
    CONFLICT (another message has changed the terminal meanwhile).
    """
    new, old = to_bytes(asked.public_key), sender_key(terminal, asked)
    assert old is not None
    if not is_signing_key(new):
        raise Problem(INVALID, "terminals.public_key")
    if not ed25519_verifier(new)(proof_text(terminal.terminal_id, old), to_bytes(asked.proof)):
        raise Problem(INVALID, "terminals.key_proof")
    subject = f"terminal/{terminal.terminal_id}"
    async with audit.change(database, "centre", "renew_terminal_key", subject, {"epoch": terminal.epoch}) as change:
        key = (terminal.book, terminal.terminal_id)
        found = await change.db.get_one(Terminal, key, with_for_update=True)
        if (found.state, found.epoch) != ("active", terminal.epoch):
            raise Problem(CONFLICT, "terminals.key_conflict")
        change.is_repeat = (found.public_key, found.previous_key) == (new, old)
        if not change.is_repeat:
            if new == found.previous_key:
                raise Problem(INVALID, "terminals.former_key")
            if found.public_key != old:
                raise Problem(CONFLICT, "terminals.key_conflict")
            found.previous_key, found.public_key, found.key_since = old, new, datetime.now(UTC)
    return KeyRenewed(found.terminal_id, found.epoch, key_renew_at(found))
