"""A rush of readers and bookers leaves payments their connections, and reports of loss wait for none of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from msgspec import json as wire

from foundation.calendar import ZONE
from foundation.turns import AT_ONCE
from terminals.client import Terminal
from terminals.phone import sign_for_holder
from tests.builders import Network
from tests.running_system import System
from tests.system.test_me import Me, fields_of, somebody

RUSH = 60
WITHIN_S = 120

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"

Send = Callable[[httpx.AsyncClient, int], Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
def calm(scratch: Path) -> Iterator[Network]:
    """A centre of one worker."""
    folder = scratch / "rushes"
    folder.mkdir()
    system = System(folder, workers="1", demo_hours="false")
    system.start()
    yield Network(system)
    system.abandon()


@pytest.fixture(scope="module")
def me(calm: Network) -> Me:
    return somebody(calm)


@pytest.fixture(scope="module")
def till(calm: Network, scratch: Path) -> Terminal:
    return calm.terminal(scratch)


def held_up(network: Network, table: str) -> int:
    """How many connections wait for a table."""
    with psycopg.connect(network.system.database_url, autocommit=True) as db:
        [count] = db.execute(WAITING.encode(), [table]).fetchone() or [0]
    return int(count)


@asynccontextmanager
async def rush(
    network: Network, table: str, send: Send, count: int = RUSH, reach: int = AT_ONCE
) -> AsyncIterator[Sequence[asyncio.Future[httpx.Response]]]:
    """So many requests at once that want a table, which nobody gets before the end of the block.

    It begins when ``reach`` of them have come as far.
    """
    postgres = network.system.services.postgres
    assert postgres is not None
    limits = httpx.Limits(max_connections=count)
    async with httpx.AsyncClient(base_url=network.url, limits=limits, timeout=300) as http:
        with psycopg.connect(postgres.url_of("onecard", "onecard")) as holder:
            holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
            tasks = [asyncio.ensure_future(send(http, n)) for n in range(count)]
            give_up_at = time.monotonic() + WITHIN_S
            while held_up(network, table) < reach:
                assert time.monotonic() < give_up_at, f"too few came as far as {table}"
                await asyncio.sleep(0.01)
            yield tasks
        await asyncio.gather(*tasks)


def no_stranger(network: Network) -> dict[str, str]:
    """A token that was found good at this address: who has one waits for no stranger."""
    return {"authorization": f"Bearer {network.centre.token}"}


def my_bookings(me: Me) -> Send:
    fields = fields_of(me, "GET", "/me/bookings") | no_stranger(me.network)
    return lambda http, _: http.get("/me/bookings", headers=fields)


def menus(me: Me) -> Send:
    path = f"/public/canteens/{me.network.canteen_id('yinzhou')}/menus"
    fields = no_stranger(me.network)
    return lambda http, _: http.get(path, headers=fields)


@pytest.mark.parametrize(("table", "reading"), [("meal_booking", my_bookings), ("dish", menus)])
async def test_readers_at_once_leave_connections_to_payments(
    calm: Network, me: Me, till: Terminal, table: str, reading: Callable[[Me], Send]
) -> None:
    card = calm.card(calm.official(cash_fen=5_000))
    async with rush(calm, table, reading(me)):
        seen = [held_up(calm, table) for _ in range(100)]
        answer = await asyncio.to_thread(till.charge_card, card, "lunch")
        seen.append(held_up(calm, table))
    assert max(seen) <= AT_ONCE
    assert answer.outcome == "approved"


async def test_a_loss_waits_behind_no_booking(calm: Network, me: Me) -> None:
    day, canteen_id = datetime.now(ZONE).date() + timedelta(days=2), calm.canteen_id("yinzhou")
    loser, created = somebody(calm), int(time.time()) - 200
    good = no_stranger(calm)

    def book(http: httpx.AsyncClient, n: int) -> Awaitable[httpx.Response]:
        wanted = {"booking_id": str(uuid4()), "canteen_id": canteen_id, "business_date": str(day), "meal": "lunch"}
        body = wire.encode(wanted)
        fields = sign_for_holder(calm.url, me.phone, "POST", "/me/bookings", body, created + n)
        return http.post("/me/bookings", content=body, headers=fields | good | {"content-type": "application/json"})

    number = loser.get("/me")["credential_id"]
    # One diner's bookings wait for each other at his account: one comes as far as the table, the others have turns.
    async with rush(calm, "meal_booking", book, 200, reach=1) as bookings:
        await asyncio.to_thread(loser.ask, "POST", f"/me/credentials/{number}/loss", {"reason": "遗失"})
        assert not all(booking.done() for booking in bookings)
    assert loser.refused("GET", "/me") == "credential-blocked"
