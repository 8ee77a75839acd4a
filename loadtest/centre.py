"""A running centre for load tests, in a folder of its own, used through its commands."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

from loadtest.generator import LoadFailed

START_WITHIN_S = 120.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(command: list[str], environment: dict[str, str], probe: str, log: Path) -> Iterator[int]:
    """Run a server until it answers at ``probe``; what it says goes to ``log``. Raises LoadFailed."""
    with log.open("ab") as said:
        child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said)
    give_up_at = time.monotonic() + START_WITHIN_S
    try:
        while not _answers(probe):
            if child.poll() is not None or time.monotonic() > give_up_at:
                last_words = log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise LoadFailed(f"{' '.join(command[1:])} does not start: {last_words}")
            time.sleep(0.2)
        yield child.pid
    finally:
        child.terminate()
        child.wait()


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=2).status < 500
    except urllib3.exceptions.HTTPError:
        return False


class Centre:
    """A system with the demo city, its data in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / "centre.log"
        self.environment = os.environ | {
            "ONECARD_DATA_DIR": str(folder / "centre"),
            "ONECARD_PORT": str(self.port),
            # A till of the generator opens a dozen connections at once, and all tills are at one address.
            "ONECARD_CONNECTIONS_MAX": "10000",
            "ONECARD_CONNECTIONS_PER_ADDRESS_MAX": "10000",
            "ONECARD_REQUESTS_PER_ADDRESS_PER_S": "10000",
        }

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return "127.0.0.1", self.port

    @contextmanager
    def running(self, **settings: str) -> Iterator[int]:
        """Run it with these settings; yields its process number. What it says is in ``centre.log``."""
        command = [sys.executable, "-m", "onecard", "run"]
        with server(command, self.environment | settings, f"{self.url}/health", self.log_path) as pid:
            yield pid

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an onecard command on it."""
        return subprocess.run(
            [sys.executable, "-m", "onecard", *arguments],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def database_url(self) -> str:
        """Where its PostgreSQL listens, for the owner of the tables."""
        return str(json.loads(self.command("urls").stdout)["database_owner"])
