"""Console access: sessions with bearer tokens, roles and their permissions.

A token is 256 random bits; the database stores only its SHA-256.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.catalogue import Phrase
from foundation.problems import NOT_ALLOWED, NOT_SIGNED_IN, Problem
from registry.identifiers import AgencyId
from registry.models import ConsoleSession, ConsoleUser
from registry.roles import NEEDS_AGENCY, Role

CONSOLE_SESSION_LIFE = timedelta(hours=12)
"""A working day; after that the password is needed again."""


class Permission(StrEnum):
    """What a role may include."""

    SEE_REGISTRY = "see_registry"
    SEE_OFFICIALS = "see_officials"
    SEE_USERS = "see_users"
    SEE_AUDIT = "see_audit"
    ADMINISTER_NETWORK = "administer_network"
    SET_MEALS = "set_meals"
    REGISTER_OFFICIAL = "register_official"
    ISSUE_CREDENTIAL = "issue_credential"
    BLOCK_CREDENTIAL = "block_credential"
    TOP_UP = "top_up"
    GRANT_SUBSIDY = "grant_subsidy"
    ENROL_TERMINAL = "enrol_terminal"
    REGISTER_VISIT = "register_visit"
    SET_RULES = "set_rules"
    SET_TARIFF = "set_tariff"
    SET_PURSE_ORDER = "set_purse_order"
    REFUND = "refund"
    CLOSE_ACCOUNT = "close_account"
    CLOSE_DAY = "close_day"
    SETTLE = "settle"
    DECIDE_DISPUTE = "decide_dispute"
    SEE_CLEARING = "see_clearing"
    SEE_WASTE = "see_waste"
    APPROVE_TERMINAL = "approve_terminal"
    REVOKE_TERMINAL = "revoke_terminal"
    SEE_BULLETIN_DRAFTS = "see_bulletin_drafts"
    PUBLISH_BULLETIN = "publish_bulletin"
    RECTIFY = "rectify"
    EVALUATE_ONESELF = "evaluate_oneself"
    DISPUTE = "dispute"
    WEIGH_WASTE = "weigh_waste"
    SEE_FLAGS = "see_flags"
    INSPECT = "inspect"
    DECIDE_APPEAL = "decide_appeal"
    SET_FOOD_FACTORS = "set_food_factors"
    SEE_APPROVALS = "see_approvals"
    APPROVE = "approve"


MAY: dict[Role, frozenset[Permission]] = {
    Role.CENTRE_OPERATOR: frozenset(
        {
            Permission.ADMINISTER_NETWORK,
            Permission.SET_MEALS,
            Permission.SEE_REGISTRY,
            Permission.SEE_OFFICIALS,
            Permission.SEE_USERS,
            Permission.REGISTER_OFFICIAL,
            Permission.ISSUE_CREDENTIAL,
            Permission.BLOCK_CREDENTIAL,
            Permission.TOP_UP,
            Permission.GRANT_SUBSIDY,
            Permission.ENROL_TERMINAL,
            Permission.REVOKE_TERMINAL,
            Permission.REGISTER_VISIT,
            Permission.SET_RULES,
            Permission.SET_TARIFF,
            Permission.SET_PURSE_ORDER,
            Permission.REFUND,
            Permission.CLOSE_ACCOUNT,
            Permission.CLOSE_DAY,
            Permission.SETTLE,
            Permission.DECIDE_DISPUTE,
            Permission.SEE_CLEARING,
            Permission.SEE_WASTE,
            Permission.SEE_APPROVALS,
        }
    ),
    Role.CENTRE_APPROVER: frozenset(
        {
            Permission.SEE_REGISTRY,
            Permission.SEE_OFFICIALS,
            Permission.SEE_USERS,
            Permission.SEE_AUDIT,
            Permission.APPROVE_TERMINAL,
            Permission.REVOKE_TERMINAL,
            Permission.SEE_APPROVALS,
            Permission.APPROVE,
            Permission.BLOCK_CREDENTIAL,
            Permission.SEE_CLEARING,
            Permission.SEE_WASTE,
            Permission.SEE_BULLETIN_DRAFTS,
            Permission.PUBLISH_BULLETIN,
            Permission.DECIDE_APPEAL,
        }
    ),
    Role.AGENCY_ADMIN: frozenset(
        {
            Permission.SET_MEALS,
            Permission.SEE_REGISTRY,
            Permission.SEE_OFFICIALS,
            Permission.SEE_USERS,
            Permission.REGISTER_OFFICIAL,
            Permission.ISSUE_CREDENTIAL,
            Permission.BLOCK_CREDENTIAL,
            Permission.ENROL_TERMINAL,
            Permission.REVOKE_TERMINAL,
            Permission.REGISTER_VISIT,
            Permission.SEE_WASTE,
            Permission.RECTIFY,
            Permission.EVALUATE_ONESELF,
        }
    ),
    Role.AGENCY_FINANCE: frozenset(
        {
            Permission.SEE_REGISTRY,
            Permission.SEE_OFFICIALS,
            Permission.TOP_UP,
            Permission.GRANT_SUBSIDY,
            Permission.SET_TARIFF,
            Permission.SET_PURSE_ORDER,
            Permission.REFUND,
            Permission.CLOSE_ACCOUNT,
            Permission.DISPUTE,
            Permission.SEE_CLEARING,
            Permission.SEE_APPROVALS,
            Permission.APPROVE,
        }
    ),
    Role.CANTEEN_MANAGER: frozenset(
        {
            Permission.SET_MEALS,
            Permission.SEE_REGISTRY,
            Permission.WEIGH_WASTE,
            Permission.SEE_WASTE,
            Permission.RECTIFY,
            Permission.EVALUATE_ONESELF,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            Permission.SEE_REGISTRY,
            Permission.SEE_CLEARING,
            Permission.SEE_WASTE,
            Permission.SEE_FLAGS,
            Permission.INSPECT,
            Permission.DECIDE_APPEAL,
            Permission.SET_FOOD_FACTORS,
            Permission.SEE_BULLETIN_DRAFTS,
            Permission.PUBLISH_BULLETIN,
        }
    ),
}
"""Role -> permissions. A role with an agency has them within that agency only.

