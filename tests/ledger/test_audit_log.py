"""The audit log as evidence: what somebody with the database, but without the key files, tries and what shows it."""

import asyncio
import hashlib
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cbor2
import psycopg
import pytest

from clearing.closing import open_dates
from foundation.postgres import Pool
from registry import audit
from registry.audit import Note
from registry.audit_trail import keep_head, read_head, send_entries
from tests.closed_days import KEYS, close
from verification.invariants import verify_ledger


async def write(ledger: Pool, count: int = 5) -> None:
    """Changes by people."""
    for number in range(count):
        async with ledger.acquire() as connection, connection.transaction():
            await audit.append(connection, Note("finance", "top_up", f"agency/{number}", {"amount_fen": 100}))


async def broken(url: str, folder: Path) -> list[str]:
    """The checks of the audit log that do not hold."""
    report = await verify_ledger(url, folder, KEYS)
    return [check.code for check in report if check.code.startswith("audit") and not check.holds]


def rewritten(db: psycopg.Connection, digest: Callable[[bytes, list[object]], bytes]) -> None:
    """Compute every digest anew over what stands in the table."""
    previous = bytes(32)
    rows = db.execute("SELECT entry, at, actor, action, subject, detail FROM audit_entry ORDER BY entry")
    for entry, at, *content in rows.fetchall():
        previous = digest(previous, [entry, at.astimezone(UTC).isoformat(timespec="microseconds"), *content])
        db.execute("UPDATE audit_entry SET digest = %s WHERE entry = %s", (previous, entry))


def plain(previous: bytes, content: list[object]) -> bytes:
    return hashlib.sha256(previous + cbor2.dumps(content, canonical=True)).digest()


async def test_an_honest_log_holds(ledger: Pool, database_url: str, tmp_path: Path) -> None:
    assert await broken(database_url, tmp_path) == []
    await write(ledger)
    await keep_head(ledger, tmp_path)
    await write(ledger)
    assert await broken(database_url, tmp_path) == []


@pytest.mark.parametrize(
    "statement",
    [
        # PostgreSQL answers with a warning that nothing was granted.
        "GRANT UPDATE, DELETE ON audit_entry TO onecard_app; UPDATE audit_entry SET actor = 'x'",
        "GRANT onecard TO onecard_app",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "ALTER TABLE audit_entry OWNER TO onecard_app",
        "ALTER TABLE transfer ADD COLUMN x int",
        "DROP TABLE audit_entry",
        "DROP FUNCTION lock_audit_log()",
        "CREATE OR REPLACE FUNCTION lock_audit_log() RETURNS TABLE (entry bigint, at timestamptz, previous bytea)"
        " LANGUAGE sql AS 'SELECT 1, now(), NULL::bytea'",
        "CREATE TABLE public.mine (n int)",
        "SET session_replication_role = replica",
        "SET ROLE onecard",
        "UPDATE alembic_version SET version_num = '0001'",
        "DELETE FROM official",
    ],
)
def test_the_running_role_grants_itself_nothing(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url) as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(statement.encode())


async def test_a_cut_end_is_found(ledger: Pool, database_url: str, superuser_url: str, tmp_path: Path) -> None:
    await write(ledger)
    await keep_head(ledger, tmp_path)
    with psycopg.connect(superuser_url) as db:
        db.execute("DELETE FROM audit_entry WHERE entry > 3")
    assert await broken(database_url, tmp_path) == ["audit_heads"]
    # Nor does it help to let the log grow again: the file stays as it is.
    await write(ledger)
    await keep_head(ledger, tmp_path)
    assert await broken(database_url, tmp_path) == ["audit_heads"]


async def test_an_entry_with_digests_computed_anew_is_found(
    ledger: Pool, database_url: str, superuser_url: str, tmp_path: Path
) -> None:
    await write(ledger)
    with psycopg.connect(superuser_url) as db:
        db.execute("UPDATE audit_entry SET actor = 'somebody else' WHERE entry = 3")
        rewritten(db, plain)
    assert await broken(database_url, tmp_path) == ["audit_chain"]


