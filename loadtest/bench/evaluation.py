"""Simulations that check the statistics of the waste evaluation, run in a process of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable


def simulated(note: Callable[[str, float, int], None]) -> None:
    """Note every figure of ``python -m verification.evaluation``. Raises CalledProcessError."""
    command = [sys.executable, "-m", "verification.evaluation"]
    # One thread: more wait for each other on a busy machine.
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    for name, value in json.loads(done.stdout).items():
        note(name, value, 4)
