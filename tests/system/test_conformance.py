"""`onecard conformance` against the running system: every case of the page passes; its command line from end to end."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from conformance.bench import Result
from conformance.kit import make_kit
from conformance.proxy import Proxy
from conformance.suite import Profile, run
from demo.city import PASSWORD
from foundation.catalogue import Explained
from tests.builders import Network
from tests.makers_desk import serving
from tests.rules.test_conformance import work
from tests.running_system import System


def shown(result: Result) -> str:
    """A failed case, for whoever mends it."""
    step = result.steps[-1] if result.steps else None
    return f"{result.case_id} ({result.section}): {result.result} {result.note} {step}"


@pytest.mark.parametrize("profile", [Profile.ALL, Profile.SCALE])
def test_our_own_centre_passes_every_case(system: System, profile: Profile) -> None:
    kit = make_kit(system.url, ("centre", PASSWORD), ("approver", PASSWORD))
    failed = [shown(result) for result in run(system.url, kit, profile) if result.result != "passed"]
    assert failed == [], "\n".join(failed)


def test_a_kit_needs_two_people(system: System) -> None:
    with pytest.raises(Explained) as refused:
        make_kit(system.url, ("centre", PASSWORD), ("centre", PASSWORD))
    assert refused.value.code == "conformance.kit.refused"
    with pytest.raises(Explained):
        make_kit(system.url, ("centre", "wrong"), ("approver", PASSWORD))


def test_our_own_client_keeps_to_the_page_before_the_real_centre(network: Network, scratch: Path) -> None:
    proxy = Proxy(network.url, Profile.TILL, late_s=1.0)
    with serving(proxy) as url:
        till = network.terminal(scratch, url=url)
        cards = [network.card(network.official()) for _ in range(len(proxy.faults) + 2)]
        work(proxy, till, cards)
        wrong = [shown(one) for one in proxy.results() if one.result != "passed"]
    assert wrong == []


class Desk:
    """`onecard fake-centre` as a maker starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"ONECARD_LANG": "en", "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "onecard", "fake-centre", "--port", "0"],
            env=self.environment, cwd=folder, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        serves = re.search(r"http://127\.0\.0\.1:\d+", self.process.stdout.readline())
        assert serves
        self.url = serves[0]
        for line in self.process.stdout:
            if "Ctrl-C" in line:
                break

    def command(self, *arguments: str, lang: str = "en") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "onecard", "conformance", *arguments],
            env=self.environment | {"ONECARD_LANG": lang}, cwd=self.folder, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def desk(scratch: Path) -> Iterator[Desk]:
    folder = scratch / "desk"
    folder.mkdir()
    desk = Desk(folder)
    yield desk
    desk.process.terminate()
    desk.process.wait(60)


def test_from_nothing_to_a_certificate(desk: Desk) -> None:
    made = desk.command(
        desk.url, "--profile", "scale", "--report", "r.json", "--certificate", "c.json", "--software", "x 1"
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert "scale-weigh-ins  section 7.2" in made.stdout
    report = json.loads((desk.folder / "r.json").read_text())
    assert (report["failed"], report["not_run"]) == (0, 0)
    step = next(one for one in report["cases"] if one["case_id"] == "scale-weigh-ins")["steps"][0]
    assert step.keys() == {"sent", "expected", "came", "holds"}
    certificate = json.loads((desk.folder / "c.json").read_text())
    checked = desk.command("--check", "c.json", "--signer", certificate["signer"])
    assert checked.returncode == 0, checked.stderr
    assert f"all {report['passed']} cases passed" in checked.stdout
    chinese = desk.command("--check", "c.json", lang="zh-Hans")
    assert "项全部通过" in chinese.stdout
    other = desk.command("--check", "c.json", "--signer", "00" * 32)
    assert (other.returncode, other.stderr.count("\n")) == (1, 1)
    (desk.folder / "c.json").write_text(json.dumps(certificate | {"software": "y 1"}))
    assert desk.command("--check", "c.json").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["--check", "no-such-file"], 1),
        (["http://127.0.0.1:1", "--kit", "no-such-file"], 1),
        (["http://127.0.0.1:1"], 1),
        (["http://127.0.0.1:1", "--listen", "0"], 2),
        (["http://127.0.0.1:1", "--profile", "soup"], 2),
    ],
)
def test_a_mistake_is_one_line(desk: Desk, arguments: list[str], code: int) -> None:
    done = desk.command(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert "Traceback" not in done.stderr


def test_a_centre_that_fails_is_told_by_the_exit_code(desk: Desk) -> None:
    urllib3.request(
        "POST", f"{desk.url}/desk/faults", json={"fault": "error", "when": "always", "path": "/terminal/weigh"}
    )
    failed = desk.command(desk.url, "--profile", "scale", "--certificate", "f.json")
    urllib3.request("DELETE", f"{desk.url}/desk/faults")
    assert failed.returncode == 1
    assert "500 internal, signed" in failed.stdout
    assert desk.command("--check", "f.json").returncode == 1
