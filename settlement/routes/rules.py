"""HTTP: prices, rules and agreements by date."""

from typing import Any

from litestar import Controller, Request, get, post

from foundation.messages import NumberInPath
from registry import access, audit
from registry.models import Database
from registry.officials import find_agency
from settlement import region_rules
from settlement.models import RegionRulesRow
from settlement.schemas import (
    AgreementMessage,
    NewRules,
    NewTariff,
    PurseOrder,
    RulesShown,
    TariffShown,
)


class RuleController(Controller):
    """Prices and rules, by date."""

    path = "/settlement"
    tags = ["rules"]  # noqa: RUF012

    @get("/rules/{book:int}", guards=[access.allows("see_registry")], summary="A region's rules today")
    async def rules(self, book: NumberInPath, database: Database) -> RulesShown:
        """The rules in force."""
        async with database() as db:
            return _shown(await region_rules.rules_in_force(db, book, region_rules.today()))

    @post("/rules/{book:int}", guards=[access.allows("set_rules")], summary="Change a region's rules")
    async def change_rules(
        self, request: Request[access.Person, Any, Any], book: NumberInPath, data: NewRules, database: Database
    ) -> RulesShown:
        """Rules from a day on; payments of earlier days keep theirs."""
        async with database.begin() as db:
            changed = await region_rules.change_rules(db, book, data)
            detail = {name: str(value) for name, value in data.given().items()}
            await audit.record(db, audit.Note(request.user.login, "change_rules", f"book/{book}", detail))
            return _shown(changed)

    @post("/tariffs", guards=[access.allows("set_tariff")], summary="Set a price")
    async def set_tariff(
        self, request: Request[access.Person, Any, Any], data: NewTariff, database: Database
    ) -> NewTariff:
        """A canteen's price for a meal, from tomorrow on at the earliest."""
        async with database.begin() as db:
            canteen = await region_rules.find_canteen(db, data.canteen_id)
            request.user.must_act_for(canteen.agency_id)
            await region_rules.set_tariff(db, canteen, data)
            detail = {"meal": data.meal, "valid_from": str(data.valid_from), "home_fen": data.home_fen}
            await audit.record(db, audit.Note(request.user.login, "set_tariff", f"canteen/{data.canteen_id}", detail))
        return data

    @get("/tariffs/{canteen_id:int}", guards=[access.allows("see_registry")], summary="A canteen's prices")
    async def tariffs(self, canteen_id: NumberInPath, database: Database) -> list[TariffShown]:
        """Past, present and coming ones; of a meal's prices the one with the latest day up to today holds."""
        async with database() as db:
            canteen = await region_rules.find_canteen(db, canteen_id)
            return [
                TariffShown(t.canteen_id, t.meal, t.valid_from, t.home_fen, t.visitor_fen, t.limit_fen)
                for t in await region_rules.tariffs_of(db, canteen)
            ]

    @get("/agreements/{book:int}", guards=[access.allows("see_registry")], summary="A region's agreements")
    async def agreements(self, book: NumberInPath, database: Database) -> list[AgreementMessage]:
        """Whose officials its canteens receive without a visit, and when."""
        async with database() as db:
            found = await region_rules.agreements_of(db, book)
            return [AgreementMessage(a.guest_book, a.valid_from, a.valid_to) for a in found]

    @post("/agreements/{book:int}", guards=[access.allows("set_rules")], summary="Make or end an agreement")
    async def agree(
        self,
        request: Request[access.Person, Any, Any],
        book: NumberInPath,
        data: AgreementMessage,
        database: Database,
    ) -> AgreementMessage:
        """Receive another region's officials without a visit; the same first day again sets the last day."""
        async with database.begin() as db:
            await region_rules.agree(db, book, data)
            detail = {
                "guest_book": data.guest_book,
                "valid_from": str(data.valid_from),
                "valid_to": str(data.valid_to or ""),
            }
            await audit.record(db, audit.Note(request.user.login, "agree", f"book/{book}", detail))
        return data

    @post("/purse-orders", guards=[access.allows("set_purse_order")], summary="Set which purse pays first")
    async def set_purse_order(
        self, request: Request[access.Person, Any, Any], data: PurseOrder, database: Database
    ) -> PurseOrder:
        """At the agency's own canteens; elsewhere own money alone pays."""
        request.user.must_act_for(data.agency_id)
        async with database.begin() as db:
            agency = await find_agency(db, data.agency_id)
            agency.purse_order = data.purse_order
            detail = {"purse_order": data.purse_order}
            await audit.record(
                db, audit.Note(request.user.login, "set_purse_order", f"agency/{data.agency_id}", detail)
            )
        return data


def _shown(rules: RegionRulesRow) -> RulesShown:
    return RulesShown(**{name: getattr(rules, name) for name in RulesShown.__struct_fields__})
