"""HTTP: prices, region rules and agreements by date."""

from datetime import date
from typing import Annotated, Any

from litestar import Controller, Request, get, post, put
from litestar.params import Parameter

from foundation.messages import NumberInPath, SmallNumberInPath, as_parameter, form
from foundation.postgres import Pool
from registry import access, audit, person_classes
from registry.access import Permission
from registry.identifiers import Book
from registry.models import Database
from registry.officials import find_agency
from registry.schemas import CLASS_CODE, NewPersonClass, PersonClassShown
from registry.states import ClassPrice
from settlement import class_rules, region_rules
from settlement.models import RegionRulesRow
from settlement.prices import prices_of
from settlement.schemas import (
    AgreementMessage,
    ClassRules,
    DayPrices,
    NewPurseOrder,
    NewRules,
    NewTariff,
    RulesShown,
)

ClassCode = Annotated[str, form("person_class", CLASS_CODE), as_parameter(CLASS_CODE)]


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

    @get("/class-rules/{book:int}", guards=[access.allows(Permission.SEE_REGISTRY)], summary="List rules of classes")
    async def list_class_rules(self, book: SmallNumberInPath, database: Database) -> list[ClassRules]:
        """A region's rules of person classes, past and future. A class without any eats as officials do."""
        async with database() as db:
            return [
                ClassRules(
                    row.person_class, row.valid_from, row.eats_at_home, row.eats_elsewhere, ClassPrice(row.price)
                )
                for row in await class_rules.class_rules_of(db, book)
            ]

    @post("/class-rules/{book:int}", guards=[access.allows(Permission.SET_RULES)], summary="Set rules of a class")
    async def set_class_rules(
        self, request: Request[access.Person, Any, Any], book: SmallNumberInPath, data: ClassRules, database: Database
    ) -> ClassRules:
        """What people of a class may do and pay from a day on; another price from tomorrow on at the earliest."""
        detail = {name: str(getattr(data, name)) for name in data.__struct_fields__}
        async with audit.change(database, request.user.login, "set_class_rules", f"book/{book}", detail) as change:
            await class_rules.set_class_rules(change.db, book, data)
        return data

    @get("/person-classes", guards=[access.allows(Permission.SEE_REGISTRY)], summary="List person classes")
    async def list_person_classes(self, database: Database) -> list[PersonClassShown]:
        """The kinds of people who eat at canteens."""
        async with database() as db:
            found = await person_classes.person_classes(db)
            return [PersonClassShown(one.code, one.name_zh, one.name_en) for one in found]

    @put(
        "/person-classes/{code:str}",
        status_code=204,
        guards=[access.allows(Permission.ADMINISTER_NETWORK)],
        summary="Set a person class",
    )
    async def set_person_class(
        self, request: Request[access.Person, Any, Any], code: ClassCode, data: NewPersonClass, database: Database
    ) -> None:
        """Add a class, or name it otherwise. None is ever removed."""
        detail = {"name_zh": data.name_zh, "name_en": data.name_en}
        subject = f"person_class/{code}"
        async with audit.change(database, request.user.login, "set_person_class", subject, detail) as change:
            await person_classes.set_person_class(change.db, code, data)

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
        "/canteens/{canteen_id:int}/prices",
        guards=[access.allows(Permission.SEE_REGISTRY)],
        summary="List what each class pays from day to day",
    )
    async def prices(
        self,
        canteen_id: NumberInPath,
        first: date,
        last: date,
        database: Database,
        ledger: Pool,
        guest_book: Annotated[Book | None, Parameter(ge=1, le=2**31 - 1)] = None,
    ) -> list[DayPrices]:
        """By the rules of the charge, meal by meal; at most 31 days. `guest_book`: the visitors' region."""
        async with database() as db:
            canteen = await region_rules.find_canteen(db, canteen_id)
        return await prices_of(ledger, canteen, first, last, guest_book)

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
