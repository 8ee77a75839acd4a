"""Publication happens once: no closer, however slow, writes a file of a cycle that is signed."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from clearing.closing import EndOfDay, begin_close, close_day, open_dates, resume_cycles
from foundation.postgres import Pool, open_pool
from tests.closed_days import KEY, KEYS, close
from tests.counter import Counter
from verification.invariants import verify_ledger


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("halted_at", ["documents", "tree"])
async def test_a_slow_second_closer_changes_nothing(
    ledger: Pool, database_url: str, tmp_path: Path, halted_at: str
) -> None:
    """It has read everything and written a part when another one renames an agency, publishes and signs."""
    counter = Counter(ledger)
    await counter.charger.charge(counter.order(await counter.till(), await counter.holder(agency_index=1)))
    day = max((await open_dates(ledger)).values())
    await begin_close(ledger, day)
    folder, published = tmp_path / day.isoformat(), []

    async def rival() -> None:
        pool = await open_pool(database_url, size=4)
        await pool.execute("UPDATE agency SET name_zh = name_zh || '（更名）'")
        await resume_cycles(EndOfDay(pool, tmp_path, KEY))
        published.append(contents(folder))
        await pool.close()

    def halt(what: str, _done: int, _of: int) -> None:
        if what == halted_at and not published:
            other = threading.Thread(target=lambda: asyncio.run(rival()))
            other.start()
            other.join()

    await resume_cycles(EndOfDay(ledger, tmp_path, KEY, progress=halt))
    assert contents(folder) == published[0]
    assert [path.name for path in tmp_path.iterdir()] == [day.isoformat()], "nothing is left aside"
    assert [check for check in await verify_ledger(database_url, tmp_path, KEYS) if not check.holds] == []


async def test_files_are_read_only_once_they_are_published(ledger: Pool, tmp_path: Path) -> None:
    day = max((await open_dates(ledger)).values())
    await close(ledger, day, tmp_path)
    assert {path.stat().st_mode & 0o222 for path in (tmp_path / day.isoformat()).iterdir()} == {0}


async def test_files_of_a_publication_that_was_never_signed_give_way(
    ledger: Pool, database_url: str, tmp_path: Path
) -> None:
    """A closer was killed after it had put its files in place, and before its transaction was committed."""
    day = max((await open_dates(ledger)).values())
    left = tmp_path / day.isoformat()
    left.mkdir()
    (left / "net-report.csv").write_text("half of it")
    (left / "statement-7.csv").write_text("of no agency")
    await close_day(EndOfDay(ledger, tmp_path, KEY), day)
    assert not (left / "statement-7.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == [day.isoformat()]
    await close(ledger, day + timedelta(days=1), tmp_path)
    assert [check for check in await verify_ledger(database_url, tmp_path, KEYS) if not check.holds] == []
