"""HTTP: scales and smart bins, signed on and signing as tills do (docs/terminal-protocol.md)."""

from typing import Any, Protocol

from litestar import Controller, Request, post
from sqlalchemy import select

from foundation.postgres import Pool
from foundation.problem_responses import BOTH_LANGUAGES
from foundation.problems import NOT_ALLOWED, Problem
from registry.models import Canteen, Database
from waste.weighing.schemas import ScaleRecorded, ScaleWeighIns
from waste.weighing.weigh_ins import WeighIn, check_weigh_ins, record_weigh_ins


class _Session(Protocol):
    kind: str
    terminal_id: int
    canteen_id: int


class Signed(Protocol):
    """A message whose signature was checked, with the session of the device that sent it."""

    session: _Session


class ScaleController(Controller):
    """What a scale sends."""

    path = "/terminal"
    tags = ["terminal"]  # noqa: RUF012
    opt = {BOTH_LANGUAGES: True}  # noqa: RUF012

    @post("/weigh-ins", status_code=200, summary="Record what a scale weighed")
    async def weigh(
        self, request: Request[Any, Signed, Any], data: ScaleWeighIns, database: Database, ledger: Pool
    ) -> ScaleRecorded:
        """Weighings of the scale's canteen, also of the last days while it had no network; a repeat adds nothing."""
        scale = request.auth.session
        if scale.kind != "scale":
            raise Problem(NOT_ALLOWED, "a till does not weigh")
        async with database() as db:
            canteen = await db.scalar(select(Canteen).where(Canteen.canteen_id == scale.canteen_id))
        assert canteen is not None
        weigh_ins = [
            WeighIn(w.weigh_in_id, scale.canteen_id, w.business_date, w.meal, w.stream, w.weight_g, w.dish, w.food)
            for w in data.weigh_ins
        ]
        canteens: dict[int, Canteen] = {canteen.canteen_id: canteen}
        check_weigh_ins(canteens, weigh_ins)
        done = await record_weigh_ins(ledger, canteens, f"scale {scale.terminal_id}", "scale", weigh_ins)
        return ScaleRecorded("recorded", len(weigh_ins), done.new, done.implausible)
