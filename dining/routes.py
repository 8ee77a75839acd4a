"""HTTP: menus and how meals are booked, for canteens; menus for everybody."""

import asyncio
import hashlib
from datetime import UTC, date, datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post, put
from litestar.params import Parameter
from msgspec import json

from dining.bookings import numbers_of
from dining.menu_files import menus_of, template
from dining.menus import MenuKey, Menus, changes_of, copied, menu_of, menus_for_all, publish, version_of
from dining.schemas import (
    MealNumbers,
    MealTerms,
    MenuCopy,
    MenuKept,
    MenusCopied,
    MenuShown,
    MenusImported,
    NewMenu,
    Terms,
)
from dining.terms import set_terms, terms_of
from foundation.aside import Aside
from foundation.attachments import received
from foundation.calendar import ZONE
from foundation.catalogue import language_of
from foundation.messages import NumberInPath
from foundation.postgres import Pool
from foundation.problems import NOT_FOUND, Problem
from foundation.table_files import FILE_BYTES_MAX, read_table
from foundation.turns import IN_TURN
from registry import access, audit
from registry.access import Permission
from registry.canteens import canteen_of, canteens_numbered, canteens_of
from registry.lists.files import WRITERS
from registry.meals import Meal
from registry.members import canteen_must_be_active
from registry.models import Canteen, Database
from registry.opening import openings

ByPerson = Request[access.Person, Any, Any]
XLSX = WRITERS["xlsx"].media_type
_CHANGE = [access.allows(Permission.SET_MEALS)]
_SEE = [access.allows(Permission.SEE_REGISTRY)]

WEEK_DAYS = 7
FRESH_S = 60
"""How long a copy of a menu may be shown without asking for it again."""


class MenuController(Controller):
    """Menus, by the people of a canteen."""

    path = "/dining"
    tags = ["dining"]  # noqa: RUF012

    @put("/canteens/{canteen_id:int}/menus/{day:date}/{meal:str}", guards=_CHANGE, summary="Publish a menu of a meal")
    async def publish_menu(
        self, request: ByPerson, canteen_id: NumberInPath, day: date, meal: Meal, data: NewMenu, database: Database
    ) -> MenuKept:
        """All its dishes, in the place of those before, until the meal ends. Each change is a version; all are kept."""
        key = MenuKey(canteen_id, day, meal)
        async with audit.change(database, request.user.login, "publish_menu", f"canteen/{canteen_id}") as change:
            canteen = await canteen_of(change.db, request.user, canteen_id)
            await canteen_must_be_active(change.db, canteen)
            connection, now = await change.connection(), datetime.now(UTC)
            changes = await changes_of(connection, {key: data.dishes}, now)
            versions = await publish(connection, {canteen_id: canteen}, changes, request.user.login, now)
            change.is_repeat = not versions
            change.note.detail = {
                "date": str(day),
                "meal": meal,
                "dishes": len(data.dishes),
                "version": versions.get(key),
            }
            version = versions.get(key) or await version_of(connection, canteen, key)
        return MenuKept(version)

    @get("/canteens/{canteen_id:int}/menus/{day:date}/{meal:str}", guards=_SEE, summary="Get the menu of a meal")
    async def menu(
        self,
        canteen_id: NumberInPath,
        day: date,
        meal: Meal,
        database: Database,
        ledger: Pool,
        version: Annotated[int | None, Parameter(ge=1, le=2**31 - 1, description="As it was then.")] = None,
    ) -> MenuShown:
        """As it holds now, or as it was in a version."""
        return await menu_of(ledger, await _canteen(database, canteen_id), day, meal, version)

    @post("/canteens/{canteen_id:int}/menu-copies", guards=_CHANGE, summary="Copy menus to other days", status_code=200)
    async def copy_menus(
        self, request: ByPerson, canteen_id: NumberInPath, data: MenuCopy, database: Database
    ) -> MenusCopied:
        """Of a day or a week. Meals that have a menu keep it, and what is not served then is left out."""
        detail: dict[str, Any] = {"source": str(data.source), "first": str(data.first), "days": data.days}
        async with audit.change(database, request.user.login, "copy_menus", f"canteen/{canteen_id}", detail) as change:
            canteen = await canteen_of(change.db, request.user, canteen_id)
            await canteen_must_be_active(change.db, canteen)
            connection, now = await change.connection(), datetime.now(UTC)
            menus, left_out = await copied(connection, canteen, data, now)
            await publish(connection, {canteen_id: canteen}, menus, request.user.login, now)
            change.is_repeat, change.note.detail["menus"] = not menus, len(menus)
        return MenusCopied(len(menus), left_out)

    @post(
        "/menu-files",
        guards=_CHANGE,
        summary="Publish menus by a file",
        request_max_body_size=FILE_BYTES_MAX,
        status_code=200,
    )
    async def publish_file(
        self,
        request: ByPerson,
        database: Database,
        ledger: Pool,
        documents: Aside,
        dry_run: Annotated[bool, Parameter(query="dry-run", description="Compare, and change nothing.")] = False,
    ) -> MenusImported:
        """A CSV or XLSX file with a row for each dish: every row is taken, or none.

        The first line names the columns, in Chinese or English: date, canteen, meal, name and kind of the dish, and
        more where known. The rows of a meal are its whole menu. A refusal lists every wrong row with column and reason.
        """
        async with received(request) as file:
            table, sha256 = await documents.run(read_table, file.path, caller=request.user.login), file.sha256
        now = datetime.now(UTC)
        async with database() as db:
            canteens = await canteens_of(db, request.user)
        menus = menus_of(table, canteens, await openings(ledger, canteens), now)
        dishes = sum(map(len, menus.values()))
        if dry_run:
            async with ledger.acquire() as connection:
                return MenusImported(len(menus), dishes, len(await changes_of(connection, menus, now)))
        detail = {"sha256": sha256, "canteens": sorted({key.canteen_id for key in menus}), "dishes": dishes}
        return MenusImported(len(menus), dishes, await _publish_all(database, request.user, canteens, menus, detail))

    @get("/menu-template.xlsx", guards=_SEE, summary="Download a template of menus", media_type=XLSX)
    async def download_template(self, request: ByPerson) -> Response[bytes]:
        """A workbook to fill in, with drop-downs and notes, in the language that the request prefers."""
        language = language_of(request.headers.get("accept-language"))
        headers = {
            "content-disposition": 'attachment; filename="menu-template.xlsx"',
            "content-language": language.tag,
            "vary": "accept-language",
        }
        return Response(await asyncio.to_thread(template, language), media_type=XLSX, headers=headers)


