"""End of day: closing under load, exactly, every time; netting; statements that add up."""

import asyncio
import csv
import io
from collections import Counter as Tally
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import ClassVar

import pytest

from clearing.closing import open_dates, wait_published
from clearing.schemas import CycleInfo
from clearing.statements import read_statement
from clearing.states import DocumentKind
from foundation.calendar import ZONE, Calendar, add_working_days, is_working_day
from foundation.keys import create_missing_keys
from foundation.postgres import Pool, open_pool
from foundation.problems import Problem
from onecard.jobs import close_days_due, publish_cycles
from onecard.settings import Settings
from registry.identifiers import AgencyId
from tests.closed_days import KEYS, close
from tests.counter import HANGZHOU, NINGBO, Counter
from verification.invariants import Check, verify_ledger


async def test_a_day_closes_nets_and_publishes(ledger: Pool, tmp_path: Path) -> None:
    counter = Counter(ledger)
    till = await counter.till(NINGBO)
    visitor, guest = await counter.holder(NINGBO, agency_index=1), await counter.holder(HANGZHOU)
    own = await counter.holder(NINGBO)
    for holder in (visitor, guest, own):
        await counter.charger.charge(counter.order(till, holder))
    [day] = set((await open_dates(ledger)).values())
    cycle = await close(ledger, day, tmp_path)
    assert cycle.state == "published"
    assert [p.position_fen for p in cycle.positions] == [4_000, -2_000, 0, -2_000]
    assert set((await open_dates(ledger)).values()) == {day + timedelta(days=1)}

    rows = list(csv.reader(io.StringIO((await _statement(ledger, tmp_path, till.agency_id)).decode("utf-8-sig"))))
    sides = [(row[1], row[7], row[10]) for row in rows[1:]]
    assert sides == [
        ("本单位", "1", "12.00"),
        ("应收", "1", "20.00"),
        ("应收", "1", "20.00"),
        ("应收合计", "", "40.00"),
        ("应付合计", "", "0.00"),
        ("净额（应收减应付）", "", "40.00"),
    ]
    content = await read_statement(ledger, day, tmp_path, kind=DocumentKind.NET)
    assert content is not None
    report = content.decode("utf-8-sig")
    assert "合计,40.00,40.00,0.00" in report


async def _statement(ledger: Pool, folder: Path, agency_id: int) -> bytes:
    day = await ledger.fetchval("SELECT max(business_date) FROM cycle")
    content = await read_statement(ledger, day, folder, agency_id=AgencyId(agency_id))
    assert content is not None
    return content


async def test_closing_twice_changes_nothing(ledger: Pool, tmp_path: Path) -> None:
    counter = Counter(ledger)
    await counter.charger.charge(counter.order(await counter.till(), await counter.holder(agency_index=1)))
    day = max((await open_dates(ledger)).values())
    first = await close(ledger, day, tmp_path)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*.csv")}
    assert await close(ledger, day, tmp_path) == first
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.csv")} == files
    assert set((await open_dates(ledger)).values()) == {day + timedelta(days=1)}


async def test_a_day_that_is_not_reached_cannot_be_closed(ledger: Pool, tmp_path: Path) -> None:
    day = max((await open_dates(ledger)).values())
    with pytest.raises(Problem) as refused:
        await close(ledger, day + timedelta(days=1), tmp_path)
    assert refused.value.kind.slug == "day-not-reached"
    with pytest.raises(Problem):
        await close(ledger, day - timedelta(days=1), tmp_path)


async def test_a_book_that_lags_is_closed_with_the_others(ledger: Pool, tmp_path: Path) -> None:
    await ledger.execute("UPDATE book_day SET business_date = business_date - 3 WHERE book = $1", HANGZHOU)
    counter = Counter(ledger)
    await counter.charger.charge(counter.order(await counter.till(NINGBO), await counter.holder(HANGZHOU)))
    day = max((await open_dates(ledger)).values())
    cycle = await close(ledger, day, tmp_path)
    assert sum(abs(p.position_fen) for p in cycle.positions) == 4_000
    assert len(set((await open_dates(ledger)).values())) == 1


