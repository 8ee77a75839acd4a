"""``make load``: a short lunch with Locust against a system of its own, a report, both checks of the ledger."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from loadtest.centre import Centre
from loadtest.generator import LoadFailed


def play(seconds: int, tills: int, report: Path) -> int:
    """Play a lunch; 0 when the ledger is exactly what the tills saw, and every invariant holds."""
    with tempfile.TemporaryDirectory(prefix="onecard-lunch-") as name:
        folder = Path(name)
        centre = Centre(folder)
        environment = os.environ | {
            "LOAD_SECONDS": str(seconds),
            "LOAD_TILLS": str(tills),
            "LOAD_FOLDER": str(folder),
        }
        command = [
            sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("locustfile.py")), "--headless",
            "--host", centre.url, "--html", str(report), "--only-summary", "--exit-code-on-error", "0",
        ]  # fmt: skip
        with centre.running():
            print(f"playing a lunch of {seconds} s at {tills} tills", flush=True)
            lunch = subprocess.run(command, env=environment, check=False)
            verify = centre.command("verify")
            history = centre.command("check-history", str(folder / "acks.jsonl"))
    print(verify.stdout + verify.stderr + history.stdout + history.stderr)
    print(f"report: {report}")
    return max(lunch.returncode, verify.returncode, history.returncode)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make load ARGS=...", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long the lunch lasts")
    parser.add_argument("--tills", type=int, default=40, help="tills at the busiest")
    parser.add_argument("--report", type=Path, default=Path("lunch.html"), help="where the report goes")
    arguments = parser.parse_args()
    try:
        sys.exit(play(arguments.seconds, arguments.tills, arguments.report))
    except LoadFailed as error:
        sys.exit(f"load: {error}")


if __name__ == "__main__":
    main()
