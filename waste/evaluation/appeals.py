"""What agencies say about their canteens' quarters: their self-evaluation before, an appeal after."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.attachments import Attachment, digests
from foundation.calendar import ZONE
from foundation.postgres import Pool
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry import audit
from registry.access import Person
from registry.models import Canteen, Database, next_numbers
from waste.evaluation.models import Appeal, EvaluationQuarter, SelfEvaluation
from waste.evaluation.quarters import check_codes, must_be_open, self_evaluation_due, want
from waste.weighing.files import add_files

APPEAL_WITHIN = timedelta(days=15)
"""After a quarter was frozen (assumed)."""


async def evaluate_oneself(
    database: Database, ledger: Pool, person: Person, canteen: Canteen, quarter: date, percents: dict[str, int],
    note: str, files: list[Attachment],
) -> None:  # fmt: skip
    """An agency's own scores of its canteen's evidence; sent again, they replace the former ones.

    Raises Problem INVALID (an indicator that is not scored from evidence), CONFLICT (the results are frozen).
    """
    check_codes(canteen, quarter, list(percents))
    await must_be_open(ledger, quarter, canteen.canteen_id)
    values: dict[str, Any] = {
        "percents": percents, "note": note, "submitted_by": person.login, "submitted_at": datetime.now(UTC),
    }  # fmt: skip
    async with database.begin() as db:
        query = insert(SelfEvaluation).values(
            book=canteen.book, canteen_id=canteen.canteen_id, quarter=quarter, **values
        )
        await db.execute(query.on_conflict_do_update(index_elements=["book", "canteen_id", "quarter"], set_=values))
        subject = f"self-evaluation/{quarter}/{canteen.canteen_id}"
        await add_files(db, canteen.book, canteen.canteen_id, subject, files, person.login)
        detail = {"percents": percents, "note": note, "files": digests(files)}
        await audit.record(db, audit.Note(person.login, "evaluate_oneself", subject, detail))
    await want(ledger, quarter)


async def missing_self_evaluations(
    db: AsyncSession, canteens: dict[int, Canteen], quarter: date
) -> list[tuple[Canteen, date]]:
    """Canteens whose agencies have not evaluated themselves, with the day by which they should."""
    query = select(SelfEvaluation.canteen_id).where(SelfEvaluation.quarter == quarter)
    done = set(await db.scalars(query))
    due = self_evaluation_due(quarter)
    return [(canteen, due) for number, canteen in canteens.items() if number not in done]


async def appeal(
    database: Database, person: Person, canteen: Canteen, quarter: date, text: str, files: list[Attachment]
) -> int:
    """Appeal against a frozen result; returns the appeal's number. Raises Problem INVALID (too late), CONFLICT."""
    try:
        async with database.begin() as db:
            state = await db.get(EvaluationQuarter, quarter)
            if state is None or state.frozen_at is None:
                raise Problem(CONFLICT, f"the quarter from {quarter} is not final yet: nothing to appeal against")
            until = (state.frozen_at + APPEAL_WITHIN).astimezone(ZONE).date()
            if datetime.now(ZONE).date() > until:
                raise Problem(INVALID, f"an appeal was possible until {until}")
            [number] = await next_numbers(db, 1)
            db.add(
                Appeal(
                    book=canteen.book, appeal_id=number, canteen_id=canteen.canteen_id, quarter=quarter, state="open",
                    text=text, raised_by=person.login, raised_at=datetime.now(UTC),
                )
            )  # fmt: skip
            await db.flush()
            subject = f"appeal/{number}"
            await add_files(db, canteen.book, canteen.canteen_id, subject, files, person.login)
            detail = {"quarter": str(quarter), "text": text, "files": digests(files)}
            await audit.record(db, audit.Note(person.login, "appeal", subject, detail))
    except IntegrityError:
        raise Problem(CONFLICT, "an appeal is open already") from None
    return number


async def decide(database: Database, ledger: Pool, person: Person, appeal_id: int, *, accept: bool, text: str) -> None:
    """Decide an appeal; accepted, the canteen's quarter is evaluated again, from what is known now.

    Raises Problem NOT_FOUND, CONFLICT (decided already).
    """
    async with database.begin() as db:
        found = await db.scalar(select(Appeal).where(Appeal.appeal_id == appeal_id).with_for_update())
        if found is None:
            raise Problem(NOT_FOUND, f"no appeal {appeal_id}")
        if found.state != "open":
            raise Problem(CONFLICT, f"appeal {appeal_id} is {found.state}")
        found.state, found.decision = "accepted" if accept else "rejected", text
        found.decided_by, found.decided_at = person.login, datetime.now(UTC)
        await audit.record(
            db, audit.Note(person.login, "decide_appeal", f"appeal/{appeal_id}", {"to": found.state, "text": text})
        )
    if accept:
        await want(ledger, found.quarter)


async def appeals_of(db: AsyncSession, canteen_ids: list[int]) -> list[Appeal]:
    """Appeals of some canteens, the newest first."""
    query = select(Appeal).where(Appeal.canteen_id.in_(canteen_ids)).order_by(Appeal.appeal_id.desc()).limit(500)
    return list(await db.scalars(query))
