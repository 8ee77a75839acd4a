"""How often somebody may ask: one network address, one official; counted in each worker, in bounded memory."""

import math
import time
from collections import OrderedDict

from foundation.problems import TOO_MANY_REQUESTS, TOO_MANY_TRIES, Problem

WINDOW_S = 60.0
BURST_S = 8.0
"""Requests come in bursts, as when an office opens pages: so many seconds' requests may come at once."""

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

    def uncount(self, address: str) -> None:
        """What was counted before its outcome was known is none of what is limited."""
        began, times = self._windows.get(address, (0.0, 0))
        if times:
            self._windows[address] = began, times - 1


class Rate:
    """How often somebody asked of late: a request counts less the longer ago it came, by e in ``BURST_S`` seconds.

    ``a_second``: how often he may.
    """

    __slots__ = ("_at", "_most", "_of_late")

    def __init__(self, a_second: float) -> None:
        self._most = a_second * BURST_S
        self._of_late, self._at = 0.0, time.monotonic()

    def share(self) -> float:
        """The part of what he may, with one request more; past 1 it is one too many."""
        now = time.monotonic()
        self._of_late *= math.exp((self._at - now) / BURST_S)
        self._at = now
        return (self._of_late + 1) / self._most

    def count(self) -> None:
        """Count one more."""
        self._of_late += 1

    def take(self) -> bool:
        """Count one more if he may ask."""
        may = self.share() <= 1
        if may:
            self.count()
        return may


class RateOfEach:
    """A rate for each name, such as an official's."""

    def __init__(self, a_second: float) -> None:
        self._a_second = a_second
        self._rates: OrderedDict[str, Rate] = OrderedDict()

    def count(self, name: str) -> None:
        """Count once; raises Problem(TOO_MANY_REQUESTS) when it is too often."""
        rate = self._rates.setdefault(name, Rate(self._a_second))
        self._rates.move_to_end(name)
        if len(self._rates) > ADDRESSES_MAX:
            self._rates.popitem(last=False)
        if not rate.take():
            raise Problem(TOO_MANY_REQUESTS, retry_after_s=1)
