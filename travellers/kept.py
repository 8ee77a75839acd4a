"""What a worker reads once for many who ask at the same moment, and keeps for some seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Kept(Generic[T]):
    """A value that is read when somebody asks, and again when it is older than ``life_s``."""

    def __init__(self, life_s: float, read: Callable[[], Awaitable[T]]) -> None:
        self._life_s, self._read = life_s, read
        self._lock = asyncio.Lock()
        self._found: tuple[float, T] | None = None

    async def get(self) -> T:
        """The value; whoever asks while it is read waits for that."""
        async with self._lock:
            if self._found is None or time.monotonic() - self._found[0] > self._life_s:
                self._found = time.monotonic(), await self._read()
            return self._found[1]


class KeptEach(Generic[K, T]):
    """Values by key, of which those that somebody asks for are read; all are forgotten after ``life_s``."""

    def __init__(self, life_s: float, read: Callable[[Sequence[K]], Awaitable[Mapping[K, T]]]) -> None:
        self._life_s, self._read = life_s, read
        self._since = time.monotonic()
        self._found: dict[K, T | None] = {}

    async def get(self, keys: Sequence[K]) -> Mapping[K, T | None]:
        """The values of these keys; None for what is not there."""
        if time.monotonic() - self._since > self._life_s:
            self._since, self._found = time.monotonic(), {}
        found = self._found
        missing = [key for key in keys if key not in found]
        if missing:
            read = await self._read(missing)
            found |= {key: read.get(key) for key in missing}
        return found
