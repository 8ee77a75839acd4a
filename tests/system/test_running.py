"""Starting, stopping, dying, coming back: what `make run` promises, and the command line's manners."""

import contextlib
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
import urllib3

from demo.city import PASSWORD
from foundation.aside import EACH_MAX
from foundation.calendar import ZONE
from loadtest.generator import prepare
from onecard.embedded_servers import ServiceError, Services
from onecard.settings import Settings
from terminals.client_messages import OutcomeUnknown
from terminals.signatures import check_answer
from tests.builders import Network
from tests.running_system import System, free_port


@pytest.mark.one_worker
def test_two_systems_side_by_side_keep_their_data(own: System, system: System, scratch: Path) -> None:
    own.start()
    assert own.healthy()
    assert system.healthy()
    network = Network(own)
    official = network.official(cash_fen=4_200)
    assert own.stop() == 0
    assert "stopped" in own.output
    assert not list(own.folder.glob("postgres/postmaster.pid")), "PostgreSQL was stopped in order"

    own.start()
    assert network.purses(official) == (4_200, 0)
    own.stop()


@pytest.mark.parametrize("at_the_keyboard", [False, True])
def test_a_stop_kills_nobody_and_says_nothing_but_that(own: System, *, at_the_keyboard: bool) -> None:
    """Whatever the workers' processes aside have computed, and are computing. A keyboard's Ctrl-C reaches them, too."""
    own.start()
    assert own.process is not None
    workers = [
        pid for pid in Path("/proc").glob("[0-9]*")
        if _parent_of(pid) == own.process.pid and b"spawn_main" in (pid / "cmdline").read_bytes()
    ]  # fmt: skip
    with ThreadPoolExecutor(EACH_MAX) as people:
        list(people.map(_sign_in_anyhow, [own] * 3 * EACH_MAX))
    for _ in range(EACH_MAX):
        Thread(target=_sign_in_anyhow, args=(own,), daemon=True).start()
    time.sleep(0.1)
    said = len(own.output)
    if at_the_keyboard:
        for worker in workers:
            os.kill(int(worker.name), signal.SIGINT)
    assert own.stop() == 0
    assert "process_killed" not in own.output[said:], own.output[said:]
    assert own.output[said:].strip().endswith("stopped")
    assert not re.search("leaked|Traceback", own.output[said:]), own.output[said:]


