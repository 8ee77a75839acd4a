"""The composition root: settings become pools, engines and stores, and the rooms' routes become one application."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import structlog
from litestar import Litestar, Response, Router, get
from litestar.channels import ChannelsPlugin
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Contact, License, Tag
from litestar.response import ServerSentEvent
from litestar.static_files import create_static_files_router
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

import web
from clearing.dispute_routes import DisputeController
from clearing.reconciliation import QUERIES as RECONCILIATION
from clearing.routes import ClearingController, public_day
from foundation.calendar import Calendar
from foundation.keys import KeyRing, load_keys
from foundation.logs import configure_logs
from foundation.postgres import LOST_CONNECTION, Pool, open_pool
from foundation.problem_responses import HANDLERS
from foundation.problems import UNAVAILABLE, Problem
from foundation.request_log import RequestLog
from foundation.strict_json import StrictRequest
from onecard import metrics
from onecard.live_totals import CHANNEL, ForgivingBackend, LiveFigures
from onecard.payment_gateway import open_gateway
from onecard.settings import Settings
from registry.models import Database
from registry.routes import ConsoleController, RegistryController
from settlement.charging import ChargeLimits, ChargeOrder, Charger, Remembered
from settlement.routes.deposits import DepositController
from settlement.routes.gateway import GatewayController
from settlement.routes.rules import RuleController
from settlement.routes.supervision import SupervisionController
from terminals.blocking import BlockListVersion
from terminals.charge_connection import Arrivals, Counter
from terminals.messages import SignedMessages
from terminals.routes.console import CounterConsoleController
from terminals.routes.opening import OpeningController
from terminals.routes.payments import PaymentController
from terminals.routes.receipts import ReceiptController
from terminals.sessions import SessionStore
from waste.bulletins.routes import BulletinController, BulletinWriterController
from waste.charts.dashboard import Charts
from waste.charts.routes import DashboardController
from waste.evaluation.routes import EvaluationController
from waste.forecast.routes import ForecastController
from waste.measures.routes import MeasuresController
from waste.supervision.routes import CaseController
from waste.weighing.routes import WeighingController
from waste.weighing.scale_routes import ScaleController

log = structlog.get_logger()

WEB = Path(web.__file__).parent
PAGES = {"/": "live", "/reconciliation": "reconciliation", "/weighing": "weighing"}
"""Paths of pages that hold no data of their own: whoever opens them signs in, or sees what is public."""


def _page(path: str, room: str) -> HTTPRouteHandler:
    content = (WEB / room / "index.html").read_text(encoding="utf-8")

    @get(path, media_type=MediaType.HTML, include_in_schema=False, name=f"{room} page")
    async def page() -> str:
        return content

    return page


@get("/live", summary="Today's payments per canteen, live", tags=["system"])
async def live_stream(state: State) -> ServerSentEvent:
    """Server-sent events: payments and money per canteen whenever they change."""
    if state.viewers >= state.settings.live_viewers_max:
        raise Problem(UNAVAILABLE, "too many viewers", retry_after_s=30)

    async def stream() -> AsyncIterator[str]:
        state.viewers += 1
        try:
            async for totals in state.live.stream():
                yield totals
        finally:
            state.viewers -= 1

    return ServerSentEvent(stream())


@get("/health", summary="Whether the centre can take payments", tags=["system"])
async def health(state: State) -> Response[dict[str, Any]]:
    """Ask PostgreSQL and Redis. 503 when PostgreSQL is away; without Redis payments go on, and it says so."""
    answers = {"postgresql": "ok", "redis": "ok"}
    try:
        async with asyncio.timeout(3):
            await state.ledger.fetchval("SELECT 1 FROM book_day LIMIT 1")
    except (*LOST_CONNECTION, TimeoutError) as error:
        answers["postgresql"] = f"unavailable: {type(error).__name__}"
    try:
        async with asyncio.timeout(3):
            await state.redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        answers["redis"] = f"unavailable: {type(error).__name__}"
    ok = answers["postgresql"] == "ok"
    status = "ok" if all(a == "ok" for a in answers.values()) else "degraded" if ok else "unavailable"
    return Response({"status": status, **answers}, status_code=200 if ok else 503)


@get("/metrics", media_type="text/plain; version=0.0.4", summary="Metrics", tags=["system"])
async def prometheus(state: State) -> bytes:
    """Prometheus metrics of all workers, and how much of the books does not agree."""
    with suppress(*LOST_CONNECTION, TimeoutError):
        async with asyncio.timeout(3):
            metrics.show_differences(await state.ledger.fetch(RECONCILIATION["alarm"]))
    return metrics.exposition()


@asynccontextmanager
async def _resources(app: Litestar) -> AsyncIterator[None]:
    """Open what the routes need; close it in reverse."""
    state, settings = app.state, app.state.settings
    state.key_ring = load_keys(settings.keys_folder)
    state.ledger = await open_pool(settings.needed_database_url, size=settings.ledger_connections)
    engine = create_async_engine(
        settings.sqlalchemy_url, pool_size=settings.registry_connections, max_overflow=0, pool_pre_ping=True
    )
    state.database = async_sessionmaker(engine, expire_on_commit=False)
    state.terminal_sessions = SessionStore(state.ledger, state.key_ring)
    state.block_list = BlockListVersion(state.ledger)
    state.live = LiveFigures(state.ledger, app.plugins.get(ChannelsPlugin))
    state.charts = Charts(state.ledger)
    state.viewers = 0

    def on_answered(batch: list[tuple[ChargeOrder, Remembered]]) -> None:
        metrics.count_batch(batch, state.charger.waiting)
        state.live.tell(batch)

    limits = ChargeLimits(settings.charge_queue_max, settings.charge_batch_max, settings.charge_lanes)
    state.charger = Charger(state.ledger, limits, on_answered)
    state.counter = Counter(state.charger, state.terminal_sessions, state.key_ring, state.database, state.block_list)
    gateway = open_gateway(settings)
    state.gateway = await gateway.__aenter__()
    tasks = [
        asyncio.create_task(state.block_list.follow()),
        asyncio.create_task(state.terminal_sessions.follow()),
        asyncio.create_task(state.live.follow()),
        asyncio.create_task(state.live.spread()),
        asyncio.create_task(state.arrivals.sweep()),
        asyncio.create_task(_leave_with_parent()),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await gateway.__aexit__(None, None, None)
        await engine.dispose()
        await state.redis.aclose()
        state.ledger.terminate()


async def _leave_with_parent() -> None:
    """End this worker when its server was killed: an orphan would keep the port."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)
    os._exit(1)


