"""Rectification cases, the closed loop 查、追、改、治: a finding is a case until a re-inspection passes.

::

    open ──plan──▶ planned ──prove──▶ proved ──pass──▶ closed
      ▲                                 │
      └──────────────fail───────────────┘    one level up, a new deadline

The canteen may state its view of a finding (陈述申辩); falsified weights veto its evaluation only after that, or after
``due_on``. The supervisor may withdraw a case that is not closed. An overdue case goes one level up (``Level``) and
gets ``MORE_DAYS`` more working days. Its first deadline (``due_on``) is kept: indicator F1 counts cases whose accepted
proof came by then.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.attachments import Attachment, digests
from foundation.calendar import ZONE, add_working_days
from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry import audit
from registry.access import Person
from registry.canteens import canteens_of
from registry.identifiers import CanteenId
from registry.models import Canteen, Database, next_numbers
from waste.evaluation.quarters import must_have_begun
from waste.supervision.models import CaseStep, RectificationCase
from waste.weighing.files import add_files

QUERIES = load_queries(Path(__file__).parent / "sql" / "cases.sql")

SYSTEM = "system"
"""Who escalates overdue cases, in steps and in the audit log."""


class FindingKind(StrEnum):
    """Falsified weights veto the evaluation of their quarter."""

    FINDING = "finding"
    FALSIFIED_WEIGHTS = "falsified_weights"


class CaseState(StrEnum):
    """Messages ``supervision.state.<value>``."""

    OPEN = "open"
    PLANNED = "planned"
    PROVED = "proved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class CaseAction(StrEnum):
    """What a person can do with a case."""

    PLAN = "plan"
    PROVE = "prove"
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    WITHDRAW = "withdraw"
    STATE = "state"


TRANSITIONS = {
    CaseAction.PLAN: ({CaseState.OPEN}, CaseState.PLANNED),
    CaseAction.PROVE: ({CaseState.PLANNED}, CaseState.PROVED),
    CaseAction.PASS: ({CaseState.PROVED}, CaseState.CLOSED),
    CaseAction.FAIL: ({CaseState.PROVED}, CaseState.OPEN),
    CaseAction.WITHDRAW: ({CaseState.OPEN, CaseState.PLANNED, CaseState.PROVED}, CaseState.WITHDRAWN),
    CaseAction.STATE: ({CaseState.OPEN, CaseState.PLANNED, CaseState.PROVED}, None),
}
"""The states in which an action is possible, and the state that it leads to; None: the same."""

PERMISSIONS = {
    CaseAction.PLAN: "rectify",
    CaseAction.PROVE: "rectify",
    CaseAction.STATE: "rectify",
    CaseAction.PASS: "inspect",
    CaseAction.FAIL: "inspect",
    CaseAction.WITHDRAW: "inspect",
}
"""The kitchen plans and proves; the supervisor re-inspects."""

ENDED = frozenset({CaseState.CLOSED, CaseState.WITHDRAWN})
WAITING_FOR = {"rectify": {CaseState.OPEN, CaseState.PLANNED}, "inspect": {CaseState.PROVED}}
"""The states in which a case waits for people with a permission."""


class Level(StrEnum):
    """Who supervises a case, from the lowest level up; messages ``supervision.level.<value>``."""

    CANTEEN = "canteen"
    HEAD_OF_AGENCY = "head_of_agency"
    ADMINISTRATION = "administration"
    BY_LAW = "by_law"


LEVELS = tuple(Level)
"""Cases keep the place of their level in this tuple."""
DUE_WITHIN = timedelta(days=92)
"""A finding that is due later than a quarter from now is never answered."""
MORE_DAYS = 5
"""Working days that an overdue case gets at each level (assumed)."""


@dataclass(frozen=True, slots=True)
class OverdueCase:
    """A case that was not closed when it was due, with its canteen's names."""

    case_id: int
    canteen_id: CanteenId
    name_zh: str
    name_en: str
    what: str
    due_on: date
    level: int


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is not closed, with its canteen's names."""

    case_id: int
    canteen_id: CanteenId
    name_zh: str
    name_en: str
    what: str
    state: CaseState
    level: int
    due_on: date
    deadline: date


