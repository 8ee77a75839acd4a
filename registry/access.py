"""Who may do what at the console: password sign-in, bearer tokens, roles as a table.

A token is 256 random bits; the database keeps its SHA-256 alone. Passwords are hashed with Argon2id.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.problems import NOT_ALLOWED, NOT_SIGNED_IN, WRONG_PASSWORD, Problem
from registry.models import ConsoleSession, ConsoleUser

CONSOLE_SESSION_LIFE = timedelta(hours=12)
"""A working day; then the password again."""

MAY: dict[str, frozenset[str]] = {
    "centre_operator": frozenset(
        {
            "see_registry",
            "register_official",
            "issue_credential",
            "block_credential",
            "top_up",
            "grant_subsidy",
            "enrol_terminal",
            "register_visit",
            "set_rules",
            "set_tariff",
            "set_purse_order",
            "refund",
            "close_account",
            "close_day",
            "settle",
            "decide_dispute",
            "see_clearing",
            "see_waste",
        }
    ),
    "centre_approver": frozenset(
        {
            "see_registry",
            "approve_terminal",
            "block_credential",
            "see_clearing",
            "see_waste",
            "see_bulletin_drafts",
            "publish_bulletin",
        }
    ),
    "agency_admin": frozenset(
        {
            "see_registry",
            "register_official",
            "issue_credential",
            "block_credential",
            "enrol_terminal",
            "register_visit",
            "see_waste",
            "rectify",
            "evaluate_oneself",
        }
    ),
    "agency_finance": frozenset(
        {
            "see_registry",
            "top_up",
            "grant_subsidy",
            "set_tariff",
            "set_purse_order",
            "refund",
            "close_account",
            "dispute",
            "see_clearing",
        }
    ),
    "canteen_manager": frozenset({"see_registry", "weigh_waste", "see_waste", "rectify", "evaluate_oneself"}),
    "supervisor": frozenset(
        {
            "see_registry",
            "see_clearing",
            "see_waste",
            "see_flags",
            "inspect",
            "set_food_factors",
            "see_bulletin_drafts",
            "publish_bulletin",
        }
    ),
}
"""Role -> what it may do. A role with an agency may do it within that agency only."""

_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Person:
    """The signed-in console user of a request."""

    user_id: int
    login: str
    role: str
    agency_id: int | None

    def may(self, action: str) -> bool:
        """Whether the role includes the action."""
        return action in MAY[self.role]

    def must_be_allowed(self, action: str) -> None:
        """Raise Problem(NOT_ALLOWED) unless the role includes the action."""
        if not self.may(action):
            raise Problem(NOT_ALLOWED, f"the role {self.role} may not {action.replace('_', ' ')}")

    def must_act_for(self, agency_id: int) -> None:
        """Raise Problem(NOT_ALLOWED) unless the person's agency is this one, or the person is the centre's."""
        if self.agency_id not in (None, agency_id):
            raise Problem(NOT_ALLOWED, "it belongs to another agency")


def hash_password(password: str) -> str:
    """An Argon2id hash with its parameters (RFC 9106's second recommended option, the library's default)."""
    return _hasher.hash(password)


_UNKNOWN_USER = hash_password(secrets.token_hex(16))


async def sign_in(db: AsyncSession, login: str, password: str) -> tuple[str, ConsoleUser]:
    """Check the password and open a session; returns the bearer token and the user.

    Raises Problem(WRONG_PASSWORD), after the same work, whether the user exists or not.
    """
    user = await db.scalar(select(ConsoleUser).where(ConsoleUser.login == login))
    try:
        known = user.password_hash if user else _UNKNOWN_USER
        await asyncio.to_thread(_hasher.verify, known, password)
    except (VerificationError, InvalidHashError):
        raise Problem(WRONG_PASSWORD) from None
    if user is None:
        raise Problem(WRONG_PASSWORD)
    token = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    await db.execute(delete(ConsoleSession).where(ConsoleSession.expires_at < now))
    db.add(ConsoleSession(token_hash=_token_hash(token), user_id=user.user_id, expires_at=now + CONSOLE_SESSION_LIFE))
    return token, user


async def sign_out(db: AsyncSession, token: str) -> None:
    """End the session of this token; ending it twice is harmless."""
    await db.execute(delete(ConsoleSession).where(ConsoleSession.token_hash == _token_hash(token)))


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def bearer_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The token of the Authorization header; raises Problem(NOT_SIGNED_IN)."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(NOT_SIGNED_IN, "an 'Authorization: Bearer' header is needed")
    return token


async def signed_in_person(db: AsyncSession, token: str) -> Person:
    """The person behind a token; raises Problem(NOT_SIGNED_IN) when it is unknown or has ended."""
    user = await db.scalar(
        select(ConsoleUser)
        .join(ConsoleSession, ConsoleSession.user_id == ConsoleUser.user_id)
        .where(ConsoleSession.token_hash == _token_hash(token), ConsoleSession.expires_at > datetime.now(UTC))
    )
    if user is None:
        raise Problem(NOT_SIGNED_IN)
    return Person(user.user_id, user.login, user.role, user.agency_id)


Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


def allows(action: str) -> Guard:
    """A route guard: the signed-in person's role must include ``action``; sets ``request.user``."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        token = bearer_token(connection)
        async with connection.app.state.database() as db:
            person = await signed_in_person(db, token)
        person.must_be_allowed(action)
        connection.scope["user"] = person

    return guard
