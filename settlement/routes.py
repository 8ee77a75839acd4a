"""HTTP: top-ups at the counter, subsidy grants, balances."""

from typing import Any

from litestar import Controller, Request, get, post

from registry import access, audit
from registry.errors import INVALID, NOT_ALLOWED, Problem
from registry.models import Sessions
from registry.officials import find_agency, find_officials
from registry.postgres import Pool
from registry.schemas import NumberInPath
from settlement.deposits import Deposit, deposit
from settlement.ledger import balances
from settlement.schemas import Deposited, NewDeposits, Purses


class DepositController(Controller):
    """Money into purses."""

    tags = ["deposits"]  # noqa: RUF012

    @post("/settlement/top-ups", guards=[access.allows("top_up")], summary="Top up cash purses")
    async def top_up(
        self, request: Request[access.Person, Any, Any], data: NewDeposits, sessions: Sessions, ledger: Pool
    ) -> Deposited:
        """Officials' own money, paid in at the counter, into their cash purses."""
        return await _deposit("top_up", request.user, data, sessions, ledger)

    @post("/settlement/grants", guards=[access.allows("grant_subsidy")], summary="Grant meal subsidies")
    async def grant(
        self, request: Request[access.Person, Any, Any], data: NewDeposits, sessions: Sessions, ledger: Pool
    ) -> Deposited:
        """The agency's meal money for its officials, into their subsidy purses."""
        return await _deposit("grant", request.user, data, sessions, ledger)

    @get(
        "/settlement/purses/{holder_id:int}",
        guards=[access.allows("top_up")],
        summary="An official's balances",
    )
    async def purses(
        self,
        request: Request[access.Person, Any, Any],
        holder_id: NumberInPath,
        sessions: Sessions,
        ledger: Pool,
    ) -> Purses:
        """The balances of both purses; 0 for a purse without a deposit yet."""
        async with sessions() as db:
            official = (await find_officials(db, [holder_id]))[holder_id]
        request.user.must_act_for(official.agency_id)
        held = await balances(ledger, official.book, holder_id)
        return Purses(holder_id, held.get("cash", 0), held.get("subsidy", 0))


async def _deposit(kind: str, person: access.Person, data: NewDeposits, sessions: Sessions, ledger: Pool) -> Deposited:
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
    async with sessions.begin() as db:
        agency = await find_agency(db, data.agency_id)
        officials = await find_officials(db, [d.holder_id for d in data.deposits])
        if any(official.agency_id != agency.agency_id for official in officials.values()):
            raise Problem(NOT_ALLOWED, "an official of the list belongs to another agency")
        await audit.record(db, person.login, kind, f"agency/{agency.agency_id}", detail)
    deposits = [Deposit(d.posting_id, d.holder_id, d.amount_fen) for d in data.deposits]
    await deposit(ledger, agency.book, kind, deposits)
    return Deposited(len(deposits), amount_fen)