def test_what_a_stop_cuts_off_is_told_to_come_back(own: System, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People's and terminals' requests that wait for longer than a stop does, and a page of live totals."""
    signed: list[int] = []

    def checked(sent: dict[str, str], status: int, *answer: Any, **key: Any) -> None:
        check_answer(sent, status, *answer, **key)
        signed.append(status)

    for client in ("client_device", "client_messages"):
        monkeypatch.setattr(f"terminals.{client}.check_answer", checked)
    own.start()
    network = Network(own)
    official = network.official(cash_fen=5_000)
    till, card = network.terminal(scratch), network.card(official)
    charge = prepare("/terminal/charges", *till.prepare_charge(card, "lunch"))
    voiding, opening = network.terminal(scratch), network.terminal(scratch)
    assert voiding.charge_card(network.card(network.official()), "lunch").outcome == "approved"
    today = str(datetime.now(ZONE).date())
    visit = {"holder_id": official.holder_id, "host_agency_id": network.agency_id("hangzhou"),
             "first_day": today, "last_day": today}  # fmt: skip
    stream = urllib3.request("GET", f"{own.url}/live", preload_content=False, timeout=120, retries=False)
    assert stream.status == 200
    said = len(own.output)
    with socket.create_connection(("127.0.0.1", own.port), 120) as wire, ThreadPoolExecutor(4) as people:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(own.database_url) as holder:
            holder.execute("SELECT pg_advisory_xact_lock(7301, book) FROM book_day")
            holder.execute("LOCK TABLE visit, terminal_session IN SHARE MODE")
            with (own.folder / "passwords.lock").open() as passwords:
                fcntl.flock(passwords, fcntl.LOCK_EX)
                sign_in = {"login": "centre", "password": PASSWORD}
                asked = [
                    people.submit(network.centre.ask, "POST", path, message)
                    for path, message in (("/registry/visits", visit), ("/console/sessions", sign_in))
                ]
                terminals: list[Future[Any]] = [people.submit(voiding.void, voiding.epoch, 1)]
                terminals.append(people.submit(opening.sign_on))
                wire.sendall(charge)
                _wait_for_locks(own, 4)
                assert own.stop() == 0
        for answer in (one.result(120) for one in asked):
            assert (answer.status, answer.json()["type"]) == (503, "/problems/unavailable")
            assert int(answer.headers["retry-after"]) > 0
        for terminal in terminals:
            with pytest.raises(OutcomeUnknown, match="503") as unknown:
                terminal.result(120)
            assert unknown.value.retry_after_s > 0
        assert signed.count(503) == len(terminals), "they know that the centre says so"
        head, _, body = b"".join(iter(lambda: wire.recv(65_536), b"")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 "), head
        assert b"\r\nretry-after: " in head
        assert b"\r\nsignature: " in head, "the till knows that the centre says so"
        assert json.loads(body)["type"] == "/problems/unavailable"
    log = own.output[said:]
    assert not re.search("Traceback|leaked|process_killed", log), log
    paths = ("/registry/visits", "/console/sessions", "/terminal/charges", "/terminal/voids", "/terminal/sessions")
    assert [log.count(f"path={path} ") for path in paths] == [1] * len(paths), log

    own.start()
    with socket.create_connection(("127.0.0.1", own.port), 120) as wire:
        wire.sendall(charge)
        assert b'"outcome":"approved"' in wire.recv(65_536)
    assert network.purses(official)[0] < 5_000
    with psycopg.connect(own.database_url) as db:
        assert db.execute("SELECT count(DISTINCT posting_id) FROM transfer WHERE kind = 'payment'").fetchone() == (2,)
    own.stop()


def _wait_for_locks(system: System, count: int) -> None:
    """Until so many statements wait for a lock."""
    give_up_at = time.monotonic() + 60
    with psycopg.connect(system.database_url, autocommit=True) as db:
        while len(db.execute("SELECT pid FROM pg_locks WHERE NOT granted").fetchall()) < count:
            assert time.monotonic() < give_up_at
            time.sleep(0.02)


def _sign_in_anyhow(system: System) -> None:
    with contextlib.suppress(urllib3.exceptions.HTTPError, AssertionError):
        system.sign_in("centre")


def test_killed_servers_come_back_without_a_restart(own: System) -> None:
    own.start()
    assert own.services.postgres is not None
    assert own.services.valkey is not None
    for service in (own.services.postgres, own.services.valkey):
        pid = service.running_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        give_up_at = time.monotonic() + 120
        while service.running_pid() in (None, pid) or not own.healthy():
            assert time.monotonic() < give_up_at, f"{service.name} does not come back: {own.output[-500:]}"
            time.sleep(0.05)
    assert own.stop() == 0


def test_the_demo_plays_a_day_on_a_system_that_it_starts_itself(own: System) -> None:
    played = own.command("demo", "--payments", "200", "--terminals", "6")
    assert "close, statements, bank, waste" in played.stdout
    assert re.search(r"[1-9]\d* refused", played.stdout)
    assert "the ledger matches what the terminals saw" in played.stdout
    assert "Yinzhou District" in played.stdout
    assert not own.healthy(), "what the demo started, it stops"
    [acks] = own.folder.glob("demo/*/acks.jsonl")
    compared = own.command("check-history", str(acks), "--json")
    assert '"lost": 0' in compared.stdout
    assert own.command("verify").stdout.count("ok  ") >= 24
    # Closed by the demo already: by hand it changes nothing.
    day = own.statement_folder
    [closed] = [folder.name for folder in day.iterdir() if folder.is_dir()]
    before = {path: path.read_bytes() for path in day.rglob("*.csv")}
    assert "published" in own.command("close-day", "--date", closed).stdout
    assert {path: path.read_bytes() for path in day.rglob("*.csv")} == before


@pytest.mark.one_worker
def test_payments_go_on_without_redis(own: System, scratch: Path) -> None:
    own.start()
    network = Network(own)
    till, card = network.terminal(scratch), network.card(network.official())
    assert own.services.valkey is not None
    # A file in the socket's place: Redis cannot come back while this lasts.
    pid = own.services.valkey.running_pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        assert till.charge_card(card, "lunch").outcome == "approved"
        answer = urllib3.request("GET", f"{own.url}/health", timeout=10)
        assert (answer.status, answer.json()["status"]) == (200, "degraded")
    finally:
        os.kill(pid, signal.SIGCONT)
    own.stop()


def test_orphans_are_cleared_away_and_one_folder_has_one_owner(own: System) -> None:
    own.start()
    second = own.command("run", check=False)
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    own.kill_server()
    assert own.services.postgres is not None
    assert own.services.postgres.running_pid() is not None, "an orphan is left to clear away"
    # At once: the killed server's workers still hold the port for a moment.
    own.start()
    assert own.healthy()
    assert own.stop() == 0


def test_a_port_that_is_taken_is_one_line(system: System, scratch: Path) -> None:
    other = scratch / "taken"
    other.mkdir()
    environment = system.environment | {"ONECARD_DATA_DIR": str(other)}
    done = subprocess.run(
        [sys.executable, "-m", "onecard", "run"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert system.process is not None
    holder = f"process {system.process.pid} has the port"
    assert done.stderr.startswith(f"onecard: cannot serve on 127.0.0.1:{system.port}: {holder}")
    assert "onecard run" in done.stderr
    assert done.stderr.count("\n") == 1


def _parent_of(process: Path) -> int | None:
    with contextlib.suppress(OSError):
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return None


@pytest.mark.parametrize("roles", [("onecard", None), ("onecard_app", "onecard")], ids=["one-role", "two-roles"])
def test_external_servers_by_url(own: System, system: System, roles: tuple[str, str | None]) -> None:
    """The same program on somebody else's PostgreSQL and Redis. It says so when one role does everything."""
    assert system.services.postgres is not None
    assert system.services.valkey is not None
    runner, owner = roles
    database = f"external_{runner}"
    system.services.postgres.create_database(database)
    own.environment |= {
        "ONECARD_DATABASE_URL": system.services.postgres.url_of(runner, database),
        "ONECARD_REDIS_URL": system.services.valkey.url,
        "ONECARD_DEMO_CITY": "true",
    }
    if owner is not None:
        own.environment["ONECARD_DATABASE_OWNER_URL"] = system.services.postgres.url_of(owner, database)
    own.start()
    assert ("owns the tables" in own.output) is (owner is None)
    assert own.process is not None
    children = [pid for pid in Path("/proc").glob("[0-9]*") if _parent_of(pid) == own.process.pid]
    assert len(children) >= 3, "workers and job runner"
    assert not any(b"ONECARD_DATABASE_OWNER_URL" in (pid / "environ").read_bytes() for pid in children)
    assert not (own.folder / "postgres").exists()
    assert Network(own).official().holder_id
    assert own.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["close-day", "--date", "yesterday"], "a date is YYYY-MM-DD"),
        (["close-day", "--date", "20261124"], "a date is YYYY-MM-DD"),
        (["close-day", "--date", "2026-13-01"], "there is no such day"),
        (["bundle", "2026-11-24", "yinzhou", "x.zip"], "Yinzhou District (demo)"),
        (["bundle", "2026-11-24", "9" * 30, "x.zip"], "Yinzhou District (demo)"),
        (["close-day", "--date", "2099-01-01"], "The open business day is"),
        (["check-history", "nothing.jsonl"], "no such file"),
        (["add-user", "x", "emperor"], "one of"),
        (["demo", "--url", "http://127.0.0.1:9"], "nothing answers"),
        (["demo", "--url", "foo"], "--url must be a URL"),
        (["demo", "--url", "127.0.0.1:8000"], "--url must be a URL"),
        (["demo", "--url", "http://127.0.0.1:99999"], "--url must be a URL"),
        (["demo", "--url", ""], "--url must be a URL"),
        (["serve"], "must be set"),
        (["jobs"], "ONECARD_DATABASE_URL must be set"),
    ],
)
def test_mistakes_are_one_line_and_a_non_zero_exit(system: System, arguments: list[str], words: str) -> None:
    done = system.command(*arguments, check=False)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("arguments", "language", "line"),
    [
        (["demo", "--payments", "3"], "en", "onecard: --payments must be an integer from 10 to 1000000\n"),
        (["demo", "--payments", "3"], "zh-Hans", "onecard: --payments：应为10至1000000之间的整数\n"),
        (["verify", "--fast"], "en", "onecard: there is no option --fast\n"),
        (["demo", "--seed", "red"], "en", "onecard: --seed must be a whole number\n"),
        (["demo", "--seed", "red"], "zh-Hans", "onecard: --seed：应为整数\n"),
        (["audit"], "zh-Hans", "onecard: 缺少BUNDLE\n"),
        (["check-history", "nothing.jsonl"], "zh-Hans", "onecard: nothing.jsonl：没有该文件或目录\n"),
        (["close-day", "--date", "x"], "zh-Hans", "onecard: x：日期格式应为2026-11-24\n"),
    ],
)
def test_mistakes_are_told_in_the_callers_language(arguments: list[str], language: str, line: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "onecard", *arguments],
        env=os.environ | {"ONECARD_LANG": language}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr == line


