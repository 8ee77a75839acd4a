"""Commands that run the system or a part of it: run, serve, jobs, check-jobs, migrate, urls."""

import asyncio
import json
import signal
import time

from foundation.logs import configure_logs
from onecard.cli.commands import main
from onecard.cli.output import console, fail, say, text
from onecard.cli.services import (
    check_connection,
    check_database,
    external_settings,
    failures_as_one_line,
    on_ledger,
    read_settings,
    services,
)
from onecard.embedded_servers import Services
from onecard.settings import Settings

APPLICATION = "onecard.app:create_server"
APPLICATION_WITH_GATEWAY = "onecard.demo_server:create_server"
"""Where the workers find their application; the second one has the simulated gateway beside it."""


def prepare(settings: Settings) -> None:
    """Bring the database up to date, and load the demo city into an empty one."""
    from onecard.cli.demonstration import load_city
    from onecard.migrate import migrate

    migrate(settings.needed_database_url)
    if settings.demo_city and load_city(settings):
        say("onecard.run.loaded")


@main.command(help=text("onecard.help.run"))
def run() -> None:
    """Start everything, and stop it all at the end."""
    from foundation.keys import create_missing_keys
    from onecard.server import check_port, serve

    # As Ctrl-C until the server has its own handlers: what was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    settings = read_settings()
    configure_logs(json=settings.log_json)
    with failures_as_one_line():
        check_port(settings)
        check_connection(settings)
        with Services(settings).running() as ready:
            create_missing_keys(ready.keys_folder)
            if ready.gateway is None and ready.demo_city:
                ready = ready.model_copy(update={"gateway": "simulated"})
            ready = _with_gateway(ready)
            prepare(ready)
            _welcome(ready, time.monotonic() - started)
            serve(ready, _application(ready), with_jobs=True)
    say("onecard.run.stopped")


def _welcome(settings: Settings, ready_after_s: float) -> None:
    from onecard.cli.demonstration import LOG_INS, PASSWORD

    url = f"http://{settings.host}:{settings.port}"
    console.print()
    say("onecard.run.serves", url=url, seconds=f"{ready_after_s:.1f}")
    say("onecard.run.pages", url=url)
    if settings.demo_city:
        say("onecard.run.log_ins", log_ins=LOG_INS, password=PASSWORD)
    say("onecard.run.demo")
    console.print()


@main.command(help=text("onecard.help.serve"))
def serve() -> None:
    """Serve the API alone."""
    from foundation.keys import load_keys
    from onecard.server import check_port
    from onecard.server import serve as serve_api

    settings = external_settings(redis=True)
    with failures_as_one_line():
        check_port(settings)
        check_database(settings)
        load_keys(settings.keys_folder)
        settings = _with_gateway(settings)
        serve_api(settings, _application(settings))


def _with_gateway(settings: Settings) -> Settings:
    if settings.gateway != "simulated":
        return settings
    from onecard.demo_server import with_simulated_gateway

    return with_simulated_gateway(settings)


def _application(settings: Settings) -> str:
    return APPLICATION_WITH_GATEWAY if settings.gateway == "simulated" else APPLICATION


@main.command(help=text("onecard.help.jobs"))
def jobs() -> None:
    """Run the periodic jobs."""
    from foundation.keys import load_keys
    from onecard.jobs import run_jobs

    settings = external_settings()
    with failures_as_one_line():
        check_database(settings)
        load_keys(settings.keys_folder)
        asyncio.run(run_jobs(_with_gateway(settings)))


@main.command("check-jobs", help=text("onecard.help.check-jobs"))
def check_jobs() -> None:
    """Look for the heartbeat of a job runner."""
    from onecard.job_watch import SILENT_AFTER_S, silence_s

    settings = external_settings()
    with failures_as_one_line():
        check_database(settings)
        if on_ledger(settings, silence_s) > SILENT_AFTER_S:
            fail("onecard.jobs.silent")


@main.command(help=text("onecard.help.migrate"))
def migrate() -> None:
    """Bring the database to this version, and make the missing keys."""
    from foundation.keys import create_missing_keys
    from onecard.migrate import migrate as bring_up

    with services() as settings:
        bring_up(settings.needed_database_url)
        if settings.keys_dir is None:
            create_missing_keys(settings.keys_folder)
    say("onecard.migrated")


@main.command(help=text("onecard.help.urls"))
def urls() -> None:
    """Print the addresses of the database and Redis."""
    settings = Services(read_settings()).settings
    print(json.dumps({"database": settings.needed_database_url, "redis": settings.needed_redis_url}))
