"""Separation of duties, as one table: who made something never approves it himself.

Each duty names the permissions by which something is made, and the one by which it is approved. Both may be in one
role: what is compared is who did it. An agency's matter is approved within that agency or by the centre
(``Person.must_act_for``).

A machine is no other person: whoever gave it rights or a secret, or confirmed it, acts through it (``logins_of``).
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.problems import SECOND_PERSON, Problem
from registry.access import Permission, Person
from registry.models import ConsoleUser
from registry.roles import Role


class Duty(StrEnum):
    """What takes two people."""

    REQUEST = "request"
    TERMINAL = "terminal"
    USER = "user"
    IDENTITY = "identity"
    BLOCK = "block"
    BULLETIN = "bulletin"
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True)
class Separation:
    """By what something is made and approved; ``code`` tells the maker why he cannot approve it."""

    made_by: tuple[Permission, ...]
    approved_by: Permission
    code: str = ""


SEPARATIONS: dict[Duty, Separation] = {
    Duty.REQUEST: Separation(
        (
            Permission.TOP_UP,
            Permission.GRANT_SUBSIDY,
            Permission.REFUND,
            Permission.CLOSE_ACCOUNT,
            Permission.CLOSE_DAY,
            Permission.SETTLE,
            Permission.WEIGH_WASTE,
        ),
        Permission.APPROVE,
        "approval.own",
    ),
    Duty.TERMINAL: Separation((Permission.ENROL_TERMINAL,), Permission.APPROVE_TERMINAL),
    Duty.USER: Separation((Permission.MANAGE_USERS,), Permission.MANAGE_USERS, "console_user.confirmed_by_another"),
    Duty.IDENTITY: Separation((Permission.MANAGE_USERS,), Permission.MANAGE_USERS, "identity.confirmed_by_another"),
    Duty.BLOCK: Separation((Permission.BLOCK_CREDENTIAL,), Permission.BLOCK_CREDENTIAL),
    Duty.BULLETIN: Separation((Permission.INSPECT,), Permission.PUBLISH_BULLETIN, "bulletins.editor_cannot_publish"),
    Duty.APPEAL: Separation((Permission.INSPECT,), Permission.DECIDE_APPEAL, "evaluation.appeal_of_own_result"),
}


async def logins_of(db: AsyncSession, login: str) -> set[str]:
    """The logins by which a person acts: his own, and those of machines that went through his hands."""
    by_hand = or_(ConsoleUser.handled_by.contains([login]), ConsoleUser.granted_by == login)
    machines = select(ConsoleUser.login).where(ConsoleUser.role == Role.MACHINE, by_hand)
    return {login, *await db.scalars(machines)}


async def must_be_another(
    db: AsyncSession, duty: Duty, person: Person, makers: Collection[str | None], **params: Any
) -> None:
    """Raise Problem(SECOND_PERSON) to one of those who made what is to be approved (logins), also by a machine."""
    if not (await logins_of(db, person.login)).isdisjoint(makers):
        raise Problem(SECOND_PERSON, SEPARATIONS[duty].code, **params)
