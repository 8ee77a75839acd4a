"""F8 at the till: whatever number a diner shows is found, and what a canteen's sheet took is taken back once."""

import re
from pathlib import Path
from typing import Any

import urllib3
from playwright.sync_api import Locator, Page, expect

from tests.axe import violations
from tests.builders import Network, Official
from tests.cable import Cable, State
from tests.system.test_sheets import city as city
from tests.system.test_sheets import phone_of, sheet_of
from tests.till_page import cable as cable
from tests.till_page import code_of, new_cashier, press, result, shows, wedge
from tests.till_page import context as context
from tests.till_page import patience as patience
from tests.till_page import till as till
from tests.till_page import wired as wired


def last_number(page: Page) -> str:
    """The whole number of the last payment in the till's journal."""
    number: str = page.evaluate(
        """async () => {
          const opening = indexedDB.open("till");
          await new Promise((done) => { opening.onsuccess = done; });
          const asking = opening.result.transaction("requests").objectStore("requests").getAll();
          await new Promise((done) => { asking.onsuccess = done; });
          const paid = asking.result.filter((one) => one.operation === "charge" && one.answer);
          return JSON.parse(paid.at(-1).answer).receipt.number;
        }"""
    )
    return number


def looks_up(page: Page, text: str) -> Locator:
    """The dialog, open, with a text entered."""
    dialog = page.get_by_role("dialog")
    if dialog.count() == 0:
        press(page, "F8")
    field = dialog.get_by_label("扫凭证上的码")
    expect(field).to_be_focused()
    field.fill(text)
    dialog.get_by_role("button", name="查找").click()
    return dialog


def test_every_number_that_is_printed_or_shown_finds_the_payment(till: Page, network: Network) -> None:
    till.evaluate("window.print = () => undefined")
    wedge(till, code_of(network))
    shows(till, "ready")
    number = last_number(till)
    press(till, "F7")
    expect(till.get_by_text(re.compile("已送打印"))).to_be_visible()
    till.emulate_media(media="print")
    slip = till.locator(".slip")
    expect(slip).to_contain_text("就餐收款凭证")
    expect(slip).to_contain_text("¥ 10.00")
    expect(result(till)).to_be_hidden()
    till.emulate_media(media="screen")
    [printed] = re.findall(r"20\d{6} [0-9A-F]{4} [0-9A-F]{4}", str(slip.text_content()))
    shown = urllib3.request("GET", f"{network.url}/r/{number}?lang=zh").data.decode()
    assert printed in shown, "the number of the centre's receipt"
    address = f"{network.url}/r/{number}"
    for text in (printed, printed.replace(" ", ""), number, number[-6:].upper(), address, f"{address}/pdf"):
        found = looks_up(till, text)
        expect(found.get_by_role("status")).to_contain_text(printed)
        expect(found.get_by_role("status")).to_contain_text("本机")
    assert violations(till) == []


def test_the_codes_of_receipts_are_read_with_and_without_focus(till: Page, network: Network) -> None:
    wedge(till, code_of(network))
    shows(till, "ready")
    number = last_number(till)
    signed = urllib3.request("GET", f"{network.url}/receipts/{number}").json()["code"]
    wedge(till, signed)
    found = till.get_by_role("dialog")
    expect(found).to_contain_text("签名有效")
    expect(found).to_contain_text(number[-4:].upper())
    wedge(till, signed[:-6] + "AAAAAA")
    expect(found).to_contain_text("不是中心签发的收款凭证")
    press(till, "Escape")
    expect(found).to_have_count(0)
    press(till, "F8")
    till.keyboard.type(f"{network.url}/r/{number}")
    press(till, "Enter")
    expect(found.get_by_role("status")).to_contain_text("已收款")
    press(till, "Escape")
    wedge(till, f"{network.url}/r/{number}".upper())
    expect(found.get_by_role("status")).to_contain_text("已收款")
    looks_up(till, "xyz")
    expect(found.get_by_role("alert")).to_contain_text("这不是凭证编号")
    looks_up(till, "000000000000")
    expect(found.get_by_role("alert")).to_contain_text("没有这个编号的付款")


