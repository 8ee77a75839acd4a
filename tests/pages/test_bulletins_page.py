"""The bulletin editor: a draft is written beside its previews, nothing typed is lost, and another publishes it."""

import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.city import PASSWORD
from tests.axe import violations
from tests.builders import Network
from tests.console_page import come_in, forget, go, patience, sign_in
from tests.pages.test_evaluation_page import QUARTER as LAST_QUARTER
from tests.waiting import wait_until
from waste.evaluation.quarters import quarter_before

__all__ = ["patience"]

QUARTER = quarter_before(LAST_QUARTER)
"""Other tests look at the results of the last one as long as they can change."""


@pytest.fixture(scope="module", autouse=True)
def frozen(network: Network) -> None:
    supervisor = network.person("supervisor")
    wait_until(lambda: bool(supervisor.call("POST", f"/waste/evaluations/{QUARTER}")["evaluated"]), within_s=120)
    answer = supervisor.ask("POST", f"/waste/evaluations/{QUARTER}/freeze", {"reason": "测试"})
    assert answer.status in (204, 409), answer.data


@pytest.fixture
def number(network: Network) -> int:
    return int(network.person("supervisor").call("POST", "/waste/bulletins", {"quarter": str(QUARTER)})["number"])


@pytest.fixture
def desk(browser: Browser, network: Network, number: int) -> Iterator[Page]:
    """A draft on the supervisor's screen."""
    page = come_in(browser, network, "supervisor", f"/bulletins/{number}", reduced_motion="reduce")
    expect(page.get_by_label("Good practice")).to_be_visible()
    yield page
    page.context.close()


def saved(network: Network, number: int) -> Any:
    return network.person("supervisor").call("GET", f"/waste/bulletins/{number}")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def status(page: Page) -> Any:
    return page.locator(".saver [role=status]")


def public(page: Page) -> Any:
    return page.frame_locator("iframe").locator("main")


def test_a_draft_is_made_of_a_frozen_quarter(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "supervisor", "/bulletins")
    expect(page.locator("tbody tr, .calm").first).to_be_visible()
    make = page.get_by_role("form", name="Draft a bulletin")
    make.get_by_label("Quarter").click()
    page.locator(".ant-select-item-option").first.click()
    make.get_by_role("button", name="Draft").click()
    expect(make.get_by_role("alert")).to_be_visible()
    make.get_by_label("Quarter").click()
    page.locator(".ant-select-item-option").nth(2).click()
    make.get_by_role("button", name="Draft").click()
    page.wait_for_url(re.compile(r"/bulletins/\d+$"))
    expect(page.get_by_label("Overview")).to_have_value(re.compile("本季度共评估"))
    made = page.url.rpartition("/")[2]
    go(page, network, "/bulletins?state=draft")
    expect(page.get_by_role("link", name=re.compile(f"bulletin {made}$"))).to_be_visible()
    page.context.close()


def test_it_is_previewed_as_it_is_typed_and_saved_as_it_was_previewed(
    desk: Page, network: Network, number: int
) -> None:
    expect(public(desk)).to_contain_text("本季度共评估")
    desk.get_by_label("Good practice").fill("推行小份半份，减少98765.4千克。")
    expect(public(desk)).to_contain_text("推行小份半份")
    expect(desk.get_by_text("Not among the frozen figures: 98765.4")).to_be_visible()
    assert saved(network, number)["texts"]["good"] == "", "it is not saved before somebody says so"
    desk.get_by_text("Document (PDF)").click()
    sheets = desk.locator(".sheets img")
    expect(sheets.first).to_have_js_property("complete", True)
    assert sheets.first.evaluate("one => one.naturalWidth") > 800
    expect(desk.get_by_text("Set from the saved version 1")).to_be_visible()
    save(desk)
    expect(status(desk)).to_have_text("Saved as version 2")
    expect(desk.get_by_text("Set from the saved version 2")).to_be_visible()
    expect(sheets.first).to_have_attribute("src", re.compile("version=2"))
    kept = saved(network, number)
    assert (kept["texts"]["good"], kept["version"]) == ("推行小份半份，减少98765.4千克。", 2)
    desk.get_by_text("Frozen figures", exact=True).click()
    expect(desk.locator(".preview tbody tr").first).to_be_visible()
    expect(desk.locator(".drafted")).to_contain_text("本季度共评估")


