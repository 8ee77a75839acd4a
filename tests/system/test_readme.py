"""The README's commands are run: each line of its ``sh`` blocks."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from scripts.pictures import IMAGES, PICTURES
from tests.running_system import System

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def recipe(target: str) -> str:
    """What make would run, without the set-up of the environment."""
    done = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def make_run(system: System) -> None:
    assert recipe("run") == "scripts/setup-pages.sh & exec .venv/bin/onecard run"
    system.start()
    assert f"onecard serves on {system.url}" in system.output


def demo(system: System) -> None:
    played = system.command("demo", "--payments", "60", "--terminals", "6")
    assert "the ledger matches what the terminals saw" in played.stdout + played.stderr


def make_test(_: System) -> None:
    """The suite does not run itself; its recipe runs pytest."""
    assert recipe("test").split()[0] == ".venv/bin/pytest"


RUN: dict[str, Callable[[System], None]] = {
    "make run": make_run,
    ".venv/bin/onecard demo": demo,
    "make test": make_test,
}
"""Command line -> how it is run here, in the order of the README."""


def test_every_command_runs(own: System) -> None:
    lines = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
    assert lines == list(RUN)
    for line in lines:
        RUN[line](own)


def test_every_picture_is_taken_by_the_script() -> None:
    assert {path.name for path in IMAGES.iterdir()} == PICTURES.keys()
    assert set(re.findall(r"docs/images/([\w.-]+)", README)) <= PICTURES.keys()
