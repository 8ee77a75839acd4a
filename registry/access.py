"""Console access: who a request comes from, roles and their permissions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.catalogue import Phrase
from foundation.problems import NOT_ALLOWED, NOT_SIGNED_IN, Problem
from foundation.request_log import found_good
from registry import second_factor
from registry.errors import SECOND_FACTOR_MISSING, USER_NOT_ACTIVE
from registry.identifiers import AgencyId
from registry.models import ConsoleUser
from registry.roles import CHANGES_NOTHING, MAY_HAVE_AGENCY, NEEDS_AGENCY, Role
from registry.sessions import (
    SAFE_METHODS,
    Session,
    SessionRules,
    Token,
    check_named,
    check_origin,
    find_session,
    token_of,
)


class Permission(StrEnum):
    """What a role may include."""

    SEE_REGISTRY = "see_registry"
    SEE_OFFICIALS = "see_officials"
    SEE_USERS = "see_users"
    SEE_AUDIT = "see_audit"
    SEE_TERMINALS = "see_terminals"
    SEE_CASHIERS = "see_cashiers"
    SEE_PAYMENTS = "see_payments"
    SEE_BOOKINGS = "see_bookings"
    SEE_BANK = "see_bank"
    SEE_INSPECTIONS = "see_inspections"
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
    TELL_ATTENDANCE = "tell_attendance"
    EVALUATE_ONESELF = "evaluate_oneself"
    DISPUTE = "dispute"
    REPORT_RECEPTIONS = "report_receptions"
    WEIGH_WASTE = "weigh_waste"
    SEE_FLAGS = "see_flags"
    INSPECT = "inspect"
    DECIDE_APPEAL = "decide_appeal"
    SET_FOOD_FACTORS = "set_food_factors"
    SEE_APPROVALS = "see_approvals"
    APPROVE = "approve"
    MANAGE_USERS = "manage_users"
    MANAGE_CASHIERS = "manage_cashiers"
    MANAGE_SHEETS = "manage_sheets"
    VOID_PAYMENT = "void_payment"


SEES = frozenset(one for one in Permission if one.startswith("see_"))
"""What reads alone. Where such a permission is enough for a change, that is for people."""

MAY: dict[Role, frozenset[Permission]] = {
    Role.CENTRE_OPERATOR: frozenset(
        {
            Permission.MANAGE_USERS,
            Permission.ADMINISTER_NETWORK,
            Permission.SET_MEALS,
            Permission.SEE_BOOKINGS,
            Permission.SEE_REGISTRY,
            Permission.SEE_CASHIERS,
            Permission.MANAGE_CASHIERS,
            Permission.MANAGE_SHEETS,
            Permission.SEE_TERMINALS,
            Permission.SEE_PAYMENTS,
            Permission.SEE_BANK,
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
            Permission.VOID_PAYMENT,
        }
    ),
    Role.CENTRE_APPROVER: frozenset(
        {
            Permission.MANAGE_USERS,
            Permission.SEE_REGISTRY,
            Permission.SEE_TERMINALS,
            Permission.SEE_CASHIERS,
            Permission.SEE_PAYMENTS,
            Permission.SEE_BANK,
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
            Permission.MANAGE_USERS,
            Permission.SET_MEALS,
            Permission.SEE_BOOKINGS,
            Permission.SEE_REGISTRY,
            Permission.SEE_CASHIERS,
            Permission.MANAGE_CASHIERS,
            Permission.MANAGE_SHEETS,
            Permission.SEE_TERMINALS,
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
            Permission.TELL_ATTENDANCE,
            Permission.EVALUATE_ONESELF,
        }
    ),
    Role.AGENCY_FINANCE: frozenset(
        {
            Permission.SEE_REGISTRY,
            Permission.SEE_CASHIERS,
            Permission.SEE_PAYMENTS,
            Permission.SEE_OFFICIALS,
            Permission.TOP_UP,
            Permission.GRANT_SUBSIDY,
            Permission.SET_TARIFF,
            Permission.SET_PURSE_ORDER,
            Permission.REFUND,
            Permission.CLOSE_ACCOUNT,
            Permission.DISPUTE,
            Permission.REPORT_RECEPTIONS,
            Permission.SEE_CLEARING,
            Permission.SEE_APPROVALS,
            Permission.APPROVE,
            Permission.VOID_PAYMENT,
        }
    ),
    Role.CANTEEN_MANAGER: frozenset(
        {
            Permission.SET_MEALS,
            Permission.SEE_BOOKINGS,
            Permission.SEE_REGISTRY,
            Permission.SEE_CASHIERS,
            Permission.MANAGE_CASHIERS,
            Permission.MANAGE_SHEETS,
            Permission.SEE_TERMINALS,
            Permission.WEIGH_WASTE,
            Permission.SEE_WASTE,
            Permission.RECTIFY,
            Permission.TELL_ATTENDANCE,
            Permission.EVALUATE_ONESELF,
            Permission.VOID_PAYMENT,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            Permission.SEE_REGISTRY,
            Permission.SEE_INSPECTIONS,
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
    Role.AUDITOR: SEES,
    Role.MACHINE: SEES
    | {Permission.REGISTER_OFFICIAL, Permission.REGISTER_VISIT, Permission.TOP_UP, Permission.GRANT_SUBSIDY},
}
"""Role -> permissions; of a machine the most that can be a scope (``registry.machines``).

