"""HTTP: regions, agencies and canteens change, are suspended and go on; regions and canteens end; whole networks.

An agency's end is ``clearing.endings``: it needs to know what is owed.
"""

import asyncio
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from foundation.aside import Aside
from foundation.attachments import received
from foundation.catalogue import Language, language_of
from foundation.messages import NumberInPath
from registry import access, audit, network
from registry.access import Permission
from registry.former_names import Noun
from registry.lists.files import WRITERS
from registry.members import end_region, find_member, step, subject_of
from registry.models import Agency, BookRow, Canteen, Database
from registry.network_tables import FILE_BYTES_MAX, Sheet, read_network_file, template, write_workbook
from registry.schemas import AgencyDetails, CanteenDetails, RegionDetails, WithReason
from settlement.network_files import Imported, tables_of
from settlement.network_imports import carry_out, compare, load_network
from settlement.regions import open_day

ByPerson = Request[access.Person, Any, Any]
XLSX = WRITERS["xlsx"].media_type
SETS_PRICES = (Sheet.PRICES, Sheet.CLASS_RULES)
"""Sheets that set what is paid: as for the single calls, who is at the screen must be known anew."""
_ADMINISTER = [access.allows(Permission.ADMINISTER_NETWORK)]
_SEE = [access.allows(Permission.SEE_REGISTRY)]


async def _change(database: Database, login: str, noun: Noun, number: int, wanted: Any) -> None:
    async with audit.change(database, login, f"change_{noun}") as change:
        member = await find_member(change.db, noun, number)
        since = await open_day(change.db)
        match member:
            case BookRow():
                changed = await network.change_region(change.db, member, wanted, since)
            case Agency():
                changed = await network.change_agency(change.db, member, wanted, since)
            case Canteen():
                changed = await network.change_canteen(change.db, member, wanted, since)
        change.note.subject, change.note.detail = subject_of(member), changed
        change.is_repeat = not changed


class NetworkController(Controller):
    """Changes of regions, agencies and canteens. New names hold from the open business day on."""

    path = "/registry"
    tags = ["registry"]  # noqa: RUF012

    @put("/regions/{number:int}", status_code=204, guards=_ADMINISTER, summary="Change a region")
    async def change_region(
        self, request: ByPerson, number: NumberInPath, data: RegionDetails, database: Database
    ) -> None:
        """Documents of business days before keep the old names."""
        await _change(database, request.user.login, Noun.REGION, number, data)

    @put("/agencies/{number:int}", status_code=204, guards=_ADMINISTER, summary="Change an agency")
    async def change_agency(
        self, request: ByPerson, number: NumberInPath, data: AgencyDetails, database: Database
    ) -> None:
        """All that is given, in the place of what was before. Its region stays: its money is in that book."""
        await _change(database, request.user.login, Noun.AGENCY, number, data)

    @put("/canteens/{number:int}", status_code=204, guards=_ADMINISTER, summary="Change a canteen")
    async def change_canteen(
        self, request: ByPerson, number: NumberInPath, data: CanteenDetails, database: Database
    ) -> None:
        """All that is given, in the place of what was before. Its agency stays: the meals it sold are that agency's."""
        await _change(database, request.user.login, Noun.CANTEEN, number, data)

    @post(
        "/network-imports",
        guards=_ADMINISTER,
        summary="Import a network",
        request_max_body_size=FILE_BYTES_MAX,
        status_code=200,
    )
    async def import_network(
        self,
        request: ByPerson,
        database: Database,
        documents: Aside,
        sheet: str = "",
        dry_run: Annotated[bool, Parameter(query="dry-run", description="Compare, and change nothing.")] = False,
    ) -> Imported:
        """A workbook with a sheet for each noun, or a CSV file of one `sheet`: every row is carried out, or none.

        A row is known by its number or name; what differs is changed, what is new is added, what the file does not name
        is reported and stays. A refusal lists every wrong row with sheet, line, column and reason.
        """
        language = language_of(request.headers.get("accept-language"))
        async with received(request) as file:
            rows = await documents.run(read_network_file, file.path, sheet, caller=request.user.login)
        if dry_run:
            return await compare(database, rows, language)
        if any(rows.get(sheet) for sheet in SETS_PRICES) and request.auth.is_strict:
            request.auth.must_be_proved()
        return await carry_out(database, request.user.login, rows, file.sha256, language)

    @get("/network.xlsx", guards=_SEE, summary="Download the network", media_type=XLSX)
    async def download_network(self, request: ByPerson, database: Database) -> Response[bytes]:
        """Regions, agencies, canteens, meals and special days as a workbook, which can be imported again."""
        language = language_of(request.headers.get("accept-language"))
        async with database() as db:
            tables = tables_of(await load_network(db))
        return _workbook(await asyncio.to_thread(write_workbook, tables, language), "network.xlsx", language)

    @get("/network-template.xlsx", guards=_SEE, summary="Download a template of a network", media_type=XLSX)
    async def download_template(self, request: ByPerson) -> Response[bytes]:
        """A workbook to fill in, with drop-downs and notes, in the language that the request prefers."""
        language = language_of(request.headers.get("accept-language"))
        return _workbook(await asyncio.to_thread(template, language), "network-template.xlsx", language)


def _workbook(content: bytes, name: str, language: Language) -> Response[bytes]:
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "content-language": language.tag,
        "vary": "accept-language",
    }
    return Response(content, media_type=XLSX, headers=headers)


PATHS = {Noun.REGION: "regions", Noun.AGENCY: "agencies", Noun.CANTEEN: "canteens"}
STEPS = {"suspend": "suspension", "resume": "resumption", "end": "ending"}


def _step_route(noun: Noun, name: str) -> HTTPRouteHandler:
    async def take_step(request: ByPerson, number: NumberInPath, data: WithReason, database: Database) -> None:
        """Holds at once at every worker, for what is bought from now on."""
        detail = {"reason": data.reason}
        async with audit.change(database, request.user.login, f"{name}_{noun}", detail=detail) as change:
            member = await find_member(change.db, noun, number)
            if name == "end" and isinstance(member, BookRow):
                await end_region(change.db, member)
            else:
                step(member, name)
            change.note.subject = subject_of(member)

    return post(
        f"/registry/{PATHS[noun]}/{{number:int}}/{STEPS[name]}",
        status_code=204,
        guards=_ADMINISTER,
        summary=f"{name.capitalize()} {'an' if noun is Noun.AGENCY else 'a'} {noun}",
        operation_id=f"{name}_{noun}",
        tags=["registry"],
    )(take_step)


STEP_ROUTES = [_step_route(noun, name) for noun in Noun for name in STEPS if (noun, name) != (Noun.AGENCY, "end")]
