"""HTTP: evaluating canteens' quarters."""

from datetime import date
from typing import Any

from litestar import Controller, Request, get, post

from registry import access, audit
from registry.errors import NOT_FOUND, Problem
from registry.models import Sessions
from registry.postgres import Pool
from waste.quarters import add_evidence, evaluate_quarter, schemes
from waste.schemas import EvaluationShown, NewEvidence, PointShown, SchemeShown
from waste.weighing import canteens_of

ByPerson = Request[access.Person, Any, Any]


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
    async def evaluations(
        self, request: ByPerson, quarter: date, sessions: Sessions, ledger: Pool
    ) -> list[EvaluationShown]:
        """Score, interval, grade and rank among peers; the quarter by its first day, for one's own canteens."""
        async with sessions() as db:
            canteens = await canteens_of(db, request.user)
        return [
            EvaluationShown(
                r.canteen.canteen_id, r.canteen.name_zh, r.canteen.name_en, r.serving, r.operating, e.scheme, e.score,
                e.low, e.high, e.grade_zh, e.grade_en, e.to_verify, r.rank, r.peers,
                [PointShown(p.code, p.name_zh, p.name_en, p.possible, p.points, p.value, p.missing, p.capped)
                 for p in e.points],
            )
            for r in await evaluate_quarter(ledger, list(canteens.values()), quarter)
            for e in (r.evaluation,)
        ]  # fmt: skip

    @post("/evidence", guards=[access.allows("inspect")], summary="Score evidence", status_code=204)
    async def score(self, request: ByPerson, data: NewEvidence, sessions: Sessions, ledger: Pool) -> None:
        """An inspector's score of an indicator that is not measured; earlier scores stay in the history."""
        async with sessions.begin() as db:
            canteens = await canteens_of(db, request.user)
            if data.canteen_id not in canteens:
                raise Problem(NOT_FOUND, f"no canteen {data.canteen_id}")
            detail = {"quarter": str(data.quarter), "code": data.code, "percent": data.percent, "note": data.note}
            await audit.record(db, request.user.login, "score_evidence", f"canteen/{data.canteen_id}", detail)
        await add_evidence(
            ledger, canteens[data.canteen_id], data.quarter, data.code, data.percent / 100, data.note,
            request.user.login,
        )  # fmt: skip
