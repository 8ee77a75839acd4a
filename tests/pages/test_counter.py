"""The display at a counter, in a real browser: the last payments, the minute's word, and loudly that it is cut off."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.axe import violations
from tests.builders import Network
from tests.pages.test_phone import activated
from tests.pages.test_phone_sheets import pay
from tests.system.test_sheets import city as city
from tests.system.test_sheets import sheet_of
from tests.waiting import wait_until
from travellers.sheet_payments import short_number


def display_of(city: Network) -> dict[str, Any]:
    made: dict[str, Any] = city.centre.call("POST", "/terminals/displays", {"canteen_id": city.canteen_id("yinzhou")})
    return made


@pytest.fixture
def counter(browser: Browser, city: Network) -> Iterator[tuple[Page, dict[str, Any]]]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    page, display = context.new_page(), display_of(city)
    page.goto(display["url"])
    expect(page.locator(".minute b")).to_be_visible(timeout=20_000)
    yield page, display
    context.close()


def test_a_payment_by_sheet_shows_the_same_word_at_the_counter_and_on_the_phone(
    counter: tuple[Page, dict[str, Any]], browser: Browser, city: Network
) -> None:
    page, _ = counter
    assert "#" not in page.url, "the link is not left on a screen that everybody sees"
    context = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 740})
    phone = activated(context, city, city.official())
    phone.goto(f"{city.url}/phone/#sheet={sheet_of(city)['code']}")
    pay(phone)
    proof = phone.locator(".proof")
    number = proof.locator("dd").first.inner_text(timeout=20_000)
    latest = page.locator(".latest")
    expect(latest).to_contain_text(number, timeout=20_000)
    expect(latest.locator(".big")).to_have_text(proof.locator(".big").inner_text())
    # The minute may turn between two looks.
    wait_until(lambda: proof.locator(".minute b").inner_text() == page.locator(".minute b").inner_text())
    context.close()


def test_who_pays_is_no_longer_large_when_nobody_pays(
    counter: tuple[Page, dict[str, Any]], city: Network, scratch: Path
) -> None:
    page, _ = counter
    charge = city.terminal(scratch, "yinzhou").charge_card(city.card(city.official()), "lunch")
    assert charge.receipt is not None
    latest = page.locator(".latest")
    expect(latest).to_contain_text(short_number(str(charge.receipt.number)), timeout=20_000)
    expect(latest).not_to_contain_text("上一笔")
    page.evaluate("const now = Date.now; Date.now = () => now() + 70_000")
    expect(latest).to_contain_text("上一笔")
    assert violations(page) == []


@pytest.mark.parametrize(("width", "size"), [(390, "usual"), (390, "large"), (820, "usual")])
def test_any_screen_shows_all_of_it(
    counter: tuple[Page, dict[str, Any]], city: Network, scratch: Path, width: int, size: str
) -> None:
    page, _ = counter
    till = city.terminal(scratch, "yinzhou")
    for _ in range(2):
        assert till.charge_card(city.card(city.official()), "lunch").receipt is not None
    expect(page.locator("ol li").first).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="中文")).to_be_visible()
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate("size => { document.documentElement.dataset.type = size }", size)
    expect(page.locator("ol li").first).to_be_visible(timeout=20_000)
    parts = ("header .clock", ".minute b", ".latest .big", "ol li:first-child b", "ol li:first-child span:nth-child(3)")
    for part in parts:
        expect(page.locator(part)).to_be_visible()
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] >= 0, part
        assert box["x"] + box["width"] <= width, part
        assert page.locator(part).evaluate("one => one.scrollWidth <= one.clientWidth || !one.clientWidth"), part
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert violations(page) == []


def test_sound_stays_on_in_another_language(counter: tuple[Page, dict[str, Any]]) -> None:
    page, _ = counter
    page.get_by_role("button", name="打开声音").click()
    expect(page.get_by_role("button", name="声音已打开")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="English").click()
    sound = page.get_by_role("button", name=re.compile("Sound is on|Tap for sound"))
    expect(sound).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="中文").click()
    page.locator("main").click()
    page.get_by_role("button", name=re.compile("声音已打开|轻触恢复声音")).wait_for()


def test_a_void_is_seen(counter: tuple[Page, dict[str, Any]], city: Network, scratch: Path) -> None:
    page, _ = counter
    till, official = city.terminal(scratch, "yinzhou"), city.official()
    charge = till.charge_card(city.card(official), "lunch")
    assert charge.receipt is not None
    number = short_number(str(charge.receipt.number))
    latest = page.locator(".latest")
    expect(latest).to_contain_text(number, timeout=20_000)
    till.void(till.epoch, till.journal.entries("approved")[0].sequence)
    expect(latest).to_contain_text("已冲正", timeout=20_000)


def test_it_says_that_it_is_cut_off_and_comes_back(counter: tuple[Page, dict[str, Any]]) -> None:
    page, _ = counter
    page.wait_for_function("navigator.serviceWorker.ready.then((found) => found.active?.state === 'activated')")
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("与中心断开", timeout=30_000)
    assert violations(page) == []
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_have_count(0, timeout=30_000)
    expect(page.locator(".minute b")).to_be_visible()
    assert violations(page) == []


def test_a_link_that_was_taken_back_shows_nothing(
    counter: tuple[Page, dict[str, Any]], city: Network, browser: Browser
) -> None:
    page, display = counter
    city.centre.call("DELETE", f"/terminals/displays/{display['display_id']}")
    expect(page.get_by_role("alert")).to_contain_text("链接无效或已收回", timeout=20_000)
    expect(page.locator(".latest")).to_have_count(0)
    other = browser.new_page(locale="zh-CN")
    for address in (display["url"], f"{city.url}/counter/{city.canteen_id('yinzhou')}"):
        other.goto(address)
        expect(other.get_by_role("alert")).to_contain_text("链接无效或已收回", timeout=20_000)
    other.close()
