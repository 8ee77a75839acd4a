"""The till in a real browser: enrolled once, then one diner after another, and nothing lost or taken twice."""

import io
import re
import secrets
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
import qrcode
import urllib3
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from foundation.calendar import ZONE
from tests.axe import violations
from tests.builders import Network
from tests.cable import Cable, State
from tests.conftest import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.node import ROOT
from tests.pages.test_typescript_client import kill_browser
from tests.running_system import System
from tests.till_page import (
    KEYS,
    PIN,
    SHIFTED,
    Cashier,
    address_of,
    code_of,
    enrol,
    new_cashier,
    press,
    result,
    rows,
    shows,
    sign_on,
    wedge,
)
from tests.till_page import cable as cable
from tests.till_page import context as context
from tests.till_page import patience as patience
from tests.till_page import till as till
from tests.till_page import wired as wired
from tests.waiting import wait_until

# How a code comes in.


def test_a_code_that_a_scanner_types_is_paid_without_any_focus(till: Page, network: Network) -> None:
    official = network.official()
    wedge(till, code_of(network, official))
    shows(till, "good", "¥ 10.00", "已收款", "王**", "本单位")
    assert network.purses(official) == (9_000, 0)
    shows(till, "ready", "午餐", "本单位 ¥10.00", "请出示付款码")
    expect(rows(till)).to_have_count(1)
    expect(rows(till)).to_contain_text("10.00")


def test_a_scanner_that_reads_twice_takes_one_payment(till: Page, network: Network) -> None:
    official = network.official()
    code = code_of(network, official)
    wedge(till, code)
    wedge(till, code)
    shows(till, "ready")
    expect(rows(till)).to_have_count(1)
    assert network.purses(official) == (9_000, 0)


def test_a_visitor_pays_his_price_and_the_next_diner_need_not_wait(till: Page, network: Network) -> None:
    wedge(till, code_of(network, network.official("yuyao")))
    shows(till, "good", "¥ 40.00", "外单位")
    wedge(till, code_of(network))
    shows(till, "good", "¥ 10.00")
    expect(rows(till)).to_have_count(2)


def test_pauses_of_a_busy_machine_lose_no_code(till: Page, network: Network) -> None:
    code = code_of(network)
    for first in range(0, len(code), 26):
        wedge(till, code[first : first + 26], ends="")
        till.wait_for_timeout(600)
    shows(till, "good", "¥ 10.00")


def test_a_long_code_is_taken_as_well(till: Page, network: Network) -> None:
    phone = network.phone(network.official())
    wedge(till, phone.show_code(canteen_id=network.canteen_id("yinzhou")))
    shows(till, "good", "¥ 10.00")


def test_an_input_method_is_told_and_the_code_is_read_all_the_same(till: Page, network: Network) -> None:
    devtools = till.context.new_cdp_session(till)
    for character in code_of(network):
        key = SHIFTED.get(character) or KEYS.get(character) or f"Key{character}"
        shift = 8 if character in SHIFTED or character.isalpha() else 0
        event = {"key": "Process", "code": key, "windowsVirtualKeyCode": 229, "modifiers": shift}
        devtools.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **event})
        devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})
    shows(till, "good", "¥ 10.00")
    expect(till.get_by_text("输入法可能吃掉扫码器的字符")).to_be_visible()


def test_what_is_no_code_of_ours_is_refused_and_its_enter_presses_nothing(till: Page, network: Network) -> None:
    wedge(till, "6901234567892")
    shows(till, "refused", "不是本网的付款码")
    wedge(till, "6901234567892")
    shows(till, "refused", "刚才的扫码没有处理")
    till.get_by_role("button", name="知道了").click()
    code = code_of(network)
    wedge(till, code[:60] + code[61:])
    shows(till, "refused", "扫码不完整")
    expect(rows(till)).to_have_count(0)


# Of keys without Shift: what a scanner types that has lost it.
WITHOUT_SHIFT = str.maketrans("$%*+:", "4580;")


def test_a_scanner_that_loses_shift_is_told_from_a_bad_code(till: Page, network: Network) -> None:
    code = code_of(network)
    till.keyboard.type(code.translate(WITHOUT_SHIFT).lower())
    till.keyboard.press("Enter")
    shows(till, "refused", "请检查扫码器的键盘设置")
    expect(rows(till)).to_have_count(0)
    press(till, "Escape")
    wedge(till, code[:4] + code[4:].translate(WITHOUT_SHIFT).replace(";", "6"))
    shows(till, "refused", "请检查扫码器的键盘设置")
    press(till, "Escape")
    wedge(till, code)
    shows(till, "good")


def test_a_scan_while_a_field_has_the_focus_leaves_the_field_alone(till: Page, network: Network) -> None:
    press(till, "F8")
    field = till.get_by_label("扫凭证上的码")
    field.fill("abc")
    wedge(till, code_of(network))
    expect(field).to_have_value("abc")
    expect(rows(till)).to_have_count(0)


