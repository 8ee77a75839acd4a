"""The network for everybody: hours, prices, what is open and yesterday's covers, also without any script."""

import html
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import urllib3
from playwright.sync_api import Browser, expect

from foundation.calendar import ZONE
from onecard.network_page import SHOWN
from tests.builders import Network
from tests.pages.test_proofs import close_day
from tests.running_system import System
from tests.system.test_network_changes import new_canteen
from tests.waiting import wait_until

ALL_DAY = [{"meal": "lunch", "starts": "00:00:00", "ends": "23:59:59"}]


@pytest.fixture(scope="module")
def closed(scratch: Path) -> Iterator[Network]:
    """A network of its own: a day with one lunch in Ningbo is closed, and more canteens than one page shows."""
    folder = scratch / "public-network"
    folder.mkdir()
    system = System(folder)
    system.environment["ONECARD_WORKERS"] = "1"
    system.start()
    try:
        network = Network(system)
        terminal = network.terminal(folder, "city")
        assert terminal.charge_card(network.card(network.official("city")), "lunch").outcome == "approved"
        close_day(network)
        for _ in range(SHOWN):
            new_canteen(network, network.agency_id("yuyao"), meals=ALL_DAY)
        yield network
    finally:
        system.clear_away()


def shown(network: Network, query: str = "") -> str:
    answer = urllib3.request("GET", f"{network.url}/network?lang=en{query}")
    assert answer.status == 200
    return html.unescape(answer.data.decode())


def article(page: str, words: str) -> str:
    return str(next(one for one in re.findall("<article>.*?</article>", page) if words in one))


def test_a_canteen_has_hours_prices_and_the_covers_of_the_last_day(closed: Network) -> None:
    first = article(shown(closed, "&name=first+canteen"), "First Canteen")
    assert "<td>11:00–13:30</td>" in first
    assert '<td class="number">12.00</td><td class="number">20.00</td>' in first
    assert "1 covers" in first
    assert "up to 50.00" in article(shown(closed, "&name=simen"), "Simen")


def test_it_says_what_is_open_now(closed: Network) -> None:
    canteen_id, today = closed.canteen_id("hangzhou"), datetime.now(ZONE).date()
    path = f"/registry/canteens/{canteen_id}/days/{today}"
    closed.centre.call("PUT", path, {"meals": ALL_DAY, "reason": "a test"})
    wait_until(lambda: "Open: lunch, until 23:59" in article(shown(closed, "&name=citizen"), "Citizen"), within_s=60)


def test_many_canteens_are_several_pages_and_a_search(closed: Network) -> None:
    first = shown(closed)
    assert first.count("<article>") == SHOWN
    assert 'rel="prev"' not in first
    [following] = re.findall(r'rel="next" href="\?([^"]+)"', first)
    second = shown(closed, f"&{following}")
    assert 'rel="prev"' in second
    assert not set(re.findall("<h2>.*?</h2>", first)) & set(re.findall("<h2>.*?District Hall</h2>", second))
    assert shown(closed, "&name=nothing+like+this").count("<article>") == 0
    assert "<script>alert" not in urllib3.request("GET", f"{closed.url}/network?name=<script>alert").data.decode()


def test_it_needs_no_script_and_leads_on(browser: Browser, closed: Network) -> None:
    context = browser.new_context(locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{closed.url}/network")
    page.get_by_label("食堂、单位或地址").fill("余姚")
    page.get_by_role("button", name="查找").click()
    expect(page.locator("article").first).to_contain_text("余姚")
    expect(page.locator("article").filter(has_text="杭州")).to_have_count(0)
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Canteens of the network")
    expect(page.get_by_label("Canteen, agency or address")).to_have_value("余姚")
    report = page.get_by_role("link", name=re.compile("Public report")).get_attribute("href")
    answer = urllib3.request("GET", f"{closed.url}{report}", timeout=60)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    page.get_by_role("link", name="Check a receipt").click()
    expect(page).to_have_url(re.compile("/check-receipt"))
    context.close()
