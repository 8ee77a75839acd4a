"""Commands whose database cannot be used: one line, a non-zero exit, and nothing else happened."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.running_system import System, free_port
from tests.system.test_processes import hanging_server

COMMANDS = [
    ["run"],
    ["serve"],
    ["jobs"],
    ["check-jobs"],
    ["migrate"],
    ["verify"],
    ["demo", "--payments", "20"],
    ["close-day", "--date", "2026-11-20"],
    ["bundle", "2026-11-20", "1", "bundle.json"],
    ["bank-file", "2026-11-20", "bank.xml"],
    ["confirm", "camt.xml"],
    ["check-history", "history.jsonl"],
    ["evaluate"],
    ["forecast", "now"],
    ["forecast", "backtest"],
]

UNREACHABLE = "onecard: the database cannot be reached: check ONECARD_DATABASE_URL, and that the server runs\n"
NO_TABLES = "onecard: the database has no tables yet: run onecard migrate\n"


def told(folder: Path, arguments: list[str], database_url: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """What a command says; it must leave no traceback."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ONECARD_")} | {
        "ONECARD_DATA_DIR": "data", "ONECARD_DATABASE_URL": database_url, "ONECARD_REDIS_URL": "redis://127.0.0.1:1/0",
        "ONECARD_PORT": str(free_port()), "ONECARD_LANG": "en", **more,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "onecard", *arguments], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr + done.stdout
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "camt.xml").write_text("<Document/>")
    (tmp_path / "history.jsonl").write_text("")
    return tmp_path


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_an_unreachable_database_is_one_line_and_changes_nothing(folder: Path, arguments: list[str]) -> None:
    before = {path.name for path in folder.iterdir()}
    done = told(folder, arguments, f"postgresql://onecard@127.0.0.1:{free_port()}/onecard")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", UNREACHABLE)
    assert {path.name for path in folder.iterdir()} == before


@pytest.mark.parametrize("arguments", [["serve"], ["verify"]], ids=" ".join)
def test_a_database_that_accepts_and_never_answers_is_given_up(folder: Path, arguments: list[str]) -> None:
    with hanging_server() as port:
        done = told(folder, arguments, f"postgresql://onecard@127.0.0.1:{port}/onecard")
    assert (done.returncode, done.stderr) == (1, UNREACHABLE)


@pytest.mark.parametrize("arguments", [["serve"], ["forecast", "now"]], ids=" ".join)
@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y"])
def test_an_url_that_is_none_is_told_by_the_name_of_its_setting(folder: Path, arguments: list[str], url: str) -> None:
    done = told(folder, arguments, url)
    assert (done.returncode, done.stderr.startswith("onecard: setting ONECARD_DATABASE_URL: must be a URL")) == (
        1,
        True,
    )
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["check-jobs"], ["verify"], ["forecast", "backtest"]], ids=" ".join)
def test_an_empty_external_database_stays_empty(system: System, folder: Path, arguments: list[str]) -> None:
    url = _empty_database(system)
    done = told(folder, arguments, url)
    assert (done.returncode, done.stderr) == (1, NO_TABLES)
    with psycopg.connect(url) as db:
        assert db.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def _empty_database(system: System) -> str:
    assert system.services.postgres is not None
    name = f"empty_{free_port()}"
    system.services.postgres.create_database(name)
    return system.services.postgres.url_of("onecard", name)


@pytest.mark.parametrize("part", ["serve", "jobs"])
def test_the_parts_do_not_start_on_an_empty_database(system: System, folder: Path, part: str) -> None:
    done = told(folder, [part], _empty_database(system))
    assert (done.returncode, done.stderr) == (1, NO_TABLES)


def test_a_database_that_does_not_exist_or_refuses_is_one_line(system: System, folder: Path) -> None:
    assert system.services.postgres is not None
    for role, database in (("onecard", "nowhere"), ("nobody_we_know", "onecard")):
        done = told(folder, ["verify"], system.services.postgres.url_of(role, database))
        assert (done.returncode, done.stderr) == (1, UNREACHABLE)