A role with an agency has them within that agency only.

Whoever issues a card or an activation code sees a secret that could pay: the card's key goes through his hands to the
personaliser. So the people of an agency who issue (AGENCY_ADMIN) move no money, and those who move its money
(AGENCY_FINANCE) issue nothing. CENTRE_OPERATOR has both, for agencies without staff of their own; the holder sees every
credential that was issued for him on his phone (``POST /phone/account``).
"""


@dataclass(frozen=True, slots=True)
class Person:
    """The signed-in console user of a request. Whose role needs a second factor that he lacks may do nothing."""

    user_id: int
    login: str
    role: Role
    agency_id: AgencyId | None
    lacks_second_factor: bool = False
    scopes: frozenset[str] | None = None
    """Of a machine: the permissions that it was given."""

    def may(self, permission: str) -> bool:
        """Whether the role includes the permission; of a machine, its scopes."""
        return permission in MAY[self.role] and (self.scopes is None or permission in self.scopes)

    def must_be_allowed(self, permission: str) -> None:
        """Raise Problem NOT_ALLOWED unless the role includes the permission, SECOND_FACTOR_MISSING as above."""
        if self.lacks_second_factor:
            raise Problem(SECOND_FACTOR_MISSING)
        if not self.may(permission):
            role = Phrase(self.role, f"role.{self.role}")
            wanted = Phrase(permission, f"permission.{permission}")
            raise Problem(NOT_ALLOWED, "access.not_permitted", role=role, permission=wanted)

    def must_act_for(self, agency_id: int) -> None:
        """Raise Problem(NOT_ALLOWED) unless the person works for this agency or for the clearing centre."""
        if self.agency_id not in (None, agency_id):
            raise Problem(NOT_ALLOWED, "access.other_agency")


ACTIVE = "active"
"""The state of a user who may sign in; others are ``invited`` or ``unconfirmed`` (``registry.console_users``)."""


async def signed_in_person(db: AsyncSession, token: Token, rules: SessionRules) -> tuple[Person, Session]:
    """The person behind a token, and the session.

    Raises Problem NOT_SIGNED_IN when it is unknown or has ended, NOT_ALLOWED for a role that lacks its agency, or has
    one and acts for the whole network.
    """
    found = await find_session(db, token, rules)
    if found is None:
        raise Problem(NOT_SIGNED_IN)
    row, session = found
    user = await db.get_one(ConsoleUser, row.user_id)
    if user.suspended_at is not None or user.state != ACTIVE:
        raise Problem(NOT_SIGNED_IN)
    person = person_of(user)
    if person.role in rules.second_factor_roles and (await second_factor.state_of(db, row.user_id))[0] is None:
        person = replace(person, lacks_second_factor=True)
    return person, session


async def user_to_sign_in(db: AsyncSession, user_id: int, new_hash: str | None) -> ConsoleUser:
    """The user whose password was right. ``new_hash`` replaces the password's hash.

    Raises Problem USER_NOT_ACTIVE when he is suspended or not confirmed yet, NOT_ALLOWED for a role that lacks its
    agency, or has one and acts for the whole network.
    """
    user = await db.get_one(ConsoleUser, user_id)
    if user.suspended_at is not None:
        raise Problem(USER_NOT_ACTIVE, "access.suspended")
    if user.state != ACTIVE:
        raise Problem(USER_NOT_ACTIVE, "access.unconfirmed")
    person_of(user)
    if new_hash is not None:
        user.password_hash = new_hash
    return user


def person_of(user: ConsoleUser) -> Person:
    """A user as the person who acts; raises Problem(NOT_ALLOWED) as above."""
    role = Role(user.role)
    if role in NEEDS_AGENCY and user.agency_id is None:
        raise Problem(NOT_ALLOWED, "access.no_agency")
    if role not in MAY_HAVE_AGENCY and user.agency_id is not None:
        raise Problem(NOT_ALLOWED, "access.agency_of_network_role")
    scopes = frozenset((user.scopes or "").split()) if role is Role.MACHINE else None
    return Person(user.user_id, user.login, role, user.agency_id, scopes=scopes)


Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]

NEEDS_PROOF = frozenset(
    {
        Permission.TOP_UP,
        Permission.GRANT_SUBSIDY,
        Permission.REFUND,
        Permission.CLOSE_ACCOUNT,
        Permission.CLOSE_DAY,
        Permission.SETTLE,
        Permission.DECIDE_DISPUTE,
        Permission.SET_TARIFF,
        Permission.SET_RULES,
        Permission.APPROVE,
        Permission.PUBLISH_BULLETIN,
        Permission.MANAGE_USERS,
    }
)
"""Permissions whose changes move money, set what is paid, publish, or let people in: who is at the screen must be known
anew."""


async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A route guard: a person is signed in; sets ``request.user`` (Person) and ``request.auth`` (Session).

    What is behind it is a person's own: a machine may read it, and changes nothing.
    """
    await _find_caller(connection)
    if connection.user.role is Role.MACHINE and _changes(connection):
        raise Problem(NOT_ALLOWED, "access.for_people")


