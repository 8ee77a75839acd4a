"""What belongs to a row of the console: the postings of a statement, positions of a cycle, steps and files."""

import re
from base64 import b64encode
from datetime import datetime, timedelta

from playwright.sync_api import Browser, expect

from foundation.calendar import ZONE
from tests.axe import violations
from tests.builders import Network
from tests.console_page import come_in, patience
from tests.pages.test_proofs import closed

__all__ = ["closed", "patience"]

PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()


def test_a_statement_leads_to_its_postings(browser: Browser, closed: Network) -> None:
    page = come_in(browser, closed, "centre", f"/clearing/statements?agency_id={closed.agency_id('city')}")
    page.locator("main tbody a").first.click()
    postings = page.get_by_role("table", name="Postings behind the statement")
    expect(postings.locator("tbody tr")).to_have_count(1)
    assert violations(page) == []
    postings.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Found")
    page.context.close()


def test_a_cycle_shows_the_positions_of_all(browser: Browser, closed: Network) -> None:
    page = come_in(browser, closed, "centre", "/clearing/cycles")
    page.locator("main tbody a").first.click()
    positions = page.get_by_role("table", name="Net positions")
    expect(positions.locator("tbody tr")).to_have_count(4)
    page.context.close()


def test_a_case_shows_its_steps_and_files(browser: Browser, network: Network) -> None:
    today = datetime.now(ZONE).date()
    found = {
        "canteen_id": network.canteen_id("yuyao"),
        "quarter": str(today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)),
        "what": "未张贴节约提示",
        "responsible": "食堂负责人",
        "due_on": str(today + timedelta(days=14)),
        "files": [{"name": "photo.png", "content": PNG}],
    }
    number = network.person("supervisor").call("POST", "/waste/cases", found)["number"]
    network.person("kitchen-yuyao").call("POST", f"/waste/cases/{number}/plan", {"text": "本周内张贴"})
    page = come_in(browser, network, "supervisor", f"/waste/cases/{number}")
    steps = page.get_by_role("table", name="Steps")
    expect(steps.locator("tbody tr")).to_have_count(2)
    expect(steps).to_contain_text("Plan")
    expect(steps).to_contain_text("本周内张贴")
    file = page.get_by_role("link", name=re.compile("png"))
    with page.expect_download() as saving:
        file.click()
    assert saving.value.path().stat().st_size > 0
    assert violations(page) == []
    page.context.close()
