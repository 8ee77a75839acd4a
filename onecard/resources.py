"""What a worker opens at its start and closes at its end: pools, keys, sessions, the engine, background tasks."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.channels import ChannelsPlugin
from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from foundation.keys import load_keys
from foundation.postgres import open_pool
from onecard import metrics
from onecard.live_totals import LiveFigures
from onecard.payment_gateway import open_gateway
from onecard.settings import Settings
from registry import audit
from settlement.charging import ChargeLimits, ChargeOrder, Charger, Remembered
from terminals.blocking import BlockListVersion
from terminals.charges import ChargeProcessor
from terminals.sessions import SessionStore
from waste.charts.charts import Charts

LOOK_FOR_PARENT_S = 0.5


@asynccontextmanager
async def resources(app: Litestar) -> AsyncIterator[None]:
    """Fill the application's state for as long as the worker serves."""
    state, settings = app.state, app.state.settings
    engine = _engine(settings)
    await _open(state, settings, engine, app.plugins.get(ChannelsPlugin))
    async with open_gateway(settings) as state.gateway:
        tasks = _background_tasks(state)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    await engine.dispose()
    await state.redis.aclose()
    state.ledger.terminate()


def _engine(settings: Settings) -> AsyncEngine:
    return create_async_engine(
        settings.sqlalchemy_url, pool_size=settings.registry_connections, max_overflow=0, pool_pre_ping=True
    )


async def _open(state: State, settings: Settings, engine: AsyncEngine, channels: ChannelsPlugin) -> None:
    state.key_ring = load_keys(settings.keys_folder)
    audit.use_key(state.key_ring.audit_key)
    state.ledger = await open_pool(settings.needed_database_url, size=settings.ledger_connections)
    state.database = async_sessionmaker(engine, expire_on_commit=False)
    state.terminal_sessions = SessionStore(state.ledger, state.key_ring)
    state.block_list = BlockListVersion(state.ledger)
    state.live = LiveFigures(state.ledger, channels, with_amounts=settings.shows_live_amounts)
    state.charts = Charts(state.ledger)
    state.viewers = 0
    state.charger = _charger(state, settings)
    state.charge_processor = ChargeProcessor(
        state.charger, state.terminal_sessions, state.key_ring, state.database, state.block_list
    )


def _charger(state: State, settings: Settings) -> Charger:
    def on_answered(batch: list[tuple[ChargeOrder, Remembered]]) -> None:
        metrics.count_batch(batch, state.charger.waiting)
        state.live.tell(batch)

    limits = ChargeLimits(settings.charge_queue_max, settings.charge_batch_max, settings.charge_lanes)
    return Charger(state.ledger, limits, on_answered)


def _background_tasks(state: State) -> list[asyncio.Task[None]]:
    return [
        asyncio.create_task(state.block_list.follow()),
        asyncio.create_task(state.terminal_sessions.follow()),
        asyncio.create_task(state.live.follow()),
        asyncio.create_task(state.live.spread()),
        asyncio.create_task(state.arrivals.sweep()),
        asyncio.create_task(_leave_with_parent()),
    ]


async def _leave_with_parent() -> None:
    """End this worker when its server was killed: an orphan would keep the port."""
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(LOOK_FOR_PARENT_S)
    os._exit(1)
