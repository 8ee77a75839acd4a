"""`onecard conformance` against the running system: every case of the page passes; its command line from end to end."""

import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.bench import Bench, Result
from conformance.kit import make_kit
from conformance.proxy import Proxy
from conformance.suite import Profile, run
from conformance.wire import Line
from demo.city import PASSWORD
from foundation.catalogue import Explained
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected
from terminals.devices import SoftwareCard
from terminals.schemas import EnrolmentSlip
from tests.builders import Network
from tests.comparison import answers
from tests.makers_desk import MakersDesk, serving, work
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


def test_a_kit_is_made_and_used_up_by_the_command_line(system: System, scratch: Path) -> None:
    kit, report = scratch / "kit.json", scratch / "report.json"
    passwords = f"{PASSWORD}\n{PASSWORD}\n"
    kit.touch(mode=0o644)
    system.command("conformance-kit", system.url, str(kit), typed=passwords)
    assert kit.stat().st_mode & 0o777 == 0o600, "it has the keys of cards"
    system.command("conformance", system.url, "--kit", str(kit), "--profile", "phone", "--report", str(report))
    assert json.loads(report.read_text())["failed"] == 0
    again = system.command("conformance", system.url, "--kit", str(kit), "--profile", "phone", check=False)
    assert again.returncode == 1, "it is used up"


def test_our_own_client_keeps_to_the_page_before_the_real_centre(network: Network, scratch: Path) -> None:
    proxy = Proxy(network.url, Profile.TILL, late_s=1.0)
    with serving(proxy) as url:
        till = network.terminal(scratch, url=url)
        cards = [network.card(network.official()) for _ in range(len(proxy.faults) + 2)]
        work(proxy, till, cards)
        wrong = [shown(one) for one in proxy.results() if one.result != "passed"]
    assert wrong == []


def test_the_fake_centre_answers_as_the_real_one(system: System, tmp_path: Path) -> None:
    """The same hundreds of charges, voids and repeats, in an order that nobody chose, to both."""
    desk = MakersDesk(tmp_path)
    real = Bench(Line(system.url), make_kit(system.url, ("centre", PASSWORD), ("approver", PASSWORD)))
    fake = Bench(Line(desk.url), desk.fresh_kit())
    seen = Counter[str]()
    try:
        tried = [answers(bench, random.Random(20261127)) for bench in (real, fake)]
        for n, (theirs, ours) in enumerate(zip(*tried, strict=True)):
            assert theirs == ours, n
            seen[ours] += 1
    finally:
        desk.close()
    expected = {"approved", "voided", "refused already_used", "refused card_blocked", "422 other-content", "recorded"}
    assert expected <= seen.keys()


