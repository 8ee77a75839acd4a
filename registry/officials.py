"""Registration of officials: pseudonymous holder numbers, encrypted names."""

from collections.abc import Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.keys import KeyRing
from foundation.problems import CONFLICT, NOT_FOUND, Problem
from foundation.table_files import VALUE_SHOWN, plain
from registry.errors import ACCOUNT_CLOSED
from registry.models import Agency, Official, next_numbers
from registry.schemas import NewOfficial
from registry.states import OfficialState

AGENCIES_SHOWN = 20
"""How many agencies are told to whoever named one that there is not."""


async def find_agency(db: AsyncSession, agency_id: int) -> Agency:
    """The agency with this number; raises Problem(NOT_FOUND)."""
    agency = await db.scalar(select(Agency).where(Agency.agency_id == agency_id))
    if agency is None:
        raise Problem(NOT_FOUND, "agency.not_found", agency_id=agency_id)
    return agency


async def agency_named(db: AsyncSession, given: str) -> Agency:
    """The agency with this number or name, in either language; raises Problem(NOT_FOUND) with those that there are."""
    wanted = plain(given)
    agencies = list(await db.scalars(select(Agency).order_by(Agency.agency_id)))
    for agency in agencies:
        if wanted in (str(agency.agency_id), plain(agency.name_zh), plain(agency.name_en)):
            return agency
    known = [f"{agency.agency_id} {agency.name_zh} ({agency.name_en})" for agency in agencies[:AGENCIES_SHOWN]]
    more = ["…"] if len(agencies) > AGENCIES_SHOWN else []
    raise Problem(NOT_FOUND, "agency.nowhere", given=given[:VALUE_SHOWN], agencies="; ".join(known + more))


async def register_officials(
    db: AsyncSession, keys: KeyRing, agency: Agency, newcomers: list[NewOfficial]
) -> list[Official]:
    """Register officials of one agency, in order. Their purses are opened by the first deposit.

    Raises Problem(CONFLICT) when a staff number is taken or occurs twice.
    """
    indexes = [keys.blind_index(agency.agency_id, person.staff_number) for person in newcomers]
    if len(set(indexes)) != len(indexes):
        raise Problem(CONFLICT, "official.staff_number_twice", item=_first_repeated(indexes) + 1)
    wanted = [(agency.book, agency.agency_id, index) for index in indexes]
    key = tuple_(Official.book, Official.agency_id, Official.staff_index)
    here = key.in_(wanted) & (Official.state != OfficialState.LEFT)
    taken = await db.scalar(select(Official.holder_id).where(here).limit(1))
    if taken is not None:
        raise Problem(CONFLICT, "official.staff_number_taken", holder_id=taken)
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


def _first_repeated(indexes: list[bytes]) -> int:
    """The place of the first item that occurred before."""
    return next(n for n, index in enumerate(indexes) if index in indexes[:n])


async def find_officials(
    db: AsyncSession, holder_ids: Sequence[int], *, keep_open: bool = False, alone: bool = False
) -> dict[int, Official]:
    """Officials by holder number; raises Problem(NOT_FOUND) with the first unknown one.

    ``keep_open``: no open account among them is closed until the transaction ends. ``alone``: nobody else keeps or
    changes them until then, either.
    """
    wanted = select(Official).where(Official.holder_id.in_(holder_ids))
    found: dict[int, Official] = {official.holder_id: official for official in await db.scalars(wanted)}
    if keep_open or alone:
        for book in sorted({official.book for official in found.values()}):
            # A row is locked in a book that is known: it may stand on another node.
            locked = wanted.where(Official.book == book).order_by(Official.holder_id)
            locked = locked.with_for_update(read=not alone, key_share=alone)
            await db.scalars(locked.execution_options(populate_existing=True))
    for holder_id in holder_ids:
        if holder_id not in found:
            raise Problem(NOT_FOUND, "official.not_found", holder_id=holder_id)
    return found


def must_be_open(*officials: Official) -> None:
    """Raise Problem(ACCOUNT_CLOSED) if one of them has left or is suspended."""
    for official in officials:
        if official.state != OfficialState.ACTIVE:
            raise Problem(ACCOUNT_CLOSED, f"official.is.{official.state}", holder_id=official.holder_id)
