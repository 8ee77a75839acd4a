"""Four eyes: what one person asks for, and a second one approves or rejects before it is carried out.

A package that owns a change describes it as ``Wanted``: exactly the request that will be carried out. Who asks (the
maker) never decides; who decides needs the permission, and for an agency's matter acts for that agency or the centre.
Approval, execution and audit entry are one transaction: when the execution is refused, the approval stays pending.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from foundation.catalogue import Phrase
from foundation.named_sql import load_queries
from foundation.postgres import Connection
from foundation.problems import CONFLICT, NOT_FOUND, UNAVAILABLE, Problem
from registry import audit
from registry.access import Permission, Person
from registry.audit import Change
from registry.duties import Duty, logins_of, must_be_another
from registry.identifiers import AgencyId
from registry.models import Approval, Database, next_numbers

QUERIES = load_queries(Path(__file__).parent / "sql" / "approvals.sql")

LIFE = timedelta(days=7)
"""A request that nobody decides within a week has lost its occasion."""

LISTED_MAX = 200

PENDING_MAX = 50
"""Requests of one person that wait at a time: more than an approver can read is no work, but noise, and a few people's
must fit into one list."""

ITEMS_LISTED_MAX = 20
"""Postings in a request up to which a list has its body; a payroll file has thousands."""


class ApprovalState(StrEnum):
    """How a request for approval stands; only a pending one can be decided."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Rule:
    """Why one person is not enough: a message of the catalogue with its parameters."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change that a second person must approve.

    ``agency_id``: whose matter it is; None: the centre's. ``body`` is what will be carried out, in JSON's types.
    ``amount_fen``: the money that it moves, in fen; None: none. ``items``: the postings or payments in it.
    """

    kind: str
    agency_id: AgencyId | None
    subject: str
    body: dict[str, Any]
    amount_fen: int | None = None
    items: int = 1
    reason: str = ""

    @property
    def digest(self) -> bytes:
        """What tells a repeat of the same request from another one (SHA-256, 32 bytes)."""
        return _digest(self.kind, self.body)


