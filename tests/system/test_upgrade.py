"""A database of an earlier release arrives: restored, migrated, verified, and paid from."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from clearing.proof import Manifest, tree_of
from foundation.postgres import Pool, open_pool
from onecard.embedded_servers import postgres_binary
from onecard.migrate import migrate
from settlement.ledger import balances
from tests.closed_days import KEYS
from tests.running_system import System
from verification.invariants import verify_ledger

DUMP = Path(__file__).parents[1] / "data" / "onecard-0.1.0.sql"

NEEDS_MORE = {"statements", "manifests", "trees"}
"""The codes of the checks that need the folder of statements and the centre's key; a dump has neither."""


@pytest.fixture(scope="module")
def upgraded(system: System) -> str:
    """The URL of the database of 0.1.0, migrated."""
    postgres = system.services.postgres
    assert postgres is not None
    postgres.create_database("from_0_1_0")
    url = postgres.url_of("onecard", "from_0_1_0")
    restore = [str(postgres_binary("psql")), "--quiet", "--set=ON_ERROR_STOP=1", f"--file={DUMP}", url]
    subprocess.run(restore, check=True, capture_output=True)
    migrate(url, postgres.runner, KEYS.audit_key)
    return url


@pytest.fixture
async def ledger(upgraded: str) -> AsyncIterator[Pool]:
    pool = await open_pool(upgraded, size=2)
    yield pool
    await pool.close()


def test_the_dump_has_rows_in_every_table() -> None:
    text = DUMP.read_text(encoding="utf-8")
    empty = [block.split(" ", 1)[0] for block in text.split("\nCOPY public.")[1:] if "stdin;\n\\." in block]
    assert empty == ["console_session"]


async def test_every_invariant_holds_afterwards(upgraded: str, tmp_path: Path) -> None:
    report = await verify_ledger(upgraded, tmp_path, KEYS)
    assert [check for check in report if not check.holds and check.code not in NEEDS_MORE] == []


async def test_manifests_can_still_be_read_and_are_of_these_transfers(ledger: Pool) -> None:
    rows = await ledger.fetch("SELECT cycle_date, manifest FROM cycle_proof")
    assert rows
    for row in rows:
        manifest = Manifest.decode(row["manifest"])
        assert manifest.encode() == row["manifest"]
        async with ledger.acquire() as connection, connection.transaction():
            tree = await tree_of(connection, row["cycle_date"])
        assert (len(tree), tree.head) == (manifest.tree_size, manifest.tree_head)


async def test_purses_hold_what_they_held(ledger: Pool) -> None:
    [(book, holder_id)] = await ledger.fetch(
        "SELECT book, holder_id FROM transfer WHERE kind = 'top_up' ORDER BY posting_id LIMIT 1"
    )
    held = await balances(ledger, book, holder_id)
    assert held.keys() == {"cash", "subsidy"}
    assert [f"{book}\t{holder_id}\t{purse}\t" in DUMP.read_text() for purse in held] == [True, True]
    assert min(held.values()) >= 0
    assert max(held.values()) > 0


def test_migrating_again_changes_nothing(upgraded: str) -> None:
    migrate(upgraded, "onecard_app")
    with psycopg.connect(upgraded) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
