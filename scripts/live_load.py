"""What the console's live page costs a browser when 2,000 canteens sell and it is told ten times a second.

Usage: .venv/bin/python -m scripts.live_load   (needs Debian's chromium and the built pages)

Canteens, forecasts and events are made here and given to the page as the centre would send them; the page is the real
one. Told are the processor times of all processes of the browser, in percent of one core.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, sync_playwright

from tests.builders import Network
from tests.console_page import sign_in
from tests.running_system import System

CANTEENS, EVENTS_A_SECOND = 2_000, 10
SETTLING_S, WATCHED_S = 15, 40

_EVENTS = """
((canteens, everyMs) => {
  const messages = Array.from({ length: 40 }, (_, n) => JSON.stringify(Array.from({ length: canteens }, (_, id) => ({
    canteen_id: id + 1, payments: 300 + n + id % 7, amount_fen: null, card: 200 + n, qr: 60 + id % 7, sheet: 40,
    business_date: "2026-11-28" }))));
  window.EventSource = class {
    constructor() {
      let n = 0;
      this.timer = setInterval(() => this.onmessage?.({ data: messages[n++ % messages.length] }), everyMs);
    }
    close() { clearInterval(this.timer); }
  };
})(CANTEENS, EVERY_MS);
""".replace("CANTEENS", str(CANTEENS)).replace("EVERY_MS", str(1000 // EVENTS_A_SECOND))


def live_load() -> float:
    """Percent of one core."""
    with tempfile.TemporaryDirectory(prefix="onecard-live-load-") as name:
        system = System(Path(name))
        try:
            system.start()
            network = Network(system)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
                page.add_init_script(_EVENTS)
                page.route("**/registry/directory", _many_canteens)
                page.route("**/waste/charts/live*", _many_forecasts)
                page.goto(f"{network.url}/console/#/today")
                sign_in(page, "centre")
                page.goto(f"{network.url}/console/#/today")
                page.locator("canvas").first.wait_for()
                page.wait_for_timeout(SETTLING_S * 1000)
                load = _load(page)
                browser.close()
                return load
        finally:
            system.clear_away()


def _load(page: Page) -> float:
    before, began = _browser_s(), time.monotonic()
    page.wait_for_timeout(WATCHED_S * 1000)
    return 100 * (_browser_s() - before) / (time.monotonic() - began)


def _browser_s() -> float:
    """Processor time of this process's browser, in seconds."""
    ticks = 0
    for process in _below(os.getpid()):
        parts = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
        if "chrom" in Path(f"/proc/{process}/comm").read_text():
            ticks += int(parts[11]) + int(parts[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _below(process: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_below(int(child))]
    return found


def _many_canteens(route: Route) -> None:
    answer = route.fetch()
    document: Any = answer.json()
    [agency, *_] = document["agencies"]
    [canteen, *_] = agency["canteens"]
    agency["canteens"] = [
        canteen | {"canteen_id": number, "name_zh": f"第{number}食堂", "name_en": f"Canteen {number}"}
        for number in range(1, CANTEENS + 1)
    ]
    route.fulfill(response=answer, body=json.dumps(document | {"agencies": [agency]}))


def _many_forecasts(route: Route) -> None:
    answer = route.fetch()
    shown: Any = answer.json()
    rows = [_forecast(shown["columns"], number) for number in range(1, CANTEENS + 1)]
    route.fulfill(response=answer, body=json.dumps(shown | {"rows": rows}))


def _forecast(columns: list[str], number: int) -> list[Any]:
    expected = 100 + number % 800
    row: dict[str, Any] = {"canteen_id": number, "canteen": f"第{number}食堂", "meal": "lunch", "expected": expected}
    row |= {"covers": expected * (60 + number % 60) // 100, "cook_for": expected, "business_date": "2026-11-28"}
    return [row.get(column) for column in columns]


if __name__ == "__main__":
    print(f"{CANTEENS} canteens, {EVENTS_A_SECOND} events a second: {live_load():.1f} % of one core")
