"""Commands that run the system or a part of it: run, serve, jobs, check-jobs, migrate, distribute, urls."""

import asyncio
import json
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
import rich_click as click

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

if TYPE_CHECKING:
    from onecard.demo_start import Start


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


def prepare(settings: Settings, *, demo_city: bool) -> None:
    """Bring the database up to date, and load the demo city into an empty one if that is wanted."""
    from onecard.cli.demonstration import load_city

    bring_up(settings)
    if demo_city and load_city(settings):
        say("onecard.run.loaded")


@main.command(help=text("onecard.help.run"))
def run() -> None:
    """Start everything, and stop it all at the end."""
    from foundation.keys import create_missing_keys
    from onecard.demo_start import start_on
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
            prepare(ready, demo_city=settings.may_load_demo_city)
            start = start_on(ready)
            serve(
                start.settings,
                start.application,
                with_jobs=True,
                when_serving=lambda: _welcome(start, time.monotonic() - started),
            )
    say("onecard.run.stopped")


def _welcome(start: "Start", ready_after_s: float) -> None:
    from onecard.cli.demonstration import LOG_INS, PASSWORD

    settings = start.settings
    url = f"http://{settings.host}:{settings.port}"
    console.print()
    say("onecard.run.serves", url=url, seconds=f"{ready_after_s:.1f}")
    say("onecard.run.pages", url=url)
    if start.has_demo_city:
        say("onecard.run.log_ins", log_ins=LOG_INS, password=PASSWORD)
        say("onecard.run.demo")
    else:
        say("onecard.run.no_demo_city")
    say("onecard.run.how_to_stop")
    console.print()


@main.command(help=text("onecard.help.serve"))
def serve() -> None:
    """Serve the API alone."""
    from foundation.keys import load_keys
    from onecard.demo_start import start_on
    from onecard.server import check_port
    from onecard.server import serve as serve_api

    settings = external_settings(redis=True)
    with failures_as_one_line():
        check_port(settings)
        check_database(settings)
        warn_of_owner(settings)
        start = start_on(settings)
        load_keys(settings.keys_folder)
        serve_api(start.settings, start.application)


@main.command(help=text("onecard.help.jobs"))
def jobs() -> None:
    """Run the periodic jobs."""
    from foundation.keys import load_keys
    from onecard.demo_start import start_on
    from onecard.jobs import run_jobs

    settings = external_settings()
    with failures_as_one_line():
        check_database(settings)
        start = start_on(settings)
        load_keys(settings.keys_folder)
        asyncio.run(run_jobs(start.settings))


@main.command("check-jobs", help=text("onecard.help.check-jobs"))
def check_jobs() -> None:
    """Look for the heartbeat of a job runner."""
    from onecard.job_watch import SILENT_AFTER_S, silence_s

    given = read_settings()
    configure_logs(json=given.log_json)
    with failures_as_one_line():
        # Embedded servers are found, not started: a system that does not run has no heartbeat.
        settings = Services(given).settings
        check_database(settings)
        if on_ledger(settings, silence_s) > SILENT_AFTER_S:
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


@main.command(help=text("onecard.help.distribute"))
@click.option("--dry-run", is_flag=True, help=text("onecard.option.dry_run"))
def distribute(dry_run: bool) -> None:
    """Spread the ledger over the nodes of Citus."""
    from onecard.distribute import distribute
    from onecard.migrate import role_of

    settings = external_settings()
    check_connection(settings)
    with failures_as_one_line():
        role = role_of(settings.needed_database_url)
        steps = distribute(settings.needed_owner_url, role, dry_run=dry_run)
    for step in steps:
        say(f"onecard.distribute.step.{step.where}", name=step.name)
    if not steps:
        say("onecard.distribute.nothing")
    elif not dry_run:
        say("onecard.distribute.done")


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