class Desk:
    """`onecard fake-centre` as a maker starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"ONECARD_LANG": "en", "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
        with (folder / "fake.log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "onecard", "fake-centre", "--port", "0"],
                env=self.environment, cwd=folder, stdout=log,
            )  # fmt: skip
        give_up_at = time.monotonic() + 120
        while "Ctrl-C" not in (said := (folder / "fake.log").read_text()):
            assert time.monotonic() < give_up_at, said
            time.sleep(0.1)
        serves = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert serves
        self.url = serves[0]

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


def test_a_till_makers_run_at_the_desk(desk: Desk) -> None:
    done = desk.command(desk.url, "--profile", "till", "--verbose")
    assert done.returncode == 0, done.stdout
    assert "ok   connections  connection-slow-request" in done.stdout
    assert "expected (section 7): 200 voided reversed_fen=0, signed" in done.stdout


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
    chinese = desk.command("--check", "c.json", "--signer", certificate["signer"], lang="zh-Hans")
    unknown = desk.command("--check", "c.json")
    assert (unknown.returncode, unknown.stdout.count("signer is unknown")) == (1, 1)
    assert "项全部通过" in chinese.stdout
    other = desk.command("--check", "c.json", "--signer", "00" * 32)
    assert (other.returncode, other.stderr.count("\n")) == (1, 1)
    (desk.folder / "c.json").write_text(json.dumps(certificate | {"software": "y 1"}))
    assert desk.command("--check", "c.json").returncode == 1


def test_the_proxy_ends_in_the_middle_of_the_traffic(desk: Desk, tmp_path: Path) -> None:
    kit = urllib3.request("GET", f"{desk.url}/desk/kit", timeout=60).json()
    arguments = [desk.url, "--listen", "0", "--profile", "till", "--late-s", "1", "--certificate", "till.json"]
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "onecard", "conformance", *arguments],
            env=desk.environment, cwd=desk.folder, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    said, give_up_at = (tmp_path / "out").read_text, time.monotonic() + 120
    while not (listens := re.search(r"use (http://127\.0\.0\.1:\d+)", said())):
        assert time.monotonic() < give_up_at, said()
        time.sleep(0.1)
    till = Terminal.enrol(listens[1], EnrolmentSlip(**kit["till_slips"][0]), tmp_path / "till")
    cards = [SoftwareCard.personalised(one) for one in kit["cards"]["home"]]
    work(Proxy(desk.url, Profile.TILL), till, cards)
    charged = 0
    while process.poll() is None and time.monotonic() < give_up_at:
        with suppress(OutcomeUnknown, Rejected):
            till.charge_card(cards[0], "dinner", 1)
            charged += 1
    assert process.wait(60) == 0, said()
    assert "Traceback" not in said()
    assert charged > 0
    assert "software terminal" in json.loads((desk.folder / "till.json").read_text())["software"]


def test_what_was_not_run_is_no_failure_and_no_certificate(desk: Desk) -> None:
    done = desk.command(desk.url, "--listen", "0", "--profile", "till", "--seconds", "1", "--certificate", "none.json")
    assert done.returncode == 1
    assert "still to come" in done.stdout, done.stdout
    assert "FAIL" not in done.stdout
    assert re.search(r"NOT RUN.*terminal-holds-back-no-other.*\n +needs: another new message while one", done.stdout)
    assert re.search("0 passed, 0 failed, [0-9]{2} not run", done.stdout)
    assert desk.command("--check", "none.json").returncode == 1


def test_a_passed_case_does_not_say_twice_what_it_saw(desk: Desk) -> None:
    done = desk.command(desk.url, "--profile", "scale", "--verbose")
    lines = [line.strip().partition(": ") for line in done.stdout.splitlines()]
    twice = [one for one, other in pairwise(lines) if one[0].startswith("expected") and one[2] == other[2]]
    assert twice == []


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


def test_the_log_shows_why_a_signature_does_not_fit(desk: Desk) -> None:
    slip = urllib3.request("GET", f"{desk.url}/desk/kit", timeout=60).json()["till_slips"][0]
    till = Terminal.enrol(desk.url, EnrolmentSlip(**slip), desk.folder / "wrong-key")
    till.identity = replace(till.identity, private_key=Ed25519PrivateKey.generate())
    with pytest.raises(OutcomeUnknown):
        till.sign_on()
    log = (desk.folder / "fake.log").read_text()
    shown = re.search(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ POST /terminal/sessions +→ 401 bad-signature.*\n"
        r".*The signature does not match the message\n.*base:\n +\"@method\": POST\n +\"@authority\": 127",
        log,
    )
    assert shown, log[-3_000:]


def test_a_fault_that_is_none_is_told_in_one_line(desk: Desk) -> None:
    for wanted in ("soup", "late=sometimes"):
        done = subprocess.run(
            [sys.executable, "-m", "onecard", "fake-centre", "--fault", wanted],
            env=desk.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


def test_a_centre_that_fails_is_told_by_the_exit_code(desk: Desk) -> None:
    urllib3.request(
        "POST", f"{desk.url}/desk/faults", json={"fault": "error", "when": "always", "path": "/terminal/weigh"}
    )
    failed = desk.command(desk.url, "--profile", "scale", "--certificate", "f.json")
    urllib3.request("DELETE", f"{desk.url}/desk/faults")
    assert failed.returncode == 1
    assert "500 internal, signed" in failed.stdout
    assert desk.command("--check", "f.json").returncode == 1
