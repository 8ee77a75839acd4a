"""What a scanner types at the till is never the cashier's: it enters no amount, answers nothing and presses nothing."""

import re
import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.builders import Network
from tests.cable import Cable, State
from tests.till_page import KEYS, SHIFTED, code_of, enrol, new_cashier, press, shows, sign_on, wedge
from tests.till_page import context as context
from tests.till_page import patience as patience
from tests.till_page import till as till

SHIFT = 8
GAP_S = 0.01
"""Between two characters of a scanner."""
VIRTUAL = {"Enter": 13, "Tab": 9, "Space": 32, "Escape": 27, "Backspace": 8, "F4": 115, "F6": 117}


@pytest.fixture
def open_till(context: BrowserContext, network: Network) -> Page:
    """A till whose cashier enters what the meal costs."""
    page = context.new_page()
    enrol(page, network, agency="yuyao")
    sign_on(page, new_cashier(network, "yuyao"))
    shows(page, "ready", "请先输入金额")
    return page


def scan(page: Page, *typed: str, ends: str = "Enter") -> None:
    """Type as a scanner does. The keys have a scanner's times, however slow the machine is that plays it."""
    devtools = page.context.new_cdp_session(page)
    names = [name for part in typed for name in ([part] if part in VIRTUAL else part)]
    at = time.time()
    for name in [*names, ends] if ends else names:
        code = SHIFTED.get(name) or KEYS.get(name) or (name if name in VIRTUAL else f"Key{name}")
        shift = SHIFT if name in SHIFTED or (len(name) == 1 and name.isalpha()) else 0
        text = "\r" if name == "Enter" else name if len(name) == 1 else ""
        key = "Enter" if name == "Enter" else name
        event = {
            "key": key,
            "code": code,
            "modifiers": shift,
            "timestamp": at,
            "windowsVirtualKeyCode": VIRTUAL["Space"] if name == " " else VIRTUAL.get(name, 0),
        }
        devtools.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": text, **event})
        devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})
        at += GAP_S
    devtools.detach()
    page.wait_for_timeout(max(0, (at - time.time()) * 1000))


def enters(page: Page, amount: str) -> None:
    """The cashier's own typing."""
    page.keyboard.type(amount, delay=120)
    shows(page, "ready", f"¥ {amount}")
    rests(page)


def rests(page: Page) -> None:
    """As long as a person takes for the next thing; whatever a key was to do it has done by then."""
    page.wait_for_timeout(600)


# An amount is the cashier's alone.


def test_digits_before_a_code_enter_no_amount(open_till: Page, network: Network) -> None:
    official = network.official("yuyao")
    scan(open_till, "1", code_of(network, official))
    shows(open_till, "refused", "金额")
    press(open_till, "Escape")
    shows(open_till, "ready", "请先输入金额")
    assert network.purses(official) == (10_000, 0)


def test_backspaces_and_digits_before_a_code_change_no_amount(open_till: Page, network: Network) -> None:
    official = network.official("yuyao")
    enters(open_till, "15")
    scan(open_till, *["Backspace"] * 4, "1", code_of(network, official))
    shows(open_till, "refused", "没有收款", "核对金额")
    press(open_till, "Escape")
    shows(open_till, "ready", "¥ 15")
    assert network.purses(official) == (10_000, 0)
    scan(open_till, code_of(network, official))
    shows(open_till, "good", "¥ 15.00")
    assert network.purses(official) == (8_500, 0)


@pytest.mark.parametrize("text", ["7", "25", "6901234567892"])
def test_the_digits_of_another_code_enter_no_amount(open_till: Page, text: str) -> None:
    enters(open_till, "15")
    scan(open_till, text)
    shows(open_till, "refused", "不是本网的付款码")
    press(open_till, "Escape")
    shows(open_till, "ready", "¥ 15")


def test_digits_at_a_scanners_pace_are_a_scan_without_an_enter_too(open_till: Page) -> None:
    enters(open_till, "1")
    scan(open_till, "2345", ends="")
    shows(open_till, "ready")
    expect(open_till.get_by_label("金额", exact=True).last).to_have_text("¥ 1")


def test_what_follows_a_code_enters_no_amount(open_till: Page, network: Network) -> None:
    official = network.official("yuyao")
    enters(open_till, "1")
    scan(open_till, code_of(network, official) + "5")
    shows(open_till, "good", "¥ 1.00")
    shows(open_till, "ready", "请先输入金额")
    assert network.purses(official) == (9_900, 0)


def test_a_code_in_the_middle_of_an_amount_is_not_taken(open_till: Page, network: Network) -> None:
    official = network.official("yuyao")
    code = code_of(network, official)
    open_till.keyboard.type("1")
    scan(open_till, code)
    shows(open_till, "refused", "核对金额")
    assert network.purses(official) == (10_000, 0)


