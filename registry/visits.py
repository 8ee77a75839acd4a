"""Visits: where a travelling official may eat, and when.

His agency registers them. He may register one himself: it waits as a ``VisitRequest``, which nothing that charges or
says who may eat reads, until his agency confirms it; then it becomes a visit like any other.

::

    waiting ──confirm──▶ confirmed (a visit)
       ├─────refuse────▶ refused     ◀── its agency takes it back ── a visit that is to come
       └────withdraw───▶ withdrawn   ◀── the official does ─────────┘

A visit that is taken back before it begins is no visit any more: its row goes, so that whoever charges or says who may
eat need not ask for a state; the audit entry has what it was. One that runs is cut short to today.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.calendar import ZONE
from foundation.catalogue import Phrase
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.access import Person
from registry.audit import Change
from registry.identifiers import HolderId
from registry.members import agency_must_be_active
from registry.models import Official, Visit, VisitRequest, next_numbers
from registry.officials import find_agency, find_officials, must_be_open
from registry.schemas import NewVisit, OwnVisit
from registry.states import VisitRequestState

VISIT_MAX_DAYS = 90
"""For a longer stay the host registers the official as its own."""

AHEAD_MAX = timedelta(days=90)
"""How far ahead an official registers a visit himself: what comes later, nobody has ordered yet."""

WAITING_MAX = 5
"""Visits of one official that wait for his agency and are not over."""

MADE_MAX, MADE_WITHIN = 30, timedelta(days=30)
"""Visits that one official registers himself, withdrawn ones included: each is an entry of the audit log."""


async def register_visit(db: AsyncSession, person: Person, wanted: NewVisit) -> Visit:
    """Register an official's visit to a host agency; the official's own agency does so.

    Raises Problem NOT_FOUND, NOT_ALLOWED (another agency's official), ACCOUNT_CLOSED, CONFLICT (the host is
    suspended or has ended) or INVALID.
    """
    [official] = (await find_officials(db, [wanted.holder_id], alone=True)).values()
    person.must_act_for(official.agency_id)
    await _must_be_possible(db, official, wanted)
    [visit_id] = await next_numbers(db, 1)
    visit = Visit(
        book=official.book,
        visit_id=visit_id,
        holder_id=official.holder_id,
        host_agency_id=wanted.host_agency_id,
        first_day=wanted.first_day,
        last_day=wanted.last_day,
    )
    db.add(visit)
    return visit


async def _must_be_possible(db: AsyncSession, official: Official, wanted: NewVisit | OwnVisit) -> None:
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


async def ask_for_visit(change: Change, holder_id: HolderId, wanted: OwnVisit) -> VisitRequest:
    """Keep a visit that an official registers himself; one that he sent before stays as it is.

    Raises Problem NOT_FOUND, ACCOUNT_CLOSED, INVALID, or CONFLICT (the host is suspended or has ended, the number is
    another visit's, another one waits for these days, or too many wait or were made).
    """
    db = change.db
    [official] = (await find_officials(db, [holder_id], alone=True)).values()
    known = await _request_of(db, official, wanted.request_id)
    if known is not None:
        _must_be_the_same(known, wanted)
        change.is_repeat = True
        return known
    now = datetime.now(UTC)
    _must_be_near(wanted, now)
    await _must_be_possible(db, official, wanted)
    await _must_be_few(db, official, wanted, now)
    [number] = await next_numbers(db, 1)
    made = VisitRequest(
        book=official.book,
        number=number,
        request_id=wanted.request_id,
        holder_id=official.holder_id,
        host_agency_id=wanted.host_agency_id,
        first_day=wanted.first_day,
        last_day=wanted.last_day,
        reason=wanted.reason,
        state=VisitRequestState.WAITING,
        made_at=now,
    )
    db.add(made)
    return made


def _must_be_the_same(known: VisitRequest, wanted: OwnVisit) -> None:
    if any(getattr(known, name) != getattr(wanted, name) for name in OwnVisit.__struct_fields__):
        raise Problem(CONFLICT, "visit_request.number_taken")


def _must_be_near(wanted: OwnVisit, now: datetime) -> None:
    today = now.astimezone(ZONE).date()
    if not today <= wanted.first_day <= today + AHEAD_MAX:
        raise Problem(INVALID, "visit_request.first_day", first=today, last=today + AHEAD_MAX)


async def _must_be_few(db: AsyncSession, official: Official, wanted: OwnVisit, now: datetime) -> None:
    """Raise Problem(CONFLICT) when another one waits for these days, or too many wait or were made.

    He may leave one host and arrive at the next on the same day.
    """
    own = (VisitRequest.book == official.book) & (VisitRequest.holder_id == official.holder_id)
    waiting = own & (VisitRequest.state == VisitRequestState.WAITING)
    first, last = VisitRequest.first_day, VisitRequest.last_day
    overlapping = or_(
        and_(first < wanted.last_day, last > wanted.first_day),
        and_(
            VisitRequest.host_agency_id == wanted.host_agency_id,
            first <= wanted.last_day,
            last >= wanted.first_day,
        ),
    )
    if await db.scalar(select(VisitRequest.number).where(waiting, overlapping).limit(1)) is not None:
        raise Problem(CONFLICT, "visit_request.overlaps")
    counts = select(
        func.count().filter(waiting, last >= now.astimezone(ZONE).date()),
        func.count().filter(VisitRequest.made_at > now - MADE_WITHIN),
    ).where(own)
    left, made = (await db.execute(counts)).one()
    if left >= WAITING_MAX:
        raise Problem(CONFLICT, "visit_request.too_many", most=WAITING_MAX)
    if made >= MADE_MAX:
        raise Problem(CONFLICT, "visit_request.too_many_made", most=MADE_MAX, days=MADE_WITHIN.days)


async def requests_of(db: AsyncSession, book: int, holder_id: int, most: int) -> Sequence[VisitRequest]:
    """What an official registered himself, latest first."""
    query = select(VisitRequest).where(VisitRequest.book == book, VisitRequest.holder_id == holder_id)
    return (await db.scalars(query.order_by(VisitRequest.number.desc()).limit(most))).all()


async def withdraw(change: Change, holder_id: HolderId, actor: str, request_id: UUID) -> None:
    """Take back what waits; what was taken back before stays so. Raises Problem NOT_FOUND, CONFLICT (it is decided)."""
    [official] = (await find_officials(change.db, [holder_id], alone=True)).values()
    asked = await _request_of(change.db, official, request_id)
    if asked is None:
        raise Problem(NOT_FOUND, "visit_request.not_found")
    change.note.subject = f"visit_request/{asked.number}"
    if asked.state == VisitRequestState.WITHDRAWN:
        change.is_repeat = True
        return
    _decide(asked, VisitRequestState.WITHDRAWN, actor)


async def confirm(change: Change, person: Person, number: int) -> Visit:
    """Let a waiting request become a visit.

    Raises Problem NOT_FOUND (also another agency's), CONFLICT (it is decided), and as ``register_visit`` does.
    """
    asked = await _find(change.db, person, number)
    _must_wait(asked)
    wanted = NewVisit(asked.holder_id, asked.host_agency_id, asked.first_day, asked.last_day)
    visit = await register_visit(change.db, person, wanted)
    _decide(asked, VisitRequestState.CONFIRMED, person.login)
    asked.visit_id = visit.visit_id
    return visit


async def refuse(change: Change, person: Person, number: int, reason: str) -> None:
    """Refuse a waiting request; the official reads why. Raises Problem NOT_FOUND, CONFLICT (it is decided)."""
    asked = await _find(change.db, person, number)
    _decide(asked, VisitRequestState.REFUSED, person.login)
    asked.answer = reason


async def end_own(change: Change, holder_id: HolderId, actor: str, visit_id: int) -> None:
    """Take one's own visit back, or cut it short to today. Raises Problem NOT_FOUND, CONFLICT (it is over)."""
    official, visit = await _find_visit(change.db, visit_id)
    if official.holder_id != holder_id:
        raise Problem(NOT_FOUND, "visit.not_found")
    await _end(change, visit, actor, None)


async def end_by_agency(change: Change, person: Person, visit_id: int, reason: str) -> None:
    """The same by the official's own agency, or the centre; who registered it himself reads why.

    Raises Problem NOT_FOUND (also another agency's), CONFLICT (it is over).
    """
    official, visit = await _find_visit(change.db, visit_id)
    if person.agency_id not in (None, official.agency_id):
        raise Problem(NOT_FOUND, "visit.not_found")
    await _end(change, visit, person.login, reason)


async def _find_visit(db: AsyncSession, visit_id: int) -> tuple[Official, Visit]:
    """A visit, which nobody else changes until the transaction ends: its official is locked. Raises NOT_FOUND."""
    query = select(Visit).where(Visit.visit_id == visit_id)
    holder_id = await db.scalar(query.with_only_columns(Visit.holder_id))
    if holder_id is None:
        raise Problem(NOT_FOUND, "visit.not_found")
    [official] = (await find_officials(db, [holder_id], alone=True)).values()
    visit: Visit | None = await db.scalar(query)
    if visit is None:
        raise Problem(NOT_FOUND, "visit.not_found")
    return official, visit


async def _end(change: Change, visit: Visit, actor: str, reason: str | None) -> None:
    """``reason``: why the agency does; None when the official does."""
    today = datetime.now(ZONE).date()
    if visit.last_day < today:
        raise Problem(CONFLICT, "visit.over", last_day=visit.last_day)
    is_to_come = today < visit.first_day
    days = {"first_day": str(visit.first_day), "last_day": str(visit.last_day)}
    change.note.detail = {
        "holder_id": visit.holder_id, "host_agency_id": visit.host_agency_id, **days,
        "ends": None if is_to_come else str(today), **({} if reason is None else {"reason": reason}),
    }  # fmt: skip
    if is_to_come:
        await _take_back(change.db, visit, actor, reason)
    else:
        change.is_repeat = visit.last_day == today
        visit.last_day = today


async def _take_back(db: AsyncSession, visit: Visit, actor: str, reason: str | None) -> None:
    query = select(VisitRequest).where(VisitRequest.book == visit.book, VisitRequest.visit_id == visit.visit_id)
    asked: VisitRequest | None = await db.scalar(query)
    if asked is not None:
        asked.visit_id = None
        asked.state = VisitRequestState.WITHDRAWN if reason is None else VisitRequestState.REFUSED
        asked.answer, asked.decided_at, asked.decided_by = reason, datetime.now(UTC), actor
    await db.delete(visit)


def _decide(asked: VisitRequest, state: VisitRequestState, who: str) -> None:
    _must_wait(asked)
    asked.state, asked.decided_at, asked.decided_by = state, datetime.now(UTC), who


def _must_wait(asked: VisitRequest) -> None:
    if asked.state != VisitRequestState.WAITING:
        state = Phrase(asked.state, f"visit_request.state.{asked.state}")
        raise Problem(CONFLICT, "visit_request.decided", state=state)


async def _request_of(db: AsyncSession, official: Official, request_id: UUID) -> VisitRequest | None:
    query = select(VisitRequest).where(
        VisitRequest.book == official.book,
        VisitRequest.holder_id == official.holder_id,
        VisitRequest.request_id == request_id,
    )
    found: VisitRequest | None = await db.scalar(query)
    return found


async def _find(db: AsyncSession, person: Person, number: int) -> VisitRequest:
    """A request, which nobody else decides until the transaction ends: its official is locked."""
    query = select(VisitRequest).where(VisitRequest.number == number)
    asked: VisitRequest | None = await db.scalar(query)
    if asked is None:
        raise Problem(NOT_FOUND, "visit_request.not_found")
    [official] = (await find_officials(db, [asked.holder_id], alone=True)).values()
    if person.agency_id not in (None, official.agency_id):
        raise Problem(NOT_FOUND, "visit_request.not_found")
    await db.refresh(asked)
    return asked
