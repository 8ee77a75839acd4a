"""Processes that die, hang and come back: workers, the job runner, Redis; and what a port's holder is called."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import urllib3

from onecard.job_watch import QUERIES, SILENT_AFTER_S
from tests.builders import Network
from tests.running_system import System, free_port
from tests.waiting import PATIENCE_S, wait_until


def children_of(pid: int) -> dict[int, str]:
    """Living children of a process, with their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if int(parent) == pid and state != "Z":
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
    return found


def spawned_by(system: System) -> set[int]:
    """Numbers of the workers and of the job runner."""
    assert system.process is not None
    return {pid for pid, command in children_of(system.process.pid).items() if "spawn_main" in command}


@contextmanager
def hanging_server() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


@pytest.fixture(params=["hangs", "refuses", "unknown"])
def redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    match request.param:
        case "hangs":
            with hanging_server() as port:
                yield f"redis://127.0.0.1:{port}/0"
        case "refuses":
            yield f"redis://127.0.0.1:{free_port()}/0"
        case _:
            yield "redis://no-such-host.invalid:6379/0"


def heartbeat_is_fresh(system: System) -> bool:
    """Asked as `onecard check-jobs` does, whose every start would take a second of the processor from who starts."""
    with suppress(psycopg.OperationalError), psycopg.connect(system.database_url) as database:
        [silence_s] = database.execute(QUERIES["silence"].encode()).fetchone() or [None]
        return silence_s is not None and silence_s < SILENT_AFTER_S
    return False


def test_a_centre_starts_signs_in_pays_and_closes_without_redis(
    own: System, scratch: Path, redis_url: str, request: pytest.FixtureRequest
) -> None:
    own.environment |= {"ONECARD_REDIS_URL": redis_url}
    own.start()
    network = Network(own)
    till, card = network.terminal(scratch / own.folder.name), network.card(network.official())
    assert till.charge_card(card, "lunch").outcome == "approved"

    # A worker that starts now ends neither itself nor the others.
    before = spawned_by(own)
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: len(spawned_by(own) - before) == 1, own.output)
    assert till.charge_card(card, "dinner").outcome == "approved"
    wait_until(own.healthy, own.output)
    assert urllib3.request("GET", f"{own.url}/health", timeout=20).json()["redis"] != "ok"

    wait_until(lambda: heartbeat_is_fresh(own), own.output)
    if request.node.callspec.id == "hangs":
        # It begins at a full minute: once is enough.
        _leave_yesterday_open(own)
        wait_until(lambda: "cycle_published" in own.output, "the day is not closed")
    assert own.stop() == 0


def _leave_yesterday_open(system: System) -> None:
    """As after a night without a job runner."""
    with psycopg.connect(system.database_url) as database:
        database.execute("UPDATE book_day SET business_date = business_date - 1")


def test_the_parts_start_alone_without_redis(system: System, scratch: Path, redis_url: str) -> None:
    port = free_port()
    environment = system.environment | {
        "ONECARD_DATABASE_URL": system.database_url, "ONECARD_REDIS_URL": redis_url,
        "ONECARD_KEYS_DIR": str(system.folder / "keys"), "ONECARD_PORT": str(port),
        "ONECARD_METRICS_DIR": str(scratch / f"metrics-{port}"),
    }  # fmt: skip
    with (scratch / f"serve-{port}.log").open("wb") as output:
        serving = subprocess.Popen(
            [sys.executable, "-m", "onecard", "serve"], env=environment, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: _status(f"http://127.0.0.1:{port}/health") == 200, "serve does not start without Redis")
        serving.terminate()
        assert serving.wait(PATIENCE_S) == 0
    finally:
        serving.kill()
        serving.wait()


def _status(url: str) -> int | None:
    try:
        return urllib3.request("GET", url, retries=False, timeout=10).status
    except urllib3.exceptions.HTTPError:
        return None


@pytest.mark.one_worker
def test_an_embedded_redis_that_does_not_start_stops_nothing(own: System) -> None:
    (own.folder / "valkey").write_text("in the way of the folder")
    own.start()
    assert Network(own).official().holder_id
    (own.folder / "valkey").unlink()
    wait_until(lambda: _health(own)["redis"] == "ok", own.output)
    assert own.stop() == 0


def _health(system: System) -> dict[str, str]:
    answer: dict[str, str] = urllib3.request("GET", f"{system.url}/health", timeout=20).json()
    return answer


def test_a_killed_worker_and_a_killed_job_runner_are_replaced_and_the_log_says_so(own: System) -> None:
    own.start()
    wait_until(lambda: heartbeat_is_fresh(own), own.output)
    before = spawned_by(own)
    assert len(before) == 3, "two workers and the job runner"
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(spawned_by(own) - before) == 3, own.output)
    wait_until(own.healthy, own.output)
    with psycopg.connect(own.database_url) as db:
        db.execute("DELETE FROM procrastinate_workers")
    wait_until(lambda: heartbeat_is_fresh(own), own.output)
    assert own.output.count("process_ended") == own.output.count("process_replaced") == 3
    assert own.stop() == 0


@pytest.mark.one_worker
def test_the_job_runner_survives_the_loss_of_its_connections(own: System) -> None:
    """Its listener cannot connect again for a while: the library's worker then ends without an error."""
    own.start()
    wait_until(lambda: heartbeat_is_fresh(own), own.output)
    assert own.services.postgres is not None
    runners = "application_name = 'onecard-jobs'"
    with psycopg.connect(own.services.postgres.url_of("postgres", "postgres"), autocommit=True) as db:

        def connections() -> int:
            [count] = db.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {runners}").fetchone() or [0]
            return int(count)

        for _ in range(2):
            wait_until(lambda: connections() > 0, own.output)
            db.execute("ALTER ROLE onecard_app CONNECTION LIMIT 0")
            db.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {runners}")
            time.sleep(3)
            db.execute("ALTER ROLE onecard_app CONNECTION LIMIT -1")
    with psycopg.connect(own.database_url) as database:
        database.execute("DELETE FROM procrastinate_workers")
    wait_until(lambda: heartbeat_is_fresh(own), own.output)
    # What it is for: an unfinished day is closed.
    _leave_yesterday_open(own)
    wait_until(lambda: "cycle_published" in own.output, "the day is not closed")
    assert own.stop() == 0


def test_a_worker_may_take_its_time_to_start(own: System) -> None:
    own.start()
    before = spawned_by(own)
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: spawned_by(own) - before, own.output)
    [slow] = spawned_by(own) - before
    os.kill(slow, signal.SIGSTOP)
    time.sleep(10)
    os.kill(slow, signal.SIGCONT)
    time.sleep(3)
    assert slow in spawned_by(own), own.output
    assert own.output.count("process_ended") == 1
    assert own.stop() == 0


@pytest.mark.parametrize("stopped", [False, True])
def test_no_worker_outlives_its_server(own: System, stopped: bool) -> None:
    own.start()
    orphans = spawned_by(own)
    if stopped:
        for pid in orphans:
            os.kill(pid, signal.SIGSTOP)
    own.kill_server()
    wait_until(lambda: not any(_lives(pid) for pid in orphans), "orphans stay")


def _lives(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_a_start_on_a_port_in_use_says_who_has_it(scratch: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ONECARD_")} | {
            "ONECARD_DATA_DIR": str(scratch / "not-made"), "ONECARD_PORT": str(port), "ONECARD_LANG": "en",
        }  # fmt: skip
        command = [sys.executable, "-m", "onecard", "run"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"onecard: cannot serve on 127.0.0.1:{port}: process {os.getpid()} has the port (")
    assert done.stderr.count("\n") == 1