def test_the_report_of_the_checks_is_in_chinese_when_asked_for(system: System) -> None:
    environment = system.environment | {"ONECARD_LANG": "zh-Hans"}
    done = subprocess.run(
        [sys.executable, "-m", "onecard", "verify"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "1 全部账户余额之和为零" in done.stdout
    assert done.stdout.count("相符") >= 32


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("WORKERS", "many", "must be an integer"),
        ("PUBLIC_URL", "card.example.gov.cn", "must be a URL (https://HOST)"),
        ("AUDIT_SYSLOG", "loghost", "must be a URL (udp://HOST:PORT, tcp://HOST:PORT, unix://PATH)"),
        ("REDIS_URL", "localhost", "must be a URL (redis://…, rediss://…, unix://…)"),
    ],
)
def test_a_wrong_setting_is_one_line(system: System, name: str, value: str, problem: str) -> None:
    environment = system.environment | {f"ONECARD_{name}": value}
    done = subprocess.run(
        [sys.executable, "-m", "onecard", "verify"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"onecard: setting ONECARD_{name}: {problem}\n"


def test_the_job_runner_gives_signs_of_life(system: System) -> None:
    assert system.services.valkey is not None
    environment = system.environment | {
        "ONECARD_DATABASE_URL": system.database_url,
        "ONECARD_REDIS_URL": system.services.valkey.url,
    }
    command = [sys.executable, "-m", "onecard", "check-jobs"]
    give_up_at = time.monotonic() + 120
    while subprocess.run(command, env=environment, capture_output=True, check=False).returncode != 0:
        assert time.monotonic() < give_up_at
    system.command("check-jobs")


def test_where_nothing_runs_no_heartbeat_is_found_and_nothing_started(own: System) -> None:
    done = own.command("check-jobs", check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "cannot be reached" in done.stderr
    assert list(own.folder.iterdir()) == []


def test_chinese_help_is_wrapped_and_not_cut_off() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "onecard", "--help"],
        env=os.environ | {"ONECARD_LANG": "zh-Hans", "COLUMNS": "80"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "…" not in done.stdout
    assert "待复核时退出码为3。" in re.sub(r"[\s│]", "", done.stdout)


def test_a_first_user_of_a_new_centre(system: System) -> None:
    system.command("add-user", "first", "supervisor", typed="clouds over the lake\n")
    with psycopg.connect(system.database_url) as db:
        row = db.execute("SELECT role, agency_id FROM console_user WHERE login = 'first'").fetchone()
    assert row == ("supervisor", None)
    again = system.command("add-user", "first", "supervisor", typed="clouds over the lake\n", check=False)
    assert again.returncode == 1
    assert "already in use" in again.stderr


@pytest.mark.parametrize(
    "login", ["centre ", "Centre", "\u0441entre", "c", "c" * 41, "-centre", "cen tre", "centre\n", "cent\u200bre"]
)
def test_a_login_that_looks_like_another_is_refused(system: System, login: str) -> None:
    done = system.command("add-user", "--", login, "supervisor", typed="clouds over the lake\n", check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "2 to 40 of a-z 0-9 . _ -" in done.stderr
    with psycopg.connect(system.database_url) as db:
        assert db.execute("SELECT FROM console_user WHERE login = %s", (login,)).fetchone() is None


def test_an_empty_database_is_one_line(own: System) -> None:
    done = own.command("verify", check=False)
    assert (done.returncode, done.stderr) == (1, "onecard: the database has no tables yet: run onecard migrate\n")


def test_a_cluster_of_somebody_else_is_left_to_him(own: System) -> None:
    with own.services.running():
        pass
    assert own.services.postgres is not None
    if os.geteuid() == 0:
        os.chown(own.services.postgres.folder, 12_345, 12_345)
        with pytest.raises(ServiceError, match="belongs to user 12345"), own.services.running():
            pass


def test_a_server_that_cannot_start_says_why(own: System, monkeypatch: pytest.MonkeyPatch) -> None:
    with own.services.running():
        pass
    assert own.services.postgres is not None
    (own.services.postgres.folder / "postgresql.conf").write_text("nonsense = on\n")
    monkeypatch.setattr("onecard.embedded_servers.EXITS_WITHIN_S", 0.5)
    with pytest.raises(ServiceError, match="configuration file"), own.services.running():
        pass


def test_the_log_of_an_embedded_server_stays_short(own: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onecard.embedded_servers.LOG_MAX_BYTES", 20_000)
    with own.services.running() as settings, psycopg.connect(settings.needed_database_url, autocommit=True) as db:
        log = own.folder / "postgres.log"
        written, give_up_at = 0, time.monotonic() + 120
        while not (own.folder / "postgres.log.1").exists() or written < 100:
            with pytest.raises(psycopg.errors.RaiseException):
                db.execute(f"DO $$ BEGIN RAISE '{'x' * 1_000}'; END $$")
            written += 1
            assert time.monotonic() < give_up_at
        time.sleep(1)
        assert log.stat().st_size < 100_000, "written on, from the beginning"
        with pytest.raises(psycopg.errors.RaiseException):
            db.execute("DO $$ BEGIN RAISE 'the last word'; END $$")
        while "the last word" not in log.read_text():
            assert time.monotonic() < give_up_at
            time.sleep(0.1)


def test_no_folders_mode_is_changed(own: System) -> None:
    """The data may lie in a closed folder: PostgreSQL reaches them, and the folder stays closed."""
    closed = own.folder / "closed"
    closed.mkdir(mode=0o700)
    services = Services(Settings(data_dir=closed / "deep" / "data", port=free_port()))
    with services.running() as settings, psycopg.connect(settings.needed_database_url) as db:
        assert db.execute("SELECT current_user").fetchone() == ("onecard_app",)
    assert closed.stat().st_mode & 0o777 == 0o700
