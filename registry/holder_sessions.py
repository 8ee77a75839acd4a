"""Sessions of officials who signed on at a provider: a cookie, for their own things alone.

They are in a table of their own, under a cookie of another name than the console's: neither opens the other. They end
when they are idle, at their end, with the identity that opened them, and by the provider's word (back-channel logout).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.problems import NOT_SIGNED_IN, Problem
from foundation.request_log import address_of
from registry.errors import PROOF_NEEDED
from registry.identifiers import Book, HolderId
from registry.models import Database, HolderSession, Official, next_numbers
from registry.sessions import TOUCHED_EVERY, Connection, SessionKind, SessionRules, SignedOn, Token, device_text

FRESH = timedelta(minutes=5)
"""For so long a sign-on stands for the person at the screen: enough to come from the provider and press a button."""


@dataclass(frozen=True, slots=True)
class Session:
    """An official's session. ``number`` names it in lists."""

    number: int
    book: Book
    holder_id: HolderId
    token: Token
    expires_at: datetime
    identity_id: int
    signed_on_at: datetime
    """When the person showed who he is: at the provider, where it says so, else when the session was opened."""

    def must_be_fresh(self) -> None:
        """Raise Problem(PROOF_NEEDED) unless the person has signed on a short time ago."""
        if self.signed_on_at < datetime.now(UTC) - FRESH:
            raise Problem(PROOF_NEEDED, "session.sign_on_anew", minutes=FRESH // timedelta(minutes=1))


async def open_session(
    db: AsyncSession, connection: Connection, official: Official, rules: SessionRules, by: SignedOn
) -> Session:
    """Open a session for an official whom a provider has just identified. Sessions that have ended make room."""
    now, token = datetime.now(UTC), Token.fresh(SessionKind.COOKIE)
    await db.execute(delete(HolderSession).where(HolderSession.expires_at < now))
    [number] = await next_numbers(db, 1)
    row = HolderSession(
        token_hash=token.digest,
        number=number,
        book=official.book,
        holder_id=official.holder_id,
        made_at=now,
        last_used_at=now,
        expires_at=now + rules.life,
        authenticated_at=by.authenticated_at,
        address=address_of(connection),
        device=device_text(connection),
        identity_id=by.identity_id,
        provider_session=by.provider_session,
    )
    db.add(row)
    return _session_of(row, token)


async def find(database: Database, token: Token, rules: SessionRules) -> Session:
    """The session of a token, which counts as used now; raises Problem(NOT_SIGNED_IN)."""
    now = datetime.now(UTC)
    async with database.begin() as db:
        row = await db.get(HolderSession, token.digest)
        if row is None or row.expires_at <= now or row.last_used_at < now - rules.idle:
            raise Problem(NOT_SIGNED_IN, "traveller.session_ended")
        if row.last_used_at < now - TOUCHED_EVERY:
            row.last_used_at = now
        return _session_of(row, token)


async def sessions_of(db: AsyncSession, holder_id: HolderId, rules: SessionRules) -> Sequence[HolderSession]:
    """An official's sessions that have not ended, the latest used first."""
    now = datetime.now(UTC)
    alive = (HolderSession.expires_at > now) & (HolderSession.last_used_at >= now - rules.idle)
    own = select(HolderSession).where(HolderSession.holder_id == holder_id, alive)
    return list(await db.scalars(own.order_by(HolderSession.last_used_at.desc(), HolderSession.number.desc())))


async def end_by_token(db: AsyncSession, token: Token) -> None:
    """End the session of a token, whoever's it is."""
    await db.execute(delete(HolderSession).where(HolderSession.token_hash == token.digest))


async def end(db: AsyncSession, holder_id: HolderId, number: int) -> bool:
    """End a session of an official; whether he had it."""
    ended = delete(HolderSession).where(HolderSession.holder_id == holder_id, HolderSession.number == number)
    return await db.scalar(ended.returning(HolderSession.number)) is not None


def _session_of(row: HolderSession, token: Token) -> Session:
    signed_on_at = min(row.made_at, row.authenticated_at or row.made_at)
    return Session(row.number, row.book, row.holder_id, token, row.expires_at, row.identity_id, signed_on_at)
