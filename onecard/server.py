"""Serving: uvicorn with several workers, and the job runner beside it."""

import errno
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from foundation.catalogue import Explained
from onecard.settings import Settings
from terminals.charge_connection import KEEP_ALIVE_S, ChargeConnection

WORKER_STOP_WITHIN_S = 3
"""Open event streams do not end by themselves."""


def export(settings: Settings) -> None:
    """Hand the settings to the worker processes through the environment."""
    os.environ |= {
        "ONECARD_DATA_DIR": str(settings.data_dir),
        "ONECARD_DATABASE_URL": settings.needed_database_url,
        "ONECARD_REDIS_URL": settings.needed_redis_url,
        "ONECARD_GATEWAY": settings.gateway or "none",
        "ONECARD_GATEWAY_URL": settings.gateway_url,
        "ONECARD_GATEWAY_MERCHANT": settings.gateway_merchant,
        "ONECARD_GATEWAY_APP": settings.gateway_app,
        "PROMETHEUS_MULTIPROC_DIR": str(settings.metrics_folder),
    }


ORPHANS_LEAVE_WITHIN_S = 3.0
"""Workers of a killed server notice it and release the port."""


class PortUnavailable(Explained):
    """Nothing can be served on the host and port of the settings."""


_REASONS = {errno.EADDRINUSE: "onecard.port.taken", errno.EACCES: "onecard.port.forbidden"}


def check_port(settings: Settings) -> None:
    """Wait a moment for the port. Raises PortUnavailable."""
    give_up_at = time.monotonic() + ORPHANS_LEAVE_WITHIN_S
    where = {"host": settings.host, "port": settings.port}
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, settings.port))
                return
            except OSError as error:
                if time.monotonic() > give_up_at:
                    raise PortUnavailable(_REASONS.get(error.errno or 0, "onecard.port.unusable"), **where) from None
        time.sleep(0.1)


def serve(settings: Settings, factory: str) -> None:
    """Serve the application that ``factory`` (module:function) makes in each worker, until SIGINT or SIGTERM."""
    shutil.rmtree(settings.metrics_folder, ignore_errors=True)
    settings.metrics_folder.mkdir(parents=True)
    export(settings)
    with suppress(KeyboardInterrupt):
        uvicorn.run(
            factory,
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            http=ChargeConnection,
            loop="uvloop",
            ws="none",
            lifespan="on",
            backlog=4096,
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_level="warning",
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=WORKER_STOP_WITHIN_S,
        )


@contextmanager
def job_runner(settings: Settings) -> Iterator[None]:
    """The job runner as a child process, stopped at the end."""
    export(settings)
    child = subprocess.Popen([sys.executable, "-m", "onecard", "jobs"], start_new_session=True)
    try:
        yield
    finally:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(WORKER_STOP_WITHIN_S)
        child.kill()
        child.wait()
