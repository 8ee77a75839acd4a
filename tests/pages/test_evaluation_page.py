"""The evaluation page: a quarter's results by peer group, and flags that a supervisor decides."""

import re
from datetime import datetime

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


def flag(system: System, canteen_id: int) -> None:
    """As a rule that runs at night finds it."""
    with psycopg.connect(system.database_url) as connection:
        connection.execute(
            "INSERT INTO kitchen_flag (book, flag_id, canteen_id, rule, first_day, last_day, meal, stream, figure,"
            " usual, rows, state, found_at) SELECT book, nextval('onecard_number'), canteen_id, 'weight_outlier', %s,"
            " %s, 'lunch', 'plate', 190, 61, '[\"a\"]', 'open', now() FROM canteen WHERE canteen_id = %s",
            (QUARTER, QUARTER, canteen_id),
        )


def test_a_supervisor_sees_the_results_and_decides_a_flag(system: System, network: Network, browser: Browser) -> None:
    network.person("supervisor").call("POST", f"/waste/evaluations/{QUARTER}")
    flag(system, network.canteen_id("yuyao"))
    page = signed_in(browser, system, "supervisor")
    expect(page.locator("#state")).to_have_text(re.compile("^共7家食堂"), timeout=60_000)
    mine = page.locator("article", has_text="市府食堂")
    mine.get_by_text("1项提示").click()
    expect(mine.locator(".flags li")).to_contain_text("每人次190克，常值每人次61克")
    mine.get_by_role("button", name="确认").click()
    expect(mine.get_by_label("处理说明")).to_be_focused()
    mine.get_by_label("处理说明").fill("秤未归零")
    mine.get_by_role("button", name="确认").click()
    expect(mine.locator(".flags li")).to_contain_text("supervisor: 秤未归零")
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
