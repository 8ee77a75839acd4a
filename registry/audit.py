"""The audit log: every change by a person, each entry chained to the one before by its digest.

``digest = SHA-256(previous digest || CBOR([entry, at, actor, action, subject, detail]))`` with deterministic
CBOR (RFC 8949 section 4.2), which is length-prefixed, so that no two entries encode alike.

A change and its entry are one transaction: ``change`` opens it, and writes the entry last. Functions of the ledger that
move money write the entry themselves, from the ``Note`` that they are called with.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import cbor2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.postgres import LOCK_TIMEOUT_MS, Connection
from registry.models import AuditEntry, Database

GENESIS = bytes(32)
"""What the first entry chains to."""

_APPEND = text(
    "SELECT append_audit(CAST(ROW(CAST(:actor AS text), CAST(:action AS text), CAST(:subject AS text),"
    " CAST(:detail AS jsonb), CAST(:tail AS bytea)) AS audit_note))"
)
_BOUND = text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")


@dataclass(slots=True)
class Note:
    """Who did what to what: an audit entry that has no number yet. ``detail`` holds codes and numbers, no sentences."""

    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = field(default_factory=dict)

    def as_row(self) -> tuple[str, str, str, str, bytes]:
        """The note as PostgreSQL's type ``audit_note``."""
        parts = (self.actor, self.action, self.subject, self.detail)
        tail = b"".join(cbor2.dumps(part, canonical=True) for part in parts)
        return self.actor, self.action, self.subject, json.dumps(self.detail, ensure_ascii=False), tail


@dataclass(slots=True)
class Change:
    """A change that is being made: its transaction, for either way of speaking SQL, and what will be noted of it."""

    db: AsyncSession
    note: Note
    is_repeat: bool = False
    """Set when the same request was carried out before: it changed nothing now, and has its entry already."""

    async def connection(self) -> Connection:
        """The driver's connection, inside the same transaction."""
        raw = await (await self.db.connection()).get_raw_connection()
        assert raw.driver_connection is not None
        return raw.driver_connection  # type: ignore[no-any-return]


@asynccontextmanager
async def change(
    database: Database, actor: str, action: str, subject: str = "", detail: dict[str, Any] | None = None
) -> AsyncIterator[Change]:
    """The transaction of one change by a person. It commits with its audit entry, or leaves neither.

    ``subject`` and ``detail`` may be completed on ``Change.note`` inside the block.
    """
    async with database.begin() as db:
        # Also what begins the transaction: the driver's connection by itself would commit each statement.
        await db.execute(_BOUND)
        made = Change(db, Note(actor, action, subject, detail or {}))
        yield made
        if not made.is_repeat:
            await record(db, made.note)


async def append(connection: Connection, note: Note) -> None:
    """Append one entry in the transaction of a connection of the driver's own."""
    await connection.execute("SELECT append_audit($1)", note.as_row())


async def record(db: AsyncSession, note: Note) -> None:
    """Append one entry in the caller's transaction."""
    await db.flush()
    names = ("actor", "action", "subject", "detail", "tail")
    await db.execute(_APPEND, dict(zip(names, note.as_row(), strict=True)))


def entry_digest(
    previous: bytes, entry: int, at: datetime, actor: str, action: str, subject: str, detail: dict[str, Any]
) -> bytes:
    """The digest of one entry over the digest before it (32 bytes)."""
    fields = [entry, at.astimezone(UTC).isoformat(timespec="microseconds"), actor, action, subject, detail]
    return hashlib.sha256(previous + cbor2.dumps(fields, canonical=True)).digest()


def first_break(entries: Iterable[AuditEntry]) -> int | None:
    """The number of the first entry that does not chain to the one before; None when all do."""
    previous, expected = GENESIS, 1
    for e in entries:
        digest = entry_digest(previous, e.entry, e.at, e.actor, e.action, e.subject, e.detail)
        if e.entry != expected or e.digest != digest:
            return expected
        previous, expected = e.digest, expected + 1
    return None