async def test_a_reversal_is_netted_on_the_day_that_it_is_posted(ledger: Pool, tmp_path: Path) -> None:
    counter = Counter(ledger)
    till, visitor = await counter.till(), await counter.holder(agency_index=1)
    order, void = counter.order(till, visitor), counter.order(till, visitor)
    await counter.charger.charge(order)
    day = max((await open_dates(ledger)).values())
    first = await close(ledger, day, tmp_path)
    await counter.charger.void(NINGBO, void.key, void.digest, 1, order.key.sequence)
    second = await close(ledger, day + timedelta(days=1), tmp_path)
    assert [p.position_fen for p in first.positions] == [2_000, -2_000, 0, 0]
    assert [p.position_fen for p in second.positions] == [-2_000, 2_000, 0, 0]
    assert all(line.holds for line in await _verify(ledger, tmp_path))


async def _verify(ledger: Pool, folder: Path) -> list[Check]:
    url: str = ledger._connect_args[0]  # type: ignore[attr-defined]
    return list(await verify_ledger(url, folder, KEYS))


async def test_days_closed_under_full_load_lose_and_double_nothing(database_url: str, tmp_path: Path) -> None:
    """Two workers charge without a pause while two closers race over fifty days."""
    pools = [await open_pool(database_url, size=6) for _ in range(3)]
    workers = [Counter(pool) for pool in pools[:2]]
    till = await workers[0].till(NINGBO)
    holders = [
        await workers[0].holder(book, agency_index=index, cash_fen=900_000)
        for book, index in [(NINGBO, 0), (NINGBO, 1), (NINGBO, 2), (HANGZHOU, 0)] * 6
    ]
    closing, acknowledged = True, []

    async def pay(worker: Counter, holder: object) -> None:
        while closing:
            answer = await worker.charger.charge(worker.order(till, holder))  # type: ignore[arg-type]
            if answer.outcome == "approved":
                acknowledged.append(answer)

    async def close_days() -> None:
        nonlocal closing
        for _ in range(50):
            await asyncio.sleep(0.05)
            day = max((await open_dates(pools[2])).values())
            await asyncio.gather(*(close(pools[2], day, tmp_path) for _ in range(2)))
        closing = False

    # One holder is charged by one worker alone, as a person stands at one till.
    await asyncio.gather(close_days(), *(pay(workers[i % 2], holder) for i, holder in enumerate(holders)))
    day = max((await open_dates(pools[2])).values())
    await close(pools[2], day, tmp_path)

    cleared, fen = await pools[2].fetchrow("SELECT sum(payments), sum(paid_fen) FROM obligation")  # type: ignore[misc]
    assert (cleared, fen) == (len(acknowledged), sum(a.amount_fen for a in acknowledged))
    assert len(acknowledged) > 1_000
    sums = await pools[2].fetch("SELECT sum(position_fen) AS fen FROM position GROUP BY cycle_date")
    assert [row["fen"] for row in sums] == [0] * 51
    report = await verify_ledger(database_url, tmp_path, KEYS)
    assert [line for line in report if not line.holds] == []
    for pool in pools:
        await pool.close()


class Crash(Exception):
    """What a process does that is killed before a statement."""


class Fragile(dict[str, str]):
    """Queries that count how often each is asked for, and of which one, at its n-th time, is never sent."""

    asked: ClassVar[Tally[str]] = Tally()
    breaks_at: ClassVar[tuple[str, int] | None] = None

    def __getitem__(self, name: str) -> str:
        Fragile.asked[name] += 1
        if Fragile.breaks_at == (name, Fragile.asked[name]):
            raise Crash(name)
        return super().__getitem__(name)


