"""Menus: what a canteen serves at a meal, dish by dish.

A menu is published, and may be changed until its meal ends. Each change makes a version; earlier ones are kept. Prices
of dishes inform: what is paid is the canteen's tariff.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import asyncpg
from msgspec import convert, structs

from dining.schemas import CanteenMenus, DayMenu, Dish, MealMenu, MenuCopy, MenuShown
from dining.vocabulary import Allergen, Mark
from foundation.calendar import ZONE
from foundation.named_sql import load_queries
from foundation.postgres import Connection, Pool
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.identifiers import CanteenId
from registry.meals import Meal
from registry.models import Canteen
from registry.opening import DAYS_MAX, Opening, openings

QUERIES = load_queries(Path(__file__).parent / "sql" / "menus.sql")

DAYS_AHEAD = timedelta(days=92)
"""A menu is published at most so long before its meal: a quarter."""

COLUMNS = ("name_zh", "name_en", "kind", "portions", "allergens", "allergen_note", "marks", "price_fen", "kcal")
"""Of a dish, as ``add_dish`` takes them."""


class MenuKey(NamedTuple):
    """A canteen's meal."""

    canteen_id: int
    business_date: date
    meal: Meal


Menus = Mapping[MenuKey, Sequence[Dish]]


def must_be_open(key: MenuKey, opening: Opening, now: datetime) -> None:
    """Raise Problem INVALID (the meal is not served then, or too far away), CONFLICT (it has ended)."""
    if key.business_date > now.astimezone(ZONE).date() + DAYS_AHEAD:
        last = now.astimezone(ZONE).date() + DAYS_AHEAD
        raise Problem(INVALID, "menu.too_early", day=key.business_date, last=last)
    hours = next((one for one in opening.on(key.business_date).meals if one.meal == key.meal), None)
    if hours is None:
        raise Problem(INVALID, "menu.not_served", day=key.business_date)
    if datetime.combine(key.business_date, hours.ends, ZONE) <= now:
        raise Problem(CONFLICT, "menu.over", day=key.business_date, ends=hours.ends.strftime("%H:%M"))


def must_differ(dishes: Sequence[Dish]) -> None:
    """Raise Problem(INVALID) for a menu with a dish that stands twice."""
    names = [dish.name_zh for dish in dishes]
    for name in names:
        if names.count(name) > 1:
            raise Problem(INVALID, "menu.dish_twice", name=name)


async def changes_of(connection: Connection, menus: Menus, now: datetime) -> dict[MenuKey, list[Dish]]:
    """The menus that differ from what is there. Raises Problem as ``must_be_open`` and ``must_differ``."""
    open_at = await openings(connection, {key.canteen_id for key in menus})
    for key, dishes in menus.items():
        must_be_open(key, open_at[key.canteen_id], now)
        must_differ(dishes)
    before = await published(connection, list(menus))
    tidied = {key: [_tidied(dish) for dish in dishes] for key, dishes in menus.items()}
    return {key: dishes for key, dishes in tidied.items() if before.get(key) != dishes}


def _tidied(dish: Dish) -> Dish:
    """The dish with each allergen and mark once, in the order of the vocabulary."""
    allergens = [one for one in Allergen if one in dish.allergens]
    return structs.replace(dish, allergens=allergens, marks=[one for one in Mark if one in dish.marks])


async def publish(
    connection: Connection, canteens: Mapping[int, Canteen], changes: Menus, login: str, now: datetime
) -> dict[MenuKey, int]:
    """Publish what ``changes_of`` told, in the caller's transaction; the new versions."""
    books = [canteens[key.canteen_id].book for key in changes]
    rows = await connection.fetch(QUERIES["publish"], books, *_parts(changes), login, now)
    versions = {_key_of(row): row["version"] for row in rows}
    await connection.executemany(
        QUERIES["add_dish"],
        [
            (canteens[key.canteen_id].book, *key, versions[key], line, *(getattr(dish, name) for name in COLUMNS))
            for key, dishes in changes.items()
            for line, dish in enumerate(dishes, start=1)
        ],
    )
    return versions


def _parts(keys: Iterable[MenuKey]) -> tuple[list[int], list[date], list[str]]:
    """Keys as the arrays of a query."""
    listed = list(keys)
    return [k.canteen_id for k in listed], [k.business_date for k in listed], [k.meal for k in listed]


