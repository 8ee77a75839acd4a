"""HTTP: an agency ends."""

from typing import Any

from litestar import Request, post

from clearing.endings import money_left
from foundation.messages import NumberInPath
from registry import access, audit
from registry.access import Permission
from registry.former_names import Noun
from registry.members import end_agency, find_member
from registry.models import Agency, Database
from registry.schemas import WithReason


@post(
    "/registry/agencies/{number:int}/ending",
    status_code=204,
    guards=[access.allows(Permission.ADMINISTER_NETWORK)],
    summary="End an agency",
    operation_id="end_agency",
    tags=["registry"],
)
async def end_agency_of_network(
    request: Request[access.Person, Any, Any], number: NumberInPath, data: WithReason, database: Database
) -> None:
    """Refused with a list of what is to be done before: accounts to close, canteens to end, money to settle."""
    subject, detail = f"agency/{number}", {"reason": data.reason}
    async with audit.change(database, request.user.login, "end_agency", subject, detail) as change:
        agency = await find_member(change.db, Noun.AGENCY, number)
        assert isinstance(agency, Agency)
        await end_agency(change.db, agency, await money_left(await change.connection(), agency))
