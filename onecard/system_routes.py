"""Routes of the system itself: the live totals, its health, its metrics."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.response import ServerSentEvent
from redis.exceptions import RedisError

from clearing.reconciliation import open_differences_by_kind
from foundation.postgres import LOST_CONNECTION
from foundation.problems import NOT_SIGNED_IN, UNAVAILABLE, Problem
from foundation.request_log import network_address_of
from onecard import metrics
from registry.sessions import bearer_token
from terminals.inventory import count_late

PROBE_WITHIN_S = 3
RETRY_LIVE_AFTER_S = 30


async def monitoring(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A route guard: the monitoring token, or this machine alone. Raises Problem(NOT_SIGNED_IN)."""
    settings = connection.app.state.settings
    wanted = settings.monitoring_token
    if wanted is None:
        if not settings.is_local:
            raise Problem(NOT_SIGNED_IN, "onecard.monitoring_closed")
    elif not secrets.compare_digest(bearer_token(connection).encode(), wanted.encode()):
        raise Problem(NOT_SIGNED_IN, "onecard.monitoring_token")


@get("/live", summary="Today's payments by canteen, as events", tags=["system"])
async def live_stream(
    request: Request[Any, Any, State],
    state: State,
    canteen_id: Annotated[int, Parameter(ge=0, le=2**53 - 1)] | None = None,
) -> ServerSentEvent:
    """Server-sent events: payments and amounts by canteen, or of one, whenever they change. 503: too many listen."""
    address = network_address_of(request)
    if not state.viewers.has_room(address):
        raise Problem(UNAVAILABLE, "onecard.too_many_viewers", retry_after_s=RETRY_LIVE_AFTER_S)

    async def stream() -> AsyncIterator[str]:
        # Asked again: others may have come since. Who is sent away now gets the refusal on the next try.
        if state.viewers.has_room(address):
            with state.viewers.looking(address):
                async for totals in state.live.stream(state.viewers, canteen_id):
                    yield totals

    return ServerSentEvent(stream())


@get("/health", summary="Whether a payment would succeed", tags=["system"])
async def health(state: State) -> Response[dict[str, Any]]:
    """Whether this worker can take payments: it writes to the ledger every second and watches the charges.

    503 when a payment would not succeed: nothing can be written, the gate of a business day is held, the purses are
    locked, a charge waits for too long, charges fail. ``degraded`` (200) without Redis, without a job runner, or when
    the end of a business day is late: payments go on. So it is while a node of a cluster is away, which ``nodes`` names
    with its books: those of the others go on.
    """
    obstacles = list(state.readiness.obstacles())
    parts = {
        "payments": "; ".join(obstacles) or "ok",
        "nodes": "; ".join(state.readiness.nodes_away()) or "ok",
        "redis": await _redis(state),
        "jobs": state.job_watch.state(),
    }
    status = "unavailable" if obstacles else "ok" if all(part == "ok" for part in parts.values()) else "degraded"
    return Response({"status": status, **parts}, status_code=503 if obstacles else 200)


@get("/health/live", summary="Whether this worker runs and reaches its servers", tags=["system"])
async def live(state: State) -> Response[dict[str, Any]]:
    """Whether PostgreSQL and Redis answer this worker. 503 without PostgreSQL; ``degraded`` without Redis.

    It says nothing of payments: ask ``/health`` whether to send them here.
    """
    answers = {"postgresql": await _postgresql(state), "redis": await _redis(state)}
    ok = answers["postgresql"] == "ok"
    status = "ok" if all(a == "ok" for a in answers.values()) else "degraded" if ok else "unavailable"
    return Response({"status": status, **answers}, status_code=200 if ok else 503)


async def _postgresql(state: State) -> str:
    try:
        async with asyncio.timeout(PROBE_WITHIN_S):
            await state.ledger.fetchval("SELECT 1 FROM book LIMIT 1")
    except (*LOST_CONNECTION, TimeoutError) as error:
        return f"unavailable: {type(error).__name__}"
    return "ok"


async def _redis(state: State) -> str:
    try:
        async with asyncio.timeout(PROBE_WITHIN_S):
            await state.redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        return f"unavailable: {type(error).__name__}"
    return "ok"


@get(
    "/metrics",
    media_type="text/plain; version=0.0.4",
    guards=[monitoring],
    summary="Prometheus metrics",
    tags=["system"],
)
async def prometheus(state: State) -> bytes:
    """Metrics of all workers, the open differences of reconciliation, and late terminals."""
    with suppress(*LOST_CONNECTION, TimeoutError):
        async with asyncio.timeout(PROBE_WITHIN_S):
            metrics.show_differences(await open_differences_by_kind(state.ledger))
            metrics.TERMINALS_LATE.set(await count_late(state.ledger))
    return await asyncio.to_thread(metrics.exposition, state.settings.metrics_folder)
