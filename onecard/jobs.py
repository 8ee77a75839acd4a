"""The job runner: it closes the business day after its cut-off, and continues every cycle that is not published yet.

``procrastinate`` stores the periodic jobs in PostgreSQL and gives each to one runner. The job that runs once a minute
decides by the state of the books: a runner that was down at 22:00 closes the day when it is back.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, date, datetime

import asyncpg
import psycopg
import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from clearing.closing import EndOfDay, begin_close, open_dates, resume_cycles, unfinished
from clearing.reconciliation import reconcile
from foundation.calendar import ZONE
from foundation.keys import load_keys
from foundation.postgres import LOST_CONNECTION, SERVER_SETTINGS, open_pool
from foundation.problems import Problem
from onecard.payment_gateway import open_gateway
from onecard.settings import Settings
from onecard.sign_on import open_providers
from registry import audit
from registry.approvals import Approvals
from registry.audit_trail import keep_head, send_entries
from registry.models import Database
from registry.sign_on.providers import Provider
from settlement.expiry import lapse_due
from settlement.online_top_ups import settle_unheard
from terminals.leavers import Synchronized, synchronize
from terminals.roster_jobs import rosters_wait
from waste.evaluation.quarters import pending_quarters, request_last_quarter
from waste.forecast.cover_forecasts import needs_forecast
from waste.forecast.daily_covers import days_to_keep
from waste.materials.checks import check_months
from waste.supervision.cases import escalate_overdue

log = structlog.get_logger()

RETRY_AFTER_S = 2.0
LOOK_EVERY_S = 0.2
LOOK_FOR_WORK_S = 1.0
LOOK_FOR_ENTRIES_S = 1.0

CONNECTION = {
    "application_name": "onecard-jobs",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""Parameters of libpq: a dead connection without a reset is noticed within half a minute."""

STALLED_AFTER_S = 600
"""A killed runner leaves its job behind; after this time another runner takes it."""


def create_job_app(settings: Settings) -> App:
    """The job application of a database."""
    app = App(connector=PsycopgConnector(conninfo=settings.needed_database_url, max_size=4, kwargs=CONNECTION))

    @app.periodic(cron="* * * * *")
    @app.task(queueing_lock="close_due_days", pass_context=False)
    async def close_due_days(timestamp: int) -> None:  # noqa: ARG001 - when it was due; the books decide
        await close_days_due(settings, datetime.now(UTC))
        await lapse_subsidies_due(settings)
        await settle_unheard_top_ups(settings, datetime.now(UTC))

    @app.periodic(cron="*/10 * * * *")
    @app.task(queueing_lock="forecast", pass_context=False)
    async def forecast(timestamp: int) -> None:  # noqa: ARG001 - the days that are closed decide
        await keep_the_kitchen(settings, datetime.now(UTC))

    @app.periodic(cron="20 19 * * *")
    @app.task(queueing_lock="check_kitchens", pass_context=False)
    async def check_kitchens(timestamp: int) -> None:  # noqa: ARG001 - at 03:20 in China, when nobody pays
        await check_whole_months(settings, datetime.now(UTC))

    @app.periodic(cron="*/5 * * * *")
    @app.task(queueing_lock="reconcile", pass_context=False)
    async def look_for_differences(timestamp: int) -> None:  # noqa: ARG001 - the books are looked at as they are
        await reconcile_now(settings, datetime.now(UTC))

    @app.periodic(cron="*/5 * * * *")
    @app.task(queueing_lock="synchronize_directories", pass_context=False)
    async def look_for_leavers(timestamp: int) -> None:  # noqa: ARG001 - the directories are looked at as they are
        await synchronize_directories(settings)

    return app


async def close_days_due(settings: Settings, now: datetime) -> list[date]:
    """Begin to close the open business days whose cut-offs have passed, one after the other; returns their dates."""
    closed: list[date] = []
    pool = await open_pool(settings.needed_database_url, size=2)
    try:
        while due := [day for day in (await open_dates(pool)).values() if settings.calendar.cut_off_of(day) <= now]:
            day = max(due)
            if day in closed:
                break
            await begin_close(pool, day, settings.clearing_fee_fen)
            log.info("day_closed", business_date=str(day))
            closed.append(day)
    finally:
        await pool.close()
    return closed


