"""HTTP: closing the day, positions, statements."""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import Parameter
from litestar.types import Guard

from clearing import confirmations, reconciliation
from clearing.bank_files import FILE_BYTES_MAX, BankAccount
from clearing.closing import QUERIES, CycleResult, begin_close, cycle_result, open_dates, wait_published
from clearing.errors import NO_CYCLE
from clearing.proof import bundle
from clearing.schemas import (
    CloseDay,
    CycleInfo,
    CycleTimes,
    DifferenceInfo,
    EntryVerdict,
    LegInfo,
    NewBankAccount,
    OpenDay,
    PaymentLine,
    PositionInfo,
)
from clearing.statements import PUBLIC, STATEMENT, read_statement
from foundation.calendar import Calendar
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from foundation.problems import NOT_ALLOWED, Problem
from registry import access, audit
from registry.models import Database
from registry.officials import find_agency

MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}

FIRST = UUID(int=0)
"""Before every posting."""

ANSWER_WITHIN_S = 25.0
"""Shorter than what stands between people and the centre usually waits."""

Form = Annotated[str, Parameter(query="format", pattern="^(csv|xlsx|pdf)$")]

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


def _file(content: bytes, name: str, media_type: str) -> Response[bytes]:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


async def _report(ledger: Pool, folder: Path, business_date: date, name: str, form: str) -> Response[bytes]:
    content = await read_statement(ledger, business_date, folder, name=name, form=form)
    if content is None:
        raise Problem(NO_CYCLE, f"no {name} report of {business_date} as {form}")
    return _file(content, f"onecard-{business_date}-{name}.{form}", MEDIA_TYPES[form])


