"""Real services for every test: one running system for the session, a fresh database where a test breaks things."""

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg.conninfo import conninfo_to_dict

from demo.loader import load_demo_city
from foundation.calendar import Calendar
from foundation.keys import KeyRing, create_missing_keys, load_keys
from foundation.postgres import Pool, open_pool
from onecard.distribute import distribute
from onecard.migrate import migrate
from registry.audit import use_key
from tests.builders import Network
from tests.closed_days import KEYS
from tests.cluster import CITUS_URL, Cluster, Server, SystemOnCluster
from tests.counter import Counter
from tests.running_system import System, TestServer, new_folder

os.environ.pop("ONECARD_DATA_DIR", None)
# A thousand processes of ours start: each would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Test processes and their systems share the processors: threads of one library would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Modules and thousands of tests stay to the end: to look through them for garbage is a tenth of the work.
gc.set_threshold(50_000, 20, 100)

SLOWEST_FIRST = (
    "system/test_sheet_crash", "pages/test_till",
    "system/test_processes", "system/test_running", "system/test_hostile_values", "system/test_key_rotation",
    "system/test_conformance", "system/test_sign_on_providers", "system/test_rosters", "system/test_crash",
    "system/test_health", "rules/test_conformance", "ledger/test_forecasting", "system/test_audit_entries",
    "system/test_matrix", "ledger/test_charging", "system/test_second_factor", "system/test_lists",
    "system/test_demo_day", "system/test_full_disk", "system/test_joining", "system/test_closed_loop",
    "system/test_demo_city", "system/test_sign_in", "system/test_unreachable", "system/test_strangers",
    "ledger/test_audit", "system/test_backpressure", "ledger/test_closing", "ledger/test_disputes",
    "system/test_readme", "system/test_lunch",
)  # fmt: skip
"""Half a minute or more each. One that begins last keeps the other test processes waiting."""
_AMONG_SLOWEST = {name: place for place, name in enumerate(SLOWEST_FIRST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of slow files first, the slowest before all."""
    items.sort(key=lambda item: _AMONG_SLOWEST.get(f"{item.path.parent.name}/{item.path.stem}", len(SLOWEST_FIRST)))
    gc.freeze()


use_key(KEYS.audit_key)

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
]  # fmt: skip

POLICY = "Content Security Policy"
"""What a browser's console says of whatever the policy forbids."""


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for the session, short enough for sockets; in memory where there is room."""
    folder = new_folder("test")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def system(scratch: Path) -> Iterator[System]:
    """One running system with the demo city; tests build what they need in it and leave its day open.

    It keeps to the clock, as every other centre does.
    """
    folder = scratch / "system"
    folder.mkdir()
    # What one person moves in a day is what all the tests of this process move.
    running = System(folder, demo_hours="false", alone_maker_day_max_fen=str(10**10))
    running.start()
    yield running
    running.abandon()


@pytest.fixture
def own(scratch: Path, request: pytest.FixtureRequest) -> Iterator[System]:
    """A system of the test's own, cleared away whatever becomes of the test; on the cluster of ONECARD_CITUS_URL."""
    folder = scratch / f"own-{abs(hash(request.node.name)) % 10**6}"
    folder.mkdir()
    system = System(folder) if CITUS_URL is None else SystemOnCluster(folder, Cluster(CITUS_URL))
    if "one_worker" in request.keywords:
        system.environment["ONECARD_WORKERS"] = "1"
    yield system
    system.clear_away()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def network(system: System) -> Network:
    return Network(system)


@pytest.fixture(scope="session")
def keys(scratch: Path) -> KeyRing:
    create_missing_keys(scratch / "keys")
    return load_keys(scratch / "keys")


@pytest.fixture(scope="session")
def server(scratch: Path) -> Iterator[Server]:
    """PostgreSQL for the databases of the tests, beside the running system's own; or a cluster of ONECARD_CITUS_URL."""
    if CITUS_URL is not None:
        yield Cluster(CITUS_URL)
        return
    postgres = TestServer(scratch / "server" / "postgres", scratch / "sockets")
    postgres.sockets.mkdir(mode=0o700)
    postgres.prepare()
    postgres.start()
    yield postgres
    postgres.abandon()


@pytest.fixture(scope="session")
def template(server: Server) -> Iterator[str]:
    """A migrated database with the demo city, to copy."""
    name = f"template_{uuid4().hex[:8]}"
    server.create_database(name)
    migrate(server.url_of(server.owner, name), server.runner)
    if isinstance(server, Cluster):
        distribute(server.url_of(server.owner, name), server.runner)
    url = server.url_of(server.runner, name)
    asyncio.run(load_demo_city(url.replace("postgresql://", "postgresql+asyncpg://", 1), Calendar(), KEYS))
    yield name
    server.drop_database(name)


@pytest.fixture
def database_url(server: Server, template: str) -> Iterator[str]:
    """A database of the test's own, with the demo city."""
    name = f"test_{uuid4().hex[:12]}"
    server.create_database(name, template=template)
    yield server.url_of(server.runner, name)
    server.drop_database(name)


def _name_of(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


@pytest.fixture
def owner_url(server: Server, database_url: str) -> str:
    """The same database, for the owner of its tables."""
    return server.url_of(server.owner, _name_of(database_url))


@pytest.fixture
def as_superuser(superuser_url: str) -> Callable[..., None]:
    """Runs a statement (``%s`` for its values) for which no right is in the way."""

    def run(statement: str, *values: object) -> None:
        with psycopg.connect(superuser_url) as db:
            db.execute(statement.encode(), values)

    return run


@pytest.fixture
def superuser_url(server: Server, database_url: str) -> str:
    """The same database, for whom no right is in the way."""
    return server.url_of(server.superuser, _name_of(database_url))


@pytest_asyncio.fixture
async def ledger(database_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database_url, size=10)
    yield pool
    await pool.close()


@pytest.fixture
def counter(ledger: Pool) -> Counter:
    return Counter(ledger)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For tests at the end of their file: while it runs, no other event loop can."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        violations: list[str] = []
        open_page = chromium.new_page

        def new_page(**options: Any) -> Page:
            page = open_page(**options)
            page.on("console", lambda said: violations.append(said.text) if POLICY in said.text else None)
            return page

        chromium.new_page = new_page  # type: ignore[method-assign]
        yield chromium
        chromium.close()
        assert violations == [], "no page does what its policy forbids"
