"""HTTP: evaluating canteens' quarters, what they rest on, and what agencies say about them."""

import asyncio
from datetime import date
from typing import Any

from litestar import Controller, Request, get, post
from msgspec import convert, json

from foundation.attachments import BODY_MAX, digests, read_files
from foundation.messages import Numbered, NumberInPath
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from registry import access, audit
from registry.canteens import canteen_of, canteens_of
from registry.models import Canteen, Database
from waste.evaluation import appeals
from waste.evaluation.quarters import QUERIES, add_evidence, freeze, indicator_of, quarter_of, schemes, standings, want
from waste.evaluation.schemas import (
    AppealDecision,
    AppealShown,
    EvaluationShown,
    EvidenceShown,
    NewAppeal,
    NewEvidence,
    NewSelfEvaluation,
    PointShown,
    QuarterShown,
    SchemeShown,
    TraceShown,
    WeekShown,
)
from waste.evaluation.scheme import MEASURES
from waste.weighing.files import add_files, files_of

ByPerson = Request[access.Person, Any, Any]

WAIT_S, LOOK_AGAIN_S = 25.0, 0.25


class EvaluationController(Controller):
    """Scores of a quarter, and the evidence behind them."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @get("/schemes", guards=[access.allows("see_waste")], summary="Evaluation schemes")
    async def list_schemes(self) -> list[SchemeShown]:
        """Every version of every jurisdiction's scheme."""
        return [
            SchemeShown(s.id, s.name_zh, s.name_en, s.valid_from, s.regions, sum(i.points for i in s.indicator))
            for s in schemes().known
        ]

    @get("/evaluations/{quarter:date}", guards=[access.allows("see_waste")], summary="A quarter's evaluations")
    async def evaluations(self, request: ByPerson, quarter: date, database: Database, ledger: Pool) -> QuarterShown:
        """Score, interval, grade and rank among peers; the quarter by its first day, for one's own canteens."""
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        return await quarter_shown(ledger, quarter, canteens)

    @post("/evaluations/{quarter:date}", guards=[access.allows("inspect")], summary="Evaluate a quarter")
    async def evaluate(self, request: ByPerson, quarter: date, database: Database, ledger: Pool) -> QuarterShown:
        """Have it evaluated anew; answers when it is, or after 25 seconds as it stands."""
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        await want(ledger, quarter)
        give_up_at = asyncio.get_running_loop().time() + WAIT_S
        while not await _evaluated(ledger, quarter) and asyncio.get_running_loop().time() < give_up_at:
            await asyncio.sleep(LOOK_AGAIN_S)
        return await quarter_shown(ledger, quarter, canteens)

    @post("/evaluations/{quarter:date}/freeze", guards=[access.allows("inspect")], summary="Freeze", status_code=204)
    async def freeze(self, request: ByPerson, quarter: date, database: Database, ledger: Pool) -> None:
        """Keep the results of a quarter that is over: from now on only appeals change them."""
        await freeze(ledger, quarter, request.user.login)
        async with database.begin() as db:
            await audit.record(db, audit.Note(request.user.login, "freeze_evaluations", f"quarter/{quarter}"))

    @get(
        "/evaluations/{quarter:date}/canteens/{canteen_id:int}/{code:str}",
        guards=[access.allows("see_waste")],
        summary="What a score rests on",
    )
    async def trace(
        self, request: ByPerson, quarter: date, canteen_id: NumberInPath, code: str, database: Database, ledger: Pool
    ) -> TraceShown:
        """Formula, target and limit; the weeks with the way to their weighings, or the evidence, or the cases."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, canteen_id)
            files = await files_of(
                db, [f"evidence/{quarter}/{canteen_id}/{code}", f"self-evaluation/{quarter}/{canteen_id}"]
            )
        shown = await quarter_shown(ledger, quarter, {canteen_id: canteen})
        if not shown.evaluations:
            raise Problem(NOT_FOUND, f"canteen {canteen_id} is not evaluated")
        [evaluation] = shown.evaluations
        indicator = indicator_of(evaluation.scheme, code)
        point = next((point for point in evaluation.points if point.code == code), None)
        if point is None:
            raise Problem(NOT_FOUND, f"{code} does not apply to canteen {canteen_id}")
        of_weeks = indicator.measure is not None and indicator.measure != "cases_in_time"
        history = await ledger.fetch(QUERIES["evidence_history"], canteen_id, quarter, code)
        return TraceShown(
            canteen_id, quarter, point, MEASURES.get(indicator.measure or "", indicator.evidence or ""),
            indicator.target, indicator.limit, await _weeks(ledger, quarter, canteen_id) if of_weeks else [],
            [EvidenceShown(**dict(row)) for row in history], [file for some in files.values() for file in some],
            "/waste/cases" if indicator.measure == "cases_in_time" else None,
        )  # fmt: skip

    @post(
        "/evidence",
        guards=[access.allows("inspect")],
        summary="Score evidence",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def score(self, request: ByPerson, data: NewEvidence, database: Database, ledger: Pool) -> None:
        """An inspector's score of an indicator that is not measured; earlier scores stay in the history."""
        files = read_files(data.files)
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        await add_evidence(ledger, canteen, data.quarter, data.code, data.percent / 100, data.note, request.user.login)
        async with database.begin() as db:
            subject = f"evidence/{data.quarter}/{data.canteen_id}/{data.code}"
            await add_files(db, canteen.book, canteen.canteen_id, subject, files, request.user.login)
            detail = {"percent": data.percent, "note": data.note, "files": digests(files)}
            await audit.record(db, audit.Note(request.user.login, "score_evidence", subject, detail))

    @post(
        "/self-evaluations",
        guards=[access.allows("evaluate_oneself")],
        summary="Evaluate one's own canteen",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def evaluate_oneself(
        self, request: ByPerson, data: NewSelfEvaluation, database: Database, ledger: Pool
    ) -> None:
        """Every quarter: one's own scores of what is not measured; an inspector's count before them."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        await appeals.evaluate_oneself(
            database, ledger, request.user, canteen, data.quarter, dict(data.percents), data.note,
            read_files(data.files),
        )  # fmt: skip

    @post(
        "/appeals",
        guards=[access.allows("evaluate_oneself")],
        summary="Appeal against a result",
        request_max_body_size=BODY_MAX,
    )
    async def appeal(self, request: ByPerson, data: NewAppeal, database: Database) -> Numbered:
        """Against a final result, within 15 days."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        number = await appeals.appeal(database, request.user, canteen, data.quarter, data.text, read_files(data.files))
        return Numbered(number)

    @get("/appeals", guards=[access.allows("see_waste")], summary="Appeals")
    async def list_appeals(self, request: ByPerson, database: Database) -> list[AppealShown]:
        """Of one's own canteens, the newest first."""
        async with database() as db:
            found = await appeals.appeals_of(db, list(await canteens_of(db, request.user)))
            files = await files_of(db, [f"appeal/{a.appeal_id}" for a in found])
        return [
            AppealShown(
                **{name: getattr(a, name) for name in AppealShown.__struct_fields__ if name != "files"},
                files=files.get(f"appeal/{a.appeal_id}", []),
            )
            for a in found
        ]

    @post(
        "/appeals/{appeal_id:int}/decision",
        guards=[access.allows("inspect")],
        summary="Decide an appeal",
        status_code=204,
    )
    async def decide_appeal(
        self, request: ByPerson, appeal_id: NumberInPath, data: AppealDecision, database: Database, ledger: Pool
    ) -> None:
        """Accepted, the canteen's quarter is evaluated again from what is known now."""
        await appeals.decide(database, ledger, request.user, appeal_id, accept=data.accept, text=data.text)


async def _evaluated(ledger: Pool, quarter: date) -> bool:
    state = await ledger.fetchrow(QUERIES["quarter"], quarter)
    return bool(state and state["evaluated"])


async def quarter_shown(ledger: Pool, quarter: date, canteens: dict[int, Canteen]) -> QuarterShown:
    """A quarter's evaluations; none yet while it is evaluated for the first time. Raises Problem INVALID, NOT_FOUND."""
    quarter_of(quarter)
    state = await ledger.fetchrow(QUERIES["quarter"], quarter)
    if state is not None and state["evaluated_at"] is None:
        return QuarterShown(quarter, False, False, [])
    found = [one for one in await standings(ledger, quarter) if one.canteen_id in canteens]
    rows = await ledger.fetch(QUERIES["points"], quarter, [one.canteen_id for one in found])
    points = {row["canteen_id"]: json.decode(row["points"]) for row in rows}
    assert state is not None
    names = set(EvaluationShown.__struct_fields__) - {"points"}
    return QuarterShown(
        quarter, bool(state["evaluated"]), state["frozen_at"] is not None,
        [
            EvaluationShown(
                **{name: getattr(one, name) for name in names},
                points=[_point(quarter, one.canteen_id, point) for point in points[one.canteen_id]],
            )
            for one in found
        ],
    )  # fmt: skip


def _point(quarter: date, canteen_id: int, kept: dict[str, Any]) -> PointShown:
    records = f"/waste/evaluations/{quarter}/canteens/{canteen_id}/{kept['code']}"
    return convert(kept | {"records": records}, PointShown)


async def _weeks(ledger: Pool, quarter: date, canteen_id: int) -> list[WeekShown]:
    first, last = quarter_of(quarter)
    [row] = await ledger.fetch(QUERIES["points"], quarter, [canteen_id])
    shown = []
    for kept in json.decode(row["weeks"]):
        begins = date.fromisoformat(kept.pop("week"))
        ends = date.fromordinal(begins.toordinal() + 6)
        records = f"/waste/canteens/{canteen_id}/weigh-ins?first={max(begins, first)}&last={min(ends, last)}"
        shown.append(WeekShown(begins, kept, records))
    return shown