def test_a_text_goes_back_to_what_the_figures_suggest(desk: Page) -> None:
    overview = desk.get_by_label("Overview")
    drafted = overview.input_value()
    overview.fill("另写一段")
    desk.get_by_role("button", name="Back to the drafted text: Overview").click()
    expect(overview).to_have_value(drafted)
    expect(desk.get_by_role("button", name="Save", exact=True)).to_be_disabled()


def test_what_was_typed_outlives_the_session(browser: Browser, network: Network, number: int) -> None:
    page = come_in(browser, network, "supervisor", f"/bulletins/{number}")
    page.get_by_label("Good practice").fill("会话结束前写的")
    page.context.clear_cookies()
    save(page)
    sign_in(page, "supervisor")
    expect(page.get_by_label("Good practice")).to_have_value("会话结束前写的")
    expect(status(page)).to_contain_text("has been restored")
    save(page)
    expect(status(page)).to_have_text("Saved as version 2")
    assert saved(network, number)["texts"]["good"] == "会话结束前写的"
    page.context.close()


def test_without_a_network_it_is_not_saved_and_says_so(desk: Page, network: Network, number: int) -> None:
    desk.get_by_label("Good practice").fill("断网时写的")
    expect(public(desk)).to_contain_text("断网时写的")
    desk.context.set_offline(True)
    save(desk)
    expect(desk.get_by_text("Not saved; what you wrote is still here")).to_be_visible()
    desk.context.set_offline(False)
    save(desk)
    expect(status(desk)).to_have_text("Saved as version 2")
    assert saved(network, number)["texts"]["good"] == "断网时写的"


def test_who_leaves_with_something_unsaved_is_asked(desk: Page, number: int) -> None:
    desk.get_by_label("Good practice").fill("还没有保存")
    desk.get_by_role("link", name="All bulletins").click()
    question = desk.get_by_role("dialog", name="There are unsaved changes")
    question.get_by_role("button", name="Stay").click()
    expect(question).to_have_count(0)
    expect(desk).to_have_url(re.compile(f"/bulletins/{number}$"))
    expect(desk.get_by_label("Good practice")).to_have_value("还没有保存")
    desk.get_by_role("link", name="All bulletins").click()
    question.get_by_role("button", name="Leave").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Bulletins")
    desk.go_back()
    expect(desk.get_by_label("Good practice")).to_have_value("还没有保存")


