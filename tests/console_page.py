"""The console in a browser: somebody comes in, and goes to a place."""

import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.city import PASSWORD
from tests.axe import violations
from tests.builders import Network

SLOW_MS = 60_000


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """A password is checked slowly, on purpose."""
    expect.set_options(timeout=SLOW_MS)
    yield
    expect.set_options(timeout=5_000)


SESSIONS: dict[tuple[str, str], Any] = {}
"""Cookies of who has signed in before, by network and login."""


def sign_in(page: Page, login: str, password: str = PASSWORD) -> None:
    page.wait_for_url("**/sign-on**")
    page.get_by_label(re.compile("User name|用户名")).fill(login)
    page.locator("#sign-in input[name=password]").fill(password)
    page.locator("#sign-in button.primary").click()
    page.wait_for_url(re.compile("/console/"))


def come_in(
    browser: Browser, network: Network, login: str, place: str = "/", password: str = PASSWORD, **options: Any
) -> Page:
    """Somebody who opens an address of the console; the first time he signs in to get there."""
    usual = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}}
    context = browser.new_context(**(usual | options), storage_state=SESSIONS.get((network.url, login)))
    page = context.new_page()
    page.goto(f"{network.url}/console/#{place}")
    there = page.locator("main h1, main [role=alert]")
    expect(there.or_(page.locator("#sign-in input[name=password]")).first).to_be_visible()
    # He has not been here before, or another test has ended his session.
    if "/sign-on" in page.url:
        sign_in(page, login, password)
        SESSIONS[network.url, login] = {"cookies": context.storage_state()["cookies"], "origins": []}
    expect(there).to_be_visible()
    return page


def go(page: Page, network: Network, place: str) -> None:
    page.goto(f"{network.url}/console/#{place}")
    expect(page.locator("main h1")).to_be_visible()


def forget(network: Network, login: str) -> None:
    """His session got a new token, as after a proof: he signs in anew the next time."""
    SESSIONS.pop((network.url, login), None)


def readable(page: Page) -> None:
    """WCAG 2.2 AA in the light and in the dark; nothing beyond the edge on any screen."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        for width in (390, 820, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width)
        assert violations(page) == [], scheme
