"""How often one network address may do what is open to everybody; counted in each worker, in bounded memory."""

import math
import time
from collections import OrderedDict

from foundation.problems import TOO_MANY_TRIES, Problem

WINDOW_S = 60.0
ADDRESSES_MAX = 10_000
"""Addresses that are remembered; past it the one that was quiet for longest is forgotten."""


class RateLimit:
    """At most ``most`` times in a minute from one address."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """Address -> when its minute began, and how often it came since."""

    def count(self, address: str) -> None:
        """Count once; raises Problem(TOO_MANY_TRIES) when it was too often."""
        now = time.monotonic()
        began, times = self._windows.get(address, (now, 0))
        if now - began >= WINDOW_S:
            began, times = now, 0
        self._windows[address] = began, times + 1
        self._windows.move_to_end(address)
        if len(self._windows) > ADDRESSES_MAX:
            self._windows.popitem(last=False)
        if times >= self._most:
            raise Problem(TOO_MANY_TRIES, retry_after_s=math.ceil(began + WINDOW_S - now))
