"""What is new since somebody looked last, and where he is signed in."""

import re

from playwright.sync_api import Browser, expect

from tests.axe import violations
from tests.builders import Network
from tests.console_page import come_in, patience, sign_in

__all__ = ["patience"]


def test_news_are_counted_until_they_were_looked_at(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "approver")
    bell = page.get_by_role("button", name=re.compile("^News"))
    bell.click()
    page.keyboard.press("Escape")
    bell.click()
    expect(page.get_by_role("menu")).to_be_visible()
    bell.click()
    expect(bell.locator(".fresh")).to_have_count(0)

    network.centre.call("POST", "/console/enrolments", {"canteen_id": network.canteen_id("yuyao"), "kind": "till"})
    page.reload()
    expect(bell.locator(".fresh")).to_have_text(re.compile("[1-9]"))
    bell.click()
    fresh = page.get_by_role("menuitem").filter(has_text="Terminals to approve")
    expect(fresh).to_contain_text("new")
    assert violations(page) == []
    fresh.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Enrolments")
    assert "approved=false" in page.url
    page.context.close()


def test_a_browser_is_asked_for_notifications_by_choice_alone(browser: Browser, network: Network) -> None:
    page = come_in(browser, network, "approver")
    page.context.grant_permissions(["notifications"], origin=network.url)
    page.reload()
    bell = page.get_by_role("button", name=re.compile("^News"))
    bell.click()
    page.get_by_role("menuitem", name="Notify me in this browser").click()
    bell.click()
    expect(page.get_by_role("menuitem", name="Stop notifying me in this browser")).to_be_visible()
    page.context.close()


def test_sessions_are_listed_and_ended(browser: Browser, network: Network) -> None:
    pages = [browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 800}) for _ in range(3)]
    for page in pages:
        page.goto(f"{network.url}/console/")
        sign_in(page, "finance-hangzhou")
    mine = pages[0]
    mine.get_by_role("button", name="finance-hangzhou").click()
    mine.get_by_role("menuitem", name="Sessions").click()
    rows = mine.locator("main tbody tr")
    expect(rows).to_have_count(3)
    assert violations(mine) == []
    mine.get_by_role("button", name=re.compile("End the session")).first.click()
    expect(rows).to_have_count(2)
    mine.get_by_role("button", name="End all other sessions").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("This session")
    for page in pages[1:]:
        page.reload()
        page.wait_for_url("**/sign-on**")
    for page in pages:
        page.context.close()
