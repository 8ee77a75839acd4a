"""What a worker opens at its start and closes at its end: pools, keys, sessions, the engine, background tasks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog
from litestar import Litestar
from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from clearing.approvals import KINDS as CLEARING
from foundation.aside import Aside
from foundation.keys import load_keys
from foundation.postgres import SERVER_SETTINGS, open_pool
from foundation.rates import RateOfEach
from onecard import metrics
from onecard.counter_display import STREAMS_OF_A_LINK
from onecard.job_watch import JobWatch
from onecard.live_totals import LiveFigures, Viewers
from onecard.payment_gateway import open_gateway
from onecard.settings import Settings
from onecard.sign_on import open_providers
from registry import audit
from registry.approvals import Approvals
from settlement.approvals import KINDS as SETTLEMENT
from settlement.charging import ChargeLimits, ChargeOrder, Charger, Remembered
from settlement.readiness import Readiness
from terminals.blocking import BlockListVersion
from terminals.charges import ChargeProcessor
from terminals.closures import KINDS as CLOSURES
from terminals.leavers import kinds as leavers
from terminals.moves import KINDS as MOVES
from terminals.postings_feed import PostingsFeed
from terminals.references import References
from terminals.sessions import SessionStore
from travellers.places import Places
from travellers.refusals import RefusedCodes
from travellers.results import ResultsOfCodes
from travellers.sheet_payments import SheetPayments
from waste.charts.charts import Charts
from waste.materials.corrections import KINDS as MATERIAL_CORRECTIONS
from waste.weighing.corrections import KINDS as CORRECTIONS

log = structlog.get_logger()

START_AGAIN_AFTER_S = 1.0

POOL_WITHIN_S = 10
"""A person waits for a free connection at most this long; then the answer is 503."""

CONNECT_WITHIN_S = 5
COMMAND_WITHIN_S = 60
LOCK_WITHIN_MS = 10_000
"""Without these limits a request of the console would wait for ever, and hold its connection."""


@asynccontextmanager
async def resources(app: Litestar) -> AsyncIterator[None]:
    """Fill the application's state for as long as the worker serves."""
    state, settings = app.state, app.state.settings
    engine = _engine(settings)
    async with open_gateway(settings) as state.gateway, open_providers(settings) as state.sign_on:
        await _open(state, settings, engine)
        tasks = _background_tasks(state)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    state.passwords.close()
    state.documents.close()
    await engine.dispose()
    await state.redis.aclose()
    state.ledger.terminate()


def _engine(settings: Settings) -> AsyncEngine:
    return create_async_engine(
        settings.sqlalchemy_url,
        pool_size=settings.registry_connections,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=POOL_WITHIN_S,
        connect_args={
            "timeout": CONNECT_WITHIN_S,
            "command_timeout": COMMAND_WITHIN_S,
            "server_settings": {"lock_timeout": str(LOCK_WITHIN_MS), **SERVER_SETTINGS},
        },
        # Parameters are personal data; an error with its parameters would reach the log.
        hide_parameters=True,
    )


KINDS = SETTLEMENT | CLOSURES | MOVES | CLEARING | CORRECTIONS | MATERIAL_CORRECTIONS
"""What each kind of request does when it is approved; for who leaves a directory, its providers must be known, too."""


async def _open(state: State, settings: Settings, engine: AsyncEngine) -> None:
    state.key_ring = load_keys(settings.keys_folder)
    audit.use_key(state.key_ring.audit_key)
    state.ledger = await open_pool(settings.needed_database_url, size=settings.ledger_connections)
    state.database = async_sessionmaker(engine, expire_on_commit=False)
    state.approvals = Approvals(state.database, KINDS | leavers(state.sign_on.names))
    state.terminal_sessions = SessionStore(state.ledger, state.key_ring)
    state.references = References(state.ledger)
    state.block_list = BlockListVersion(state.ledger)
    state.live = LiveFigures(state.ledger, state.redis, with_amounts=settings.shows_live_amounts)
    state.refused_codes = RefusedCodes(state.redis)
    state.charts = Charts(state.ledger)
    state.places = Places(state.ledger)
    state.passwords = Aside(settings.data_dir / "passwords.lock", "registry.passwords")
    state.documents = Aside(settings.data_dir / "documents.lock", "foundation.pdf")
    state.viewers = Viewers(settings.live_viewers_max, settings.live_viewers_per_address_max)
    state.charger = _charger(state, settings)
    state.sheet_payments = SheetPayments(
        state.ledger, state.key_ring, state.charger, state.places, RateOfEach(settings.requests_per_official_per_s)
    )
    state.postings_feed = PostingsFeed(state.ledger)
    state.results_of_codes = ResultsOfCodes(state.ledger, state.postings_feed, state.refused_codes)
    state.display_viewers = Viewers(settings.live_viewers_max, STREAMS_OF_A_LINK)
    state.readiness = Readiness(state.ledger, state.charger)
    state.job_watch = JobWatch(state.ledger, settings.calendar)
    state.charge_processor = ChargeProcessor(
        state.charger,
        state.terminal_sessions,
        state.references,
        state.key_ring,
        state.database,
        state.block_list,
        state.in_time,
        state.hosts,
    )


def _charger(state: State, settings: Settings) -> Charger:
    def on_answered(batch: list[tuple[ChargeOrder, Remembered]]) -> None:
        metrics.count_batch(batch, state.charger.waiting)
        state.live.tell(batch)
        state.refused_codes.tell(batch)

    limits = ChargeLimits(settings.charge_queue_max, settings.charge_batch_max, settings.charge_lanes)
    return Charger(state.ledger, limits, on_answered)


def _background_tasks(state: State) -> list[asyncio.Task[None]]:
    jobs = (
        state.block_list.follow,
        partial(state.key_ring.follow, state.settings.keys_folder),
        state.terminal_sessions.follow,
        state.live.broadcast.follow,
        state.live.broadcast.spread,
        state.refused_codes.broadcast.follow,
        state.refused_codes.broadcast.spread,
        state.postings_feed.follow,
        state.arrivals.sweep,
        state.readiness.probe,
        state.job_watch.follow,
        partial(metrics.write, state.settings.metrics_folder, partial(_refresh_gauges, state)),
    )
    return [asyncio.create_task(_for_ever(job)) for job in jobs]


def _refresh_gauges(state: State) -> None:
    metrics.QUEUE.set(state.charger.waiting)
    metrics.OLDEST.set(state.charger.oldest_s)
    metrics.READY.set(not any(state.readiness.obstacles()))
    metrics.JOBS_SILENT.set(state.job_watch.silent_s)
    metrics.DAY_LATE.set(state.job_watch.day_late_s)


async def _for_ever(job: Callable[[], Awaitable[None]]) -> None:
    """Run a job until cancelled: one that fails is logged and started again, since nobody else would notice."""
    while True:
        try:
            await job()
        except Exception:
            log.exception("background_task_failed", task=repr(job))
        await asyncio.sleep(START_AGAIN_AFTER_S)
