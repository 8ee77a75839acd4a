"""The demo's part of the command line: the demo city in a database, its payment gateway, a played day.

Besides ``onecard.cli`` the only module that knows the package ``demo``.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3
from rich.console import Console

from demo.city import PASSWORD
from demo.console import PlayFailed
from demo.loader import load_demo_city
from demo.show import play_day
from demo.simulated_gateway import (
    APP,
    MERCHANT,
    PATH,
    SimulatedGateway,
    create_missing_gateway_keys,
    create_simulated_gateway,
)
from foundation.request_log import RequestLog
from onecard.embedded_servers import Services
from onecard.settings import Settings
from verification.history import check_history, read_history
from verification.invariants import verify_ledger

START_WITHIN_S = 120.0

LOG_INS = "centre, approver, supervisor, admin-yinzhou, finance-yinzhou, kitchen-yinzhou, ..."


def load_city(settings: Settings) -> bool:
    """Load the demo city when the database is empty; True when it did."""
    return asyncio.run(load_demo_city(settings.sqlalchemy_url, settings.calendar))


def log_ins() -> str:
    """The demo city's log-ins and their password, for people."""
    return f"{LOG_INS}  password {PASSWORD}"


def with_simulated_gateway(settings: Settings) -> Settings:
    """Settings that lead to the simulated gateway, whose keys are made when they are missing."""
    create_missing_gateway_keys(settings.gateway_keys_folder)
    return settings.model_copy(
        update={"gateway_url": settings.own_url + PATH, "gateway_merchant": MERCHANT, "gateway_app": APP}
    )


def create_server() -> RequestLog:
    """The application with the simulated gateway beside it: what the workers of a demo call."""
    from onecard.app import create_server as create

    settings = Settings()
    gateway = create_simulated_gateway(SimulatedGateway(settings.data_dir, settings.gateway_keys_folder))
    return create(gateway)


def play(
    settings: Settings,
    console: Console,
    *,
    url: str | None,
    folder: Path | None,
    payments: int,
    terminals: int,
    seed: int,
    keep_open: bool,
) -> bool:
    """Play a day and judge it; True when every invariant holds. Raises PlayFailed."""
    folder = folder or settings.data_dir / "demo" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True, exist_ok=True)
    with _system(settings, url, console) as running:
        history = play_day(
            console, running, folder, payments=payments, terminals=terminals, seed=seed, keep_open=keep_open
        )
        if url is not None and not settings.database_url:
            console.print("a system elsewhere: run onecard verify and onecard check-history there")
            return True
        with Services(settings).available() as ready:
            return asyncio.run(_check(ready, console, history))


async def _check(settings: Settings, console: Console, history: Path) -> bool:
    report = await verify_ledger(settings.needed_database_url, settings.statement_folder)
    verdict = await check_history(settings.needed_database_url, read_history(history))
    broken = [line for line in report if not line.holds]
    for line in broken:
        console.print(f"[bold red]FAIL[/] {line.name}: {line.figure}")
    console.print(f"onecard verify: {len(report) - len(broken)} of {len(report)} checks hold")
    for text in verdict.lines():
        console.print(text)
    return not broken and verdict.holds


def _answers(url: str) -> bool:
    try:
        with urllib3.PoolManager(retries=False, timeout=3) as http:
            return http.request("GET", f"{url}/health").status == 200
    except urllib3.exceptions.HTTPError:
        return False


@contextmanager
def _system(settings: Settings, url: str | None, console: Console) -> Iterator[str]:
    """The URL of a running system: the one given, the one on our port, or one started for the day."""
    ours = url or f"http://{settings.host}:{settings.port}"
    if _answers(ours):
        yield ours
        return
    if url is not None:
        raise PlayFailed(f"nothing answers at {url}/health")
    console.print(f"nothing runs on {ours}: starting it for this day")
    child = subprocess.Popen([sys.executable, "-m", "onecard", "run"], stdout=subprocess.DEVNULL)
    try:
        give_up_at = time.monotonic() + START_WITHIN_S
        while not _answers(ours):
            if child.poll() is not None or time.monotonic() > give_up_at:
                raise PlayFailed("the system does not start: see what `onecard run` says")
            time.sleep(0.2)
        yield ours
    finally:
        child.terminate()
        child.wait()
