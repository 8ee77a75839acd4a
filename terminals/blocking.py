"""The block list: numbered changes, so that a terminal knows from any answer whether its copy is behind.

Version numbers are given out under a lock that is held until commit: with a bare sequence a later number could
become visible first, and a terminal that saw it would skip the earlier one for good.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import Select, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.named_sql import load_queries
from foundation.postgres import LOST_CONNECTION, Connection, Pool, as_struct, connection_within
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, SECOND_PERSON, Problem
from registry import audit
from registry.access import Person
from registry.audit import Change
from registry.duties import Duty, must_be_another
from registry.identifiers import Book, HolderId
from registry.models import Credential, Database, Official
from registry.officials import find_officials, must_be_open
from terminals.models import BlockEntry, PhoneActivation
from terminals.schemas import BlockChange, BlockChanges
from terminals.sessions import QUERIES

log = structlog.get_logger()

ROSTERS = load_queries(Path(__file__).parent / "sql" / "rosters.sql")

CHANGES_MAX = 1_000
"""Changes in one answer; a terminal that is further behind asks again."""

REFRESH_S = 2.0
LOOK_UP_WITHIN_S = 3.0
"""The version in an answer is at most as old as both together, 5 s, while the database answers at all."""

_LOCK = text("SELECT pg_advisory_xact_lock(7320, 0)")


async def set_blocked(db: AsyncSession, person: Person, credential_id: int, blocked: bool, reason: str) -> bool:
    """Block a credential or lift its block, for an official of the person's agency; False when nothing changed.

    Anybody with the right blocks at once; a block is lifted by a second person (docs/decisions/0024). Raises Problem
    NOT_FOUND, NOT_ALLOWED, SECOND_PERSON, ACCOUNT_CLOSED (its credentials stay blocked), CONFLICT (one that was
    replaced stays blocked, too).

    The charge statement reads the state itself: after this commit no online payment passes.
    """
    credential = await db.scalar(select(Credential).where(Credential.credential_id == credential_id))
    if credential is None:
        raise Problem(NOT_FOUND, "terminals.credential_unknown", credential_id=credential_id)
    official = await db.get_one(Official, (credential.book, credential.holder_id))
    person.must_act_for(official.agency_id)
    # The account before the credential, as a closure locks them.
    kept = await find_officials(db, [official.holder_id], keep_open=True)
    if not blocked:
        must_be_open(*kept.values())
    await db.refresh(credential, with_for_update=True)
    if blocked == (credential.state == "blocked"):
        return False
    if not blocked:
        await must_not_be_replaced(db, credential)
        await _must_be_second(db, person, credential_id)
    else:
        await void_codes(db, official.book, [official.holder_id])
    await _change(db, credential, blocked, reason, person.login)
    return True


async def must_not_be_replaced(db: AsyncSession, credential: Credential) -> None:
    """Raise Problem(CONFLICT) for a credential in whose place another was issued: an account has one or the other."""
    later = select(Credential.credential_id).where(
        Credential.book == credential.book,
        Credential.holder_id == credential.holder_id,
        Credential.replaces == credential.credential_id,
    )
    replaced_by = await db.scalar(later.limit(1))
    if replaced_by is not None:
        params = {"credential_id": credential.credential_id, "replaced_by": replaced_by}
        raise Problem(CONFLICT, "terminals.credential_replaced", **params)


async def _must_be_second(db: AsyncSession, person: Person, credential_id: int) -> None:
    """Raise Problem(SECOND_PERSON) to who blocked it; a block by nobody known is lifted by the centre's people."""
    blocks = select(BlockEntry.changed_by).where(BlockEntry.credential_id == credential_id)
    blocked_by = await db.scalar(blocks.order_by(BlockEntry.version.desc()).limit(1))
    await must_be_another(db, Duty.BLOCK, person, [blocked_by])
    if blocked_by is None and person.agency_id is not None:
        raise Problem(SECOND_PERSON)