class NeedsApproval(Exception):
    """A change is more than one person may do; its transaction is rolled back."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.code)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Listed:
    """A request, with its body if that is short, and whether the reader may decide it now."""

    approval: Approval
    body: dict[str, Any] | None
    may_decide: bool


T = TypeVar("T")

Wants = Callable[[Wanted], None]
"""Tells what is asked for where one person may not do it."""

Execute = Callable[[Change, Approval], Awaitable[dict[str, Any]]]
"""Carries an approved request out in the transaction of its approval, and returns the result. Raises Problem."""


class Approvals:
    """The requests for approval. ``kinds``: what each kind does when it is approved."""

    def __init__(self, database: Database, kinds: Mapping[str, Execute] | None = None) -> None:
        self._database = database
        self._kinds = kinds or {}

    async def alone_or_asked(self, maker: str, work: Callable[[Wants], Awaitable[T]]) -> T | Approval:
        """What ``work`` returns, or the request for approval where it is more than one person may do.

        ``work`` says what it wants before it raises NeedsApproval, in the transaction that it would have committed.
        """
        wanted: list[Wanted] = []
        try:
            return await work(wanted.append)
        except NeedsApproval as needed:
            return await self.ask(maker, wanted[-1], needed.rule)

    async def ask(self, maker: str, wanted: Wanted, rule: Rule) -> Approval:
        """Note a request for approval; the same request while it is pending is a repeat, and gets the same answer."""
        now = datetime.now(UTC)
        detail = {"kind": wanted.kind, "sha256": wanted.digest.hex(), "rule": rule.code, "reason": wanted.reason}
        async with audit.change(self._database, maker, "ask_approval", detail=detail) as change:
            await self._expire(change.db, wanted, now)
            await _must_have_few(change.db, maker, wanted, now)
            [number] = await next_numbers(change.db, 1)
            values = {
                "approval_id": number, "kind": wanted.kind, "agency_id": wanted.agency_id, "subject": wanted.subject,
                "body": wanted.body, "digest": wanted.digest, "amount_fen": wanted.amount_fen, "items": wanted.items,
                "rule": rule.code, "params": rule.params, "reason": wanted.reason, "maker": maker, "made_at": now,
                "expires_at": now + LIFE, "state": ApprovalState.PENDING,
            }  # fmt: skip
            change.is_repeat = await change.db.scalar(
                insert(Approval).values(values).on_conflict_do_nothing().returning(Approval.approval_id)
            ) is None  # fmt: skip
            asked: Approval | None = await change.db.scalar(_pending(wanted))
            if asked is None:
                # The same request of somebody else was decided in this moment.
                raise Problem(UNAVAILABLE, retry_after_s=1)
            change.note.subject = f"approval/{asked.approval_id}"
            change.note.detail |= {"subject": wanted.subject, "amount_fen": wanted.amount_fen}
        return asked

    async def approve(self, person: Person, approval_id: int, reason: str = "") -> Approval:
        """Approve a request and carry it out. A repeat changes nothing and returns the first result.

        Raises Problem NOT_FOUND, NOT_ALLOWED, SECOND_PERSON, CONFLICT (it is decided or expired), and those of the
        execution, after which it is still pending.
        """
        async with audit.change(self._database, person.login, "approve", f"approval/{approval_id}") as change:
            asked = await self._locked(change.db, person, approval_id)
            if asked.state == ApprovalState.APPROVED:
                change.is_repeat = True
                return asked
            _must_be_pending(asked)
            if _digest(asked.kind, asked.body) != bytes(asked.digest):
                raise Problem(CONFLICT, "approval.altered", approval_id=approval_id)
            result = await self._kinds[asked.kind](change, asked)
            _decide(asked, person, ApprovalState.APPROVED, reason)
            asked.result = result
            change.note.detail |= _noted(asked) | {"result": result, "reason": reason}
        return asked

    async def reject(self, person: Person, approval_id: int, reason: str) -> Approval:
        """Reject a request, which ends it. A repeat changes nothing. Raises Problem as ``approve``."""
        async with audit.change(self._database, person.login, "reject", f"approval/{approval_id}") as change:
            asked = await self._locked(change.db, person, approval_id)
            if asked.state == ApprovalState.REJECTED:
                change.is_repeat = True
                return asked
            _must_be_pending(asked)
            _decide(asked, person, ApprovalState.REJECTED, reason)
            change.note.detail |= _noted(asked) | {"reason": reason}
        return asked

    async def find(self, person: Person, approval_id: int) -> Listed:
        """One request that a person may see. Raises Problem NOT_FOUND, NOT_ALLOWED."""
        async with self._database() as db:
            asked = _visible(await db.get(Approval, approval_id), person, approval_id)
            return Listed(asked, asked.body, _may_decide(asked, person, await logins_of(db, person.login)))

    async def listed(self, person: Person, state: ApprovalState | None, before: int | None = None) -> list[Listed]:
        """The requests that a person may see, the newest first, at most ``LISTED_MAX``; those below a number."""
        body = case((Approval.items <= ITEMS_LISTED_MAX, Approval.body)).label("body")
        query = select(Approval, body).options(defer(Approval.body, raiseload=True))
        query = query.order_by(Approval.approval_id.desc()).limit(LISTED_MAX)
        if before is not None:
            query = query.where(Approval.approval_id < before)
        if person.agency_id is not None:
            query = query.where(Approval.agency_id == person.agency_id)
        if state is not None:
            now = datetime.now(UTC)
            stored = ApprovalState.PENDING if state is ApprovalState.EXPIRED else state
            query = query.where(Approval.state == stored)
            if stored is ApprovalState.PENDING:
                over = Approval.expires_at <= now
                query = query.where(over if state is ApprovalState.EXPIRED else ~over)
        async with self._database() as db:
            own = await logins_of(db, person.login)
            rows = await db.execute(query)
            return [Listed(asked, body, _may_decide(asked, person, own)) for asked, body in rows]

    async def is_approved(self, wanted: Wanted) -> bool:
        """Whether exactly this was approved."""
        query = select(Approval.approval_id).where(
            Approval.kind == wanted.kind, Approval.digest == wanted.digest, Approval.state == ApprovalState.APPROVED
        )
        async with self._database() as db:
            return await db.scalar(query.limit(1)) is not None

    async def _expire(self, db: AsyncSession, wanted: Wanted, now: datetime) -> None:
        """End the same request of long ago, so that it can be made again."""
        asked = await db.scalar(_pending(wanted).with_for_update())
        if asked is not None and asked.expires_at <= now:
            asked.state = ApprovalState.EXPIRED
            await db.flush()

    async def _locked(self, db: AsyncSession, person: Person, approval_id: int) -> Approval:
        person.must_be_allowed(Permission.APPROVE)
        asked = _visible(await db.get(Approval, approval_id, with_for_update=True), person, approval_id)
        await must_be_another(db, Duty.REQUEST, person, [asked.maker])
        return asked


async def _must_have_few(db: AsyncSession, maker: str, wanted: Wanted, now: datetime) -> None:
    """Raise Problem(CONFLICT) when too many requests of a person wait already; a repeat of one is none more."""
    waiting = select(func.count()).where(
        Approval.maker == maker,
        Approval.state == ApprovalState.PENDING,
        Approval.expires_at > now,
        Approval.digest != wanted.digest,
    )
    if (await db.scalar(waiting) or 0) >= PENDING_MAX:
        raise Problem(CONFLICT, "approval.too_many", most=PENDING_MAX)


def state_of(asked: Approval, now: datetime) -> ApprovalState:
    """How a request stands now: a pending one expires by itself."""
    if asked.state == ApprovalState.PENDING and asked.expires_at <= now:
        return ApprovalState.EXPIRED
    return ApprovalState(asked.state)


def _may_decide(asked: Approval, person: Person, own_logins: set[str]) -> bool:
    pending = state_of(asked, datetime.now(UTC)) is ApprovalState.PENDING
    return pending and person.may(Permission.APPROVE) and asked.maker not in own_logins


async def count_alone(connection: Connection, login: str, day: date, amount_fen: int) -> int:
    """Add money that a person moves without a second one; returns the sum of the person's day, in fen.

    What a machine moves counts for all through whose hands it went, too: the highest of their sums. Runs in the
    transaction that moves the money, and lets the same person's other ones wait until it ends.
    """
    total: int = await connection.fetchval(QUERIES["count_alone"], login, day, amount_fen)
    return total


def _digest(kind: str, body: dict[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps([kind, body], sort_keys=True, ensure_ascii=False).encode()).digest()


def _pending(wanted: Wanted) -> Any:
    return select(Approval).where(
        Approval.kind == wanted.kind, Approval.digest == wanted.digest, Approval.state == ApprovalState.PENDING
    )


def _visible(asked: Approval | None, person: Person, approval_id: int) -> Approval:
    if asked is None or person.agency_id not in (None, asked.agency_id):
        raise Problem(NOT_FOUND, "approval.not_found", approval_id=approval_id)
    return asked


def _must_be_pending(asked: Approval) -> None:
    state = state_of(asked, datetime.now(UTC))
    if state is not ApprovalState.PENDING:
        shown = Phrase(state, f"approval.state.{state}")
        raise Problem(CONFLICT, "approval.not_pending", approval_id=asked.approval_id, state=shown)


def _decide(asked: Approval, person: Person, state: ApprovalState, reason: str) -> None:
    asked.state, asked.decision = state, reason
    asked.decided_by, asked.decided_at = person.login, datetime.now(UTC)


def _noted(asked: Approval) -> dict[str, Any]:
    return {"kind": asked.kind, "subject": asked.subject, "maker": asked.maker, "sha256": bytes(asked.digest).hex()}
