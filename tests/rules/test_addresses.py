"""Whose address counts: the connection's, or the one that a trusted proxy names."""

from typing import Any

import pytest
from litestar import Litestar, Request, get

from foundation.request_log import RequestLog, address_of
from registry.sign_ins import Caller


@get("/")
async def who(request: Request[Any, Any, Any]) -> str:
    return address_of(request)


async def seen(peer: str, forwarded_for: str, *, trusted: str) -> str:
    """The address that the application sees."""
    outside = RequestLog(Litestar([who]), log_requests=False, trusted_proxies=trusted)
    scope: Any = {
        "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "root_path": "", "query_string": b"",
        "http_version": "1.1", "scheme": "http", "server": ("here", 80), "client": (peer, 1234), "asgi": {},
        "headers": [(b"x-forwarded-for", forwarded_for.encode())],
    }  # fmt: skip
    parts = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: Any) -> None:
        parts.append(event.get("body", b""))

    await outside(scope, receive, send)
    return b"".join(parts).decode()


async def test_a_stranger_cannot_name_another_address() -> None:
    assert await seen("203.0.113.9", "198.51.100.1", trusted="") == "203.0.113.9"
    assert await seen("203.0.113.9", "198.51.100.1", trusted="10.0.0.0/8") == "203.0.113.9"


async def test_a_trusted_proxy_names_the_last_address_before_it() -> None:
    named = "198.51.100.1, 203.0.113.9, 10.0.0.2"
    assert await seen("10.0.0.1", named, trusted="10.0.0.0/8") == "203.0.113.9"


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.9", "203.0.113.9"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("", "")],
)
def test_tries_are_counted_by_what_one_subscriber_has(address: str, network: str) -> None:
    assert Caller(address).network == network
