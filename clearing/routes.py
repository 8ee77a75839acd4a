"""HTTP: closing the day, positions, statements, bank accounts and confirmations, differences."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import Parameter
from litestar.types import Guard

from clearing import confirmations, reconciliation
from clearing.approvals import change_account, close_by_person, release_file
from clearing.bank_files import FILE_BYTES_MAX, read_confirmation_file
from clearing.closing import QUERIES, cycle_result, open_dates, owed_in, wait_published
from clearing.errors import NO_CYCLE
from clearing.evidence import closing_evidence
from clearing.netting import Owed
from clearing.proof import bundle
from clearing.schemas import (
    CloseDay,
    ClosingEvidence,
    CycleInfo,
    DifferenceInfo,
    EntryMatch,
    LegInfo,
    NewBankAccount,
    NewResolution,
    OpenDay,
    OpenEntry,
    OpenLegInfo,
    PaymentLine,
    Resolved,
    ShiftFinding,
)
from clearing.shifts import findings
from clearing.statements import english_copy, read_statement
from clearing.states import DocumentKind, FileFormat, NetworkReport
from foundation.aside import Aside
from foundation.attachments import received
from foundation.calendar import Calendar
from foundation.catalogue import Language
from foundation.messages import NumberInPath, SmallNumberInPath
from foundation.postgres import Pool, as_struct
from foundation.problems import NOT_ALLOWED, Problem
from foundation.request_log import network_address_of
from registry import access, audit
from registry.approval_routes import AWAITS, awaits
from registry.approvals import Approvals
from registry.identifiers import AgencyId
from registry.models import Approval, Database

MEDIA_TYPES = {
    FileFormat.CSV: "text/csv",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.PDF: "application/pdf",
}

FIRST = UUID(int=0)
"""Before every posting."""

ANSWER_WITHIN_S = 25.0
"""Shorter than the usual timeout of a proxy between people and the centre."""

ByPerson = Request[access.Person, Any, Any]
Form = Annotated[FileFormat, Parameter(query="format")]
Lang = Annotated[
    Language, Parameter(query="lang", description="`zh-Hans`: the signed file; `en`: an unsigned copy in English.")
]

SEE: list[Guard] = [access.allows("see_clearing")]


def _visible(cycle: CycleInfo, agency_id: int | None) -> CycleInfo:
    """A cycle as a person may see it: people of an agency see its position alone."""
    shown = [p for p in cycle.positions if agency_id in (None, p.agency_id)]
    return CycleInfo(cycle.business_date, cycle.state, shown)


def _leg_info(leg: confirmations.Leg) -> LegInfo:
    return LegInfo(leg.agency_id, leg.reference, leg.pay_in, leg.amount_fen, leg.matched_fen, leg.state)


def _open_leg_info(one: confirmations.OpenLeg) -> OpenLegInfo:
    leg = one.leg
    return OpenLegInfo(
        one.business_date, leg.agency_id, leg.reference, leg.pay_in, leg.amount_fen, leg.matched_fen, leg.left_fen,
        leg.state, one.published_at, reconciliation.payment_due_date(one.business_date),
    )  # fmt: skip


def _file(content: bytes, name: str, media_type: str) -> Response[bytes]:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


async def _report(
    ledger: Pool,
    documents: Aside,
    caller: str,
    folder: Path,
    business_date: date,
    name: NetworkReport,
    form: FileFormat,
    language: Language,
) -> Response[bytes]:
    kind = DocumentKind(name)
    if language is Language.ENGLISH:
        content = await english_copy(ledger, documents, business_date, caller=caller, kind=kind, form=form)
    else:
        content = await read_statement(ledger, business_date, folder, kind=kind, form=form)
    if content is None:
        raise Problem(NO_CYCLE, "clearing.no_report", business_date=business_date)
    return _file(content, _file_name(business_date, name, form, language), MEDIA_TYPES[form])


def _file_name(business_date: date, document: str, form: FileFormat, language: Language) -> str:
    suffix = ".en" if language is Language.ENGLISH else ""
    return f"onecard-{business_date}-{document}{suffix}.{form}"


async def _differences(ledger: Pool, agency_id: int | None, *, resolved: bool) -> list[DifferenceInfo]:
    rows = await ledger.fetch(reconciliation.QUERIES["differences"], agency_id, resolved)
    return [as_struct(row, DifferenceInfo) for row in rows]


@get("/public/days/{business_date:date}", summary="Download the public daily report", tags=["clearing"])
async def public_day(
    request: Request[Any, Any, Any],
    business_date: date,
    ledger: Pool,
    documents: Aside,
    statement_folder: Path,
    form: Form = FileFormat.PDF,
    lang: Lang = Language.CHINESE,
) -> Response[bytes]:
    """Meals and visitors per region as CSV, XLSX or PDF. No login; no agency and no small numbers of people."""
    caller = network_address_of(request)
    return await _report(ledger, documents, caller, statement_folder, business_date, NetworkReport.PUBLIC, form, lang)


class ClearingController(Controller):
    """End of day, statements and settlement."""

    path = "/clearing"
    tags = ["clearing"]  # noqa: RUF012

    @get("/open-days", guards=SEE, summary="List open business days")
    async def open_days(self, ledger: Pool) -> list[OpenDay]:
        """Returns the open business day of every book."""
        return [OpenDay(book, day) for book, day in (await open_dates(ledger)).items()]

    @post("/cycles", guards=[access.allows("close_day")], summary="Close a business day", responses=AWAITS)
    async def close(
        self,
        request: ByPerson,
        data: CloseDay,
        database: Database,
        ledger: Pool,
        approvals: Approvals,
        calendar: Calendar,
        clearing_fee_fen: int,
    ) -> Response[CycleInfo]:
        """Closes the day in every book at once; the job runner nets and publishes it. A repeat changes nothing.

        Waits up to 25 s for publication; after that the state says how far the cycle is. A day whose cut-off has not
        passed takes a reason, and waits for a second person (202).
        """
        day = data.business_date
        waiting = await close_by_person(
            database, ledger, approvals, calendar, request.user.login, day, clearing_fee_fen, data.reason
        )
        if waiting is not None:
            return awaits(request, waiting)
        return Response(await wait_published(ledger, day, seconds=ANSWER_WITHIN_S))

    @get("/cycles/{business_date:date}", guards=SEE, summary="Get a cycle")
    async def cycle(self, request: ByPerson, business_date: date, ledger: Pool) -> CycleInfo:
        """Returns the state and the net positions; people of an agency see its position alone."""
        return _visible(await cycle_result(ledger, business_date), request.user.agency_id)

    @get("/cycles/{business_date:date}/statements/{agency_id:int}", guards=SEE, summary="Download a statement")
    async def statement(
        self,
        request: ByPerson,
        business_date: date,
        agency_id: NumberInPath,
        ledger: Pool,
        documents: Aside,
        statement_folder: Path,
        form: Form = FileFormat.CSV,
        lang: Lang = Language.CHINESE,
    ) -> Response[bytes]:
        """An agency's statement as CSV, XLSX or PDF."""
        request.user.must_act_for(agency_id)
        agency = AgencyId(agency_id)
        if lang is Language.ENGLISH:
            caller = request.user.login
            content = await english_copy(ledger, documents, business_date, caller=caller, agency_id=agency, form=form)
        else:
            content = await read_statement(ledger, business_date, statement_folder, agency_id=agency, form=form)
        if content is None:
            raise Problem(NO_CYCLE, "clearing.no_statement", business_date=business_date, agency_id=agency_id)
        name = _file_name(business_date, f"{DocumentKind.STATEMENT}-{agency_id}", form, lang)
        return _file(content, name, MEDIA_TYPES[form])

    @get("/cycles/{business_date:date}/reports/{name:str}", guards=SEE, summary="Download a network report")
    async def report(
        self,
        request: ByPerson,
        business_date: date,
        name: NetworkReport,
        ledger: Pool,
        documents: Aside,
        statement_folder: Path,
        form: Form = FileFormat.CSV,
        lang: Lang = Language.CHINESE,
    ) -> Response[bytes]:
        """``net``: net positions; ``bilateral``: every pair of agencies; ``public``: the public daily report."""
        if request.user.agency_id is not None:
            raise Problem(NOT_ALLOWED, "clearing.reports_are_the_centres")
        caller = request.user.login
        return await _report(ledger, documents, caller, statement_folder, business_date, name, form, lang)

    @get("/cycles/{business_date:date}/bundles/{agency_id:int}", guards=SEE, summary="Download a proof bundle")
    async def proof(
        self,
        request: ByPerson,
        business_date: date,
        agency_id: NumberInPath,
        ledger: Pool,
        statement_folder: Path,
    ) -> Response[bytes]:
        """The input of ``onecard audit``: signed manifest, statement, the agency's payments and their proofs."""
        request.user.must_act_for(agency_id)
        content = await bundle(ledger, business_date, agency_id, statement_folder)
        return _file(content, f"onecard-{business_date}-bundle-{agency_id}.zip", "application/zip")

    @get("/cycles/{business_date:date}/payments/{agency_id:int}", guards=SEE, summary="List a statement's payments")
    async def payments(
        self,
        request: ByPerson,
        business_date: date,
        agency_id: NumberInPath,
        ledger: Pool,
        after: UUID = FIRST,
        part: Annotated[int, Parameter(ge=0, le=9)] = 0,
        limit: Annotated[int, Parameter(ge=1, le=1_000)] = 500,
    ) -> list[PaymentLine]:
        """Returns pseudonymous postings; the next page starts after the last one's posting and part."""
        request.user.must_act_for(agency_id)
        rows = await ledger.fetch(QUERIES["payments_of"], business_date, agency_id, after, part, limit)
        return [as_struct(row, PaymentLine) for row in rows]

    @get("/differences/overview", guards=SEE, summary="Look at the largest differences")
    async def differences(self, request: ByPerson, ledger: Pool, resolved: bool = False) -> list[DifferenceInfo]:
        """The largest differences, so many of each terminal that it hides no other; an agency sees its own.

        ``resolved``: also those resolved in the last 30 days.
        """
        return await _differences(ledger, request.user.agency_id, resolved=resolved)

    @post("/differences", guards=[access.allows("settle")], summary="Reconcile now")
    async def look_now(self, request: ByPerson, ledger: Pool, calendar: Calendar) -> list[DifferenceInfo]:
        """Runs the reconciliation that the job runner repeats every five minutes, and returns the differences."""
        await reconciliation.reconcile(ledger, calendar, datetime.now(UTC))
        return await _differences(ledger, request.user.agency_id, resolved=False)

    @get("/shifts/{business_date:date}", guards=SEE, summary="List shifts that need a look")
    async def shift_findings(
        self, request: ByPerson, business_date: date, ledger: Pool, calendar: Calendar
    ) -> list[ShiftFinding]:
        """Of a business day: payments outside every shift, shifts left open after it, closings that differ.

        An agency sees its own tills'.
        """
        return await findings(ledger, calendar, business_date, request.user.agency_id)

    @get(
        "/shifts/{terminal_id:int}/{epoch:int}/{shift:int}/closing",
        guards=SEE,
        summary="Show what a terminal signed of a shift",
    )
    async def closing(
        self,
        request: ByPerson,
        terminal_id: NumberInPath,
        epoch: SmallNumberInPath,
        shift: NumberInPath,
        ledger: Pool,
    ) -> ClosingEvidence:
        """The latest closing with its signature, and the ledger's hash chain; an agency sees its own tills'."""
        return await closing_evidence(ledger, terminal_id, epoch, shift, request.user.agency_id)

    @post("/bank-accounts", guards=[access.allows("settle")], summary="Change a bank account", responses=AWAITS)
    async def set_bank_account(
        self,
        request: ByPerson,
        data: NewBankAccount,
        database: Database,
        ledger: Pool,
        approvals: Approvals,
        account_cooling_h: int,
    ) -> Response[NewBankAccount]:
        """An agency's bank account, or with agency 0 the centre's settlement account.

        Waits for a second person (202), and is used some hours after that at the earliest; until then payments go to
        the account before. 201: the agency has this account already.
        """
        waiting = await change_account(
            database, ledger, approvals, request.user.login, data.agency_id, data.account(), account_cooling_h
        )
        return Response(data) if waiting is None else awaits(request, waiting)

    @get("/cycles/{business_date:date}/legs", guards=SEE, summary="List the payments that settle a cycle")
    async def legs(self, request: ByPerson, business_date: date, ledger: Pool) -> list[LegInfo]:
        """Returns direction, reference, amount and confirmed amount per agency; an agency sees its own."""
        mine = request.user.agency_id
        legs = await confirmations.legs_of(ledger, business_date)
        return [_leg_info(leg) for leg in legs if mine in (None, leg.agency_id)]

    @get("/cycles/{business_date:date}/obligations", guards=SEE, summary="List what agencies owe each other in a cycle")
    async def obligations(self, request: ByPerson, business_date: date, ledger: Pool) -> list[Owed]:
        """Returns what each issuer owes each acquirer before netting, negative for refunds; an agency sees its own."""
        mine = request.user.agency_id
        owed = await owed_in(ledger, business_date)
        return [one for one in owed if mine in (None, one.issuer_id, one.acquirer_id)]

    @get("/legs", guards=SEE, summary="List the payments that have not moved")
    async def open_legs(self, request: ByPerson, ledger: Pool) -> list[OpenLegInfo]:
        """Returns what is still to be paid of all published cycles, the oldest first; an agency sees its own."""
        return [_open_leg_info(one) for one in await confirmations.open_legs(ledger, request.user.agency_id)]

    @post(
        "/cycles/{business_date:date}/bank-file",
        guards=[access.allows("settle")],
        summary="Make the payment file",
        responses=AWAITS,
    )
    async def bank_file(
        self, request: ByPerson, business_date: date, database: Database, ledger: Pool, approvals: Approvals
    ) -> Response[bytes]:
        """ISO 20022 pain.001.001.09 with what is left of every net receivable of the cycle.

        The same file each time, until what is left changes: then one with a new ``MsgId`` that says which it replaces.
        Exactly this file waits for a second person's release first (202).
        """
        content = await release_file(database, ledger, approvals, request.user.login, business_date)
        if isinstance(content, Approval):
            return awaits(request, content)
        return _file(content, f"onecard-{business_date}-pain.001.xml", "application/xml")

    @post(
        "/confirmations",
        guards=[access.allows("settle")],
        summary="Post the bank's confirmations",
        request_max_body_size=FILE_BYTES_MAX,
    )
    async def post_confirmations(
        self, request: ByPerson, database: Database, ledger: Pool, documents: Aside
    ) -> list[EntryMatch]:
        """Takes an ISO 20022 camt.053 or camt.054 as the body; posted whole or not at all, and each entry once."""
        login = request.user.login
        async with received(request) as file:
            accounts = await confirmations.settlement_accounts(ledger)
            entries = await documents.run(read_confirmation_file, file.path, *accounts, caller=login)
            detail = {"sha256": file.sha256, "bytes": file.size}
        return await confirmations.post_by_person(database, login, entries, detail)

    @get("/confirmations/unmatched", guards=[access.allows("see_bank")], summary="List unmatched bank entries")
    async def unmatched(self, ledger: Pool) -> list[OpenEntry]:
        """Returns the entries on the settlement account that match no net position and are not resolved."""
        return await confirmations.open_entries(ledger)

    @post("/confirmations/resolutions", guards=[access.allows("settle")], summary="Resolve an unmatched bank entry")
    async def resolve(self, request: ByPerson, data: NewResolution, database: Database) -> Resolved:
        """Assigns an unmatched entry, or a part of it, to a leg, or records that it was returned or is other money."""
        leg = data.leg()
        detail = {
            "occurrence": data.occurrence, "resolution": data.resolution, "amount_fen": data.amount_fen,
            "leg": leg and f"{leg[0]}/{leg[1]}", "reason": data.reason,
        }  # fmt: skip
        subject = f"bank/{data.entry}"
        async with audit.change(database, request.user.login, "resolve_entry", subject, detail) as change:
            open_fen = await confirmations.resolve(
                await change.connection(), request.user.login, data.entry, data.occurrence, data.resolution,
                data.amount_fen, leg, data.reason,
            )  # fmt: skip
        return Resolved(open_fen)
