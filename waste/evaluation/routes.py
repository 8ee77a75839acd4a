"""HTTP: evaluations of quarters, the evidence behind them, self-evaluations and appeals."""

import asyncio
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from litestar import Controller, Request, Response, get, post

from foundation.aside import Aside
from foundation.attachments import BODY_MAX, read_files
from foundation.catalogue import Language, language_of
from foundation.messages import Numbered, NumberInPath
from foundation.pages import page_headers
from foundation.postgres import Pool
from foundation.problems import CONFLICT, NOT_FOUND, Problem
from registry import access, audit
from registry.canteens import canteen_of, canteens_of
from registry.identifiers import CanteenId
from registry.models import Canteen, Database
from waste.evaluation.appeal_file import appeal_file, document
from waste.evaluation.appeals import Against, appeal_subject, decide_appeal, find_appeal, raise_appeal
from waste.evaluation.evidence import (
    evidence_history,
    evidence_subject,
    score_evidence,
    self_evaluation_subject,
    submit_self_evaluation,
)
from waste.evaluation.quarters import (
    freeze,
    may_be_shown,
    quarter_of,
    request_evaluation,
    self_evaluation_due,
    state_of,
)
from waste.evaluation.results import KeptResult, kept_results, schemes_of, standings
from waste.evaluation.reweighing import commit_seed, draw_streams, drawn_streams, keep_reweighed, seed_of
from waste.evaluation.schemas import (
    AppealDecision,
    AppealShown,
    DrawnShown,
    EvaluationShown,
    Freezing,
    NewAppeal,
    NewDraw,
    NewEvidence,
    NewReweighing,
    NewSelfEvaluation,
    PointShown,
    QuarterShown,
    SchemeShown,
    SeedShown,
    TraceShown,
    WeekShown,
)
from waste.evaluation.scheme import Scheme, schemes
from waste.weighing.files import files_of

ByPerson = Request[access.Person, Any, Any]

WAIT_S, LOOK_AGAIN_S = 25.0, 0.25


