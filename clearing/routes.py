"""HTTP: closing the day, positions, statements."""

from datetime import date
from pathlib import Path
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.types import Guard

from clearing.closing import CycleResult, close_day, cycle_result, open_dates
from clearing.errors import NO_CYCLE
from clearing.schemas import CloseDay, CycleInfo, OpenDay, PositionInfo
from clearing.statements import NETWORK, read_statement
from registry import access, audit
from registry.errors import NOT_ALLOWED, Problem
from registry.models import Sessions
from registry.postgres import Pool
from registry.schemas import NumberInPath

SEE: list[Guard] = [access.allows("see_clearing")]


def _info(cycle: CycleResult, agency_id: int | None) -> CycleInfo:
    """A cycle as a person may see it: an agency's people see their own position only."""
    return CycleInfo(
        cycle.business_date,
        cycle.state,
        [
            PositionInfo(p.agency_id, p.name_zh, p.name_en, p.receivable_fen, p.payable_fen, p.position_fen)
            for p in cycle.positions
            if agency_id in (None, p.agency_id)
        ],
    )


class ClearingController(Controller):
    """The night."""

    path = "/clearing"
    tags = ["clearing"]  # noqa: RUF012

    @get("/open-days", guards=SEE, summary="Open business days")
    async def open_days(self, ledger: Pool) -> list[OpenDay]:
        """The open business day of every book."""
        return [OpenDay(book, day) for book, day in (await open_dates(ledger)).items()]

    @post("/cycles", guards=[access.allows("close_day")], summary="Close a business day")
    async def close(
        self,
        request: Request[access.Person, Any, Any],
        data: CloseDay,
        sessions: Sessions,
        ledger: Pool,
        statement_folder: Path,
    ) -> CycleInfo:
        """Close the day in every book, net it, publish the statements. Again, it changes nothing."""
        async with sessions.begin() as db:
            await audit.record(db, request.user.login, "close_day", f"cycle/{data.business_date}")
        return _info(await close_day(ledger, data.business_date, statement_folder), None)

    @get("/cycles/{business_date:date}", guards=SEE, summary="A clearing cycle")
    async def cycle(self, request: Request[access.Person, Any, Any], business_date: date, ledger: Pool) -> CycleInfo:
        """State and net positions; an agency sees its own."""
        return _info(await cycle_result(ledger, business_date), request.user.agency_id)

    @get("/cycles/{business_date:date}/statements/{agency_id:int}", guards=SEE, summary="A statement")
    async def statement(
        self,
        request: Request[access.Person, Any, Any],
        business_date: date,
        agency_id: NumberInPath,
        ledger: Pool,
        statement_folder: Path,
    ) -> Response[bytes]:
        """An agency's statement as CSV; agency 0 is the network's net report, for the centre's people."""
        if agency_id == NETWORK and request.user.agency_id is not None:
            raise Problem(NOT_ALLOWED, "the net report is the centre's")
        request.user.must_act_for(agency_id)
        content = await read_statement(ledger, business_date, agency_id, statement_folder)
        if content is None:
            raise Problem(NO_CYCLE, f"no statement of {business_date} for agency {agency_id}")
        name = f"onecard-{business_date}-{agency_id}.csv"
        return Response(
            content,
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )
