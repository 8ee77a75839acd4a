"""A whole onecard system for tests: started as a user starts it, killed as fate kills it."""

import atexit
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import urllib3

from demo.city import PASSWORD
from foundation.calendar import Calendar
from onecard.embedded_servers import EmbeddedPostgres, Services
from onecard.settings import Settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class TestServer(EmbeddedPostgres):
    """PostgreSQL for tests of the ledger alone. What it wrote outlives its processes, not the machine's power."""

    __test__ = False

    def command(self) -> list[str]:
        # Hundreds of databases are made and none is kept: to visit each every few seconds would be most of the work.
        return [*super().command(), "--fsync=off", "--full_page_writes=off", "--autovacuum_naptime=60s"]

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """A copy by files takes a quarter of the time of one by the log."""
        if template == "template1":
            super().create_database(name)
            return
        self._run(f'CREATE DATABASE "{name}" OWNER {self.owner} TEMPLATE "{template}" STRATEGY file_copy')

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url_of(self.superuser, "postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def abandon(self) -> None:
        """Stop it without writing the tests' databases to the disk."""
        pid = self.running_pid()
        if pid is not None:
            os.kill(pid, signal.SIGQUIT)
        self.stop()


MEMORY = Path("/dev/shm")
ROOM_BYTES = 6_000_000_000
"""A test process fills a tenth of it; the servers' buffers stand there, too."""


def new_folder(purpose: str) -> Path:
    """A folder with a short name (for sockets), in memory where there is room: files on a disk take half the time."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    return Path(tempfile.mkdtemp(prefix=f"onecard-{purpose}-", dir=MEMORY if roomy else None))


if "READY_CITIES" not in os.environ:
    # The first process imports this before it starts the test processes, which are told the same folder.
    os.environ["READY_CITIES"] = str(new_folder("cities"))
    atexit.register(shutil.rmtree, os.environ["READY_CITIES"], ignore_errors=True)


@cache
def _ready_city(business_date: date, hours: str) -> Path:
    """A data folder with the demo city that opens on a day: made once in a run of the tests, to copy.

    ``hours``: whether days are played there at any hour (``ONECARD_DEMO_HOURS``).
    """
    cities = Path(os.environ["READY_CITIES"])
    folder = cities / f"{business_date}-{hours}"
    with (cities / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = Path(tempfile.mkdtemp(prefix="making-", dir=cities))
            environment = _outside() | {"ONECARD_DATA_DIR": str(making), HOURS: hours}
            ready = [sys.executable, "-m", "tests.ready_city"]
            subprocess.run(ready, env=environment, check=True, stdout=subprocess.DEVNULL)
            making.rename(folder)
    return folder


def _outside() -> dict[str, str]:
    """The environment without settings of ours."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("ONECARD_", "PROMETHEUS_"))}


OF_A_FIRST_START = {
    "ONECARD_DATABASE_URL", "ONECARD_DEMO_CITY", "ONECARD_HOST", "ONECARD_CUT_OFF", "ONECARD_CUT_OFF_ON_HOLIDAYS",
    "ONECARD_KEYS_DIR",
}  # fmt: skip
"""Settings that decide, beside the hours, what is in the data folder after the first start."""

HOURS = "ONECARD_DEMO_HOURS"


class System:
    """`onecard run` in a folder and on a port of its own.

    Each worker costs two seconds of the processor to start: ``workers="1"`` where the test is not about them.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        folder.chmod(0o700)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = _outside() | {
            "ONECARD_DATA_DIR": str(folder),
            "ONECARD_PORT": str(self.port),
            "ONECARD_LANG": "en",
            # The tests are one stranger at one address, in a hurry.
            "ONECARD_REQUESTS_PER_ADDRESS_PER_S": "10000",
            "ONECARD_REQUESTS_PER_OFFICIAL_PER_S": "10000",
            **{f"ONECARD_{name.upper()}": value for name, value in settings.items()},
        }
        self.settings = Settings(data_dir=folder, port=self.port)
        self.services = Services(self.settings)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def database_url(self) -> str:
        assert self.services.postgres is not None
        return self.services.postgres.url

    @property
    def statement_folder(self) -> Path:
        return self.folder / "statements"

    @property
    def output(self) -> str:
        return (self.folder / "output.log").read_text()

    def start(self, *, within_s: float = 180) -> None:
        """Start it and wait until it is healthy. Into an empty folder the usual demo city is copied first."""
        if not any(self.folder.iterdir()) and not OF_A_FIRST_START & self.environment.keys():
            day = Calendar().business_date_at(datetime.now(UTC))
            city = _ready_city(day, self.environment.get(HOURS, "true"))
            for part in ("postgres", "keys"):
                subprocess.run(["cp", "-a", city / part, self.folder / part], check=True)
        give_up_at, served = time.monotonic() + within_s, self._times_served()
        with (self.folder / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "onecard", "run"], env=self.environment, stdout=output, stderr=output
            )
        # A killed server's workers may answer for a moment longer: wait for this one's own word.
        while self._times_served() == served or not self.healthy():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < give_up_at, self.output
            time.sleep(0.05)

    def _times_served(self) -> int:
        return self.output.count("serves on") if (self.folder / "output.log").exists() else 0

    def healthy(self) -> bool:
        try:
            return urllib3.request("GET", f"{self.url}/health", retries=False, timeout=2).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def stop(self) -> int:
        """Ctrl-C."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)

    def abandon(self) -> None:
        """Ctrl-C, and no patience with PostgreSQL, which would write hundreds of tests' databases to the disk."""
        assert self.process is not None
        assert self.services.postgres is not None
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(4)
        pid = self.services.postgres.running_pid()
        if pid is not None:
            os.kill(pid, signal.SIGQUIT)
        self.process.wait(60)

    def kill_server(self) -> None:
        """kill -9 of the process that serves; its workers and servers become orphans."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def clear_away(self) -> None:
        """Stop what is left of it."""
        if self.process is not None and self.process.poll() is None:
            self.kill_server()
        for service in (self.services.postgres, self.services.valkey):
            if service is not None:
                service.stop()

    def kill_postgres(self) -> None:
        """kill -9 of PostgreSQL's postmaster."""
        assert self.services.postgres is not None
        pid = self.services.postgres.running_pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def command(self, *arguments: str, check: bool = True, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run an onecard command against this system; ``typed`` comes from standard input."""
        done = subprocess.run(
            [sys.executable, "-m", "onecard", *arguments],
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def begun(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that asks, and is answered while it runs; its words come as they are written."""
        return subprocess.Popen(
            [sys.executable, "-m", "onecard", *arguments],
            env=self.environment | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def sign_in(self, login: str) -> "Person":
        return Person(self.url, login)


class Person:
    """Somebody signed in at the console."""

    def __init__(self, url: str, login: str, password: str = PASSWORD, code: str | None = None) -> None:
        self.url = url
        self.token = ""
        given = {"login": login, "password": password} | ({} if code is None else {"code": code})
        self.token = self.call("POST", "/console/sessions", given)["token"]

    def ask(self, method: str, path: str, message: Any = None) -> urllib3.BaseHTTPResponse:
        is_file = isinstance(message, bytes)
        headers = {"content-type": "application/octet-stream" if is_file else "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        body = message if message is None or is_file else json.dumps(message).encode()
        return urllib3.request(method, self.url + path, body=body, headers=headers, retries=False, timeout=120)

    def call(self, method: str, path: str, message: Any = None) -> Any:
        answer = self.ask(method, path, message)
        assert answer.status < 300, answer.data.decode()
        return json.loads(answer.data) if answer.data else None
