"""Serving: worker processes and the job runner, kept alive by one supervisor."""

import asyncio
import ctypes
import errno
import gc
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Process

from foundation.catalogue import Explained
from foundation.logs import configure_logs
from onecard.settings import Settings
from terminals.charge_connection import KEEP_ALIVE_S, ChargeConnection

log = structlog.get_logger()

WORKER_STOP_WITHIN_S = 3
"""Open event streams do not end by themselves."""

STOP_WITHIN_S = 15.0
"""A process that has not ended so long after its SIGTERM is killed: the job runner may be amid a job."""

START_WITHIN_S = 120.0
"""A busy machine takes tens of seconds to import what a worker needs. One that takes longer hangs."""

ANSWERS_WITHIN_S = 60.0
"""A process that has not answered the supervisor for so long is stopped or starved, and is replaced."""

COLLECT_AFTER = (20_000, 20, 50)
"""Garbage collection thresholds: imports and requests leave hardly any cycles, so collect rarely."""

PAUSE_MAX_S = 30.0
"""The longest pause before a process that ends again and again is replaced; the first replacement comes at once."""

STEADY_AFTER_S = 60.0
"""A process that lived so long was no failure of its start: its replacement comes at once again."""


def export(settings: Settings) -> None:
    """Hand the settings to the processes through the environment, without the way to the tables' owner."""
    os.environ.pop("ONECARD_DATABASE_OWNER_URL", None)
    os.environ |= {
        "ONECARD_DATA_DIR": str(settings.data_dir),
        "ONECARD_DATABASE_URL": settings.needed_database_url,
        "ONECARD_REDIS_URL": settings.needed_redis_url,
        "ONECARD_GATEWAY": settings.gateway or "none",
        "ONECARD_GATEWAY_URL": settings.gateway_url,
        "ONECARD_GATEWAY_MERCHANT": settings.gateway_merchant,
        "ONECARD_GATEWAY_APP": settings.gateway_app,
        "ONECARD_METRICS_DIR": str(settings.metrics_folder),
    }
    if settings.sign_on_providers is not None:
        os.environ["ONECARD_SIGN_ON_PROVIDERS"] = str(settings.sign_on_providers)


PORT_FREE_WITHIN_S = 3.0
"""The workers of a killed server end at once, but the system needs a moment to release their port."""


class PortUnavailable(Explained):
    """Nothing can be served on the host and port of the settings."""


class NothingServes(Explained):
    """No worker could start; each has logged why."""


_REASONS = {errno.EADDRINUSE: "onecard.port.taken", errno.EACCES: "onecard.port.forbidden"}


def check_port(settings: Settings) -> None:
    """Wait a moment for the port. Raises PortUnavailable, which names the process that holds the port."""
    give_up_at = time.monotonic() + PORT_FREE_WITHIN_S
    while True:
        try:
            _bind(settings).close()
            return
        except PortUnavailable:
            if time.monotonic() > give_up_at:
                raise
        time.sleep(0.1)


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as error:
        bound.close()
        where = {"host": settings.host, "port": settings.port}
        holder = _holder_of(settings.port) if error.errno == errno.EADDRINUSE else None
        if holder is not None:
            pid, command = holder
            raise PortUnavailable("onecard.port.taken_by", **where, pid=pid, command=command) from None
        raise PortUnavailable(_REASONS.get(error.errno or 0, "onecard.port.unusable"), **where) from None
    return bound


def _beside(bound: socket.socket) -> socket.socket:
    """A worker's own socket on the port that the supervisor holds: the system deals out connections evenly.

    From a shared one the worker that happens to be idle takes as many as have come, up to two thirds of all tills
    (docs/decisions/0029).
    """
    own = socket.socket(bound.family)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    own.bind(bound.getsockname())
    return own


_LISTENS = "0A"
_COMMAND_SHOWN = 100


def _holder_of(port: int) -> tuple[int, str] | None:
    """Number and command line of the (oldest) process that listens on a port, as far as we may see it.

    Of a process that Python has spawned, of its parent: its own command line says nothing.
    """
    sockets = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                if state == _LISTENS and int(local.rpartition(":")[2], 16) == port:
                    sockets.add(f"socket:[{rest[5]}]")
    for pid in sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with suppress(OSError):
            if any(os.readlink(descriptor) in sockets for descriptor in Path(f"/proc/{pid}/fd").iterdir()):
                parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
                return (parent, _command_of(parent)) if "spawn_main" in _command_of(pid) else (pid, _command_of(pid))
    return None


