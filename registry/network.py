"""Agencies and canteens join: each is registered once, and never deleted.

Who administers a network registers a region first (``settlement.regions``), then its agencies, then their canteens.
"""

from itertools import pairwise

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.problems import CONFLICT, INVALID, NOT_FOUND, Problem
from registry.models import Agency, BookRow, Canteen, MealPeriod, next_numbers
from registry.schemas import MealHours, NewAgency, NewCanteen, NewRegion


async def add_region(db: AsyncSession, wanted: NewRegion) -> BookRow:
    """Register a region; raises Problem(CONFLICT) for a code or a name that is taken."""
    same = (BookRow.book == wanted.book) | (BookRow.name_zh == wanted.name_zh) | (BookRow.name_en == wanted.name_en)
    taken = await db.scalar(select(BookRow.book).where(same).limit(1))
    if taken is not None:
        raise Problem(CONFLICT, "region.taken", book=taken)
    region = BookRow(book=wanted.book, name_zh=wanted.name_zh, name_en=wanted.name_en)
    db.add(region)
    await db.flush()
    return region


async def add_agency(db: AsyncSession, wanted: NewAgency) -> Agency:
    """Register an agency of a region. Raises Problem NOT_FOUND (no such region), CONFLICT (a name that is taken)."""
    if await db.get(BookRow, wanted.book) is None:
        raise Problem(NOT_FOUND, "region.not_found", book=wanted.book)
    same = (Agency.name_zh == wanted.name_zh) | (Agency.name_en == wanted.name_en)
    taken = await db.scalar(select(Agency.agency_id).where(same).limit(1))
    if taken is not None:
        raise Problem(CONFLICT, "agency.name_taken", agency_id=taken)
    agency_id, float_account, grant_account, working_meal_account = await next_numbers(db, 4)
    agency = Agency(
        book=wanted.book,
        agency_id=agency_id,
        name_zh=wanted.name_zh,
        name_en=wanted.name_en,
        float_account=float_account,
        grant_account=grant_account,
        working_meal_account=working_meal_account,
        meal_allowance_fen=wanted.meal_allowance_fen,
    )
    db.add(agency)
    await db.flush()
    return agency


async def add_canteen(db: AsyncSession, agency: Agency, wanted: NewCanteen) -> Canteen:
    """Register a canteen of an agency, with its meals.

    Raises Problem CONFLICT (another canteen of the agency has the name), INVALID (half a place, hours that are none).
    """
    if (wanted.latitude is None) != (wanted.longitude is None):
        raise Problem(INVALID, "canteen.half_a_place")
    _check_meals(wanted.meals)
    same = (Canteen.name_zh == wanted.name_zh) | (Canteen.name_en == wanted.name_en)
    taken = await db.scalar(select(Canteen.canteen_id).where(Canteen.agency_id == agency.agency_id, same).limit(1))
    if taken is not None:
        raise Problem(CONFLICT, "canteen.name_taken", canteen_id=taken)
    canteen_id, account_id = await next_numbers(db, 2)
    canteen = Canteen(
        book=agency.book,
        canteen_id=canteen_id,
        agency_id=agency.agency_id,
        account_id=account_id,
        name_zh=wanted.name_zh,
        name_en=wanted.name_en,
        latitude=wanted.latitude,
        longitude=wanted.longitude,
    )
    db.add(canteen)
    await db.flush()
    _add_meals(db, canteen, wanted.meals)
    return canteen


async def set_meals(db: AsyncSession, canteen: Canteen, meals: list[MealHours]) -> None:
    """Set the hours of a canteen's meals; a meal that is not named is served no more. Raises Problem(INVALID)."""
    _check_meals(meals)
    mine = (MealPeriod.book == canteen.book) & (MealPeriod.canteen_id == canteen.canteen_id)
    await db.execute(delete(MealPeriod).where(mine))
    _add_meals(db, canteen, meals)


def _check_meals(meals: list[MealHours]) -> None:
    """Raise Problem(INVALID) for a meal that stands twice, ends before it begins, or overlaps with another."""
    if len({one.meal for one in meals}) != len(meals):
        raise Problem(INVALID, "canteen.meal_twice")
    in_order = sorted(meals, key=lambda one: one.starts)
    for one in in_order:
        if one.starts >= one.ends:
            raise Problem(INVALID, "canteen.meal_over_midnight", starts=one.starts, ends=one.ends)
    for one, later in pairwise(in_order):
        if later.starts < one.ends:
            raise Problem(INVALID, "canteen.meals_overlap", starts=later.starts, ends=one.ends)


def _add_meals(db: AsyncSession, canteen: Canteen, meals: list[MealHours]) -> None:
    db.add_all(
        MealPeriod(book=canteen.book, canteen_id=canteen.canteen_id, meal=one.meal, starts=one.starts, ends=one.ends)
        for one in meals
    )
