"""One lunch at a counter, with everything that people look at: phone, till, display and live page, each a real page."""

from pathlib import Path

import pypdfium2 as pdfium
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.builders import Network
from tests.pages.test_counter import display_of
from tests.pages.test_phone import activated, code_on
from tests.pages.test_phone_sheets import PROOF, pay
from tests.system.test_sheets import city as city
from tests.system.test_sheets import sheet_of
from tests.till_page import SLOW_MS, enrol, new_cashier, sign_on, wedge
from tests.waiting import wait_until

COVERS = """[...document.querySelectorAll("#canteens td:nth-child(3)")]
    .map((cell) => Number(cell.innerText.replaceAll(",", ""))).reduce((sum, one) => sum + one, 0)"""


def covers(live: Page) -> int:
    """Diners of all canteens that the live page shows."""
    expect(live.locator("#canteens tr").first).to_be_visible(timeout=SLOW_MS)
    return int(live.evaluate(COVERS))


def test_a_code_without_network_is_paid_and_everybody_sees_it(browser: Browser, city: Network) -> None:
    holder = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 740})
    phone = activated(holder, city, city.official())
    phone.wait_for_function("navigator.serviceWorker.ready.then((found) => found.active?.state === 'activated')")
    desk = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
    till, counter, live = desk.new_page(), desk.new_page(), desk.new_page()
    counter.goto(display_of(city)["url"])
    live.goto(city.url)
    served = covers(live)
    till.bring_to_front()
    enrol(till, city)
    sign_on(till, new_cashier(city))

    holder.set_offline(True)
    phone.reload()
    expect(phone.get_by_role("status")).to_contain_text("离线")
    code = code_on(phone)
    holder.set_offline(False)
    phone.reload()
    expect(phone.get_by_role("status").first).to_contain_text("已联网")

    wedge(till, code)
    paid = till.locator(".result.good .big")
    expect(paid).to_be_visible(timeout=SLOW_MS)
    amount = paid.inner_text()
    expect(counter.locator(".latest .big")).to_have_text(amount, timeout=SLOW_MS)
    expect(phone.locator(".paid .big")).to_have_text(amount, timeout=SLOW_MS)
    wait_until(lambda: live.evaluate(COVERS) > served, "the live page does not show the payment")
    holder.close()
    desk.close()


def test_a_printed_sheet_is_scanned_and_paid(browser: Browser, city: Network, scratch: Path) -> None:
    sheet = sheet_of(city, name="2号窗口")
    answer = city.centre.ask("GET", f"/terminals/sheets/{sheet['sheet_id']}/pdf?paper=a4")
    [printed] = pdfium.PdfDocument(answer.data)
    picture = scratch / "sheet.png"
    printed.render(scale=2).to_pil().save(picture)
    assert [one.text for one in zxingcpp.read_barcodes(Image.open(picture))] == [sheet["url"]]
    holder = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 740})
    phone = activated(holder, city, city.official())
    phone.goto(f"{city.url}/phone/#scan")
    phone.get_by_label("拍照或选一张图片").set_input_files(picture)
    expect(phone.locator(".due")).to_contain_text("2号窗口", timeout=SLOW_MS)
    pay(phone)
    expect(phone.locator(".proof")).to_contain_text(PROOF, timeout=SLOW_MS)
    holder.close()