def case_subject(case_id: int) -> str:
    """How the audit log and the files name a case."""
    return f"case/{case_id}"


async def open_case(
    database: Database, person: Person, canteen: Canteen, quarter: date, kind: FindingKind, what: str,
    responsible: str, due_on: date, files: list[Attachment],
) -> int:  # fmt: skip
    """Open a case for a finding; returns its number. Raises Problem(INVALID)."""
    must_have_begun(quarter)
    today = _today()
    _must_not_be_over(due_on, today)
    if due_on - today > DUE_WITHIN:
        raise Problem(INVALID, "supervision.due_too_late", last=today + DUE_WITHIN)
    async with audit.change(database, person.login, "find_case") as change:
        [number] = await next_numbers(change.db, 1)
        case = RectificationCase(
            book=canteen.book, case_id=number, canteen_id=canteen.canteen_id, quarter=quarter, kind=kind, what=what,
            responsible=responsible, state=CaseState.OPEN, level=0, opened_on=today, due_on=due_on, deadline=due_on,
        )  # fmt: skip
        change.db.add(case)
        await change.db.flush()
        await _add_step(change, case, "find", text=what, files=files)
    return number


async def advance_case(
    database: Database, person: Person, case_id: int, action: CaseAction, text: str, files: list[Attachment],
    deadline: date | None = None,
) -> None:  # fmt: skip
    """Take an action on a case; ``deadline``: a new one after a failed re-inspection.

    Raises Problem NOT_FOUND, CONFLICT (not possible in the case's state), INVALID (the deadline is over).
    """
    async with audit.change(database, person.login, f"{action}_case", case_subject(case_id)) as change:
        case = await _lock_case(change.db, person, case_id)
        states, leads_to = TRANSITIONS[action]
        if case.state not in states:
            raise Problem(CONFLICT, f"supervision.case_is.{case.state}", case_id=case_id)
        today = _today()
        if action is CaseAction.FAIL:
            case.deadline = deadline or add_working_days(today, MORE_DAYS)
            _must_not_be_over(case.deadline, today)
            case.level = min(case.level + 1, len(LEVELS) - 1)
        if leads_to is CaseState.CLOSED:
            case.closed_on = today
        case.state = leads_to or case.state
        await _add_step(change, case, action, text=text, files=files)


async def escalate_overdue(database: Database, today: date) -> list[int]:
    """Take every overdue case one level up, with a new deadline; returns their numbers."""
    async with database() as db:
        numbers = list(await db.scalars(select(RectificationCase.case_id).where(*_to_escalate(today))))
    return [number for number in numbers if await _escalate(database, number, today)]


async def _escalate(database: Database, case_id: int, today: date) -> bool:
    async with audit.change(database, SYSTEM, "escalate_case", case_subject(case_id)) as change:
        query = select(RectificationCase).where(RectificationCase.case_id == case_id, *_to_escalate(today))
        case = await change.db.scalar(query.with_for_update(skip_locked=True))
        if case is None:  # another transaction changes it at this moment
            change.is_repeat = True
            return False
        params = {"deadline": str(case.deadline)}
        case.level, case.deadline = case.level + 1, add_working_days(today, MORE_DAYS)
        await _add_step(change, case, "escalate", code="supervision.step.overdue_since", params=params)
    return True


def _to_escalate(today: date) -> list[ColumnElement[bool]]:
    return [
        RectificationCase.state.in_([CaseState.OPEN, CaseState.PLANNED]),
        RectificationCase.deadline < today,
        RectificationCase.level < len(LEVELS) - 1,
    ]


