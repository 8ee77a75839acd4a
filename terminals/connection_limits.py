"""Limits on what strangers do with connections: how many they hold, how large their heads are, how often they ask.

A connection is a stranger's until it has carried an authenticated request. Past a limit the quietest of the strangers'
idle connections is closed for the new one, so that a till always finds room, whoever sits on the others.

Requests of strangers other than charges have a budget for each address (of IPv6, each /64) and one for all of a kind:
what devices post, what carries a credential, and the rest. Nobody uses up what another kind has. Of the common budget
those who have asked least of late get theirs first, so that a few who ask without end do not use it up. Who is beyond
a budget is turned away before the application has any work with it.

A proxy carries everybody's requests on its connections. There, and on new connections, a credential that was found
good lately, at the same address, has a budget of its own.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable
from enum import Enum
from typing import Protocol

from foundation.addresses import network_of
from foundation.rates import Rate

HEAD_BYTES_MAX = 16_384
"""Request line and header fields together; a signed request has one kilobyte of them."""
FIELDS_MAX = 64
ANSWER_STUCK_S = 30.0
"""How long an answer may wait for a client that does not read it."""

ALL_TO_EACH = 4
"""All strangers of a kind may ask this many times as often as one address, and so may one whom we know; a request takes
1 to 3 ms of a worker."""
ADDRESSES_MAX = 10_000
KNOWN_MAX = 10_000
"""Credentials that are remembered; past it the one that was quiet for longest is forgotten."""
KNOWN_FOR_S = 600.0
"""For so long a credential counts as good after it was found good."""


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


class Kind(Enum):
    """What a stranger's request is, as far as it can be seen before anything is looked up."""

    DEVICE = "device"
    """A post of devices: a till signs on, a phone renews its certificate."""
    CLAIM = "claim"
    """It carries what may be a credential: a token, a cookie, a signature."""
    OTHER = "other"


class _Known:
    """A credential that was found good: until when it counts as good, and how often it asked."""

    __slots__ = ("rate", "until")

    def __init__(self, a_second: float) -> None:
        self.rate = Rate(a_second)
        self.until = 0.0


class ConnectionLimits:
    """The strangers of one worker."""

    def __init__(self, *, strangers_max: int, each_max: int, requests_a_second: float) -> None:
        self._strangers_max, self._each_max, self._requests_a_second = strangers_max, each_max, requests_a_second
        self._strangers: OrderedDict[Connection, None] = OrderedDict()
        self._of: dict[str, OrderedDict[Connection, None]] = {}
        self._all = {kind: Rate(requests_a_second * ALL_TO_EACH) for kind in Kind}
        self._each: OrderedDict[tuple[str, Kind], Rate] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    def opened(self, connection: Connection) -> None:
        """A new connection, a stranger's. It or a quieter one is closed past a limit."""
        mine = self._of.setdefault(network_of(connection.peer), OrderedDict())
        self._strangers[connection] = mine[connection] = None
        if len(mine) > self._each_max:
            self._close_one(mine, connection)
        elif len(self._strangers) > self._strangers_max:
            self._close_one(self._strangers, connection)

    def heard(self, connection: Connection) -> None:
        """A stranger begins a request."""
        if connection in self._strangers:
            self._strangers.move_to_end(connection)
            self._of[network_of(connection.peer)].move_to_end(connection)

    def forget(self, connection: Connection) -> None:
        """The connection has carried an authenticated request, or is closed."""
        if connection in self._strangers:
            del self._strangers[connection]
            network = network_of(connection.peer)
            mine = self._of[network]
            del mine[connection]
            if not mine:
                del self._of[network]

    def know(self, address: str, credential: str) -> None:
        """This credential was found good in a request from this address."""
        key = network_of(address), credential
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _Known(self._requests_a_second * ALL_TO_EACH)
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        known.until = time.monotonic() + KNOWN_FOR_S
        self._known.move_to_end(key)

    def known(self, address: str, credentials: Iterable[str]) -> Rate | None:
        """The budget of a request that carries one of these credentials, if one was found good lately."""
        network, now = network_of(address), time.monotonic()
        for credential in credentials:
            known = self._known.get((network, credential))
            if known is not None and known.until > now:
                return known.rate
        return None

    def allow(self, address: str, kind: Kind) -> bool:
        """Whether a stranger at this address may ask for something now.

        When all ask for more than there is, whoever has had more than his part waits: half of the common budget is for
        those who have asked little.
        """
        key = network_of(address), kind
        mine = self._each.get(key)
        if mine is None:
            mine = self._each[key] = Rate(self._requests_a_second)
            if len(self._each) > ADDRESSES_MAX:
                self._each.popitem(last=False)
        self._each.move_to_end(key)
        share, everybody = mine.share(), self._all[kind]
        if share > 1:
            return False
        mine.count()
        if everybody.share() + share / 2 > 1:
            return False
        everybody.count()
        return True

    def _close_one(self, among: "OrderedDict[Connection, None]", newest: Connection) -> None:
        quietest = next((c for c in among if c is not newest and c.is_idle), newest)
        self.forget(quietest)
        quietest.abort()
