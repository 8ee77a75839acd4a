"""What the traveller's phone does beside paying, in a real browser: eating, bills, and what is his."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Geolocation, Page, Route, expect

from foundation.calendar import ZONE
from tests.axe import violations
from tests.builders import Network, Official, seen_identity
from tests.pages.test_phone import activated
from tests.system.test_bookings import canteen_with_prices, set_terms
from tests.system.test_sign_on import IDENTITIES, rebound
from tests.waiting import wait_until

HERE = Geolocation(latitude=29.8168, longitude=121.5469)


@pytest.fixture(scope="module")
def canteen_id(network: Network) -> int:
    return canteen_with_prices(network)


@pytest.fixture
def phone(browser: Browser, network: Network) -> Iterator[tuple[Page, Official]]:
    """A phone whose browser knows where it is, and tells it when it may."""
    official = network.official()
    context = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 740}, geolocation=HERE)
    page = activated(context, network, official)
    yield page, official
    context.close()


def show(page: Page, network: Network, place: str) -> None:
    page.goto(f"{network.url}/phone/#{place}")


def test_a_meal_is_booked_cancelled_and_reported_out(
    phone: tuple[Page, Official], network: Network, canteen_id: int
) -> None:
    page, _ = phone
    day = datetime.now(ZONE).date() + timedelta(days=2)
    show(page, network, f"eat/{canteen_id}/{day}")
    lunch = page.locator(".meal").filter(has_text="午餐")
    expect(lunch).to_contain_text("10.00 元")
    lunch.get_by_role("button", name="预订").click()
    expect(lunch).to_contain_text("已预订")
    page.get_by_role("link", name="‹ 用餐").click()
    row = page.get_by_role("listitem").filter(has_text="取消预订")
    expect(row).to_contain_text("午餐 · 10.00 元")
    row.get_by_role("button", name="取消预订").click()
    expect(row).to_have_count(0)
    show(page, network, f"eat/{canteen_id}/{day}")
    lunch.get_by_role("button", name="这餐不来").click()
    expect(lunch).to_contain_text("已报停")
    page.get_by_role("link", name="‹ 用餐").click()
    out = page.get_by_role("listitem").filter(has_text="报停")
    expect(out).to_contain_text("午餐")
    out.get_by_role("button", name="撤回").click()
    expect(out).to_have_count(0)


def test_nothing_is_offered_after_the_cut_off(phone: tuple[Page, Official], network: Network, canteen_id: int) -> None:
    page, _ = phone
    day = datetime.now(ZONE).date() + timedelta(days=2)
    show(page, network, f"eat/{canteen_id}/{day}")
    dinner = page.locator(".meal").filter(has_text="晚餐")
    expect(dinner.get_by_role("button", name="这餐不来")).to_be_visible()
    expect(dinner).to_contain_text("16:00 截止")
    set_terms(network, canteen_id, "dinner", cut_off_min=3 * 24 * 60)

    def is_told() -> bool:
        page.reload()
        expect(dinner).to_be_visible()
        return "已过截止" in dinner.inner_text()

    wait_until(is_told, "the cut-off is not told")
    expect(dinner.get_by_role("button")).to_have_count(0)
    set_terms(network, canteen_id, "dinner")


def test_what_was_given_back_is_tied_to_its_payment(
    phone: tuple[Page, Official], network: Network, scratch: Path
) -> None:
    page, official = phone
    till = network.terminal(scratch, "yinzhou")
    receipt = till.charge_card(network.card(official), "lunch").receipt
    assert receipt is not None
    [taken] = till.journal.latest(1)
    assert till.void(taken.epoch, taken.sequence).outcome == "voided"
    show(page, network, "bills")
    back, paid = page.locator(".rows > li").nth(0), page.locator(".rows > li").nth(1)
    expect(back).to_contain_text("的付款")
    expect(paid).to_contain_text(f"已退回 {receipt.amount_fen / 100:.2f} 元")
    for row in (back, paid):
        row.locator("summary").click()
        expect(row.get_by_role("link", name="看凭证")).to_have_attribute("href", re.compile(receipt.number))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    paid.get_by_role("button", name="复制链接").click()
    expect(paid.get_by_role("button", name="已复制")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{network.url}/r/{receipt.number}"


def test_canteens_are_found_by_name_and_by_distance_with_consent(
    phone: tuple[Page, Official], network: Network
) -> None:
    page, _ = phone
    show(page, network, "eat")
    first = page.locator(".rows a").first
    expect(first).to_contain_text("鄞州")
    page.get_by_role("searchbox").fill("余姚")
    page.get_by_role("button", name="查找").click()
    expect(first).to_contain_text("余姚")
    page.get_by_role("button", name="按距离排序").click()
    expect(page.locator(".notice")).to_contain_text("仅在您查找附近食堂时")
    page.get_by_role("button", name="同意并定位").click()
    expect(page.get_by_role("alert")).to_contain_text("没有得到位置")
    page.context.grant_permissions(["geolocation"])
    page.get_by_role("button", name="按距离排序").click()
    expect(first).to_contain_text(" km")
    show(page, network, "mine/consents")
    consent = page.get_by_role("checkbox", name="仅在您查找附近食堂时")
    expect(consent).to_be_checked()
    with page.expect_response(re.compile(r"/me/consents/nearby$")):
        consent.uncheck()
    page.reload()
    expect(consent).not_to_be_checked()


def test_a_month_and_a_year_add_up(phone: tuple[Page, Official], network: Network, scratch: Path) -> None:
    page, official = phone
    till = network.terminal(scratch, "yinzhou")
    receipt = till.charge_card(network.card(official), "lunch").receipt
    assert receipt is not None
    paid = f"{receipt.amount_fen / 100:.2f}"
    show(page, network, "bills")
    rows = page.locator(".rows > li")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(f"-{paid}")
    expect(rows.last).to_contain_text("充值")
    expect(rows.last).to_contain_text("+100.00")
    sums = page.get_by_role("link", name="看全年")
    expect(sums).to_contain_text(f"{paid} 元")
    rows.first.locator("summary").click()
    expect(rows.first.get_by_role("link", name="PDF")).to_have_attribute("href", re.compile(r"/pdf\?"))
    sums.click()
    expect(page.locator(".bars text", has_text=re.compile("^1$")).first).to_be_visible()
    page.get_by_text("看数字").click()
    expect(page.get_by_role("table")).to_contain_text(paid)


def test_a_lost_card_is_blocked_at_once(phone: tuple[Page, Official], network: Network, scratch: Path) -> None:
    page, official = phone
    card, till = network.card(official), network.terminal(scratch, "yinzhou")
    show(page, network, "mine/credentials")
    row = page.get_by_role("listitem").filter(has_not_text="本机")
    row.get_by_role("button", name="挂失").click()
    row.get_by_role("button", name="立即挂失").click()
    expect(row).to_contain_text("已停用")
    refused = till.charge_card(card, "lunch")
    assert (refused.outcome, refused.reason) == ("refused", "card_blocked")


def test_money_is_put_in_by_the_gateway(phone: tuple[Page, Official], network: Network) -> None:
    page, official = phone
    show(page, network, "mine/top-up")
    page.get_by_label("其他金额（元）").fill("12,5")
    page.get_by_role("button", name="充值").click()
    expect(page.get_by_role("alert")).to_contain_text("请输入金额")
    page.get_by_label("其他金额（元）").fill("12.5")
    page.get_by_role("button", name="充值").click()
    page.get_by_role("link", name="去付款").click()
    page.locator("form button").click()
    page.get_by_role("link", name="‹ 返回手机页面").click()
    expect(page.get_by_role("status").filter(has_text="已到账")).to_contain_text("12.50", timeout=20_000)
    page.get_by_role("button", name="完成").click()
    assert network.purses(official)[0] == 11_250


def test_all_my_data_come_as_a_file(phone: tuple[Page, Official], network: Network, scratch: Path) -> None:
    page, official = phone
    show(page, network, "mine/consents")
    page.get_by_role("button", name="下载我的全部数据").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="数据文件").click()
    content = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert str(official.holder_id) in json.dumps(content)
    with page.expect_download() as download:
        page.get_by_role("button", name="可读版").click()
    expect(page.get_by_role("status").filter(has_text="已保存")).to_contain_text("onecard.html")
    copy = page.context.new_page()
    copy.set_content(download.value.path().read_text(encoding="utf-8"))
    expect(copy.get_by_role("heading", level=1)).to_contain_text("王")
    top_up = copy.get_by_role("row").filter(has_text="充值")
    expect(top_up).to_contain_text("100.00")
    assert violations(copy) == []


def test_it_looks_as_the_holder_wants(phone: tuple[Page, Official], network: Network) -> None:
    page, _ = phone
    show(page, network, "mine")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    page.get_by_role("radio", name="深色").check()
    page.get_by_role("button", name="长辈版").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name="Payments")).to_be_visible()
    expect(root).to_have_attribute("data-theme", "dark")
    expect(root).to_have_attribute("data-type", "large")
    for place in ("pay", "eat", "bills", "mine"):
        show(page, network, place)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, f"{place} is {wide} px wide"


def test_single_sign_on_makes_a_phone(browser: Browser, network: Network) -> None:
    official = network.official()
    identity = rebound(network, "kitchen-city", holder_id=official.holder_id)
    network.approver.call("POST", f"{IDENTITIES}/{identity}/confirmation", seen_identity(network.system, identity))
    page = browser.new_page(locale="en-GB")
    page.goto(f"{network.url}/phone")
    page.get_by_role("link", name=re.compile("Government work app")).click()
    page.get_by_role("button", name="Government work app (demo)").click()
    page.get_by_role("button", name="kitchen-city").click()
    page.get_by_role("button", name="Activate this phone").click()
    page.get_by_role("button", name="Yes, this is me").click()
    expect(page.get_by_role("img", name="Pay code")).to_be_visible(timeout=60_000)
    assert page.evaluate("fetch('/me').then((answer) => answer.status)") == 401, "the session has done its work"
    page.close()


def test_a_visit_is_registered_and_waits_for_the_agency(phone: tuple[Page, Official], network: Network) -> None:
    page, official = phone
    admin = network.person("admin-yinzhou")
    listed = f"/registry/visit-requests?holder_id={official.holder_id}&state=waiting"
    today = datetime.now(ZONE).date()
    row = page.get_by_role("listitem").filter(has_text="杭州")

    def register(day: date) -> None:
        page.get_by_role("button", name="登记出差").click()
        page.get_by_role("searchbox").fill("杭州")
        page.get_by_role("button", name="查找").click()
        expect(page.get_by_role("radio")).to_be_checked()
        page.get_by_label("开始日期").fill(str(day))
        page.get_by_label("结束日期").fill(str(day))
        page.get_by_label("事由或文号").fill("会议")
        page.get_by_role("button", name="提交本单位确认").click()
        expect(row.first).to_contain_text("待确认")

    show(page, network, "mine/visits")
    register(today)
    row.get_by_role("button", name="撤回").click()
    expect(row).to_have_count(0)
    register(today)
    [asked] = admin.call("GET", listed)["items"]
    admin.call("POST", f"/registry/visit-requests/{asked['number']}/refusal", {"reason": "该项出差已取消"})
    page.reload()
    expect(row).to_contain_text("未获确认")
    expect(row).to_contain_text("该项出差已取消")
    register(today + timedelta(days=1))
    [asked] = admin.call("GET", listed)["items"]
    admin.call("POST", f"/registry/visit-requests/{asked['number']}/confirmation")
    page.reload()
    expect(row.first).to_contain_text("未开始")
    row.first.get_by_role("button", name="取消这次出差").click()
    page.get_by_role("button", name="不了").click()
    expect(row).to_have_count(2)
    row.first.get_by_role("button", name="取消这次出差").click()
    row.first.get_by_role("button", name="取消这次出差").click()
    expect(row).to_have_count(1)
    message = {
        "holder_id": official.holder_id, "host_agency_id": network.agency_id("hangzhou"), "first_day": str(today),
        "last_day": str(today + timedelta(days=1)),
    }  # fmt: skip
    admin.call("POST", "/registry/visits", message)
    page.reload()
    running = row.filter(has_text="进行中")
    running.get_by_role("button", name="今天结束").click()
    running.get_by_role("button", name="今天结束").click()
    expect(running.get_by_role("button")).to_have_count(0)


def test_the_form_of_a_visit_is_for_everybody(phone: tuple[Page, Official], network: Network) -> None:
    """From a canteen that takes visitors on a visit alone; a lost answer is no second visit."""
    page, _ = phone
    page.set_viewport_size({"width": 360, "height": 740})
    show(page, network, f"eat/{network.canteen_id('hangzhou')}")
    page.get_by_role("link", name="登记出差").first.click()
    expect(page.get_by_role("radio")).to_be_checked()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    day = str(datetime.now(ZONE).date() + timedelta(days=9))
    page.get_by_label("开始日期").fill(day)
    page.get_by_label("结束日期").fill(day)
    page.get_by_label("事由或文号").fill("会议")
    arrived: list[int] = []

    def lose(route: Route) -> None:
        arrived.append(route.fetch().status)
        route.abort()

    page.route(
        "**/me/visits", lambda route: lose(route) if route.request.method == "POST" else route.fallback(), times=1
    )
    page.get_by_role("button", name="提交本单位确认").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.unroute_all()
    page.get_by_role("button", name="提交本单位确认").click()
    expect(page.locator(".rows > li")).to_have_count(1)
    expect(page.locator(".rows > li")).to_contain_text("待确认")
    assert arrived == [204]
    assert violations(page) == []