def test_a_camera_reads_a_code(browser: Browser, network: Network, scratch: Path) -> None:
    film = scratch / f"{secrets.token_hex(4)}.mjpeg"
    film.write_bytes(b"")
    arguments = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    chromium = browser.browser_type.launch(executable_path=CHROMIUM, args=[*CHROMIUM_ARGUMENTS, *arguments])
    page = chromium.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800}).new_page()
    enrol(page, network)
    sign_on(page, new_cashier(network))
    official = network.official()
    picture = Image.new("RGB", (1280, 720), "white")
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=10)
    code.add_data(code_of(network, official))
    picture.paste(code.make_image().convert("RGB"), (400, 100))
    frame = io.BytesIO()
    picture.save(frame, "JPEG", quality=90)
    film.write_bytes(frame.getvalue() * 30)
    page.get_by_role("button", name="摄像头扫码").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("10.00")
    shows(page, "ready")
    assert network.purses(official) == (9_000, 0), "what stays in the picture is scanned once"
    page.get_by_role("button", name="摄像头扫码").click()
    expect(page.get_by_label("摄像头画面")).to_have_count(0)
    chromium.close()


def test_a_scanner_at_a_serial_port_is_read(context: BrowserContext, network: Network) -> None:
    """The port is one of the script's: no browser has a fake one."""
    context.add_init_script(
        """
        let feed;
        const readable = new ReadableStream({ start: (controller) => { feed = controller; } });
        const port = { readable, open: async () => {}, close: async () => {} };
        const serial = { requestPort: async () => port, getPorts: async () => [] };
        Object.defineProperty(navigator, "serial", { value: serial });
        window.feedPort = (text) => feed.enqueue(new TextEncoder().encode(text));
        """
    )
    page = context.new_page()
    enrol(page, network)
    sign_on(page, new_cashier(network))
    page.get_by_role("button", name="连接串口扫码器").click()
    expect(page.get_by_role("button", name="串口扫码器已连接")).to_be_visible()
    code = code_of(network)
    for part in (code[:50], code[50:] + "\r", "\n"):
        page.evaluate("text => window.feedPort(text)", part)
    shows(page, "good", "¥ 10.00")


# What became of it.


def test_a_refusal_says_what_to_do_and_stays_until_it_was_seen(till: Page, network: Network) -> None:
    wedge(till, code_of(network, network.official(cash_fen=100)))
    shows(till, "refused", "未收款", "余额不足", "请充值后重试")
    wedge(till, code_of(network))
    shows(till, "refused", "刚才的扫码没有处理")
    press(till, "Escape")
    shows(till, "ready")
    press(till, "F9")
    shows(till, "refused", "余额不足")
    press(till, "Escape")
    wedge(till, code_of(network))
    shows(till, "good")


def test_each_result_has_a_sound_of_its_own(context: BrowserContext, network: Network) -> None:
    context.add_init_script(
        """
        window.heard = [];
        const Plain = window.OscillatorNode;
        window.OscillatorNode = class extends Plain {
          constructor(audio, options) { super(audio, options); window.heard.push(options.frequency); }
        };
        """
    )
    page, phone = context.new_page(), network.phone(network.official())
    enrol(page, network)
    sign_on(page, new_cashier(network))

    def heard_with(code: str, look: str) -> tuple[int, ...]:
        page.evaluate("window.heard.length = 0")
        wedge(page, code)
        shows(page, look)
        return tuple(page.evaluate("window.heard"))

    good = heard_with(phone.show_short_code(), "good")
    shows(page, "ready")
    look = heard_with(phone.show_short_code(), "look")
    press(page, "Escape")
    refused = heard_with(code_of(network, network.official(cash_fen=100)), "refused")
    assert len({good, look, refused}) == 3
    assert min(len(good), len(look), len(refused)) >= 2


def test_a_diner_who_pays_twice_is_asked_about(till: Page, network: Network) -> None:
    official = network.official()
    phone = network.phone(official)
    wedge(till, phone.show_short_code())
    shows(till, "good")
    shows(till, "ready")
    wedge(till, phone.show_short_code())
    shows(till, "look", "要收第二份吗")
    press(till, "Escape")
    shows(till, "ready")
    assert network.purses(official) == (9_000, 0)
    wedge(till, phone.show_short_code())
    shows(till, "look")
    press(till, "+")
    shows(till, "good")
    assert network.purses(official) == (8_000, 0)


def test_a_price_that_the_cashier_enters(context: BrowserContext, network: Network) -> None:
    page = context.new_page()
    enrol(page, network, agency="yuyao")
    sign_on(page, new_cashier(network, "yuyao"))
    wedge(page, code_of(network))
    shows(page, "refused", "未输入金额")
    press(page, "Escape")
    page.keyboard.type("12.5", delay=120)
    shows(page, "ready", "¥ 12.5")
    page.keyboard.type("999", delay=120)
    shows(page, "ready", "¥ 12.59")
    press(page, "Backspace")
    wedge(page, code_of(network))
    shows(page, "good", "¥ 12.50")
    shows(page, "ready", "请先输入金额")
    page.get_by_role("button", name="8", exact=True).click()
    shows(page, "ready", "¥ 8")


