"""A story of each role in a real browser, from signing in to the last step of its main work, on a city with a past."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.builders import Network
from tests.console_page import patience, sign_in
from tests.pages.test_console_acts import check, confirm, done
from tests.running_system import System

__all__ = ["patience"]


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

    def opens(self, area: str, name: str) -> None:
        """A list or a page by the menu."""
        menu = self.page.get_by_role("navigation")
        group = menu.locator("details").filter(has=self.page.get_by_text(area, exact=True))
        if group.get_attribute("open") is None:
            group.locator("summary").click()
        group.get_by_role("link", name=name, exact=True).click()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def follows(self, name: str) -> None:
        self.page.locator("main").get_by_role("link", name=name, exact=True).first.click()

    def sends(self, name: str) -> None:
        """What is filled in: looked at once more, and sent."""
        check(self.page)
        confirm(self.page)
        expect(done(self.page)).to_contain_text(name)


def test_an_administrator_takes_somebody_on(browser: Browser, city: Network) -> None:
    number = secrets.token_hex(4)
    with Desk(browser, city, "admin-yinzhou") as desk:
        page = desk.page
        desk.opens("Administration", "Officials")
        desk.follows("Register officials")
        page.get_by_role("textbox", name="Name").fill("沈新来")
        page.get_by_label("Staff number").fill(number)
        desk.sends("Register officials")
        holder = page.locator(".answer").inner_text()
        found = re.search(r"\d{4,}", holder)
        assert found, holder
        page.get_by_role("searchbox").fill(found[0])
        page.get_by_role("button", name="Find").click()
        page.locator("main").get_by_role("link", name=re.compile(found[0])).first.click()
        desk.follows("Activate a phone")
        desk.sends("Activate a phone")
        expect(page.locator(".answer")).to_contain_text("Code")