def _command_of(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return "".join(c for c in words if c.isprintable()).strip()[:_COMMAND_SHOWN]


PR_SET_PDEATHSIG = 1
"""From ``linux/prctl.h``."""


def end_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent dies: an orphan would keep the port for ever."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It died before we asked.
        os._exit(1)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Leave by an exception: the server raises its signal again at its end.

    Who dies of a signal clears nothing away, and Python warns of the semaphores of the processes aside.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # The supervisor's signal may follow that of the keyboard.
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


class Worker(Process):
    """A process that serves the API; a thread of it answers the supervisor's questions."""

    name = "worker"

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], *, failures: int = 0) -> None:
        super().__init__(config, sockets)
        self._parent = os.getpid()
        self._bound = sockets
        self._asked = False
        self._began_at = self._answered_at = time.monotonic()
        self._failures = failures
        self.serves = False
        self.replace_at: float | None = None
        """When the next one starts; None while this one lives."""

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """What the child does."""
        end_with_parent(self._parent)
        gc.set_threshold(*COLLECT_AFTER)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _leave)
        try:
            super().target([_beside(bound) for bound in sockets or ()])
        finally:
            # What `foundation.aside` still computes is for nobody any more, and this process would wait for it.
            for child in multiprocessing.active_children():
                child.kill()

    def trouble(self) -> str | None:
        """Ask without waiting how it is, and tell why it must be replaced: ``ended``, ``silent`` or ``not_started``."""
        if not self.process.is_alive():
            return "ended"
        now = time.monotonic()
        with suppress(OSError, EOFError):
            if self._asked and self.parent_conn.poll():
                self.serves = self.parent_conn.recv()
                self._answered_at, self._asked = now, False
            if not self._asked:
                self.parent_conn.send(b"ping")
                self._asked = True
        if not self.serves:
            return "not_started" if now - self._began_at > START_WITHIN_S else None
        return "silent" if now - self._answered_at > ANSWERS_WITHIN_S else None

    def end(self, reason: str) -> None:
        """Clear it away, say so, and choose when the next one starts."""
        lived_s = time.monotonic() - self._began_at
        self.kill()
        self.join()
        if lived_s > STEADY_AFTER_S:
            self._failures = 0
        pause_s = min(2.0 ** (self._failures - 1), PAUSE_MAX_S) if self._failures else 0.0
        self.replace_at = time.monotonic() + pause_s
        log.error(
            "process_ended", process=self.name, pid=self.pid, reason=reason, exit_code=self.exitcode,
            lived_s=round(lived_s, 1), replaced_in_s=pause_s,
        )  # fmt: skip

    def successor(self) -> "Worker":
        """The process that takes its place."""
        return type(self)(self.config, self._bound, failures=self._failures + 1)


class JobRunner(Worker):
    """The job runner beside the workers."""

    name = "job_runner"

    def target(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - it serves nothing
        """What the child does."""
        end_with_parent(self._parent)
        gc.set_threshold(*COLLECT_AFTER)
        # Here, since the workers need none of it.
        from onecard.jobs import run_jobs

        threading.Thread(target=self.always_pong, daemon=True).start()
        settings = Settings()
        configure_logs(json=settings.log_json)
        asyncio.run(run_jobs(settings))

    def pong(self) -> None:
        """Answer one question of the supervisor."""
        self.child_conn.recv()
        self.child_conn.send(True)


LOOK_EVERY_S = 0.5


class Supervisor:
    """Keeps processes alive until SIGINT, SIGTERM or SIGHUP. Every end and every replacement is a line in the log.

    ``when_serving`` is called once, when the first worker takes requests.
    """

    def __init__(self, processes: list[Worker], when_serving: Callable[[], None]) -> None:
        self._processes = processes
        self._when_serving = when_serving
        self._signals: list[int] = []
        self._has_served = False

    def run(self) -> None:
        """Start the processes, keep them alive, stop them. Raises NothingServes."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: self._signals.append(number))
        try:
            for process in self._processes:
                process.start()
            while not self._signals:
                time.sleep(LOOK_EVERY_S)
                for index, process in enumerate(self._processes):
                    self._processes[index] = self._kept_alive(process)
        finally:
            self._stop()

    def _kept_alive(self, process: Worker) -> Worker:
        if process.replace_at is None:
            reason = process.trouble()
            if process.serves and process.name == Worker.name and not self._has_served:
                self._has_served = True
                self._when_serving()
            if reason is None or self._signals:
                return process
            process.end(reason)
            if process.exitcode == STARTUP_FAILURE and not self._has_served:
                raise NothingServes("onecard.run.nothing_serves")
        assert process.replace_at is not None
        if time.monotonic() < process.replace_at:
            return process
        successor = process.successor()
        successor.start()
        log.warning("process_replaced", process=process.name, pid=successor.pid, replaced_pid=process.pid)
        return successor

    def _stop(self) -> None:
        running = [process for process in self._processes if process.process.is_alive()]
        for process in running:
            process.terminate()
        give_up_at = time.monotonic() + STOP_WITHIN_S
        for process in running:
            process.process.join(max(give_up_at - time.monotonic(), 0))
            if process.process.is_alive():
                log.warning("process_killed", process=process.name, pid=process.pid)
                process.kill()
                process.join()


def _empty(metrics: Path) -> None:
    """Forget the counters of the run before. A full disk costs metrics, never the start."""
    try:
        metrics.mkdir(parents=True, exist_ok=True)
        for file in metrics.iterdir():
            file.unlink()
    except OSError as error:
        log.warning("metrics_folder_unusable", error=repr(error))


def serve(
    settings: Settings, factory: str, *, with_jobs: bool = False, when_serving: Callable[[], None] = lambda: None
) -> None:
    """Serve the application that ``factory`` (module:function) makes in each worker, until a signal ends it.

    ``with_jobs``: a job runner beside the workers. ``when_serving``: called once they take requests. Raises
    PortUnavailable, NothingServes.
    """
    _empty(settings.metrics_folder)
    export(settings)
    config = uvicorn.Config(
        factory,
        factory=True,
        http=ChargeConnection,
        loop="uvloop",
        ws="none",
        lifespan="on",
        backlog=4096,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        # Its messages go the way of all others: `configure_logs`.
        log_config=None,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=WORKER_STOP_WITHIN_S,
    )
    with _bind(settings) as bound:
        # Set only now: until here the port had to be nobody's. This one holds it, and never listens.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        processes = [Worker(config, [bound]) for _ in range(settings.workers)]
        Supervisor([*processes, JobRunner(config, [])] if with_jobs else processes, when_serving).run()
