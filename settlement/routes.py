"""HTTP: top-ups at the counter, subsidy grants, balances."""

import time
from datetime import date
from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.params import Parameter

from foundation.keys import KeyRing
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from foundation.problems import INVALID, NOT_ALLOWED, Problem
from registry import access, audit
from registry.models import Sessions
from registry.officials import find_agency, find_officials
from settlement import grant_files, refunds, rulebook, supervision
from settlement.deposits import Deposit, deposit
from settlement.errors import NOT_GENUINE
from settlement.gateway import NotTheGateway, gateway_of
from settlement.ledger import balances
from settlement.models import Jurisdiction
from settlement.online_top_ups import take
from settlement.schemas import (
    AgreementMessage,
    Deposited,
    NewDeposits,
    NewRefund,
    NewRules,
    NewTariff,
    PurseOrder,
    Purses,
    Refunded,
    RulesShown,
    TariffShown,
)


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
        sessions: Sessions,
        ledger: Pool,
        keys: KeyRing,
    ) -> Deposited:
        """CSV, staff number and yuan; every row is posted, or none; the same batch again grants nothing more."""
        request.user.must_act_for(agency_id)
        rows = grant_files.read_grants(await request.body())
        async with sessions.begin() as db:
            agency = await find_agency(db, agency_id)
            deposits = await grant_files.deposits_of(db, keys, agency, batch, rows)
            amount_fen = sum(d.amount_fen for d in deposits)
            detail = {"batch": batch, "deposits": len(deposits), "amount_fen": amount_fen}
            await audit.record(db, request.user.login, "grant_file", f"agency/{agency_id}", detail)
        await deposit(ledger, agency.book, "grant", deposits, channel="file")
        return Deposited(len(deposits), amount_fen)

    @post("/settlement/refunds", guards=[access.allows("refund")], summary="Refund a payment")
    async def refund(
        self, request: Request[access.Person, Any, Any], data: NewRefund, sessions: Sessions, ledger: Pool
    ) -> Refunded:
        """Give back part or all of a payment of one's own canteen, on any later day; never more than was paid."""
        payment = await refunds.find_payment(ledger, data.payment)
        request.user.must_act_for(payment.acquirer_id)
        # The record is committed first: money never moves without one.
        async with sessions.begin() as db:
            detail = {"posting": str(data.posting_id), "amount_fen": data.amount_fen, "reason": data.reason}
            await audit.record(db, request.user.login, "refund", f"payment/{data.payment}", detail)
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
        sessions: Sessions,
        ledger: Pool,
    ) -> Purses:
        """The balances of both purses; 0 for a purse without a deposit yet."""
        async with sessions() as db:
            official = (await find_officials(db, [holder_id]))[holder_id]
        request.user.must_act_for(official.agency_id)
        held = await balances(ledger, official.book, holder_id)
        return Purses(holder_id, held.get("cash", 0), held.get("subsidy", 0))


class GatewayController(Controller):
    """What the payment gateway tells the centre."""

    tags = ["deposits"]  # noqa: RUF012

    @post("/gateway/notifications", status_code=200, summary="A notification of the payment gateway")
    async def notification(self, request: Request[Any, Any, Any], ledger: Pool) -> dict[str, str]:
        """Signed and sealed by the gateway; any answer but 200 makes it come again."""
        gateway = gateway_of(request.app.state)
        fields = {name.lower(): value for name, value in request.headers.items()}
        try:
            paid = gateway.read_notification(fields, await request.body(), time.time())
        except NotTheGateway as error:
            raise Problem(NOT_GENUINE, str(error)) from None
        if paid is not None:
            await take(ledger, gateway, paid)
        return {"code": "SUCCESS"}


class SupervisionController(Controller):
    """What supervisors should look at."""

    tags = ["supervision"]  # noqa: RUF012

    @get("/supervision/flags/{on:date}", guards=[access.allows("see_flags")], summary="Flags of a business day")
    async def flags(self, on: date, ledger: Pool) -> list[supervision.Flag]:
        """Pseudonymous; a flag is a question, no verdict."""
        return await supervision.flags_of(ledger, on)


