"""Limits on what strangers do with connections: how many they hold, how large their heads are, how often they ask.

A connection is a stranger's until it has carried an authenticated request. Past a limit the quietest of the strangers'
idle connections is closed for the new one, so that a till always finds room, whoever sits on the others. Requests of
strangers other than charges have a budget for each address and one for all; who is beyond it is turned away before the
application has any work with it. Devices that sign on have budgets of their own, which others cannot use up.
"""

import time
from collections import OrderedDict
from typing import Protocol

HEAD_BYTES_MAX = 16_384
"""Request line and header fields together; a signed request has one kilobyte of them."""
FIELDS_MAX = 64
ANSWER_STUCK_S = 30.0
"""How long an answer may wait for a client that does not read it."""

BURST_S = 8.0
"""Requests come in bursts, as when an office opens pages: so many seconds' requests may come at once."""
ALL_TO_EACH = 4
"""All strangers together may ask this many times as often as one address; a request takes 1 to 3 ms of a worker."""
ADDRESSES_MAX = 10_000


class Connection(Protocol):
    """What the limits need to know of a connection."""

    peer: str

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        ...

    def abort(self) -> None:
        """Close it without a word."""
        ...


class _Budget:
    """Tokens that fill up with time (token bucket)."""

    __slots__ = ("_at", "_left", "_most", "_rate")

    def __init__(self, rate: float) -> None:
        self._rate, self._most = rate, rate * BURST_S
        self._left, self._at = self._most, time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class ConnectionLimits:
    """The strangers of one worker."""

    def __init__(self, *, strangers_max: int, each_max: int, requests_a_second: float) -> None:
        self._strangers_max, self._each_max, self._requests_a_second = strangers_max, each_max, requests_a_second
        self._strangers: OrderedDict[Connection, None] = OrderedDict()
        self._of: dict[str, OrderedDict[Connection, None]] = {}
        self._all = {device: _Budget(requests_a_second * ALL_TO_EACH) for device in (False, True)}
        self._budgets: OrderedDict[tuple[str, bool], _Budget] = OrderedDict()

    def opened(self, connection: Connection) -> None:
        """A new connection, a stranger's. It or a quieter one is closed past a limit."""
        mine = self._of.setdefault(connection.peer, OrderedDict())
        self._strangers[connection] = mine[connection] = None
        if len(mine) > self._each_max:
            self._close_one(mine, connection)
        elif len(self._strangers) > self._strangers_max:
            self._close_one(self._strangers, connection)

    def heard(self, connection: Connection) -> None:
        """A stranger begins a request."""
        if connection in self._strangers:
            self._strangers.move_to_end(connection)
            self._of[connection.peer].move_to_end(connection)

    def forget(self, connection: Connection) -> None:
        """The connection has carried an authenticated request, or is closed."""
        if connection in self._strangers:
            del self._strangers[connection]
            mine = self._of[connection.peer]
            del mine[connection]
            if not mine:
                del self._of[connection.peer]

    def allow(self, address: str, *, device: bool) -> bool:
        """Whether a stranger at this address, a device that signs on or another one, may ask for something now."""
        budget = self._budgets.get((address, device))
        if budget is None:
            budget = self._budgets[address, device] = _Budget(self._requests_a_second)
            if len(self._budgets) > ADDRESSES_MAX:
                self._budgets.popitem(last=False)
        self._budgets.move_to_end((address, device))
        return budget.take() and self._all[device].take()

    def _close_one(self, among: "OrderedDict[Connection, None]", newest: Connection) -> None:
        quietest = next((c for c in among if c is not newest and c.is_idle), newest)
        self.forget(quietest)
        quietest.abort()
