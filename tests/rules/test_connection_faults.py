"""What goes wrong inside a callback of the HTTP parser is a fault of ours: told, logged, and no client's."""

import asyncio
from typing import Any

import pytest
import structlog
import uvicorn
from litestar import Litestar, get
from litestar.datastructures import State

from foundation.request_log import RequestLog
from terminals.charge_connection import Arrivals, ChargeConnection
from terminals.connection_limits import ConnectionLimits


class Broken(ConnectionLimits):
    """Limits that fail, as a private method of a library does that has another name by now."""

    def known(self, address: str, credentials: Any) -> Any:
        raise AttributeError(address)


@get("/")
async def page() -> str:
    return "a page"


async def answer_to(request: bytes, limits: type[ConnectionLimits]) -> bytes:
    """What a server with such limits answers."""
    state = {
        "charge_processor": None,
        "arrivals": Arrivals(body_max_bytes=10_000, body_within_s=10),
        "connection_limits": limits(strangers_max=10, each_max=10, requests_a_second=10),
        "device_posts": frozenset[bytes](),
    }
    app: Any = RequestLog(Litestar([page], state=State(state)), log_requests=False)
    config = uvicorn.Config(app, http=ChargeConnection, ws="none", lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    running = uvicorn.Server(config)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ChargeConnection(config, running.server_state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(request)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    server.close()
    return answer


ASKED = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


async def test_a_fault_of_ours_is_told_as_such_and_logged() -> None:
    assert (await answer_to(ASKED, ConnectionLimits)).startswith(b"HTTP/1.1 200 ")
    with structlog.testing.capture_logs() as logs:
        answer = await answer_to(ASKED, Broken)
    assert answer.startswith(b"HTTP/1.1 500 ")
    [fault] = [line for line in logs if line["event"] == "internal_error"]
    assert isinstance(fault["exc_info"], AttributeError)


@pytest.mark.parametrize(
    "line", [b"GET http://[ HTTP/1.1", b"GET /\xff\xfe HTTP/1.1", b"GET  HTTP/1.1", b"nothing of the kind"]
)
async def test_what_a_client_sends_is_no_fault_of_ours(line: bytes) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await answer_to(line + b"\r\nhost: x\r\nconnection: close\r\n\r\n", ConnectionLimits)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
    assert [line for line in logs if line["event"] == "internal_error"] == []
