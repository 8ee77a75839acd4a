"""Visits: where a travelling official may eat, and when."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.problems import INVALID, Problem
from registry.access import Person
from registry.members import agency_must_be_active
from registry.models import Visit, next_numbers
from registry.officials import find_agency, find_officials, must_be_open
from registry.schemas import NewVisit

VISIT_MAX_DAYS = 90
"""For a longer stay the host registers the official as its own."""


async def register_visit(db: AsyncSession, person: Person, wanted: NewVisit) -> Visit:
    """Register an official's visit to a host agency; the official's own agency does so.

    Raises Problem NOT_FOUND, NOT_ALLOWED (another agency's official), ACCOUNT_CLOSED, CONFLICT (the host is
    suspended or has ended) or INVALID.
    """
    [official] = (await find_officials(db, [wanted.holder_id], keep_open=True)).values()
    person.must_act_for(official.agency_id)
    must_be_open(official)
    host = await find_agency(db, wanted.host_agency_id)
    await agency_must_be_active(db, host)
    if host.agency_id == official.agency_id:
        raise Problem(INVALID, "visit.own_agency")
    if not 0 <= (wanted.last_day - wanted.first_day).days < VISIT_MAX_DAYS:
        raise Problem(INVALID, "visit.days", most=VISIT_MAX_DAYS)
    overlapping = select(Visit.visit_id).where(
        Visit.book == official.book,
        Visit.holder_id == official.holder_id,
        Visit.host_agency_id == host.agency_id,
        Visit.first_day <= wanted.last_day,
        Visit.last_day >= wanted.first_day,
    )
    if await db.scalar(overlapping.limit(1)) is not None:
        raise Problem(INVALID, "visit.overlaps")
    [visit_id] = await next_numbers(db, 1)
    visit = Visit(
        book=official.book,
        visit_id=visit_id,
        holder_id=official.holder_id,
        host_agency_id=host.agency_id,
        first_day=wanted.first_day,
        last_day=wanted.last_day,
    )
    db.add(visit)
    return visit
