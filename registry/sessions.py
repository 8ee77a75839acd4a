"""Console sessions: a bearer token for programs, or a cookie for browsers.

A token is 256 random bits; the database stores only its SHA-256. A cookie's session ends when it is idle, and its
requests are checked against forgery from other sites (OWASP, Cross-Site Request Forgery Prevention): the browser must
say that the request comes from our own pages (``Sec-Fetch-Site``, ``Origin``), and a changing one must carry a token
that only such a page can read. Our pages also name the session in which they began (``SESSION_HEADER``). A token is of
one kind: a cookie's value is no bearer token, nor the other way round.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.problems import INVALID, NOT_SIGNED_IN, Problem
from foundation.request_log import address_of
from registry.errors import CROSS_SITE_REQUEST, PROOF_NEEDED, SESSION_CHANGED
from registry.models import ConsoleSession, ConsoleUser, HolderSession, SignInTicket, next_numbers
from registry.roles import Role

Connection = ASGIConnection[Any, Any, Any, Any]

PROOF_LIFE = timedelta(minutes=15)
"""For how long a password or second factor that was entered stands for the person at the screen."""

TOUCHED_EVERY = timedelta(minutes=1)
"""The last use is written at most this often: a page asks several times a second."""

DEVICE_TEXT_MAX = 200

CSRF_HEADER = "x-csrf-token"

SESSION_HEADER = "x-session"
"""The number of the session for which a page asks: the browser's cookie may be another's by now."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SECURE_COOKIE = "__Host-onecard-session"
"""Browsers take a cookie of this name over TLS alone, for this host and no other (RFC 6265bis, section 4.1.3.2)."""
LOOPBACK_COOKIE = "onecard-session"
"""The name over plain HTTP on the machine itself."""
OFFICIAL = "-me"
"""Ends the name of the cookie of an official's session (``travellers``), which is none at the console."""


class SessionKind(StrEnum):
    """How a session's token is carried."""

    BEARER = "bearer"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long sessions live: unused, and at all. ``strict_bearer``: bearer sessions are treated like cookies'.

    ``second_factor_roles``: who may do nothing without a second factor.
    """

    idle: timedelta = timedelta(minutes=30)
    life: timedelta = timedelta(hours=12)
    strict_bearer: bool = False
    second_factor_roles: frozenset[Role] = frozenset()

    def is_strict(self, kind: str) -> bool:
        """Whether sessions of a kind end when they are idle, and need a fresh proof for what moves money."""
        return kind == SessionKind.COOKIE or self.strict_bearer


@dataclass(frozen=True, slots=True)
class Token:
    """What a request carries to be known by. Its repr shows no secret."""

    kind: SessionKind
    value: str

    def __repr__(self) -> str:
        return f"Token({self.kind})"

    @classmethod
    def fresh(cls, kind: SessionKind) -> "Token":
        """A new one."""
        return cls(kind, secrets.token_urlsafe(32))

    @property
    def digest(self) -> bytes:
        """What the database stores (SHA-256)."""
        return hashlib.sha256(self.value.encode()).digest()

    @property
    def csrf_token(self) -> str:
        """The session's token against forged requests: an HMAC of the cookie, which no script can read."""
        return hmac.new(self.value.encode(), b"onecard csrf", hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Session:
    """The session of a request."""

    number: int
    token: Token
    made_at: datetime
    expires_at: datetime
    proved_at: datetime | None
    is_strict: bool

    @property
    def proved_until(self) -> datetime | None:
        """Until when the last password or second factor that was entered counts; None: it does not any more."""
        until = None if self.proved_at is None else self.proved_at + PROOF_LIFE
        return until if until is not None and until > datetime.now(UTC) else None

    def must_be_proved(self) -> None:
        """Raise Problem(PROOF_NEEDED) unless the person entered a password or second factor a short time ago."""
        if self.proved_until is None:
            raise Problem(PROOF_NEEDED, "session.proof_needed", minutes=PROOF_LIFE // timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class SignedOn:
    """By which identity of a provider a session is opened, and what the provider says of it."""

    identity_id: int
    provider_session: str | None
    authenticated_at: datetime | None


def bearer_token(connection: Connection) -> str:
    """The token of the Authorization header; raises Problem(NOT_SIGNED_IN)."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value:
        raise Problem(NOT_SIGNED_IN, "access.no_token")
    return value


def token_of(connection: Connection) -> Token:
    """The token of the Authorization header, else of the cookie; raises Problem(NOT_SIGNED_IN)."""
    in_cookie = cookie_token(connection)
    if in_cookie is not None and "authorization" not in connection.headers:
        return in_cookie
    return Token(SessionKind.BEARER, bearer_token(connection))


def cookie_token(connection: Connection, of: str = "") -> Token | None:
    """The token of the cookie. ``of``: empty at the console, or ``OFFICIAL``."""
    value = connection.cookies.get(_cookie_name(connection) + of)
    return Token(SessionKind.COOKIE, value) if value else None


def check_origin(connection: Connection, token: Token) -> None:
    """Raise Problem(CROSS_SITE_REQUEST) for a cookie's request that our own pages did not make."""
    if token.kind is not SessionKind.COOKIE:
        return
    method = connection.scope["method"]  # type: ignore[typeddict-item]
    check_site(connection, safe=method in SAFE_METHODS)
    if method in SAFE_METHODS:
        return
    given = connection.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), token.csrf_token.encode()):
        raise Problem(CROSS_SITE_REQUEST, "session.csrf_token")


