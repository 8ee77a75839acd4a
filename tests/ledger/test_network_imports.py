"""A network's files carried out in a database: what they name changes, the rest stays, and all of it is audited."""

from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta

import pytest_asyncio
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.postgres import Pool
from registry import audit
from registry.models import Database
from registry.network_tables import COLUMNS, Sheet, cells_of_file, read_tables, write_workbook
from registry.opening import openings
from settlement.network_files import Imported, tables_of
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


async def test_prices_classes_and_their_rules_come_from_a_file(ledger: Pool, database: Database) -> None:
    row = await ledger.fetchrow(
        "SELECT book, agency_id, canteen_id FROM canteen c WHERE NOT EXISTS"
        " (SELECT FROM tariff t WHERE t.canteen_id = c.canteen_id AND t.meal = 'dinner') ORDER BY canteen_id LIMIT 1"
    )
    assert row is not None
    today = datetime.now(ZONE).date()
    later, at = today + timedelta(days=9), f"{row['agency_id']},{row['canteen_id']},晚餐"
    added = await send(database, Sheet.PRICES, f"{at},{later},16.00,20,", f"{at},{today},15.00,,")
    assert (added.added, added.applied) == (2, True)
    prices = "SELECT valid_from, home_fen, visitor_fen FROM tariff WHERE canteen_id = $1 AND meal = 'dinner' ORDER BY 1"
    assert [tuple(one) for one in await ledger.fetch(prices, row["canteen_id"])] == [
        (today, 1_500, None), (later, 1_600, 2_000),
    ]  # fmt: skip
    assert (await send(database, Sheet.CLASSES, "volunteer,志愿者,volunteer")).added == 1
    assert (await send(database, Sheet.CLASSES, "volunteer,义工,volunteer")).changed == 1
    rules = f"{row['book']},义工,{later}", "是,否,外单位价格"
    assert (await send(database, Sheet.CLASS_RULES, ",".join(rules))).added == 1
    assert (await send(database, Sheet.CLASS_RULES, f"{rules[0]},否,否,外单位价格")).changed == 1
    stored = await ledger.fetchrow("SELECT * FROM class_rules WHERE person_class = 'volunteer'")
    assert stored is not None
    assert (stored["eats_at_home"], stored["price"], stored["valid_from"]) == (False, "visitor", later)
    await test_the_demo_city_comes_back_unchanged(database)