def _provide(name: str) -> Provide:
    def from_state(state: State) -> Any:
        return getattr(state, name)

    return Provide(from_state, sync_to_thread=False)


COLLECT_AFTER = (20_000, 20, 50)
"""Requests leave hardly any cycles behind: look for them after this many new objects, not after 700."""


def create_server(*more: Router) -> RequestLog:
    """The application behind its request log: what the server's workers call. ``more``: routes beside ours."""
    settings = Settings()
    app = create_app(settings, *more)
    # What is alive now lives as long as the worker: no collection needs to look at it again.
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    return RequestLog(app, log_requests=settings.log_requests)


def create_app(settings: Settings, *more: Router) -> Litestar:
    """Build the application."""
    configure_logs(json=settings.log_json)
    redis: Redis = Redis.from_url(settings.needed_redis_url, socket_timeout=2)
    # The subscriber waits for ever; everything else must not.
    subscriber: Redis = Redis.from_url(settings.needed_redis_url, health_check_interval=10)
    return Litestar(
        route_handlers=[
            *(_page(path, room) for path, room in PAGES.items()),
            create_static_files_router("/static", [WEB / room for room in PAGES.values()], include_in_schema=False),
            live_stream,
            health,
            prometheus,
            ConsoleController,
            RegistryController,
            DepositController,
            GatewayController,
            *more,
            RuleController,
            SupervisionController,
            OpeningController,
            PaymentController,
            CounterConsoleController,
            ReceiptController,
            ClearingController,
            DisputeController,
            public_day,
            WeighingController,
            MeasuresController,
            ForecastController,
            EvaluationController,
            CaseController,
            DashboardController,
            BulletinWriterController,
            BulletinController,
            Router("/", route_handlers=[ScaleController], middleware=[SignedMessages]),
        ],
        state=State(
            {
                "settings": settings,
                "redis": redis,
                "statement_folder": settings.statement_folder,
                "calendar": settings.calendar,
                "clearing_fee_fen": settings.clearing_fee_fen,
                "arrivals": Arrivals(body_max_bytes=settings.body_max_bytes, body_within_s=settings.body_within_s),
            }
        ),
        lifespan=[_resources],
        plugins=[ChannelsPlugin(ForgivingBackend(redis=subscriber), channels=[CHANNEL])],
        exception_handlers=HANDLERS,
        request_class=StrictRequest,
        request_max_body_size=settings.body_max_bytes,
        signature_types=[Calendar, Charger, Charts, KeyRing, Pool, Database, SessionStore, BlockListVersion],
        dependencies={
            name: _provide("key_ring" if name == "keys" else name)
            for name in (
                "database",
                "ledger",
                "keys",
                "redis",
                "charger",
                "terminal_sessions",
                "block_list",
                "charts",
                "statement_folder",
                "calendar",
                "clearing_fee_fen",
            )
        },
        openapi_config=OpenAPIConfig(
            title="onecard",
            version=metadata.version("onecard"),
            summary="Cross-agency canteen payment network",
            contact=Contact(name="The clearing centre"),
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            tags=[
                Tag("terminal", "Terminals and phones: docs/terminal-protocol.md"),
                Tag("console", "People at the console"),
                Tag("registry", "Who and where"),
                Tag("deposits", "Money into purses, and back"),
                Tag("supervision", "Questions that payments raise"),
                Tag("rules", "Prices and rules by date"),
                Tag("receipts", "Receipts for whoever knows the number"),
                Tag("clearing", "Closing, netting, statements"),
                Tag("waste", "The kitchen"),
                Tag("system", "Health and metrics"),
            ],
            path="/schema",
            render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"]), YamlRenderPlugin()],
            use_handler_docstrings=True,
        ),
    )
