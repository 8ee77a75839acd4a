"""The audit log: every change by a person, each entry chained to the one before by its digest.

``digest = SHA-256(previous digest || CBOR([entry, at, actor, action, subject, detail]))`` with deterministic
CBOR (RFC 8949 section 4.2), which is length-prefixed, so that no two entries encode alike.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import cbor2
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from registry.models import AuditEntry

GENESIS = bytes(32)
"""What the first entry chains to."""

_LOCK = text("SELECT pg_advisory_xact_lock(7310, 0)")


def entry_digest(
    previous: bytes, entry: int, at: datetime, actor: str, action: str, subject: str, detail: dict[str, Any]
) -> bytes:
    """The digest of one entry over the digest before it (32 bytes)."""
    fields = [entry, at.astimezone(UTC).isoformat(timespec="microseconds"), actor, action, subject, detail]
    return hashlib.sha256(previous + cbor2.dumps(fields, canonical=True)).digest()


async def record(db: AsyncSession, actor: str, action: str, subject: str, detail: dict[str, Any] | None = None) -> None:
    """Append one entry in the caller's transaction. Entries queue for one lock, so the chain has no fork."""
    await db.execute(_LOCK)
    last = (await db.scalars(select(AuditEntry).order_by(AuditEntry.entry.desc()).limit(1))).first()
    number, previous = (last.entry + 1, last.digest) if last else (1, GENESIS)
    at, detail = datetime.now(UTC), detail or {}
    digest = entry_digest(previous, number, at, actor, action, subject, detail)
    db.add(AuditEntry(entry=number, at=at, actor=actor, action=action, subject=subject, detail=detail, digest=digest))
    await db.flush()


def first_break(entries: Iterable[AuditEntry]) -> int | None:
    """The number of the first entry that does not chain to the one before; None when all do."""
    previous, expected = GENESIS, 1
    for e in entries:
        digest = entry_digest(previous, e.entry, e.at, e.actor, e.action, e.subject, e.detail)
        if e.entry != expected or e.digest != digest:
            return expected
        previous, expected = e.digest, expected + 1
    return None
