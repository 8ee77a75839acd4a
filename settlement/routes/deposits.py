"""HTTP: top-ups at the counter, subsidy grants, refunds, balances."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, get, post

from foundation.keys import KeyRing
from foundation.messages import NumberInPath, form
from foundation.postgres import Pool
from foundation.problems import INVALID, NOT_ALLOWED, Problem
from registry import access
from registry.access import Permission
from registry.audit import Note
from registry.models import Database
from registry.officials import find_agency, find_officials
from settlement import grant_files, refunds
from settlement.deposits import Deposit, deposit
from settlement.ledger import balances
from settlement.schemas import Deposited, NewDeposits, NewRefund, Purses, Refunded
from settlement.transfers import Channel, PurseKind, TransferKind

BatchName = Annotated[str, form("batch", r"[A-Za-z0-9_.-]{1,40}")]


class DepositController(Controller):
    """Deposits into purses, refunds, balances."""

    tags = ["deposits"]  # noqa: RUF012

    @post("/settlement/top-ups", guards=[access.allows(Permission.TOP_UP)], summary="Top up cash purses")
    async def top_up(
        self, request: Request[access.Person, Any, Any], data: NewDeposits, database: Database, ledger: Pool
    ) -> Deposited:
        """Post money that officials paid in at the counter to their cash purses; all deposits or none."""
        return await _deposit(TransferKind.TOP_UP, request.user, data, database, ledger)

    @post("/settlement/grants", guards=[access.allows(Permission.GRANT_SUBSIDY)], summary="Grant meal subsidies")
    async def grant(
        self, request: Request[access.Person, Any, Any], data: NewDeposits, database: Database, ledger: Pool
    ) -> Deposited:
        """Post the agency's meal money to its officials' subsidy purses; all deposits or none."""
        return await _deposit(TransferKind.GRANT, request.user, data, database, ledger)

    @post(
        "/settlement/grants/{agency_id:int}/{batch:str}",
        guards=[access.allows(Permission.GRANT_SUBSIDY)],
        summary="Grant meal subsidies from a file",
    )
    async def grant_from_file(
        self,
        request: Request[access.Person, Any, Any],
        agency_id: NumberInPath,
        batch: BatchName,
        database: Database,
        ledger: Pool,
        keys: KeyRing,
    ) -> Deposited:
        """CSV with staff number and yuan. All rows are posted or none; the same batch again grants nothing more."""
        person = request.user
        person.must_act_for(agency_id)
        rows = grant_files.read_grants(await request.body())
        async with database() as db:
            agency = await find_agency(db, agency_id)
            deposits = await grant_files.deposits_of(db, keys, agency, batch, rows)
        amount_fen = sum(d.amount_fen for d in deposits)
        note = Note(person.login, "grant_file", f"agency/{agency_id}", {"batch": batch})
        await deposit(ledger, agency.book, TransferKind.GRANT, deposits, channel=Channel.FILE, note=note)
        return Deposited(len(deposits), amount_fen)

    @post("/settlement/refunds", guards=[access.allows(Permission.REFUND)], summary="Refund a payment")
    async def refund(self, request: Request[access.Person, Any, Any], data: NewRefund, ledger: Pool) -> Refunded:
        """Refund part or all of a payment at a canteen of the own agency, on any later day."""
        payment = await refunds.find_payment(ledger, data.payment)
        request.user.must_act_for(payment.acquirer_id)
        detail = {"posting": str(data.posting_id), "amount_fen": data.amount_fen, "reason": data.reason}
        note = Note(request.user.login, "refund", f"payment/{data.payment}", detail)
        refunded = await refunds.refund(ledger, payment.book, data.posting_id, data.payment, data.amount_fen, note=note)
        return Refunded(refunded.cash_fen, refunded.subsidy_fen, refunded.host_fen)

    @get(
        "/settlement/purses/{holder_id:int}",
        guards=[access.allows(Permission.TOP_UP)],
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


async def _deposit(
    kind: TransferKind, person: access.Person, data: NewDeposits, database: Database, ledger: Pool
) -> Deposited:
    person.must_act_for(data.agency_id)
    _must_be_distinct([d.posting_id for d in data.deposits])
    async with database() as db:
        agency = await find_agency(db, data.agency_id)
        officials = await find_officials(db, [d.holder_id for d in data.deposits])
    for official in officials.values():
        if official.agency_id != agency.agency_id:
            raise Problem(NOT_ALLOWED, "deposit.other_agency", holder_id=official.holder_id)
    amount_fen = sum(d.amount_fen for d in data.deposits)
    detail = {"first": str(data.deposits[0].posting_id)}
    deposits = [Deposit(d.posting_id, d.holder_id, d.amount_fen) for d in data.deposits]
    note = Note(person.login, kind.value, f"agency/{agency.agency_id}", detail)
    await deposit(ledger, agency.book, kind, deposits, note=note)
    return Deposited(len(deposits), amount_fen)


def _must_be_distinct(posting_ids: list[UUID]) -> None:
    """Raise Problem(INVALID) for a posting number that occurs twice."""
    seen: set[UUID] = set()
    for posting_id in posting_ids:
        if posting_id in seen:
            raise Problem(INVALID, "deposit.posting_twice", posting_id=posting_id)
        seen.add(posting_id)