async def test_a_close_that_crashes_before_any_statement_is_resumed_to_the_same_result(
    ledger: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clearing import closing, proof, statements

    counter = Counter(ledger)
    till, visitor = await counter.till(), await counter.holder(agency_index=1, cash_fen=900_000)
    for module, name in ((closing, "QUERIES"), (closing, "LEDGER"), (statements, "QUERIES"), (proof, "QUERIES")):
        monkeypatch.setattr(module, name, Fragile(getattr(module, name)))

    async def close_a_day(breaks_at: tuple[str, int] | None) -> CycleInfo:
        day = max((await open_dates(ledger)).values())
        Fragile.asked, Fragile.breaks_at = Tally(), breaks_at
        return await close(ledger, day, tmp_path)

    async def pay_and_close(breaks_at: tuple[str, int] | None) -> None:
        await counter.charger.charge(counter.order(till, visitor))
        day = max((await open_dates(ledger)).values())
        if breaks_at is not None:
            with pytest.raises(Crash):
                await close_a_day(breaks_at)
            Fragile.breaks_at = None
        cycle = await close(ledger, day, tmp_path)
        assert (cycle.state, [p.position_fen for p in cycle.positions]) == ("published", [2_000, -2_000, 0, 0])

    await close_a_day(None)
    steps = [(name, n) for name, times in Fragile.asked.items() for n in range(1, times + 1)]
    assert len(steps) > 50
    for breaks_at in steps:
        await pay_and_close(breaks_at)
    assert [line for line in await _verify(ledger, tmp_path) if not line.holds] == []


async def test_a_closing_that_is_interrupted_is_no_damage(
    ledger: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clearing import closing

    day = max((await open_dates(ledger)).values())
    monkeypatch.setattr(closing, "QUERIES", Fragile(closing.QUERIES))
    Fragile.asked, Fragile.breaks_at = Tally(), ("assign_closed_days", 1)
    with pytest.raises(Crash):
        await close(ledger, day, tmp_path)
    Fragile.breaks_at = None
    assert [line for line in await _verify(ledger, tmp_path) if not line.holds] == []


async def test_the_job_closes_what_is_due_and_nothing_else(ledger: Pool, database_url: str, tmp_path: Path) -> None:
    create_missing_keys(tmp_path)
    settings = Settings(database_url=database_url, redis_url="unix://none", statement_dir=tmp_path, keys_dir=tmp_path)
    day = max((await open_dates(ledger)).values())
    cut_off = settings.calendar.cut_off_of(day)
    assert await close_days_due(settings, cut_off - timedelta(seconds=1)) == []
    assert await close_days_due(settings, cut_off) == [day]
    assert await close_days_due(settings, cut_off) == []
    after_two_days_away = settings.calendar.cut_off_of(day + timedelta(days=2))
    missed = [day + timedelta(days=n) for n in (1, 2)]
    assert await close_days_due(settings, after_two_days_away) == missed
    publisher = asyncio.create_task(publish_cycles(settings))
    try:
        for closed in (day, *missed):
            assert (await wait_published(ledger, closed, seconds=60)).state == "settled", "a day without payments"
    finally:
        publisher.cancel()


def test_the_cut_off_of_holidays_and_of_make_up_days() -> None:
    calendar = Calendar(cut_off=time_of_day(22), cut_off_on_holidays=time_of_day(20, 30))
    national_day, make_up_sunday, plain_sunday = date(2026, 10, 1), date(2026, 9, 20), date(2026, 11, 22)
    assert calendar.cut_off_of(make_up_sunday) == datetime(2026, 9, 20, 22, tzinfo=ZONE)
    assert calendar.cut_off_of(national_day) == datetime(2026, 10, 1, 20, 30, tzinfo=ZONE)
    assert calendar.cut_off_of(plain_sunday).time() == time_of_day(20, 30)
    evening = datetime(2026, 10, 1, 21, tzinfo=ZONE)
    assert calendar.business_date_at(evening) == date(2026, 10, 2)
    assert Calendar().business_date_at(evening) == date(2026, 10, 1)


def test_working_days_follow_the_chinese_calendar() -> None:
    """Notice of the State Council's General Office on the holidays of 2026."""
    assert is_working_day(date(2026, 9, 20)), "a make-up Sunday"
    assert not is_working_day(date(2026, 10, 1))
    assert add_working_days(date(2026, 9, 30), 3) == date(2026, 10, 10), "over the National Day holiday"
    assert add_working_days(date(2026, 11, 20), 3) == date(2026, 11, 25), "over a weekend"
