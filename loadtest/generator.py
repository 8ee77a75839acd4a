"""A light load generator: prepared requests over persistent connections, one epoll loop.

Closed loop (``rate`` None): every connection sends its next request when the last was answered, as a till does. Open
loop: requests are due at fixed times whatever the server does, and a latency counts from the time a request was due
(so that a stalled server cannot hide the waiting it caused: Gil Tene's "coordinated omission").
"""

import select
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

ANSWER_MAX = 65_536
SILENCE_MAX_S = 20.0
"""A server that answers nothing for this long has failed."""


class LoadFailed(Exception):
    """The measurement cannot go on; one line that says why."""


@dataclass
class Measured:
    """What one run came to. Latencies in seconds, of answered requests.

    ``marks`` counts answers by their mark; ``samples`` has one answer of each.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    marks: Counter[str] = field(default_factory=Counter)
    samples: dict[str, bytes] = field(default_factory=dict)

    def rate(self, mark: str) -> float:
        """Answers with this mark a second."""
        return self.marks[mark] / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """A percentile of the latencies in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def prepare(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """The bytes of one POST of JSON (HTTP/1.1)."""
    lines = [f"POST {path} HTTP/1.1", "content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in ({"host": "bench"} | headers).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class _Connection:
    def __init__(self, address: tuple[str, int], requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = requests
        self.counts_from = 0.0
        self.answer = b""

    def send(self, counts_from: float) -> bool:
        """Send the next request; False when there is none left."""
        request = next(self.requests, None)
        if request is None:
            return False
        self.counts_from = counts_from
        self.answer = b""
        self.socket.sendall(request)
        return True

    def is_answered(self) -> bool:
        """Read what has come; True when the answer is complete."""
        received = self.socket.recv(ANSWER_MAX)
        if not received:
            raise LoadFailed("the server closed the connection")
        self.answer = self.answer + received if self.answer else received
        head = self.answer.find(b"\r\n\r\n")
        if head < 0:
            return False
        at = self.answer.find(b"content-length: ", 0, head)
        return at >= 0 and len(self.answer) >= head + 4 + int(self.answer[at + 16 : self.answer.find(b"\r", at)])


MARKS = ((b'"outcome":"approved"', "approved"), (b'"outcome":"refused"', "refused"))


def mark_of(answer: bytes) -> str:
    """What an answer says: its outcome, or its HTTP status."""
    for text, mark in MARKS:
        if text in answer:
            return mark
    return answer[9:12].decode()


def generate(
    address: tuple[str, int],
    queues: Sequence[Iterator[bytes]],
    *,
    seconds: float,
    rate: float | None = None,
    warm_up_s: float = 0.0,
) -> Measured:
    """Send each queue's requests over a connection of its own for some seconds, or until they are used up.

    ``rate``: requests a second over all connections (open loop); None: as fast as they are answered. The latencies of
    requests from the first ``warm_up_s`` are left out.
    Raises LoadFailed.
    """
    measured = Measured()
    poll = select.epoll()
    connections = {c.socket.fileno(): c for c in (_Connection(address, queue) for queue in queues)}
    for number in connections:
        poll.register(number, select.EPOLLIN)
    now = time.perf_counter
    started = now()
    idle: deque[_Connection] = deque(connections.values())
    due = started
    busy = 0
    last_answer = started
    while True:
        moment = now()
        if moment - started >= seconds:
            break
        while idle and (rate is None or due <= moment):
            connection = idle.popleft()
            busy += connection.send(moment if rate is None else due)
            if rate is not None:
                due += 1 / rate
        if not busy:
            if not idle:
                break
            time.sleep(max(0.0, due - now()))
            continue
        # An open loop polls once a millisecond: polling all the time would take a processor from the server.
        for number, _ in poll.poll(1.0 if rate is None else 0.001):
            connection = connections[number]
            if connection.is_answered():
                last_answer = now()
                if connection.counts_from >= started + warm_up_s:
                    measured.latencies.append(last_answer - connection.counts_from)
                mark = mark_of(connection.answer)
                measured.marks[mark] += 1
                measured.samples.setdefault(mark, connection.answer)
                busy -= 1
                idle.append(connection)
        if now() - last_answer > SILENCE_MAX_S:
            raise LoadFailed(f"no answer for {SILENCE_MAX_S:g} s")
    measured.seconds = now() - started
    for connection in connections.values():
        connection.socket.close()
    return measured
