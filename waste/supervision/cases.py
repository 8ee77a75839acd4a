"""Rectification, the closed loop 查、追、改、治: a finding becomes a case that ends when a re-inspection says so.

::

    open ──plan──▶ planned ──prove──▶ proved ──pass──▶ closed
      ▲                                 │
      └──────────────fail───────────────┘    one level up, a new deadline

Whoever found it may withdraw a case that is not closed. A case that is overdue goes one level up (``LEVELS``) and gets
``MORE_DAYS`` working days; what was due first stays known, since indicator F1 asks for cases closed by then.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.attachments import Attachment, digests
from foundation.calendar import ZONE, add_working_days
from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry import audit
from registry.access import Person
from registry.identifiers import CanteenId
from registry.models import Canteen, Database, next_numbers
from waste.evaluation.quarters import quarter_of
from waste.supervision.models import CaseStep, RectificationCase
from waste.weighing.files import add_files

QUERIES = load_queries(Path(__file__).parent / "sql" / "cases.sql")

TRANSITIONS = {
    "plan": ({"open"}, "planned"),
    "prove": ({"planned"}, "proved"),
    "pass": ({"proved"}, "closed"),
    "fail": ({"proved"}, "open"),
    "withdraw": ({"open", "planned", "proved"}, "withdrawn"),
}
"""What can be done with a case: in which states, and the state it leads to."""

BY_THE_KITCHEN = frozenset({"plan", "prove"})
"""The others are the supervisor's."""

LEVELS = ("canteen", "head_of_agency", "administration", "by_law")
"""Who is to see to it; the last are dealt with by law."""
MORE_DAYS = 5
"""Assumed: working days that an overdue case gets at each level."""


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is not closed, with its canteen's names."""

    case_id: int
    canteen_id: CanteenId
    name_zh: str
    name_en: str
    what: str
    state: str
    level: int
    due_on: date
    deadline: date


async def open_cases(pool: Pool, canteen_ids: list[int]) -> list[OpenCase]:
    """Cases of some canteens that are not closed, the next deadline first."""
    return [as_struct(row, OpenCase) for row in await pool.fetch(QUERIES["open_cases"], canteen_ids)]


def case_subject(case_id: int) -> str:
    """How the audit log and its files name a case."""
    return f"case/{case_id}"


async def open_case(
    database: Database, person: Person, canteen: Canteen, quarter: date, kind: str, what: str, responsible: str,
    due_on: date, files: list[Attachment],
) -> int:  # fmt: skip
    """A finding becomes a case; returns its number. Raises Problem(INVALID)."""
    quarter_of(quarter)
    today = datetime.now(ZONE).date()
    if due_on < today:
        raise Problem(INVALID, f"{due_on} is over")
    async with database.begin() as db:
        [number] = await next_numbers(db, 1)
        case = RectificationCase(
            book=canteen.book, case_id=number, canteen_id=canteen.canteen_id, quarter=quarter, kind=kind, what=what,
            responsible=responsible, state="open", level=0, opened_on=today, due_on=due_on, deadline=due_on,
        )  # fmt: skip
        db.add(case)
        await db.flush()
        await _step(db, case, "find", what, person.login, files)
    return number


async def act(
    database: Database, person: Person, case_id: int, action: str, text: str, files: list[Attachment],
    deadline: date | None = None,
) -> None:  # fmt: skip
    """Take a case one step on. Raises Problem NOT_FOUND, CONFLICT (not in this state), INVALID (the deadline)."""
    async with database.begin() as db:
        case = await _take(db, person, case_id)
        states, leads_to = TRANSITIONS[action]
        if case.state not in states:
            raise Problem(CONFLICT, f"case {case_id} is {case.state}")
        today = datetime.now(ZONE).date()
        if action == "fail":
            case.deadline = deadline or add_working_days(today, MORE_DAYS)
            if case.deadline < today:
                raise Problem(INVALID, f"{case.deadline} is over")
            case.level = min(case.level + 1, len(LEVELS) - 1)
        if leads_to == "closed":
            case.closed_on = today
        case.state = leads_to
        await _step(db, case, action, text, person.login, files)


async def escalate_overdue(database: Database, today: date) -> list[int]:
    """Bring every overdue case one level up, with a new deadline; returns their numbers."""
    query = (
        select(RectificationCase)
        .where(
            RectificationCase.state.in_(["open", "planned"]),
            RectificationCase.deadline < today,
            RectificationCase.level < len(LEVELS) - 1,
        )
        .with_for_update(skip_locked=True)
    )
    async with database.begin() as db:
        overdue = list(await db.scalars(query))
        for case in overdue:
            text = f"overdue since {case.deadline}"
            case.level, case.deadline = case.level + 1, add_working_days(today, MORE_DAYS)
            await _step(db, case, "escalate", text, "system", [])
        return [case.case_id for case in overdue]


async def cases_of(db: AsyncSession, canteen_ids: list[int], state: str | None) -> list[RectificationCase]:
    """Cases of some canteens, the most pressing first."""
    query = (
        select(RectificationCase)
        .where(RectificationCase.canteen_id.in_(canteen_ids))
        .order_by(RectificationCase.closed_on.desc().nulls_first(), RectificationCase.deadline)
        .limit(1_000)
    )
    if state is not None:
        query = query.where(RectificationCase.state == state)
    return list(await db.scalars(query))


async def steps_of(db: AsyncSession, case_ids: list[int]) -> dict[int, list[CaseStep]]:
    """What was done about cases, in order."""
    found: dict[int, list[CaseStep]] = {}
    query = select(CaseStep).where(CaseStep.case_id.in_(case_ids)).order_by(CaseStep.case_id, CaseStep.number)
    for step in await db.scalars(query):
        found.setdefault(step.case_id, []).append(step)
    return found


async def case_figures(pool: Pool, first: date, last: date, today: date) -> dict[str, int]:
    """Cases opened and closed from one day to another, and those open and overdue on a third."""
    row = await pool.fetchrow(QUERIES["figures"], first, last, today)
    assert row is not None
    return dict(row)


async def _take(db: AsyncSession, person: Person, case_id: int) -> RectificationCase:
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
        raise Problem(NOT_FOUND, f"no case {case_id}")
    return case


async def _step(
    db: AsyncSession, case: RectificationCase, action: str, text: str, login: str, files: list[Attachment]
) -> None:
    query = select(func.count()).select_from(CaseStep).where(CaseStep.case_id == case.case_id)
    number = 1 + (await db.scalar(query) or 0)
    db.add(
        CaseStep(
            book=case.book, case_id=case.case_id, number=number, action=action, text=text, done_by=login,
            done_at=datetime.now(UTC),
        )
    )  # fmt: skip
    subject = case_subject(case.case_id)
    await add_files(db, case.book, case.canteen_id, subject, files, login)
    detail = {"state": case.state, "level": case.level, "text": text, "files": digests(files)}
    await audit.record(db, audit.Note(login, f"{action}_case", subject, detail))