def test_a_void_gives_back_and_says_so(till: Page, network: Network) -> None:
    official = network.official()
    wedge(till, code_of(network, official))
    shows(till, "ready")
    press(till, "F6")
    dialog = till.get_by_role("dialog")
    dialog.get_by_role("button", name="撤销 10.00 元").click()
    expect(dialog.get_by_role("alert")).to_have_text("请先选择撤销原因。")
    dialog.get_by_label("餐次错误").check()
    expect(dialog.get_by_role("alert")).to_have_count(0)
    dialog.get_by_role("button", name="撤销 10.00 元").click()
    shows(till, "look", "已撤销", "退回就餐人 10.00 元")
    assert network.purses(official) == (10_000, 0)
    till.get_by_role("button", name="知道了").click()
    expect(rows(till)).to_contain_text("已撤销")


def test_a_cashier_who_may_not_void_is_told(context: BrowserContext, network: Network) -> None:
    page = context.new_page()
    enrol(page, network)
    sign_on(page, new_cashier(network, may_void=False))
    wedge(page, code_of(network))
    expect(rows(page)).to_have_count(1)
    shows(page, "ready")
    press(page, "F6")
    expect(page.get_by_role("dialog")).to_contain_text("当前收银员无撤销权限")


# What has no answer.


def test_an_answer_that_was_lost_is_asked_for_under_the_same_number(
    wired: Page, network: Network, cable: Cable
) -> None:
    official = network.official()
    cable.set(State.LOSES_ANSWERS)
    wedge(wired, code_of(network, official))
    shows(wired, "unknown", "结果未知", "请勿让就餐人再次付款")
    wedge(wired, code_of(network))
    shows(wired, "unknown", "刚才的扫码没有处理")
    expect(wired.get_by_role("banner")).to_contain_text("1 笔待确认")
    cable.set(State.WHOLE)
    shows(wired, "look", "¥ 10.00", "刚刚得到确认")
    assert network.purses(official) == (9_000, 0)
    wired.get_by_role("button", name="知道了").click()
    expect(rows(wired)).to_have_count(1)
    expect(wired.get_by_role("banner")).to_contain_text("全部已上传")


def test_the_cashier_does_not_wait_and_the_payment_is_voided(wired: Page, network: Network, cable: Cable) -> None:
    official = network.official()
    cable.set(State.LOSES_ANSWERS)
    wedge(wired, code_of(network, official))
    shows(wired, "unknown")
    wired.get_by_role("button", name="不等了").click()
    shows(wired, "unknown", "正在撤销")
    cable.set(State.WHOLE)
    shows(wired, "look", "已撤销")
    assert network.purses(official) == (10_000, 0)


def test_what_stays_unknown_is_voided_by_the_till(wired: Page, network: Network, cable: Cable) -> None:
    official = network.official()
    cable.set(State.LOSES_ANSWERS)
    wedge(wired, code_of(network, official))
    shows(wired, "unknown", "20 秒后自动撤销")
    expect(result(wired)).to_contain_text("正在撤销")
    cable.set(State.WHOLE)
    shows(wired, "look", "已撤销")
    assert network.purses(official) == (10_000, 0)


def test_who_cannot_wait_for_the_network_sets_the_payment_aside(wired: Page, network: Network, cable: Cable) -> None:
    official = network.official()
    cable.set(State.LOSES_ANSWERS)
    wedge(wired, code_of(network, official))
    shows(wired, "unknown", "秒后自动撤销")
    cable.set(State.CUT)
    wired.get_by_role("button", name="不等了").click()
    shows(wired, "unknown", "正在撤销", "请勿让就餐人离开")
    expect(wired.get_by_role("banner")).to_contain_text("1 笔待确认")
    aside = wired.get_by_role("button", name="先放一边")
    aside.click()
    shows(wired, "refused", "停止收款")
    expect(wired.get_by_role("banner")).to_contain_text("1 笔待确认")
    cable.set(State.WHOLE)
    shows(wired, "look", "已撤销", "退回就餐人 10.00 元")
    assert network.purses(official) == (10_000, 0)
    wired.get_by_role("button", name="知道了").click()
    expect(rows(wired)).to_contain_text("已撤销")
    expect(wired.get_by_role("banner")).to_contain_text("全部已上传")


