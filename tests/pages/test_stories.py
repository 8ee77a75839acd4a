"""A story of each role in a real browser, from signing in to the last step of its main work, on a city with a past."""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from foundation.calendar import ZONE
from tests.builders import Network
from tests.console_page import patience, sign_in
from tests.pages.test_console_acts import check, confirm, done
from tests.running_system import System

__all__ = ["patience"]

TODAY = datetime.now(ZONE).date()


@pytest.fixture(scope="module")
def city(scratch: Path) -> Iterator[Network]:
    """A city of its own whose day was played: voids, refunds, disputes, cases, a bulletin, what waits for somebody."""
    system = System(Path(mkdtemp(prefix="stories-", dir=scratch)))
    system.environment["ONECARD_WORKERS"] = "1"
    system.start()
    try:
        system.command("demo")
        yield Network(system)
    finally:
        system.clear_away()


class Desk:
    """Somebody at his desk, who goes on by links and buttons alone once he has signed in."""

    def __init__(self, browser: Browser, network: Network, login: str) -> None:
        context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
        self.page: Page = context.new_page()
        self.page.goto(f"{network.url}/console/")
        sign_in(self.page, login)
        expect(self.page.get_by_role("heading", level=1)).to_have_text("What needs you now")

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_: Any) -> None:
        self.page.context.close()

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    def opens(self, area: str, name: str) -> None:
        """A list or a page by the menu."""
        menu = self.page.get_by_role("navigation")
        group = menu.locator("details").filter(has=self.page.get_by_text(area, exact=True))
        if group.get_attribute("open") is None:
            group.locator("summary").click()
        group.get_by_role("link", name=name, exact=True).click()
        expect(menu.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")

    def follows(self, name: str | re.Pattern[str]) -> None:
        self.main.get_by_role("link", name=name, exact=isinstance(name, str)).first.click()

    def chooses(self, label: str, word: str) -> None:
        field = self.page.get_by_label(label)
        field.click()
        if field.is_editable():
            field.fill(word)
        self.page.locator(".ant-select-item-option:visible").filter(has_text=word).first.click()

    def sends(self, name: str) -> None:
        """What is filled in: looked at once more, and sent."""
        check(self.page)
        confirm(self.page)
        expect(done(self.page)).to_contain_text(name)

    def finds(self, number: str) -> None:
        """By the one field that finds things."""
        self.page.get_by_role("searchbox").fill(number)
        self.page.get_by_role("button", name="Find").click()
        self.follows(re.compile(re.escape(number)))


def test_an_administrator_takes_somebody_on(browser: Browser, city: Network) -> None:
    with Desk(browser, city, "admin-yinzhou") as desk:
        desk.opens("Administration", "Officials")
        desk.follows("Register officials")
        desk.page.get_by_role("textbox", name="Name").fill("沈新来")
        desk.page.get_by_label("Staff number").fill(secrets.token_hex(4))
        desk.sends("Register officials")
        [holder] = re.findall(r"\d{4,}", desk.page.locator(".answer").inner_text())
        desk.finds(holder)
        expect(desk.main).to_contain_text("active")
        desk.follows("Create an activation code for a phone")
        desk.sends("Create an activation code for a phone")
        expect(desk.page.locator(".answer")).to_contain_text("Code")
        desk.opens("Administration", "Cards and phones")
        desk.follows("Issue cards")
        desk.page.get_by_label("Holder").fill(holder)
        desk.page.get_by_label("Card's chip number").fill(f"04{secrets.token_hex(6).upper()}")
        desk.sends("Issue cards")


def undisputed(city: Network) -> str:
    """A payment of Yinzhou's people at a canteen of the city's that nobody took back or disputes."""
    finance = city.person("finance-yinzhou")
    query = f"issuer_id={city.agency_id('yinzhou')}&acquirer_id={city.agency_id('city')}&limit=200"
    listed = finance.call("GET", f"/settlement/payments?{query}")["items"]
    touched = {one["reverses"] for one in listed}
    touched |= {one["posting_id"] for one in finance.call("GET", "/clearing/disputes")["items"]}
    return str(
        next(one["posting_id"] for one in listed if one["kind"] == "payment" and one["posting_id"] not in touched)
    )


def test_finance_disputes_a_payment_and_the_centre_decides(browser: Browser, city: Network) -> None:
    number = undisputed(city)
    with Desk(browser, city, "finance-yinzhou") as desk:
        desk.opens("Clearing", "Statements")
        desk.main.locator("tbody th a").first.click()
        expect(desk.main.get_by_role("heading", name="Postings")).to_be_visible()
        desk.opens("Agency finance", "Payments")
        desk.page.get_by_label("Posting", exact=True).fill(number)
        desk.page.get_by_role("button", name="Show", exact=True).click()
        desk.follows(number)
        expect(desk.main).to_contain_text("Ningbo City Administration (demo)")
        desk.follows("Dispute the payment")
        desk.page.get_by_label(re.compile("^Amount")).fill("5.00")
        desk.page.get_by_label("Text").fill("the meal was not served")
        desk.sends("Dispute the payment")
    with Desk(browser, city, "finance-city") as desk:
        desk.follows(re.compile("Disputes to answer"))
        desk.main.locator("tbody tr").filter(has_text=number).locator("th a").click()
        desk.follows("Answer the dispute")
        desk.page.get_by_label("Text").fill("served at half past eleven")
        desk.sends("Answer the dispute")
    with Desk(browser, city, "centre") as desk:
        desk.follows(re.compile("Disputes to decide"))
        desk.main.locator("tbody tr").filter(has_text=number).locator("th a").click()
        expect(desk.main).to_contain_text("answered")
        desk.follows("Decide the dispute")
        desk.chooses("Accept", "Yes")
        desk.page.get_by_label("Text").fill("credited")
        desk.sends("Decide the dispute")


def test_the_centre_pays_a_cycle_out_and_a_second_person_approves(browser: Browser, city: Network) -> None:
    with Desk(browser, city, "centre") as desk:
        desk.opens("Clearing", "A clearing night")
        expect(desk.main).to_contain_text("What waits for whom")
        desk.opens("Clearing", "Differences")
        expect(desk.main.locator("tbody")).to_contain_text("the agency paid in part")
        desk.follows("Reconcile now")
        desk.sends("Reconcile now")
    with Desk(browser, city, "approver") as desk:
        desk.follows(re.compile("Approvals to decide"))
        desk.page.get_by_role("link", name=re.compile("Change of a bank account")).first.click()
        desk.page.get_by_role("button", name="Approve", exact=True).click()
        desk.page.get_by_role("button", name="Confirm the approval").click()
        expect(desk.main).to_contain_text("Waiting for you: 0")


def test_a_supervisor_finds_and_a_manager_mends(browser: Browser, city: Network) -> None:
    finding = f"未张贴提示 {secrets.token_hex(3)}"
    with Desk(browser, city, "supervisor") as desk:
        desk.opens("Evaluation", "Waste by canteen")
        expect(desk.main.locator("canvas").first).to_be_visible()
        desk.opens("Evaluation", "Case board")
        desk.follows("Open a case")
        desk.chooses("Canteen", "Yuyao")
        desk.page.get_by_label("Finding").fill(finding)
        desk.page.get_by_label("Responsible").fill("陈食堂")
        desk.page.get_by_label(re.compile("^Quarter")).fill(
            str(TODAY.replace(month=(TODAY.month - 1) // 3 * 3 + 1, day=1))
        )
        desk.page.get_by_label(re.compile("^Due on")).fill(str(TODAY + timedelta(days=10)))
        desk.sends("Open a case")
    with Desk(browser, city, "kitchen-yuyao") as desk:
        desk.opens("Canteen", "Cases to answer")
        desk.main.locator("li").filter(has_text=finding).get_by_role("link").click()
        for step in ("Submit the plan", "Submit the proof"):
            desk.follows(step)
            desk.page.get_by_label("Text").fill("put up at the door")
            desk.sends(step)
            desk.follows("Back")
    with Desk(browser, city, "supervisor") as desk:
        desk.opens("Evaluation", "Case board")
        desk.page.get_by_role("switch", name="Only what waits for me").click()
        desk.main.locator("li").filter(has_text=finding).get_by_role("link").click()
        desk.follows("Passed the re-inspection")
        desk.page.get_by_label("Text").fill("seen at the door")
        desk.sends("Passed the re-inspection")
        desk.opens("Evaluation", "Bulletin editor")
        desk.main.locator("tbody th a").first.click()
        expect(desk.main).to_contain_text("Published")


def test_a_manager_runs_his_day(browser: Browser, city: Network) -> None:
    with Desk(browser, city, "kitchen-yinzhou") as desk:
        desk.opens("Canteen", "Today")
        expect(desk.main.locator("canvas").first).to_be_visible()
        desk.opens("Canteen", "Menus and prices")
        desk.follows("Publish a menu")
        desk.chooses("Canteen", "Hall")
        desk.page.get_by_label(re.compile("^Date")).fill(str(TODAY + timedelta(days=9)))
        desk.chooses("Meal", "lunch")
        desk.page.get_by_label("Chinese name").fill("清蒸鲈鱼")
        desk.chooses("Kind", "meat")
        desk.page.get_by_label(re.compile("^Price")).fill("12.00")
        desk.sends("Publish a menu")
        desk.opens("Canteen", "Weigh-ins")
        desk.follows("Record weigh-ins")
        desk.page.get_by_label(re.compile("^Business day")).fill(str(TODAY))
        desk.chooses("Meal", "lunch")
        desk.chooses("Stream", "plate")
        desk.page.get_by_label(re.compile("^Weight")).fill("1200")
        desk.chooses("Canteen", "Hall")
        desk.sends("Record weigh-ins")


def test_an_auditor_sees_all_and_changes_nothing(browser: Browser, city: Network) -> None:
    with Desk(browser, city, "auditor") as desk:
        desk.opens("Audit", "Checks and proofs")
        desk.page.get_by_role("button", name="Check all entries").click()
        expect(desk.page.get_by_role("alert")).to_contain_text("entries are as they were written")
        for area, name in (("Agency finance", "Payments"), ("Clearing", "Disputes"), ("Evaluation", "Cases")):
            desk.opens(area, name)
            desk.main.locator("tbody th a").first.click()
            expect(desk.main.get_by_role("heading", name="What can be done")).to_have_count(0)
