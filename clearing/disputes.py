"""Disputes: an agency disputes a payment on its statement, the other agency answers, the centre decides.

::

    open ──answer──▶ answered ──accept──▶ accepted    a refund in the open day
      │                 │
      │                 └──reject──▶ rejected
      └──withdraw──▶ withdrawn

A payment can be disputed within ``DAYS`` working days of the day on which the statement was published, and answered
within as many; the centre decides after the answer, or after the time for it. A closed day is never changed: an
accepted dispute leads to a refund in the open day, in one transaction with the decision.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid5

import asyncpg
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from clearing.errors import DISPUTE_CLOSED, NO_DISPUTE, NOT_DISPUTABLE, TOO_EARLY, TOO_LATE
from clearing.models import Dispute, DisputeFile
from clearing.states import DisputeSide, DisputeState
from foundation.attachments import Attachment, digests
from foundation.calendar import ZONE, add_working_days
from foundation.money import yuan
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import NOT_ALLOWED, Problem
from registry import audit
from registry.access import Person
from registry.models import Database, next_numbers
from settlement.ledger import new_posting_id
from settlement.refunds import post_refund

QUERIES = load_queries(Path(__file__).parent / "sql" / "disputes.sql")

DAYS = 3
"""Working days of the Chinese calendar."""

TRANSITIONS = {
    "answer": ({DisputeState.OPEN}, (DisputeState.ANSWERED,)),
    "withdraw": ({DisputeState.OPEN, DisputeState.ANSWERED}, (DisputeState.WITHDRAWN,)),
    "decide": ({DisputeState.OPEN, DisputeState.ANSWERED}, (DisputeState.ACCEPTED, DisputeState.REJECTED)),
}
"""The actions on a dispute: the states in which each is allowed, and those that it may lead to."""

REFUNDS = UUID("6f6e6563-6172-6464-6973-707574650000")
"""The namespace of the numbers under which earlier releases posted refunds of disputes."""


def refund_number(dispute_id: int) -> UUID:
    """The number under which earlier releases posted a dispute's refund. Anybody can compute it and post under it."""
    return uuid5(REFUNDS, str(dispute_id))


async def raise_dispute(
    database: Database, ledger: Pool, person: Person, posting_id: UUID, amount_fen: int, text: str,
    files: list[Attachment],
) -> int:  # fmt: skip
    """Dispute part or all of a payment on a statement of the person's agency; returns the dispute's number.

    Raises Problem NOT_DISPUTABLE (on none of its statements, an own meal, more than is left, disputed already),
    TOO_LATE, INVALID (an attachment).
    """
    line = await ledger.fetchrow(QUERIES["line"], posting_id)
    if line is None or person.agency_id not in (line["issuer_id"], line["acquirer_id"]):
        raise Problem(NOT_DISPUTABLE, "dispute.not_on_statement", posting_id=posting_id)
    if line["issuer_id"] == line["acquirer_id"]:
        raise Problem(NOT_DISPUTABLE, "dispute.own_meal")
    if amount_fen > line["left_fen"]:
        raise Problem(NOT_DISPUTABLE, "dispute.more_than_left", left=yuan(line["left_fen"]))
    until = _last_day(line["published_at"])
    if datetime.now(ZONE).date() > until:
        raise Problem(TOO_LATE, "dispute.period_over", until=until)
    try:
        return await _add(database, person, posting_id, line, amount_fen, text, files)
    except IntegrityError:
        raise Problem(NOT_DISPUTABLE, "dispute.exists", posting_id=posting_id) from None


async def _add(
    database: Database, person: Person, posting_id: UUID, line: asyncpg.Record, amount_fen: int, text: str,
    files: list[Attachment],
) -> int:  # fmt: skip
    now = datetime.now(UTC)
    detail = {"posting": str(posting_id), "amount_fen": amount_fen, "text": text, "files": digests(files)}
    async with audit.change(database, person.login, "raise_dispute", detail=detail) as change:
        [number] = await next_numbers(change.db, 1)
        change.note.subject = f"dispute/{number}"
        other = line["acquirer_id"] if person.agency_id == line["issuer_id"] else line["issuer_id"]
        change.db.add(
            Dispute(
                dispute_id=number, cycle_date=line["cycle_date"], book=line["book"], posting_id=posting_id,
                raised_by_agency=person.agency_id, other_agency=other, amount_fen=amount_fen,
                state=DisputeState.OPEN, text=text, raised_by=person.login, raised_at=now,
                answer_until=_last_day(now),
            )
        )  # fmt: skip
        await change.db.flush()
        await _attach(change.db, number, DisputeSide.DISPUTE, files)
    return number


async def answer_dispute(
    database: Database, person: Person, dispute_id: int, text: str, files: list[Attachment]
) -> None:
    """Record the other agency's answer, once.

    Raises Problem NO_DISPUTE, NOT_ALLOWED, DISPUTE_CLOSED, TOO_LATE, INVALID.
    """
    detail = {"text": text, "files": digests(files)}
    async with audit.change(database, person.login, "answer_dispute", f"dispute/{dispute_id}", detail) as change:
        dispute = await _lock_dispute(change.db, person, dispute_id, "answer")
        if person.agency_id != dispute.other_agency:
            raise Problem(NOT_ALLOWED, "dispute.other_agency_answers")
        now = datetime.now(UTC)
        if now.astimezone(ZONE).date() > dispute.answer_until:
            raise Problem(TOO_LATE, "dispute.answer_period_over", until=dispute.answer_until)
        dispute.state, dispute.answer = DisputeState.ANSWERED, text
        dispute.answered_by, dispute.answered_at = person.login, now
        await _attach(change.db, dispute_id, DisputeSide.ANSWER, files)


