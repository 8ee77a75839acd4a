"""HTTP: top-ups at the counter, subsidy grants, refunds, balances."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.params import Parameter

from foundation.keys import KeyRing
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from foundation.problems import INVALID, NOT_ALLOWED, Problem
from registry import access, audit
from registry.models import Database
from registry.officials import find_agency, find_officials
from settlement import grant_files, refunds
from settlement.deposits import Deposit, deposit
from settlement.ledger import balances
from settlement.schemas import (
    Deposited,
    NewDeposits,
    NewRefund,
    Purses,
    Refunded,
)


class DepositController(Controller):
    """Money into purses."""

    tags = ["deposits"]  # noqa: RUF012

    @post("/settlement/top-ups", guards=[access.allows("top_up")], summary="Top up cash purses")
    async def top_up(
        self, request: Request[access.Person, Any, Any], data: NewDeposits, database: Database, ledger: Pool
    ) -> Deposited:
        """Officials' own money, paid in at the counter, into their cash purses."""
        return await _deposit("top_up", request.user, data, database, ledger)

    @post("/settlement/grants", guards=[access.allows("grant_subsidy")], summary="Grant meal subsidies")
    async def grant(
        self, request: Request[access.Person, Any, Any], data: NewDeposits, database: Database, ledger: Pool
    ) -> Deposited:
        """The agency's meal money for its officials, into their subsidy purses."""
        return await _deposit("grant", request.user, data, database, ledger)

    @post(
        "/settlement/grants/{agency_id:int}/{batch:str}",
        guards=[access.allows("grant_subsidy")],
        summary="Grant meal subsidies from a file",
    )
    async def grant_from_file(
        self,
        request: Request[access.Person, Any, Any],
        agency_id: NumberInPath,
        batch: Annotated[str, Parameter(pattern="^[A-Za-z0-9_.-]{1,40}$")],
        database: Database,
        ledger: Pool,
        keys: KeyRing,
    ) -> Deposited:
        """CSV, staff number and yuan; every row is posted, or none; the same batch again grants nothing more."""
        request.user.must_act_for(agency_id)
        rows = grant_files.read_grants(await request.body())
        async with database.begin() as db:
            agency = await find_agency(db, agency_id)
            deposits = await grant_files.deposits_of(db, keys, agency, batch, rows)
            amount_fen = sum(d.amount_fen for d in deposits)
            detail = {"batch": batch, "deposits": len(deposits), "amount_fen": amount_fen}
            await audit.record(db, audit.Note(request.user.login, "grant_file", f"agency/{agency_id}", detail))
        await deposit(ledger, agency.book, "grant", deposits, channel="file")
        return Deposited(len(deposits), amount_fen)

    @post("/settlement/refunds", guards=[access.allows("refund")], summary="Refund a payment")
    async def refund(
        self, request: Request[access.Person, Any, Any], data: NewRefund, database: Database, ledger: Pool
    ) -> Refunded:
        """Give back part or all of a payment of one's own canteen, on any later day; never more than was paid."""
        payment = await refunds.find_payment(ledger, data.payment)
        request.user.must_act_for(payment.acquirer_id)
        # The record is committed first: money never moves without one.
        async with database.begin() as db:
            detail = {"posting": str(data.posting_id), "amount_fen": data.amount_fen, "reason": data.reason}
            await audit.record(db, audit.Note(request.user.login, "refund", f"payment/{data.payment}", detail))
        given = await refunds.refund(ledger, payment.book, data.posting_id, data.payment, data.amount_fen)
        return Refunded(given.cash_fen, given.subsidy_fen, given.host_fen)

    @get(
        "/settlement/purses/{holder_id:int}",
        guards=[access.allows("top_up")],
        summary="An official's balances",
    )
    async def purses(
        self,
        request: Request[access.Person, Any, Any],
        holder_id: NumberInPath,
        database: Database,
        ledger: Pool,
    ) -> Purses:
        """The balances of both purses; 0 for a purse without a deposit yet."""
        async with database() as db:
            official = (await find_officials(db, [holder_id]))[holder_id]
        request.user.must_act_for(official.agency_id)
        held = await balances(ledger, official.book, holder_id)
        return Purses(holder_id, held.get("cash", 0), held.get("subsidy", 0))


async def _deposit(kind: str, person: access.Person, data: NewDeposits, database: Database, ledger: Pool) -> Deposited:
    person.must_act_for(data.agency_id)
    if len({d.posting_id for d in data.deposits}) != len(data.deposits):
        raise Problem(INVALID, "a posting_id stands twice in the list")
    amount_fen = sum(d.amount_fen for d in data.deposits)
    detail = {
        "deposits": len(data.deposits),
        "amount_fen": amount_fen,
        "first": str(data.deposits[0].posting_id),
    }
    # The record is committed first: money never moves without one. A repeat after a crash posts at most once.
    async with database.begin() as db:
        agency = await find_agency(db, data.agency_id)
        officials = await find_officials(db, [d.holder_id for d in data.deposits])
        if any(official.agency_id != agency.agency_id for official in officials.values()):
            raise Problem(NOT_ALLOWED, "an official of the list belongs to another agency")
        await audit.record(db, audit.Note(person.login, kind, f"agency/{agency.agency_id}", detail))
    deposits = [Deposit(d.posting_id, d.holder_id, d.amount_fen) for d in data.deposits]
    await deposit(ledger, agency.book, kind, deposits)
    return Deposited(len(deposits), amount_fen)
