"""The demo city in a database, a played day and its checks."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

from demo.city import PASSWORD
from demo.console import PlayFailed
from demo.loader import load_demo_city
from demo.played_day import DayPlan, play_day
from onecard.cli.output import LANGUAGE, console, say, show_check
from onecard.embedded_servers import Services
from onecard.settings import Settings
from verification.history import check_history, read_history
from verification.invariants import verify_ledger

__all__ = ["LOG_INS", "PASSWORD", "DayPlan", "load_city", "play"]

START_WITHIN_S = 120.0

LOG_INS = "centre, approver, supervisor, admin-yinzhou, finance-yinzhou, kitchen-yinzhou"


def load_city(settings: Settings) -> bool:
    """Load the demo city when the database is empty; True when it did."""
    return asyncio.run(load_demo_city(settings.sqlalchemy_url, settings.calendar))


def play(settings: Settings, plan: DayPlan, *, url: str | None, folder: Path | None) -> bool:
    """Play a day and check the ledger; True when everything holds. Raises PlayFailed."""
    folder = folder or settings.data_dir / "demo" / time.strftime("%Y%m%d-%H%M%S")
    with _system(settings, url) as running:
        folder.mkdir(parents=True, exist_ok=True)
        history = play_day(console, running, folder, plan, LANGUAGE)
        if url is not None and not settings.database_url:
            say("demo.elsewhere")
            return True
        with Services(settings).available() as ready:
            return asyncio.run(_check(ready, history))


async def _check(settings: Settings, history: Path) -> bool:
    """Print what does not hold, and the comparison with the terminals."""
    report = await verify_ledger(settings.needed_database_url, settings.statement_folder)
    comparison = await check_history(settings.needed_database_url, read_history(history))
    broken = [check for check in report if not check.holds]
    for check in broken:
        show_check(check.name(LANGUAGE), check.figure(LANGUAGE), holds=False)
    say("demo.verified", holding=len(report) - len(broken), checks=len(report))
    for line in comparison.lines(LANGUAGE):
        console.print(line, markup=False)
    return not broken and comparison.holds


def _answers(url: str) -> bool:
    if "://" not in url:
        return False
    try:
        with urllib3.PoolManager(retries=False, timeout=3) as http:
            return http.request("GET", f"{url}/health").status == 200
    except urllib3.exceptions.HTTPError:
        return False


@contextmanager
def _system(settings: Settings, url: str | None) -> Iterator[str]:
    """The URL of a running system: the one given, the one on our port, or one started for this command."""
    ours = url or f"http://{settings.host}:{settings.port}"
    if _answers(ours):
        yield ours
        return
    if url is not None:
        raise PlayFailed("demo.nothing_there", url=url)
    say("demo.starting", url=ours)
    child = subprocess.Popen([sys.executable, "-m", "onecard", "run"], stdout=subprocess.DEVNULL)
    try:
        give_up_at = time.monotonic() + START_WITHIN_S
        while not _answers(ours):
            if child.poll() is not None or time.monotonic() > give_up_at:
                raise PlayFailed("demo.does_not_start")
            time.sleep(0.2)
        yield ours
    finally:
        child.terminate()
        child.wait()
