"""The traveller's phone in a real browser: activated once, then a fresh code with no network at all."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.builders import Network, Official
from tests.node import ROOT
from tests.running_system import System
from tests.waiting import wait_until


@pytest.fixture
def phone(browser: Browser, network: Network) -> Iterator[tuple[Page, Official]]:
    """A phone that an official has activated by the address that his agency gave him."""
    official, context = network.official(), browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 740})
    page = activated(context, network, official)
    yield page, official
    context.close()


def activated(context: BrowserContext, network: Network, official: Official) -> Page:
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    return activated_by(context.new_page(), f"{network.url}/phone/#activate={made['activation_id']}.{made['code']}")


def activated_by(page: Page, address: str) -> Page:
    page.goto(address)
    page.get_by_role("button", name="激活本机").click()
    page.get_by_role("button", name="是我本人").click()
    expect(page.get_by_role("img", name="付款码")).to_be_visible()
    return page


def address_for(network: Network, official: Official) -> str:
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    return f"{network.url}/phone/?another#activate={made['activation_id']}.{made['code']}"


FIRST_LOAD_MAX_BYTES = 40 * 1024
"""Of the page, its scripts and styles, as they are sent."""


def code_on(page: Page) -> str:
    """What another library reads on the picture of the screen."""
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    return found.text


def test_a_code_on_the_screen_pays_and_the_payment_is_listed(
    phone: tuple[Page, Official], network: Network, scratch: Path
) -> None:
    page, _ = phone
    till = network.terminal(scratch, "yinzhou")
    code = code_on(page)
    assert len(code) == 130, "a short code"
    assert till.charge_code(code, "lunch").receipt is not None
    page.get_by_role("link", name="账单").click()
    page.reload()
    row = page.get_by_role("listitem").first
    expect(row).to_contain_text("午餐")
    row.locator("summary").click()
    with page.expect_navigation(url=re.compile(r"/r/")):
        row.get_by_role("link", name="看凭证").click()
    expect(page.locator("body")).to_contain_text("就餐收款凭证")


def test_a_fresh_code_needs_no_network(phone: tuple[Page, Official], network: Network, scratch: Path) -> None:
    page, _ = phone
    page.wait_for_function("navigator.serviceWorker.ready.then((found) => found.active?.state === 'activated')")
    before = code_on(page)
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("img", name="付款码")).to_be_visible()
    expect(page.locator(".net")).to_contain_text("离线")
    code = code_on(page)
    assert code != before
    assert network.terminal(scratch, "yinzhou").charge_code(code, "lunch").receipt is not None
    page.context.set_offline(False)
    page.reload()
    expect(page.locator(".net")).to_contain_text("已联网")


def test_the_long_code_is_a_tap_away_and_can_be_read(phone: tuple[Page, Official]) -> None:
    page, _ = phone
    page.get_by_role("button", name="长码").click()
    expect(page.get_by_role("button", name="换回短码")).to_be_visible()
    expect(page.locator(".code path")).not_to_have_attribute("d", "")
    wait_until(lambda: page.evaluate("document.querySelector('.code svg').viewBox.baseVal.width > 60"))
    assert code_on(page).startswith("OC1:")


def test_the_balance_is_behind_a_tap(phone: tuple[Page, Official], network: Network) -> None:
    page, official = phone
    cash_fen, _ = network.purses(official)
    balance = page.get_by_role("button", name="我的余额")
    amount = f"{cash_fen // 100:,}.{cash_fen % 100:02} 元"
    expect(balance).not_to_contain_text(amount)
    balance.click()
    expect(balance).to_contain_text(amount)


def test_the_balance_follows_a_payment(phone: tuple[Page, Official], network: Network, scratch: Path) -> None:
    page, official = phone
    balance = page.get_by_role("button", name="我的余额")
    balance.click()
    expect(balance).to_contain_text("100.00 元")
    till = network.terminal(scratch, "yinzhou")
    assert till.charge_code(code_on(page), "lunch").receipt is not None
    expect(balance).to_contain_text("90.00 元", timeout=20_000)
    assert network.purses(official)[0] == 9_000


def test_a_wrong_code_is_told_and_nothing_is_activated(browser: Browser, network: Network) -> None:
    page = browser.new_page(locale="en")
    page.goto(f"{network.url}/phone")
    page.get_by_label("Activation number").fill("1")
    page.get_by_label("Activation code").fill("AAAA")
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("alert")).to_have_text("The number has digits alone, the code 16 letters and digits.")
    page.get_by_label("Activation code").fill("AAAA BBBB CCCC DDDD")
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("alert")).to_contain_text("ask your agency for a new code")
    expect(page.get_by_role("alert")).not_to_contain_text("码")
    page.get_by_role("button", name="Large type").click()
    expect(page.locator("html")).to_have_attribute("data-type", "large")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("button", name="激活本机")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Activate")).to_be_enabled()
    page.close()


def test_a_link_does_not_take_the_account_of_a_phone_unasked(phone: tuple[Page, Official], network: Network) -> None:
    page, _ = phone
    other = network.official()
    message = {"agency_id": other.agency_id, "holder_ids": [other.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    page.goto(f"{network.url}/phone/?again#activate={made['activation_id']}.{made['code']}")
    expect(page.locator(".notice")).to_contain_text("本机已在使用中")
    page.get_by_role("link", name="保留现在的账户").click()
    expect(page.get_by_role("img", name="付款码")).to_be_visible()


def test_it_says_whose_phone_this_becomes_before_and_after(phone: tuple[Page, Official], network: Network) -> None:
    page, _ = phone
    other = network.official("hangzhou")
    page.goto(address_for(network, other))
    page.get_by_role("button", name="激活本机").click()
    expect(page.get_by_role("heading", name="本机将属于谁")).to_be_visible()
    expect(page.locator(".due")).to_contain_text("王**")
    expect(page.locator(".due")).to_contain_text(str(other.holder_id))
    page.get_by_role("button", name="不是我，保留现在的账户").click()
    expect(page.get_by_role("img", name="付款码")).to_be_visible()
    shown = network.centre.call("GET", f"/registry/officials/{other.holder_id}/account")["credentials"]
    assert {one["state"] for one in shown} == {"blocked"}, "what was declined pays nothing"
    page.reload()
    page.get_by_role("link", name="我的").click()
    expect(page.locator(".about").first).to_contain_text("鄞州")
    expect(page.locator(".about").first).to_contain_text("王**")


def test_nothing_of_the_former_owner_is_shown_to_the_next(phone: tuple[Page, Official], network: Network) -> None:
    page, _ = phone
    page.get_by_role("link", name="账单").click()
    expect(page.get_by_role("listitem").first).to_contain_text("100.00")
    page.get_by_role("link", name="我的").click()
    expect(page.locator(".purses")).to_contain_text("100.00 元")
    page.get_by_role("link", name="充值").click()
    page.get_by_role("button", name="50.00 元").click()
    expect(page.get_by_role("button", name="不付了")).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{network.url}/phone/#mine")
    expect(other.locator(".purses")).to_contain_text("100.00 元")
    activated_by(page, address_for(network, network.official(cash_fen=700)))
    page.context.set_offline(True)
    page.get_by_role("link", name="账单").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("100.00")
    page.context.set_offline(False)
    page.get_by_role("link", name="我的").click()
    expect(page.locator(".purses")).to_contain_text("7.00 元")
    expect(other.locator("main")).not_to_contain_text("100.00")
    page.get_by_role("link", name="充值").click()
    expect(page.get_by_role("button", name="50.00 元")).to_be_visible()


def test_the_network_s_state_follows_the_network(phone: tuple[Page, Official], network: Network, scratch: Path) -> None:
    page, official = phone
    page.wait_for_function("navigator.serviceWorker.ready.then((found) => found.active?.state === 'activated')")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator(".net")).to_contain_text("离线")
    assert network.terminal(scratch, "yinzhou").charge_card(network.card(official), "lunch").receipt is not None
    page.context.set_offline(False)
    expect(page.locator(".net")).to_contain_text("已联网", timeout=20_000)
    expect(page.locator(".paid")).to_contain_text("已付款", timeout=20_000)
    page.context.set_offline(True)
    expect(page.locator(".net")).to_contain_text("离线")
    page.context.set_offline(False)


def test_two_tabs_count_on_together(phone: tuple[Page, Official], network: Network, scratch: Path) -> None:
    page, _ = phone
    other = page.context.new_page()
    other.goto(f"{network.url}/phone/")
    expect(other.get_by_role("img", name="付款码")).to_be_visible()
    till = network.terminal(scratch, "yinzhou")
    assert till.charge_code(code_on(other), "lunch").receipt is not None
    page.bring_to_front()
    page.get_by_role("button", name="长码").click()
    wait_until(lambda: page.evaluate("document.querySelector('.code svg').viewBox.baseVal.width > 60"))
    assert till.charge_code(code_on(page), "dinner").receipt is not None


def test_a_refused_code_is_not_left_in_the_history(browser: Browser, network: Network) -> None:
    page = browser.new_page(locale="en")
    page.goto(f"{network.url}/phone/#activate=1.AAAABBBBCCCCDDDD")
    expect(page.get_by_label("Activation number")).to_have_value("1")
    assert page.url == f"{network.url}/phone/#activate"
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.close()


def test_the_demo_gives_everybody_a_phone(browser: Browser, system: System) -> None:
    said = system.command("demo-phone").stdout
    [address] = re.findall(r"http://\S+", said)
    page = browser.new_page(locale="en")
    page.goto(address)
    page.get_by_role("button", name="Activate").click()
    page.get_by_role("button", name="Yes, this is me").click()
    page.get_by_role("button", name="My balance").click()
    expect(page.get_by_role("button", name="My balance")).to_contain_text("200.00 yuan")
    page.close()


def test_the_first_load_is_small() -> None:
    dist = ROOT / "web" / "dist" / "phone"
    page = (dist / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="/phone/(assets/[^"]+)"', page)
    assert len(named) >= 2
    sent = [dist / "index.html.br", *(dist / f"{name}.br" for name in named)]
    assert sum(path.stat().st_size for path in sent) <= FIRST_LOAD_MAX_BYTES


def test_files_are_sent_compressed_and_are_not_sent_again(network: Network) -> None:
    def get(path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        return urllib3.request("GET", f"{network.url}{path}", headers=headers, redirect=False, decode_content=False)

    page = get("/phone/", **{"accept-encoding": "gzip, br"})
    assert (page.headers["content-encoding"], page.headers["cache-control"]) == ("br", "no-cache")
    assert get("/phone/", **{"if-none-match": page.headers["etag"]}).status == 304
    [script] = re.findall(rb'src="(/phone/assets/[^"]+)"', get("/phone/").data)
    assert "immutable" in get(script.decode()).headers["cache-control"]
    assert get("/phone?lang=en").headers["location"] == "/phone/?lang=en"
    for name in (
        "/phone/nothing", "/phone/assets/%2e%2e/%2e%2e/package.json", "/phone/%00", "/phone/index.html.br",
        "/phone/sw.js/", "/phone//sw.js", "/phone/%73w.js", f"{script.decode()}/",
    ):  # fmt: skip
        assert get(name).status == 404, name
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for name, kind in (("sw.js", "text/javascript"), ("manifest.webmanifest", "application/manifest+json")):
        assert get(f"/phone/{name}").headers["content-type"] == f"{kind}; charset=utf-8"
    assert get("/phone/icon.svg").headers["content-type"] == "image/svg+xml"