async def publish_cycles(settings: Settings) -> None:
    """Take every unfinished cycle on, for ever."""
    pool = await open_pool(settings.needed_database_url, size=4)
    try:
        while True:
            try:
                # Read anew: the key that signs may have another version since.
                key = load_keys(settings.keys_folder).centre_signing_key
                end_of_day = EndOfDay(pool, settings.statement_folder, key)
                for business_date in await resume_cycles(end_of_day):
                    log.info("cycle_published", business_date=str(business_date))
            except Exception as error:
                # Any failure is retried; the state of the cycle shows how far it is.
                log.exception("cycle_stuck", error=str(error))
                await asyncio.sleep(RETRY_AFTER_S)
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        await pool.close()


async def reconcile_now(settings: Settings, now: datetime) -> None:
    """Reconcile, and log the differences."""
    pool = await open_pool(settings.needed_database_url, size=2)
    try:
        found = await reconcile(pool, settings.calendar, now)
    finally:
        await pool.close()
    for difference in found:
        log.warning("difference", **asdict(difference))


async def synchronize_directories(settings: Settings) -> dict[str, Synchronized | None]:
    """Look who has left the directories of single sign-on; by provider, None for one that is away."""
    came_to: dict[str, Synchronized | None] = {}
    async with open_providers(settings) as providers:
        engine = create_async_engine(
            settings.sqlalchemy_url, hide_parameters=True, connect_args={"server_settings": SERVER_SETTINGS}
        )
        try:
            database = async_sessionmaker(engine, expire_on_commit=False)
            for provider in providers:
                came_to[provider.settings.name] = await _synchronized(
                    database, provider, settings.directory_leavers_max_percent, providers.names
                )
        finally:
            await engine.dispose()
    return came_to


async def _synchronized(
    database: Database, provider: Provider, share_max_percent: int, providers: Collection[str]
) -> Synchronized | None:
    try:
        done = await synchronize(database, Approvals(database), provider, share_max_percent, providers)
    except Problem as problem:
        log.warning("directory_not_synchronized", provider=provider.settings.name, reason=problem.code)
        return None
    if done.left or done.awaits:
        log.info("directory_synchronized", provider=provider.settings.name, left=done.left, awaits=done.awaits)
    return done


async def keep_the_kitchen(settings: Settings, now: datetime) -> None:
    """Forecast covers, escalate overdue cases, request the last quarter's evaluation, except while a day is closed."""
    pool = await open_pool(settings.needed_database_url, size=2)
    engine = create_async_engine(
        settings.sqlalchemy_url, hide_parameters=True, connect_args={"server_settings": SERVER_SETTINGS}
    )
    try:
        if await unfinished(pool):
            return
        today = now.astimezone(ZONE).date()
        await request_last_quarter(pool, today)
        for case_id in await escalate_overdue(async_sessionmaker(engine), today):
            log.info("case_escalated", case_id=case_id)
        # Asked here: a process that finds nothing to do costs two seconds of a processor, six times an hour.
        due = bool(await days_to_keep(pool)) or await needs_forecast(pool)
    finally:
        await engine.dispose()
        await pool.close()
    if due:
        await _elsewhere("forecast", "now")


async def check_whole_months(settings: Settings, now: datetime) -> None:
    """Compare kitchens' whole months with purchases, collector's tickets and like kitchens; keep the flags."""
    pool = await open_pool(settings.needed_database_url, size=1)
    try:
        async with pool.acquire() as connection, connection.transaction():
            await check_months(connection, now.astimezone(ZONE).date())
    finally:
        await pool.close()


async def _elsewhere(*command: str) -> None:
    """Run a command in a process of its own, which frees its memory at its end."""
    # One thread: the other processors are for payments.
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "onecard", *command, env=environment, start_new_session=True
    )
    try:
        code = await child.wait()
    except asyncio.CancelledError:
        child.terminate()
        raise
    if code != 0:
        log.warning("command_failed", command=" ".join(command))