class EvaluationController(Controller):
    """Evaluations of a quarter and the evidence behind them."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @get("/schemes", guards=[access.allows("see_waste")], summary="List evaluation schemes")
    async def list_schemes(self) -> list[SchemeShown]:
        """Every version of every region's scheme."""
        return [
            SchemeShown(s.id, s.name_zh, s.name_en, s.valid_from, s.regions, sum(i.points for i in s.indicator))
            for s in schemes().known
        ]

    @get(
        "/evaluations/{quarter:date}", guards=[access.allows("see_waste")], summary="Show the evaluations of a quarter"
    )
    async def evaluations(self, request: ByPerson, quarter: date, database: Database, ledger: Pool) -> QuarterShown:
        """Score, interval, grade and rank of your canteens; the quarter is named by its first day.

        An agency's own people see them once the quarter's data are closed.
        """
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        return await quarter_shown(ledger, quarter, canteens, of_canteen=request.user.agency_id is not None)

    @post(
        "/evaluations/{quarter:date}", guards=[access.allows("inspect")], summary="Request the evaluation of a quarter"
    )
    async def evaluate(self, request: ByPerson, quarter: date, database: Database, ledger: Pool) -> QuarterShown:
        """Waits up to 25 seconds for the evaluation, then answers with its current state."""
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        async with audit.change(database, request.user.login, "request_evaluation", f"quarter/{quarter}") as change:
            await request_evaluation(await change.connection(), quarter)
        await _wait_for_evaluation(ledger, quarter)
        return await quarter_shown(ledger, quarter, canteens)

    @post(
        "/evaluations/{quarter:date}/freeze",
        guards=[access.allows("inspect")],
        summary="Freeze the results of a quarter",
        status_code=204,
    )
    async def freeze(self, request: ByPerson, quarter: date, database: Database, data: Freezing | None = None) -> None:
        """Frozen results change by accepted appeals only. Before the data are closed it takes a reason."""
        await freeze(database, request.user.login, quarter, data.reason if data else None)

    @get(
        "/evaluations/{quarter:date}/canteens/{canteen_id:int}/file",
        guards=[access.allows("see_waste")],
        media_type="application/pdf",
        summary="Print the appeal file of a canteen's quarter",
    )
    async def file(
        self,
        request: ByPerson,
        quarter: date,
        canteen_id: NumberInPath,
        database: Database,
        ledger: Pool,
        documents: Aside,
        language: Language,
    ) -> Response[bytes]:
        """Rules, data with corrections, formulas, flags, peers, and who did what when: all that the score rests on."""
        found = await appeal_file(database, ledger, request.user, quarter, canteen_id)
        made = await document(found, language, documents, request.user.login)
        name = {"content-disposition": f'inline; filename="appeal-file-{quarter}-{canteen_id}.pdf"'}
        return Response(made, media_type="application/pdf", headers=page_headers(language) | name)

    @get(
        "/evaluations/{quarter:date}/canteens/{canteen_id:int}/{code:str}",
        guards=[access.allows("see_waste")],
        summary="Trace the points of an indicator",
    )
    async def trace(
        self, request: ByPerson, quarter: date, canteen_id: NumberInPath, code: str, database: Database, ledger: Pool
    ) -> Response[TraceShown]:
        """Formula, target and limit, with the weeks and their weighings, the evidence, or the cases."""
        async with database() as db:
            await canteen_of(db, request.user, canteen_id)
            subjects = [evidence_subject(quarter, canteen_id, code), self_evaluation_subject(quarter, canteen_id, code)]
            files = await files_of(db, subjects)
        if request.user.agency_id is not None and not await may_be_shown(ledger, quarter):
            raise Problem(CONFLICT, "evaluation.data_not_closed", until=self_evaluation_due(quarter))
        standing = next((one for one in await standings(ledger, quarter) if one.canteen_id == canteen_id), None)
        if standing is None:
            raise Problem(NOT_FOUND, "evaluation.canteen_not_evaluated", canteen_id=canteen_id)
        scheme = (await schemes_of(ledger, quarter))[standing.scheme]
        indicator = scheme.indicator_of(code)
        kept = (await kept_results(ledger, quarter, [canteen_id]))[canteen_id]
        point = next((one for one in _points(quarter, canteen_id, kept, scheme) if one.code == code), None)
        if point is None:
            raise Problem(NOT_FOUND, "evaluation.not_applicable", indicator=code, canteen_id=canteen_id)
        from_cases = indicator.measure == "cases_in_time"
        language = language_of(request.headers.get("accept-language"))
        shown = TraceShown(
            standing.canteen_id, quarter, point, indicator.rule(language),
            indicator.target, indicator.limit, indicator.meals,
            _weeks(quarter, canteen_id, kept) if indicator.measure is not None and not from_cases else [],
            await evidence_history(ledger, quarter, canteen_id, code),
            [file for some in files.values() for file in some], "/waste/cases" if from_cases else None,
        )  # fmt: skip
        return Response(shown, headers={"content-language": language.tag, "vary": "accept-language"})

    @post(
        "/evidence",
        guards=[access.allows("inspect")],
        summary="Score an indicator from evidence",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def score(self, request: ByPerson, data: NewEvidence, database: Database) -> None:
        """For indicators that are not measured. Earlier scores stay in the history."""
        files = read_files(data.files)
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        await score_evidence(database, request.user, canteen, data.quarter, data.code, data.percent, data.note, files)

    @post(
        "/self-evaluations",
        guards=[access.allows("evaluate_oneself")],
        summary="Submit a self-evaluation",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def evaluate_oneself(self, request: ByPerson, data: NewSelfEvaluation, database: Database) -> None:
        """Your own scores of what is not measured, within 20 days after the quarter, with a file for each indicator.

        Scores by an inspector take precedence; without one, your own are capped.
        """
        files = {code: read_files(some) for code, some in data.files.items()}
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        await submit_self_evaluation(
            database, request.user, canteen, data.quarter, dict(data.percents), data.note, files
        )

    @post(
        "/appeals",
        guards=[access.allows("evaluate_oneself")],
        summary="Appeal against a result",
        request_max_body_size=BODY_MAX,
    )
    async def appeal(self, request: ByPerson, data: NewAppeal, database: Database) -> Numbered:
        """Against indicators, or the veto, of a result that was frozen not longer than 15 days ago."""
        files, against = read_files(data.files), Against(frozenset(data.indicators), data.veto)
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        return Numbered(await raise_appeal(database, request.user, canteen, data.quarter, against, data.text, files))

    @get("/appeals/{appeal_id:int}", guards=[access.allows("see_waste")], summary="Get one of the appeals")
    async def one_appeal(self, request: ByPerson, appeal_id: NumberInPath, database: Database) -> AppealShown:
        """An appeal of your canteens, with its files."""
        async with database() as db:
            found = await find_appeal(db, request.user, appeal_id)
            files = await files_of(db, [appeal_subject(appeal_id)])
        return AppealShown.of(found, files.get(appeal_subject(appeal_id), []))

    @post(
        "/appeals/{appeal_id:int}/decision",
        guards=[access.allows("decide_appeal")],
        summary="Decide an appeal",
        status_code=204,
    )
    async def decide_appeal(
        self, request: ByPerson, appeal_id: NumberInPath, data: AppealDecision, database: Database
    ) -> None:
        """If it is accepted, what it named is evaluated again from what is known now, and nothing else.

        Who froze the quarter, or scored the canteen in it, does not decide.
        """
        await decide_appeal(database, request.user, appeal_id, accept=data.accept, text=data.text)

    @post(
        "/reweigh-seeds/{quarter:date}",
        guards=[access.allows("inspect")],
        summary="Publish the hash of a seed",
        status_code=200,
    )
    async def commit_seed(self, request: ByPerson, quarter: date, database: Database, ledger: Pool) -> SeedShown:
        """Draws the seed of a quarter's weighings again; only meals weighed later can be drawn by it."""
        await commit_seed(database, request.user, quarter)
        return SeedShown(**asdict(await seed_of(ledger, quarter)))

    @get(
        "/reweigh-seeds/{quarter:date}",
        guards=[access.allows("see_waste")],
        summary="Show the hash of a quarter's seed",
    )
    async def seed(self, quarter: date, ledger: Pool) -> SeedShown:
        """The seed itself once the quarter is over: SHA-256 of it is the hash, and the draws follow from it."""
        return SeedShown(**asdict(await seed_of(ledger, quarter)))

    @post(
        "/reweighings/draws",
        guards=[access.allows("inspect")],
        summary="Draw streams to weigh again",
        status_code=200,
    )
    async def draw(self, request: ByPerson, data: NewDraw, database: Database, ledger: Pool) -> list[DrawnShown]:
        """A third of what the canteen recorded on this day, today or yesterday; a repeat draws nothing more."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        await draw_streams(database, request.user, canteen, data.business_date)
        quarter = data.business_date.replace(month=(data.business_date.month - 1) // 3 * 3 + 1, day=1)
        drawn = await drawn_streams(ledger, quarter, [data.canteen_id])
        return [DrawnShown(**asdict(one)) for one in drawn if one.business_date == data.business_date]

    @post(
        "/reweighings",
        guards=[access.allows("inspect")],
        summary="Record a stream that was weighed again",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def reweigh(self, request: ByPerson, data: NewReweighing, database: Database) -> None:
        """The stream must have been drawn. From five streams on, what was found corrects the canteen's figures."""
        files = read_files(data.files)
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        stream = (data.business_date, str(data.meal), str(data.stream))
        await keep_reweighed(database, request.user, canteen, stream, data.weight_g, data.note, files)

    @get("/reweighings/{quarter:date}", guards=[access.allows("see_waste")], summary="List streams to weigh again")
    async def reweighings(self, request: ByPerson, quarter: date, database: Database, ledger: Pool) -> list[DrawnShown]:
        """Drawn streams of your canteens, with what was found."""
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        return [DrawnShown(**asdict(one)) for one in await drawn_streams(ledger, quarter, list(canteens))]


async def _wait_for_evaluation(ledger: Pool, quarter: date) -> None:
    give_up_at = asyncio.get_running_loop().time() + WAIT_S
    while asyncio.get_running_loop().time() < give_up_at:
        state = await state_of(ledger, quarter)
        if state is not None and state.current:
            return
        await asyncio.sleep(LOOK_AGAIN_S)


async def quarter_shown(
    ledger: Pool, quarter: date, canteens: dict[int, Canteen], *, of_canteen: bool = False
) -> QuarterShown:
    """The evaluations of a quarter; none while its first evaluation is pending, or may not be shown to its people yet.

    Raises Problem INVALID, NOT_FOUND.
    """
    quarter_of(quarter)
    state = await state_of(ledger, quarter)
    closed_after = self_evaluation_due(quarter)
    if state is not None and state.evaluated_at is None:
        return QuarterShown(quarter, evaluated=False, frozen=False, closed_after=closed_after, evaluations=[])
    found = [one for one in await standings(ledger, quarter) if one.canteen_id in canteens]
    if of_canteen and not await may_be_shown(ledger, quarter):
        found = []
    kept = await kept_results(ledger, quarter, [one.canteen_id for one in found])
    assert state is not None
    known = await schemes_of(ledger, quarter)
    shown = [
        EvaluationShown.of(
            one, _points(quarter, one.canteen_id, kept[one.canteen_id], known[one.scheme]), known[one.scheme]
        )
        for one in found
    ]
    return QuarterShown(
        quarter, evaluated=state.current, frozen=state.frozen, closed_after=closed_after, evaluations=shown
    )


def _points(quarter: date, canteen_id: CanteenId | int, kept: KeptResult, scheme: Scheme) -> list[PointShown]:
    address = f"/waste/evaluations/{quarter}/canteens/{canteen_id}"
    return [PointShown.of(point, f"{address}/{point.code}", scheme.indicator_of(point.code)) for point in kept.points]


def _weeks(quarter: date, canteen_id: int, kept: KeptResult) -> list[WeekShown]:
    first, last = quarter_of(quarter)
    shown = []
    for begins, sums in kept.weeks:
        ends = begins + timedelta(days=6)
        records = f"/waste/canteens/{canteen_id}/weigh-ins?first={max(begins, first)}&last={min(ends, last)}"
        shown.append(WeekShown(begins, sums, records))
    return shown