def test_a_receipt_of_another_canteen_is_genuine_and_not_ours(till: Page, network: Network, scratch: Path) -> None:
    paid = network.terminal(scratch, "yuyao").charge_card(network.card(network.official("yuyao")), "lunch", 1_200)
    assert paid.receipt is not None, paid
    found = looks_up(till, f"{network.url}/r/{paid.receipt.number}")
    expect(found).to_contain_text("签名有效")
    expect(found).to_contain_text("不是本食堂近一天收的")
    expect(found.get_by_role("button", name=re.compile("^撤销"))).to_have_count(0)


def pays_by_sheet(city: Network, folder: Path) -> tuple[Official, dict[str, Any]]:
    official = city.official()
    return official, phone_of(city, folder, official).pay(sheet_of(city)["code"])


def test_a_payment_by_the_canteens_code_is_found_and_taken_back_once(till: Page, city: Network, scratch: Path) -> None:
    official, paid = pays_by_sheet(city, scratch)
    before = city.purses(official)[0]
    found = looks_up(till, paid["proof"]["short_number"])
    expect(found.get_by_role("status")).to_contain_text("¥ 10.00")
    expect(found.get_by_role("status")).to_contain_text("食堂码")
    assert violations(till) == []
    found.get_by_label("重复收款").check()
    found.get_by_role("button", name="撤销 10.00 元").dblclick()
    shows(till, "look", "已撤销", "退回就餐人 10.00 元")
    till.get_by_role("button", name="知道了").click()
    assert city.purses(official)[0] == before + 1_000
    entries = city.approver.call("GET", f"/console/audit-entries?subject=payment/{paid['receipt']['number']}")["items"]
    assert [(one["action"], one["detail"]["reason"]) for one in entries] == [("void_payment", "重复收款")]
    found = looks_up(till, paid["receipt"]["number"])
    expect(found.get_by_role("status")).to_contain_text("已撤销")
    expect(found.get_by_role("button", name=re.compile("^撤销"))).to_have_count(0)


def test_a_void_whose_answer_is_lost_is_sent_again_until_it_is_known(
    wired: Page, city: Network, cable: Cable, scratch: Path
) -> None:
    official, paid = pays_by_sheet(city, scratch)
    before = city.purses(official)[0]
    found = looks_up(wired, paid["proof"]["short_number"])
    found.get_by_label("其他").check()
    cable.set(State.LOSES_ANSWERS)
    found.get_by_role("button", name="撤销 10.00 元").click()
    shows(wired, "refused", "撤销尚未得到确认")
    expect(wired.get_by_role("banner")).to_contain_text("1 笔待确认")
    wired.reload()
    expect(wired.get_by_role("banner")).to_contain_text("1 笔待确认")
    cable.set(State.WHOLE)
    shows(wired, "look", "已撤销", "退回就餐人 10.00 元")
    assert city.purses(official)[0] == before + 1_000
    wired.get_by_role("button", name="知道了").click()
    expect(wired.get_by_role("banner")).to_contain_text("全部已上传")


def test_who_may_not_void_is_told_before(till: Page, city: Network, scratch: Path) -> None:
    _, paid = pays_by_sheet(city, scratch)
    till.get_by_role("button", name="收银 陈收银").click()
    other = new_cashier(city, may_void=False)
    till.get_by_label("工号").fill(other.number)
    till.get_by_label(re.compile("^密码")).fill(other.first_pin)
    till.get_by_role("button", name="签到", exact=True).click()
    till.get_by_label("新密码（6 位数字）").fill("470391")
    till.get_by_label("再输一次新密码").fill("470391")
    till.get_by_role("button", name="签到", exact=True).click()
    shows(till, "ready")
    found = looks_up(till, paid["proof"]["short_number"])
    expect(found).to_contain_text("当前收银员无撤销权限")
    expect(found.get_by_role("button", name=re.compile("^撤销"))).to_have_count(0)
