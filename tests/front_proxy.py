"""A reverse proxy before a system: it says for whom it asks, passes ``Host`` on, and keeps its connections."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator

from tests.running_system import System

_REQUEST_LINE = re.compile(rb"^[A-Z]+ [^ \r\n]+ HTTP/1\.1\r\n")


class FrontProxy:
    """Listens on a port of its own. ``client``: the address that it names for what comes now."""

    def __init__(self, system: System, *, scheme: str = "http") -> None:
        self.client = "203.0.113.1"
        self._scheme = scheme
        self._there = ("127.0.0.1", system.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = int(self._listening.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Take connections until it is closed."""
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listening.accept()
                there = socket.create_connection(self._there)
                self._open += [here, there]
                for source, sink, is_request in ((here, there, True), (there, here, False)):
                    threading.Thread(target=self._pump, args=(source, sink, is_request), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_request: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                sink.sendall(_REQUEST_LINE.sub(self._with_fields, piece) if is_request else piece)
            sink.shutdown(socket.SHUT_WR)

    def _with_fields(self, line: "re.Match[bytes]") -> bytes:
        fields = f"X-Forwarded-For: {self.client}\r\nX-Forwarded-Proto: {self._scheme}\r\n"
        return line[0] + fields.encode()

    def close(self) -> None:
        """End everything."""
        for one in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def front_of(system: System, *, scheme: str = "http") -> Iterator[FrontProxy]:
    """A proxy that runs as long as the block."""
    proxy = FrontProxy(system, scheme=scheme)
    threading.Thread(target=proxy.run, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()