def test_what_was_set_aside_is_voided_after_a_restart_by_a_cashier(wired: Page, network: Network, cable: Cable) -> None:
    official = network.official()
    cable.set(State.HOLDS_ANSWERS)
    wedge(wired, code_of(network, official))
    wait_until(lambda: network.purses(official) == (9_000, 0))
    cable.set(State.CUT)
    wired.get_by_role("button", name="不等了").click()
    wired.get_by_role("button", name="先放一边").click()
    shows(wired, "refused", "停止收款")
    wired.reload()
    shows(wired, "refused", "停止收款")
    cable.set(State.WHOLE)
    expect(wired.get_by_text("要由可撤销的收银员签到后才能撤销")).to_be_visible()
    assert network.purses(official) == (9_000, 0)
    other = new_cashier(network)
    wired.get_by_role("button", name="未签到").click()
    wired.get_by_label("工号").fill(other.number)
    wired.get_by_label(re.compile("^密码")).fill(other.first_pin)
    wired.get_by_role("button", name="签到", exact=True).click()
    wired.get_by_label("新密码（6 位数字）").fill(PIN)
    wired.get_by_label("再输一次新密码").fill(PIN)
    wired.get_by_role("button", name="签到", exact=True).click()
    shows(wired, "look", "已撤销", "退回就餐人 10.00 元")
    assert network.purses(official) == (10_000, 0)


def test_a_till_without_the_centre_stops_and_goes_on_by_itself(wired: Page, network: Network, cable: Cable) -> None:
    cable.set(State.CUT)
    wired.reload()
    shows(wired, "refused", "停止收款", "连不上中心")
    expect(wired.get_by_role("banner")).to_contain_text("连不上中心")
    official = network.official()
    code = code_of(network, official)
    wedge(wired, code)
    shows(wired, "refused", "连不上中心，没有收款")
    wired.get_by_role("button", name="知道了").click()
    cable.set(State.WHOLE)
    shows(wired, "ready", "请出示付款码")
    wedge(wired, code_of(network, official))
    shows(wired, "good")
    assert network.purses(official) == (9_000, 0)


def test_a_reload_between_journal_and_answer_loses_and_doubles_nothing(
    wired: Page, network: Network, cable: Cable
) -> None:
    official = network.official()
    cable.set(State.HOLDS_ANSWERS)
    wedge(wired, code_of(network, official))
    wait_until(lambda: network.purses(official) == (9_000, 0))
    wired.reload()
    cable.set(State.WHOLE)
    shows(wired, "look", "¥ 10.00", "刚刚得到确认")
    assert network.purses(official) == (9_000, 0)
    wired.get_by_role("button", name="知道了").click()
    expect(rows(wired)).to_have_count(1)


def test_a_browser_killed_between_journal_and_answer_loses_and_doubles_nothing(
    browser: Browser, network: Network, cable: Cable, scratch: Path
) -> None:
    profile, official = scratch / f"till-{secrets.token_hex(4)}", network.official()
    launch = partial(
        browser.browser_type.launch_persistent_context,
        profile,
        executable_path=CHROMIUM,
        args=CHROMIUM_ARGUMENTS,
        locale="zh-CN",
    )
    page = launch().new_page()
    enrol(page, network, cable.url)
    sign_on(page, new_cashier(network))
    cable.set(State.HOLDS_ANSWERS)
    wedge(page, code_of(network, official))
    wait_until(lambda: network.purses(official) == (9_000, 0))
    kill_browser(profile)
    cable.set(State.WHOLE)
    context = launch()
    page = context.new_page()
    page.goto(f"{cable.url}/till/")
    shows(page, "look", "¥ 10.00", "刚刚得到确认")
    page.get_by_role("button", name="知道了").click()
    expect(rows(page)).to_have_count(1)
    context.close()
    assert network.purses(official) == (9_000, 0)


# One tab, one device.


def test_a_second_tab_says_so_and_takes_over(till: Page, network: Network) -> None:
    other = till.context.new_page()
    other.goto(f"{network.url}/till/")
    expect(other.get_by_role("alert")).to_contain_text("已在另一个标签页打开")
    wedge(other, code_of(network))
    expect(result(other)).to_have_count(0)
    other.get_by_role("button", name="在这里使用").click()
    expect(till.get_by_role("alert")).to_contain_text("已转到另一个标签页")
    official = network.official()
    code = code_of(network, official)
    wedge(till, code)
    shows(other, "ready")
    assert network.purses(official) == (10_000, 0), "the first tab does nothing more"
    wedge(other, code)
    shows(other, "good")
    assert network.purses(official) == (9_000, 0)


def test_the_key_stays_in_the_browser_and_whether_the_journal_does_is_shown(till: Page) -> None:
    keys = till.evaluate(
        """async () => {
          const opening = indexedDB.open("till");
          await new Promise((done) => { opening.onsuccess = done; });
          const asking = opening.result.transaction("values").objectStore("values").get("identity");
          await new Promise((done) => { asking.onsuccess = done; });
          return [asking.result.key.privateKey.extractable, await navigator.storage.persisted()];
        }"""
    )
    assert keys[0] is False
    expect(till.get_by_text("没有承诺保留本机流水")).to_have_count(0 if keys[1] else 1)


def test_a_slip_does_not_replace_a_terminal_unasked(till: Page, network: Network) -> None:
    till.goto(address_of(network).replace("/till/", "/till/?again"))
    expect(till.get_by_text("本机已是一台终端")).to_be_visible()
    till.get_by_role("button", name="启用本机").click()
    expect(till.get_by_role("alert")).to_contain_text("存有另一台终端的流水")
    till.get_by_role("link", name="保留现在的终端").click()
    shows(till, "ready")


