"""HTTP: rosters of agencies."""

import asyncio
from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.params import Parameter

from foundation.attachments import received
from foundation.catalogue import language_of
from foundation.keys import KeyRing
from foundation.messages import NumberInPath
from registry import access, audit
from registry.access import Permission
from registry.models import Database
from registry.officials import find_agency
from registry.rosters import FILE_BYTES_MAX
from terminals.models import Roster, RosterState
from terminals.people_schemas import Confirmation, RosterShown
from terminals.roster_jobs import confirm_roster, find_roster, receive_roster

ByPerson = Request[access.Person, Any, Any]


class RosterController(Controller):
    """Files of all people of an agency."""

    path = "/registry/rosters"
    tags = ["registry"]  # noqa: RUF012

    @post(
        "/",
        status_code=202,
        guards=[access.allows(Permission.REGISTER_OFFICIAL)],
        summary="Send a roster",
        request_max_body_size=FILE_BYTES_MAX,
    )
    async def send(
        self,
        request: ByPerson,
        agency_id: Annotated[int, Parameter(ge=1, le=2**53 - 1)],
        database: Database,
        keys: KeyRing,
    ) -> RosterShown:
        """CSV or XLSX of all people of an agency. It is read beside the payments: ask for its preview, and confirm."""
        person = request.user
        person.must_act_for(agency_id)
        async with received(request) as file:
            content = await asyncio.to_thread(file.path.read_bytes)
        async with audit.change(database, person.login, "send_roster", f"agency/{agency_id}") as change:
            agency = await find_agency(change.db, agency_id)
            roster = await receive_roster(change.db, keys, person, agency, content, file.sha256)
            change.note.detail = {"roster": roster.roster_id, "sha256": file.sha256}
        return _shown(request, roster)

    @get("/{roster_id:int}", guards=[access.allows(Permission.SEE_OFFICIALS)], summary="Get a roster")
    async def show(self, request: ByPerson, roster_id: NumberInPath, database: Database) -> RosterShown:
        """How far it is, what it changes, and what is wrong with it in the language that the request prefers."""
        async with database() as db:
            return _shown(request, await find_roster(db, request.user, roster_id))

    @post(
        "/{roster_id:int}/confirmation",
        status_code=202,
        guards=[access.allows(Permission.REGISTER_OFFICIAL)],
        summary="Confirm a roster",
    )
    async def confirm(
        self, request: ByPerson, roster_id: NumberInPath, data: Confirmation, database: Database
    ) -> RosterShown:
        """Have the previewed changes made, all of them or none. `leavers` is their number in the preview."""
        subject, detail = f"roster/{roster_id}", {"leavers": data.leavers}
        async with audit.change(database, request.user.login, "confirm_roster", subject, detail) as change:
            change.is_repeat = not await confirm_roster(change.db, request.user, roster_id, data.leavers)
        async with database() as db:
            return _shown(request, await find_roster(db, request.user, roster_id))


def _shown(request: ByPerson, roster: Roster) -> RosterShown:
    problem = roster.problem and roster.problem[language_of(request.headers.get("accept-language")).value]
    return RosterShown(
        roster.roster_id, roster.agency_id, RosterState(roster.state), roster.sha256, roster.made_by, roster.made_at,
        roster.rows, roster.done, roster.preview, problem, roster.confirmed_by, roster.applied_at,
    )  # fmt: skip
