"""The evaluation page: a quarter's results by peer group, and flags that a supervisor decides."""

import re
from datetime import datetime, timedelta

import psycopg
from playwright.sync_api import Browser, Page, expect

from demo.city import PASSWORD
from foundation.calendar import ZONE
from tests.builders import Network
from tests.running_system import System
from waste.evaluation.quarters import data_closed, quarter_before, self_evaluation_due

QUARTER = quarter_before(datetime.now(ZONE).date())


def signed_in(browser: Browser, system: System, login: str, path: str = "/evaluations?lang=zh") -> Page:
    page = browser.new_page()
    page.goto(system.url + path)
    page.get_by_label("用户名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    return page


def flag(system: System, canteen_id: int, days: int = 0) -> None:
    """As a rule that runs at night finds it, some days after the quarter's first one."""
    day = QUARTER + timedelta(days=days)
    with psycopg.connect(system.database_url) as connection:
        connection.execute(
            "INSERT INTO kitchen_flag (book, flag_id, canteen_id, rule, first_day, last_day, meal, stream, figure,"
            " usual, rows, state, found_at) SELECT book, nextval('onecard_number'), canteen_id, 'weight_outlier', %s,"
            " %s, 'lunch', 'plate', 190, 61, '[\"a\"]', 'open', now() FROM canteen WHERE canteen_id = %s",
            (day, day, canteen_id),
        )


def test_a_supervisor_sees_the_results_and_decides_a_flag(system: System, network: Network, browser: Browser) -> None:
    network.person("supervisor").call("POST", f"/waste/evaluations/{QUARTER}")
    flag(system, network.canteen_id("yuyao"))
    page = signed_in(browser, system, "supervisor")
    expect(page.locator("#state")).to_have_text(re.compile(r"^共\d+家食堂"), timeout=60_000)
    mine = page.locator("article", has_text="市府食堂")
    mine.get_by_text("1项提示").click()
    expect(mine.locator(".flags li")).to_contain_text("每人次190克，常值每人次61克")
    mine.get_by_role("button", name="确认").click()
    expect(mine.get_by_label("处理说明")).to_be_focused()
    expect(mine.get_by_role("alert")).to_have_text("请先填写处理说明")
    mine.get_by_label("处理说明").fill("秤未归零")
    mine.get_by_role("button", name="确认").click()
    expect(mine.locator(".flags li")).to_contain_text("supervisor: 秤未归零")
    expect(mine.locator(".flags li")).to_contain_text("餐盘剩余 · 午餐")
    expect(mine.get_by_text("1项提示（待处理0项）")).to_be_visible()
    mine.get_by_text("指标得分").click()
    expect(mine.locator("tbody tr", has_text="每人次浪费量").first).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("article", has_text="City Hall").locator(".flags li")).to_contain_text("61 g per cover")
    expect(page.locator("article", has_text="City Hall").locator(".flags li")).to_contain_text("upheld")
    assert not re.search(r"[\u4e00-\u9fff]", page.locator("main").inner_text().replace("秤未归零", ""))
    page.close()


def test_a_kitchen_sees_its_own_results_without_flags(system: System, network: Network, browser: Browser) -> None:
    network.person("supervisor").call("POST", f"/waste/evaluations/{QUARTER}")
    flag(system, network.canteen_id("yinzhou"))
    page = signed_in(browser, system, "kitchen-yinzhou")
    if data_closed(QUARTER, datetime.now(ZONE).date()):
        expect(page.locator("article")).to_have_count(2, timeout=60_000)
    else:
        expect(page.locator("#state")).to_contain_text(str(self_evaluation_due(QUARTER)), timeout=60_000)
    expect(page.get_by_text("项提示")).to_have_count(0)
    page.get_by_label("季度").select_option(index=5)
    expect(page.locator("#state")).to_have_text("该季度尚未评估", timeout=60_000)
    page.close()


