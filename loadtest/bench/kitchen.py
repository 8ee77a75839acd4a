"""Dashboards over three years of weighings of a thousand canteens: about ten million rows."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import psycopg

from demo.console import ConsoleClient
from loadtest.bench import generated_regions
from loadtest.generator import LoadFailed

DAYS = 3 * 365
SLICE_DAYS = 73
LIVE_PAYMENTS = 100_000
ROUNDS, VIEWERS = 30, 2
LONGEST_S = 600.0

COVERS = """
INSERT INTO cover_day (book, canteen_id, business_date, meal, covers, guests)
SELECT c.book, c.canteen_id, d::date, m, 50 + (c.canteen_id + extract(doy FROM d)::integer) %% 300, 0
FROM canteen c, generate_series(%(begin)s::date, %(end)s::date, interval '1 day') d,
     unnest(ARRAY['breakfast', 'lunch', 'dinner']) m
WHERE c.book = ANY (%(books)s);
"""

WEIGH_INS = """
INSERT INTO weigh_in (book, weigh_in_id, canteen_id, business_date, meal, stream, weight_g, source, implausible,
                      recorded_by, recorded_at)
SELECT c.book, uuidv7(), c.canteen_id, c.business_date, c.meal, s, (c.covers * (15 + 20 * random()))::integer + 1,
       'scale', false, 'scale 1', now()
FROM cover_day c, unnest(ARRAY['preparation', 'unserved', 'plate']) s
WHERE c.book = ANY (%(books)s) AND c.business_date BETWEEN %(begin)s AND %(end)s;
"""

SUMS = """
INSERT INTO waste_meal (book, canteen_id, business_date, meal, preparation_g, unserved_g, plate_g, co2e_g, implausible)
SELECT book, canteen_id, business_date, meal, sum(weight_g) FILTER (WHERE stream = 'preparation'),
       sum(weight_g) FILTER (WHERE stream = 'unserved'), sum(weight_g) FILTER (WHERE stream = 'plate'),
       3 * sum(weight_g), 0
FROM weigh_in WHERE book = ANY (%(books)s) GROUP BY book, canteen_id, business_date, meal;
INSERT INTO kitchen_month (book, canteen_id, month, meal, covers, meals, weighed_meals, weighed_covers, waste_g,
                           preparation_g, unserved_g, plate_g, inedible_g, prepared_g, prepared_waste_g, co2e_g,
                           implausible)
SELECT m.book, m.canteen_id, date_trunc('month', m.business_date)::date, m.meal, sum(d.covers), count(*), count(*),
       sum(d.covers), sum(m.preparation_g + m.unserved_g + m.plate_g), sum(m.preparation_g), sum(m.unserved_g),
       sum(m.plate_g), 0, 0, 0, sum(m.co2e_g), 0
FROM waste_meal m JOIN cover_day d USING (book, canteen_id, business_date, meal)
WHERE m.book = ANY (%(books)s) GROUP BY 1, 2, 3, 4;
INSERT INTO cover_forecast (book, canteen_id, business_date, meal, covers, cook_for, made_at)
SELECT book, canteen_id, business_date + 7, meal, covers, covers + 20, now() FROM cover_day
WHERE book = ANY (%(books)s) AND business_date > %(day)s::date - 40;
INSERT INTO rectification_case (book, case_id, canteen_id, quarter, kind, what, responsible, state, level, opened_on,
                                due_on, deadline)
SELECT book, canteen_id + 500000, canteen_id, date_trunc('quarter', %(day)s::date)::date, 'finding', '剩菜未称重',
       '食堂主任', 'open', 0, %(day)s::date - 30, %(day)s::date + (canteen_id %% 20)::integer,
       %(day)s::date + (canteen_id %% 20)::integer
FROM canteen WHERE book = ANY (%(books)s) AND canteen_id %% 2 = 0;
"""


class Kitchen:
    """The dashboards of a supervisor who sees every canteen; ``note`` keeps a figure."""

    def __init__(self, url: str, supervisor: ConsoleClient, note: Callable[[str, float, int], None]) -> None:
        self.db = psycopg.connect(url, autocommit=True)
        self.supervisor = supervisor
        self.note = note
        found = self.db.execute("SELECT min(business_date) FROM book_day").fetchone()
        assert found is not None
        self.day: date = found[0]

    def run(self, results: dict[str, Any]) -> None:
        """Write three years, evaluate a quarter, look at every chart many times."""
        rows = self._write()
        results["weigh_ins"] = rows
        began = time.monotonic()
        self._evaluate()
        self.note("evaluate_quarter_s", time.monotonic() - began, 1)
        times = {chart["chart"]: self._look(chart["chart"]) for chart in self.supervisor.call("GET", "/waste/charts")}
        results["waste_dashboard_p95_ms_by_chart"] = {name: round(_p95(found), 1) for name, found in times.items()}
        self.note("waste_dashboard_p95_ms", _p95([ms for found in times.values() for ms in found]), 1)

    def _write(self) -> int:
        known = generated_regions.names(self.day)
        self.db.execute("SET synchronous_commit = off")
        generated_regions.build(self.db, known)
        begin = self.day - timedelta(days=DAYS)
        while begin < self.day:
            end = min(begin + timedelta(days=SLICE_DAYS), self.day) - timedelta(days=1)
            generated_regions.run(self.db, COVERS + WEIGH_INS, {**known, "begin": begin, "end": end})
            begin = end + timedelta(days=1)
        generated_regions.run(self.db, SUMS, known)
        generated_regions.pay(self.db, known, LIVE_PAYMENTS)
        self.db.execute("VACUUM (ANALYZE)")
        found = self.db.execute(
            "SELECT (SELECT count(*) FROM weigh_in), (SELECT sum(weight_g) FROM weigh_in WHERE book = ANY (%(books)s)),"
            " (SELECT sum(waste_g) FROM kitchen_month WHERE book = ANY (%(books)s))",
            known,
        ).fetchone()
        assert found is not None
        rows, weighed_g, summed_g = found
        if weighed_g != summed_g:
            raise LoadFailed(f"{weighed_g} g were weighed, {summed_g} g are in the sums")
        return int(rows)

    def _evaluate(self) -> None:
        quarter = date(self.day.year, (self.day.month - 1) // 3 * 3 + 1, 1)
        give_up_at = time.monotonic() + LONGEST_S
        shown = self.supervisor.call("POST", f"/waste/evaluations/{quarter}")
        while (
            not shown["evaluated"]
            or len(shown["evaluations"]) < generated_regions.AGENCIES * generated_regions.CANTEENS_EACH
        ):
            if time.monotonic() > give_up_at:
                raise LoadFailed(f"the quarter from {quarter} is still not evaluated")
            time.sleep(0.5)
            shown = self.supervisor.call("GET", f"/waste/evaluations/{quarter}")

    def _look(self, chart: str) -> list[float]:
        def look(_: int) -> float:
            began = time.perf_counter()
            self.supervisor.call("GET", f"/waste/charts/{chart}")
            return 1000 * (time.perf_counter() - began)

        with ThreadPoolExecutor(VIEWERS) as viewers:
            return list(viewers.map(look, range(ROUNDS)))


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
