"""HTTP: top-ups at the counter, subsidy grants, refunds, balances."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post

from foundation.keys import KeyRing
from foundation.messages import VISIBLE, NumberInPath, as_parameter, form
from foundation.postgres import Pool
from foundation.problems import INVALID, NOT_ALLOWED, Problem
from registry import access
from registry.access import Permission
from registry.approval_routes import AWAITS, awaits
from registry.approvals import Approvals
from registry.audit import Note
from registry.models import Approval, Database
from registry.officials import find_agency, find_officials
from settlement import grant_files, refunds
from settlement.approvals import DepositsWanted, RefundWanted, deposit_by_person, refund_by_person
from settlement.deposits import Deposit
from settlement.ledger import balances
from settlement.limits import AloneLimits
from settlement.schemas import Deposited, NewDeposits, NewRefund, Purses, Refunded
from settlement.transfers import PurseKind, TransferKind

ByPerson = Request[access.Person, Any, Any]

_BATCH = r"[A-Za-z0-9_.-]{1,40}"
BatchName = Annotated[str, form("batch", _BATCH), as_parameter(_BATCH)]


Again = Annotated[
    str,
    as_parameter(
        f"(?:{VISIBLE})?", max_length=200, description="Why the same content is granted once more under another name."
    ),
]


class DepositController(Controller):
    """Deposits into purses, refunds, balances."""

    tags = ["deposits"]  # noqa: RUF012

    @post(
        "/settlement/top-ups", guards=[access.allows(Permission.TOP_UP)], summary="Top up cash purses", responses=AWAITS
    )
    async def top_up(
        self,
        request: ByPerson,
        data: NewDeposits,
        database: Database,
        ledger: Pool,
        approvals: Approvals,
        alone_limits: AloneLimits,
    ) -> Response[Deposited]:
        """Post money that officials paid in at the counter to their cash purses; all deposits or none.

        Above what one person may move alone, the request waits for a second person (202).
        """
        asked = await _wanted(TransferKind.TOP_UP, request.user, data, database)
        return await _deposit(request, ledger, approvals, alone_limits, asked, data.reason)

    @post(
        "/settlement/grants",
        guards=[access.allows(Permission.GRANT_SUBSIDY)],
        summary="Grant meal subsidies",
        responses=AWAITS,
    )
    async def grant(
        self,
        request: ByPerson,
        data: NewDeposits,
        database: Database,
        ledger: Pool,
        approvals: Approvals,
        alone_limits: AloneLimits,
    ) -> Response[Deposited]:
        """Post the agency's meal money to its officials' subsidy purses; all deposits or none.

        Above what one person may move alone, the request waits for a second person (202).
        """
        asked = await _wanted(TransferKind.GRANT, request.user, data, database)
        return await _deposit(request, ledger, approvals, alone_limits, asked, data.reason)

    @post(
        "/settlement/grants/{agency_id:int}/{batch:str}",
        guards=[access.allows(Permission.GRANT_SUBSIDY)],
        summary="Grant meal subsidies from a file",
        responses=AWAITS,
    )
    async def grant_from_file(
        self,
        request: ByPerson,
        agency_id: NumberInPath,
        batch: BatchName,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
        approvals: Approvals,
        alone_limits: AloneLimits,
        again: Again = "",
    ) -> Response[Deposited]:
        """CSV with staff number and yuan. All rows are posted or none; the same batch again grants nothing more.

        Content that was granted under another batch's name is refused (409), unless ``again`` says why it is granted
        once more. Above what one person may move alone, the request waits for a second person (202).
        """
        person = request.user
        person.must_act_for(agency_id)
        if not again.isprintable():
            raise Problem(INVALID, "grant_file.again", field="again")
        rows = grant_files.read_grants(await request.body())
        async with database() as db:
            agency = await find_agency(db, agency_id)
            deposits = await grant_files.deposits_of(db, keys, agency, batch, rows)
        file = grant_files.GrantFile(batch, grant_files.content_of(rows), again)
        asked = DepositsWanted(agency.book, agency.agency_id, TransferKind.GRANT, deposits, file)
        return await _deposit(request, ledger, approvals, alone_limits, asked, again)

    @post(
        "/settlement/refunds",
        guards=[access.allows(Permission.REFUND)],
        summary="Refund a payment",
        responses=AWAITS,
    )
    async def refund(
        self, request: ByPerson, data: NewRefund, ledger: Pool, approvals: Approvals, alone_limits: AloneLimits
    ) -> Response[Refunded]:
        """Refund part or all of a payment at a canteen of the own agency, on any later day.

        Above what one person may move alone, the request waits for a second person (202).
        """
        payment = await refunds.find_payment(ledger, data.payment)
        request.user.must_act_for(payment.acquirer_id)
        asked = RefundWanted(
            payment.book, payment.acquirer_id, payment.holder_id,
            data.posting_id, data.payment, data.amount_fen, data.reason,
        )  # fmt: skip
        refunded = await refund_by_person(ledger, approvals, alone_limits, request.user.login, asked)
        if isinstance(refunded, Approval):
            return awaits(request, refunded)
        return Response(Refunded(refunded.cash_fen, refunded.subsidy_fen, refunded.host_fen))

    @get(
        "/settlement/purses/{holder_id:int}",
        guards=[access.allows(Permission.SEE_PAYMENTS)],
        summary="Get an official's balances",
    )
    async def purses(
        self,
        request: Request[access.Person, Any, Any],
        holder_id: NumberInPath,
        database: Database,
        ledger: Pool,
    ) -> Purses:
        """Balances of both purses; 0 for a purse without a deposit yet."""
        async with database() as db:
            official = (await find_officials(db, [holder_id]))[holder_id]
        request.user.must_act_for(official.agency_id)
        held = await balances(ledger, official.book, official.holder_id)
        return Purses(official.holder_id, held.get(PurseKind.CASH, 0), held.get(PurseKind.SUBSIDY, 0))


async def _wanted(kind: TransferKind, person: access.Person, data: NewDeposits, database: Database) -> DepositsWanted:
    person.must_act_for(data.agency_id)
    _must_be_distinct([d.posting_id for d in data.deposits])
    async with database() as db:
        agency = await find_agency(db, data.agency_id)
        officials = await find_officials(db, [d.holder_id for d in data.deposits])
    for official in officials.values():
        if official.agency_id != agency.agency_id:
            raise Problem(NOT_ALLOWED, "deposit.other_agency", holder_id=official.holder_id)
    deposits = [Deposit(d.posting_id, d.holder_id, d.amount_fen) for d in data.deposits]
    return DepositsWanted(agency.book, agency.agency_id, kind, deposits)


async def _deposit(
    request: ByPerson, ledger: Pool, approvals: Approvals, limits: AloneLimits, asked: DepositsWanted, reason: str
) -> Response[Deposited]:
    detail = {"first": str(asked.deposits[0].posting_id)} if asked.file is None else {"batch": asked.file.batch}
    wanted = asked.wanted
    note = Note(request.user.login, wanted.kind, wanted.subject, detail)
    waiting = await deposit_by_person(ledger, approvals, limits, note, asked, reason)
    if waiting is not None:
        return awaits(request, waiting)
    return Response(Deposited(wanted.items, wanted.amount_fen or 0))


def _must_be_distinct(posting_ids: list[UUID]) -> None:
    """Raise Problem(INVALID) for a posting number that occurs twice."""
    seen: set[UUID] = set()
    for posting_id in posting_ids:
        if posting_id in seen:
            raise Problem(INVALID, "deposit.posting_twice", posting_id=posting_id)
        seen.add(posting_id)
