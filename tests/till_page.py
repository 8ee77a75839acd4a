"""A till in a browser, as a cashier and his scanner use it."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.builders import Network, Official
from tests.cable import Cable

PIN = "470391"
SLOW_MS = 60_000
"""A PIN is checked slowly, on purpose."""
KEYS = {" ": "Space", "-": "Minus", ".": "Period", "/": "Slash"} | {str(n): f"Digit{n}" for n in range(10)}
SHIFTED = {"$": "Digit4", "%": "Digit5", "*": "Digit8", "+": "Equal", ":": "Semicolon"}


@dataclass
class Cashier:
    number: str
    first_pin: str


def new_cashier(network: Network, agency: str = "yinzhou", **more: Any) -> Cashier:
    number = str(secrets.randbelow(9 * 10**7) + 10**7)
    message = {"agency_id": network.agency_id(agency), "number": number, "name": "陈收银", **more}
    return Cashier(number, network.centre.call("POST", "/console/cashiers", message)["pin"])


def address_of(network: Network, url: str = "", agency: str = "yinzhou") -> str:
    slip = network.slip(agency)
    enrolment = f"{slip.enrolment_id}.{slip.code}.{slip.centre_key}.{slip.centre_public_key}"
    return f"{url or network.url}/till/#enrol={enrolment}"


def enrol(page: Page, network: Network, url: str = "", agency: str = "yinzhou") -> None:
    page.goto(address_of(network, url, agency))
    page.get_by_role("button", name="启用本机").click()
    expect(page.get_by_role("heading", name="签到开班")).to_be_visible()


def sign_on(page: Page, cashier: Cashier) -> None:
    """The cashier's first time: he chooses a PIN of his own."""
    page.get_by_label("工号").fill(cashier.number)
    page.get_by_label("密码", exact=False).first.fill(cashier.first_pin)
    page.get_by_role("button", name="签到并开班").click()
    page.get_by_label("新密码（6 位数字）").fill(PIN)
    page.get_by_label("再输一次新密码").fill(PIN)
    page.get_by_role("button", name="签到并开班").click()
    expect(page.get_by_role("button", name="收银 陈收银")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name=re.compile("^午餐")).click()


def wedge(page: Page, code: str, *, ends: str = "Enter") -> None:
    """Type a code as a scanner does: keys by their place, Shift where it is needed, and Enter."""
    for character in code:
        key = SHIFTED.get(character) or KEYS.get(character) or f"Key{character}"
        with_shift = character in SHIFTED or character.isalpha()
        if with_shift:
            page.keyboard.down("ShiftLeft")
        page.keyboard.press(key)
        if with_shift:
            page.keyboard.up("ShiftLeft")
    if ends:
        page.keyboard.press(ends)


def code_of(network: Network, official: Official | None = None) -> str:
    return network.phone(official or network.official()).show_short_code()


def press(page: Page, key: str) -> None:
    """Press a key as a person does: a key that acts stands alone, or it is a scanner's."""
    page.wait_for_timeout(200)
    page.keyboard.press(key)
    page.wait_for_timeout(300)


def result(page: Page) -> Locator:
    return page.get_by_role("region", name="本次结果")


def shows(page: Page, look: str, *words: str) -> None:
    """The result that fills the screen: how it looks, and what it says."""
    expect(result(page)).to_have_class(re.compile(rf"\b{look}\b"))
    for word in words:
        expect(result(page)).to_contain_text(word)


def rows(page: Page) -> Locator:
    """The last payments."""
    return page.get_by_role("region", name="最近").get_by_role("listitem")


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """A PIN is checked slowly, and what has no answer is asked for again after pauses."""
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    yield made
    made.close()


@pytest.fixture
def till(context: BrowserContext, network: Network) -> Page:
    """A till with fixed prices that is enrolled, with a cashier signed on and lunch chosen."""
    page = context.new_page()
    enrol(page, network)
    sign_on(page, new_cashier(network))
    return page


@pytest.fixture
def cable(network: Network) -> Iterator[Cable]:
    made = Cable(network.url)
    yield made
    made.close()


@pytest.fixture
def wired(context: BrowserContext, network: Network, cable: Cable) -> Page:
    """The same behind a cable that can be cut."""
    page = context.new_page()
    enrol(page, network, cable.url)
    sign_on(page, new_cashier(network))
    page.wait_for_function("navigator.serviceWorker.ready.then((found) => found.active?.state === 'activated')")
    return page