async def test_an_entry_added_without_the_key_is_found(ledger: Pool, database_url: str, tmp_path: Path) -> None:
    """Even by the running role, which may insert."""
    await write(ledger)
    with psycopg.connect(database_url) as db:
        [last] = db.execute("SELECT digest FROM audit_entry ORDER BY entry DESC LIMIT 1").fetchone() or [b""]
        at = datetime.now(UTC)
        content: list[object] = [6, at.isoformat(timespec="microseconds"), "boss", "allow", "me", {}]
        db.execute(
            "INSERT INTO audit_entry VALUES (6, %s, 'boss', 'allow', 'me', '{}', %s)", (at, plain(last, content))
        )
    assert await broken(database_url, tmp_path) == ["audit_chain"]


async def test_an_empty_table_is_found(ledger: Pool, database_url: str, superuser_url: str, tmp_path: Path) -> None:
    await write(ledger)
    await keep_head(ledger, tmp_path)
    with psycopg.connect(superuser_url) as db:
        db.execute("TRUNCATE audit_entry")
    assert await broken(database_url, tmp_path) == ["audit_heads"]


async def test_every_nights_manifest_has_the_head(
    ledger: Pool, database_url: str, superuser_url: str, tmp_path: Path
) -> None:
    """So that a cut log is found without the file of the job runner, too."""
    await write(ledger)
    await close(ledger, max((await open_dates(ledger)).values()), tmp_path)
    await write(ledger)
    assert read_head(tmp_path) is None
    assert await broken(database_url, tmp_path) == []
    with psycopg.connect(superuser_url) as db:
        db.execute("DELETE FROM audit_entry WHERE entry > 3")
    assert await broken(database_url, tmp_path) == ["audit_heads"]


async def test_entries_from_many_workers_are_one_chain(ledger: Pool, database_url: str, tmp_path: Path) -> None:
    await asyncio.gather(*(write(ledger, 10) for _ in range(8)))
    assert await ledger.fetchval("SELECT count(*) FROM audit_entry") == 80
    assert await broken(database_url, tmp_path) == []


@pytest.mark.parametrize("kind", ["udp", "tcp"])
async def test_the_system_log_gets_every_entry(ledger: Pool, tmp_path: Path, kind: str) -> None:
    """In order, from where it was left, and again when it is not known whether it arrived."""
    with socket.socket(type=socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as collector:
        collector.bind(("127.0.0.1", 0))
        collector.settimeout(60)
        address = f"{kind}://127.0.0.1:{collector.getsockname()[1]}"
        await write(ledger, 3)
        if kind == "tcp":
            with pytest.raises(OSError, match="refused"):
                await send_entries(ledger, tmp_path, address)
            collector.listen()
        await send_entries(ledger, tmp_path, address)
        await write(ledger, 1)
        await send_entries(ledger, tmp_path, address)
        received = [collector.recv(9_000) for _ in range(4)] if kind == "udp" else lines_of(collector)
    messages = [line.partition(b"onecard-audit: ") for line in received]
    assert {priority for priority, _, _ in messages} == {b"<86>"}, "authpriv.info"
    entries = [json.loads(content) for _, _, content in messages]
    assert [entry["entry"] for entry in entries] == [1, 2, 3, 4]
    assert entries[0]["detail"] == {"amount_fen": 100}
    digest = await ledger.fetchval("SELECT digest FROM audit_entry WHERE entry = 4")
    assert entries[3]["digest"] == digest.hex()


def lines_of(collector: socket.socket) -> list[bytes]:
    """What came over the connections made so far."""
    content = b""
    for _ in range(2):
        connection, _ = collector.accept()
        with connection, connection.makefile("rb") as stream:
            content += stream.read()
    return content.splitlines()
