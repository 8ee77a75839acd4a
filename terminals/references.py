"""References to holder certificates, for short codes: made with each certificate, looked up once by each worker."""

import asyncio
import secrets
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.postgres import Pool, connection_within
from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from registry.models import Credential
from terminals.models import CodeReference
from terminals.phone_keys import KeyAlgorithm, PhoneKey
from terminals.qr import Holder
from terminals.sessions import QUERIES
from terminals.short_codes import REFERENCE_BYTES

KEPT_AFTER = timedelta(days=2)
"""How long after its certificate's end a reference is known: payments come up to a day late. Then it is removed, with
the phone's next renewal, so that nobody can tell whose an old photograph of a code is."""

CACHED_MAX = 50_000
"""Phones of one worker; each takes about 0.5 KiB."""

LOOK_UP_WITHIN_S = 1.5
"""A charge may wait for a look-up of its session (4 s), of others' references, and of its own: in all 7 of 8 s."""


async def reference_for(db: AsyncSession, credential: Credential, expires_at: datetime) -> bytes:
    """The reference of the credential's certificate of this end; a fresh one when it has none."""
    mine = CodeReference.book == credential.book, CodeReference.credential_id == credential.credential_id
    await db.execute(delete(CodeReference).where(*mine, CodeReference.expires_at < datetime.now(UTC) - KEPT_AFTER))
    while True:
        # Nothing happens when the certificate has a reference, or somebody else has this one.
        await db.execute(
            insert(CodeReference)
            .values(
                book=credential.book,
                reference=secrets.token_bytes(REFERENCE_BYTES),
                credential_id=credential.credential_id,
                expires_at=expires_at,
            )
            .on_conflict_do_nothing()
        )
        found = await db.scalar(select(CodeReference.reference).where(*mine, CodeReference.expires_at == expires_at))
        if found is not None:
            return found


class References:
    """What a worker knows of references. A certificate never changes, so it is looked up once.

    References that are asked for while a query runs are looked up together, in the next one.
    """

    def __init__(self, ledger: Pool) -> None:
        self._ledger = ledger
        self._known: OrderedDict[bytes, Holder] = OrderedDict()
        self._asked: dict[bytes, asyncio.Future[Holder | None]] = {}
        self._looking_up: asyncio.Task[None] | None = None

    def known(self, reference: bytes) -> Holder | None:
        """Whose certificate has this reference, if it was looked up before."""
        holder = self._known.get(reference)
        if holder is not None:
            self._known.move_to_end(reference)
        return holder

    async def find(self, reference: bytes) -> Holder | None:
        """Whose certificate has this reference; None if nobody's has. Raises LOST_CONNECTION or TimeoutError."""
        holder = self.known(reference)
        if holder is not None:
            return holder
        asked = self._asked.get(reference)
        if asked is None:
            asked = self._asked[reference] = asyncio.get_running_loop().create_future()
        if self._looking_up is None:
            self._looking_up = asyncio.create_task(self._look_up())
        return await asyncio.shield(asked)

    async def _look_up(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                try:
                    found = await self._query(list(asked))
                except Exception as error:
                    for future in asked.values():
                        future.set_exception(error)
                else:
                    for reference, future in asked.items():
                        future.set_result(found.get(reference))
        finally:
            self._looking_up = None

    async def _query(self, references: list[bytes]) -> dict[bytes, Holder]:
        async with connection_within(self._ledger, LOOK_UP_WITHIN_S) as connection:
            rows = await connection.fetch(QUERIES["holders_by_reference"], references)
        found = {
            row["reference"]: Holder(
                Book(row["book"]),
                AgencyId(row["agency_id"]),
                HolderId(row["holder_id"]),
                CredentialId(row["credential_id"]),
                row["expires_at"],
                PhoneKey(row["public_key"], KeyAlgorithm(row["key_algorithm"])),
            )
            for row in rows
        }
        self._known |= found
        while len(self._known) > CACHED_MAX:
            self._known.popitem(last=False)
        return found
