"""Strangers who ask for all they can get, each kind in a process of its own: ``python -m loadtest.bench.floods``.

They come from sixteen addresses of this machine and run at the lowest priority, since the time that they take
themselves would not be the centre's.
"""

import itertools
import json
import os
import secrets
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from loadtest.generator import prepare

ADDRESSES = [f"127.0.2.{n}" for n in range(1, 17)]
CLIENTS = 40
VIEWERS = 450
SILENT = 1_500
ANSWER_MAX = 65_536
REOPEN_S = 0.05
"""Pause before a closed connection is opened again."""


def _sign_in(login: str) -> bytes:
    return prepare("/console/sessions", {}, json.dumps({"login": login, "password": secrets.token_hex(8)}).encode())


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n".encode()


def requests_of(kind: str, numbers: list[str]) -> Callable[[], bytes]:
    """What one client of a flood asks for next. ``numbers``: of receipts."""
    turn = itertools.count()
    match kind:
        case "sign-ins":
            return lambda: _sign_in(f"stranger-{secrets.token_hex(4)}")
        case "wrong-tries":
            return lambda: _sign_in("centre")
        case "live-viewers":
            return lambda: _get("/live")
        case "silence":
            return lambda: b""
        case "documents":
            return lambda: _get(f"/r/{numbers[next(turn) % len(numbers)]}/pdf?lang={('en', 'zh-Hans')[next(turn) % 2]}")
        case "heads":
            return lambda: b"GET / HTTP/1.1\r\nhost: bench\r\nx-long: " + b"a" * 1_000_000 + b"\r\n\r\n"
        case "unsigned-charges":
            return lambda: prepare("/terminal/charges", {}, b'{"meal":"lunch"}')
        case "pages":
            return lambda: _get(("/", "/health", "/schema/openapi.json", "/bulletins", "/metrics")[next(turn) % 5])
    raise ValueError(kind)


KINDS = (
    "sign-ins", "wrong-tries", "live-viewers", "silence", "documents", "heads", "unsigned-charges", "pages",
)  # fmt: skip
COUNT = {"live-viewers": VIEWERS, "silence": SILENT}


class _Client:
    """One connection that is opened again whenever it is closed, and asks again whenever something was answered."""

    def __init__(self, place: int, address: tuple[str, int], next_request: Callable[[], bytes]) -> None:
        self.place, self.address, self.next_request = place, address, next_request
        self.socket = self.open()
        self.left = b""

    def open(self) -> socket.socket:
        made = socket.socket()
        made.bind((ADDRESSES[self.place % len(ADDRESSES)], 0))
        made.setblocking(False)
        made.connect_ex(self.address)
        return made


def flood(kind: str, address: tuple[str, int], numbers: list[str], seconds: float) -> Counter[str]:
    """Ask without end for some seconds; what was answered, by status."""
    seen: Counter[str] = Counter()
    poll = selectors.DefaultSelector()
    next_request = requests_of(kind, numbers)
    reopen: list[tuple[float, _Client]] = []
    for place in range(COUNT.get(kind, CLIENTS)):
        client = _Client(place, address, next_request)
        client.left = next_request()
        poll.register(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, client)
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        for key, events in poll.select(REOPEN_S):
            client = key.data
            try:
                if events & selectors.EVENT_WRITE:
                    if client.left:
                        client.left = client.left[client.socket.send(client.left) :]
                    if not client.left:
                        poll.modify(client.socket, selectors.EVENT_READ, client)
                if events & selectors.EVENT_READ:
                    received = client.socket.recv(ANSWER_MAX)
                    if not received:
                        raise ConnectionResetError
                    if received.startswith(b"HTTP/1.1 "):
                        seen[received[9:12].decode()] += 1
                        if kind != "live-viewers":
                            client.left = next_request()
                            poll.modify(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, client)
            except OSError:
                seen["closed"] += 1
                poll.unregister(client.socket)
                client.socket.close()
                reopen.append((time.monotonic() + REOPEN_S, client))
        while reopen and reopen[0][0] < time.monotonic():
            _, client = reopen.pop(0)
            client.socket, client.left = client.open(), next_request()
            poll.register(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, client)
    return seen


@contextmanager
def flooding(kinds: tuple[str, ...], address: tuple[str, int], numbers: list[str], seconds: float) -> Iterator[None]:
    """Floods of these kinds, for so many seconds or until the block ends."""
    command = [sys.executable, "-m", "loadtest.bench.floods"]
    more = [address[0], str(address[1]), str(seconds), *numbers]
    children = [subprocess.Popen([*command, kind, *more], stdout=subprocess.DEVNULL) for kind in kinds]
    try:
        yield
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait()


def main() -> None:
    """One flood: kind, host, port, seconds, numbers of receipts."""
    kind, host, port, seconds, *numbers = sys.argv[1:]
    os.nice(19)
    with suppress(KeyboardInterrupt):
        print(kind, dict(flood(kind, (host, int(port)), numbers, float(seconds))))


if __name__ == "__main__":
    main()