Whoever issues a card or an activation code sees a secret that could pay: the card's key goes through his hands to the
personaliser. So the people of an agency who issue (AGENCY_ADMIN) move no money, and those who move its money
(AGENCY_FINANCE) issue nothing. CENTRE_OPERATOR has both, for agencies without staff of their own; the holder sees every
credential that was issued for him on his phone (``POST /phone/account``).
"""


@dataclass(frozen=True, slots=True)
class Person:
    """The signed-in console user of a request."""

    user_id: int
    login: str
    role: Role
    agency_id: AgencyId | None

    def may(self, permission: str) -> bool:
        """Whether the role includes the permission."""
        return permission in MAY[self.role]

    def must_be_allowed(self, permission: str) -> None:
        """Raise Problem(NOT_ALLOWED) unless the role includes the permission."""
        if not self.may(permission):
            role = Phrase(self.role, f"role.{self.role}")
            wanted = Phrase(permission, f"permission.{permission}")
            raise Problem(NOT_ALLOWED, "access.not_permitted", role=role, permission=wanted)

    def must_act_for(self, agency_id: int) -> None:
        """Raise Problem(NOT_ALLOWED) unless the person works for this agency or for the clearing centre."""
        if self.agency_id not in (None, agency_id):
            raise Problem(NOT_ALLOWED, "access.other_agency")


async def open_session(db: AsyncSession, user_id: int, new_hash: str | None) -> tuple[str, ConsoleUser]:
    """Open a session for a user whose password was right; returns the bearer token and the user.

    ``new_hash`` replaces the password's hash. Raises Problem(NOT_ALLOWED) for a role that lacks its agency.
    """
    user = await db.get_one(ConsoleUser, user_id)
    _person_of(user)
    if new_hash is not None:
        user.password_hash = new_hash
    token = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    await db.execute(delete(ConsoleSession).where(ConsoleSession.expires_at < now))
    db.add(ConsoleSession(token_hash=_token_hash(token), user_id=user.user_id, expires_at=now + CONSOLE_SESSION_LIFE))
    return token, user


async def sign_out(db: AsyncSession, token: str) -> ConsoleUser | None:
    """End the session of this token and return its user; None when there is no such session any more."""
    ended = delete(ConsoleSession).where(ConsoleSession.token_hash == _token_hash(token))
    user_id = await db.scalar(ended.returning(ConsoleSession.user_id))
    return None if user_id is None else await db.get(ConsoleUser, user_id)


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def bearer_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The token of the Authorization header; raises Problem(NOT_SIGNED_IN)."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(NOT_SIGNED_IN, "access.no_token")
    return token


async def signed_in_person(db: AsyncSession, token: str) -> Person:
    """The person behind a token.

    Raises Problem NOT_SIGNED_IN when it is unknown or has ended, NOT_ALLOWED for a role that lacks its agency, or has
    one and acts for the whole network.
    """
    user = await db.scalar(
        select(ConsoleUser)
        .join(ConsoleSession, ConsoleSession.user_id == ConsoleUser.user_id)
        .where(ConsoleSession.token_hash == _token_hash(token), ConsoleSession.expires_at > datetime.now(UTC))
    )
    if user is None:
        raise Problem(NOT_SIGNED_IN)
    return _person_of(user)


def _person_of(user: ConsoleUser) -> Person:
    role = Role(user.role)
    if role in NEEDS_AGENCY and user.agency_id is None:
        raise Problem(NOT_ALLOWED, "access.no_agency")
    if role not in NEEDS_AGENCY and user.agency_id is not None:
        raise Problem(NOT_ALLOWED, "access.agency_of_network_role")
    return Person(user.user_id, user.login, role, user.agency_id)


Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


def allows(permission: str) -> Guard:
    """A route guard: the signed-in person's role must include the ``Permission``; sets ``request.user``."""
    wanted = Permission(permission)

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        token = bearer_token(connection)
        async with connection.app.state.database() as db:
            person = await signed_in_person(db, token)
        person.must_be_allowed(wanted)
        connection.scope["user"] = person

    return guard