async def block_lost(change: Change, credential: Credential, reason: str) -> None:
    """Block a credential that its own holder has lost, in the transaction that has locked account and credential."""
    await void_codes(change.db, credential.book, [credential.holder_id])
    await _change(change.db, credential, True, reason, change.note.actor)


async def block_all(db: AsyncSession, book: Book, holder_id: HolderId, reason: str, changed_by: str) -> int:
    """Block every credential of an official that is not blocked yet, and end his open code; returns how many.

    The caller has the account locked for itself: no phone is activated meanwhile.
    """
    own = select(Credential).where(Credential.book == book, Credential.holder_id == holder_id)
    blocked = await _block(db, own, reason, changed_by)
    await void_codes(db, book, [holder_id])
    return blocked


async def block_made_by(db: AsyncSession, official: Official, identity_id: int, reason: str, changed_by: str) -> int:
    """Block the phones of an official that he made himself by one identity; returns how many were not blocked yet.

    The caller has the account locked for itself: none is activated meanwhile, and none with its codes later.
    """
    made = select(PhoneActivation.credential_id).where(
        PhoneActivation.book == official.book,
        PhoneActivation.holder_id == official.holder_id,
        PhoneActivation.identity_id == identity_id,
    )
    own = select(Credential).where(Credential.book == official.book, Credential.holder_id == official.holder_id)
    return await _block(db, own.where(Credential.credential_id.in_(made)), reason, changed_by)


async def _block(db: AsyncSession, some: Select[Credential], reason: str, changed_by: str) -> int:
    active = some.where(Credential.state == "active").order_by(Credential.credential_id)
    credentials = list(await db.scalars(active.with_for_update()))
    for credential in credentials:
        await _change(db, credential, True, reason, changed_by)
    return len(credentials)


async def block_everything(change: Change, book: Book, holder_ids: Sequence[HolderId], reason: str) -> int:
    """Block every credential of many officials of one book, whose accounts are locked, and end their open codes.

    Returns how many credentials were not blocked yet.
    """
    connection = await change.connection()
    rows = await connection.fetch(ROSTERS["block_credentials"], book, holder_ids)
    await void_codes(change.db, book, holder_ids)
    await list_changes(connection, book, sorted(row["credential_id"] for row in rows), True, reason, change.note.actor)
    return len(rows)


async def list_changes(
    connection: Connection, book: Book, credential_ids: list[int], blocked: bool, reason: str, changed_by: str
) -> None:
    """Put changes of many credentials of one book into the block list."""
    if credential_ids:
        await connection.execute(_LOCK.text)
        await connection.execute(ROSTERS["append_to_block_list"], book, credential_ids, blocked, reason, changed_by)


async def block_clone(database: Database, credential_id: int, counter: int) -> None:
    """Block a card of which two must exist: a genuine response came under a counter that has paid before.

    A card counts every response and never repeats a counter, and a response fits one challenge alone. So whoever made
    this one has the key of a card that counts separately. A low counter that never paid is no sign of a clone: a till
    may send late what the card answered before its holder went to another till. Once per counter; the audit log has an
    entry for the supervisors.
    """
    subject = f"credential/{credential_id}"
    async with audit.change(database, "centre", "block_clone", subject, {"counter": counter}) as change:
        change.is_repeat = not await _block_once(change.db, credential_id, counter)
    if not change.is_repeat:
        log.warning("clone_suspected", credential_id=credential_id, counter=counter)


async def _block_once(db: AsyncSession, credential_id: int, counter: int) -> bool:
    """Block the card if the counter has paid and has not led to a block before; returns whether it did."""
    reason = f"clone suspected: counter {counter} was used before"
    credential = await db.scalar(select(Credential).where(Credential.credential_id == credential_id))
    if credential is not None:
        await db.refresh(credential, with_for_update=True)
    known = select(BlockEntry.version).where(BlockEntry.credential_id == credential_id, BlockEntry.reason == reason)
    if credential is None or credential.state != "active" or await db.scalar(known) is not None:
        return False
    if not await _has_paid(db, credential, counter):
        return False
    await void_codes(db, credential.book, [credential.holder_id])
    await _change(db, credential, True, reason, None)
    return True