def test_flags_alike_stand_together_and_are_decided_at_once(system: System, network: Network, browser: Browser) -> None:
    network.person("supervisor").call("POST", f"/waste/evaluations/{QUARTER}")
    for days in (20, 12, 3):
        flag(system, network.canteen_id("yinzhou", 1), days)
    page = signed_in(browser, system, "supervisor")
    mine = page.locator("article", has_text="南部食堂")
    mine.get_by_text("项提示").click(timeout=60_000)
    shown = mine.locator(".flags li", has_text="单餐称重异常")
    expect(shown).to_have_count(3)
    begun = [re.findall(r"\d{4}-\d\d-\d\d", text)[0] for text in shown.all_inner_texts()]
    assert begun == sorted(begun)
    together = mine.locator(".flags .together")
    together.get_by_label("处理说明").fill("秤已检定")
    together.get_by_role("button", name="全部排除（3项）").click()
    expect(shown.filter(has_text="supervisor: 秤已检定")).to_have_count(3)
    page.close()


def test_points_have_units_and_add_up_to_the_score(system: System, network: Network, browser: Browser) -> None:
    """What is left out says why, and counts on neither side."""
    network.person("supervisor").call("POST", f"/waste/evaluations/{QUARTER}")
    page = signed_in(browser, system, "supervisor")
    mine = page.locator("article", has_text="市府食堂")
    mine.get_by_text("指标得分").click(timeout=60_000)
    expect(mine.locator("tbody tr", has_text="每人次浪费量").first).to_contain_text("克/人次")
    expect(mine.locator("tbody tr", has_text="称重完整率")).to_contain_text("%")
    left_out = mine.locator("tbody tr", has_text="预约就餐履约率")
    expect(left_out).to_contain_text(re.compile(r"预约不足\d+次，不计入总分"))
    expect(left_out).not_to_contain_text("测定")
    [got, possible, score] = re.findall(r"[\d.]+", mine.locator("tfoot small").inner_text())[1:]
    rows = [row.locator("td").all_inner_texts() for row in mine.locator("tbody tr").all()]
    counted = [(float(points), float(full)) for _, _, points, full in rows if points != "—"]
    assert abs(sum(points for points, _ in counted) - float(got)) < 0.005
    assert sum(full for _, full in counted) == float(possible)
    assert abs(100 * float(got) / float(possible) - float(score)) < 0.06
    expect(mine.locator(".figures strong")).to_have_text(score)
    page.close()


def test_a_canteens_files_are_one_click_away(system: System, network: Network, browser: Browser) -> None:
    """The appeal file as PDF, its weights on the integrity page, and the pages beside this one."""
    network.person("supervisor").call("POST", f"/waste/evaluations/{QUARTER}")
    page = signed_in(browser, system, "supervisor")
    mine = page.locator("article", has_text="市府食堂")
    with page.expect_download(timeout=60_000) as download:
        mine.get_by_role("button", name="申诉卷（PDF）").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")
    expect(page.locator("nav").get_by_role("link", name="通报")).to_have_attribute(
        "href", re.compile("/bulletins.lang=zh$")
    )
    mine.get_by_role("link", name="称重数据核查").click()
    expect(page.locator("#state")).to_contain_text(f"市府食堂，{QUARTER}至", timeout=60_000)
    page.close()


def test_the_evaluation_fits_a_phone(system: System, network: Network, browser: Browser) -> None:
    network.person("supervisor").call("POST", f"/waste/evaluations/{QUARTER}")
    flag(system, network.canteen_id("yinzhou"), 5)
    page = signed_in(browser, system, "supervisor")
    page.set_viewport_size({"width": 390, "height": 900})
    page.locator("article").first.wait_for(timeout=60_000)
    for details in page.locator("details").all():
        details.evaluate("one => { one.open = true; }")
    inner = "one => one.getBoundingClientRect().right > one.closest('article').getBoundingClientRect().right"
    for element in page.locator("article input, article td, article .rank small").all():
        assert not element.evaluate(inner), element.inner_text()
    page.close()