@pytest.mark.parametrize("field", ["", "启用编号", "中心公钥"])
def test_a_slip_that_is_scanned_enrols_whatever_has_the_focus(
    context: BrowserContext, network: Network, field: str
) -> None:
    page = context.new_page()
    page.goto(f"{network.url}/till/")
    expect(page.get_by_label("启用编号")).to_be_focused()
    if field:
        page.get_by_label(field, exact=True).focus()
    else:
        page.evaluate("document.activeElement.blur()")
    page.keyboard.type(address_of(network))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="签到开班")).to_be_visible()
    expect(page.get_by_text("号终端")).to_be_visible()


def test_an_address_with_a_slip_says_what_is_left_to_do(context: BrowserContext, network: Network) -> None:
    page = context.new_page()
    page.goto(address_of(network))
    expect(page.get_by_role("status")).to_contain_text("启用单已填好，请按“启用本机”")


def test_a_wrong_slip_is_told(context: BrowserContext, network: Network) -> None:
    page = context.new_page()
    page.goto(re.sub(r"[A-Z2-7]{16}", "A" * 16, address_of(network)))
    page.get_by_role("button", name="启用本机").click()
    expect(page.get_by_role("alert")).to_contain_text("启用码无效")
    page.get_by_label("启用码").fill("A")
    page.get_by_role("button", name="启用本机").click()
    expect(page.get_by_role("alert")).to_contain_text("启用码 16 位")


@pytest.mark.parametrize(("minutes", "word"), [(10, "快约 10 分钟"), (-10, "慢约 10 分钟")])
def test_a_clock_that_is_wrong_is_told_and_payments_have_the_centres_time(
    context: BrowserContext, network: Network, minutes: int, word: str
) -> None:
    context.add_init_script(f"const now = Date.now; Date.now = () => now() + {minutes * 60_000};")
    page = context.new_page()
    enrol(page, network)
    sign_on(page, new_cashier(network))
    expect(page.get_by_text(word)).to_be_visible()
    wedge(page, code_of(network))
    shows(page, "good", "¥ 10.00")


def test_a_clock_that_is_set_while_the_till_is_open_costs_no_payment(till: Page, network: Network) -> None:
    till.evaluate("const now = Date.now; Date.now = () => now() + 600_000;")
    expect(till.get_by_text("快约 10 分钟")).to_be_visible()
    wedge(till, code_of(network))
    shows(till, "good", "¥ 10.00")


def test_an_old_block_list_is_told(wired: Page, cable: Cable) -> None:
    shows(wired, "ready")
    wait_until(lambda: kept(wired, "block-list")["currentAt"] > 0)
    wired.evaluate(
        """async () => {
          const opening = indexedDB.open("till");
          await new Promise((done) => { opening.onsuccess = done; });
          const values = opening.result.transaction("values", "readwrite").objectStore("values");
          const asking = values.get("block-list");
          await new Promise((done) => { asking.onsuccess = done; });
          values.put({ ...asking.result, currentAt: asking.result.currentAt - 8 * 86_400 }, "block-list");
        }"""
    )
    cable.set(State.CUT)
    wired.reload()
    expect(wired.get_by_text("止付名单已过期")).to_be_visible()
    cable.set(State.WHOLE)
    expect(wired.get_by_text("止付名单已过期")).to_have_count(0)


def kept(page: Page, name: str) -> Any:
    """A value that the till keeps on its disk."""
    return page.evaluate(
        """async (name) => {
          const opening = indexedDB.open("till");
          await new Promise((done) => { opening.onsuccess = done; });
          const asking = opening.result.transaction("values").objectStore("values").get(name);
          await new Promise((done) => { asking.onsuccess = done; });
          return asking.result;
        }""",
        name,
    )


def test_a_new_build_is_taken_between_two_diners(till: Page, network: Network) -> None:
    """The same worker at another address is another build to the browser."""
    till.wait_for_function("navigator.serviceWorker.ready.then((found) => found.active?.state === 'activated')")
    till.reload()
    shows(till, "ready")
    till.evaluate("void navigator.serviceWorker.register('/till/sw.js?newer', { scope: '/till/' })")
    update = till.get_by_role("button", name="现在更新")
    expect(update).to_be_enabled()
    wedge(till, code_of(network, network.official(cash_fen=100)))
    shows(till, "refused")
    expect(update).to_be_disabled()
    press(till, "Escape")
    shows(till, "ready")
    with till.expect_navigation():
        update.click()
    shows(till, "ready")
    assert till.evaluate("navigator.serviceWorker.controller.scriptURL").endswith("sw.js?newer")
    expect(rows(till)).to_have_count(1)


# Cashiers and shifts.