async def withdraw_dispute(database: Database, person: Person, dispute_id: int) -> None:
    """Withdraw a dispute of the person's own agency. Raises Problem NO_DISPUTE, NOT_ALLOWED, DISPUTE_CLOSED."""
    async with audit.change(database, person.login, "withdraw_dispute", f"dispute/{dispute_id}") as change:
        dispute = await _lock_dispute(change.db, person, dispute_id, "withdraw")
        if person.agency_id != dispute.raised_by_agency:
            raise Problem(NOT_ALLOWED, "dispute.only_raiser_withdraws")
        dispute.state, dispute.decided_by, dispute.decided_at = (
            DisputeState.WITHDRAWN, person.login, datetime.now(UTC),
        )  # fmt: skip


async def decide_dispute(database: Database, person: Person, dispute_id: int, *, accept: bool, text: str) -> None:
    """Record the centre's decision; an accepted amount is refunded in the open day. A repeat changes nothing.

    Raises Problem NO_DISPUTE, DISPUTE_CLOSED, TOO_EARLY while an answer is still possible, and as ``post_refund``
    (nothing is decided then).
    """
    wanted = DisputeState.ACCEPTED if accept else DisputeState.REJECTED
    detail = {"to": wanted.value, "text": text}
    async with audit.change(database, person.login, "decide_dispute", f"dispute/{dispute_id}", detail) as change:
        dispute = await change.db.get(Dispute, dispute_id, with_for_update=True)
        if dispute is None:
            raise Problem(NO_DISPUTE, "dispute.not_found", dispute_id=dispute_id)
        if dispute.state == wanted:
            change.is_repeat = True
            return
        _check_state(dispute, "decide")
        if dispute.state == DisputeState.OPEN and datetime.now(ZONE).date() <= dispute.answer_until:
            raise Problem(TOO_EARLY, "dispute.answer_possible", until=dispute.answer_until)
        connection = await change.connection()
        content = (dispute.book, dispute.posting_id, dispute.amount_fen)
        posted = await connection.fetchval(QUERIES["is_posted"], *content, refund_number(dispute_id))
        if accept and posted is None:
            posted = new_posting_id()
            await post_refund(connection, dispute.book, posted, dispute.posting_id, dispute.amount_fen)
        elif not accept and posted is not None:
            raise Problem(DISPUTE_CLOSED, "dispute.refunded_already")
        dispute.refund_id = posted
        dispute.state, dispute.decision = wanted, text
        dispute.decided_by, dispute.decided_at = person.login, datetime.now(UTC)


async def files_of(db: AsyncSession, dispute_ids: list[int]) -> dict[int, list[DisputeFile]]:
    """The files of disputes, without their content."""
    found: dict[int, list[DisputeFile]] = {}
    query = select(DisputeFile).where(DisputeFile.dispute_id.in_(dispute_ids))
    for file in await db.scalars(query.order_by(DisputeFile.dispute_id, DisputeFile.number)):
        found.setdefault(file.dispute_id, []).append(file)
    return found


async def find_dispute(database: Database, person: Person, dispute_id: int) -> Dispute:
    """A dispute that this person may see. Raises Problem(NO_DISPUTE)."""
    async with database() as db:
        dispute = await db.get(Dispute, dispute_id)
    if dispute is None or not _may_see(person, dispute):
        raise Problem(NO_DISPUTE, "dispute.not_found", dispute_id=dispute_id)
    return dispute


async def read_file(db: AsyncSession, person: Person, dispute_id: int, number: int) -> DisputeFile:
    """One file. Raises Problem(NO_DISPUTE)."""
    dispute = await db.get(Dispute, dispute_id)
    file = await db.get(DisputeFile, (dispute_id, number), options=[undefer(DisputeFile.content)])
    if dispute is None or file is None or not _may_see(person, dispute):
        raise Problem(NO_DISPUTE, "dispute.no_file", number=number, dispute_id=dispute_id)
    return file


def _may_see(person: Person, dispute: Dispute) -> bool:
    return person.agency_id in (None, dispute.raised_by_agency, dispute.other_agency)


async def _lock_dispute(db: AsyncSession, person: Person, dispute_id: int, action: str) -> Dispute:
    dispute = await db.get(Dispute, dispute_id, with_for_update=True)
    if dispute is None or not _may_see(person, dispute):
        raise Problem(NO_DISPUTE, "dispute.not_found", dispute_id=dispute_id)
    _check_state(dispute, action)
    return dispute


def _check_state(dispute: Dispute, action: str) -> None:
    allowed, _ = TRANSITIONS[action]
    if dispute.state not in allowed:
        raise Problem(DISPUTE_CLOSED, f"dispute.is_{dispute.state}")


async def _attach(db: AsyncSession, dispute_id: int, side: DisputeSide, files: list[Attachment]) -> None:
    query = select(func.count()).select_from(DisputeFile).where(DisputeFile.dispute_id == dispute_id)
    first = 1 + (await db.scalar(query) or 0)
    for number, file in enumerate(files, start=first):
        db.add(
            DisputeFile(
                dispute_id=dispute_id, number=number, side=side, name=file.name,
                media_type=file.media_type, content=file.content,
            )
        )  # fmt: skip


def _last_day(begin: datetime) -> date:
    return add_working_days(begin.astimezone(ZONE).date(), DAYS)
