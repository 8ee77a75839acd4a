"""Closings of shifts as a ledger keeps them; their signatures are of no concern there."""

from datetime import UTC, datetime
from itertools import count

from settlement.shifts import DayTotals, Opening, SignedTotals

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
    content = str(next(_bodies)).encode() if body is None else body
    return SignedTotals(
        first, last, OPENING, OPENING.opened_at, unknown, days, head, content, b"base", b"signature", b"key"
    )
