"""Structured logs on standard error: one event per line, with the request id, as JSON or as text.

A log never stops what it tells of, and cannot be flooded: of each kind of warning so many lines are written in a time,
and the next one says how many were left out.
"""

import io
import logging
import os
import sys
import time
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

WINDOW_S = 10.0

LINES_MAX = 100
"""Warnings of one kind in a window. Without a limit, an outage or a flood of refused requests fills the disk."""

TRACEBACKS_MAX = 10
"""The same for events with a traceback, which has fifty lines."""


class Repeats:
    """Counts the lines of each kind, and leaves out those past the limit."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[float, int]] = {}
        """When the window of a kind began, and its lines since."""

    def left_out(self, kind: str, limit: int) -> int | None:
        """How many lines of this kind were left out before this one; None when this one is to be left out, too."""
        now = time.monotonic()
        began_at, lines = self._kinds.get(kind, (now, 0))
        if now - began_at > WINDOW_S:
            self._kinds[kind] = now, 1
            return max(lines - limit, 0)
        self._kinds[kind] = began_at, lines + 1
        return None if lines >= limit else 0


class _Limit(logging.Filter):
    """Limits repeated warnings, of structlog as a processor and of the standard library as a filter."""

    def __init__(self) -> None:
        super().__init__()
        self._repeats = Repeats()

    def __call__(self, _: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if method in ("debug", "info"):
            return event
        kind, limit = str(event["event"]), LINES_MAX
        if cause := event.get("exc_info"):
            kind, limit = f"{kind} {_type_of(cause)}", TRACEBACKS_MAX
        left_out = self._repeats.left_out(kind, limit)
        if left_out is None:
            raise structlog.DropEvent
        if left_out:
            event["left_out"] = left_out
        return event

    def filter(self, record: logging.LogRecord) -> bool:
        limit = TRACEBACKS_MAX if record.exc_info else LINES_MAX
        return self._repeats.left_out(f"{record.name}:{record.lineno}", limit) is not None


def _type_of(cause: object) -> str:
    error = cause if isinstance(cause, BaseException) else sys.exc_info()[1]
    return type(error).__name__


class _StandardError(io.TextIOBase):
    """Standard error that never raises: a full disk or a closed pipe must not stop a payment."""

    def write(self, text: str) -> int:
        rest = text.encode(errors="backslashreplace")
        with suppress(OSError):
            while rest:
                rest = rest[os.write(2, rest) :]
        return len(text)

    def isatty(self) -> bool:
        return os.isatty(2)


_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_INVISIBLE = (*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
"""C0 and C1 controls, which a terminal obeys, line separators, and marks that turn the direction of text."""

_ESCAPES = {code: _NAMED.get(chr(code), f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}") for code in _INVISIBLE}
_ESCAPES_IN_TRACEBACKS = {code: shown for code, shown in _ESCAPES.items() if chr(code) != "\n"}


def escape_controls(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Show control characters as escapes: what a caller sends must neither steer a terminal nor make up a line."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = value.translate(_ESCAPES_IN_TRACEBACKS if name == "exception" else _ESCAPES)
    return event


def _write_traceback(to: TextIO, cause: ExcInfo) -> None:
    """Without local variables, which the default formatter shows and which may hold keys."""
    text = io.StringIO()
    structlog.dev.plain_traceback(text, cause)
    to.write(text.getvalue().translate(_ESCAPES_IN_TRACEBACKS))


def configure_logs(*, json: bool) -> None:
    """Set up structlog, and the standard library's loggers with it."""
    limit, stream = _Limit(), cast(TextIO, _StandardError())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if json:
        shared.append(structlog.processors.format_exc_info)
    shared.append(escape_controls)
    last: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=_write_traceback)
    )
    structlog.configure(
        processors=[limit, *shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.addFilter(limit)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