async def run_what_is_asked(settings: Settings) -> None:
    """Start ``onecard evaluate`` whenever a quarter's evaluation is pending, ``onecard roster run`` for rosters."""
    pool = await open_pool(settings.needed_database_url, size=1)
    try:
        while True:
            try:
                if await pending_quarters(pool):
                    await _elsewhere("evaluate")
                if await rosters_wait(pool):
                    await _elsewhere("roster", "run")
            except (*LOST_CONNECTION, TimeoutError, asyncpg.PostgresError) as error:
                log.warning("asked_work_waits", error=str(error))
                await asyncio.sleep(RETRY_AFTER_S)
            await asyncio.sleep(LOOK_FOR_WORK_S)
    finally:
        await pool.close()


async def follow_audit_log(settings: Settings) -> None:
    """Keep the head of the audit log outside the database, and send its entries on, for ever."""
    pool = await open_pool(settings.needed_database_url, size=1)
    try:
        while True:
            try:
                await keep_head(pool, settings.statement_folder)
                if settings.audit_syslog is not None:
                    await send_entries(pool, settings.statement_folder, settings.audit_syslog)
            except (*LOST_CONNECTION, TimeoutError, asyncpg.PostgresError) as error:
                log.warning("audit_log_waits", error=str(error))
                await asyncio.sleep(RETRY_AFTER_S)
            await asyncio.sleep(LOOK_FOR_ENTRIES_S)
    finally:
        await pool.close()


async def lapse_subsidies_due(settings: Settings) -> None:
    """Lapse last year's meal money where the region rules say so."""
    pool = await open_pool(settings.needed_database_url, size=2)
    try:
        for lapse in await lapse_due(pool):
            log.info("subsidies_lapsed", agency_id=lapse.agency_id, year=lapse.year, subsidy_fen=lapse.subsidy_fen)
    finally:
        await pool.close()


async def settle_unheard_top_ups(settings: Settings, now: datetime) -> None:
    """Ask the payment gateway for orders without a notification."""
    async with open_gateway(settings) as gateway:
        if gateway is None:
            return
        pool = await open_pool(settings.needed_database_url, size=2)
        try:
            came_to = await settle_unheard(pool, gateway, now)
        finally:
            await pool.close()
    if came_to:
        log.info("top_ups_settled", **came_to)


PAUSE_MAX_S = 30.0
STEADY_AFTER_S = 60.0
"""A runner that worked so long starts again after the shortest pause."""

STOP_WITHIN_S = 10.0
"""A job is given 5 s to end; what still hangs after this time ends with the process."""


async def run_jobs(settings: Settings) -> None:
    """Run jobs until SIGTERM, SIGINT or SIGHUP. Whatever ends before is started again, with growing pauses."""
    audit.use_key(load_keys(settings.keys_folder).audit_key)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pause_s = RETRY_AFTER_S
    while True:
        began_at = time.monotonic()
        try:
            await _run_until_something_ends(settings, stop)
        except (ConnectorException, psycopg.Error, asyncpg.PostgresError, *LOST_CONNECTION, TimeoutError) as error:
            log.warning("job_runner_lost_the_database", error=str(error).strip())
        except Exception:
            log.exception("job_runner_failed")
        if stop.is_set():
            return
        if time.monotonic() - began_at > STEADY_AFTER_S:
            pause_s = RETRY_AFTER_S
        log.warning("job_runner_starts_again", in_s=pause_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)
        pause_s = min(2 * pause_s, PAUSE_MAX_S)


async def _run_until_something_ends(settings: Settings, stop: asyncio.Event) -> None:
    app = create_job_app(settings)
    async with app.open_async():
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            await app.job_manager.retry_job(job)
        tasks = [
            asyncio.create_task(stop.wait()),
            asyncio.create_task(
                app.run_worker_async(
                    delete_jobs="successful", shutdown_graceful_timeout=5, install_signal_handlers=False
                )
            ),
            asyncio.create_task(publish_cycles(settings)),
            asyncio.create_task(run_what_is_asked(settings)),
            asyncio.create_task(follow_audit_log(settings)),
        ]
        done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        _, stuck = await asyncio.wait(left, timeout=STOP_WITHIN_S) if left else (set(), set())
        if stuck:
            # A connection that never answers cannot even be given up.
            log.error("job_runner_hangs")
            os._exit(1)
        for task in done:
            task.result()
