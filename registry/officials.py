"""Registering officials: pseudonymous holder numbers, sealed names."""

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.keys import KeyRing
from foundation.problems import CONFLICT, NOT_FOUND, Problem
from registry.models import Agency, Official, next_numbers
from registry.schemas import NewOfficial


async def find_agency(db: AsyncSession, agency_id: int) -> Agency:
    """The agency of this number; raises Problem(NOT_FOUND)."""
    agency = await db.scalar(select(Agency).where(Agency.agency_id == agency_id))
    if agency is None:
        raise Problem(NOT_FOUND, f"no agency {agency_id}")
    return agency


async def register_officials(
    db: AsyncSession, keys: KeyRing, agency: Agency, newcomers: list[NewOfficial]
) -> list[Official]:
    """Register officials of one agency, in order; their purses open with the first deposit.

    Raises Problem(CONFLICT) when a staff number is taken or stands twice.
    """
    indexes = [keys.blind_index(agency.agency_id, person.staff_number) for person in newcomers]
    if len(set(indexes)) != len(indexes):
        raise Problem(CONFLICT, "a staff number stands twice in the list")
    wanted = [(agency.book, agency.agency_id, index) for index in indexes]
    key = tuple_(Official.book, Official.agency_id, Official.staff_index)
    taken = await db.scalar(select(Official.holder_id).where(key.in_(wanted)).limit(1))
    if taken is not None:
        raise Problem(CONFLICT, f"a staff number is already registered, to holder {taken}")
    numbers = iter(await next_numbers(db, 3 * len(newcomers)))
    officials = []
    for person, index in zip(newcomers, indexes, strict=True):
        holder_id = next(numbers)
        official = Official(
            book=agency.book,
            holder_id=holder_id,
            agency_id=agency.agency_id,
            cash_account=next(numbers),
            subsidy_account=next(numbers),
            name_sealed=keys.seal_personal(agency.agency_id, f"official/name/{holder_id}", person.name),
            staff_index=index,
        )
        officials.append(official)
    db.add_all(officials)
    return officials


async def find_officials(db: AsyncSession, holder_ids: list[int]) -> dict[int, Official]:
    """Officials by holder number; raises Problem(NOT_FOUND) that names the first unknown one."""
    rows = await db.scalars(select(Official).where(Official.holder_id.in_(holder_ids)))
    found = {official.holder_id: official for official in rows}
    for holder_id in holder_ids:
        if holder_id not in found:
            raise Problem(NOT_FOUND, f"no official {holder_id}")
    return found
