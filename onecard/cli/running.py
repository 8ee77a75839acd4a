"""Commands that run the system or a part of it: run, serve, jobs, check-jobs, migrate, urls."""

import asyncio
import json
import time
from contextlib import suppress

import psycopg

from foundation.logs import configure_logs
from onecard.cli.commands import main
from onecard.cli.output import console, fail, say, text
from onecard.cli.services import external_settings, failures_as_one_line, read_settings, services
from onecard.embedded_servers import Services
from onecard.settings import Settings

APPLICATION = "onecard.app:create_server"
APPLICATION_WITH_GATEWAY = "onecard.demo_server:create_server"
"""Where the workers find their application; the second one has the simulated gateway beside it."""


def bring_up(settings: Settings) -> None:
    """Bring the database to this version; say so when the role that runs could change the tables."""
    from foundation.keys import load_keys
    from onecard.migrate import migrate, role_of

    migrate(settings.needed_owner_url, role_of(settings.needed_database_url), load_keys(settings.keys_folder).audit_key)
    warn_of_owner(settings)


def warn_of_owner(settings: Settings) -> None:
    """Say so when the role that runs could change the tables."""
    from onecard.migrate import owns_tables

    with suppress(psycopg.OperationalError):
        if owns_tables(settings.needed_database_url):
            say("onecard.database.owner")


def prepare(settings: Settings) -> None:
    """Bring the database up to date, and load the demo city into an empty one."""
    from onecard.cli.demonstration import load_city

    bring_up(settings)
    if settings.demo_city and load_city(settings):
        say("onecard.run.loaded")


@main.command(help=text("onecard.help.run"))
def run() -> None:
    """Start everything, and stop it all at the end."""
    from foundation.keys import create_missing_keys
    from onecard.server import check_port, job_runner, serve

    started = time.monotonic()
    settings = read_settings()
    configure_logs(json=settings.log_json)
    with failures_as_one_line():
        check_port(settings)
        with Services(settings).running() as ready:
            create_missing_keys(ready.keys_folder)
            if ready.gateway is None and ready.demo_city:
                ready = ready.model_copy(update={"gateway": "simulated"})
            ready = _with_gateway(ready)
            prepare(ready)
            _welcome(ready, time.monotonic() - started)
            with job_runner(ready):
                serve(ready, _application(ready))
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
    from onecard.server import check_port
    from onecard.server import serve as serve_api

    settings = _with_gateway(external_settings())
    with failures_as_one_line():
        check_port(settings)
        warn_of_owner(settings)
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
    from onecard.jobs import run_jobs

    settings = _with_gateway(external_settings())
    with failures_as_one_line():
        try:
            asyncio.run(run_jobs(settings))
        except KeyboardInterrupt:
            return


@main.command("check-jobs", help=text("onecard.help.check-jobs"))
def check_jobs() -> None:
    """Look for the heartbeat of a job runner."""
    query = "SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'"
    settings = external_settings()
    with failures_as_one_line(), psycopg.connect(settings.needed_database_url, connect_timeout=5) as db:
        if db.execute(query).rowcount == 0:
            fail("onecard.jobs.silent")


@main.command(help=text("onecard.help.migrate"))
def migrate() -> None:
    """Bring the database to this version, and make the missing keys."""
    from foundation.keys import create_missing_keys

    with services() as settings:
        if settings.keys_dir is None:
            create_missing_keys(settings.keys_folder)
        bring_up(settings)
    say("onecard.migrated")


@main.command(help=text("onecard.help.urls"))
def urls() -> None:
    """Print the addresses of the database and Redis."""
    settings = Services(read_settings()).settings
    urls = {
        "database": settings.needed_database_url,
        "database_owner": settings.needed_owner_url,
        "redis": settings.needed_redis_url,
    }
    print(json.dumps(urls))
