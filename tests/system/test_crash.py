"""kill -9 of the server and of PostgreSQL in the middle of a lunch: nothing is lost, nothing doubled."""

import json
import threading
import time

from rich.progress import Progress

from demo.day import Day
from foundation.catalogue import Language
from tests.running_system import System

CRASHES = 10


def test_ten_crashes_at_lunch_lose_nothing_and_double_nothing(own: System) -> None:
    own.start()
    # Given terminals with queues of diners
    day = Day(own.url, own.folder / "demo", Progress(disable=True), seed=7, language=Language.ENGLISH)
    diners = day.register_diners(600)
    day.enrol_terminals(12)
    plan = [p for _ in range(12) for p in day.plan(diners, day.empty_handed(), 600)]

    # When server and PostgreSQL are killed in turn while they serve
    stop = threading.Event()
    serving = threading.Thread(target=day.serve, args=(plan, stop))
    serving.start()
    for crash in range(CRASHES):
        _wait_for_payments(day, 40)
        assert serving.is_alive(), "the queues were too short for the crashes"
        if crash % 2:
            own.kill_postgres()
        else:
            own.kill_server()
            own.start()
    _wait_for_payments(day, 40)
    stop.set()
    serving.join(240)
    assert not serving.is_alive()

    # Then every terminal knows the outcome of all it sent, and both checks agree with it
    acks = day.write_history()
    verify = json.loads(own.command("verify", "--json").stdout)
    history = json.loads(own.command("check-history", str(acks), "--json").stdout)
    day.close()
    assert own.stop() == 0
    assert [line for line in verify if not line["holds"]] == []
    assert history["holds"], history
    assert (history["lost"], history["doubled"], history["invented"]) == (0, 0, 0)
    assert history["operations"].get("unknown", 0) == 0
    assert day.tally.resent > 0, "no crash hit a payment in flight"
    print(f"\n{CRASHES} crashes: {history['operations']}, {day.tally.resent} resent, {day.tally.voided} voided")


def _wait_for_payments(day: Day, count: int) -> None:
    reached = day.tally.approved + count
    give_up_at = time.monotonic() + 120
    while day.tally.approved < reached and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert day.tally.approved >= reached, "the terminals do not come back"
