"""Closings of shifts as a ledger keeps them, signed by a key of their own."""

from datetime import UTC, datetime
from itertools import count

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from settlement.shifts import DayTotals, Opening, SignedTotals
from terminals.signatures import content_digest

KEY = Ed25519PrivateKey.generate()
OPENING = Opening("c-07", "1", datetime(2026, 11, 23, 2, tzinfo=UTC))
_bodies = count()


def closing(
    first: int,
    last: int,
    days: list[DayTotals],
    head: bytes = bytes(32),
    *,
    unknown: int = 0,
    body: bytes | None = None,
) -> SignedTotals:
    """What a till might sign; each time with another body."""
    content = b'{"n": %d}' % next(_bodies) if body is None else body
    base = f'"@method": POST\n"content-digest": {content_digest(content)}\n'.encode()
    signed = (content, base, KEY.sign(base), KEY.public_key().public_bytes_raw())
    return SignedTotals(first, last, OPENING, OPENING.opened_at, unknown, days, head, *signed)
