"""Lists over a million officials, cards and payments: the first page, and the thousandth."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import psycopg

from demo.console import ConsoleClient
from loadtest.bench import generated_regions

ROWS = 1_000_000
PAGES, ROUNDS = 1_000, 40
ORDERS = {
    "/registry/officials": (None,),
    "/registry/credentials": (None, "issued_at", "-issued_at"),
    "/console/audit-entries": (None, "-number"),
    "/settlement/payments": (None, "-number"),
    f"/settlement/payments?issuer_id={generated_regions.NUMBERS + 7}": (None, "-number"),
    "/settlement/movements": (None, "-number"),
    f"/settlement/movements?holder_id={generated_regions.NUMBERS + 1_007_007}": (None,),
}
"""The lists that grow, and their orders."""

OFFICIALS = """
INSERT INTO official (book, holder_id, agency_id, cash_account, subsidy_account, state, name_sealed, staff_index)
SELECT a.book, %(first)s + 10000000 + n, a.agency_id, %(first)s + 20000000 + n, %(first)s + 30000000 + n, 'active', '',
       int8send(10000000 + n)
FROM generate_series(1, %(rows)s) n
JOIN (SELECT row_number() OVER () AS place, book, agency_id FROM agency WHERE book = ANY (%(books)s)) a
  ON a.place = 1 + n %% %(agencies)s;
INSERT INTO credential (book, credential_id, holder_id, kind, state, card_uid, issued_at)
SELECT book, holder_id + 30000000, holder_id, 'card', 'active', int8send(holder_id),
       now() - (holder_id %% 31536000) * interval '1 second'
FROM official WHERE holder_id > %(first)s + 10000000;
"""


class Lists:
    """What a person of the centre waits for; ``note`` keeps a figure."""

    def __init__(self, url: str, approver: ConsoleClient, note: Callable[[str, float, int], None]) -> None:
        self.db = psycopg.connect(url, autocommit=True)
        self.approver = approver
        self.note = note

    def run(self, results: dict[str, Any]) -> None:
        """Write the rows, then ask each list in each order for its first and its thousandth page many times."""
        found = self.db.execute("SELECT min(business_date) FROM book_day").fetchone()
        assert found is not None
        known = generated_regions.names(found[0])
        self.db.execute("SET synchronous_commit = off")
        generated_regions.build(self.db, known)
        generated_regions.run(self.db, OFFICIALS, {**known, "rows": ROWS})
        generated_regions.pay(self.db, known, ROWS)
        self.db.execute("VACUUM (ANALYZE) official, credential, purse, transfer")
        times: dict[str, list[float]] = {}
        for path, orders in ORDERS.items():
            for order in orders:
                times |= self._ask(path, order)
        results["list_p95_ms_by_list"] = {name: round(_p95(found), 1) for name, found in times.items()}
        self.note("list_p95_ms", max(_p95(found) for found in times.values()), 1)

    def _ask(self, path: str, order: str | None) -> dict[str, list[float]]:
        address = f"{path}{'&' if '?' in path else '?'}limit=50" + (f"&sort={order}" if order else "")
        name, place, pages = f"{path} {order or 'number'}", "", 1
        times = {f"{name} first": [self._look(address)[1] for _ in range(ROUNDS)]}
        while pages < PAGES:
            following = self._look(address + place)[0]
            if following is None:
                break
            place, pages = f"&after={following}", pages + 1
        times[f"{name} page {pages}"] = [self._look(address + place)[1] for _ in range(ROUNDS)]
        return times

    def _look(self, address: str) -> tuple[str | None, float]:
        began = time.perf_counter()
        shown = self.approver.call("GET", address)
        return shown["next"], 1000 * (time.perf_counter() - began)


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
