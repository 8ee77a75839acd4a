"""``make load``: a lunch with Locust, in small."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_lunch_is_played_reported_and_checked(scratch: Path) -> None:
    report = scratch / "lunch.html"
    done = subprocess.run(
        [sys.executable, "-m", "loadtest.lunch", "--seconds", "8", "--tills", "6", "--report", str(report)],
        env=os.environ | {"LOAD_DINERS": "200"}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the ledger matches what the terminals saw" in done.stdout
    assert "FAIL" not in done.stdout
    assert "<html" in report.read_text(encoding="utf-8").lower()
