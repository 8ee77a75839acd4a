"""scripts/setup-packages.sh in its cases, with a package manager and users of the test's own on the path."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "setup-packages.sh"
TOOLS = ("sh", "find", "grep", "dirname", "mktemp", "rm", "cat", "touch", "mkdir")
LOCKED = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (apt-get)"


class Machine:
    """A machine on which only what the test puts there exists."""

    def __init__(self, folder: Path) -> None:
        self.path, self.fonts, self.calls = folder / "bin", folder / "fonts", folder / "calls"
        self.path.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None, tool
            (self.path / tool).symlink_to(found)
        self.program("sleep", ":")
        self.program("apt-get", "exit 100")

    def program(self, name: str, *lines: str) -> None:
        file = self.path / name
        file.write_text("\n".join(["#!/bin/sh", f'echo "{name} $*" >> {self.calls}', *lines]) + "\n")
        file.chmod(0o755)

    def user(self, number: int) -> None:
        self.program("id", f"echo {number}")

    def font(self, place: str = "opentype/noto/NotoSansCJK-Regular.ttc") -> None:
        file = self.fonts / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def installs(self, *lines: str) -> None:
        """An apt-get that installs font and browser, after ``lines``."""
        font, chromium = self.fonts / "noto" / "NotoSansCJK-Regular.ttc", self.path / "chromium"
        made = f"mkdir -p {font.parent}; touch {font}; cat {self.path}/sleep > {chromium}; /bin/chmod 755 {chromium}"
        self.program("apt-get", *lines, f'[ "$1" = install ] || exit 0; {made}')

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(self.path),
            "HOME": str(self.fonts.parent),
            "FONT_FOLDERS": f"{self.fonts.parent}/nowhere {self.fonts} {self.fonts.parent}/nowhere-else",
            "APT_WAIT_S": "9",
        }
        return subprocess.run(
            [str(SCRIPT), *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def called(self, name: str) -> list[str]:
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line for line in lines if line.split()[0] == name]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


ROOT, ORDINARY = 0, 1000


@pytest.mark.parametrize("user", [ROOT, ORDINARY])
@pytest.mark.parametrize(
    "font",
    [
        "opentype/noto/NotoSansCJK-Regular.ttc",
        "truetype/NotoSansCJKsc-Regular.otf",
        "adobe/SourceHanSansSC-Regular.otf",
        "NotoSansSC[wght].ttf",
    ],
)
def test_apt_is_left_alone_when_nothing_is_missing(machine: Machine, user: int, font: str) -> None:
    machine.user(user)
    machine.font(font)
    machine.program("chromium", ":")
    done = machine.run("--test")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.called("apt-get") == []


def test_root_installs_what_is_missing(machine: Machine) -> None:
    machine.user(ROOT)
    machine.installs()
    done = machine.run("--test")
    assert (done.returncode, done.stderr) == (0, "")
    [*_, install] = machine.called("apt-get")
    assert install.split()[-2:] == ["fonts-noto-cjk", "chromium"]


@pytest.mark.parametrize(("sudo", "words"), [(True, "sudo apt-get install"), (False, "as root: apt-get install")])
def test_an_ordinary_user_goes_on_without_the_font_and_hears_what_is_missing(
    machine: Machine, sudo: bool, words: str
) -> None:
    machine.user(ORDINARY)
    if sudo:
        machine.program("sudo", "exit 1")
    done = machine.run()
    assert done.returncode == 0
    assert f"{words} fonts-noto-cjk" in done.stderr
    assert "come without their PDF" in done.stderr
    assert machine.called("apt-get") == machine.called("sudo") == []


def test_tests_without_a_browser_do_not_begin(machine: Machine) -> None:
    machine.user(ORDINARY)
    machine.font()
    done = machine.run("--test")
    assert done.returncode == 1
    assert "chromium" in done.stderr
    assert "font" not in done.stderr


def test_a_held_lock_is_waited_for(machine: Machine) -> None:
    machine.user(ROOT)
    machine.installs(
        f"[ -e {machine.path}/free ] || {{ [ $1 = install ] && touch {machine.path}/free; echo '{LOCKED}'; exit 100; }}"
    )
    done = machine.run()
    assert done.returncode == 0
    assert "waiting" in done.stderr
    assert "without their PDF" not in done.stderr
    assert machine.called("sleep") == ["sleep 3"]


def test_a_lock_that_stays_held_ends_in_a_warning(machine: Machine) -> None:
    machine.user(ROOT)
    machine.program("apt-get", f"echo '{LOCKED}'; exit 100")
    done = machine.run()
    assert done.returncode == 0
    assert "cannot be installed now" in done.stderr
    assert "without their PDF" in done.stderr
    assert len(machine.called("sleep")) == 3


def test_what_the_holder_of_the_lock_installs_is_not_missing(machine: Machine) -> None:
    machine.user(ROOT)
    font = machine.fonts / "NotoSansCJK-Regular.ttc"
    machine.program("apt-get", f"mkdir -p {font.parent}; touch {font}; echo '{LOCKED}'; exit 100")
    done = machine.run()
    assert done.returncode == 0
    assert "without their PDF" not in done.stderr


def test_another_failure_of_apt_is_told_at_once(machine: Machine) -> None:
    machine.user(ROOT)
    machine.program("apt-get", "echo 'E: Unable to locate package fonts-noto-cjk'; exit 100")
    done = machine.run()
    assert done.returncode == 0
    assert "E: Unable to locate package" in done.stderr
    assert machine.called("sleep") == []


def test_a_machine_without_apt_is_told_the_names(machine: Machine) -> None:
    machine.user(ORDINARY)
    (machine.path / "apt-get").unlink()
    done = machine.run()
    assert done.returncode == 0
    assert "fonts-noto-cjk" in done.stderr
