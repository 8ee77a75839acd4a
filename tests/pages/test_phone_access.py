"""Everybody can use the phone: WCAG 2.2 AA on every place, at every width, in both languages, large and dark."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.axe import violations
from tests.builders import Network
from tests.pages.test_phone import activated
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
