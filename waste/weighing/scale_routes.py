"""HTTP: scales and smart bins, signed on and signing as tills do (docs/terminal-protocol.md)."""

from typing import Any, Protocol

from litestar import Controller, Request, get, post
from msgspec import structs
from sqlalchemy import select

from foundation.postgres import Pool
from foundation.problems import NOT_ALLOWED, Problem
from registry.identifiers import CanteenId
from registry.models import Canteen, Database
from waste.weighing.foods import factors
from waste.weighing.schemas import FoodFactor, ScaleRecorded, ScaleWeighIns, Source
from waste.weighing.weigh_ins import check_weigh_ins, record_weigh_ins, weigh_in_of


class _Session(Protocol):
    kind: str
    terminal_id: int
    canteen_id: int


class Signed(Protocol):
    """A message whose signature was checked, with the session of the device that sent it."""

    session: _Session


class ScaleController(Controller):
    """Weigh-ins of scales."""

    path = "/terminal"
    tags = ["terminal"]  # noqa: RUF012

    @post("/weigh-ins", status_code=200, summary="Record weigh-ins of a scale")
    async def weigh(
        self, request: Request[Any, Signed, Any], data: ScaleWeighIns, database: Database, ledger: Pool
    ) -> ScaleRecorded:
        """Weigh-ins of the scale's canteen, also from days without a network; a repeat adds nothing."""
        scale = _scale(request)
        async with database() as db:
            canteen = await db.scalar(select(Canteen).where(Canteen.canteen_id == scale.canteen_id))
        assert canteen is not None
        weigh_ins = [weigh_in_of(message, CanteenId(scale.canteen_id)) for message in data.weigh_ins]
        canteens: dict[int, Canteen] = {canteen.canteen_id: canteen}
        check_weigh_ins(canteens, weigh_ins)
        # A scale is no person: its weigh-ins name it, and have no entry in the audit log.
        async with ledger.acquire() as connection, connection.transaction():
            done = await record_weigh_ins(connection, canteens, f"scale {scale.terminal_id}", Source.SCALE, weigh_ins)
        return ScaleRecorded("recorded", **structs.asdict(done))

    @get("/foods", summary="List kinds of food for a scale")
    async def foods(self, request: Request[Any, Signed, Any], ledger: Pool) -> list[FoodFactor]:
        """What a weigh-in may name as its food: every factor, past, present and future."""
        _scale(request)
        return await factors(ledger)


def _scale(request: Request[Any, Signed, Any]) -> _Session:
    """The session of the scale that sent this; raises Problem(NOT_ALLOWED) to a till."""
    session = request.auth.session
    if session.kind != "scale":
        raise Problem(NOT_ALLOWED, "weighing.not_a_scale")
    return session
