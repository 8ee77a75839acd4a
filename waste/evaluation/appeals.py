"""Appeals of agencies against frozen results, and their decisions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.attachments import Attachment, digests
from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry import audit
from registry.access import Person
from registry.canteens import canteens_of
from registry.duties import Duty, must_be_another
from registry.models import Canteen, Database, next_numbers
from waste.evaluation.models import Appeal, EvaluationQuarter, QuarterResult
from waste.evaluation.quarters import request_evaluation, year_and_quarter
from waste.weighing.files import add_files

QUERIES = load_queries(Path(__file__).parent / "sql" / "appeals.sql")

APPEAL_WITHIN = timedelta(days=15)
"""After a quarter was frozen (assumed)."""


@dataclass(frozen=True, slots=True)
class Against:
    """What an appeal opens: the points of indicators, or the veto for falsified weights."""

    codes: frozenset[str]
    veto: bool


class AppealState(StrEnum):
    """An appeal is open until it is decided."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


def appeals_until(frozen_at: datetime) -> date:
    """The last day for appeals against the results of a quarter that was frozen then."""
    return (frozen_at + APPEAL_WITHIN).astimezone(ZONE).date()


def appeal_subject(appeal_id: int) -> str:
    """How the audit log and the files name an appeal."""
    return f"appeal/{appeal_id}"


async def raise_appeal(
    database: Database, person: Person, canteen: Canteen, quarter: date, against: Against, text: str,
    files: list[Attachment],
) -> int:  # fmt: skip
    """Appeal against indicators of a frozen result, or its veto; returns the appeal's number.

    Raises Problem INVALID (nothing named, or nothing that the result has; the time for appeals is over), CONFLICT (not
    frozen yet; an appeal is open already).
    """
    codes = sorted(against.codes)
    if not codes and not against.veto:
        raise Problem(INVALID, "evaluation.appeal_names_nothing")
    detail = {
        "quarter": str(quarter), "indicators": codes, "veto": against.veto, "text": text, "files": digests(files),
    }  # fmt: skip
    try:
        async with audit.change(database, person.login, "appeal", detail=detail) as change:
            await _must_be_appealable(change.db, quarter)
            await _check_named(change.db, canteen, quarter, against)
            [number] = await next_numbers(change.db, 1)
            change.note.subject = appeal_subject(number)
            change.db.add(
                Appeal(
                    book=canteen.book, appeal_id=number, canteen_id=canteen.canteen_id, quarter=quarter,
                    state=AppealState.OPEN, codes=codes, veto=against.veto, text=text, raised_by=person.login,
                    raised_at=datetime.now(UTC),
                )
            )  # fmt: skip
            await change.db.flush()
            await add_files(change.db, canteen.book, canteen.canteen_id, appeal_subject(number), files, person.login)
    except IntegrityError:
        raise Problem(CONFLICT, "evaluation.appeal_open", **year_and_quarter(quarter)) from None
    return number


async def _check_named(db: AsyncSession, canteen: Canteen, quarter: date, against: Against) -> None:
    mine = QuarterResult.canteen_id == canteen.canteen_id, QuarterResult.quarter == quarter
    query = select(QuarterResult).where(*mine).order_by(QuarterResult.revision.desc()).limit(1)
    result = await db.scalar(query)
    if against.veto and not (result and result.vetoed):
        raise Problem(INVALID, "evaluation.no_veto", canteen_id=canteen.canteen_id)
    known = {point["code"] for point in result.points} if result else set()
    for code in sorted(against.codes):
        if code not in known:
            raise Problem(INVALID, "evaluation.not_applicable", indicator=code, canteen_id=canteen.canteen_id)


async def _must_be_appealable(db: AsyncSession, quarter: date) -> None:
    state = await db.get(EvaluationQuarter, quarter)
    if state is None or state.frozen_at is None:
        raise Problem(CONFLICT, "evaluation.not_frozen", **year_and_quarter(quarter))
    until = appeals_until(state.frozen_at)
    if datetime.now(ZONE).date() > until:
        raise Problem(INVALID, "evaluation.appeal_too_late", until=until)


async def decide_appeal(database: Database, person: Person, appeal_id: int, *, accept: bool, text: str) -> None:
    """Decide an appeal. If it is accepted, what it named is evaluated again from what is known now.

    Raises Problem NOT_FOUND, CONFLICT (decided already), SECOND_PERSON (who froze the quarter, scored the canteen in it
    or opened a case against it there does not decide).
    """
    state = AppealState.ACCEPTED if accept else AppealState.REJECTED
    detail = {"to": state.value, "text": text}
    async with audit.change(database, person.login, "decide_appeal", appeal_subject(appeal_id), detail) as change:
        appeal = await _lock_appeal(change.db, appeal_id)
        if appeal.state != AppealState.OPEN:
            raise Problem(CONFLICT, "evaluation.appeal_decided", appeal_id=appeal_id)
        judges = await (await change.connection()).fetch(QUERIES["judges"], appeal.quarter, appeal.canteen_id)
        await must_be_another(change.db, Duty.APPEAL, person, {row["login"] for row in judges}, appeal_id=appeal_id)
        appeal.state, appeal.decision = state, text
        appeal.decided_by, appeal.decided_at = person.login, datetime.now(UTC)
        if accept:
            await request_evaluation(await change.connection(), appeal.quarter)


async def _lock_appeal(db: AsyncSession, appeal_id: int) -> Appeal:
    appeal = await db.scalar(select(Appeal).where(Appeal.appeal_id == appeal_id).with_for_update())
    if appeal is None:
        raise Problem(NOT_FOUND, "evaluation.no_appeal", appeal_id=appeal_id)
    return appeal


async def find_appeal(db: AsyncSession, person: Person, appeal_id: int) -> Appeal:
    """An appeal of a canteen that a person may see. Raises Problem(NOT_FOUND)."""
    appeal = await db.scalar(select(Appeal).where(Appeal.appeal_id == appeal_id))
    if appeal is None or appeal.canteen_id not in await canteens_of(db, person):
        raise Problem(NOT_FOUND, "evaluation.no_appeal", appeal_id=appeal_id)
    return appeal


async def appeals_of(db: AsyncSession, canteen_ids: list[int]) -> list[Appeal]:
    """Appeals of some canteens, the newest first."""
    query = select(Appeal).where(Appeal.canteen_id.in_(canteen_ids)).order_by(Appeal.appeal_id.desc()).limit(500)
    return list(await db.scalars(query))
