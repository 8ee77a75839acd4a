"""Agencies and canteens join and change: each is registered once, and never deleted.

Who administers a network registers a region first (``settlement.regions``), then its agencies, then their canteens.
One change at a time (``lock_network``), so that no two get one name. How they are suspended and end:
``registry.members``.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.messages import Message
from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.former_names import Noun, keep_name
from registry.identifiers import AgencyId
from registry.members import lock_network, must_be_active
from registry.models import Agency, BookRow, Canteen, next_numbers
from registry.opening import check_week, set_week
from registry.schemas import (
    AgencyDetails,
    CanteenDetails,
    NewAgency,
    NewCanteen,
    NewRegion,
    RegionDetails,
)

Changed = dict[str, list[Any]]
"""Members that changed: [before, after]."""


async def add_region(db: AsyncSession, wanted: NewRegion) -> BookRow:
    """Register a region; raises Problem(CONFLICT) for a code or a name that is taken."""
    await lock_network(db)
    same = (BookRow.book == wanted.book) | (BookRow.name_zh == wanted.name_zh) | (BookRow.name_en == wanted.name_en)
    taken = await db.scalar(select(BookRow.book).where(same).limit(1))
    if taken is not None:
        raise Problem(CONFLICT, "region.taken", book=taken)
    region = BookRow(book=wanted.book, name_zh=wanted.name_zh, name_en=wanted.name_en)
    db.add(region)
    await db.flush()
    return region


async def add_agency(db: AsyncSession, wanted: NewAgency) -> Agency:
    """Register an agency of a region.

    Raises Problem NOT_FOUND (no such region or agency above), CONFLICT (a name that is taken, a region that has ended).
    """
    await lock_network(db)
    region = await db.get(BookRow, wanted.book)
    if region is None:
        raise Problem(NOT_FOUND, "region.not_found", book=wanted.book)
    must_be_active(region)
    await _check_agency(db, wanted, None)
    agency_id, float_account, grant_account, working_meal_account = await next_numbers(db, 4)
    agency = Agency(
        book=wanted.book,
        agency_id=agency_id,
        float_account=float_account,
        grant_account=grant_account,
        working_meal_account=working_meal_account,
        meal_allowance_fen=wanted.meal_allowance_fen,
    )
    _set(agency, wanted, AgencyDetails)
    db.add(agency)
    await db.flush()
    return agency


async def add_canteen(db: AsyncSession, agency: Agency, wanted: NewCanteen) -> Canteen:
    """Register a canteen of an agency, with its meals.

    Raises Problem CONFLICT (another canteen of the agency has the name, the agency has ended), INVALID (half a place,
    hours that are none).
    """
    await lock_network(db)
    must_be_active(await db.get_one(BookRow, agency.book), agency)
    check_week(wanted.meals)
    await _check_canteen(db, wanted, agency.agency_id, None)
    canteen_id, account_id = await next_numbers(db, 2)
    canteen = Canteen(book=agency.book, canteen_id=canteen_id, agency_id=agency.agency_id, account_id=account_id)
    _set(canteen, wanted, CanteenDetails)
    db.add(canteen)
    await db.flush()
    await set_week(db, canteen, wanted.meals)
    return canteen


async def change_region(db: AsyncSession, region: BookRow, wanted: RegionDetails, since: date) -> Changed:
    """Change a region; new names hold from the business day ``since``. Raises Problem(CONFLICT): a name is taken."""
    await lock_network(db)
    same = (BookRow.name_zh == wanted.name_zh) | (BookRow.name_en == wanted.name_en)
    taken = await db.scalar(select(BookRow.book).where(same, BookRow.book != region.book).limit(1))
    if taken is not None:
        raise Problem(CONFLICT, "region.taken", book=taken)
    await keep_name(db, Noun.REGION, region.book, region, wanted, since)
    return _set(region, wanted, RegionDetails)


async def change_agency(db: AsyncSession, agency: Agency, wanted: AgencyDetails, since: date) -> Changed:
    """Change an agency, as ``change_region``.

    Raises Problem NOT_FOUND (no such agency above it), CONFLICT (a name that is taken), INVALID (an agency that would
    stand above itself).
    """
    await lock_network(db)
    await _check_agency(db, wanted, agency.agency_id)
    await keep_name(db, Noun.AGENCY, agency.agency_id, agency, wanted, since)
    return _set(agency, wanted, AgencyDetails)


async def change_canteen(db: AsyncSession, canteen: Canteen, wanted: CanteenDetails, since: date) -> Changed:
    """Change a canteen, as ``change_region``. Raises Problem CONFLICT (a taken name), INVALID (half a place)."""
    await lock_network(db)
    await _check_canteen(db, wanted, canteen.agency_id, canteen.canteen_id)
    await keep_name(db, Noun.CANTEEN, canteen.canteen_id, canteen, wanted, since)
    return _set(canteen, wanted, CanteenDetails)


async def _check_agency(db: AsyncSession, wanted: AgencyDetails, agency_id: AgencyId | None) -> None:
    same = (Agency.name_zh == wanted.name_zh) | (Agency.name_en == wanted.name_en)
    taken = await db.scalar(select(Agency.agency_id).where(same, Agency.agency_id != (agency_id or 0)).limit(1))
    if taken is not None:
        raise Problem(CONFLICT, "agency.name_taken", agency_id=taken)
    if wanted.parent_agency_id is not None:
        rows = await db.execute(select(Agency.agency_id, Agency.parent_agency_id))
        parents: dict[int, int | None] = {row.agency_id: row.parent_agency_id for row in rows}
        if wanted.parent_agency_id not in parents:
            raise Problem(NOT_FOUND, "agency.not_found", agency_id=wanted.parent_agency_id)
        if agency_id is not None and agency_id in above_themselves(parents | {agency_id: wanted.parent_agency_id}):
            raise Problem(INVALID, "agency.above_itself", agency_id=agency_id)


def above_themselves(parents: Mapping[Any, Any]) -> set[Any]:
    """The agencies from which the way up leads back to them. Each is walked over once."""
    found: set[Any] = set()
    done: set[Any] = set()
    for one in parents:
        way: dict[Any, None] = {}
        while one is not None and one not in done and one not in way:
            way[one] = None
            one = parents.get(one)
        if one in way:
            found.update(list(way)[list(way).index(one) :])
        done.update(way)
    return found


async def _check_canteen(db: AsyncSession, wanted: CanteenDetails, agency_id: AgencyId, canteen_id: int | None) -> None:
    if (wanted.latitude is None) != (wanted.longitude is None):
        raise Problem(INVALID, "canteen.half_a_place")
    same = (Canteen.name_zh == wanted.name_zh) | (Canteen.name_en == wanted.name_en)
    taken = await db.scalar(
        select(Canteen.canteen_id)
        .where(Canteen.agency_id == agency_id, same, Canteen.canteen_id != (canteen_id or 0))
        .limit(1)
    )
    if taken is not None:
        raise Problem(CONFLICT, "canteen.name_taken", canteen_id=taken)


def _set(row: Any, wanted: Message, details: type[Message]) -> Changed:
    """Set the members that can be changed; what changed."""
    changed = {
        name: [getattr(row, name), getattr(wanted, name)]
        for name in details.__struct_fields__
        if getattr(row, name) != getattr(wanted, name)
    }
    for name, (_, after) in changed.items():
        setattr(row, name, after)
    return changed
