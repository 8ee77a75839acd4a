"""How long until a code stands on the phone's screen: warm without network, and cold on slow 4G, on a slow processor.

Usage: .venv/bin/python -m scripts.page_times   (needs Debian's chromium; five loads each, the middle one is told)
"""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from scripts.pictures import open_phone
from tests.builders import Network
from tests.running_system import System
from tests.waiting import wait_until

TRIES = 5
SLOW_PROCESSOR = 6
"""Times slower than this machine's."""
SLOW_4G = {"latency": 562.5, "downloadThroughput": 180_000, "uploadThroughput": 84_375}
"""Milliseconds of a round trip, bytes a second: as browsers' tools define it."""

_WATCH = """
addEventListener("DOMContentLoaded", () => new MutationObserver((_, watching) => {
  if (!document.querySelector(".code svg path")) return;
  watching.disconnect();
  requestAnimationFrame(() => { window.shownAt = performance.now(); });
}).observe(document, { childList: true, subtree: true }));
"""


def page_times() -> dict[str, float]:
    """Seconds from the navigation to the code's picture."""
    with tempfile.TemporaryDirectory(prefix="onecard-page-times-") as name:
        system = System(Path(name))
        try:
            system.start()
            network = Network(system)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
                page = browser.new_page()
                open_phone(page, network)
                page.wait_for_function("navigator.serviceWorker.ready.then((found) => !!found.active)")
                page.add_init_script(_WATCH)
                devtools = page.context.new_cdp_session(page)
                devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_PROCESSOR})
                times = {
                    "warm, no network": _middle(page, lambda: page.context.set_offline(True)),
                    "cold, slow 4G": _middle(page, lambda: _cold(page, devtools)),
                }
                browser.close()
                return times
        finally:
            system.clear_away()


def _middle(page: Page, prepare: Callable[[], None]) -> float:
    times = []
    for _ in range(TRIES):
        prepare()
        page.reload()
        wait_until(lambda: page.evaluate("window.shownAt !== undefined"))
        times.append(float(page.evaluate("window.shownAt")) / 1000)
    return statistics.median(times)


def _cold(page: Page, devtools: CDPSession) -> None:
    """Nothing of the application is on the phone; its key and certificate are."""
    page.context.set_offline(False)
    page.evaluate("""async () => {
        for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
        for (const name of await caches.keys()) await caches.delete(name);
    }""")
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    devtools.send("Network.emulateNetworkConditions", {"offline": False, **SLOW_4G})


if __name__ == "__main__":
    for state, seconds in page_times().items():
        print(f"{state}: {seconds:.2f} s (processor {SLOW_PROCESSOR} times slower)")