async def cases_of(db: AsyncSession, canteen_ids: list[int]) -> list[RectificationCase]:
    """Cases of some canteens: those not closed first, by deadline."""
    query = (
        select(RectificationCase)
        .where(RectificationCase.canteen_id.in_(canteen_ids))
        .order_by(RectificationCase.closed_on.desc().nulls_first(), RectificationCase.deadline)
        .limit(1_000)
    )
    return list(await db.scalars(query))


async def find_case(db: AsyncSession, person: Person, case_id: int) -> RectificationCase:
    """A case of a canteen that a person may see. Raises Problem(NOT_FOUND)."""
    case = await db.scalar(select(RectificationCase).where(RectificationCase.case_id == case_id))
    if case is None or case.canteen_id not in await canteens_of(db, person):
        raise Problem(NOT_FOUND, "supervision.no_case", case_id=case_id)
    return case


async def steps_of(db: AsyncSession, case_ids: list[int]) -> dict[int, list[CaseStep]]:
    """The steps of cases, in order."""
    found: dict[int, list[CaseStep]] = {}
    query = select(CaseStep).where(CaseStep.case_id.in_(case_ids)).order_by(CaseStep.case_id, CaseStep.number)
    for step in await db.scalars(query):
        found.setdefault(step.case_id, []).append(step)
    return found


async def case_figures(pool: Pool, first: date, last: date, today: date) -> dict[str, int]:
    """Counts of cases: opened and closed from ``first`` to ``last``, open, and overdue ``today``."""
    row = await pool.fetchrow(QUERIES["figures"], first, last, today)
    assert row is not None
    return dict(row)


async def overdue_cases(pool: Pool, today: date) -> list[OverdueCase]:
    """Cases that are overdue, the oldest first."""
    return [as_struct(row, OverdueCase) for row in await pool.fetch(QUERIES["overdue"], today)]


async def open_cases(pool: Pool, canteen_ids: list[int]) -> list[OpenCase]:
    """Cases of some canteens that are not closed, the earliest deadline first."""
    return [as_struct(row, OpenCase) for row in await pool.fetch(QUERIES["open_cases"], canteen_ids)]


def _today() -> date:
    return datetime.now(ZONE).date()


def _must_not_be_over(day: date, today: date) -> None:
    if day < today:
        raise Problem(INVALID, "supervision.day_is_over", day=day)


async def _lock_case(db: AsyncSession, person: Person, case_id: int) -> RectificationCase:
    query = (
        select(RectificationCase)
        .join(Canteen, Canteen.canteen_id == RectificationCase.canteen_id)
        .where(RectificationCase.case_id == case_id)
        .with_for_update(of=RectificationCase)
    )
    if person.agency_id is not None:
        query = query.where(Canteen.agency_id == person.agency_id)
    case = await db.scalar(query)
    if case is None:
        raise Problem(NOT_FOUND, "supervision.no_case", case_id=case_id)
    return case


async def _add_step(
    change: audit.Change, case: RectificationCase, action: str, *, text: str = "", code: str | None = None,
    params: dict[str, Any] | None = None, files: list[Attachment] | None = None,
) -> None:  # fmt: skip
    """Record a step with its files, and what the audit entry says of it."""
    query = select(func.count()).select_from(CaseStep).where(CaseStep.case_id == case.case_id)
    number = 1 + (await change.db.scalar(query) or 0)
    login, subject = change.note.actor, case_subject(case.case_id)
    change.db.add(
        CaseStep(
            book=case.book, case_id=case.case_id, number=number, action=str(action), text=text, code=code,
            params=params, done_by=login, done_at=datetime.now(UTC),
        )
    )  # fmt: skip
    await add_files(change.db, case.book, case.canteen_id, subject, files or [], login)
    said: dict[str, Any] = {"text": text} if code is None else {"code": code, "params": params}
    change.note.subject = subject
    change.note.detail = {"state": str(case.state), "level": case.level, **said, "files": digests(files or [])}
