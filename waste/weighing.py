"""Recording weigh-ins, once each, and reading a day's waste against its covers."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.access import Person
from registry.days import ZONE
from registry.errors import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.models import Canteen
from registry.named_sql import load_queries
from registry.postgres import Pool
from settlement.covers import covers_on
from waste.measures import Measures, measure
from waste.schemas import NewWeighIn

QUERIES = load_queries(Path(__file__).parent / "sql" / "waste.sql")

BACKDATED_MAX = timedelta(days=14)
"""A kitchen may enter what it wrote on paper; older than this is a correction, not a weigh-in."""
AHEAD_MAX = timedelta(days=2)
"""The open business day may be ahead of the calendar after an early close."""


async def canteens_of(db: AsyncSession, person: Person) -> dict[int, Canteen]:
    """The canteens that a person may see, by number."""
    query = select(Canteen)
    if person.agency_id is not None:
        query = query.where(Canteen.agency_id == person.agency_id)
    return {canteen.canteen_id: canteen for canteen in await db.scalars(query)}


async def record_weigh_ins(
    ledger: Pool, canteens: dict[int, Canteen], person: Person, weigh_ins: list[NewWeighIn]
) -> int:
    """Record weigh-ins, all or none; returns how many were new.

    Raises Problem: NOT_FOUND (not a canteen of this person), INVALID (date out of range, a number twice), CONFLICT (a
    number was used for another weighing).
    """
    today = datetime.now(ZONE).date()
    if len({w.weigh_in_id for w in weigh_ins}) != len(weigh_ins):
        raise Problem(INVALID, "a weigh_in_id stands twice in the list")
    for weigh_in in weigh_ins:
        if weigh_in.canteen_id not in canteens:
            raise Problem(NOT_FOUND, f"no canteen {weigh_in.canteen_id} of yours")
        if not -BACKDATED_MAX <= weigh_in.business_date - today <= AHEAD_MAX:
            raise Problem(INVALID, f"{weigh_in.business_date} is too far from {today}")
    async with ledger.acquire() as connection, connection.transaction():
        new = 0
        for book in sorted({canteens[w.canteen_id].book for w in weigh_ins}):
            mine = [w for w in weigh_ins if canteens[w.canteen_id].book == book]
            numbers = [w.weigh_in_id for w in mine]
            before = {row["weigh_in_id"] for row in await connection.fetch(QUERIES["weigh_ins"], book, numbers)}
            now = datetime.now(UTC)
            await connection.executemany(
                QUERIES["add_weigh_in"],
                [
                    (book, w.weigh_in_id, w.canteen_id, w.business_date, w.meal, w.stream, w.weight_g,
                     person.login, now)
                    for w in mine
                ],
            )  # fmt: skip
            after = {
                row["weigh_in_id"]: tuple(row) for row in await connection.fetch(QUERIES["weigh_ins"], book, numbers)
            }
            for w in mine:
                wanted = (w.weigh_in_id, w.canteen_id, w.business_date, w.meal, w.stream, w.weight_g)
                if after[w.weigh_in_id] != wanted:
                    raise Problem(CONFLICT, f"weigh-in {w.weigh_in_id} is another weighing already")
            new += len(after.keys() - before)
    return new


async def measures_on(ledger: Pool, canteens: dict[int, Canteen], on: date) -> dict[tuple[int, str], Measures]:
    """Measures of a business date by (canteen, meal), for every meal that has covers or weights."""
    weights: dict[tuple[int, str], dict[str, int]] = {}
    for row in await ledger.fetch(QUERIES["weights"], on, list(canteens)):
        weights.setdefault((row["canteen_id"], row["meal"]), {})[row["stream"]] = row["weight_g"]
    covers = await covers_on(ledger, list(canteens), on)
    meals = sorted(weights.keys() | covers.keys())
    return {meal: measure(weights.get(meal, {}), covers.get(meal, 0)) for meal in meals}