async def by_people(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A route guard behind that of a permission: what it guards is decided by a person."""
    if connection.user.role is Role.MACHINE:
        raise Problem(NOT_ALLOWED, "access.for_people")


async def allows_machine(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A route guard: a machine is signed in; sets ``request.user`` and ``request.auth``."""
    await _find_caller(connection)
    if connection.user.role is not Role.MACHINE:
        raise Problem(NOT_ALLOWED, "access.for_machines")


async def _find_caller(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    token = token_of(connection)
    check_origin(connection, token)
    state = connection.app.state
    async with state.database.begin() as db:
        person, session = await signed_in_person(db, token, state.session_rules)
    check_named(connection, session)
    connection.scope["user"], connection.scope["auth"] = person, session
    found_good(connection.scope, token.value)


def _changes(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    return connection.scope["method"] not in SAFE_METHODS  # type: ignore[typeddict-item]


@dataclass(frozen=True, slots=True)
class Allowed:
    """A route guard: the signed-in person's role must include the permission; sets ``request.user``."""

    permission: Permission

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        await _find_caller(connection)
        person, wanted = connection.user, self.permission
        person.must_be_allowed(wanted)
        if not _changes(connection):
            return
        if person.role in CHANGES_NOTHING or (person.role is Role.MACHINE and wanted in SEES):
            raise Problem(NOT_ALLOWED, "access.changes_nothing")
        if wanted in NEEDS_PROOF and connection.auth.is_strict:
            connection.auth.must_be_proved()


def allows(permission: str) -> Allowed:
    """The guard of a ``Permission``."""
    return Allowed(Permission(permission))


def permission_of(guard: object) -> Permission | None:
    """The permission that a guard of ``allows`` asks for; None for another guard."""
    return guard.permission if isinstance(guard, Allowed) else None
