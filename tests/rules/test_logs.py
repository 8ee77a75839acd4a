"""What reaches the log: no control characters, no floods, and never an error of the log itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from foundation.logs import LINES_MAX, TRACEBACKS_MAX


def logged(code: str, *, as_json: bool = False, stderr: int = subprocess.PIPE) -> "subprocess.CompletedProcess[str]":
    """What a process writes to its standard error; ``log`` is its logger."""
    head = (
        f"import logging, structlog, time\nfrom foundation import logs\n"
        f"logs.configure_logs(json={as_json})\nlog = structlog.get_logger()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", head + code], stdout=subprocess.PIPE, stderr=stderr, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x07", "\x9b2J", "\x7f", "\u202e", "\u2028", "a\nb", "\r"])
def test_control_characters_are_shown_as_escapes(hostile: str, as_json: bool) -> None:
    code = (
        f"log.info('request', path={hostile!r})\nlog.info({hostile!r})\nlogging.warning('%s', {hostile!r})\n"
        f"try: raise ValueError({hostile!r})\nexcept ValueError: log.exception('failed')\n"
    )
    written = logged(code, as_json=as_json).stderr
    lines = written.split("\n")
    assert not [c for line in lines for c in line if not c.isprintable()], written
    assert "path=" in written or '"path"' in written
    if as_json:
        assert [json.loads(line)["event"] for line in lines if line][0::3] == ["request", "failed"]


def test_repeated_warnings_are_left_out_and_counted() -> None:
    code = (
        "logs.WINDOW_S = 1.0\n"
        "for n in range(1000):\n    log.warning('busy', n=n)\n    log.info('paid', n=n)\n"
        "log.warning('another')\nfor n in range(1000): logging.getLogger('other').warning('number %d', n)\n"
        "time.sleep(1.2)\nlog.warning('busy')\n"
    )
    lines = [json.loads(line) for line in logged(code, as_json=True).stderr.splitlines()]
    events = [line["event"] for line in lines]
    assert events.count("busy") == LINES_MAX + 1
    assert events.count("paid") == 1000, "what is no warning is written as often as it comes"
    assert "another" in events, "each kind has a limit of its own"
    assert len([event for event in events if event.startswith("number")]) == LINES_MAX
    assert lines[-1]["left_out"] == 1000 - LINES_MAX


def test_repeated_tracebacks_are_left_out_by_their_cause() -> None:
    code = (
        "for kind in (ValueError, KeyError):\n    for n in range(100):\n"
        "        try: raise kind(n)\n        except Exception: log.exception('failed')\n"
    )
    written = logged(code).stderr
    assert written.count("Traceback") == 2 * TRACEBACKS_MAX
    assert "KeyError" in written


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    with Path("/dev/full").open("wb") as full:
        code = "log.warning('x' * 100_000)\nlogging.error('y')\nlog.info('z')\nprint('went on')"
        done = logged(code, stderr=full.fileno())
    assert (done.returncode, done.stdout) == (0, "went on\n")


def test_a_log_without_a_reader_stops_nothing() -> None:
    code = "import os\nlog.info('a')\nos.close(2)\nlog.warning('b')\nlogging.error('c')\nprint('went on')"
    assert logged(code).stdout == "went on\n"
