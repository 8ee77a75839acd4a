"""HTTP: what is an official's own. Everything stands behind ``callers.is_official`` and is of the caller alone."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, post, put
from litestar.params import Parameter

from foundation.calendar import ZONE
from foundation.keys import KeyRing
from foundation.messages import NumberInPath, as_parameter, form
from foundation.postgres import Pool
from foundation.problems import INVALID, Problem
from foundation.rates import RateLimit
from foundation.turns import IN_TURN
from registry import audit, visits
from registry.lists.listing import PAGE_DEFAULT, PAGE_MAX, WORDS_MAX
from registry.models import Database
from registry.schemas import OwnVisit, VisitEnding
from terminals.receipts import ReceiptShown
from travellers import account, consents, credentials
from travellers.callers import ALSO_SUSPENDED, ALWAYS, ByOfficial, is_official
from travellers.consents import Purpose
from travellers.export import Export, copy_of
from travellers.places import Place, Places, Wanted
from travellers.schemas import (
    ConsentDecision,
    Consents,
    Loss,
    Month,
    Movements,
    MyCredential,
    MyPurses,
    MyVisit,
    PhoneActivationCode,
    PlaceForMe,
)

PLACES_MAX = 100
DAYS_ASKED_MAX = timedelta(days=60)

EXPORTS = RateLimit(2)
"""Each is all that there is, and an entry of the audit log."""

_MONTH = "20[0-9]{2}-(?:0[1-9]|1[0-2])"
MonthName = Annotated[str, form("month", _MONTH), as_parameter(_MONTH)]


class AccountController(Controller):
    """Purses, movements, receipts, visits, cards and phones."""

    path = "/me"
    guards = [is_official]  # noqa: RUF012
    dependencies = IN_TURN
    tags = ["me"]  # noqa: RUF012

    @get("/purses", summary="Get my purses")
    async def purses(self, request: ByOfficial, ledger: Pool) -> MyPurses:
        """Balances, and until when the meal money can be spent."""
        return await account.purses_of(ledger, request.user)

    @get("/movements", summary="List my movements of a month")
    async def movements(
        self,
        request: ByOfficial,
        ledger: Pool,
        month: MonthName,
        canteen_id: Annotated[int | None, Parameter(ge=0, le=2**53 - 1)] = None,
        after: Annotated[str | None, Parameter(max_length=200, description="`next` of the page before.")] = None,
        limit: Annotated[int, Parameter(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT,
    ) -> Movements:
        """Every posting of a month (`2026-11`, by business dates), or those at a canteen; latest first."""
        return await account.movements_of(ledger, request.user, account.days_of(month), canteen_id, after, limit)

    @get("/months", summary="List my months")
    async def months(self, request: ByOfficial, ledger: Pool, first: MonthName, last: MonthName) -> list[Month]:
        """Sums of each month and of each canteen in it, at most of a year; months without a movement are left out."""
        return await account.months_of(ledger, request.user, first, last)

    @get("/receipts/{number:uuid}", summary="Get my receipt")
    async def receipt(self, request: ByOfficial, number: UUID, ledger: Pool, keys: KeyRing) -> ReceiptShown:
        """The signed receipt of an own payment, by its number; its page is `/r/NUMBER`, its PDF `/r/NUMBER/pdf`."""
        return await account.receipt_of(ledger, keys, request.user, number)

    @get("/visits", summary="List my visits")
    async def visits(self, request: ByOfficial, ledger: Pool) -> list[MyVisit]:
        """Visits to host agencies, at most 200, and as many that I registered myself; latest first."""
        return await account.visits_of(ledger, request.user)

    @post("/visits", status_code=204, summary="Register a visit of mine")
    async def register_visit(self, request: ByOfficial, data: OwnVisit, database: Database) -> None:
        """It waits for my agency, and opens nothing until it is confirmed. Sent again it changes nothing.

        It begins within 90 days. Five may wait; their days may have one in common where one ends and another begins.
        """
        days = {"first_day": str(data.first_day), "last_day": str(data.last_day)}
        detail = {"host_agency_id": data.host_agency_id, **days}
        async with audit.change(database, request.user.actor, "register_own_visit", detail=detail) as change:
            asked = await visits.ask_for_visit(change, request.user.holder_id, data)
            change.note.subject = f"visit_request/{asked.number}"

    @delete("/visits/{request_id:uuid}", summary="Withdraw a visit that I registered")
    async def withdraw_visit(self, request: ByOfficial, request_id: UUID, database: Database) -> None:
        """While it waits. What my agency has confirmed is a visit, and is ended."""
        actor = request.user.actor
        async with audit.change(database, actor, "withdraw_own_visit") as change:
            await visits.withdraw(change, request.user.holder_id, actor, request_id)

    @post("/visit-endings", status_code=204, summary="End a visit of mine")
    async def end_visit(self, request: ByOfficial, data: VisitEnding, database: Database) -> None:
        """Before it begins it is no visit any more; while it runs, today is its last day."""
        actor = request.user.actor
        async with audit.change(database, actor, "end_own_visit", f"visit/{data.visit_id}") as change:
            await visits.end_own(change, request.user.holder_id, actor, data.visit_id)

    @get("/credentials", summary="List my cards and phones", opt=ALSO_SUSPENDED)
    async def credentials(self, request: ByOfficial, ledger: Pool) -> list[MyCredential]:
        """Every card and phone that was ever issued for me, latest first."""
        return await credentials.credentials_of(ledger, request.user)

    @post("/credentials/{credential_id:int}/loss", status_code=204, summary="Report my card or phone lost", opt=ALWAYS)
    async def report_lost(
        self, request: ByOfficial, credential_id: NumberInPath, data: Loss, database: Database
    ) -> None:
        """Block it at once: from now on it pays nothing, and within five seconds every till knows. Also when suspended.

        The agency lifts the block, or issues another one, which keeps the history.
        """
        subject, detail = f"credential/{credential_id}", {"blocked": True, "reason": data.reason}
        async with audit.change(database, request.user.actor, "report_lost", subject, detail) as change:
            await credentials.report_lost(change, request.user, credential_id, data.reason)

    @post("/phone-activations", summary="Get a code for my phone")
    async def another_phone(self, request: ByOfficial, database: Database) -> PhoneActivationCode:
        """In a session alone: a one-time code with which a phone gets its certificate. The code before ends.

        Whose phone the agency has blocked gets another one there.
        """
        actor = request.user.actor
        async with audit.change(database, actor, "activate_own_phone", actor) as change:
            return await credentials.another_phone(change, request.user, request.auth)


Latitude = Annotated[float | None, Parameter(ge=-90, le=90, description="Degrees (WGS 84); never stored.")]
Longitude = Annotated[float | None, Parameter(ge=-180, le=180, description="Degrees (WGS 84); never stored.")]


class EatingController(Controller):
    """Where and when I may eat."""

    path = "/me/canteens"
    guards = [is_official]  # noqa: RUF012
    dependencies = IN_TURN
    tags = ["me"]  # noqa: RUF012

    @get("/", summary="Find canteens")
    async def find(
        self,
        request: ByOfficial,
        ledger: Pool,
        places: Places,
        latitude: Latitude = None,
        longitude: Longitude = None,
        book: Annotated[int | None, Parameter(ge=0, le=2**31 - 1, description="A region.")] = None,
        name: Annotated[str | None, Parameter(max_length=WORDS_MAX)] = None,
        open_now: bool = False,
        day: date | None = None,
        limit: Annotated[int, Parameter(ge=1, le=PLACES_MAX)] = 20,
    ) -> list[PlaceForMe]:
        """By distance from a place, or else my agency's and my region's first; with hours, prices, and crowding.

        A place is used for this answer alone, and needs my consent (`nearby`). `name`: a part of a name or address.
        `day`: its meals instead of the next ones, at most 60 days ahead.
        """
        here = await _place(request, ledger, latitude, longitude)
        return await places.find(request.user, Wanted(here, book, name, open_now, _to_come(day), limit))

    @get("/{canteen_id:int}", summary="Get a canteen for me")
    async def canteen(
        self,
        request: ByOfficial,
        canteen_id: NumberInPath,
        ledger: Pool,
        places: Places,
        latitude: Latitude = None,
        longitude: Longitude = None,
        days: Annotated[int, Parameter(ge=1, le=31)] = 7,
    ) -> PlaceForMe:
        """The same of one canteen, with its meals of the coming days."""
        here = await _place(request, ledger, latitude, longitude)
        return await places.get(request.user, canteen_id, days, here)


async def _place(request: ByOfficial, ledger: Pool, latitude: float | None, longitude: float | None) -> Place | None:
    """Where the official is. Raises Problem INVALID (half a place), CONSENT_NEEDED."""
    if latitude is None and longitude is None:
        return None
    if latitude is None or longitude is None:
        raise Problem(INVALID, "eating.half_a_place")
    await consents.must_consent(ledger, request.user, Purpose.NEARBY)
    return Place(latitude, longitude)


def _to_come(day: date | None) -> date | None:
    """Raises Problem(INVALID) for a day that is over or too far ahead."""
    today = datetime.now(ZONE).date()
    if day is not None and not today <= day <= today + DAYS_ASKED_MAX:
        raise Problem(INVALID, "eating.day", first=today, last=today + DAYS_ASKED_MAX)
    return day


class ConsentController(Controller):
    """What is processed of me, what I consented to, and a copy of all."""

    path = "/me"
    guards = [is_official]  # noqa: RUF012
    dependencies = IN_TURN
    tags = ["me"]  # noqa: RUF012

    @get("/consents", summary="See what is processed of me")
    async def consents(self, request: ByOfficial, ledger: Pool) -> Consents:
        """What is processed and on which ground, and each purpose that needs my consent, with its text."""
        return await consents.consents_of(ledger, request.user)

    @get("/export", summary="Download all that is kept of me")
    async def export(self, request: ByOfficial, database: Database, ledger: Pool, keys: KeyRing) -> Response[Export]:
        """One JSON file: name, account, movements, cards and phones, visits, consents, sessions, and who changed what.

        The audit log has an entry. Two a minute.
        """
        actor = request.user.actor
        EXPORTS.count(actor)
        # Read first: who holds one connection must not wait for another.
        copy = await copy_of(database, ledger, keys, request.user)
        async with audit.change(database, actor, "export_own_data", actor):
            pass
        name = {"content-disposition": f'attachment; filename="onecard-{request.user.holder_id}.json"'}
        return Response(copy, headers=name)

    @put("/consents/{purpose:str}", status_code=204, summary="Give or withdraw a consent")
    async def decide(self, request: ByOfficial, purpose: Purpose, data: ConsentDecision, database: Database) -> None:
        """It holds from now on. A consent to an older version of the text is refused (409)."""
        actor, detail = request.user.actor, {"purpose": purpose, "version": data.version, "given": data.given}
        async with audit.change(database, actor, "decide_consent", actor, detail) as change:
            await consents.decide(change, request.user, purpose, data.version, data.given)
