"""More payments than the centre can take: the excess is told to come back, nothing of it posts, nobody waits for it."""

import asyncio
import socket
import time
from pathlib import Path

import asyncpg
import psycopg

from demo.network import DemoNetwork
from loadtest.generator import generate, prepare
from tests.running_system import System


def test_the_excess_is_told_to_come_back(own: System, tmp_path: Path) -> None:
    own.environment |= {"ONECARD_CHARGE_QUEUE_MAX": "8", "ONECARD_CHARGE_BATCH_MAX": "4"}
    own.start()
    network = DemoNetwork(own.url)
    diners = network.register("yinzhou", 1_000)
    network.issue_cards(diners)
    network.deposit("top-ups", diners, 10_000)
    till = network.enrol_terminal(network.canteens("yinzhou")[0], tmp_path / "till")
    requests = iter([prepare("/terminal/charges", *till.prepare_charge(d.card, "lunch")) for d in diners if d.card])
    address = ("127.0.0.1", int(own.url.rsplit(":", 1)[1]))

    measured = generate(address, [requests] * 200, seconds=60)

    assert set(measured.marks) == {"approved", "503"}, measured.marks
    assert sum(measured.marks.values()) == 1_000
    told = measured.samples["503"]
    assert b"\r\nretry-after: 1\r\n" in told
    assert b"/problems/busy" in told
    assert asyncio.run(_posted(own)) == measured.marks["approved"]
    assert till.charge_card(diners[0].card, "dinner").outcome == "approved", "at once, when the rush is over"  # type: ignore[arg-type]


def test_what_waits_for_a_client_that_has_gone_is_dropped(own: System, tmp_path: Path) -> None:
    """After a rush the queue is full of such charges; they must not take the time of those who come now."""
    own.environment |= {"ONECARD_CHARGE_BATCH_MAX": "4"}
    own.start()
    network = DemoNetwork(own.url)
    diners = network.register("yinzhou", 101)
    network.issue_cards(diners)
    network.deposit("top-ups", diners, 10_000)
    till = network.enrol_terminal(network.canteens("yinzhou")[0], tmp_path / "till")
    *of_the_rush, calm = [diner.card for diner in diners if diner.card]
    requests = [prepare("/terminal/charges", *till.prepare_charge(card, "lunch")) for card in of_the_rush]
    address = ("127.0.0.1", int(own.url.rsplit(":", 1)[1]))
    with psycopg.connect(own.services.settings.needed_database_url) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(7301, book) FROM book_day")
        rush = [socket.create_connection(address) for _ in requests]
        for connection, request in zip(rush, requests, strict=True):
            connection.sendall(request)
        time.sleep(1)
        for connection in rush:
            connection.close()
        time.sleep(1)
        holder.rollback()
    assert till.charge_card(calm, "lunch").outcome == "approved"
    sent_already = 2 * 4
    assert asyncio.run(_posted(own)) <= sent_already + 1
    measured = generate(address, [iter(requests)] * 20, seconds=60)
    assert measured.marks == {"approved": 100}, "each under its own number, as a till repeats it"
    assert asyncio.run(_posted(own)) == 101


async def _posted(system: System) -> int:
    connection = await asyncpg.connect(system.services.settings.needed_database_url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM transfer WHERE kind = 'payment'"))
    finally:
        await connection.close()