def test_two_writers_do_not_overwrite_each_other(desk: Page, network: Network, number: int) -> None:
    other = network.person("supervisor")
    desk.get_by_label("Good practice").fill("我写的做法")
    theirs = {"good": "对方写的做法", "closing": "对方写的要求", "version": 1}
    assert other.call("PATCH", f"/waste/bulletins/{number}", theirs) == {"version": 2}
    save(desk)
    expect(desk.get_by_text("supervisor saved version 2 meanwhile")).to_be_visible()
    assert saved(network, number)["texts"]["good"] == "对方写的做法"
    expect(desk.get_by_label("Next steps")).to_have_value("对方写的要求")
    expect(desk.get_by_label("Good practice")).to_have_value("我写的做法")
    expect(desk.locator(".theirs")).to_contain_text("对方写的做法")
    expect(desk.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    assert violations(desk) == []
    desk.get_by_role("button", name="Keep mine: Good practice").click()
    save(desk)
    expect(status(desk)).to_have_text("Saved as version 3")
    texts = saved(network, number)["texts"]
    assert (texts["good"], texts["closing"]) == ("我写的做法", "对方写的要求")


def test_the_writer_cannot_publish_and_a_second_person_does(
    desk: Page, browser: Browser, network: Network, number: int
) -> None:
    desk.get_by_label("Good practice").fill("推行小份半份。")
    save(desk)
    expect(status(desk)).to_have_text("Saved as version 2")
    expect(desk.get_by_text("another person who may publish bulletins")).to_be_visible()
    expect(desk.get_by_role("link", name="Check and publish")).to_have_count(0)
    forget(network, "approver")
    second = come_in(browser, network, "approver", f"/bulletins/{number}")
    expect(public(second)).to_contain_text("推行小份半份。")
    expect(second.get_by_label("Good practice")).to_have_count(0)
    second.get_by_role("link", name="Check and publish").click()
    second.get_by_label("Reason").fill("测试，不等申诉期满")
    second.get_by_role("button", name="Check").click()
    second.get_by_role("button", name=re.compile("^Confirm")).click()
    if second.locator("dialog.proof").is_visible():
        second.locator("#proof").fill(PASSWORD)
        second.get_by_role("button", name="Go on").click()
    expect(second.locator(".ant-alert-success")).to_be_visible()
    go(second, network, f"/bulletins/{number}")
    expect(second.get_by_text("Published by approver")).to_be_visible()
    second.locator("main .address").click()
    second.wait_for_url(re.compile(f"/bulletins/{number}\\?lang=en"))
    second.goto(f"{network.url}/bulletins/{number}?lang=zh-Hans")
    expect(second.locator("main")).to_contain_text("推行小份半份。")
    second.context.close()
    desk.reload()
    expect(desk.get_by_text("cannot be changed any more")).to_be_visible()
    desk.get_by_role("button", name="Draft its replacement").click()
    expect(desk.get_by_role("link", name=f"It replaces bulletin {number}")).to_be_visible()


def test_everybody_can_read_it(desk: Page, network: Network) -> None:
    """WCAG 2.2 AA in the light and in the dark, in every preview; nothing beyond the edge on any screen."""
    desk.get_by_label("Good practice").fill("没有来源的数字12345")
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for look in ("Public page", "Document (PDF)", "Frozen figures"):
        desk.get_by_text(look, exact=True).first.click()
        expect(desk.locator(".preview .ant-skeleton")).to_have_count(0)
        for scheme in schemes:
            desk.emulate_media(color_scheme=scheme)
            for width in (390, 820, 1280):
                desk.set_viewport_size({"width": width, "height": 900})
                assert desk.evaluate("document.documentElement.scrollWidth") <= width, (look, scheme, width)
            assert violations(desk) == [], (look, scheme)
    desk.get_by_role("button", name="Discard changes").click()
    go(desk, network, "/bulletins")
    expect(desk.locator("tbody tr").first).to_be_visible()
    assert violations(desk) == []
    assert desk.evaluate("document.documentElement.scrollWidth") <= 1280


def test_it_is_chinese_for_chinese_readers_and_the_policy_has_nothing_to_forbid(
    browser: Browser, network: Network, number: int
) -> None:
    said: list[str] = []
    page = come_in(browser, network, "supervisor", "/about", locale="zh-CN")
    page.on("console", lambda message: said.append(message.text) if "Policy" in message.text else None)
    go(page, network, f"/bulletins/{number}")
    expect(page.get_by_label("主要做法")).to_be_visible()
    expect(public(page)).to_contain_text("本季度共评估")
    page.get_by_text("公文（PDF）").click()
    expect(page.locator(".sheets img").first).to_have_js_property("complete", True)
    texts = page.locator("main").inner_text()
    assert not re.search(r"[A-Za-z]{3,}", re.sub(r"https?://\S+|supervisor|PDF|English", "", texts)), texts
    assert said == []
    page.context.close()


@pytest.mark.parametrize("login", ["kitchen-yinzhou", "finance-yinzhou"])
def test_it_is_not_there_for_others(browser: Browser, network: Network, number: int, login: str) -> None:
    page = come_in(browser, network, login, f"/bulletins/{number}")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Good practice")).to_have_count(0)
    expect(page.locator("nav a[href='#/bulletins']")).to_have_count(0)
    page.context.close()
