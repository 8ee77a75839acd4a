"""Real services for every test: one running system for the session, a fresh database where a test breaks things."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.sync_api import Browser, sync_playwright

from demo.loader import load_demo_city
from foundation.calendar import Calendar
from foundation.keys import KeyRing, create_missing_keys, load_keys
from foundation.postgres import Pool, open_pool
from onecard.migrate import migrate
from tests.builders import Network
from tests.counter import Counter
from tests.running_system import System

os.environ.pop("ONECARD_DATA_DIR", None)


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for the session, short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="onecard-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def system(scratch: Path) -> Iterator[System]:
    """One running system with the demo city; tests build what they need in it and leave its day open.

    It keeps to the clock, as every other centre does.
    """
    folder = scratch / "system"
    folder.mkdir()
    running = System(folder, demo_hours="false")
    running.start()
    yield running
    running.abandon()


@pytest.fixture
def own(scratch: Path, request: pytest.FixtureRequest) -> Iterator[System]:
    """A system of the test's own, cleared away whatever becomes of the test."""
    folder = scratch / f"own-{abs(hash(request.node.name)) % 10**6}"
    folder.mkdir()
    system = System(folder)
    yield system
    system.clear_away()


@pytest.fixture(scope="session")
def network(system: System) -> Network:
    return Network(system)


@pytest.fixture(scope="session")
def keys(scratch: Path) -> KeyRing:
    create_missing_keys(scratch / "keys")
    return load_keys(scratch / "keys")


@pytest.fixture(scope="session")
def template(system: System) -> str:
    """A migrated database with the demo city, to copy."""
    postgres = system.services.postgres
    assert postgres is not None
    postgres.create_database("template_city")
    url = postgres.url_of("onecard", "template_city")
    migrate(url)
    asyncio.run(load_demo_city(url.replace("postgresql://", "postgresql+asyncpg://", 1), Calendar()))
    return "template_city"


@pytest.fixture
def database_url(system: System, template: str) -> str:
    """A database of the test's own, with the demo city."""
    postgres = system.services.postgres
    assert postgres is not None
    name = f"test_{uuid4().hex[:12]}"
    postgres.create_database(name, template=template)
    return postgres.url_of("onecard", name)


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
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield chromium
        chromium.close()
