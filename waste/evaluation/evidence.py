"""Scores of indicators that are not measured: by inspectors, and by the agencies themselves."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.attachments import Attachment, digests
from foundation.named_sql import load_queries
from foundation.postgres import Pool, as_struct
from foundation.problems import INVALID, Problem
from registry import audit
from registry.access import Person
from registry.models import Canteen, Database
from waste.evaluation.models import SelfEvaluation
from waste.evaluation.quarters import (
    data_closed,
    must_accept_score,
    must_accept_self_evaluation,
    note_new_scores,
    quarter_of,
    self_evaluation_due,
)
from waste.evaluation.schemas import EvidenceShown
from waste.evaluation.scheme import scheme_for
from waste.weighing.files import add_files, files_of

QUERIES = load_queries(Path(__file__).parent / "sql" / "evidence.sql")


def evidence_subject(quarter: date, canteen_id: int, code: str) -> str:
    """How the audit log and the files name an inspector's score."""
    return f"evidence/{quarter}/{canteen_id}/{code}"


def self_evaluation_subject(quarter: date, canteen_id: int, code: str | None = None) -> str:
    """How the audit log names a self-evaluation, and the files of one of its indicators are named."""
    whole = f"self-evaluation/{quarter}/{canteen_id}"
    return whole if code is None else f"{whole}/{code}"


async def score_evidence(
    database: Database, person: Person, canteen: Canteen, quarter: date, code: str, percent: int, note: str,
    files: list[Attachment],
) -> None:  # fmt: skip
    """Record an inspector's score of an indicator; earlier scores stay in the history.

    Raises Problem INVALID (the indicator is not scored from evidence), CONFLICT (the results are frozen, and no open
    appeal names the indicator).
    """
    check_codes(canteen, quarter, [code])
    subject = evidence_subject(quarter, canteen.canteen_id, code)
    detail = {"percent": percent, "note": note, "files": digests(files)}
    async with audit.change(database, person.login, "score_evidence", subject, detail) as change:
        connection = await change.connection()
        await note_new_scores(connection, quarter)
        await must_accept_score(connection, quarter, canteen.canteen_id, code)
        await connection.execute(
            QUERIES["add"], canteen.book, canteen.canteen_id, quarter, code, datetime.now(UTC), percent / 100, note,
            person.login,
        )  # fmt: skip
        await add_files(change.db, canteen.book, canteen.canteen_id, subject, files, person.login)


async def submit_self_evaluation(
    database: Database, person: Person, canteen: Canteen, quarter: date, percents: dict[str, int], note: str,
    files: dict[str, list[Attachment]],
) -> None:  # fmt: skip
    """Record an agency's own scores of its canteen with files by indicator; scores submitted before are replaced.

    Files that came before stay.

    Raises Problem INVALID (an indicator is not scored from evidence, or has no file; it is later than 20 days after the
    quarter), CONFLICT (the results are frozen).
    """
    check_codes(canteen, quarter, sorted({*percents, *files}))
    subject = self_evaluation_subject(quarter, canteen.canteen_id)
    detail = {"percents": percents, "note": note, "files": {code: digests(some) for code, some in files.items()}}
    values: dict[str, Any] = {
        "percents": percents, "note": note, "submitted_by": person.login, "submitted_at": datetime.now(UTC),
    }  # fmt: skip
    query = insert(SelfEvaluation).values(book=canteen.book, canteen_id=canteen.canteen_id, quarter=quarter, **values)
    async with audit.change(database, person.login, "evaluate_oneself", subject, detail) as change:
        connection = await change.connection()
        await note_new_scores(connection, quarter)
        await must_accept_self_evaluation(connection, quarter)
        await change.db.execute(
            query.on_conflict_do_update(index_elements=["book", "canteen_id", "quarter"], set_=values)
        )
        for code, some in files.items():
            shows = self_evaluation_subject(quarter, canteen.canteen_id, code)
            await add_files(change.db, canteen.book, canteen.canteen_id, shows, some, person.login)
        await _must_have_files(change.db, canteen, quarter, percents)


async def _must_have_files(db: AsyncSession, canteen: Canteen, quarter: date, codes: Iterable[str]) -> None:
    """A score without a file would count as not shown, and its author would learn it when it is too late."""
    subjects = {self_evaluation_subject(quarter, canteen.canteen_id, code): code for code in codes}
    shown = await files_of(db, list(subjects))
    without = sorted(code for subject, code in subjects.items() if subject not in shown)
    if without:
        raise Problem(INVALID, "evaluation.self_score_without_file", indicators=", ".join(without))


def check_codes(canteen: Canteen, quarter: date, codes: Sequence[str]) -> None:
    """Raise Problem(INVALID) for indicators that the canteen's scheme does not score from evidence."""
    first, _ = quarter_of(quarter)
    allowed = sorted(i.code for i in scheme_for(canteen.book, first).indicator if i.evidence is not None)
    for code in codes:
        if code not in allowed:
            raise Problem(INVALID, "evaluation.not_from_evidence", indicator=code, indicators=", ".join(allowed))


async def evidence_history(pool: Pool, quarter: date, canteen_id: int, code: str) -> list[EvidenceShown]:
    """Every score of an indicator by inspectors, the newest first."""
    rows = await pool.fetch(QUERIES["history"], canteen_id, quarter, code)
    return [as_struct(row, EvidenceShown) for row in rows]


async def missing_self_evaluations(
    db: AsyncSession, canteens: dict[int, Canteen], quarter: date, today: date
) -> list[tuple[Canteen, date]]:
    """Canteens that may still evaluate a quarter themselves and have not, with the day by which it is due."""
    if data_closed(quarter, today):
        return []
    query = select(SelfEvaluation.canteen_id).where(SelfEvaluation.quarter == quarter)
    done = set(await db.scalars(query))
    due = self_evaluation_due(quarter)
    return [(canteen, due) for number, canteen in canteens.items() if number not in done]
