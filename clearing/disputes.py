"""Disputes: an agency doubts a line of its statement, the other side answers, the centre decides.

::

    open ──answer──▶ answered ──accept──▶ accepted    a reversing transfer in the open day
      │                 │
      │                 └──reject──▶ rejected
      └──withdraw──▶ withdrawn

A line can be disputed within ``DAYS`` working days of the day on which the statement was published, and answered within
as many; the centre decides after the answer, or after its time has passed. A closed day is never changed: what is given
back is a refund of its own, whose number follows from the dispute's, so that it is posted once.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid5

import asyncpg
from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from clearing.errors import DISPUTE_CLOSED, NO_DISPUTE, NOT_DISPUTABLE, TOO_EARLY, TOO_LATE
from clearing.models import Dispute, DisputeFile
from foundation.attachments import Attachment, digests
from foundation.calendar import ZONE, add_working_days
from foundation.named_sql import load_queries
from foundation.postgres import Pool
from foundation.problems import NOT_ALLOWED, Problem
from registry import audit
from registry.access import Person
from registry.models import Database, next_numbers
from settlement.refunds import refund

QUERIES = load_queries(Path(__file__).parent / "sql" / "disputes.sql")

DAYS = 3
"""Working days of the Chinese calendar."""

ACTIONS = {"answer": {"open"}, "withdraw": {"open", "answered"}, "decide": {"open", "answered"}}
"""What can be done with a dispute, and in which states."""

REFUNDS = UUID("6f6e6563-6172-6464-6973-707574650000")
"""The namespace of the refunds' numbers."""


def refund_number(dispute_id: int) -> UUID:
    """The number of the refund that an accepted dispute leads to."""
    return uuid5(REFUNDS, str(dispute_id))


async def raise_dispute(
    database: Database, ledger: Pool, person: Person, posting_id: UUID, amount_fen: int, text: str,
    files: list[Attachment],
) -> int:  # fmt: skip
    """Dispute part or all of a payment on a statement of the person's agency; returns the dispute's number.

    Raises Problem: NOT_DISPUTABLE (not on its statements, its own meal, more than is left of it, disputed already),
    TOO_LATE, INVALID (an attachment).
    """
    line = await ledger.fetchrow(QUERIES["line"], posting_id)
    if line is None or person.agency_id not in (line["issuer_id"], line["acquirer_id"]):
        raise Problem(NOT_DISPUTABLE, f"payment {posting_id} is on no published statement of yours")
    if line["issuer_id"] == line["acquirer_id"]:
        raise Problem(NOT_DISPUTABLE, "a meal at one's own canteen moves nothing between agencies")
    if amount_fen > line["left_fen"]:
        raise Problem(NOT_DISPUTABLE, f"{line['left_fen']} fen are left of it")
    until = _last_day(line["published_at"])
    if datetime.now(ZONE).date() > until:
        raise Problem(TOO_LATE, f"it could be disputed until {until}")
    try:
        return await _add(database, person, posting_id, line, amount_fen, text, files)
    except IntegrityError:
        raise Problem(NOT_DISPUTABLE, f"payment {posting_id} is disputed already") from None


async def _add(
    database: Database, person: Person, posting_id: UUID, line: asyncpg.Record, amount_fen: int, text: str,
    files: list[Attachment],
) -> int:  # fmt: skip
    now = datetime.now(UTC)
    async with database.begin() as db:
        [number] = await next_numbers(db, 1)
        other = line["acquirer_id"] if person.agency_id == line["issuer_id"] else line["issuer_id"]
        db.add(
            Dispute(
                dispute_id=number, cycle_date=line["cycle_date"], book=line["book"], posting_id=posting_id,
                raised_by_agency=person.agency_id, other_agency=other, amount_fen=amount_fen, state="open",
                text=text, raised_by=person.login, raised_at=now, answer_until=_last_day(now),
            )
        )  # fmt: skip
        await db.flush()
        await _attach(db, number, "dispute", files)
        detail = {"posting": str(posting_id), "amount_fen": amount_fen, "text": text, "files": digests(files)}
        await audit.record(db, audit.Note(person.login, "raise_dispute", f"dispute/{number}", detail))
    return number


async def answer_dispute(
    database: Database, person: Person, dispute_id: int, text: str, files: list[Attachment]
) -> None:
    """The other side's word, once. Raises Problem NO_DISPUTE, NOT_ALLOWED, DISPUTE_CLOSED, TOO_LATE, INVALID."""
    async with database.begin() as db:
        dispute = await _take(db, person, dispute_id, "answer")
        if person.agency_id != dispute.other_agency:
            raise Problem(NOT_ALLOWED, "the other side answers")
        now = datetime.now(UTC)
        if now.astimezone(ZONE).date() > dispute.answer_until:
            raise Problem(TOO_LATE, f"it could be answered until {dispute.answer_until}")
        dispute.state, dispute.answer, dispute.answered_by, dispute.answered_at = "answered", text, person.login, now
        await _attach(db, dispute_id, "answer", files)
        detail = {"text": text, "files": digests(files)}
        await audit.record(db, audit.Note(person.login, "answer_dispute", f"dispute/{dispute_id}", detail))


