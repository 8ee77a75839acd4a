"""HTTP: the directory of agencies and canteens, registration of officials and visits."""

from datetime import date
from typing import Any

from litestar import Controller, Request, delete, get, post, put
from sqlalchemy import select

from foundation.keys import KeyRing
from foundation.messages import Numbered, NumberInPath
from foundation.postgres import Pool
from registry import access, audit, network, visits
from registry.access import Permission
from registry.canteens import canteen_of
from registry.listings import ListedAgency
from registry.meals import Meal
from registry.members import agency_must_be_active
from registry.models import Agency, Canteen, Database, MealPeriod, Visit
from registry.officials import find_agency, register_officials
from registry.opening import clear_day, days_of, digits_of, must_be_to_come, set_day, set_week, week_of
from registry.schemas import (
    AgencyInfo,
    CanteenInfo,
    DayShown,
    Directory,
    MealInfo,
    Meals,
    MealsShown,
    NewAgency,
    NewCanteen,
    NewOfficials,
    NewVisit,
    Registered,
    SpecialDayWanted,
    VisitRefusal,
    VisitShown,
)

ByPerson = Request[access.Person, Any, Any]
_SEE = [access.allows(Permission.SEE_REGISTRY)]


class RegistryController(Controller):
    """Agencies, canteens, officials and visits."""

    path = "/registry"
    tags = ["registry"]  # noqa: RUF012

    @get("/directory", guards=[access.allows(Permission.SEE_REGISTRY)], summary="List agencies and canteens")
    async def directory(self, database: Database) -> Directory:
        """Every member agency with its canteens and their meals."""
        async with database() as db:
            meals: dict[int, list[MealInfo]] = {}
            for m in await db.scalars(select(MealPeriod).order_by(MealPeriod.starts)):
                info = MealInfo(Meal(m.meal), m.starts.isoformat(), m.ends.isoformat(), [int(w) for w in m.weekdays])
                meals.setdefault(m.canteen_id, []).append(info)
            canteens: dict[int, list[CanteenInfo]] = {}
            for c in await db.scalars(select(Canteen).order_by(Canteen.canteen_id)):
                found = CanteenInfo(c.canteen_id, c.name_zh, c.name_en, meals.get(c.canteen_id, []))
                canteens.setdefault(c.agency_id, []).append(found)
            agencies = await db.scalars(select(Agency).order_by(Agency.agency_id))
            return Directory(
                [AgencyInfo(a.book, a.agency_id, a.name_zh, a.name_en, canteens.get(a.agency_id, [])) for a in agencies]
            )

    @post("/agencies", guards=[access.allows(Permission.ADMINISTER_NETWORK)], summary="Register an agency")
    async def register_agency(
        self, request: Request[access.Person, Any, Any], data: NewAgency, database: Database
    ) -> ListedAgency:
        """An agency of a region, with accounts of its own."""
        detail = {"book": data.book, "name_zh": data.name_zh, "meal_allowance_fen": data.meal_allowance_fen}
        async with audit.change(database, request.user.login, "register_agency", detail=detail) as change:
            agency = await network.add_agency(change.db, data)
            change.note.subject = f"agency/{agency.agency_id}"
            return ListedAgency(**{name: getattr(agency, name) for name in ListedAgency.__struct_fields__})

    @post("/canteens", guards=[access.allows(Permission.ADMINISTER_NETWORK)], summary="Register a canteen")
    async def register_canteen(
        self, request: Request[access.Person, Any, Any], data: NewCanteen, database: Database
    ) -> Numbered:
        """A canteen of an agency, with its meals. Its prices are set next (`POST /settlement/tariffs`)."""
        detail = {"agency_id": data.agency_id, "name_zh": data.name_zh}
        async with audit.change(database, request.user.login, "register_canteen", detail=detail) as change:
            agency = await find_agency(change.db, data.agency_id)
            canteen = await network.add_canteen(change.db, agency, data)
            change.note.subject = f"canteen/{canteen.canteen_id}"
            return Numbered(canteen.canteen_id)

    @get("/canteens/{canteen_id:int}/meals", guards=_SEE, summary="Get a canteen's meals")
    async def meals(self, canteen_id: NumberInPath, ledger: Pool) -> MealsShown:
        """All meals with their hours and weekdays, as they are set."""
        return MealsShown(await week_of(ledger, canteen_id))

    @put(
        "/canteens/{canteen_id:int}/meals",
        status_code=204,
        guards=[access.allows(Permission.SET_MEALS)],
        summary="Set a canteen's meals",
    )
    async def set_meals(
        self, request: Request[access.Person, Any, Any], canteen_id: NumberInPath, data: Meals, database: Database
    ) -> None:
        """All meals with their hours, in the place of those before. No payment is refused outside the hours."""
        hours = {f"{one.meal}/{digits_of(one.weekdays)}": f"{one.starts:%H:%M}-{one.ends:%H:%M}" for one in data.meals}
        subject = f"canteen/{canteen_id}"
        async with audit.change(database, request.user.login, "set_meals", subject, hours) as change:
            canteen = await canteen_of(change.db, request.user, canteen_id)
            await set_week(change.db, canteen, data.meals)

    @get("/canteens/{canteen_id:int}/days", guards=_SEE, summary="List what a canteen serves from day to day")
    async def days(self, canteen_id: NumberInPath, first: date, last: date, ledger: Pool) -> list[DayShown]:
        """By its week, holidays and special days; at most 400 days."""
        return await days_of(ledger, canteen_id, first, last)

    @get("/canteens/{canteen_id:int}/days/{day:date}", guards=_SEE, summary="Get what a canteen serves on a day")
    async def day(self, canteen_id: NumberInPath, day: date, ledger: Pool) -> DayShown:
        """The meals with their hours; none: it is closed."""
        [shown] = await days_of(ledger, canteen_id, day, day)
        return shown

    @put(
        "/canteens/{canteen_id:int}/days/{day:date}",
        status_code=204,
        guards=[access.allows(Permission.SET_MEALS)],
        summary="Set a special day of a canteen",
    )
    async def set_day(
        self, request: ByPerson, canteen_id: NumberInPath, day: date, data: SpecialDayWanted, database: Database
    ) -> None:
        """What it serves on that day in the place of its week's meals; nothing: it is closed. Not for days before."""
        hours = {one.meal.value: f"{one.starts:%H:%M}-{one.ends:%H:%M}" for one in data.meals}
        detail = {"day": str(day), "meals": hours, "reason": data.reason}
        async with audit.change(
            database, request.user.login, "set_special_day", f"canteen/{canteen_id}", detail
        ) as change:
            canteen = await canteen_of(change.db, request.user, canteen_id)
            must_be_to_come(day)
            await set_day(change.db, canteen, day, data.meals, data.reason)

    @delete(
        "/canteens/{canteen_id:int}/days/{day:date}",
        guards=[access.allows(Permission.SET_MEALS)],
        summary="Take back a special day of a canteen",
    )
    async def clear_day(self, request: ByPerson, canteen_id: NumberInPath, day: date, database: Database) -> None:
        """Its week holds on that day again. Not for days before."""
        detail = {"day": str(day)}
        async with audit.change(
            database, request.user.login, "clear_special_day", f"canteen/{canteen_id}", detail
        ) as change:
            canteen = await canteen_of(change.db, request.user, canteen_id)
            must_be_to_come(day)
            await clear_day(change.db, canteen, day)

    @post("/officials", guards=[access.allows(Permission.REGISTER_OFFICIAL)], summary="Register officials")
    async def register(
        self,
        request: Request[access.Person, Any, Any],
        data: NewOfficials,
        database: Database,
        keys: KeyRing,
    ) -> Registered:
        """Register officials of one agency; all of them or none."""
        person = request.user
        person.must_act_for(data.agency_id)
        async with audit.change(database, person.login, "register_official", f"agency/{data.agency_id}") as change:
            agency = await find_agency(change.db, data.agency_id)
            await agency_must_be_active(change.db, agency)
            officials = await register_officials(change.db, keys, agency, data.officials)
            holder_ids = [official.holder_id for official in officials]
            change.note.detail = {"holders": len(holder_ids), "first": holder_ids[0]}
        return Registered(agency.book, holder_ids)

    @post("/visits", guards=[access.allows(Permission.REGISTER_VISIT)], summary="Register a visit")
    async def register_visit(
        self, request: Request[access.Person, Any, Any], data: NewVisit, database: Database
    ) -> VisitShown:
        """An official's visit to a host agency: entitles to eat there, and to one meal that the host pays."""
        detail = {"holder_id": data.holder_id, "host_agency_id": data.host_agency_id}
        async with audit.change(database, request.user.login, "register_visit", detail=detail) as change:
            visit = await visits.register_visit(change.db, request.user, data)
            change.note.subject = f"visit/{visit.visit_id}"
        return _shown(visit)

    @post(
        "/visit-requests/{number:int}/confirmation",
        status_code=200,
        guards=[access.allows(Permission.REGISTER_VISIT), access.by_people],
        summary="Confirm a visit that an official registered himself",
    )
    async def confirm_visit(self, request: ByPerson, number: NumberInPath, database: Database) -> VisitShown:
        """From then on it is a visit like any other."""
        async with audit.change(database, request.user.login, "confirm_visit", f"visit_request/{number}") as change:
            visit = await visits.confirm(change, request.user, number)
            change.note.detail = {"visit_id": visit.visit_id}
        return _shown(visit)

    @post(
        "/visit-requests/{number:int}/refusal",
        status_code=204,
        guards=[access.allows(Permission.REGISTER_VISIT), access.by_people],
        summary="Refuse a visit that an official registered himself",
    )
    async def refuse_visit(
        self, request: ByPerson, number: NumberInPath, data: VisitRefusal, database: Database
    ) -> None:
        """He reads the reason, and may register another one."""
        detail = {"reason": data.reason}
        async with audit.change(
            database, request.user.login, "refuse_visit", f"visit_request/{number}", detail
        ) as change:
            await visits.refuse(change, request.user, number, data.reason)

    @post(
        "/visits/{visit_id:int}/ending",
        status_code=204,
        guards=[access.allows(Permission.REGISTER_VISIT), access.by_people],
        summary="End a visit",
    )
    async def end_visit(
        self, request: ByPerson, visit_id: NumberInPath, data: VisitRefusal, database: Database
    ) -> None:
        """Before it begins it is no visit any more; while it runs, today is its last day. The reason is kept."""
        async with audit.change(database, request.user.login, "end_visit", f"visit/{visit_id}") as change:
            await visits.end_by_agency(change, request.user, visit_id, data.reason)


def _shown(visit: Visit) -> VisitShown:
    return VisitShown(visit.visit_id, visit.holder_id, visit.host_agency_id, visit.first_day, visit.last_day)