def check_named(connection: Connection, session: Session) -> None:
    """Raise Problem(SESSION_CHANGED) where a request names another session than the one that it came with.

    The tabs of a browser share one cookie: what somebody left in one of them must not go out as the next one's.
    """
    if connection.headers.get(SESSION_HEADER, str(session.number)) != str(session.number):
        raise Problem(SESSION_CHANGED)


def check_site(connection: Connection, *, safe: bool = False) -> None:
    """Raise Problem(CROSS_SITE_REQUEST) unless the browser says that the request comes from our own pages.

    ``safe``: a reading request, which a person may also start from the address bar, and for which browsers need not
    say where it comes from.
    """
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    own = f"{connection.scope['scheme']}://{connection.headers.get('host', '')}".lower()
    from_here = site == "same-origin" or (safe and site in (None, "none")) or (site is None and origin is not None)
    if not from_here or origin not in (None, own):
        raise Problem(CROSS_SITE_REQUEST, "session.other_site")


def check_cookie_wanted(connection: Connection) -> None:
    """Raise Problem unless a sign-in may answer with a cookie.

    INVALID: a browser would not keep it, or would send it for others to read. CROSS_SITE_REQUEST: another site would
    sign the person in, as somebody else.
    """
    if not _is_secure(connection) and not _is_loopback(connection.headers.get("host", "")):
        raise Problem(INVALID, "session.cookie_needs_tls")
    check_site(connection)


def cookie_of(connection: Connection, token: Token, rules: SessionRules, of: str = "") -> Cookie:
    """The cookie that carries a token. It ends with the session."""
    return Cookie(
        _cookie_name(connection) + of,
        "/",
        token.value,
        max_age=int(rules.life.total_seconds()),
        secure=_is_secure(connection),
        httponly=True,
        samesite="strict",
    )


def no_cookie(connection: Connection, of: str = "") -> Cookie:
    """What takes the cookie from the browser."""
    return Cookie(
        _cookie_name(connection) + of, "/", max_age=0, secure=_is_secure(connection), httponly=True, samesite="strict"
    )


def _cookie_name(connection: Connection) -> str:
    return SECURE_COOKIE if _is_secure(connection) else LOOPBACK_COOKIE


def _is_secure(connection: Connection) -> bool:
    return connection.scope["scheme"] == "https"