async def withdraw_dispute(database: Database, person: Person, dispute_id: int) -> None:
    """Whoever raised it lets it go. Raises Problem NO_DISPUTE, NOT_ALLOWED, DISPUTE_CLOSED."""
    async with database.begin() as db:
        dispute = await _take(db, person, dispute_id, "withdraw")
        if person.agency_id != dispute.raised_by_agency:
            raise Problem(NOT_ALLOWED, "only the agency that raised it withdraws it")
        dispute.state, dispute.decided_by, dispute.decided_at = "withdrawn", person.login, datetime.now(UTC)
        await audit.record(db, audit.Note(person.login, "withdraw_dispute", f"dispute/{dispute_id}"))


async def decide_dispute(
    database: Database, ledger: Pool, person: Person, dispute_id: int, *, accept: bool, text: str
) -> None:
    """The centre's decision; accepted, the amount goes back in the open day. The same again changes nothing.

    Raises Problem NO_DISPUTE, DISPUTE_CLOSED, TOO_EARLY while an answer may still come, and what a refund raises
    (nothing is decided then).
    """
    async with database.begin() as db:
        dispute = await db.get(Dispute, dispute_id, with_for_update=True)
        if dispute is None:
            raise Problem(NO_DISPUTE, str(dispute_id))
        wanted = "accepted" if accept else "rejected"
        if dispute.state == wanted:
            return
        if dispute.state not in ACTIONS["decide"]:
            raise Problem(DISPUTE_CLOSED, f"it is {dispute.state}")
        if dispute.state == "open" and datetime.now(ZONE).date() <= dispute.answer_until:
            raise Problem(TOO_EARLY, f"the other side may answer until {dispute.answer_until}")
        if accept:
            number = refund_number(dispute_id)
            await refund(ledger, dispute.book, number, dispute.posting_id, dispute.amount_fen)
            dispute.refund_id = number
        elif await ledger.fetchval(QUERIES["is_posted"], dispute.book, refund_number(dispute_id)):
            raise Problem(DISPUTE_CLOSED, "its money went back already: accept it")
        dispute.state, dispute.decision = wanted, text
        dispute.decided_by, dispute.decided_at = person.login, datetime.now(UTC)
        await audit.record(
            db, audit.Note(person.login, "decide_dispute", f"dispute/{dispute_id}", {"to": wanted, "text": text})
        )


async def disputes_of(db: AsyncSession, person: Person, state: str | None) -> list[Dispute]:
    """The disputes that a person may see, the newest first."""
    query = select(Dispute).order_by(Dispute.dispute_id.desc()).limit(500)
    if person.agency_id is not None:
        query = query.where(or_(Dispute.raised_by_agency == person.agency_id, Dispute.other_agency == person.agency_id))
    if state is not None:
        query = query.where(Dispute.state == state)
    return list(await db.scalars(query))


async def files_of(db: AsyncSession, dispute_ids: list[int]) -> dict[int, list[DisputeFile]]:
    """The files of disputes, without what is in them."""
    found: dict[int, list[DisputeFile]] = {}
    query = select(DisputeFile).where(DisputeFile.dispute_id.in_(dispute_ids))
    for file in await db.scalars(query.order_by(DisputeFile.dispute_id, DisputeFile.number)):
        found.setdefault(file.dispute_id, []).append(file)
    return found


async def read_file(db: AsyncSession, person: Person, dispute_id: int, number: int) -> DisputeFile:
    """One file. Raises Problem(NO_DISPUTE)."""
    dispute = await db.get(Dispute, dispute_id)
    file = await db.get(DisputeFile, (dispute_id, number), options=[undefer(DisputeFile.content)])
    if dispute is None or file is None or not _may_see(person, dispute):
        raise Problem(NO_DISPUTE, f"no file {number} of dispute {dispute_id}")
    return file


def _may_see(person: Person, dispute: Dispute) -> bool:
    return person.agency_id in (None, dispute.raised_by_agency, dispute.other_agency)


async def _take(db: AsyncSession, person: Person, dispute_id: int, action: str) -> Dispute:
    dispute = await db.get(Dispute, dispute_id, with_for_update=True)
    if dispute is None or not _may_see(person, dispute):
        raise Problem(NO_DISPUTE, str(dispute_id))
    if dispute.state not in ACTIONS[action]:
        raise Problem(DISPUTE_CLOSED, f"it is {dispute.state}")
    return dispute


async def _attach(db: AsyncSession, dispute_id: int, side: str, files: list[Attachment]) -> None:
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
