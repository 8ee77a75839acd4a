"""HTTP: prices, region rules and agreements by date."""

from typing import Any

from litestar import Controller, Request, get, post

from foundation.messages import NumberInPath, SmallNumberInPath
from registry import access, audit
from registry.access import Permission
from registry.meals import Meal
from registry.models import Database
from registry.officials import find_agency
from settlement import region_rules
from settlement.models import RegionRulesRow
from settlement.schemas import AgreementMessage, NewPurseOrder, NewRules, NewTariff, RulesShown, TariffShown


class RuleController(Controller):
    """Prices, region rules and agreements, by date."""

    path = "/settlement"
    tags = ["rules"]  # noqa: RUF012

    @get("/rules/{book:int}", guards=[access.allows(Permission.SEE_REGISTRY)], summary="Get a region's rules")
    async def rules(self, book: SmallNumberInPath, database: Database) -> RulesShown:
        """The rules that are valid today."""
        async with database() as db:
            return _shown(await region_rules.rules_in_force(db, book, region_rules.today()))

    @post("/rules/{book:int}", guards=[access.allows(Permission.SET_RULES)], summary="Change a region's rules")
    async def change_rules(
        self, request: Request[access.Person, Any, Any], book: SmallNumberInPath, data: NewRules, database: Database
    ) -> RulesShown:
        """Rules from a day on; payments of earlier days keep theirs."""
        detail = {name: str(value) for name, value in data.given().items()}
        async with audit.change(database, request.user.login, "change_rules", f"book/{book}", detail) as change:
            return _shown(await region_rules.change_rules(change.db, book, data))

    @post("/tariffs", guards=[access.allows(Permission.SET_TARIFF)], summary="Set a price")
    async def set_tariff(
        self, request: Request[access.Person, Any, Any], data: NewTariff, database: Database
    ) -> NewTariff:
        """A canteen's price for a meal, from tomorrow on at the earliest."""
        person, subject = request.user, f"canteen/{data.canteen_id}"
        detail = {"meal": data.meal.value, "valid_from": str(data.valid_from), "home_fen": data.home_fen}
        async with audit.change(database, person.login, "set_tariff", subject, detail) as change:
            canteen = await region_rules.find_canteen(change.db, data.canteen_id)
            person.must_act_for(canteen.agency_id)
            await region_rules.set_tariff(change.db, canteen, data)
        return data

    @get(
        "/tariffs/{canteen_id:int}", guards=[access.allows(Permission.SEE_REGISTRY)], summary="List a canteen's prices"
    )
    async def tariffs(self, canteen_id: NumberInPath, database: Database) -> list[TariffShown]:
        """Past, present and future prices; of a meal's prices the latest one up to today is valid."""
        async with database() as db:
            canteen = await region_rules.find_canteen(db, canteen_id)
            return [
                TariffShown(t.canteen_id, Meal(t.meal), t.valid_from, t.home_fen, t.visitor_fen, t.limit_fen)
                for t in await region_rules.tariffs_of(db, canteen)
            ]

    @get(
        "/agreements/{book:int}", guards=[access.allows(Permission.SEE_REGISTRY)], summary="List a region's agreements"
    )
    async def agreements(self, book: SmallNumberInPath, database: Database) -> list[AgreementMessage]:
        """The regions whose officials its canteens receive without a visit, with the periods."""
        async with database() as db:
            found = await region_rules.agreements_of(db, book)
            return [AgreementMessage(a.guest_book, a.valid_from, a.valid_to) for a in found]

    @post("/agreements/{book:int}", guards=[access.allows(Permission.SET_RULES)], summary="Add or end an agreement")
    async def agree(
        self,
        request: Request[access.Person, Any, Any],
        book: SmallNumberInPath,
        data: AgreementMessage,
        database: Database,
    ) -> AgreementMessage:
        """Receive another region's officials without a visit; the same first day again sets the last day."""
        detail = {
            "guest_book": data.guest_book,
            "valid_from": str(data.valid_from),
            "valid_to": str(data.valid_to or ""),
        }
        async with audit.change(database, request.user.login, "agree", f"book/{book}", detail) as change:
            await region_rules.agree(change.db, book, data)
        return data

    @post("/purse-orders", guards=[access.allows(Permission.SET_PURSE_ORDER)], summary="Set which purse pays first")
    async def set_purse_order(
        self, request: Request[access.Person, Any, Any], data: NewPurseOrder, database: Database
    ) -> NewPurseOrder:
        """Applies at the agency's own canteens; elsewhere only the cash purse pays."""
        person, subject = request.user, f"agency/{data.agency_id}"
        person.must_act_for(data.agency_id)
        detail = {"purse_order": data.purse_order.value}
        async with audit.change(database, person.login, "set_purse_order", subject, detail) as change:
            agency = await find_agency(change.db, data.agency_id)
            agency.purse_order = data.purse_order
        return data


def _shown(rules: RegionRulesRow) -> RulesShown:
    return RulesShown(**{name: getattr(rules, name) for name in RulesShown.__struct_fields__})
