"""HTTP: console sign-in, the directory of the network, registration of officials."""

from typing import Any

from litestar import Controller, Request, delete, get, post
from redis.asyncio import Redis
from sqlalchemy import select

from foundation.keys import KeyRing
from foundation.tries import count_try
from registry import access, audit, visits
from registry.models import Agency, Canteen, Database, MealPeriod
from registry.officials import find_agency, register_officials
from registry.schemas import (
    AgencyInfo,
    CanteenInfo,
    Directory,
    MealInfo,
    NewOfficials,
    NewVisit,
    Registered,
    SignedIn,
    SignIn,
    VisitShown,
)


class ConsoleController(Controller):
    """Signing in and out at the console."""

    path = "/console/sessions"
    tags = ["console"]  # noqa: RUF012

    @post(summary="Sign in")
    async def sign_in(self, data: SignIn, database: Database, redis: Redis) -> SignedIn:
        """Check a log-in and open a session of 12 hours."""
        await count_try(redis, f"console:{data.login}")
        async with database.begin() as db:
            token, user = await access.sign_in(db, data.login, data.password)
            await audit.record(db, audit.Note(user.login, "sign_in", f"console_user/{user.user_id}"))
        return SignedIn(token, user.role, user.agency_id)

    @delete("/current", summary="Sign out")
    async def sign_out(self, request: Request[Any, Any, Any], database: Database) -> None:
        """End the session of the bearer token."""
        async with database.begin() as db:
            await access.sign_out(db, access.bearer_token(request))


class RegistryController(Controller):
    """Who is in the network."""

    path = "/registry"
    tags = ["registry"]  # noqa: RUF012

    @get("/directory", guards=[access.allows("see_registry")], summary="Agencies and canteens")
    async def directory(self, database: Database) -> Directory:
        """Every member agency with its canteens and meals."""
        async with database() as db:
            meals: dict[int, list[MealInfo]] = {}
            for m in await db.scalars(select(MealPeriod).order_by(MealPeriod.starts)):
                info = MealInfo(m.meal, m.starts.isoformat(), m.ends.isoformat())
                meals.setdefault(m.canteen_id, []).append(info)
            canteens: dict[int, list[CanteenInfo]] = {}
            for c in await db.scalars(select(Canteen).order_by(Canteen.canteen_id)):
                found = CanteenInfo(c.canteen_id, c.name_zh, c.name_en, meals.get(c.canteen_id, []))
                canteens.setdefault(c.agency_id, []).append(found)
            agencies = await db.scalars(select(Agency).order_by(Agency.agency_id))
            return Directory(
                [AgencyInfo(a.book, a.agency_id, a.name_zh, a.name_en, canteens.get(a.agency_id, [])) for a in agencies]
            )

    @post("/officials", guards=[access.allows("register_official")], summary="Register officials")
    async def register(
        self,
        request: Request[access.Person, Any, Any],
        data: NewOfficials,
        database: Database,
        keys: KeyRing,
    ) -> Registered:
        """Register officials of one agency; all or none."""
        request.user.must_act_for(data.agency_id)
        async with database.begin() as db:
            agency = await find_agency(db, data.agency_id)
            officials = await register_officials(db, keys, agency, data.officials)
            holder_ids = [official.holder_id for official in officials]
            await audit.record(
                db,
                audit.Note(
                    request.user.login,
                    "register_official",
                    f"agency/{agency.agency_id}",
                    {"holders": len(holder_ids), "first": holder_ids[0]},
                ),
            )
            return Registered(agency.book, holder_ids)

    @post("/visits", guards=[access.allows("register_visit")], summary="Register a visit")
    async def register_visit(
        self, request: Request[access.Person, Any, Any], data: NewVisit, database: Database
    ) -> VisitShown:
        """An official's visit to a host: he may eat there, and once as its guest."""
        async with database.begin() as db:
            visit = await visits.register_visit(db, request.user, data)
            detail = {"holder_id": data.holder_id, "host_agency_id": data.host_agency_id}
            await audit.record(db, audit.Note(request.user.login, "register_visit", f"visit/{visit.visit_id}", detail))
            return VisitShown(visit.visit_id, visit.holder_id, visit.host_agency_id, visit.first_day, visit.last_day)