async def void_codes(db: AsyncSession, book: Book, holder_ids: Sequence[HolderId]) -> None:
    """End the codes for phones of some officials of a book that nobody has used."""
    of_theirs = (PhoneActivation.book == book) & PhoneActivation.holder_id.in_(holder_ids)
    await db.execute(update(PhoneActivation).where(of_theirs, PhoneActivation.tries_left > 0).values(tries_left=0))


async def phone_is_withheld(db: AsyncSession, official: Official, actor: str) -> bool:
    """Whether somebody other than the official has blocked a phone of his, and none was issued to him since.

    Only his agency issues one meanwhile. ``actor``: who he is in the block list.
    """
    own = (Credential.book == official.book) & (Credential.holder_id == official.holder_id)
    phones = list(await db.scalars(select(Credential).where(own, Credential.kind == "phone")))
    blocked = [phone.credential_id for phone in phones if phone.state == "blocked"]
    entries = select(BlockEntry).where(BlockEntry.book == official.book, BlockEntry.credential_id.in_(blocked))
    by_phone = entries.distinct(BlockEntry.credential_id).order_by(BlockEntry.credential_id, BlockEntry.version.desc())
    last_issued_at = max((phone.issued_at for phone in phones), default=datetime.min.replace(tzinfo=UTC))
    return any(block.changed_by != actor and block.at > last_issued_at for block in await db.scalars(by_phone))


async def _has_paid(db: AsyncSession, credential: Credential, counter: int) -> bool:
    connection = await db.connection()
    values = (credential.book, credential.holder_id, credential.credential_id, counter)
    found = await connection.exec_driver_sql(QUERIES["counter_has_paid"], values)
    return bool(found.scalar_one())


async def _change(db: AsyncSession, credential: Credential, blocked: bool, reason: str, changed_by: str | None) -> None:
    credential.state = "blocked" if blocked else "active"
    await db.execute(_LOCK)
    last = await db.scalar(select(func.coalesce(func.max(BlockEntry.version), 0)))
    db.add(
        BlockEntry(
            version=(last or 0) + 1,
            book=credential.book,
            credential_id=credential.credential_id,
            blocked=blocked,
            reason=reason,
            changed_by=changed_by,
            at=datetime.now(UTC),
        )
    )


async def changes_since(ledger: Pool, version: int) -> BlockChanges:
    """The next changes after a version, oldest first. Raises Problem(INVALID) for a version to come."""
    rows = await ledger.fetch(QUERIES["block_list_since"], version, CHANGES_MAX)
    if not rows and version > (current := await block_list_version(ledger)):
        raise Problem(INVALID, "terminals.block_list_ahead", version=current)
    reached = rows[-1]["version"] if rows else version
    return BlockChanges(reached, len(rows) < CHANGES_MAX, [as_struct(row, BlockChange) for row in rows])


async def block_list_version(ledger: Pool | Connection) -> int:
    """The version of the block list now."""
    return int(await ledger.fetchval(QUERIES["block_list_version"]))


class BlockListVersion:
    """The version that this worker puts into its answers."""

    def __init__(self, ledger: Pool) -> None:
        self._ledger = ledger
        self.current = 0

    async def follow(self) -> None:
        """Keep ``current`` up to date until cancelled."""
        while True:
            try:
                async with connection_within(self._ledger, LOOK_UP_WITHIN_S) as connection:
                    self.current = await block_list_version(connection)
            except (*LOST_CONNECTION, TimeoutError) as error:
                log.warning("block_list_version_unknown", error=repr(error))
            await asyncio.sleep(REFRESH_S)
