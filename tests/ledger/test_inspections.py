"""Sampling counts visits that took place: neither plans nor scores given at a desk."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from foundation.calendar import ZONE
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.access import Person
from registry.models import Canteen, Database
from registry.roles import Role
from waste.evaluation.evidence import score_evidence
from waste.evaluation.quarters import quarter_before
from waste.supervision.inspections import FILED_WITHIN, file_inspection
from waste.supervision.sampling import coverage, make_plan, plan_of

TODAY = datetime.now(ZONE).date()
INSPECTOR = Person(1, "inspector", Role.SUPERVISOR, None)
COLLEAGUE = Person(2, "colleague", Role.SUPERVISOR, None)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    yield async_sessionmaker(engine)
    await engine.dispose()


async def canteens_in(database: Database) -> list[Canteen]:
    async with database() as db:
        return list(await db.scalars(select(Canteen).order_by(Canteen.canteen_id)))


async def visit(database: Database, canteen: Canteen, on: date = TODAY, **more: Any) -> int:
    given: dict[str, Any] = {"person": INSPECTOR, "plan_year": None} | more
    return await file_inspection(
        database, given["person"], canteen, on, "复秤三餐，查看台账", given["plan_year"], [], given.get("request_id")
    )  # fmt: skip


async def test_a_score_is_no_visit(ledger: Pool, database: Database) -> None:
    first, second, *_ = await canteens_in(database)
    before = await coverage(ledger, TODAY.year)
    await score_evidence(database, INSPECTOR, first, quarter_before(TODAY), "A1", 90, "看材料", [])
    assert await coverage(ledger, TODAY.year) == before, "scored at the desk"
    await visit(database, first)
    await visit(database, second, person=COLLEAGUE)
    await visit(database, second)
    after = await coverage(ledger, TODAY.year)
    assert (after.inspected, after.in_three_years) == (before.inspected + 2, before.in_three_years + 2)
    seen = await ledger.fetch("SELECT canteen_id, inspector FROM inspection_visit")
    assert {tuple(one) for one in seen} >= {
        (first.canteen_id, "inspector"), (second.canteen_id, "inspector"), (second.canteen_id, "colleague"),
    }  # fmt: skip


async def test_the_due_rule_counts_from_the_last_visit(ledger: Pool, database: Database) -> None:
    visited, scored, *_ = await canteens_in(database)
    await visit(database, visited)
    await score_evidence(database, INSPECTOR, scored, quarter_before(TODAY), "A1", 90, "看材料", [])
    await make_plan(database, "supervisor", TODAY.year + 1)
    plan = await plan_of(ledger, TODAY.year + 1)
    last = {one.canteen_id: one.last_year for one in plan.candidates}
    assert (last[visited.canteen_id], last[scored.canteen_id]) == (TODAY.year, None)


async def test_what_is_no_visit_is_refused(ledger: Pool, database: Database) -> None:
    await make_plan(database, "supervisor", TODAY.year)
    drawn = {one.canteen_id for one in (await plan_of(ledger, TODAY.year)).drawn}
    canteens = await canteens_in(database)
    [inside, *_] = [canteen for canteen in canteens if canteen.canteen_id in drawn]
    [outside, *_] = [canteen for canteen in canteens if canteen.canteen_id not in drawn]
    await visit(database, inside, plan_year=TODAY.year)
    for canteen, more, code in (
        (inside, {}, "supervision.visit_filed"),
        (outside, {"plan_year": TODAY.year}, "supervision.not_drawn"),
        (inside, {"plan_year": TODAY.year - 1}, "supervision.not_drawn"),
        (inside, {"on": TODAY + timedelta(days=1)}, "supervision.visit_out_of_range"),
        (inside, {"on": TODAY - FILED_WITHIN - timedelta(days=1)}, "supervision.visit_out_of_range"),
    ):
        with pytest.raises(Problem) as refused:
            await visit(database, canteen, **more)
        assert refused.value.code == code
    filed_at = await ledger.fetchval("SELECT max(filed_at) FROM inspection_visit")
    assert datetime.now(UTC) - filed_at < timedelta(minutes=5)


async def test_a_visit_that_is_sent_again_is_filed_once(ledger: Pool, database: Database) -> None:
    first, second, *_ = await canteens_in(database)
    number, day = uuid4(), TODAY - timedelta(days=2)
    filed = await visit(database, first, day, request_id=number)
    entries = "SELECT count(*) FROM audit_entry WHERE action = 'file_inspection'"
    before = await ledger.fetchval(entries)
    assert await visit(database, first, day, request_id=number) == filed
    assert await ledger.fetchval(entries) == before
    for canteen, on, person in (
        (first, day, COLLEAGUE), (second, day, INSPECTOR), (first, day - timedelta(days=1), INSPECTOR),
    ):  # fmt: skip
        with pytest.raises(Problem) as refused:
            await visit(database, canteen, on, person=person, request_id=number)
        assert refused.value.code == "supervision.visit_filed"
