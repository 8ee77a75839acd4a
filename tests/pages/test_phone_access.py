"""Everybody can use the phone: WCAG 2.2 AA on every place, at every width, in both languages, large and dark."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

from tests.axe import violations
from tests.builders import Network
from tests.pages.test_phone import activated, code_on
from tests.system.test_sheets import city as city
from tests.system.test_sheets import sheet_of
from tests.waiting import wait_until

PLACES = (
    "pay", "scan", "eat", "bills", "bills/year/2026", "mine", "mine/top-up", "mine/visits", "mine/credentials",
    "mine/consents",
)  # fmt: skip
WIDTHS = (360, 390, 820, 1280)


def wait_for_answers(page: Page) -> None:
    """Until nothing is asked for any more, but for what a till may still do."""
    page.wait_for_timeout(200)
    wait_until(
        lambda: page.evaluate(
            "document.querySelector('main')?.children.length > 0 && !document.querySelector('.waiting')"
        )
    )


@pytest.mark.parametrize(
    ("language", "theme", "size"), [("zh", "light", "usual"), ("en", "dark", "large"), ("zh", "dark", "large")]
)
def test_every_place_is_for_everybody(browser: Browser, city: Network, language: str, theme: str, size: str) -> None:
    # As high as a place may be: what lies behind the bar of places can be scrolled above it.
    context = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 3_000})
    page = activated(context, city, city.official())
    look = f"localStorage.language = '{language}'; localStorage.theme = '{theme}'; localStorage.type = '{size}';"
    page.add_init_script(look)
    page.reload()
    sheet = sheet_of(city)
    canteen_id = city.canteen_id("yinzhou")
    found: dict[str, list[str]] = {}
    for place in (*PLACES, f"eat/{canteen_id}", f"sheet={sheet['code']}", f"sheet={'A' * 99}"):
        page.goto(f"{city.url}/phone/#{place}")
        wait_for_answers(page)
        if wrong := violations(page):
            found[place] = wrong
    page.goto(f"{city.url}/phone/#sheet={sheet['code']}")
    page.locator("button.primary").click()
    page.locator(".proof").wait_for()
    if wrong := violations(page):
        found["proof"] = wrong
    assert found == {}
    context.close()


def test_nothing_is_wider_than_the_screen(browser: Browser, city: Network) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 740})
    page = activated(context, city, city.official())
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        for place in (*PLACES, f"eat/{city.canteen_id('yinzhou')}"):
            page.goto(f"{city.url}/phone/#{place}")
            wait_for_answers(page)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{place} is {wide} px wide on {width} px"
    context.close()


def test_a_keyboard_alone_pays(browser: Browser, city: Network) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 740})
    page = activated(context, city, city.official())
    page.goto(f"{city.url}/phone/#sheet={sheet_of(city)['code']}")
    expect(page.locator(".due")).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('primary')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator(".proof")).to_be_visible()
    context.close()


def test_before_it_is_activated_it_is_for_everybody_too(browser: Browser, city: Network) -> None:
    page = browser.new_page(locale="zh-CN", viewport={"width": 360, "height": 740})
    page.goto(f"{city.url}/phone")
    expect(page.get_by_role("button", name="激活本机")).to_be_visible()
    assert violations(page) == []
    page.close()


@pytest.fixture
def large(browser: Browser, city: Network) -> Iterator[Page]:
    """A phone of a small screen in large type."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 740})
    page = activated(context, city, city.official())
    page.add_init_script("localStorage.type = 'large'")
    page.reload()
    yield page
    context.close()


def box_of(found: Locator) -> FloatRect:
    box = found.bounding_box()
    assert box is not None
    return box


def test_the_whole_proof_is_seen_in_large_type(large: Page, city: Network) -> None:
    large.goto(f"{city.url}/phone/#sheet={sheet_of(city, name='1号窗口')['code']}")
    large.get_by_role("button", name=re.compile("确认付款")).click()
    proof = large.locator(".proof")
    check, amount, known = (box_of(proof.locator(part)) for part in (".check", ".big", "dl"))
    assert check["y"] + check["height"] <= amount["y"], "the tick lies on the amount"
    lines = "found => found.getBoundingClientRect().height / parseFloat(getComputedStyle(found).lineHeight)"
    assert proof.locator(".big").evaluate(lines) < 1.5, "the amount is one line"
    assert proof.locator(".big").evaluate("found => found.scrollWidth <= found.clientWidth")
    assert known["y"] + known["height"] <= 740, "number and time are in view"


def test_a_long_code_comes_into_view_in_large_type(large: Page) -> None:
    large.get_by_role("button", name="长码").click()
    wait_until(lambda: large.evaluate("document.querySelector('.code svg').viewBox.baseVal.width > 60"))
    code, bar = box_of(large.locator(".code svg")), box_of(large.locator(".places"))
    assert code["y"] >= 0
    assert code["y"] + code["height"] <= bar["y"]
    assert code_on(large).startswith("OC1:")


def test_the_question_before_a_loss_is_above_the_places(large: Page, city: Network) -> None:
    large.goto(f"{city.url}/phone/#mine/credentials")
    large.get_by_role("button", name="挂失").first.click()
    no, bar = box_of(large.get_by_role("button", name="不了")), box_of(large.locator(".places"))
    assert no["y"] + no["height"] <= bar["y"]
    yes = box_of(large.get_by_role("button", name="立即挂失"))
    assert yes["y"] >= 0


def test_a_receipt_in_large_type_breaks_no_word(large: Page, city: Network, scratch: Path) -> None:
    paid = city.terminal(scratch, "yinzhou").charge_card(city.card(city.official()), "lunch").receipt
    assert paid is not None
    large.goto(f"{city.url}/r/{paid.number}?lang=zh")
    number = box_of(large.locator(".number"))
    assert number["y"] > box_of(large.locator(".sum"))["y"], "a long number stands below what was paid"
    for label in ("交易时间", "记账日期", "就餐食堂"):
        said = large.get_by_text(label, exact=True)
        lines = "found => found.getBoundingClientRect().height / parseFloat(getComputedStyle(found).lineHeight)"
        assert said.evaluate(lines) < 1.5, label
    assert large.evaluate("document.documentElement.scrollWidth") <= 360
