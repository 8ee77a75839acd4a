"""Waiting for what other processes do."""

import time
from collections.abc import Callable

PATIENCE_S = 120.0


def wait_until(holds: Callable[[], object], what: str = "it never holds", *, within_s: float = PATIENCE_S) -> None:
    """Ask until it holds; ``what`` says what is wrong when it never does."""
    give_up_at = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < give_up_at, what
        time.sleep(0.1)
