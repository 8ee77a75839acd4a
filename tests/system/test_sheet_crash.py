"""Two taps for every payment by a sheet, repeats, and kill -9 of workers between: exactly one posting each."""

import json
import os
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
from msgspec import json as wire

from terminals.client_messages import OutcomeUnknown, Pauses
from terminals.phone import ask_for_holder
from terminals.sheet_phone import EPOCH, SheetPhone
from tests.builders import Network
from tests.running_system import System
from tests.system.test_processes import children_of

PHONES, PAYMENTS_EACH, KILLED = 25, 40, 12
ALL_DAY = [{"meal": "lunch", "weekdays": [1, 2, 3, 4, 5, 6, 7], "starts": "00:00", "ends": "23:59:59"}]


def test_a_thousand_double_taps_and_repeats_with_workers_killed_post_once_each(own: System) -> None:
    # Given phones with money at a canteen with a sheet, where nobody counts meals
    own.start()
    network = Network(own)
    canteen_id = network.canteen_id("yinzhou")
    network.centre.call("PUT", f"/registry/canteens/{canteen_id}/meals", {"meals": ALL_DAY})
    network.centre.call("POST", "/settlement/rules/3302", {"meals_max": None, "day_max_fen": None})
    code = network.centre.call("POST", "/terminals/sheets", {"canteen_id": canteen_id})["code"]
    phones = [a_phone(network, own.folder / f"phone-{n}") for n in range(PHONES)]

    # When each payment is tapped twice at once and sent again, while workers are killed
    paid, done = Counted(), threading.Event()
    killer = threading.Thread(target=kill_workers, args=(own, paid, done))
    killer.start()
    with ThreadPoolExecutor(PHONES) as people:
        resent = sum(people.map(lambda phone: pay_often(phone, code, paid), phones))
    done.set()
    killer.join(120)

    # Then every number has exactly one posting, and both checks agree with the phones
    history = own.folder / "history.jsonl"
    lines = [line for phone in phones for line in phone.journal.history(credential_of(own, phone))]
    history.write_text("\n".join(map(json.dumps, lines)))
    with psycopg.connect(own.database_url) as db:
        rows = db.execute(
            "SELECT terminal_id, sequence, count(DISTINCT posting_id) FROM transfer WHERE channel = 'sheet'"
            " GROUP BY terminal_id, sequence"
        ).fetchall()
    assert len(rows) == PHONES * PAYMENTS_EACH == 1_000
    assert {count for _, _, count in rows} == {1}
    compared = json.loads(own.command("check-history", str(history), "--json").stdout)
    assert compared["holds"], compared
    assert compared["operations"].pop("ok") == 1_000
    assert compared["operations"].keys() <= {"refused"}, "what came too late, and was begun anew"
    verified = json.loads(own.command("verify", "--json").stdout)
    assert [line for line in verified if not line["holds"]] == []
    assert resent > 0, "no kill hit a payment in flight"


class Counted:
    """Payments that are known, by all phones."""

    def __init__(self) -> None:
        self.payments = 0
        self._lock = threading.Lock()

    def one_more(self) -> None:
        with self._lock:
            self.payments += 1


def a_phone(network: Network, journal: Path) -> SheetPhone:
    official = network.official(cash_fen=90_000)
    return SheetPhone(network.url, network.phone(official), journal)


def credential_of(system: System, phone: SheetPhone) -> int:
    return int(ask_for_holder(system.url, phone.phone, "GET", "/me/credentials")[0]["credential_id"])


def kill_workers(system: System, paid: Counted, done: threading.Event) -> None:
    """Kill a worker after every eightieth payment."""
    chosen = random.Random(7)
    assert system.process is not None
    for kill in range(1, KILLED + 1):
        while paid.payments < 80 * kill and not done.is_set():
            done.wait(0.02)
        if done.is_set():
            return
        workers = [pid for pid, command in children_of(system.process.pid).items() if "spawn_main" in command]
        if workers:
            os.kill(chosen.choice(sorted(workers)), signal.SIGKILL)


def pay_often(phone: SheetPhone, code: str, paid: Counted) -> int:
    """Pay so many times; how often something had to be sent again because no answer came."""
    resent, left = 0, PAYMENTS_EACH
    while left:
        asked, failures = until_known(lambda: phone.ask(code))
        number = phone.begin(code, asked)
        # Two taps that leave the phone at once, each over a connection of its own.
        with ThreadPoolExecutor(2) as taps:
            answers = [tap.result() for tap in [taps.submit(tapped, phone, number) for _ in range(2)]]
        last, more = until_known(lambda sequence=number: phone.send(sequence))
        assert all(answer == last for answer in answers if answer is not None)
        resent += failures + more + answers.count(None)
        assert last["outcome"] == "approved" or last["reason"] == "too_late", last
        if last["outcome"] == "approved":
            left -= 1
            paid.one_more()
    return resent


def tapped(phone: SheetPhone, number: int) -> Any:
    [entry] = [one for one in phone.journal.entries() if (one.epoch, one.sequence) == (EPOCH, number)]
    try:
        return ask_for_holder(phone.url, phone.phone, "POST", "/phone/payments", wire.decode(entry.body))
    except OutcomeUnknown:
        return None


def until_known(ask: Any) -> tuple[Any, int]:
    """Ask until there is an answer, with growing pauses; how often there was none."""
    pauses, failures = Pauses(), 0
    while True:
        try:
            return ask(), failures
        except OutcomeUnknown as unknown:
            failures += 1
            assert failures < 100
            pauses.failed(unknown.retry_after_s)
            pauses.wait()
