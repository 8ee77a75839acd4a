"""Requests of strangers take turns, so that a charge never waits for all of them; a stop answers what it cuts off."""

import asyncio
from typing import Any

import pytest
import structlog
from litestar import Litestar, Request, get, post

from foundation import request_log
from foundation.request_log import STRANGER, STRANGERS_AT_ONCE, RequestLog, found_good


class Busy:
    """An application that notes how many requests it has at a time."""

    def __init__(self) -> None:
        self.now = self.most = 0

        @get(["/", "/health"])
        async def ask() -> str:
            return await self._work()

        @post("/", status_code=200)
        async def send() -> str:
            return await self._work()

        self.log = RequestLog(Litestar([ask, send]), log_requests=False)

    async def _work(self) -> str:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        return "done"

    async def ask(self, asked: dict[str, Any]) -> int:
        """One request; its status."""
        return int((await self.told(asked))[0]["status"])

    async def told(self, asked: dict[str, Any]) -> list[Any]:
        """One request; the events of its answer."""
        told: list[Any] = []
        scope: Any = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": "/", "raw_path": b"/", "root_path": "", "query_string": b"", "headers": [],
            "client": ("192.0.2.1", 1), "server": ("192.0.2.2", 80), "extensions": {}, **asked,
        }  # fmt: skip

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(event: Any) -> None:
            told.append(event)

        await self.log(scope, receive, send)
        return told


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        ({STRANGER: True}, STRANGERS_AT_ONCE),
        ({}, 20),
        ({STRANGER: True, "path": "/health"}, 20),
        ({STRANGER: True, "method": "POST"}, 20),
    ],
)
async def test_strangers_take_turns(asked: dict[str, Any], most: int) -> None:
    busy = Busy()
    statuses = await asyncio.gather(*(busy.ask(asked) for _ in range(20)))
    assert statuses == [200] * 20
    assert busy.most == most


async def test_who_is_found_good_gives_the_turn_back_and_may_wait() -> None:
    waiting, may_go_on = asyncio.Semaphore(0), asyncio.Event()

    @get("/")
    async def ask(request: Request[Any, Any, Any]) -> str:
        found_good(request.scope, "a certificate")
        waiting.release()
        await may_go_on.wait()
        return "done"

    phones = Busy()
    phones.log = RequestLog(Litestar([ask]), log_requests=False)
    asked = [asyncio.create_task(phones.ask({STRANGER: True})) for _ in range(8)]
    for _ in asked:
        await waiting.acquire()
    may_go_on.set()
    assert await asyncio.gather(*asked) == [200] * 8


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "TURN_WITHIN_S", 0.001)
    busy = Busy()
    assert await asyncio.gather(*(busy.ask({STRANGER: True}) for _ in range(8))) == [200] * 8
    assert busy.most == 8


async def test_who_is_cut_off_gives_the_turn_back() -> None:
    busy = Busy()
    cut_off = [asyncio.create_task(busy.ask({STRANGER: True})) for _ in range(20)]
    await asyncio.sleep(0.005)
    for task in cut_off:
        task.cancel()
    await asyncio.gather(*cut_off, return_exceptions=True)
    assert await busy.ask({STRANGER: True}) == 200
    assert await asyncio.gather(*(busy.ask({STRANGER: True}) for _ in range(8))) == [200] * 8


@pytest.mark.parametrize("asked", [{}, {STRANGER: True}], ids=["at work", "in the queue"])
@pytest.mark.parametrize(
    ("accept", "form"), [(b"*/*", b"application/problem+json"), (b"text/html", b"text/html; charset=utf-8")]
)
async def test_who_is_cut_off_is_told_to_come_back(
    asked: dict[str, Any], accept: bytes, form: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A logger keeps the configuration of its first use; another test may have configured anew since.
    monkeypatch.setattr(request_log, "log", structlog.get_logger())
    busy = Busy()
    headers = [(b"accept", accept), (b"accept-language", b"en")]
    cut_off = [asyncio.create_task(busy.told({**asked, "headers": headers})) for _ in range(2 * STRANGERS_AT_ONCE)]
    await asyncio.sleep(0.005)
    with structlog.testing.capture_logs() as logs:
        for task in cut_off:
            task.cancel()
        answers = await asyncio.gather(*cut_off)
    for start, *rest in answers:
        fields = dict(start["headers"])
        assert (start["status"], fields[b"content-type"]) == (503, form)
        assert int(fields[b"retry-after"]) > 0
        assert b"unavailable" in b"".join(event.get("body", b"") for event in rest)
    assert [(line["event"], line["status"]) for line in logs] == [("request", 503)] * len(cut_off)
