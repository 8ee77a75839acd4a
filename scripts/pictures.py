"""Take every picture of docs/images: start a system, play a small day, photograph its pages.

Usage: .venv/bin/python -m scripts.pictures [FOLDER]   (`make pictures`; needs Debian's chromium)
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.builders import Network
from tests.running_system import System
from tests.till_page import code_of, enrol, new_cashier, sign_on, wedge

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def live(page: Page, network: Network, _: Path) -> None:
    """Today's payments as they come in."""
    page.set_viewport_size({"width": 960, "height": 620})
    page.goto(network.url)
    page.locator("tbody tr").nth(3).wait_for()
    page.wait_for_timeout(1_000)


def receipt(page: Page, network: Network, folder: Path) -> None:
    """The receipt of a lunch paid from both purses."""
    official = network.official(cash_fen=5_000, subsidy_fen=600)
    answer = network.terminal(folder).charge_card(network.card(official), "lunch")
    assert answer.receipt is not None, answer
    page.set_viewport_size({"width": 520, "height": 980})
    page.goto(f"{network.url}/r/{answer.receipt.number}")


def open_till(page: Page, network: Network) -> None:
    """A till in Chinese with a cashier and a few payments of this shift."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.add_init_script("localStorage.setItem('language', 'zh')")
    enrol(page, network)
    sign_on(page, new_cashier(network))
    for agency, cash_fen in (("yinzhou", 10_000), ("yuyao", 10_000), ("yinzhou", 100)):
        wedge(page, code_of(network, network.official(agency, cash_fen=cash_fen)))
        page.locator(".result.good, .result.refused").wait_for()


def till_refused(page: Page, network: Network, _: Path) -> None:
    """A refusal fills the screen, with what to do next."""
    open_till(page, network)


def till_ready(page: Page, network: Network, _: Path) -> None:
    """The till between two diners: meals and prices, the last payments."""
    open_till(page, network)
    page.keyboard.press("Escape")
    page.locator(".result.ready").wait_for()


def till_shift(page: Page, network: Network, folder: Path) -> None:
    """What a shift took, compared with the centre."""
    till_ready(page, network, folder)
    page.keyboard.press("F10")
    page.get_by_role("button", name="与中心核对").click()
    page.get_by_text("与中心逐笔一致。").wait_for()


PICTURES: dict[str, Callable[[Page, Network, Path], None]] = {
    "live.png": live,
    "receipt.png": receipt,
    "till-ready.png": till_ready,
    "till-refused.png": till_refused,
    "till-shift.png": till_shift,
}
"""Every picture by its file in docs/images."""


def take_pictures(target: Path) -> None:
    """All of them, into a folder."""
    with tempfile.TemporaryDirectory(prefix="onecard-pictures-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        system = System(folder / "data")
        try:
            system.start()
            system.command("demo", "--payments", "400", "--terminals", "12", "--keep-open", "--folder", str(folder))
            network = Network(system)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
                )
                for file, show in PICTURES.items():
                    page = browser.new_page()
                    show(page, network, folder)
                    page.screenshot(path=target / file)
                    page.close()
                browser.close()
        finally:
            system.clear_away()


if __name__ == "__main__":
    take_pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