def test_new_hours_are_soon_at_the_till(till: Page, network: Network) -> None:
    path = f"/registry/canteens/{network.canteen_id('yinzhou')}/days/{datetime.now(ZONE).date()}"
    header = till.get_by_role("banner")
    served = [{"meal": "lunch", "starts": "00:10:00", "ends": "23:50:00"}]
    network.centre.call("PUT", path, {"meals": served, "reason": "会议"})
    try:
        expect(header).to_contain_text("午餐 00:10–23:50", timeout=180_000)
    finally:
        network.centre.call("DELETE", path)


def test_a_working_meal_says_on_which_meal_it_is_booked(till: Page) -> None:
    press(till, "F4")
    shows(till, "ready", "工作餐", "记在午餐")


def test_language_and_type_are_chosen_between_two_diners(till: Page, network: Network) -> None:
    till.get_by_role("button", name="大字").click()
    expect(till.locator("html")).to_have_attribute("data-type", "large")
    for name in ("撤销上一笔", "合计与交班", "标准字号"):
        expect(till.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    expect(till.get_by_text("本班 0 笔")).to_be_in_viewport(ratio=1)
    wedge(till, code_of(network, network.official(cash_fen=100)))
    expect(till.get_by_role("button", name="知道了")).to_be_in_viewport(ratio=1)
    press(till, "Escape")
    till.get_by_role("button", name="标准字号").click()
    till.get_by_role("button", name="English").click()
    expect(till.get_by_role("button", name="中文")).to_be_visible()


def test_a_cashier_who_was_sent_away_is_asked_to_sign_on(till: Page, network: Network) -> None:
    path = f"/registry/canteens/{network.canteen_id('yinzhou')}/cashiers-required"
    network.centre.call("POST", path, {"required": True})
    try:
        cashier_id = kept(till, "cashier")["cashier_id"]
        network.centre.call("POST", f"/console/cashiers/{cashier_id}/suspension", {"reason": "调查"})

        def is_refused() -> bool:
            # Workers hear of it within three seconds.
            if result(till).get_attribute("class") == "result ready":
                wedge(till, code_of(network))
            return "收银员未签到" in result(till).inner_text()

        wait_until(is_refused)
        till.get_by_role("button", name="知道了").click()
        expect(till.get_by_role("heading", name="签到开班")).to_be_visible()
        other = new_cashier(network)
        till.get_by_label("工号").fill(other.number)
        till.get_by_label(re.compile("^密码")).fill("000000")
        till.get_by_role("button", name="签到", exact=True).click()
        expect(till.get_by_role("alert")).to_contain_text("工号或密码错误")
    finally:
        network.centre.call("POST", path, {"required": False})


def test_the_end_of_a_shift_is_what_the_centre_has(till: Page, network: Network) -> None:
    for official in (network.official(), network.official("yuyao"), network.official(cash_fen=100)):
        wedge(till, code_of(network, official))
        expect(rows(till).first).to_contain_text(re.compile("10.00|40.00|余额不足"))
    till.get_by_role("button", name="知道了").click()
    expect(till.get_by_text("本班 2 笔 · 50.00 元")).to_be_visible()
    press(till, "F10")
    table = till.get_by_role("table", name="本班收款")
    expect(table.get_by_role("row", name="午餐")).to_contain_text("50.00")
    expect(table.get_by_role("row", name="未收：余额不足")).to_contain_text("1")
    expect(table.get_by_role("row", name="合计")).to_contain_text("50.00")
    till.get_by_role("button", name="与中心核对").click()
    expect(till.get_by_text("与中心逐笔一致。")).to_be_visible()
    till.get_by_role("button", name="交班", exact=True).click()
    till.get_by_role("button", name="先不交班").click()
    till.get_by_role("button", name="交班", exact=True).click()
    till.get_by_role("button", name="确定交班").click()
    expect(till.get_by_role("heading", name="已交班")).to_be_visible()
    expect(till.get_by_text("2 笔，50.00 元")).to_be_visible()
    expect(table.get_by_role("row", name="合计")).to_contain_text("50.00")
    till.get_by_role("button", name="下一班签到").click()
    expect(till.get_by_role("heading", name="签到开班")).to_be_visible()
    expect(till.get_by_label("钱箱编号")).to_have_value("1")


def test_a_payment_that_the_till_forgot_is_shown_line_by_line(till: Page, network: Network) -> None:
    wedge(till, code_of(network))
    shows(till, "ready")
    wedge(till, code_of(network))
    shows(till, "ready")
    till.evaluate(
        """async () => {
          const opening = indexedDB.open("till");
          await new Promise((done) => { opening.onsuccess = done; });
          const requests = opening.result.transaction("requests", "readwrite").objectStore("requests");
          const asking = requests.getAllKeys();
          await new Promise((done) => { asking.onsuccess = done; });
          requests.delete(asking.result.at(-2));
        }"""
    )
    press(till, "F10")
    till.get_by_role("button", name="与中心核对").click()
    table = till.get_by_role("table", name="1 笔与中心不一致")
    expect(table.get_by_role("row").nth(1)).to_contain_text("无")
    expect(table.get_by_role("row").nth(1)).to_contain_text("已收款 10.00")
    till.get_by_role("button", name="交班", exact=True).click()
    till.get_by_role("button", name="确定交班").click()
    expect(till.get_by_role("alert")).to_contain_text("本班还没有交清")
    expect(till.get_by_role("button", name="再次核对并交班")).to_be_enabled()


def test_a_shift_is_not_closed_while_something_has_no_answer(wired: Page, network: Network, cable: Cable) -> None:
    wedge(wired, code_of(network))
    shows(wired, "ready")
    press(wired, "F6")
    cable.set(State.LOSES_ANSWERS)
    wired.get_by_role("dialog").get_by_label("其他").check()
    wired.get_by_role("dialog").get_by_role("button", name="撤销 10.00 元").click()
    shows(wired, "refused", "撤销尚未得到确认")
    wired.get_by_role("button", name="知道了").click()
    press(wired, "F10")
    expect(wired.get_by_role("alert")).to_contain_text("1 笔没有得到中心确认")
    expect(wired.get_by_role("button", name="交班", exact=True)).to_be_disabled()
    cable.set(State.WHOLE)
    wired.get_by_role("button", name="交班", exact=True).click()
    wired.get_by_role("button", name="确定交班").click()
    expect(wired.get_by_role("heading", name="已交班")).to_be_visible()


def test_a_cashier_whose_session_has_ended_is_told(till: Page, network: Network) -> None:
    till.reload()
    expect(till.get_by_text("收银员签到已失效")).to_be_visible()
    wedge(till, code_of(network))
    shows(till, "good")


# For everybody.


def tab_to(page: Page, name: str | re.Pattern[str], role: Any = "button") -> None:
    """Press Tab until it has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.get_by_role(role, name=name).first.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"no way to {name} by keyboard")


def test_everything_is_done_by_keyboard(context: BrowserContext, network: Network) -> None:
    cashier, page = new_cashier(network), context.new_page()
    page.goto(address_of(network))
    expect(page.get_by_role("button", name="启用本机")).to_be_focused()
    press(page, "Enter")
    expect(page.get_by_role("heading", name="签到开班")).to_be_visible()
    expect(page.get_by_label("工号")).to_be_focused()
    page.keyboard.type(cashier.number)
    page.keyboard.press("Tab")
    page.keyboard.type(cashier.first_pin)
    press(page, "Enter")
    expect(page.get_by_label("新密码（6 位数字）")).to_be_focused()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.keyboard.type(PIN)
    page.keyboard.press("Tab")
    page.keyboard.type(PIN)
    press(page, "Enter")
    shows(page, "ready")
    press(page, "F2")
    wedge(page, code_of(network))
    shows(page, "good")
    shows(page, "ready")
    press(page, "F6")
    tab_to(page, "餐次错误", "radio")
    press(page, "Space")
    tab_to(page, "撤销 10.00 元")
    press(page, "Enter")
    shows(page, "look", "已撤销")
    tab_to(page, "知道了")
    press(page, "Enter")
    shows(page, "ready")
    press(page, "F10")
    tab_to(page, "交班")
    press(page, "Enter")
    tab_to(page, "确定交班")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="已交班")).to_be_visible()


def test_every_state_can_be_read_by_everybody(wired: Page, network: Network, cable: Cable) -> None:
    """WCAG 2.2 AA by axe-core: in the light and in the dark, in large type, on a tablet and on a wide screen."""

    def check(state: str) -> None:
        ways: list[tuple[Literal["light", "dark"], int, str]]
        ways = [("light", 1280, "usual"), ("dark", 820, "usual"), ("light", 820, "large")]
        for scheme, width, size in ways:
            wired.emulate_media(color_scheme=scheme)
            wired.set_viewport_size({"width": width, "height": 1_180 if width == 820 else 800})
            wired.evaluate("size => { document.documentElement.dataset.type = size }", size)
            found = violations(wired)
            assert found == [], f"{state}, {scheme}, {width}, {size}"
            is_wider = wired.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not is_wider, f"{state}, {scheme}, {width}, {size}: wider than the screen"

    official = network.official()
    phone = network.phone(official)
    wired.evaluate("window.print = () => undefined")
    check("ready")
    wedge(wired, phone.show_short_code())
    shows(wired, "good")
    shows(wired, "ready")
    press(wired, "F9")
    check("good")
    shows(wired, "ready")
    wedge(wired, phone.show_short_code())
    check("asked about a second meal")
    press(wired, "Escape")
    wedge(wired, code_of(network, network.official(cash_fen=100)))
    shows(wired, "refused")
    wedge(wired, code_of(network))
    check("refused, and scanned once more")
    press(wired, "Escape")
    press(wired, "F6")
    check("a payment")
    press(wired, "Escape")
    press(wired, "F8")
    check("a receipt is looked for")
    press(wired, "Escape")
    press(wired, "F10")
    wired.get_by_role("button", name="与中心核对").click()
    expect(wired.get_by_text("与中心逐笔一致。")).to_be_visible()
    wired.get_by_role("button", name="交班", exact=True).click()
    check("end of the shift")
    wired.get_by_role("button", name="先不交班").click()
    wired.get_by_role("button", name="返回收银").click()
    wired.get_by_role("button", name="收银 陈收银").click()
    check("signing on")
    wired.get_by_role("button", name="返回收银").click()
    cable.set(State.LOSES_ANSWERS)
    wedge(wired, code_of(network))
    shows(wired, "unknown")
    check("unknown")
    cable.set(State.WHOLE)
    shows(wired, "look")
    check("good, but look")
    other = wired.context.new_page()
    other.goto(f"{cable.url}/till/")
    assert violations(other) == []


def test_the_till_speaks_english(browser: Browser, network: Network) -> None:
    cashier = new_cashier(network)
    context = browser.new_context(locale="en-GB", viewport={"width": 820, "height": 1_180})
    page = context.new_page()
    page.goto(address_of(network))
    assert violations(page) == []
    page.get_by_role("button", name="Enrol this device").click()
    expect(page.get_by_role("heading", name="Sign on")).to_be_visible()
    page.get_by_label("Number").fill(cashier.number)
    page.get_by_label(re.compile("^PIN")).fill(cashier.first_pin)
    page.get_by_role("button", name="Sign on and open the shift").click()
    page.get_by_label("New PIN (6 digits)").fill(PIN)
    page.get_by_label("The new PIN once more").fill(PIN)
    assert violations(page) == []
    page.get_by_role("button", name="Sign on and open the shift").click()
    page.get_by_role("button", name=re.compile("^lunch")).click()
    wedge(page, code_of(network, network.official(cash_fen=100)))
    expect(page.get_by_role("region", name="Result")).to_contain_text("Insufficient funds")
    assert violations(page) == []
    assert not re.search(r"[\u4e00-\u9fff]", page.get_by_role("main").inner_text())
    context.close()


FIRST_LOAD_MAX_BYTES = 60 * 1024
"""Of everything but the wasm of the camera, as it is sent."""


def test_the_first_load_is_small() -> None:
    dist = ROOT / "web" / "dist" / "till"
    sent = [path for path in dist.rglob("*.br") if ".wasm" not in path.name]
    assert len(sent) >= 5
    assert sum(path.stat().st_size for path in sent) <= FIRST_LOAD_MAX_BYTES
    worker = (dist / "sw.js").read_text(encoding="utf-8")
    assert ".wasm" not in worker, "fetched when a camera is wanted"


def test_only_what_reads_a_camera_may_compile(network: Network) -> None:
    def policy(path: str) -> str:
        return urllib3.request("GET", f"{network.url}{path}").headers["content-security-policy"]

    [decoder] = (ROOT / "web" / "dist" / "till" / "assets").glob("decoder-*.js")
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy(f"/till/assets/{decoder.name}")
    for path in ("/till/", "/phone/", "/counter/", "/", "/account"):
        assert "unsafe" not in policy(path)


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


def test_who_paid_is_told_once(till: Page, network: Network) -> None:
    wedge(till, code_of(network))
    expect(result(till)).to_contain_text("王**")
    shows(till, "ready")
    press(till, "F9")
    shows(till, "good", "¥ 10.00")
    expect(result(till)).not_to_contain_text("王**")


def first_sign_on_without_answer(context: BrowserContext, network: Network, cable: Cable) -> Page:
    """A till at which a cashier chose his PIN, and nobody knows whether the centre heard it."""
    page = context.new_page()
    enrol(page, network, cable.url)
    cashier = new_cashier(network)
    page.get_by_label("工号").fill(cashier.number)
    page.get_by_label(re.compile("^密码")).fill(cashier.first_pin)
    page.get_by_role("button", name="签到并开班").click()
    page.get_by_label("新密码（6 位数字）").fill(PIN)
    page.get_by_label("再输一次新密码").fill(PIN)
    cable.set(State.LOSES_ANSWERS)
    page.get_by_role("button", name="签到并开班").click()
    expect(page.get_by_role("alert")).to_contain_text("新密码可能已经生效")
    cable.set(State.WHOLE)
    return page


def test_a_first_sign_on_whose_answer_was_lost_is_repeated(
    context: BrowserContext, network: Network, cable: Cable
) -> None:
    page = first_sign_on_without_answer(context, network, cable)
    page.get_by_role("button", name="签到并开班").click()
    expect(page.get_by_role("button", name="收银 陈收银")).to_be_visible()


def test_a_new_pin_that_holds_already_is_asked_for(context: BrowserContext, network: Network, cable: Cable) -> None:
    page = first_sign_on_without_answer(context, network, cable)
    page.get_by_label("新密码（6 位数字）").fill("582614")
    page.get_by_label("再输一次新密码").fill("582614")
    page.get_by_role("button", name="签到并开班").click()
    expect(page.get_by_role("alert")).to_contain_text("请在“密码”一栏输入新密码")
    page.get_by_label(re.compile("^密码")).fill(PIN)
    page.get_by_role("button", name="签到并开班").click()
    expect(page.get_by_role("button", name="收银 陈收银")).to_be_visible()
