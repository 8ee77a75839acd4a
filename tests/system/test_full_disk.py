"""A disk that is really full: a system whose whole data folder is a small file system of its own."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import urllib3

from tests.builders import Network
from tests.running_system import System
from tests.system.test_processes import spawned_by
from tests.waiting import wait_until

SIZE = "600m"


@pytest.fixture
def small(scratch: Path) -> Iterator[System]:
    """A system on a file system of 600 MB."""
    folder = scratch / "small-disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=False).returncode != 0:
        pytest.skip("mounting a file system needs privileges")
    system = System(folder)
    try:
        yield system
        system.clear_away()
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(folder: Path) -> Path:
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"\0" * 65_536):
            pass
    assert os.statvfs(folder).f_bavail == 0
    return filler


def test_a_full_disk_stops_no_worker_and_answers_503(small: System, scratch: Path) -> None:
    small.start()
    network = Network(small)
    till = network.terminal(scratch / "till-outside")
    cards = [network.card(network.official()) for _ in range(3)]
    assert till.charge_card(cards[0], "lunch").outcome == "approved"
    workers = spawned_by(small)

    # The log lies on the full disk, too: what cannot be logged must not stop anything.
    filler = _fill(small.folder)
    os.kill(min(workers), signal.SIGKILL)
    wait_until(lambda: len(spawned_by(small)) == len(workers), "no worker starts on a full disk")
    refused: list[int] = []

    def told() -> bool:
        headers, body = till.prepare_charge(cards[1], "lunch")
        answer = urllib3.request(
            "POST", f"{small.url}/terminal/charges", headers=headers, body=body, timeout=60, retries=False
        )
        if answer.status != 200:
            assert answer.status == 503, answer.data
            assert int(answer.headers["retry-after"]) > 0
            refused.append(answer.status)
        return len(refused) >= 5

    wait_until(told, "the ledger needs no space")
    wait_until(lambda: not small.healthy(), "/health says that payments succeed")
    assert urllib3.request("GET", f"{small.url}/metrics", timeout=60).status == 200

    filler.unlink()
    wait_until(small.healthy, "payments do not come back")
    till.resend_unknown()
    assert till.charge_card(cards[2], "lunch").outcome == "approved"
    assert "internal_error" not in small.output
    assert small.stop() == 0