def _is_loopback(host: str) -> bool:
    """Whether a Host field, with or without a port, names the machine itself."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


async def open_session(
    db: AsyncSession,
    connection: Connection,
    user_id: int,
    kind: SessionKind,
    rules: SessionRules,
    by: SignedOn | None = None,
) -> Session:
    """Open a session for a person who has just shown who he is. Sessions that have ended make room.

    ``by``: at a provider, which may have known him from earlier; then he is not proved now.
    """
    now, token = datetime.now(UTC), Token.fresh(kind)
    proved_at = now if by is None else by.authenticated_at and min(by.authenticated_at, now)
    await db.execute(delete(ConsoleSession).where(ConsoleSession.expires_at < now))
    [number] = await next_numbers(db, 1)
    row = ConsoleSession(
        token_hash=token.digest,
        number=number,
        user_id=user_id,
        kind=kind,
        made_at=now,
        last_used_at=now,
        expires_at=now + rules.life,
        proved_at=proved_at,
        address=address_of(connection),
        device=device_text(connection),
        identity_id=by and by.identity_id,
        provider_session=by and by.provider_session,
    )
    db.add(row)
    await db.execute(update(ConsoleUser).where(ConsoleUser.user_id == user_id).values(signed_in_at=now))
    return _session_of(row, token, rules)


def device_text(connection: Connection) -> str:
    """What the device calls itself, for people to read: what cannot be seen is left out."""
    said = connection.headers.get("user-agent", "")
    return "".join(character for character in said if character.isprintable())[:DEVICE_TEXT_MAX]


async def find_session(db: AsyncSession, token: Token, rules: SessionRules) -> tuple[ConsoleSession, Session] | None:
    """The session of a token, which counts as used now; None when there is none, or it has ended."""
    row = await db.get(ConsoleSession, token.digest)
    now = datetime.now(UTC)
    if row is None or row.kind != token.kind or not _is_alive(row, now, rules):
        return None
    if row.last_used_at < now - TOUCHED_EVERY:
        row.last_used_at = now
    return row, _session_of(row, token, rules)


def _session_of(row: ConsoleSession, token: Token, rules: SessionRules) -> Session:
    return Session(row.number, token, row.made_at, row.expires_at, row.proved_at, rules.is_strict(row.kind))


def _is_alive(row: ConsoleSession, now: datetime, rules: SessionRules) -> bool:
    idle = rules.is_strict(row.kind) and row.last_used_at < now - rules.idle
    return row.expires_at > now and not idle


async def sessions_of(db: AsyncSession, user_id: int, rules: SessionRules) -> Sequence[ConsoleSession]:
    """A person's sessions that have not ended, the latest used first."""
    rows = await db.scalars(
        select(ConsoleSession)
        .where(ConsoleSession.user_id == user_id)
        .order_by(ConsoleSession.last_used_at.desc(), ConsoleSession.number.desc())
    )
    now = datetime.now(UTC)
    return [row for row in rows if _is_alive(row, now, rules)]


async def renew(db: AsyncSession, session: Session, rules: SessionRules) -> Session:
    """Give a session a new token, and count the person as proved now; the old token is worth nothing any more.

    What a person may do has grown, so a token that somebody else knew from before must not grow with it. Raises
    Problem(NOT_SIGNED_IN) when the session has ended meanwhile.
    """
    token = Token.fresh(session.token.kind)
    row = await db.scalar(
        update(ConsoleSession)
        .where(ConsoleSession.token_hash == session.token.digest)
        .values(token_hash=token.digest, proved_at=datetime.now(UTC))
        .returning(ConsoleSession)
        .execution_options(synchronize_session=False)
    )
    if row is None:
        raise Problem(NOT_SIGNED_IN)
    return _session_of(row, token, rules)


async def end_by_token(db: AsyncSession, token: Token) -> int | None:
    """End the session of a token; returns its user, or None when there is no such session any more."""
    ended = delete(ConsoleSession).where(ConsoleSession.token_hash == token.digest, ConsoleSession.kind == token.kind)
    return await db.scalar(ended.returning(ConsoleSession.user_id))


async def end_provider_sessions(db: AsyncSession, identity_ids: Sequence[int], session: str | None) -> int:
    """End the sessions that identities opened: all, or those of one ``session`` of the provider. Returns how many."""
    counts = []
    for table in (SignInTicket, ConsoleSession, HolderSession):
        ended = delete(table).where(table.identity_id.in_(identity_ids))
        if session is not None:
            ended = ended.where(table.provider_session == session)
        counts.append(len((await db.execute(ended.returning(table.identity_id))).all()))
    return sum(counts[1:])


async def end_sessions(
    db: AsyncSession, user_id: int, *, number: int | None = None, but: Session | None = None
) -> list[int]:
    """End a person's sessions: all, the one of a number, or all ``but`` one. Returns their numbers.

    With all, or all but one, ends what was begun with the password alone.
    """
    if number is None:
        await db.execute(delete(SignInTicket).where(SignInTicket.user_id == user_id))
    ended = delete(ConsoleSession).where(ConsoleSession.user_id == user_id)
    if number is not None:
        ended = ended.where(ConsoleSession.number == number)
    if but is not None:
        ended = ended.where(ConsoleSession.number != but.number)
    return sorted(await db.scalars(ended.returning(ConsoleSession.number)))
