"""Migrating beside a centre that works: nobody queues behind a migration for long."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
import pytest
from alembic import command

from onecard import migrate as migrating
from onecard.migrate import LockedOut, alembic_config, migrate, role_of
from tests.closed_days import KEYS
from tests.cluster import goes_back

pytestmark = goes_back

WAITS = """
SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_locks x USING (pid) WHERE l.relation = %s::regclass AND NOT l.granted
    AND x.granted AND x.mode = 'AccessExclusiveLock' AND x.relation <> l.relation
    AND x.relation::regclass::text LIKE ANY (%s))
FROM pg_locks WHERE relation = %s::regclass AND NOT granted
"""
"""For each that waits for a table: whether it holds another table for itself meanwhile."""


@contextmanager
def in_use(url: str, statement: str) -> Iterator[None]:
    """A transaction that has executed a statement and stays open."""
    with psycopg.connect(url) as db:
        db.execute(statement.encode())
        yield


@asynccontextmanager
async def migrated_beside(owner_url: str, database_url: str, to: str) -> AsyncIterator[Callable[[], Any]]:
    """Goes back to a revision and migrates from there again; awaited at the end."""
    await asyncio.to_thread(command.downgrade, alembic_config(owner_url, KEYS.audit_key), to)
    tasks: list[asyncio.Task[None]] = []

    def begin() -> None:
        tasks.append(asyncio.create_task(asyncio.to_thread(migrate, owner_url, role_of(database_url), KEYS.audit_key)))

    yield begin
    await asyncio.gather(*tasks)


async def seen_waiting(url: str, table: str, held: tuple[str, ...] = ()) -> bool:
    """Whether who waits for a table holds one of the others for itself, once somebody waits."""
    with psycopg.connect(url, autocommit=True) as db:
        while True:
            if row := db.execute(WAITS.encode(), [table, list(held), table]).fetchone():
                return bool(row[0])
            await asyncio.sleep(0.01)


async def test_who_comes_behind_a_waiting_migration_goes_on(owner_url: str, database_url: str) -> None:
    async with migrated_beside(owner_url, database_url, "0054") as begin:
        with in_use(database_url, "SELECT FROM console_user"), psycopg.connect(database_url, autocommit=True) as other:
            begin()
            await seen_waiting(database_url, "console_user")
            other.execute("SET statement_timeout = '15s'")
            other.execute("SELECT FROM console_user")
            assert other.execute("SELECT version_num FROM alembic_version").fetchone() == ("0055",)
    with psycopg.connect(database_url) as db:
        db.execute("SELECT givers FROM console_user")


async def test_the_audit_log_is_read_before_users_are_locked(owner_url: str, database_url: str) -> None:
    async with migrated_beside(owner_url, database_url, "0055") as begin:
        with in_use(owner_url, "LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE"):
            begin()
            assert not await seen_waiting(database_url, "audit_entry", ("console_user", "identity", "console_session"))


async def test_what_happens_while_the_audit_log_is_read_counts(
    owner_url: str, database_url: str, as_superuser: Callable[..., None]
) -> None:
    """An invitation that is written after the reading, before the users are locked."""
    invited = (
        "INSERT INTO audit_entry SELECT coalesce(max(entry), 0) + 1, now(), %s, 'invite_user', %s, '{}', ''"
        " FROM audit_entry"
    )
    with psycopg.connect(database_url) as db:
        row = db.execute("SELECT user_id FROM console_user ORDER BY user_id LIMIT 1").fetchone()
        assert row is not None
    subject = f"console_user/{row[0]}"
    as_superuser("UPDATE console_user SET state = 'invited' WHERE user_id = %s", row[0])
    as_superuser(invited, "early", subject)
    async with migrated_beside(owner_url, database_url, "0055") as begin:
        with in_use(database_url, "SELECT FROM console_user"):
            begin()
            await seen_waiting(database_url, "console_user")
            as_superuser(invited, "late", subject)
    with psycopg.connect(database_url) as db:
        found = db.execute("SELECT givers FROM console_user WHERE user_id = %s", [row[0]]).fetchone()
    assert found == (["early", "late"],)


async def test_a_table_that_stays_in_use_ends_the_migration(
    owner_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "LOCK_TRIES", 2)
    config = alembic_config(owner_url, KEYS.audit_key)
    await asyncio.to_thread(command.downgrade, config, "0055")
    with in_use(database_url, "SELECT FROM console_user"), pytest.raises(LockedOut):
        await asyncio.to_thread(migrate, owner_url, role_of(database_url), KEYS.audit_key)
    with psycopg.connect(database_url) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchone() == ("0055",)
