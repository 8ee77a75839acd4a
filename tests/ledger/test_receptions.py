"""What agencies report of receptions: by month, corrected and never changed, compared with the network's own meals."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from clearing.receptions import month_of, reception_savings, report_receptions
from clearing.schemas import NewReceptions, SpentMonth
from foundation.calendar import ZONE
from foundation.postgres import Pool
from foundation.problems import Problem
from registry.access import Person
from registry.identifiers import AgencyId
from registry.models import Database
from registry.roles import Role

RUNNING = month_of(datetime.now(ZONE).date())
LAST = month_of(RUNNING - timedelta(days=1))
JOINED = month_of(LAST - timedelta(days=1))
BEFORE = LAST.replace(year=LAST.year - 1)


class Office:
    """The finance of an agency."""

    def __init__(self, ledger: Pool, database: Database, agency_id: int) -> None:
        self.ledger, self.database, self.agency_id = ledger, database, agency_id
        self.person = Person(1, "finance", Role.AGENCY_FINANCE, AgencyId(agency_id))

    async def report(self, *months: tuple[date, int, int], person: Person | None = None, **more: Any) -> None:
        spent = [SpentMonth(month, reception, meals) for month, reception, meals in months]
        told = NewReceptions(agency_id=self.agency_id, months=spent, source="部门决算", **more)
        await report_receptions(self.database, person or self.person, told)

    async def refused(self, *months: tuple[date, int, int], **more: Any) -> str | None:
        before = await self.entries()
        with pytest.raises(Problem) as problem:
            await self.report(*months, **more)
        assert await self.entries() == before
        return problem.value.code

    async def entries(self) -> int:
        return int(await self.ledger.fetchval("SELECT count(*) FROM audit_entry"))

    async def compared(self) -> Any:
        found = await reception_savings(self.ledger, self.agency_id)
        [mine] = found.agencies
        return mine

    async def settled(self, day: date, host_fen: int, given_back_fen: int = 0) -> None:
        """A cycle in which the agency took money for visitors, and paid working meals as host."""
        cycle = "INSERT INTO cycle (business_date, state, closing_at) VALUES ($1, 'settled', now())"
        await self.ledger.execute(cycle, day)
        await self.ledger.execute("INSERT INTO position VALUES ($1, $2, 900, 0, 900)", day, self.agency_id)
        await self.ledger.execute(
            "INSERT INTO obligation (cycle_date, book, issuer_id, acquirer_id, canteen_id, meal, channel, line,"
            " payments, paid_fen, reversals, reversed_fen, subsidy_fen)"
            " SELECT $1, book, agency_id, agency_id, canteen_id, 'lunch', 'card', 'working_meal', 1, $3, 1, $4, 0"
            " FROM canteen WHERE agency_id = $2 ORDER BY canteen_id LIMIT 1",
            day, self.agency_id, host_fen, given_back_fen,
        )  # fmt: skip


@pytest_asyncio.fixture
async def office(ledger: Pool, database_url: str) -> AsyncIterator[Office]:
    engine = create_async_engine(database_url.replace("postgresql://", "postgresql+asyncpg://"))
    agency_id = await ledger.fetchval("SELECT agency_id FROM agency ORDER BY agency_id LIMIT 1")
    yield Office(ledger, async_sessionmaker(engine), agency_id)
    await engine.dispose()


async def test_meals_on_the_network_are_added_to_what_is_reported(office: Office) -> None:
    await office.settled(JOINED + timedelta(days=3), 7_700)
    await office.settled(LAST + timedelta(days=3), 6_000, 1_000)
    await office.report((BEFORE, 90_000, 10_000), (LAST, 30_000, 5_000))
    mine = await office.compared()
    assert (mine.joined_month, mine.is_stated) == (JOINED, False)
    [month] = mine.compared
    assert (month.month, month.before_month) == (LAST, BEFORE)
    assert (month.before_fen, month.network_fen, month.after_fen) == (100_000, 5_000, 40_000)
    assert mine.saved_fen == 60_000


async def test_a_correction_takes_a_reason_and_keeps_what_was_there(office: Office) -> None:
    await office.report((BEFORE, 90_000, 0), (LAST, 1, 0), joined_month=JOINED)
    assert await office.refused((LAST, 2, 0)) == "receptions.reported"
    before = await office.entries()
    await office.report((LAST.replace(day=17), 2, 0), reason="漏记一笔")
    assert await office.entries() == before + 1
    mine = await office.compared()
    assert (mine.joined_month, mine.is_stated, mine.first_cycle) == (JOINED, True, None), (
        "a correction says nothing of it"
    )
    assert [month.after_fen for month in mine.compared] == [2]
    kept = await office.ledger.fetch("SELECT version, reception_fen FROM reception_month WHERE month = $1", LAST)
    assert sorted(map(tuple, kept)) == [(1, 1), (2, 2)]


async def test_what_is_not_over_or_not_ones_own_is_refused(office: Office) -> None:
    assert await office.refused((RUNNING, 1, 1)) == "receptions.month_not_over"
    assert await office.refused((LAST, 1, 1), joined_month=RUNNING) == "receptions.month_not_over"
    assert await office.refused((LAST, 1, 1), (LAST.replace(day=2), 1, 1)) == "receptions.month_twice"
    other = Person(2, "other", Role.AGENCY_FINANCE, AgencyId(424242))
    assert await office.refused((LAST, 1, 1), person=other) == "access.other_agency"


async def test_an_agency_that_has_not_joined_is_not_compared(office: Office) -> None:
    await office.report((LAST, 1, 1))
    mine = await office.compared()
    assert (mine.joined_month, mine.compared, mine.missing, mine.reported) == (None, [], [], 1)
    assert mine.saved_fen == 0
