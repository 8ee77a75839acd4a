"""Expensive work that strangers may ask for: in a process of its own, at low priority, in a bounded queue.

A thread would slow payments: it holds the interpreter and the process's memory map while the processor is taken from
it. One piece of work runs at a time on the whole machine; a lock file keeps the workers' processes apart.
"""

import asyncio
import fcntl
import hashlib
import importlib
import multiprocessing
import os
import pickle
import resource
import signal
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import structlog

from foundation.problems import TOO_LARGE, UNAVAILABLE, Problem

log = structlog.get_logger()

WAITING_MAX = 16
"""Pieces of work that wait in one queue of a worker."""
EACH_MAX = 4
"""Of these, the pieces of one caller, such as a network address: one alone cannot fill the queue."""
WAIT_MAX_S = 10.0
"""A person looks again after this time, and a browser or proxy gives up later."""
RETRY_AFTER_S = 5
REFUSED_AFTER_S = 1.0
"""A full queue says so after this time: who asks again at once costs one answer a second, not a hundred."""
PROCESSOR_MAX_S = 10.0
"""Processor time of one piece of work; a large document takes two seconds."""
PEAK_MAX_MB = 400
"""A process that ever took more is replaced: typesetter and interpreter keep memory. A receipt needs 115 MB, and a
start costs as much processor time as a hundred of them."""
KEPT_BYTES_MAX = 8_000_000
"""Results that a worker keeps for ``remembered``: a few hundred documents."""
LOOK_FOR_PARENT_S = 1.0
NICENESS = 5
"""Beside a busy worker this gets a quarter of a processor: payments go first, and people can sign in at the peak."""

R = TypeVar("R")


class TooMuchWork(Exception):
    """One piece of work took more than ``PROCESSOR_MAX_S`` of the processor."""


class Aside:
    """One queue and its process, which starts at the first piece of work. ``module``: what the process loads first."""

    def __init__(self, lock: Path, module: str) -> None:
        self._lock = lock
        self._module = module
        self._busy = False
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._held: Counter[str] = Counter()
        self._process: ProcessPoolExecutor | None = None
        self._is_worn = False
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._kept_bytes = 0

    @asynccontextmanager
    async def turn(self, caller: str, *, first: bool = False) -> AsyncIterator[None]:
        """Wait for the process; inside, nobody else of this worker has it. ``first``: before all who are not.

        Raises Problem(UNAVAILABLE) when the queue is full, or full of this caller, or does not move.
        """
        queue = self._first if first else self._others
        if len(queue) >= WAITING_MAX or self._held[caller] >= EACH_MAX:
            await asyncio.sleep(REFUSED_AFTER_S)
            raise _full()
        self._held[caller] += 1
        try:
            await self._wait(queue)
            try:
                yield
            finally:
                self._pass_on()
        finally:
            self._held[caller] -= 1
            if not self._held[caller]:
                del self._held[caller]

    async def _wait(self, queue: "deque[asyncio.Future[None]]") -> None:
        if not self._busy:
            self._busy = True
            return
        mine = asyncio.get_running_loop().create_future()
        queue.append(mine)
        try:
            async with asyncio.timeout(WAIT_MAX_S):
                await mine
        except BaseException as error:
            if mine in queue:
                queue.remove(mine)
            elif mine.done() and not mine.cancelled():
                self._pass_on()
            if isinstance(error, TimeoutError):
                raise _full() from None
            raise

    def _pass_on(self) -> None:
        for queue in (self._first, self._others):
            while queue:
                waiting = queue.popleft()
                if not waiting.done():
                    waiting.set_result(None)
                    return
        self._busy = False

    async def compute(self, work: Callable[..., R], *arguments: Any) -> R:
        """Run a function of a module in the process, within ``turn``.

        Raises what the function raises, Problem(TOO_LARGE) past ``PROCESSOR_MAX_S``, or Problem(UNAVAILABLE) when the
        process was killed.
        """
        if self._process is None or self._is_worn:
            await self._replace()
        assert self._process is not None
        try:
            result, peak_mb = await asyncio.wrap_future(self._process.submit(_bounded, work, arguments))
            self._is_worn = peak_mb > PEAK_MAX_MB
            return result
        except TooMuchWork:
            raise Problem(TOO_LARGE, "aside.too_much_work") from None
        except BrokenProcessPool:
            log.warning("process_aside_lost", work=work.__qualname__)
            self.close()
            raise Problem(UNAVAILABLE, retry_after_s=RETRY_AFTER_S) from None

    async def run(self, work: Callable[..., R], *arguments: Any, caller: str) -> R:
        """Wait for a turn and compute. Raises as ``turn`` and ``compute`` do."""
        async with self.turn(caller):
            return await self.compute(work, *arguments)

    async def remembered(self, work: Callable[..., bytes], *arguments: Any, caller: str) -> bytes:
        """``run`` for results that depend on the arguments alone: the latest ones are kept."""
        key = hashlib.sha256(pickle.dumps((work.__qualname__, arguments))).digest()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        async with self.turn(caller):
            if key in self._kept:
                return self._kept[key]
            made = await self.compute(work, *arguments)
        self._kept[key] = made
        self._kept_bytes += len(made)
        while self._kept_bytes > KEPT_BYTES_MAX:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest)
        return made

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.shutdown(wait=False, cancel_futures=True)
            self._process = None

    async def _replace(self) -> None:
        """Start a process, from a thread that is behind everything else already: to start alone takes half a second."""
        self.close()
        self._is_worn = False
        loop = asyncio.get_running_loop()
        started: asyncio.Future[ProcessPoolExecutor] = loop.create_future()

        def deliver(pool: ProcessPoolExecutor, error: Exception | None) -> None:
            if started.cancelled() or error is not None:
                pool.shutdown(wait=False)
            if error is not None and not started.cancelled():
                started.set_exception(error)
            elif not started.cancelled():
                started.set_result(pool)

        def start() -> None:
            context = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(1, context, initializer=_begin, initargs=(os.getpid(), self._lock, self._module))
            error = None
            try:
                _step_back()
                pool.submit(os.getpid)
            except Exception as failed:
                error = failed
            loop.call_soon_threadsafe(deliver, pool, error)

        threading.Thread(target=start, daemon=True).start()
        self._process = await started


def _full() -> Problem:
    return Problem(UNAVAILABLE, "aside.full", retry_after_s=RETRY_AFTER_S)


_machine_lock = -1


def _begin(parent: int, lock: Path, module: str) -> None:
    """Set the process up: behind everything else, and gone with its parent."""
    global _machine_lock
    # A session of its own: Linux shares the processor between sessions first, then by priority within them.
    os.setsid()
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICENESS))
    _step_back()
    importlib.import_module(module)
    with suppress(OSError):
        _machine_lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    signal.signal(signal.SIGPROF, _stop)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()


def _step_back() -> None:
    """Behind everything else: this thread, and the processes that it starts."""
    me = threading.get_native_id()
    os.setpriority(os.PRIO_PROCESS, me, max(NICENESS, os.getpriority(os.PRIO_PROCESS, me)))


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_FOR_PARENT_S)
    os._exit(1)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TooMuchWork


def _bounded(work: Callable[..., R], arguments: tuple[Any, ...]) -> tuple[R, int]:
    """Do the work, alone on the machine and within its processor time; also the most memory so far, in MB."""
    if _machine_lock >= 0:
        fcntl.flock(_machine_lock, fcntl.LOCK_EX)
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_MAX_S)
    try:
        result = work(*arguments)
        return result, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        if _machine_lock >= 0:
            fcntl.flock(_machine_lock, fcntl.LOCK_UN)
