"""HTTP: rectification, the plan of inspections, files, and what waits for whom."""

from datetime import date, datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.params import Parameter
from msgspec import convert, json

from foundation.attachments import BODY_MAX, read_files, to_save
from foundation.calendar import ZONE
from foundation.messages import Numbered, NumberInPath
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from registry import access, audit
from registry.canteens import canteen_of, canteens_of
from registry.models import Database
from waste.evaluation.appeals import appeals_of, missing_self_evaluations
from waste.evaluation.quarters import EARLIEST, LATEST, quarter_before
from waste.supervision.cases import BY_THE_KITCHEN, act, case_subject, cases_of, open_case, steps_of
from waste.supervision.sampling import QUERIES as SAMPLING
from waste.supervision.sampling import make_plan
from waste.supervision.schemas import (
    CandidateShown,
    CaseAction,
    CaseShown,
    DrawnShown,
    NewCase,
    PlanShown,
    Reminder,
    StepShown,
)
from waste.weighing.files import files_of, read_file

ByPerson = Request[access.Person, Any, Any]
YearInPath = Annotated[int, Parameter(ge=EARLIEST, le=LATEST)]


class CaseController(Controller):
    """The closed loop 查、追、改、治, and who is inspected when."""

    path = "/waste"
    tags = ["waste"]  # noqa: RUF012

    @post("/cases", guards=[access.allows("inspect")], summary="Open a case", request_max_body_size=BODY_MAX)
    async def open(self, request: ByPerson, data: NewCase, database: Database) -> Numbered:
        """A finding: what, with what proof, who is responsible, until when."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, data.canteen_id)
        number = await open_case(
            database, request.user, canteen, data.quarter, data.kind, data.what, data.responsible, data.due_on,
            read_files(data.files),
        )  # fmt: skip
        return Numbered(number)

    @get("/cases", guards=[access.allows("see_waste")], summary="Cases")
    async def list_cases(
        self,
        request: ByPerson,
        database: Database,
        wanted: Annotated[
            str | None, Parameter(query="state", pattern="^(open|planned|proved|closed|withdrawn)$")
        ] = None,
    ) -> list[CaseShown]:
        """Of one's own canteens with all their steps; those that are not closed first, by their deadlines."""
        today = datetime.now(ZONE).date()
        async with database() as db:
            found = await cases_of(db, list(await canteens_of(db, request.user)), wanted)
            steps = await steps_of(db, [case.case_id for case in found])
            files = await files_of(db, [case_subject(case.case_id) for case in found])
        names = set(CaseShown.__struct_fields__) - {"overdue", "steps", "files"}
        return [
            CaseShown(
                **{name: getattr(case, name) for name in names},
                overdue=case.state not in ("closed", "withdrawn") and case.due_on < today,
                steps=[StepShown(s.number, s.action, s.text, s.done_by, s.done_at) for s in steps[case.case_id]],
                files=files.get(case_subject(case.case_id), []),
            )
            for case in found
        ]

    @post(
        "/cases/{case_id:int}/{action:str}",
        guards=[access.allows("see_waste")],
        summary="Take a case on",
        status_code=204,
        request_max_body_size=BODY_MAX,
    )
    async def act(
        self,
        request: ByPerson,
        case_id: NumberInPath,
        action: Annotated[str, Parameter(pattern="^(plan|prove|pass|fail|withdraw)$")],
        data: CaseAction,
        database: Database,
    ) -> None:
        """The kitchen plans and proves; the supervisor re-inspects (pass, fail) or withdraws."""
        request.user.must_be_allowed("rectify" if action in BY_THE_KITCHEN else "inspect")
        await act(database, request.user, case_id, action, data.text, read_files(data.files), data.deadline)

    @get("/files/{file_id:int}", guards=[access.allows("see_waste")], summary="A photo or document")
    async def file(self, request: ByPerson, file_id: NumberInPath, database: Database) -> Response[bytes]:
        """For the agency and the supervisors; to save, never to show in a page of ours."""
        async with database() as db:
            found = await read_file(db, request.user, file_id)
            return to_save(f"kitchen-{file_id}", found.media_type, found.content)

    @post("/sampling-plans/{year:int}", guards=[access.allows("inspect")], summary="Draw a year's inspections")
    async def plan(self, request: ByPerson, year: YearInPath, database: Database, ledger: Pool) -> PlanShown:
        """At least 35 % of the canteens, all within three years, by size; once a year, under a seed of its own."""
        await make_plan(ledger, year, request.user.login)
        plan = await _plan(ledger, year)
        async with database.begin() as db:
            detail = {"seed": plan.seed, "drawn": [one.canteen_id for one in plan.drawn]}
            await audit.record(db, audit.Note(request.user.login, "draw_sample", f"sampling-plan/{year}", detail))
        return plan

    @get("/sampling-plans/{year:int}", guards=[access.allows("inspect")], summary="A year's inspections")
    async def shown_plan(self, year: YearInPath, ledger: Pool) -> PlanShown:
        """For supervisors alone: nobody is to know when they come."""
        return await _plan(ledger, year)

    @get("/reminders", guards=[access.allows("see_waste")], summary="What waits for me")
    async def reminders(self, request: ByPerson, database: Database) -> list[Reminder]:
        """Self-evaluations, rectification, re-inspections and appeals that the person is to see to."""
        person, today = request.user, datetime.now(ZONE).date()
        waiting: list[Reminder] = []
        async with database() as db:
            canteens = await canteens_of(db, person)
            quarter = quarter_before(today)
            if person.may("evaluate_oneself"):
                waiting += [
                    Reminder(
                        "self_evaluation", f"{canteen.name_zh}:请完成{quarter}起季度的自评",
                        f"{canteen.name_en}: evaluate the quarter from {quarter}", due, due < today, canteen.canteen_id,
                    )
                    for canteen, due in await missing_self_evaluations(db, canteens, quarter)
                ]  # fmt: skip
            mine = {"open", "planned"} if person.may("rectify") else {"proved"}
            waiting += [
                Reminder("case", case.what, f"case {case.case_id} is {case.state}", case.deadline,
                         case.deadline < today, case.canteen_id)
                for case in await cases_of(db, list(canteens), None)
                if case.state in mine and (person.may("rectify") or person.may("inspect"))
            ]  # fmt: skip
            if person.may("inspect"):
                waiting += [
                    Reminder("appeal", a.text, f"appeal {a.appeal_id} against the quarter from {a.quarter}", None,
                             False, a.canteen_id)
                    for a in await appeals_of(db, list(canteens))
                    if a.state == "open"
                ]  # fmt: skip
        return sorted(waiting, key=lambda one: (one.due_on or date.max, one.kind, one.canteen_id))


async def _plan(ledger: Pool, year: int) -> PlanShown:
    row = await ledger.fetchrow(SAMPLING["plan"], year)
    if row is None:
        raise Problem(NOT_FOUND, f"no plan of {year}")
    candidates = convert(json.decode(row["candidates"]), list[CandidateShown])
    drawn = convert(json.decode(row["drawn"]), list[DrawnShown])
    return PlanShown(row["year"], row["seed"], candidates, drawn, row["made_by"], row["made_at"])
