"""HTTP: what agencies spend on receptions and on meals that they pay as hosts."""

from typing import Any

from litestar import Controller, Request, get, post

from clearing.receptions import reception_savings, report_receptions
from clearing.schemas import NewReceptions, ReceptionSavings
from foundation.postgres import Pool
from registry import access
from registry.models import Database

ByPerson = Request[access.Person, Any, Any]


class ReceptionController(Controller):
    """Reported by agencies, compared before and after they joined."""

    path = "/clearing/receptions"
    tags = ["clearing"]  # noqa: RUF012

    @post("/", guards=[access.allows("report_receptions")], summary="Report receptions by month", status_code=204)
    async def report(self, request: ByPerson, data: NewReceptions, database: Database) -> None:
        """From the agency's books. A month that was reported before is corrected, with a reason; both are kept."""
        await report_receptions(database, request.user, data)

    @get("/savings", guards=[access.allows("see_clearing")], summary="Compare receptions before and after joining")
    async def savings(self, request: ByPerson, ledger: Pool) -> ReceptionSavings:
        """Month by month with the same month of the last year before; an agency gets its own."""
        return await reception_savings(ledger, request.user.agency_id)