def _key_of(row: asyncpg.Record) -> MenuKey:
    return MenuKey(row["canteen_id"], row["business_date"], Meal(row["meal"]))


def _dish_of(row: asyncpg.Record) -> Dish:
    return convert({name: row[name] for name in COLUMNS}, Dish)


def _by_key(rows: Sequence[asyncpg.Record]) -> dict[MenuKey, list[Dish]]:
    found: dict[MenuKey, list[Dish]] = {}
    for row in rows:
        found.setdefault(_key_of(row), []).append(_dish_of(row))
    return found


async def published(ledger: Connection | Pool, keys: Sequence[MenuKey]) -> dict[MenuKey, list[Dish]]:
    """The dishes of some menus as they hold now; meals without a menu are left out."""
    return _by_key(await ledger.fetch(QUERIES["published"], *_parts(keys)))


async def menus_between(
    ledger: Connection | Pool, canteen_id: int, first: date, last: date
) -> dict[MenuKey, list[Dish]]:
    """A canteen's menus from one day to another."""
    return _by_key(await ledger.fetch(QUERIES["menus_between"], canteen_id, first, last))


async def version_of(connection: Connection, canteen: Canteen, key: MenuKey) -> int:
    """The version of a menu that holds; 0 without a menu."""
    return int(await connection.fetchval(QUERIES["version_of"], canteen.book, *key) or 0)


async def menu_of(ledger: Pool, canteen: Canteen, day: date, meal: Meal, version: int | None) -> MenuShown:
    """A menu as it holds, or as it was in a version. Raises Problem(NOT_FOUND)."""
    rows = await ledger.fetch(QUERIES["version"], canteen.book, canteen.canteen_id, day, meal, version)
    if not rows:
        raise Problem(NOT_FOUND, "menu.not_found", day=day)
    return MenuShown(canteen.canteen_id, day, meal, rows[0]["version"], [_dish_of(row) for row in rows])


async def copied(
    connection: Connection, canteen: Canteen, wanted: MenuCopy, now: datetime
) -> tuple[dict[MenuKey, list[Dish]], int]:
    """The menus that a copy would publish, and how many it leaves out. Raises Problem(INVALID): the days, or none."""
    for day in (wanted.source, wanted.first):
        if abs((day - now.astimezone(ZONE).date()).days) > DAYS_MAX:
            raise Problem(INVALID, "canteen.days", most=DAYS_MAX)
    ahead = wanted.first - wanted.source
    last = wanted.source + timedelta(days=wanted.days - 1)
    sources = await menus_between(connection, canteen.canteen_id, wanted.source, last)
    if not sources:
        raise Problem(INVALID, "menu.nothing_to_copy", first=wanted.source, last=last)
    targets = {MenuKey(key.canteen_id, key.business_date + ahead, key.meal): dishes for key, dishes in sources.items()}
    taken = await published(connection, list(targets))
    opening = (await openings(connection, [canteen.canteen_id]))[canteen.canteen_id]
    free = {key: dishes for key, dishes in targets.items() if key not in taken and _is_open(key, opening, now)}
    return free, len(targets) - len(free)


def _is_open(key: MenuKey, opening: Opening, now: datetime) -> bool:
    try:
        must_be_open(key, opening, now)
    except Problem:
        return False
    return True


async def menus_for_all(ledger: Pool, canteen: Canteen, first: date, days: int) -> CanteenMenus:
    """A canteen's menus of some days with the hours of the meals, for everybody."""
    dates = [first + timedelta(days=n) for n in range(days)]
    opening = (await openings(ledger, [canteen.canteen_id]))[canteen.canteen_id]
    found = await menus_between(ledger, canteen.canteen_id, dates[0], dates[-1])
    return CanteenMenus(
        CanteenId(canteen.canteen_id),
        canteen.name_zh,
        canteen.name_en,
        [
            DayMenu(
                day,
                [
                    MealMenu(one.meal, one.starts, one.ends, found.get(MenuKey(canteen.canteen_id, day, one.meal), []))
                    for one in opening.on(day).meals
                ],
            )
            for day in dates
        ],
    )
