"""A network's files carried out in a database: what they name changes, the rest stays, and all of it is audited."""

from collections.abc import AsyncIterator
from datetime import time

import pytest_asyncio
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from foundation.catalogue import Language
from foundation.postgres import Pool
from registry import audit
from registry.models import Database
from registry.network_files import Imported, tables_of
from registry.network_tables import COLUMNS, Sheet, cells_of_file, read_tables, write_workbook
from registry.opening import openings
from settlement.network_imports import carry_out, compare, load_network
from tests.closed_days import KEYS


@pytest_asyncio.fixture
async def database(ledger: Pool, database_url: str) -> AsyncIterator[Database]:
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    audit.use_key(KEYS.audit_key)
    yield async_sessionmaker(engine, expire_on_commit=False)
    await engine.dispose()


async def send(database: Database, sheet: Sheet, *rows: str) -> Imported:
    header = ",".join(column.code for column in COLUMNS[sheet])
    cells = cells_of_file("\n".join([header, *rows]).encode(), sheet)
    return await carry_out(database, "centre", read_tables(cells), "0" * 64, Language.ENGLISH)


async def test_the_meals_that_a_file_names_change_and_the_others_stay(ledger: Pool, database: Database) -> None:
    row = await ledger.fetchrow(
        "SELECT c.canteen_id, c.agency_id FROM canteen c JOIN meal_period m USING (book, canteen_id)"
        " WHERE m.meal <> 'lunch' ORDER BY c.canteen_id LIMIT 1"
    )
    assert row is not None
    canteen_id, place = row["canteen_id"], f"{row['agency_id']},{row['canteen_id']}"
    before = (await openings(ledger, [canteen_id]))[canteen_id]
    done = await send(database, Sheet.MEALS, f"{place},午餐,周一至周四,11:00,13:00", f"{place},午餐,周五,11:00,12:00")
    assert (done.added, done.changed) == (0, 1)
    after = (await openings(ledger, [canteen_id]))[canteen_id]
    others = [one for one in before.week if one[1].meal != "lunch"]
    assert [one for one in after.week if one[1].meal != "lunch"] == others
    assert sorted((days, one.starts, one.ends) for days, one in after.week if one.meal == "lunch") == [
        ("1234", time(11), time(13)), ("5", time(11), time(12)),
    ]  # fmt: skip
    again = await send(database, Sheet.MEALS, f"{place},午餐,周一至周四,11:00,13:00", f"{place},午餐,周五,11:00,12:00")
    assert (again.changed, again.unchanged) == (0, 1)
    assert await ledger.fetchval("SELECT count(*) FROM audit_entry WHERE action = 'import_network'") == 1


async def test_the_demo_city_comes_back_unchanged(database: Database) -> None:
    for language in Language:
        async with database() as db:
            content = write_workbook(tables_of(await load_network(db)), language)
        done = await compare(database, read_tables(cells_of_file(content, "")), language)
        assert (done.added, done.changed, done.missing) == (0, 0, 0)
        assert done.unchanged > 20