def test_a_fast_cashier_is_not_hindered(open_till: Page, network: Network) -> None:
    open_till.keyboard.type("12.59", delay=80)
    open_till.keyboard.press("Backspace", delay=20)
    shows(open_till, "ready", "¥ 12.5")
    rests(open_till)
    scan(open_till, code_of(network))
    shows(open_till, "good", "¥ 12.50")


# What stays until somebody has seen it.


@pytest.mark.parametrize("text", ["7", " ", "+", "ABC", "A B", "WWW EXAMPLE COM"])
@pytest.mark.parametrize("ends", ["Enter", ""])
def test_no_scan_closes_a_refusal(till: Page, network: Network, text: str, ends: str) -> None:
    if text == " " and not ends:
        pytest.skip("a key alone is nobody's scan")
    scan(till, code_of(network, network.official(cash_fen=0)))
    shows(till, "refused", "余额不足")
    rests(till)
    scan(till, text, ends=ends)
    rests(till)
    shows(till, "refused", "余额不足")
    scan(till, "Escape", text)
    rests(till)
    shows(till, "refused", "余额不足")
    press(till, "Escape")
    shows(till, "ready")


def test_an_enter_of_a_code_that_types_nothing_closes_no_refusal(till: Page, network: Network) -> None:
    scan(till, code_of(network, network.official(cash_fen=0)))
    shows(till, "refused", "余额不足")
    rests(till)
    scan(till)
    rests(till)
    shows(till, "refused", "余额不足")
    till.keyboard.press("Tab")
    expect(till.get_by_role("button", name="知道了")).to_be_focused()
    press(till, "Enter")
    shows(till, "ready")


def test_no_scan_voids_what_is_unknown(context: BrowserContext, network: Network) -> None:
    cable, official = Cable(network.url), network.official()
    page = context.new_page()
    enrol(page, network, cable.url)
    sign_on(page, new_cashier(network))
    cable.set(State.LOSES_ANSWERS)
    scan(page, code_of(network, official))
    shows(page, "unknown", "结果未知")
    for text in ("", "7", " ", "HELLO WORLD"):
        rests(page)
        scan(page, text)
    rests(page)
    cable.set(State.WHOLE)
    shows(page, "look", "刚刚得到确认")
    assert network.purses(official) == (9_000, 0)
    cable.close()


@pytest.mark.parametrize("text", ["+", "+1", "1+"])
def test_no_scan_takes_a_second_payment(till: Page, network: Network, text: str) -> None:
    official = network.official()
    phone = network.phone(official)
    wedge(till, phone.show_short_code())
    shows(till, "good")
    shows(till, "ready")
    wedge(till, phone.show_short_code())
    shows(till, "look", "要收第二份吗")
    rests(till)
    scan(till, text)
    rests(till)
    shows(till, "look", "要收第二份吗")
    assert network.purses(official) == (9_000, 0)


def test_no_scan_voids_in_a_dialog(till: Page, network: Network) -> None:
    official = network.official()
    wedge(till, code_of(network, official))
    shows(till, "ready")
    press(till, "F6")
    till.get_by_role("dialog").get_by_label("餐次错误").check()
    for typed in (("7",), ("ABC",), (" ", "X"), ("Tab",), ("Escape", "A"), ("",)):
        rests(till)
        scan(till, *typed)
    rests(till)
    expect(till.get_by_role("dialog")).to_be_visible()
    assert network.purses(official) == (9_000, 0)


# Whatever has the focus.


@pytest.mark.parametrize("before", [" ", "F4", "Tab", "F6", "Enter"])
def test_keys_before_a_code_press_nothing(till: Page, network: Network, before: str) -> None:
    official = network.official()
    tile = till.get_by_role("button", name=re.compile("^工作餐"))
    tile.click()
    tile.click()
    scan(till, before, code_of(network, official))
    shows(till, "good", "¥ 10.00")
    expect(tile).to_have_attribute("aria-pressed", "false")
    expect(till.get_by_role("dialog")).to_have_count(0)
    assert network.purses(official) == (9_000, 0)


@pytest.mark.parametrize("typed", [("F4",), ("F6",), ("F4", "F4", "F4"), (" ",), ("Tab", " "), ("A", "F4"), ("",)])
def test_keys_of_another_code_press_nothing(till: Page, network: Network, typed: tuple[str, ...]) -> None:
    wedge(till, code_of(network))
    shows(till, "ready")
    tile = till.get_by_role("button", name=re.compile("^工作餐"))
    tile.click()
    tile.click()
    scan(till, *typed)
    rests(till)
    expect(tile).to_have_attribute("aria-pressed", "false")
    expect(till.get_by_role("dialog")).to_have_count(0)


def test_a_code_with_something_before_it_leaves_a_field_alone(till: Page, network: Network) -> None:
    press(till, "F8")
    field = till.get_by_label("扫凭证上的码")
    field.fill("abc")
    scan(till, "12", code_of(network))
    expect(field).to_have_value("abc")
