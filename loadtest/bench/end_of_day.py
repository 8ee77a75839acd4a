"""The end of the day at scale: the running centre closes, nets, publishes and proves days of millions of payments."""

import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg

from demo.network import DemoNetwork
from loadtest.bench import generated_regions, machine
from loadtest.bench.generated_regions import BOOKS
from loadtest.generator import LoadFailed

ROWS = (200_000, 1_000_000, 2_000_000, 5_000_000)
MEASURED_ROWS = 2_000_000
WRITERS, WRITERS_HOLD_S, FLIPS = 16, 0.010, 50
LONGEST_S = 1_800.0
LOOK_AGAIN_S = 0.2
PUBLISHED = ("published", "settled")
"""States of a cycle whose statements are there; one in which nobody owes anything is settled with that."""
KITCHENS = ("forecast now", "evaluate")
"""Commands of the job runner that do not belong to the end of the day."""

GROUP_BY = (
    "SELECT issuer_id, acquirer_id, canteen_id, meal, channel, count(*), sum(amount_fen) FROM transfer"
    " WHERE book = ANY (%(books)s) AND business_date = %(day)s"
    " GROUP BY issuer_id, acquirer_id, canteen_id, meal, channel"
)


class EndOfDay:
    """Measures with generated regions in the running centre's ledger; ``note`` records a figure."""

    def __init__(self, url: str, network: DemoNetwork, pid: int, note: Callable[[str, float, int], None]) -> None:
        self.db = psycopg.connect(url, autocommit=True)
        self.url = url
        self.network = network
        self.centre = network.centre
        self.pid = pid
        self.note = note
        self.names: dict[str, Any] = generated_regions.names(self._open_day())

    def _open_day(self) -> date:
        return date.fromisoformat(max(book["business_date"] for book in self.centre.call("GET", "/clearing/open-days")))

    def run(self, results: dict[str, Any], sizes: tuple[int, ...] = ROWS) -> None:
        """Close a day of each size."""
        self.db.execute("SET synchronous_commit = off")
        generated_regions.build(self.db, self.names)
        self.note("close_stall_ms", 1000 * self._stall_s(), 1)
        rows = []
        for size in sizes:
            day = self.names["day"] = self._open_day()
            generated_regions.pay(self.db, self.names, size)
            self.db.execute("VACUUM (ANALYZE) transfer")
            rows.append({"payments": size, **self._close(day)})
            results["days"] = rows
            if size == MEASURED_ROWS:
                self.note("close_vs_groupby", rows[-1]["close_s"] / rows[-1]["group_by_s"], 2)
                self.note("statements_s", rows[-1]["publish_s"], 1)
                self.note("statements_rss_mb", rows[-1]["rss_mb"], 0)
        if len(rows) > 1:
            first, last = rows[0], rows[-1]
            growth = (last["close_s"] + last["publish_s"]) / (first["close_s"] + first["publish_s"])
            self.note("end_of_day_growth", growth / (last["payments"] / first["payments"]), 2)

    def _close(self, day: date) -> dict[str, float]:
        grouped_s = min(self._group_by_s() for _ in range(3))
        jobs = next(p.pid for p in machine.family(self.pid) if p.command.rstrip().endswith("onecard jobs"))
        peak_mb = 0.0
        self.network.with_approval("/clearing/cycles", {"business_date": day.isoformat(), "reason": "bench"})
        give_up_at = time.monotonic() + LONGEST_S
        while True:
            peak_mb = max(
                peak_mb, sum(p.rss_mb for p in machine.family(jobs) if not p.command.rstrip().endswith(KITCHENS))
            )
            [cycle] = self.centre.call("GET", "/clearing/cycles?limit=1&sort=-number")["items"]
            if cycle["state"] in PUBLISHED:
                break
            if time.monotonic() > give_up_at:
                raise LoadFailed(f"the cycle of {day} is still {cycle['state']}")
            time.sleep(0.2)
        query = (
            "SELECT extract(epoch FROM netted_at - closing_at)::float, extract(epoch FROM published_at - netted_at)"
            "::float, (SELECT count(*) FROM obligation WHERE cycle_date = business_date),"
            " (SELECT sum(position_fen) FROM position WHERE cycle_date = business_date)"
            " FROM cycle WHERE business_date = %s"
        )
        found = self.db.execute(query.encode(), (day,)).fetchone()
        assert found is not None
        close_s, publish_s, obligations, total = found
        if total != 0:
            raise LoadFailed(f"the positions of {day} sum to {total}")
        return {
            "group_by_s": round(grouped_s, 3), "close_s": round(close_s, 3), "publish_s": round(publish_s, 1),
            "rss_mb": round(peak_mb), "obligations": obligations,
        }  # fmt: skip

    def _group_by_s(self) -> float:
        started = time.perf_counter()
        self.db.execute(GROUP_BY.encode(), self.names).fetchall()
        return time.perf_counter() - started

    def _stall_s(self) -> float:
        """The longest that a writer or the closer waits for the other, beyond what the writers hold anyway."""
        book, running, waited = BOOKS[0], True, [0.0]
        ready = threading.Barrier(WRITERS + 1)

        def write() -> None:
            with psycopg.connect(self.url) as db:
                db.execute("SELECT pass_day_gate(%s)", (book,))
                db.commit()
                ready.wait()
                while running:
                    started = time.perf_counter()
                    db.execute("SELECT pass_day_gate(%s)", (book,))
                    waited.append(time.perf_counter() - started)
                    time.sleep(WRITERS_HOLD_S)
                    db.commit()

        writers = [threading.Thread(target=write) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        ready.wait()
        with psycopg.connect(self.url) as db:
            for _ in range(FLIPS):
                time.sleep(0.05)
                started = time.perf_counter()
                db.execute("SELECT move_business_day(%s, business_date) FROM book_day WHERE book = %s", (book, book))
                waited.append(time.perf_counter() - started)
                # Rolled back: only the wait for the gate is measured.
                db.rollback()
        running = False
        for writer in writers:
            writer.join()
        return max(waited)


def closes_under_load(
    network: DemoNetwork, url: str, charge: Callable[[], int], *, closes: int = 50
) -> tuple[int, int, float]:
    """Close day after day while ``charge`` runs; returns payments acknowledged, cleared, and the longest close in s.

    Raises LoadFailed when the positions of a cycle do not sum to zero.
    """
    acknowledged: list[int] = []
    _close_open_day(network)
    before = _cleared(url)
    load = threading.Thread(target=lambda: acknowledged.append(charge()))
    load.start()
    longest_s = 0.0
    for _ in range(closes):
        started = time.monotonic()
        _close_open_day(network)
        longest_s = max(longest_s, time.monotonic() - started)
    load.join()
    _close_open_day(network)
    return acknowledged[0], _cleared(url) - before, longest_s


def _close_open_day(network: DemoNetwork) -> None:
    centre = network.centre
    day = max(book["business_date"] for book in centre.call("GET", "/clearing/open-days"))
    cycle = network.with_approval("/clearing/cycles", {"business_date": day, "reason": "bench"})
    give_up_at = time.monotonic() + LONGEST_S
    while cycle["state"] not in PUBLISHED and time.monotonic() < give_up_at:
        time.sleep(LOOK_AGAIN_S)
        cycle = centre.call("GET", f"/clearing/cycles/{day}")
    if cycle["state"] not in PUBLISHED or sum(p["position_fen"] for p in cycle["positions"]) != 0:
        raise LoadFailed(f"the cycle of {day} is {cycle['state']}")


def _cleared(url: str) -> int:
    with psycopg.connect(url) as db:
        found = db.execute("SELECT coalesce(sum(payments), 0)::bigint FROM obligation").fetchone()
        assert found is not None
        return int(found[0])
