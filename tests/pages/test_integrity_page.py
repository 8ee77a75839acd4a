"""The integrity page: how a canteen's weights were made, for supervisors, in two languages and on a phone."""

import re
from datetime import datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from demo.city import PASSWORD
from foundation.calendar import ZONE
from tests.builders import Network
from tests.running_system import System

TODAY = datetime.now(ZONE).date()
LAST_MONTH = TODAY.replace(day=1) - timedelta(days=1)


@pytest.fixture(scope="module")
def canteen(network: Network) -> int:
    """A canteen with a calibrated scale, a collector who took more than was weighed, and a weight taken back."""
    number, kitchen = network.canteen_id("yuyao"), network.person("kitchen-yuyao")
    calibration = {"canteen_id": number, "scale": "回收处1号秤", "calibrated_on": "2025-03-01",
                   "valid_until": "2026-02-28", "certificate": "JL-2025-0117"}  # fmt: skip
    kitchen.call("POST", "/waste/calibrations", calibration)
    ticket = {"entry_id": str(uuid4()), "canteen_id": number, "on_day": str(LAST_MONTH), "destination": "biogas",
              "weight_g": 9_000_000}  # fmt: skip
    kitchen.call("POST", "/waste/collections", {"entries": [ticket]})
    weigh_in = {"weigh_in_id": str(uuid4()), "canteen_id": number, "business_date": str(TODAY), "meal": "lunch",
                "stream": "plate", "weight_g": 1_000}  # fmt: skip
    kitchen.call("POST", "/waste/weigh-ins", {"weigh_ins": [weigh_in]})
    taken_back = {"weigh_in_id": str(uuid4()), "replaces": weigh_in["weigh_in_id"], "withdraw": True}
    kitchen.call("POST", "/waste/corrections", {"corrections": [taken_back], "reason": "误录"})
    with psycopg.connect(network.system.database_url) as connection:  # as the job of the night finds it
        connection.execute(
            "INSERT INTO kitchen_flag (book, flag_id, canteen_id, rule, first_day, last_day, meal, stream, figure,"
            " usual, rows, state, found_at) SELECT book, nextval('onecard_number'), canteen_id, 'collector_differs',"
            " %s, %s, '', '', 9000, 1000, '[\"a\"]', 'open', now() FROM canteen WHERE canteen_id = %s",
            (LAST_MONTH.replace(day=1), LAST_MONTH, number),
        )
    return number


def signed_in(browser: Browser, system: System, login: str = "supervisor", width: int = 1280) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(f"{system.url}/integrity?lang=zh")
    page.get_by_label("用户名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    return page


@pytest.mark.parametrize("width", [390, 1280])
def test_a_supervisor_sees_how_weights_were_made(system: System, browser: Browser, canteen: int, width: int) -> None:
    page = signed_in(browser, system, width=width)
    page.get_by_label("食堂").select_option(str(canteen))
    expect(page.locator("#state")).to_contain_text("市府食堂", timeout=60_000)
    corrections = page.locator("section", has=page.get_by_role("heading", name="称重更正"))
    expect(corrections.locator("dt", has_text="更正为零或撤销")).to_be_visible()
    expect(corrections.locator("dd.look").first).to_have_text("1")
    expect(page.get_by_role("img", name="称重末位数字")).to_be_visible()
    expect(page.get_by_text("卡方值")).to_be_visible()
    weekdays = page.locator("section", has=page.get_by_role("heading", name="各星期称重完整率"))
    expect(weekdays.locator(".scale span")).to_have_count(7)
    months = page.locator("section", has=page.get_by_role("heading", name="采购、备餐与清运（公斤）"))
    expect(months.locator("td.look")).to_have_text(re.compile(r"^(9|\d\d),\d{3}$"))
    expect(page.locator("td.look", has_text="2026-02-28")).to_be_visible()
    expect(page.locator(".flags li", has_text="清运9000公斤，称重1000公斤")).to_contain_text("涉及1条记录")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off at the side"
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#state")).to_contain_text("City Hall")
    expect(page.get_by_text("Chi-square")).to_be_visible()
    expect(page.locator(".flags li", has_text="9000 kg, weighed 1000 kg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not re.search(r"[\u4e00-\u9fff]", page.locator("main").inner_text().replace("回收处1号秤", ""))
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("main")).to_be_hidden()
    page.close()


def test_it_is_for_supervisors(system: System, browser: Browser) -> None:
    page = signed_in(browser, system, "kitchen-yuyao")
    expect(page.locator("#state.wrong")).to_be_visible(timeout=60_000)
    expect(page.locator("main")).to_be_hidden()
    page.close()
