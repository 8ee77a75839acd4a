"""Canteens by number: those that a console user may see, or all."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.problems import NOT_FOUND, Problem
from registry.access import Person
from registry.models import Canteen


async def canteens_of(db: AsyncSession, person: Person) -> dict[int, Canteen]:
    """The canteens that a person may see, by number."""
    query = select(Canteen)
    if person.agency_id is not None:
        query = query.where(Canteen.agency_id == person.agency_id)
    return {canteen.canteen_id: canteen for canteen in await db.scalars(query)}


async def canteens_numbered(db: AsyncSession, numbers: Collection[int]) -> dict[int, Canteen]:
    """The canteens with these numbers, by number."""
    query = select(Canteen).where(Canteen.canteen_id.in_(numbers))
    return {canteen.canteen_id: canteen for canteen in await db.scalars(query)}


async def canteen_of(db: AsyncSession, person: Person, canteen_id: int) -> Canteen:
    """One canteen that a person may see; raises Problem(NOT_FOUND)."""
    canteens = await canteens_of(db, person)
    if canteen_id not in canteens:
        raise Problem(NOT_FOUND, "canteen.not_yours", canteen_id=canteen_id)
    return canteens[canteen_id]
