"""The audit log outside the database: its head in a file, and its entries in the system log of another machine.

Whoever can rewrite the database can cut the log's end. So the job runner writes the head to a file within seconds of
each change, and sends the entries on if it is told where to. No change waits for either.
"""

import asyncio
import os
import socket
from contextlib import closing
from datetime import datetime
from logging import INFO, LogRecord
from logging.handlers import SysLogHandler
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from msgspec import Raw, Struct
from msgspec.json import decode, encode

from foundation.postgres import Pool
from registry.audit import QUERIES, Head, head_of, holds

log = structlog.get_logger()

HEAD, SENT = "audit-head.json", "audit-sent.json"
"""Files in the folder of statements: the head, and the number of the last entry that was sent."""

BATCH = 500
"""Entries that are sent before their position is stored."""

MESSAGE_BYTES_MAX = 8_000
"""A longer entry is sent without its detail: the digest stands for it. Collectors cut off messages from 8 KiB on."""


class SentEntry(Struct):
    """An entry as the system log gets it: one line of JSON."""

    entry: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Raw
    digest: str


def read_head(folder: Path) -> Head | None:
    """The head that was kept in the folder of statements; None when there is none yet."""
    path = folder / HEAD
    if not path.exists():
        return None
    entries, digest = decode(path.read_bytes(), type=tuple[int, str])
    return Head(entries, bytes.fromhex(digest))


async def keep_head(pool: Pool, folder: Path) -> None:
    """Write the head of the log to its file, unless the log does not continue what the file says: then log that."""
    kept, now = read_head(folder), await head_of(pool)
    if kept == now:
        return
    if kept is not None and not await holds(pool, kept):
        log.error("audit_log_altered", kept_entries=kept.entries, entries=now.entries)
        return
    _write(folder / HEAD, encode((now.entries, now.digest.hex())))


async def send_entries(pool: Pool, folder: Path, address: str) -> None:
    """Send what was not sent yet to a system log, at least once and in order. Raises OSError: then it is sent later."""
    path = folder / SENT
    sent = decode(path.read_bytes(), type=int) if path.exists() else 0
    while rows := await pool.fetch(QUERIES["entries_after"], sent, BATCH):
        lines = [_line(SentEntry(**dict(row) | {"detail": Raw(row["detail"].encode())})) for row in rows]
        await asyncio.to_thread(_send, address, lines)
        sent = rows[-1]["entry"]
        _write(path, encode(sent))


def _line(entry: SentEntry) -> bytes:
    line = encode(entry)
    if len(line) <= MESSAGE_BYTES_MAX:
        return line
    entry.detail = Raw(b"null")
    return encode(entry)[:MESSAGE_BYTES_MAX]


def _send(address: str, lines: list[bytes]) -> None:
    with closing(SystemLog(address)) as system_log:
        for line in lines:
            system_log.send(line)


class SystemLog(SysLogHandler):
    """A connection to the system log at ``udp://host:port``, ``tcp://host:port`` or ``unix:///dev/log``.

    Raises OSError where the standard library's handler keeps silent.
    """

    PORT = 514
    append_nul = False
    ident = "onecard-audit: "

    def __init__(self, address: str) -> None:
        url = urlsplit(address)
        if url.scheme == "unix":
            super().__init__(url.path, self.LOG_AUTHPRIV)
        else:
            kind = socket.SOCK_STREAM if url.scheme == "tcp" else socket.SOCK_DGRAM
            super().__init__((url.hostname or "", url.port or self.PORT), self.LOG_AUTHPRIV, kind)
        # RFC 6587: on a stream, a line feed ends a message.
        self._end = "\n" if self.socktype == socket.SOCK_STREAM else ""

    def send(self, line: bytes) -> None:
        """Send one line."""
        self.emit(LogRecord("onecard.audit", INFO, "", 0, line.decode() + self._end, None, None))

    def handleError(self, record: LogRecord) -> None:  # noqa: N802, ARG002 - the standard library's name
        """Let the failure through."""
        raise


def _write(path: Path, content: bytes) -> None:
    """Replace a small file at once, and keep it through a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
