"""`/health` says whether a payment would succeed: every kind of total stop is brought about, seen, and ended."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3

from terminals.client import Terminal
from terminals.devices import SoftwareCard
from tests.builders import Network
from tests.running_system import System
from tests.system.test_processes import children_of, heartbeat_is_fresh, spawned_by
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def fragile(scratch: Path) -> Iterator[System]:
    """One system for the tests of this file: each puts right what it broke."""
    folder = scratch / "fragile"
    folder.mkdir()
    system = System(folder)
    system.start()
    yield system
    system.clear_away()


@pytest.fixture(scope="module")
def till(fragile: System, scratch: Path) -> Terminal:
    return Network(fragile).terminal(scratch)


@pytest.fixture(scope="module")
def card(fragile: System, till: Terminal) -> SoftwareCard:
    network = Network(fragile)
    return network.card(network.official())


def health(system: System, path: str = "/health") -> dict[str, Any]:
    """What one worker says. On a connection that is kept it would be the same one each time."""
    closing = {"connection": "close"}
    answer = urllib3.request("GET", system.url + path, headers=closing, timeout=60, retries=False)
    return {"code": answer.status, **answer.json()}


def superuser(system: System, database: str = "onecard") -> "psycopg.Connection[Any]":
    assert system.services.postgres is not None
    return psycopg.connect(system.services.postgres.url_of("postgres", database), autocommit=True)


@contextmanager
def not_ready(system: System, because: str) -> Iterator[None]:
    """Every worker says within a while that no payment would succeed; afterwards all are ready again."""
    seen = 0

    def told() -> bool:
        nonlocal seen
        said = health(system)
        seen = seen + 1 if said["code"] == 503 and because in said["payments"] else 0
        return seen == 6

    wait_until(told, f"/health does not say that {because}")
    yield
    _wait_until_ready(system)


def _wait_until_ready(system: System) -> None:
    seen = 0

    def told() -> bool:
        nonlocal seen
        said = health(system)
        seen = seen + 1 if said["code"] == 200 else 0
        return seen == 6

    wait_until(told, f"/health does not come back: {health(system)}")


def test_all_is_well(fragile: System, till: Terminal, card: SoftwareCard) -> None:
    assert till.charge_card(card, "lunch").outcome == "approved"
    wait_until(lambda: health(fragile)["status"] == "ok", "the job runner's heartbeat is missing")
    assert health(fragile) == {
        "code": 200,
        "status": "ok",
        "payments": "ok",
        "nodes": "ok",
        "redis": "ok",
        "jobs": "ok",
    }
    assert health(fragile, "/health/live") == {"code": 200, "status": "ok", "postgresql": "ok", "redis": "ok"}
    wait_until(lambda: _metric(fragile, "onecard_workers_ready") == 2, "not both workers are ready")
    wait_until(lambda: _metric(fragile, "onecard_charge_oldest_seconds") == 0, "a charge is still under way")
    wait_until(
        lambda: _metric(fragile, "onecard_job_runner_silent_seconds") < 60, "the heartbeat is not in the metrics"
    )
    assert _metric(fragile, "onecard_day_late_seconds") == 0


def _metric(system: System, name: str) -> float:
    text = urllib3.request("GET", f"{system.url}/metrics", timeout=60).data.decode()
    [value] = [line.split()[-1] for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(value)


def test_a_stopped_postgresql(fragile: System) -> None:
    assert fragile.services.postgres is not None
    postmaster = fragile.services.postgres.running_pid()
    assert postmaster is not None
    stopped = [postmaster, *children_of(postmaster)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        with not_ready(fragile, "the ledger cannot be written"):
            assert health(fragile, "/health/live")["code"] == 503
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_the_gate_of_a_business_day_held_by_somebody(fragile: System) -> None:
    with psycopg.connect(fragile.database_url) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(7301, book) FROM book_day LIMIT 1")
        with not_ready(fragile, "the gate of a business day is held"):
            assert health(fragile, "/health/live")["code"] == 200
            holder.rollback()


def test_all_purses_locked_by_somebody(fragile: System, card: SoftwareCard) -> None:
    with psycopg.connect(fragile.database_url) as holder:
        holder.execute("SELECT FROM purse FOR UPDATE")
        with not_ready(fragile, "the purses are locked"):
            holder.rollback()


def test_a_commit_that_takes_for_ever(fragile: System) -> None:
    """As with a disk that does not finish its writes: here PostgreSQL waits for a standby that does not exist."""
    with superuser(fragile, "postgres") as db:
        db.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        db.execute("SELECT pg_reload_conf()")
        try:
            with not_ready(fragile, "the ledger cannot be written"):
                db.execute("ALTER SYSTEM RESET synchronous_standby_names")
                db.execute("SELECT pg_reload_conf()")
        finally:
            db.execute("ALTER SYSTEM RESET synchronous_standby_names")
            db.execute("SELECT pg_reload_conf()")


def test_a_database_that_became_read_only(fragile: System, till: Terminal, card: SoftwareCard) -> None:
    with superuser(fragile) as db:
        db.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        db.execute("SELECT pg_reload_conf()")
        try:
            with not_ready(fragile, "the ledger cannot be written (ReadOnlySQLTransactionError)"):
                _charge_is_told_to_come_back(fragile, till, card)
                db.execute("SET default_transaction_read_only = off")
                db.execute("ALTER SYSTEM RESET default_transaction_read_only")
                db.execute("SELECT pg_reload_conf()")
        finally:
            db.execute("SET default_transaction_read_only = off")
            db.execute("ALTER SYSTEM RESET default_transaction_read_only")
            db.execute("SELECT pg_reload_conf()")
    till.resend_unknown()


def _charge_is_told_to_come_back(system: System, till: Terminal, card: SoftwareCard) -> None:
    """503 with Retry-After, signed, without a traceback."""
    tracebacks = system.output.count("Traceback")
    headers, body = till.prepare_charge(card, "dinner")
    answer = _send(system, headers, body)
    assert (answer.status, answer.headers.get("retry-after")) == (503, "10")
    assert system.output.count("Traceback") == tracebacks


def test_payments_that_fail_while_the_probe_succeeds(fragile: System, till: Terminal, card: SoftwareCard) -> None:
    """A disk that is full for new rows only: the charges themselves tell."""
    with superuser(fragile) as db:
        db.execute(
            "CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
        )
        db.execute("CREATE TRIGGER no_space BEFORE INSERT ON request FOR EACH ROW EXECUTE FUNCTION no_space()")
        try:
            told: list[str] = []
            give_up_at = time.monotonic() + 120
            while "charges fail" not in told:
                _charge_is_told_to_come_back(fragile, till, card)
                told.append(str(health(fragile)["payments"]))
                assert time.monotonic() < give_up_at, told
        finally:
            db.execute("DROP FUNCTION no_space CASCADE")
    till.resend_unknown()
    assert till.charge_card(card, "dinner").outcome == "approved"
    _wait_until_ready(fragile)


def test_a_charge_that_waits_for_a_table(fragile: System, till: Terminal, card: SoftwareCard) -> None:
    """The probe needs no row of ``request``: how long the charges have been under way tells."""
    with ThreadPoolExecutor() as pool, superuser(fragile) as holder, holder.transaction(force_rollback=True):
        holder.execute("LOCK TABLE request IN ACCESS EXCLUSIVE MODE")
        for _ in range(3):
            headers, body = till.prepare_charge(card, "breakfast")
            pool.submit(_send, fragile, headers, body)
        wait_until(lambda: "charge" in str(health(fragile)["payments"]), "nobody says that charges wait")
    till.resend_unknown()
    assert till.charge_card(card, "breakfast").outcome == "approved"
    _wait_until_ready(fragile)


def _send(system: System, headers: dict[str, str], body: bytes) -> urllib3.BaseHTTPResponse:
    return urllib3.request(
        "POST", f"{system.url}/terminal/charges", headers=headers, body=body, timeout=60, retries=False
    )


def test_people_who_find_no_free_connection_are_told_to_come_back(fragile: System) -> None:
    """More of them than the pools of both workers have connections, and a lock that is not given up."""
    centre = fragile.sign_in("centre")
    with psycopg.connect(fragile.database_url) as holder, ThreadPoolExecutor(40) as pool:
        holder.execute("LOCK TABLE agency IN ACCESS EXCLUSIVE MODE")
        answers = list(pool.map(lambda _: centre.ask("GET", "/registry/directory"), range(40)))
        holder.rollback()
    assert {answer.status for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert "QueuePool limit" in fragile.output, "nobody had to wait for a connection"


def _sign_in(system: System, login: str) -> urllib3.BaseHTTPResponse:
    message = {"login": login, "password": "never mind"}
    return urllib3.request("POST", f"{system.url}/console/sessions", json=message, timeout=120, retries=False)


def test_an_error_in_the_log_tells_no_parameters(fragile: System) -> None:
    with superuser(fragile) as db:
        db.execute("ALTER TABLE console_user RENAME COLUMN login TO hidden")
        try:
            assert _sign_in(fragile, "a-login-to-be-kept").status == 500
        finally:
            db.execute("ALTER TABLE console_user RENAME COLUMN hidden TO login")
    wait_until(lambda: "UndefinedColumnError" in fragile.output, fragile.output)
    assert "a-login-to-be-kept" not in fragile.output


def test_a_path_cannot_steer_the_terminal_of_who_reads_the_log(fragile: System) -> None:
    assert urllib3.request("GET", f"{fragile.url}/%1b]0;owned%07", timeout=60).status == 404
    wait_until(lambda: "]0;owned" in fragile.output, fragile.output)
    assert r"\x1b]0;owned\x07" in fragile.output
    assert not {"\x1b", "\x07"} & set(fragile.output)


def test_a_silent_job_runner_is_told(fragile: System) -> None:
    wait_until(lambda: heartbeat_is_fresh(fragile), fragile.output)
    with superuser(fragile) as db:
        before = spawned_by(fragile)
        db.execute("ALTER TABLE procrastinate_workers RENAME COLUMN last_heartbeat TO hidden")
        db.execute(
            "ALTER TABLE procrastinate_workers ADD COLUMN last_heartbeat timestamptz"
            " GENERATED ALWAYS AS (to_timestamp(0)) STORED"
        )
        try:
            silent = _said(fragile, lambda said: str(said["jobs"]).startswith("silent for"))
            assert (silent["code"], silent["status"]) == (200, "degraded"), "payments go on"
            wait_until(lambda: _metric(fragile, "onecard_job_runner_silent_seconds") > 60, "no metric")
        finally:
            db.execute("ALTER TABLE procrastinate_workers DROP COLUMN last_heartbeat")
            db.execute("ALTER TABLE procrastinate_workers RENAME COLUMN hidden TO last_heartbeat")
    assert spawned_by(fragile) & before
    wait_until(lambda: health(fragile)["jobs"] == "ok", "the job runner does not come back")


def test_a_day_that_nobody_closes_is_told(fragile: System) -> None:
    runners = {pid for pid in spawned_by(fragile) if _is_job_runner(fragile, pid)}
    assert len(runners) == 1
    for pid in runners:
        os.kill(pid, signal.SIGSTOP)
    try:
        with psycopg.connect(fragile.database_url) as db:
            # By two days: within the first minutes after a cut-off yesterday is not late yet.
            db.execute("UPDATE book_day SET business_date = business_date - 2")
        late = _said(fragile, lambda said: "should have ended" in str(said["jobs"]))
        assert late["code"] == 200
        wait_until(lambda: _metric(fragile, "onecard_day_late_seconds") > 600, "no metric")
    finally:
        for pid in runners:
            # The supervisor replaces one that is silent for a minute.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    wait_until(lambda: health(fragile)["jobs"] == "ok", "the day is not closed")


def _said(system: System, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What /health says when it holds, in the same answer: workers look one after the other."""
    said: list[dict[str, Any]] = []

    def holds_now() -> bool:
        said.append(health(system))
        return holds(said[-1])

    wait_until(holds_now, "/health does not say so")
    return said[-1]


def _is_job_runner(system: System, pid: int) -> bool:
    """The workers hold the listening socket; the runner does not."""
    inodes = {
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{system.port:04X}") and line.split()[3] == "0A"
    }
    held = {os.readlink(descriptor) for descriptor in Path(f"/proc/{pid}/fd").iterdir() if descriptor.is_symlink()}
    return not held & {f"socket:[{inode}]" for inode in inodes}
