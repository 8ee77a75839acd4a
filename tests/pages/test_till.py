"""The till in a real browser: enrolled once, then one diner after another, and nothing lost or taken twice."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.builders import Network, Official
from tests.running_system import Person, System

PIN = "470391"
KEYS = {" ": "Space", "-": "Minus", ".": "Period", "/": "Slash"} | {str(n): f"Digit{n}" for n in range(10)}
SHIFTED = {"$": "Digit4", "%": "Digit5", "*": "Digit8", "+": "Equal", ":": "Semicolon"}


@dataclass
class Cashier:
    number: str
    first_pin: str


@pytest.fixture(scope="module")
def admin(network: Network) -> Person:
    return network.person("admin-yinzhou")


def new_cashier(network: Network, admin: Person, **more: Any) -> Cashier:
    number = str(secrets.randbelow(9 * 10**7) + 10**7)
    message = {"agency_id": network.agency_id("yinzhou"), "number": number, "name": "陈收银", **more}
    return Cashier(number, admin.call("POST", "/console/cashiers", message)["pin"])


def address_of(network: Network, url: str = "", agency: str = "yinzhou") -> str:
    slip = network.slip(agency)
    enrolment = f"{slip.enrolment_id}.{slip.code}.{slip.centre_key}.{slip.centre_public_key}"
    return f"{url or network.url}/till/#enrol={enrolment}"


def enrol(page: Page, network: Network, url: str = "") -> None:
    page.goto(address_of(network, url))
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
    expect(page.get_by_role("button", name="收银 陈收银")).to_be_visible()
    page.get_by_role("button", name=re.compile("^午餐")).click()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    yield made
    made.close()


@pytest.fixture
def till(context: BrowserContext, network: Network, admin: Person) -> Page:
    """A till that is enrolled, with a cashier signed on and lunch chosen."""
    page = context.new_page()
    enrol(page, network)
    sign_on(page, new_cashier(network, admin))
    return page


def wedge(page: Page, code: str, *, pause_ms: int = 0, ends: str = "Enter") -> None:
    """Type a code as a scanner does: keys by their place, Shift where it is needed, and Enter."""
    for character in code:
        key = SHIFTED.get(character) or KEYS.get(character) or f"Key{character}"
        with_shift = character in SHIFTED or character.isalpha()
        if with_shift:
            page.keyboard.down("ShiftLeft")
        page.keyboard.press(key)
        if with_shift:
            page.keyboard.up("ShiftLeft")
        if pause_ms:
            page.wait_for_timeout(pause_ms)
    if ends:
        page.keyboard.press(ends)


def code_of(network: Network, official: Official | None = None) -> str:
    return network.phone(official or network.official()).show_short_code()


def result(page: Page) -> Any:
    return page.get_by_role("region", name="本次结果")


def test_a_code_that_a_scanner_types_is_paid_without_any_focus(till: Page, network: Network) -> None:
    official = network.official()
    wedge(till, code_of(network, official))
    expect(result(till)).to_have_class(re.compile(r"\bgood\b"))
    expect(result(till)).to_contain_text("¥ 10.00")
    expect(result(till)).to_contain_text("已收款")
    assert network.purses(official) == (9_000, 0)
    expect(result(till)).to_have_class(re.compile(r"\bready\b"))
    expect(till.get_by_role("region", name="最近").get_by_role("listitem")).to_contain_text("10.00")


def test_the_demo_gives_everybody_a_till(browser: Browser, system: System) -> None:
    said = system.command("demo-till").stdout
    [address] = re.findall(r"http://\S+", said)
    number, pin = re.findall(r"Cashier (\d+), first PIN (\d+)", said)[0]
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="启用本机").click()
    sign_on(page, Cashier(number, pin))
    context.close()
