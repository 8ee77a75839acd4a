"""Every page that the centre sends whole: read by everybody, in the light and in the dark; and how much is sent."""

import gzip
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from demo.city import PASSWORD
from foundation.catalogue import Language
from terminals.phone import ask_top_up
from tests.axe import violations
from tests.builders import Network
from tests.pages.test_evaluation_page import QUARTER, flag
from tests.rules.test_bulletin_wording import Known, issued
from tests.waiting import wait_until
from waste.bulletins.bulletins import Issue
from waste.bulletins.pages import page as bulletin_page

SLOW = 60_000
FIRST_LOAD_MAX_BYTES = 20 * 1024
"""Of a public page with its styles and scripts, packed by gzip (brotli packs them a little smaller)."""

PUBLIC = ("/", "/network", "receipt", "/check-receipt", "/bulletins", "/bulletins/7")
OPEN = (*PUBLIC, "pay", "/simulated-sign-on/people", "/sign-on", "/invitation", "/nothing-here")
SIGNED_IN = {
    "/account": ("finance-city", "#sessions li"),
    "/weighing": ("kitchen-yinzhou", "#weigh"),
    "/reconciliation": ("finance-city", "#kinds div"),
    "/evaluations": ("supervisor", "article"),
    "/integrity": ("supervisor", "#found > section"),
}
"""Who opens a page that shows nothing to strangers, and what is there once it shows something."""


@pytest.fixture(scope="module")
def opened(network: Network, scratch: Path) -> Callable[[Page, str], None]:
    """Opens a page by its path, or by a name where that is not known before; the bulletin has all that it can have."""
    official = network.official(cash_fen=5_000, subsidy_fen=600)
    answer = network.terminal(scratch).charge_card(network.card(official), "lunch")
    assert answer.receipt is not None
    order = ask_top_up(network.url, network.phone(official), uuid4(), 500)
    network.person("supervisor").call("POST", f"/waste/evaluations/{QUARTER}")
    flag(network.system, network.canteen_id("hangzhou"))
    addresses = {"receipt": f"{network.url}/r/{answer.receipt.number}", "pay": str(order.pay_url)}
    facts = bulletin_page(Issue(issued(Known().facts(), "宁波市机关事务管理局")), Language.CHINESE)

    def open_page(page: Page, name: str) -> None:
        page.route("**/bulletins/7", lambda route: route.fulfill(body=facts, content_type="text/html; charset=utf-8"))
        page.goto(addresses.get(name, network.url + name))
        expect(page.locator("body")).to_be_visible()

    return open_page


def signed_in(page: Page, login: str, first: str) -> None:
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("#sign-in .primary")
    expect(page.locator(first).first).to_be_visible(timeout=SLOW)


@pytest.mark.parametrize("name", [*OPEN, *SIGNED_IN])
def test_everybody_can_read_it(opened: Callable[[Page, str], None], browser: Browser, name: str) -> None:
    """WCAG 2.2 AA, and nothing beyond the edge, on a phone and a screen, in the light and in the dark."""
    page = browser.new_page(locale="zh-CN")
    opened(page, name)
    if name in SIGNED_IN:
        assert violations(page) == [], "before signing in"
        signed_in(page, *SIGNED_IN[name])
    if name == "/":
        expect(page.locator("#canteens tr").first).to_be_visible(timeout=SLOW)
    for summary in page.locator("summary:visible").all()[:4]:
        summary.click()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width)
            assert violations(page) == [], (scheme, width)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.close()


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page_is_small(opened: Callable[[Page, str], None], browser: Browser, name: str) -> None:
    sent: list[Response] = []
    page = browser.new_page()
    page.on("response", lambda answer: sent.append(answer) if answer.request.resource_type != "eventsource" else None)
    opened(page, name)
    wait_until(lambda: page.evaluate("document.documentElement.dataset.theme"))
    kinds = {answer.request.resource_type for answer in sent}
    assert {"document", "stylesheet", "script"} <= kinds
    sizes = {answer.url: len(gzip.compress(answer.body())) for answer in sent}
    assert sum(sizes.values()) <= FIRST_LOAD_MAX_BYTES, sizes
    page.close()


def test_the_reader_chooses_type_and_light_once_for_every_page(
    opened: Callable[[Page, str], None], browser: Browser
) -> None:
    page = browser.new_page(locale="zh-CN", viewport={"width": 360, "height": 740})
    opened(page, "/")
    page.get_by_role("button", name="长辈版").click()
    page.get_by_label("明暗").select_option("dark")
    for name in PUBLIC:
        opened(page, name)
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.locator("body")).to_have_css("font-size", "24px")
        expect(page.locator("body")).to_have_css("background-color", "rgb(15, 22, 19)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
    opened(page, "/")
    expect(page.get_by_role("button", name="长辈版")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("明暗")).to_have_value("dark")
    page.close()
