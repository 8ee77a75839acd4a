"""HTTP: rectification cases, sampling plans, visits, files, and reminders."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.params import Parameter
from msgspec.structs import asdict

from foundation.attachments import BODY_MAX, read_files, to_save
from foundation.calendar import ZONE
from foundation.catalogue import Language, language_of
from foundation.messages import Numbered, NumberInPath
from foundation.postgres import Pool
from registry import access
from registry.canteens import canteen_of
from registry.models import Database
from waste.evaluation.quarters import EARLIEST, LATEST
from waste.supervision.cases import (
    PERMISSIONS,
    CaseAction,
    advance_case,
    case_subject,
    find_case,
    open_case,
    steps_of,
)
from waste.supervision.inspections import file_inspection, find_visit, visit_subject
from waste.supervision.reminders import reminders_of
from waste.supervision.sampling import SHARE, coverage, make_plan, plan_of
from waste.supervision.schemas import (
    CaseShown,
    InspectionShown,
    NewCase,
    NewCaseStep,
    NewInspection,
    PlanShown,
    Reminder,
    StepShown,
)
from waste.weighing.files import files_of, read_file

ByPerson = Request[access.Person, Any, Any]
YearInPath = Annotated[int, Parameter(ge=EARLIEST, le=LATEST)]


class CaseController(Controller):
    """Rectification cases (查、追、改、治) and sampling plans."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @post("/cases", guards=[access.allows("inspect")], summary="Open a case", request_max_body_size=BODY_MAX)
    async def open(self, request: ByPerson, data: NewCase, database: Database) -> Numbered:
        """A finding with its proof, the person responsible, and a deadline."""
        files = read_files(data.files)
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        number = await open_case(
            database, request.user, canteen, data.quarter, data.kind, data.what, data.responsible, data.due_on, files
        )
        return Numbered(number)

    @get("/cases/{case_id:int}", guards=[access.allows("see_waste")], summary="Get one of the cases")
    async def case(self, request: ByPerson, case_id: NumberInPath, database: Database) -> Response[CaseShown]:
        """A case of your canteens, with its steps and files."""
        today, language = datetime.now(ZONE).date(), language_of(request.headers.get("accept-language"))
        async with database() as db:
            found = await find_case(db, request.user, case_id)
            steps = (await steps_of(db, [case_id])).get(case_id, [])
            files = await files_of(db, [case_subject(case_id)])
        said = [StepShown.of(step, language) for step in steps]
        shown = CaseShown.of(found, said, files.get(case_subject(case_id), []), today)
        return Response(shown, headers=_headers(language))

    @post(
        "/cases/{case_id:int}/{action:str}",
        guards=[access.allows("see_waste")],
        summary="Take an action on a case",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def act(
        self, request: ByPerson, case_id: NumberInPath, action: CaseAction, data: NewCaseStep, database: Database
    ) -> None:
        """The kitchen plans and proves; the supervisor passes, fails or withdraws."""
        request.user.must_be_allowed(PERMISSIONS[action])
        await advance_case(database, request.user, case_id, action, data.text, read_files(data.files), data.deadline)

    @get("/files/{file_id:int}", guards=[access.allows("see_waste")], summary="Download a photo or document")
    async def file(self, request: ByPerson, file_id: NumberInPath, database: Database) -> Response[bytes]:
        """For the canteen's agency and supervisors. Browsers save it and never show it as a page."""
        async with database() as db:
            found = await read_file(db, request.user, file_id)
            return to_save(f"kitchen-{file_id}", found.media_type, found.content)

    @post("/sampling-plans/{year:int}", guards=[access.allows("inspect")], summary="Draw the sampling plan of a year")
    async def plan(self, request: ByPerson, year: YearInPath, database: Database, ledger: Pool) -> PlanShown:
        """At least 35 % of the canteens by size, all within three years. A year has one plan."""
        await make_plan(database, request.user.login, year)
        return await _plan_shown(ledger, year)

    @get(
        "/sampling-plans/{year:int}",
        guards=[access.allows("see_inspections")],
        summary="Show the sampling plan of a year",
    )
    async def shown_plan(self, year: YearInPath, ledger: Pool) -> PlanShown:
        """For supervisors only: canteens must not foresee inspections."""
        return await _plan_shown(ledger, year)

    @post(
        "/inspections", guards=[access.allows("inspect")], summary="File an inspection", request_max_body_size=BODY_MAX
    )
    async def file_inspection(self, request: ByPerson, data: NewInspection, database: Database) -> Numbered:
        """An inspection that took place, filed by the inspector within 30 days. Sampling counts these."""
        files = read_files(data.files)
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        return Numbered(
            await file_inspection(
                database,
                request.user,
                canteen,
                data.visited_on,
                data.looked_at,
                data.plan_year,
                files,
                data.request_id,
            )
        )

    @get(
        "/inspections/{visit_id:int}",
        guards=[access.allows("see_inspections")],
        summary="Get one of the inspections",
    )
    async def inspection(self, request: ByPerson, visit_id: NumberInPath, database: Database) -> InspectionShown:
        """A visit with its photos."""
        async with database() as db:
            found, canteen = await find_visit(db, request.user, visit_id)
            files = await files_of(db, [visit_subject(visit_id)])
        return InspectionShown.of(found, canteen, files.get(visit_subject(visit_id), []))

    @get("/reminders", guards=[access.allows("see_waste")], summary="List my reminders")
    async def reminders(self, request: ByPerson, database: Database) -> Response[list[Reminder]]:
        """Self-evaluations, rectification, re-inspections and appeals that wait for you."""
        today, language = datetime.now(ZONE).date(), language_of(request.headers.get("accept-language"))
        async with database() as db:
            waiting = await reminders_of(db, request.user, today, language)
        return Response(waiting, headers=_headers(language))


async def _plan_shown(ledger: Pool, year: int) -> PlanShown:
    plan = await plan_of(ledger, year)
    return PlanShown(**asdict(plan), share=SHARE, coverage=await coverage(ledger, year))


def _headers(language: Language) -> dict[str, str]:
    return {"content-language": language.tag, "vary": "accept-language"}
