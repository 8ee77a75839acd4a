"""Take every picture of docs/images: start a system, play a small day, photograph its pages.

Usage: .venv/bin/python -m scripts.pictures [FOLDER]   (`make pictures`; needs Debian's chromium)
"""

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.builders import Network
from tests.console_page import sign_in
from tests.running_system import System
from tests.till_page import code_of, enrol, new_cashier, press, sign_on, wedge
from travellers.places import NETWORK_LIFE_S

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
    # A key that acts is a person's half a second after the last scan.
    page.wait_for_timeout(600)
    press(page, "Escape")
    page.locator(".result.ready").wait_for()


def till_shift(page: Page, network: Network, folder: Path) -> None:
    """What a shift took, compared with the centre."""
    till_ready(page, network, folder)
    press(page, "F10")
    page.get_by_role("button", name="与中心核对").click()
    page.get_by_text("与中心逐笔一致。").wait_for()


def ask_whose(page: Page, network: Network) -> None:
    """A phone in Chinese that is about to become an official's."""
    page.set_viewport_size({"width": 360, "height": 740})
    page.add_init_script("localStorage.setItem('language', 'zh')")
    official = network.official(cash_fen=20_000)
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    page.goto(f"{network.url}/phone/#activate={made['activation_id']}.{made['code']}")
    page.get_by_role("button", name="激活本机").click()
    page.get_by_role("button", name="是我本人").wait_for()


def open_phone(page: Page, network: Network) -> None:
    """The same, once he has said that it is he."""
    ask_whose(page, network)
    page.get_by_role("button", name="是我本人").click()
    page.get_by_role("img", name="付款码").wait_for()


def phone_whose(page: Page, network: Network, _: Path) -> None:
    """Whose phone this becomes, to be confirmed."""
    ask_whose(page, network)


def phone_code(page: Page, network: Network, _: Path) -> None:
    """The pay code, renewed by itself."""
    open_phone(page, network)
    page.wait_for_timeout(5_000)


def phone_eat(page: Page, network: Network, _: Path) -> None:
    """Where and when the traveller may eat."""
    open_phone(page, network)
    page.get_by_role("link", name="用餐").click()
    page.locator(".rows a").first.wait_for()


def phone_proof(page: Page, network: Network, _: Path) -> None:
    """The proof after a payment by a canteen's code, with the word of the minute."""
    canteen_id = network.canteen_id("yinzhou")
    meals = [{"meal": "lunch", "weekdays": list(range(1, 8)), "starts": "00:00", "ends": "23:59:59"}]
    network.centre.call("PUT", f"/registry/canteens/{canteen_id}/meals", {"meals": meals})
    sheet = network.centre.call("POST", "/terminals/sheets", {"canteen_id": canteen_id, "name": "1号窗口"})
    open_phone(page, network)
    page.wait_for_timeout(NETWORK_LIFE_S * 1_000)
    page.goto(f"{network.url}/phone/#sheet={sheet['code']}")
    page.get_by_role("button", name="确认付款").click()
    page.locator(".proof .minute").wait_for()


def counter(page: Page, network: Network, folder: Path) -> None:
    """The display at a counter, after a payment by its code and others."""
    display = network.centre.call("POST", "/terminals/displays", {"canteen_id": network.canteen_id("yuyao")})
    page.set_viewport_size({"width": 1280, "height": 800})
    page.add_init_script("localStorage.setItem('language', 'zh')")
    page.goto(display["url"])
    page.locator(".minute b").wait_for()
    for _ in range(3):
        network.terminal(folder, "yuyao").charge_card(network.card(network.official("yuyao")), "lunch")
    page.locator("ol li").nth(1).wait_for()


def in_console(page: Page, network: Network, login: str, place: str, height: int = 900) -> None:
    """Somebody at a place of the console, in Chinese."""
    page.set_viewport_size({"width": 1280, "height": height})
    page.add_init_script("localStorage.setItem('language', 'zh')")
    page.goto(f"{network.url}/console/#{place}")
    sign_in(page, login)
    page.locator("main h1").wait_for()
    page.wait_for_timeout(2_500)


def console_home(page: Page, network: Network, _: Path) -> None:
    """What waits for the clearing centre."""
    in_console(page, network, "centre", "/", 760)


def console_today(page: Page, network: Network, _: Path) -> None:
    """A canteen manager's open day."""
    in_console(page, network, "kitchen-yinzhou", "/today", 1_100)


def console_menus(page: Page, network: Network, _: Path) -> None:
    """A canteen's week: hours, prices, dishes, and what each class pays."""
    in_console(page, network, "kitchen-yinzhou", "/menus", 1_100)


def console_waste(page: Page, network: Network, _: Path) -> None:
    """A quarter's waste for the supervisor."""
    in_console(page, network, "supervisor", "/evaluation", 1_100)


def console_change(page: Page, network: Network, _: Path) -> None:
    """A price, looked at once more before it is sent."""
    in_console(page, network, "finance-yinzhou", "/acts/set_tariff", 760)
    for label in ("食堂", "餐次"):
        page.locator("main").get_by_label(label, exact=True).click()
        page.keyboard.press("Enter")
    page.get_by_label("生效日期").fill("2099-01-01")
    page.get_by_label(re.compile("本单位价格")).fill("12.00")
    page.get_by_label(re.compile("外单位价格")).fill("20.00")
    page.get_by_role("button", name=re.compile("核对")).click()
    page.wait_for_timeout(500)


PICTURES: dict[str, Callable[[Page, Network, Path], None]] = {
    "live.png": live,
    "receipt.png": receipt,
    "till-ready.png": till_ready,
    "till-refused.png": till_refused,
    "till-shift.png": till_shift,
    "phone-whose.png": phone_whose,
    "phone-code.png": phone_code,
    "phone-eat.png": phone_eat,
    "phone-proof.png": phone_proof,
    "counter.png": counter,
    "console-home.png": console_home,
    "console-today.png": console_today,
    "console-menus.png": console_menus,
    "console-waste.png": console_waste,
    "console-change.png": console_change,
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
