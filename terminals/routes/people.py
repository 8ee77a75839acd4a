"""HTTP: one official."""

from typing import Any

from litestar import Controller, Request, delete, get, patch, post

from foundation.keys import KeyRing
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from registry import access, audit
from registry.access import Permission
from registry.models import Database
from registry.sign_on.providers import Providers
from terminals import leavers, people
from terminals.people_schemas import Because, Found, Named, NameSearch, OfficialChange, OfficialFile

ByPerson = Request[access.Person, Any, Any]


class PeopleController(Controller):
    """One official: found by name, changed, suspended and resumed, gone."""

    path = "/registry/officials"
    tags = ["registry"]  # noqa: RUF012

    @post(
        "/search",
        status_code=200,
        guards=[access.allows(Permission.REGISTER_OFFICIAL)],
        summary="Search officials by name",
    )
    async def search(self, request: ByPerson, data: NameSearch, database: Database, keys: KeyRing) -> Found:
        """People of the own agency. Every search is in the audit log, without its words."""
        return await people.search_names(database, keys, request.user, data.agency_id, data.name)

    @get("/{holder_id:int}/name", guards=[access.allows(Permission.SEE_OFFICIALS)], summary="See an official's name")
    async def name(self, request: ByPerson, holder_id: NumberInPath, database: Database, keys: KeyRing) -> Named:
        """For people of his agency, and auditors. Every look is in the audit log."""
        return Named(await people.see_name(database, keys, request.user, holder_id))

    @get(
        "/{holder_id:int}/account",
        guards=[access.allows(Permission.SEE_OFFICIALS)],
        summary="Get an official with all that is his",
    )
    async def account(
        self, request: ByPerson, holder_id: NumberInPath, database: Database, ledger: Pool
    ) -> OfficialFile:
        """Purses, cards and phones, visits, earlier accounts and history; not his name."""
        return await people.file_of(database, ledger, request.user, holder_id)

    @patch(
        "/{holder_id:int}",
        status_code=204,
        guards=[access.allows(Permission.REGISTER_OFFICIAL)],
        summary="Change an official",
    )
    async def change(
        self, request: ByPerson, holder_id: NumberInPath, data: OfficialChange, database: Database, keys: KeyRing
    ) -> None:
        """Name, class and department; what is not given stays."""
        async with audit.change(database, request.user.login, "change_official", f"official/{holder_id}") as change:
            await people.change_official(change, keys, request.user, holder_id, data)

    @post(
        "/{holder_id:int}/suspension",
        status_code=204,
        guards=[access.allows(Permission.BLOCK_CREDENTIAL)],
        summary="Suspend an official",
    )
    async def suspend(self, request: ByPerson, holder_id: NumberInPath, data: Because, database: Database) -> None:
        """He pays nothing and gets nothing, from now on."""
        async with _change(request, database, "suspend_official", holder_id, data) as change:
            await people.suspend(change, request.user, holder_id)

    @post(
        "/{holder_id:int}/resumption",
        status_code=204,
        guards=[access.allows(Permission.BLOCK_CREDENTIAL)],
        summary="Resume an official",
    )
    async def resume(self, request: ByPerson, holder_id: NumberInPath, data: Because, database: Database) -> None:
        """He pays again. Somebody other than who suspended him does it."""
        async with _change(request, database, "resume_official", holder_id, data) as change:
            await people.resume(change, request.user, holder_id)

    @post(
        "/{holder_id:int}/departure",
        status_code=204,
        guards=[access.allows(Permission.REGISTER_OFFICIAL)],
        summary="Note that an official has left",
    )
    async def leave(self, request: ByPerson, holder_id: NumberInPath, data: Because, database: Database) -> None:
        """Block his cards and phones; his purses wait to be paid out (`POST /console/closures`)."""
        async with _change(request, database, "official_left", holder_id, data) as change:
            await people.leave(change, request.user, holder_id)


def _change(request: ByPerson, database: Database, action: str, holder_id: int, data: Because) -> Any:
    return audit.change(database, request.user.login, action, f"official/{holder_id}", {"reason": data.reason})


@delete(
    "/console/identities/{number:int}",
    guards=[access.allows(Permission.MANAGE_USERS)],
    tags=["console"],
    summary="End an identity",
)
async def end_identity(request: ByPerson, number: NumberInPath, database: Database, sign_on: Providers) -> None:
    """It counts no more; the sessions that it opened end, and an official's phones that were made in them are blocked.

    The last operator and the last approver of the centre who can sign in keep their last way in.
    """
    async with audit.change(database, request.user.login, "end_identity", f"identity/{number}") as change:
        await leavers.end_identity(change, request.user, number, sign_on.names)
