"""The console in a real browser: who comes in, what waits for him, any list and any row, found again by its address."""

import csv
import re
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from playwright.sync_api import Browser, Page, expect

from tests.axe import violations
from tests.builders import Network
from tests.console_page import come_in, go, patience, sign_in
from tests.node import ROOT

__all__ = ["patience"]

SHELL_MAX_BYTES = 220 * 1024
ROUTE_MAX_BYTES = 160 * 1024
CHARTS_MAX_BYTES = 180 * 1024
"""ECharts: loaded when a chart is looked at."""


@pytest.fixture(scope="module")
def centre(browser: Browser, network: Network) -> Iterator[Page]:
    page = come_in(browser, network, "centre")
    yield page
    page.context.close()


def body(page: Page) -> Any:
    return page.locator("main tbody")


def test_who_signs_in_comes_to_the_place_that_was_asked_for(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "approver", f"/registry/canteens?agency_id={network.agency_id('yuyao')}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Canteens")
    expect(body(page)).to_contain_text("Yuyao")
    expect(body(page)).not_to_contain_text("Yinzhou")
    page.context.close()


def test_a_count_of_the_home_page_leads_to_its_rows(browser: Browser, network: Network) -> None:
    network.centre.call("POST", "/console/enrolments", {"canteen_id": network.canteen_id("yuyao"), "kind": "till"})
    page = come_in(browser, network, "approver")
    page.get_by_role("link", name=re.compile("Terminals to approve")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Enrolments")
    assert "approved=false" in page.url
    expect(body(page).get_by_role("row").first).to_be_visible()
    page.context.close()


def test_a_list_is_narrowed_ordered_paged_and_found_again_by_its_address(centre: Page, network: Network) -> None:
    for _ in range(3):
        network.official("yuyao")
    go(centre, network, "/registry/officials?limit=3")
    expect(body(centre).get_by_role("row")).to_have_count(3)
    first = body(centre).get_by_role("rowheader").first.inner_text()
    centre.get_by_role("button", name="Next page").click()
    expect(body(centre).get_by_role("rowheader").first).not_to_have_text(first)
    second = body(centre).get_by_role("rowheader").first.inner_text()
    centre.reload()
    expect(body(centre).get_by_role("rowheader").first).to_have_text(second)
    centre.get_by_role("button", name="Previous page").click()
    expect(body(centre).get_by_role("rowheader").first).to_have_text(first)

    centre.get_by_label("Agency").click()
    centre.get_by_label("Agency").fill("Yuyao")
    centre.get_by_label("Agency").press("Enter")
    centre.get_by_role("button", name="Show", exact=True).click()
    expect(body(centre)).not_to_contain_text("Yinzhou")
    assert f"agency_id={network.agency_id('yuyao')}" in centre.url
    centre.get_by_role("button", name="Columns").click()
    centre.get_by_role("checkbox", name="Region").uncheck()
    expect(centre.get_by_role("columnheader", name="Region")).to_have_count(0)
    address = centre.url
    centre.goto("about:blank")
    centre.goto(address)
    expect(centre.get_by_role("columnheader", name="Agency")).to_be_visible()
    expect(centre.get_by_role("columnheader", name="Region")).to_have_count(0)


def test_a_heading_puts_a_list_in_order(centre: Page, network: Network) -> None:
    go(centre, network, "/registry/canteens")
    names = centre.locator("tbody td:nth-child(4)")
    centre.get_by_role("columnheader", name="English name").get_by_role("button").click()
    expect(centre.get_by_role("columnheader", name="English name")).to_have_attribute("aria-sort", "ascending")
    expect(centre.locator("main .stale")).to_have_count(0)
    up = names.all_inner_texts()
    centre.get_by_role("columnheader", name="English name").get_by_role("button").click()
    expect(centre.get_by_role("columnheader", name="English name")).to_have_attribute("aria-sort", "descending")
    expect(names.first).to_have_text(up[-1])


def test_what_is_shown_is_saved_as_a_file(centre: Page, network: Network) -> None:
    go(centre, network, f"/registry/canteens?agency_id={network.agency_id('yinzhou')}")
    centre.get_by_role("button", name="Export").click()
    with centre.expect_download() as saving:
        centre.get_by_role("menuitem", name="CSV").click()
    saved = saving.value
    assert saved.suggested_filename == "canteens.csv"
    with open(saved.path(), encoding="utf-8-sig", newline="") as file:
        head, *lines = csv.reader(file)
    assert "Canteen" in head
    assert {line[head.index("Agency")] for line in lines} == {str(network.agency_id("yinzhou"))}


def test_a_row_leads_to_what_belongs_to_it(centre: Page, network: Network) -> None:
    canteen_id = network.canteen_id("yinzhou")
    go(centre, network, "/registry/canteens")
    body(centre).get_by_role("link", name=str(canteen_id), exact=True).click()
    expect(centre.get_by_role("heading", level=1)).to_have_text(f"Canteens {canteen_id}")
    expect(centre.locator(".facts")).to_contain_text("Yinzhou")
    centre.get_by_role("list").last.get_by_role("link", name="Terminals", exact=True).click()
    expect(centre.get_by_role("heading", level=1)).to_have_text("Terminals")
    assert f"canteen_id={canteen_id}" in centre.url


def test_one_field_finds_things(centre: Page, network: Network) -> None:
    official = network.official("yuyao")
    field = centre.get_by_role("searchbox")
    field.fill(str(official.holder_id))
    field.press("Enter")
    expect(centre.get_by_role("heading", name="Officials")).to_be_visible()
    body(centre).get_by_role("link", name=str(official.holder_id), exact=True).first.click()
    expect(centre.get_by_role("heading", level=1)).to_contain_text(str(official.holder_id))
    field.fill("nothing is called like this")
    field.press("Enter")
    expect(centre.locator("main")).to_contain_text("Nothing found")


def test_what_a_role_may_not_see_is_not_there(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "kitchen-yinzhou")
    menu = page.get_by_role("navigation")
    expect(menu.get_by_role("link", name="Weigh-ins", exact=True)).to_be_visible()
    expect(menu.get_by_role("link", name="Payments", exact=True)).to_have_count(0)
    for place in ("/settlement/payments", "/console/audit-entries/1", "/no/such/place"):
        page.goto(f"{network.url}/console/#{place}")
        expect(page.get_by_role("alert")).to_contain_text("Your role may not see this page")
    page.context.close()


def test_a_session_that_ends_leads_to_the_sign_in_and_back(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "supervisor", "/waste/evaluations")
    page.context.clear_cookies()
    page.get_by_role("button", name="Reload").click()
    page.wait_for_url("**/sign-on**")
    assert "%23%2Fwaste%2Fevaluations" in page.url
    page.context.close()


def test_signing_out_ends_the_session(browser: Browser, network: Network) -> None:
    page = browser.new_page(locale="en-GB")
    page.goto(f"{network.url}/console/")
    sign_in(page, "admin-yuyao")
    page.get_by_role("button", name="admin-yuyao").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.wait_for_url("**/sign-on**")
    page.goto(f"{network.url}/console/#/")
    page.wait_for_url("**/sign-on**")
    page.close()


PLACES = (
    "/", "/waste/weigh-ins", "/console/terminals", "/registry/canteens", "/search?words=1006", "/about", "/sessions",
    "/console/sheets?state=expired",
)  # fmt: skip


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_place_is_for_everybody(browser: Browser, network: Network, look: str) -> None:
    page = come_in(browser, network, "centre", locale="zh-CN", color_scheme=look)
    for large in ("usual", "large"):
        page.evaluate(f"localStorage.setItem('type', '{large}')")
        for place in (*PLACES, f"/registry/canteens/{network.canteen_id('yuyao')}"):
            go(page, network, place)
            page.reload()
            expect(page.locator("main h1")).to_be_visible()
            expect(page.locator(".ant-skeleton")).to_have_count(0)
            assert violations(page) == [], (place, look, large)
    page.context.close()


@pytest.mark.parametrize("width", [390, 820, 1920])
def test_nothing_is_wider_than_the_screen(browser: Browser, network: Network, width: int) -> None:
    page = come_in(browser, network, "centre", viewport={"width": width, "height": 900})
    for place in PLACES:
        go(page, network, place)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
    if width < 900:
        expect(page.get_by_role("navigation")).to_be_hidden()
        page.get_by_role("button", name="Menu").click()
        menu = page.get_by_role("navigation")
        menu.get_by_text("Administration", exact=True).click()
        menu.get_by_role("link", name="Canteens", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Canteens")
        expect(page.get_by_role("navigation")).to_be_hidden()
    page.context.close()


def test_the_keyboard_is_enough(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "supervisor")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("main a").first).to_be_focused()
    page.context.close()


def test_no_style_or_script_of_strangers_holds(network: Network, browser: Browser) -> None:
    first, second = (urllib3.request("GET", f"{network.url}/console/") for _ in range(2))
    policy = first.headers["content-security-policy"]
    [nonce] = re.findall(r"'nonce-([\w-]+)'", policy)
    assert nonce.encode() in first.data
    assert nonce not in second.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert first.headers["cache-control"] == "no-store"
    page = come_in(browser, network, "supervisor")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for place in ("/", "/waste/flags", "/about"):
        go(page, network, place)
        page.reload()
        expect(page.locator("main h1")).to_be_visible()
    assert said == []
    page.context.close()


def test_the_shell_and_each_route_are_small() -> None:
    dist = ROOT / "web" / "dist" / "console"
    sizes = {path.name: path.stat().st_size for path in dist.rglob("*.br")}
    page = (dist / "index.html").read_text(encoding="utf-8")
    named = [name.rpartition("/")[2] for name in re.findall(r'(?:src|href)="/console/(assets/[^"]+)"', page)]
    assert len(named) >= 2
    words = max(languages(sizes, "console.zh-", "zh_CN-"), languages(sizes, "console.en-", "en_GB-"))
    assert sum(sizes[f"{name}.br"] for name in named) + words <= SHELL_MAX_BYTES
    later = {name: size for name, size in sizes.items() if name.removesuffix(".br") not in named}
    [charts] = [name for name in later if name.startswith("engine-")]
    assert later.pop(charts) <= CHARTS_MAX_BYTES
    assert max(later.values()) <= ROUTE_MAX_BYTES, later


def languages(sizes: dict[str, int], *beginnings: str) -> int:
    """What a reader's language adds to the shell."""
    return sum(size for name, size in sizes.items() if name.startswith(beginnings))