async def _publish_all(
    database: Database, person: access.Person, canteens: dict[int, Canteen], menus: Menus, detail: dict[str, Any]
) -> int:
    """Publish the menus of a file; how many differ from what was there."""
    async with audit.change(
        database, person.login, "publish_menus", f"agency/{person.agency_id or 0}", detail
    ) as change:
        connection, now = await change.connection(), datetime.now(UTC)
        changes = await changes_of(connection, menus, now)
        await publish(connection, canteens, changes, person.login, now)
        change.is_repeat, change.note.detail["changed"] = not changes, len(changes)
    return len(changes)


async def _canteen(database: Database, canteen_id: int) -> Canteen:
    async with database() as db:
        canteen = (await canteens_numbered(db, [canteen_id])).get(canteen_id)
    if canteen is None:
        raise Problem(NOT_FOUND, "canteen.not_found", canteen_id=canteen_id)
    return canteen


class BookingController(Controller):
    """Bookings of meals, by the people of a canteen."""

    path = "/dining/canteens"
    tags = ["dining"]  # noqa: RUF012

    @get("/{canteen_id:int}/booking-terms", guards=_SEE, summary="List how a canteen's meals are booked")
    async def terms(self, canteen_id: NumberInPath, database: Database, ledger: Pool) -> list[MealTerms]:
        """Until how many minutes before the meal, and how many at most."""
        return list((await terms_of(ledger, await _canteen(database, canteen_id))).values())

    @put(
        "/{canteen_id:int}/booking-terms/{meal:str}",
        status_code=204,
        guards=_CHANGE,
        summary="Set how a canteen's meal is booked",
    )
    async def set_terms(
        self, request: ByPerson, canteen_id: NumberInPath, meal: Meal, data: Terms, database: Database
    ) -> None:
        """From now on. What is booked stays, also above a smaller capacity."""
        detail = {"meal": meal, "cut_off_min": data.cut_off_min, "capacity": data.capacity}
        async with audit.change(
            database, request.user.login, "set_booking_terms", f"canteen/{canteen_id}", detail
        ) as change:
            canteen = await canteen_of(change.db, request.user, canteen_id)
            await set_terms(await change.connection(), canteen, meal, data)

    @get(
        "/{canteen_id:int}/bookings/{day:date}",
        guards=[access.allows(Permission.SEE_BOOKINGS)],
        summary="Count the bookings of a canteen's day",
    )
    async def numbers(
        self, request: ByPerson, canteen_id: NumberInPath, day: date, database: Database, ledger: Pool
    ) -> list[MealNumbers]:
        """By meal: booked, reported out, and how many came, once the covers of the day are counted."""
        async with database() as db:
            canteen = await canteen_of(db, request.user, canteen_id)
        return await numbers_of(ledger, canteen, day, datetime.now(UTC))


class PublicMenuController(Controller):
    """Menus for everybody."""

    path = "/public/canteens/{canteen_id:int}/menus"
    tags = ["dining"]  # noqa: RUF012
    dependencies = IN_TURN

    @get("/", summary="Show a canteen's menus of the coming week")
    async def week(
        self, request: Request[Any, Any, Any], canteen_id: NumberInPath, database: Database, ledger: Pool
    ) -> Response[bytes]:
        """From today on. No sign-in; an answer has an ETag and may be kept for a minute."""
        today = datetime.now(ZONE).date()
        return await _shown_to_all(request, database, ledger, canteen_id, today, WEEK_DAYS)

    @get("/{day:date}", summary="Show a canteen's menus of a day")
    async def day(
        self, request: Request[Any, Any, Any], canteen_id: NumberInPath, day: date, database: Database, ledger: Pool
    ) -> Response[bytes]:
        """The same of one day."""
        return await _shown_to_all(request, database, ledger, canteen_id, day, 1)


async def _shown_to_all(
    request: Request[Any, Any, Any], database: Database, ledger: Pool, canteen_id: int, first: date, days: int
) -> Response[bytes]:
    """RFC 9110 section 13.1.2: 304 for who has it already."""
    canteen = await _canteen(database, canteen_id)
    body = json.encode(await menus_for_all(ledger, canteen, first, days))
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": f"public, max-age={FRESH_S}"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if etag in known or "*" in known:
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
