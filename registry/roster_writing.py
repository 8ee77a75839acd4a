"""What a roster reads and writes of an agency's people, by statements for all of them: rosters have 100,000 rows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import ARRAY, ColumnElement, LargeBinary, any_, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.keys import KeyRing
from foundation.named_sql import load_queries
from foundation.postgres import Connection
from foundation.table_files import plain
from registry.identifiers import AgencyId, HolderId
from registry.models import Agency, Official, PersonClass, next_numbers
from registry.rosters import DEFAULT_CLASS, Known, Row
from registry.states import OfficialState

QUERIES = load_queries(Path(__file__).parent / "sql" / "rosters.sql")

STEP = 5_000
"""Names between two reports of progress."""

Progress = Callable[[int, int], Awaitable[None]]

_OFFICIAL = (
    "book", "holder_id", "agency_id", "cash_account", "subsidy_account", "state", "name_sealed", "staff_index",
    "person_class", "department", "earlier_book", "earlier_holder",
)  # fmt: skip


async def class_names(db: AsyncSession) -> dict[str, str]:
    """The classes of people by what a file may call them."""
    found = list(await db.scalars(select(PersonClass)))
    return {plain(name): one.code for one in found for name in (one.name_zh, one.name_en, one.code)}


async def agency_names(db: AsyncSession) -> dict[str, AgencyId]:
    """The agencies by what a file may call them."""
    found = list(await db.scalars(select(Agency)))
    return {plain(str(name)): one.agency_id for one in found for name in (one.name_zh, one.name_en, one.agency_id)}


async def known_people(db: AsyncSession, keys: KeyRing, agency: Agency) -> dict[bytes, Known]:
    """The agency's people whose accounts are not closed, by the blind index of their staff numbers."""
    rows = await db.execute(
        select(
            Official.staff_index, Official.holder_id, Official.name_sealed, Official.person_class,
            Official.department, Official.state, Official.earlier_holder,
        ).where(
            Official.book == agency.book,
            Official.agency_id == agency.agency_id,
            Official.state != OfficialState.LEFT,
        )
    )  # fmt: skip
    return {
        index: Known(
            holder_id,
            keys.open_personal(agency.agency_id, f"official/name/{holder_id}", sealed),
            person_class,
            department,
            state,
            earlier is not None,
        )
        for index, holder_id, sealed, person_class, department, state, earlier in rows
    }


def has_index(indexes: Sequence[bytes]) -> ColumnElement[bool]:
    """Officials with one of many blind indexes, which are one parameter: a statement has at most 32,767."""
    return Official.staff_index == any_(literal(list(indexes), ARRAY(LargeBinary)))


async def closed_accounts(db: AsyncSession, agency: Agency, indexes: Sequence[bytes]) -> dict[bytes, HolderId]:
    """The last closed account under each staff number."""
    rows = await db.execute(
        select(Official.staff_index, Official.holder_id)
        .where(
            Official.book == agency.book,
            Official.agency_id == agency.agency_id,
            Official.state == OfficialState.LEFT,
            has_index(indexes),
        )
        .order_by(Official.holder_id)
    )
    return {index: holder_id for index, holder_id in rows}


async def add_officials(
    db: AsyncSession,
    connection: Connection,
    keys: KeyRing,
    agency: Agency,
    rows: Sequence[Row],
    earlier: Mapping[bytes, HolderId],
    progress: Progress,
) -> list[HolderId]:
    """Register people, in order; who had an account here before (``earlier``) has it as the earlier one."""
    numbers = iter(await next_numbers(db, 3 * len(rows)))
    records = []
    for done, row in enumerate(rows, start=1):
        holder_id = HolderId(next(numbers))
        index = keys.blind_index(agency.agency_id, row.staff_number)
        before = earlier.get(index)
        records.append(
            (
                agency.book, holder_id, agency.agency_id, next(numbers), next(numbers), OfficialState.ACTIVE.value,
                _sealed(keys, agency, holder_id, row.name), index, row.person_class or DEFAULT_CLASS,
                row.department or None, None if before is None else agency.book, before,
            )
        )  # fmt: skip
        if done % STEP == 0 or done == len(rows):
            await progress(done, len(rows))
    await connection.copy_records_to_table("official", records=records, columns=_OFFICIAL)
    return [record[1] for record in records]


async def change_officials(
    connection: Connection, keys: KeyRing, agency: Agency, changed: Sequence[tuple[Row, Known]]
) -> None:
    """Give officials the names, classes and departments of their rows; who was leaving is back, as he was."""
    await connection.execute(
        QUERIES["change_officials"],
        agency.book,
        [known.holder_id for _, known in changed],
        [
            None if row.name == known.name else _sealed(keys, agency, known.holder_id, row.name)
            for row, known in changed
        ],
        [row.person_class or known.person_class for row, known in changed],
        [known.department if row.department is None else row.department or None for row, known in changed],
    )


def _sealed(keys: KeyRing, agency: Agency, holder_id: HolderId, name: str) -> bytes:
    return keys.seal_personal(agency.agency_id, f"official/name/{holder_id}", name)
