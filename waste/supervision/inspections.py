"""Inspection visits that took place, filed by the inspector. Sampling counts these, not plans and not scores."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.attachments import Attachment, digests
from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry import audit
from registry.access import Person
from registry.canteens import canteens_of
from registry.models import Canteen, Database, next_numbers
from waste.supervision.models import InspectionVisit
from waste.weighing.files import add_files

QUERIES = load_queries(Path(__file__).parent / "sql" / "inspections.sql")

FILED_WITHIN = timedelta(days=30)
"""A visit that is filed later can no longer be checked with those who were there."""


def visit_subject(visit_id: int) -> str:
    """How the audit log and the files name a visit."""
    return f"visit/{visit_id}"


async def file_inspection(
    database: Database, person: Person, canteen: Canteen, visited_on: date, looked_at: str, plan_year: int | None,
    files: list[Attachment], request_id: UUID | None = None,
) -> int:  # fmt: skip
    """File a visit of the person to a canteen; returns its number. ``plan_year``: the plan that drew the canteen.

    A repeat under the same ``request_id`` changes nothing and returns the number of the first.

    Raises Problem INVALID (a day out of range, a canteen that the plan did not draw), CONFLICT (filed before).
    """
    today = datetime.now(ZONE).date()
    if not today - FILED_WITHIN <= visited_on <= today:
        first = today - FILED_WITHIN
        raise Problem(INVALID, "supervision.visit_out_of_range", visited_on=visited_on, first=first, last=today)
    async with audit.change(database, person.login, "file_inspection") as change:
        connection = await change.connection()
        if plan_year is not None and not await connection.fetchval(QUERIES["drawn"], plan_year, canteen.canteen_id):
            raise Problem(INVALID, "supervision.not_drawn", canteen_id=canteen.canteen_id, year=plan_year)
        [number] = await next_numbers(change.db, 1)
        filed = await connection.fetchval(
            QUERIES["file_inspection"], canteen.book, number, canteen.canteen_id, visited_on, plan_year, person.login,
            looked_at, datetime.now(UTC), request_id,
        )  # fmt: skip
        if filed is None:
            same = canteen.book, request_id, canteen.canteen_id, visited_on, person.login
            before: int | None = await connection.fetchval(QUERIES["filed_before"], *same)
            if before is not None:
                change.is_repeat = True
                return before
            raise Problem(CONFLICT, "supervision.visit_filed", canteen_id=canteen.canteen_id, visited_on=visited_on)
        await add_files(change.db, canteen.book, canteen.canteen_id, visit_subject(number), files, person.login)
        change.note.subject = visit_subject(number)
        change.note.detail = {
            "canteen_id": canteen.canteen_id, "visited_on": str(visited_on), "plan_year": plan_year,
            "looked_at": looked_at, "files": digests(files),
        }  # fmt: skip
    return number


async def find_visit(db: AsyncSession, person: Person, visit_id: int) -> tuple[InspectionVisit, Canteen]:
    """A visit to a canteen that a person may see, and the canteen. Raises Problem(NOT_FOUND)."""
    visit = await db.scalar(select(InspectionVisit).where(InspectionVisit.visit_id == visit_id))
    canteen = None if visit is None else (await canteens_of(db, person)).get(visit.canteen_id)
    if visit is None or canteen is None:
        raise Problem(NOT_FOUND, "supervision.no_visit", visit_id=visit_id)
    return visit, canteen
