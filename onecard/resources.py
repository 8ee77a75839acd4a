"""What a worker opens at its start and closes at its end: pools, keys, sessions, the engine, background tasks."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.channels import ChannelsPlugin
from litestar.datastructures import State
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from foundation.aside import Aside
from foundation.keys import load_keys
from foundation.postgres import open_pool
from onecard import metrics
from onecard.live_totals import LiveFigures, Viewers
from onecard.payment_gateway import open_gateway
from onecard.settings import Settings
from settlement.charging import ChargeLimits, ChargeOrder, Charger, Remembered
from terminals.blocking import BlockListVersion
from terminals.charges import ChargeProcessor
from terminals.sessions import SessionStore
from waste.charts.charts import Charts

LOOK_FOR_PARENT_S = 0.5

CONNECTION_WITHIN_S = 10
"""How long a request waits for a connection to the registry before it is a 503."""


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
        pool_timeout=CONNECTION_WITHIN_S,
    )


async def _open(state: State, settings: Settings, engine: AsyncEngine, channels: ChannelsPlugin) -> None:
    state.key_ring = load_keys(settings.keys_folder)
    state.ledger = await open_pool(settings.needed_database_url, size=settings.ledger_connections)
    state.database = async_sessionmaker(engine, expire_on_commit=False)
    state.terminal_sessions = SessionStore(state.ledger, state.key_ring)
    state.block_list = BlockListVersion(state.ledger)
    state.live = LiveFigures(state.ledger, channels)
    state.charts = Charts(state.ledger)
    state.passwords = Aside(settings.data_dir / "passwords.lock", "registry.passwords")
    state.documents = Aside(settings.data_dir / "documents.lock", "foundation.pdf")
    state.viewers = Viewers(settings.live_viewers_max, settings.live_viewers_per_address_max)
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