@get("/public/days/{business_date:date}", summary="The public's report of a day", tags=["clearing"])
async def public_day(business_date: date, ledger: Pool, statement_folder: Path, form: Form = "pdf") -> Response[bytes]:
    """Meals and visitors per region as CSV, XLSX or PDF; no login, no agency, no small numbers of people."""
    return await _report(ledger, statement_folder, business_date, PUBLIC, form)


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
        database: Database,
        ledger: Pool,
        clearing_fee_fen: int,
    ) -> CycleInfo:
        """Close the day in every book at once; the job runner nets and publishes it. Again, it changes nothing.

        The answer waits up to 25 s for that; after a longer night the state says how far it is.
        """
        async with database.begin() as db:
            await audit.record(db, audit.Note(request.user.login, "close_day", f"cycle/{data.business_date}"))
        await begin_close(ledger, data.business_date, clearing_fee_fen)
        return _info(await wait_published(ledger, data.business_date, seconds=ANSWER_WITHIN_S), None)

    @get("/cycles", guards=SEE, summary="The latest cycles")
    async def cycles(self, ledger: Pool, limit: Annotated[int, Parameter(ge=1, le=400)] = 31) -> list[CycleTimes]:
        """The newest first, with the moment of each state."""
        return [CycleTimes(*row) for row in await ledger.fetch(QUERIES["cycles"], limit)]

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
        form: Form = "csv",
    ) -> Response[bytes]:
        """An agency's statement as CSV, XLSX or PDF."""
        request.user.must_act_for(agency_id)
        content = await read_statement(ledger, business_date, statement_folder, agency_id=agency_id, form=form)
        if content is None:
            raise Problem(NO_CYCLE, f"no statement of {business_date} for agency {agency_id} as {form}")
        return _file(content, f"onecard-{business_date}-{STATEMENT}-{agency_id}.{form}", MEDIA_TYPES[form])

    @get("/cycles/{business_date:date}/reports/{name:str}", guards=SEE, summary="A report of the network")
    async def report(
        self,
        request: Request[access.Person, Any, Any],
        business_date: date,
        name: Annotated[str, Parameter(pattern="^(net|bilateral|public)$")],
        ledger: Pool,
        statement_folder: Path,
        form: Form = "csv",
    ) -> Response[bytes]:
        """``net``: positions and netting efficiency; ``bilateral``: every two agencies; ``public``: the public's."""
        if request.user.agency_id is not None:
            raise Problem(NOT_ALLOWED, "the reports of the network are the centre's")
        return await _report(ledger, statement_folder, business_date, name, form)

    @get("/cycles/{business_date:date}/bundles/{agency_id:int}", guards=SEE, summary="An agency's proof of a cycle")
    async def proof(
        self,
        request: Request[access.Person, Any, Any],
        business_date: date,
        agency_id: NumberInPath,
        ledger: Pool,
        statement_folder: Path,
    ) -> Response[bytes]:
        """What ``onecard audit`` checks: the signed manifest, the statement, its payments and their places."""
        request.user.must_act_for(agency_id)
        content = await bundle(ledger, business_date, agency_id, statement_folder)
        return _file(content, f"onecard-{business_date}-bundle-{agency_id}.zip", "application/zip")

    @get("/cycles/{business_date:date}/payments/{agency_id:int}", guards=SEE, summary="The payments of a statement")
    async def payments(
        self,
        request: Request[access.Person, Any, Any],
        business_date: date,
        agency_id: NumberInPath,
        ledger: Pool,
        after: UUID = FIRST,
        part: Annotated[int, Parameter(ge=0, le=9)] = 0,
        limit: Annotated[int, Parameter(ge=1, le=1_000)] = 500,
    ) -> list[PaymentLine]:
        """Posting by posting, pseudonymous; the next page begins after the last one's posting and part."""
        request.user.must_act_for(agency_id)
        rows = await ledger.fetch(QUERIES["payments_of"], business_date, agency_id, after, part, limit)
        return [PaymentLine(**dict(row)) for row in rows]

    @get("/differences", guards=SEE, summary="What does not agree")
    async def differences(
        self, request: Request[access.Person, Any, Any], ledger: Pool, resolved: bool = False
    ) -> list[DifferenceInfo]:
        """Terminals, bank and purses against the ledger, with cause and age; an agency sees its own."""
        rows = await ledger.fetch(reconciliation.QUERIES["differences"], request.user.agency_id, resolved)
        return [DifferenceInfo(*row) for row in rows]

    @post("/differences", guards=[access.allows("settle")], summary="Look for differences now")
    async def look_now(
        self, request: Request[access.Person, Any, Any], ledger: Pool, calendar: Calendar
    ) -> list[DifferenceInfo]:
        """What the job runner does every five minutes."""
        await reconciliation.reconcile(ledger, calendar, datetime.now(UTC))
        rows = await ledger.fetch(reconciliation.QUERIES["differences"], request.user.agency_id, False)
        return [DifferenceInfo(*row) for row in rows]

    @post("/bank-accounts", guards=[access.allows("settle")], summary="Register a bank account")
    async def set_bank_account(
        self, request: Request[access.Person, Any, Any], data: NewBankAccount, database: Database, ledger: Pool
    ) -> NewBankAccount:
        """An agency's, or with 0 the centre's settlement account."""
        async with database.begin() as db:
            if data.agency_id != confirmations.CENTRE:
                await find_agency(db, data.agency_id)
            detail = {"number": data.number, "bank": data.bank}
            await audit.record(
                db, audit.Note(request.user.login, "set_bank_account", f"agency/{data.agency_id}", detail)
            )
        account = BankAccount(data.holder_name, data.number, data.bank)
        await confirmations.set_account(ledger, data.agency_id, account)
        return data

    @get("/cycles/{business_date:date}/legs", guards=SEE, summary="What has to move for a cycle")
    async def legs(self, request: Request[access.Person, Any, Any], business_date: date, ledger: Pool) -> list[LegInfo]:
        """Who pays in and who is paid, under which reference, and what the bank has confirmed of it."""
        mine = request.user.agency_id
        return [
            LegInfo(leg.agency_id, leg.reference, leg.pay_in, leg.amount_fen, leg.matched_fen, leg.state)
            for leg in await confirmations.legs_of(ledger, business_date)
            if mine in (None, leg.agency_id)
        ]

    @post("/cycles/{business_date:date}/bank-file", guards=[access.allows("settle")], summary="The bank file")
    async def bank_file(
        self, request: Request[access.Person, Any, Any], business_date: date, database: Database, ledger: Pool
    ) -> Response[bytes]:
        """ISO 20022 pain.001.001.09 that pays whom the cycle owes; the same each time."""
        content = await confirmations.bank_file(ledger, business_date)
        async with database.begin() as db:
            await audit.record(db, audit.Note(request.user.login, "bank_file", f"cycle/{business_date}"))
        return _file(content, f"onecard-{business_date}-pain.001.xml", "application/xml")

    @post(
        "/confirmations",
        guards=[access.allows("settle")],
        summary="Take the bank's confirmations",
        request_max_body_size=FILE_BYTES_MAX,
    )
    async def take_confirmations(
        self, request: Request[access.Person, Any, Any], database: Database, ledger: Pool
    ) -> list[EntryVerdict]:
        """ISO 20022 camt.053 or camt.054 in the body; all of the file counts, or nothing, and an entry once."""
        content = await request.body()
        async with database.begin() as db:
            detail = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            await audit.record(db, audit.Note(request.user.login, "confirmations", "bank", detail))
        verdicts = await confirmations.take_confirmations(ledger, content)
        return [EntryVerdict(v.entry, v.reference, v.amount_fen, v.verdict) for v in verdicts]

    @get("/confirmations/unmatched", guards=[access.allows("settle")], summary="Entries that fit nothing")
    async def unmatched(self, ledger: Pool) -> list[EntryVerdict]:
        """Money on the settlement account that pays no position: for people to look at."""
        rows = await ledger.fetch(confirmations.QUERIES["unmatched"])
        return [EntryVerdict(**dict(row)) for row in rows]
