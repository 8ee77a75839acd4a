"""The audit log: every change by a person, in a chain that only the centre's key can continue.

``digest = HMAC-SHA-256(key, previous digest || CBOR([entry, at, actor, action, subject, detail]))`` with deterministic
CBOR (RFC 8949 section 4.2), which is length-prefixed, so that no two entries encode alike. The key is outside the
database (``KeyRing.audit_key``): whoever rewrites the table cannot make digests for it. Entries up to version 0.2 have
plain SHA-256 in the place of the HMAC; the first entry with the key seals them.

A cut end leaves a chain that holds. So the head, the number of entries and the last digest, is kept outside the
database too: in a file (``registry.audit_trail``) and in every night's manifest (``clearing.proof``).

A change and its entry are one transaction: ``change`` opens it, and writes the entry last. Postings of money write the
entry themselves, from the ``Note`` that they are called with.
"""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import cbor2
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.named_sql import load_queries
from foundation.postgres import LOCK_TIMEOUT_MS, Connection, Pool
from registry.models import AuditEntry, Database

QUERIES = load_queries(Path(__file__).parent / "sql" / "audit_log.sql")

GENESIS = bytes(32)
"""What the first entry chains to."""

COMMAND_LINE = "command line"
"""Who acts there: no login, so that every approver of what is asked for there is somebody else."""

CHECKED_AT_ONCE = 100
"""Entries: about a millisecond."""

_BOUND = text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")


class Head(NamedTuple):
    """Where the log ends: the number of its entries, and the last digest."""

    entries: int
    digest: bytes


class _Key:
    """The key of this process, from its start on."""

    value: bytes | None = None


def use_key(key: bytes) -> None:
    """Set the key that this process continues the log with (``KeyRing.audit_key``)."""
    _Key.value = key


@dataclass(slots=True)
class Note:
    """Who did what to what: an audit entry that has no number yet. ``detail`` holds codes and numbers, no sentences."""

    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Change:
    """A change that is being made: its transaction, for either way of speaking SQL, and what will be noted of it."""

    db: AsyncSession
    note: Note
    is_repeat: bool = False
    """Set when the same request was carried out before: it changed nothing now, and has its entry already."""

    async def connection(self) -> Connection:
        """The driver's connection, inside the same transaction."""
        return await connection_of(self.db)


async def connection_of(db: AsyncSession) -> Connection:
    """The driver's connection of a session, inside the same transaction."""
    raw = await (await db.connection()).get_raw_connection()
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
            await db.flush()
            await append(await made.connection(), made.note)


async def append(connection: Connection, note: Note) -> None:
    """Append one entry in the caller's transaction. Entries queue for one lock, so the chain has no fork."""
    if _Key.value is None:
        raise RuntimeError("the audit log is written with a key: call use_key at the start of the process")
    place = await connection.fetchrow("SELECT entry, at, previous FROM lock_audit_log()")
    assert place is not None
    entry, at, previous = place
    digest = entry_digest(_Key.value, previous, entry, at, note)
    detail = json.dumps(note.detail, ensure_ascii=False)
    await connection.execute(QUERIES["append"], entry, at, note.actor, note.action, note.subject, detail, digest)


async def append_once(connection: Connection, note: Note) -> None:
    """Append one entry unless the log has one that says the same. It reads the whole log: for what is rare."""
    detail = json.dumps(note.detail, ensure_ascii=False)
    if not await connection.fetchval(QUERIES["noted"], note.actor, note.action, note.subject, detail):
        await append(connection, note)


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry as people read it."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


async def entries_about(pool: Pool, subjects: Sequence[str]) -> list[Noted]:
    """The first thousand entries with one of some subjects, in order."""
    rows = await pool.fetch(QUERIES["entries_about"], list(subjects))
    return [Noted(**dict(row) | {"detail": json.loads(row["detail"])}) for row in rows]


async def last_entry(db: AsyncSession) -> int:
    """The number of the last entry; 0 without one."""
    return await db.scalar(select(func.max(AuditEntry.entry))) or 0


async def head_of(connection: Connection | Pool) -> Head:
    """The head of the log as it is committed."""
    row = await connection.fetchrow(QUERIES["head"])
    return Head(0, GENESIS) if row is None else Head(row["entry"], row["digest"])


async def holds(connection: Connection | Pool, head: Head) -> bool:
    """Whether the log has the entries up to an earlier head: none was cut off, and none before it replaced."""
    return head == (0, GENESIS) or await connection.fetchval(QUERIES["digest"], head.entries) == head.digest


def entry_digest(key: bytes | None, previous: bytes, entry: int, at: datetime, note: Note) -> bytes:
    """The digest of one entry over the digest before it (32 bytes). Without a key: as up to version 0.2."""
    at_utc = at.astimezone(UTC).isoformat(timespec="microseconds")
    content = [entry, at_utc, note.actor, note.action, note.subject, note.detail]
    chained = previous + cbor2.dumps(content, canonical=True)
    return hashlib.sha256(chained).digest() if key is None else hmac.digest(key, chained, "sha256")


class Chain:
    """The chain of the log, entry by entry from the first, or from ``expected`` on the digest before it.

    Entries without the key stand before all others, and one with the key follows them: so they are as they were when
    the key came.
    """

    def __init__(self, key: bytes, previous: bytes = GENESIS, expected: int = 1) -> None:
        self._key, self._previous, self._expected, self._sealed = key, previous, expected, False

    def continues_with(self, e: AuditEntry) -> bool:
        """Whether the next entry continues it."""
        note = Note(e.actor, e.action, e.subject, e.detail)
        if e.digest == entry_digest(self._key, self._previous, e.entry, e.at, note):
            self._sealed = True
        elif self._sealed or e.digest != entry_digest(None, self._previous, e.entry, e.at, note):
            return False
        if e.entry != self._expected:
            return False
        self._previous, self._expected = e.digest, self._expected + 1
        return True

    @property
    def is_sealed(self) -> bool:
        """Whether an entry with the key is among them, or none at all."""
        return self._sealed or self._expected == 1


def first_break(entries: Iterable[AuditEntry], key: bytes) -> int | None:
    """The number of the first entry that does not continue the chain; None when all do."""
    chain, expected = Chain(key), 1
    for entry in entries:
        if not chain.continues_with(entry):
            return expected
        expected += 1
    return None if chain.is_sealed else 1


async def first_break_until(database: Database, until: int, after: int = 0) -> int | None:
    """The same of the stored entries up to one; a little at a time, so that nothing else of the process waits.

    ``after``: the entries up to there were checked before; the last of them is read again. Entries without the key are
    judged by those that follow: where they are the end of the log, they break it.
    """
    if _Key.value is None:
        raise RuntimeError("the audit log is checked with a key: call use_key at the start of the process")
    expected = max(1, after)
    async with database() as db:
        before = await db.get(AuditEntry, expected - 1)
        head = await last_entry(db)
    if before is None and expected > 1:
        return expected - 1
    chain = Chain(_Key.value) if before is None else Chain(_Key.value, before.digest, expected)
    while expected <= until:
        async with database() as db:
            following = select(AuditEntry).where(AuditEntry.entry >= expected, AuditEntry.entry <= until)
            entries = list(await db.scalars(following.order_by(AuditEntry.entry).limit(CHECKED_AT_ONCE)))
        for entry in entries:
            if not chain.continues_with(entry):
                return expected
            expected += 1
        if not entries:
            return expected
    return None if chain.is_sealed or until < head else 1