class RuleController(Controller):
    """Prices and rules, by date."""

    path = "/settlement"
    tags = ["rules"]  # noqa: RUF012

    @get("/rules/{book:int}", guards=[access.allows("see_registry")], summary="A region's rules today")
    async def rules(self, book: NumberInPath, sessions: Sessions) -> RulesShown:
        """The rules in force."""
        async with sessions() as db:
            return _shown(await rulebook.rules_in_force(db, book, rulebook.today()))

    @post("/rules/{book:int}", guards=[access.allows("set_rules")], summary="Change a region's rules")
    async def change_rules(
        self, request: Request[access.Person, Any, Any], book: NumberInPath, data: NewRules, sessions: Sessions
    ) -> RulesShown:
        """Rules from a day on; payments of earlier days keep theirs."""
        async with sessions.begin() as db:
            changed = await rulebook.change_rules(db, book, data)
            detail = {name: str(value) for name, value in data.given().items()}
            await audit.record(db, request.user.login, "change_rules", f"book/{book}", detail)
            return _shown(changed)

    @post("/tariffs", guards=[access.allows("set_tariff")], summary="Set a price")
    async def set_tariff(
        self, request: Request[access.Person, Any, Any], data: NewTariff, sessions: Sessions
    ) -> NewTariff:
        """A canteen's price for a meal, from tomorrow on at the earliest."""
        async with sessions.begin() as db:
            canteen = await rulebook.find_canteen(db, data.canteen_id)
            request.user.must_act_for(canteen.agency_id)
            await rulebook.set_tariff(db, canteen, data)
            detail = {"meal": data.meal, "valid_from": str(data.valid_from), "home_fen": data.home_fen}
            await audit.record(db, request.user.login, "set_tariff", f"canteen/{data.canteen_id}", detail)
        return data

    @get("/tariffs/{canteen_id:int}", guards=[access.allows("see_registry")], summary="A canteen's prices")
    async def tariffs(self, canteen_id: NumberInPath, sessions: Sessions) -> list[TariffShown]:
        """Past, present and coming ones; of a meal's prices the one with the latest day up to today holds."""
        async with sessions() as db:
            canteen = await rulebook.find_canteen(db, canteen_id)
            return [
                TariffShown(t.canteen_id, t.meal, t.valid_from, t.home_fen, t.visitor_fen, t.limit_fen)
                for t in await rulebook.tariffs_of(db, canteen)
            ]

    @get("/agreements/{book:int}", guards=[access.allows("see_registry")], summary="A region's agreements")
    async def agreements(self, book: NumberInPath, sessions: Sessions) -> list[AgreementMessage]:
        """Whose officials its canteens receive without a visit, and when."""
        async with sessions() as db:
            found = await rulebook.agreements_of(db, book)
            return [AgreementMessage(a.guest_book, a.valid_from, a.valid_to) for a in found]

    @post("/agreements/{book:int}", guards=[access.allows("set_rules")], summary="Make or end an agreement")
    async def agree(
        self,
        request: Request[access.Person, Any, Any],
        book: NumberInPath,
        data: AgreementMessage,
        sessions: Sessions,
    ) -> AgreementMessage:
        """Receive another region's officials without a visit; the same first day again sets the last day."""
        async with sessions.begin() as db:
            await rulebook.agree(db, book, data)
            detail = {
                "guest_book": data.guest_book,
                "valid_from": str(data.valid_from),
                "valid_to": str(data.valid_to or ""),
            }
            await audit.record(db, request.user.login, "agree", f"book/{book}", detail)
        return data

    @post("/purse-orders", guards=[access.allows("set_purse_order")], summary="Set which purse pays first")
    async def set_purse_order(
        self, request: Request[access.Person, Any, Any], data: PurseOrder, sessions: Sessions
    ) -> PurseOrder:
        """At the agency's own canteens; elsewhere own money alone pays."""
        request.user.must_act_for(data.agency_id)
        async with sessions.begin() as db:
            agency = await find_agency(db, data.agency_id)
            agency.purse_order = data.purse_order
            detail = {"purse_order": data.purse_order}
            await audit.record(db, request.user.login, "set_purse_order", f"agency/{data.agency_id}", detail)
        return data


def _shown(rules: Jurisdiction) -> RulesShown:
    return RulesShown(**{name: getattr(rules, name) for name in RulesShown.__struct_fields__})


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
