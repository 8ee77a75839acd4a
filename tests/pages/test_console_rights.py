"""Pages of the console by role: what somebody may not see is neither in his menu nor reachable by its address."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.builders import Network
from tests.console_page import come_in, patience

__all__ = ["patience"]

AREAS = Path(__file__).resolve().parents[2] / "web" / "console" / "areas.ts"
PEOPLE = ("centre", "approver", "supervisor", "auditor", "admin-yinzhou", "finance-yinzhou", "kitchen-yinzhou")


def views() -> set[tuple[str, str]]:
    """Pages of the console that are no lists: address and permission."""
    found = set(re.findall(r'\["(/[a-z-]+)", "([a-z_]+)", "[a-z_.]+"\]', AREAS.read_text(encoding="utf-8")))
    assert len(found) > 10
    return found


@pytest.mark.parametrize("login", PEOPLE)
def test_a_role_sees_its_own_pages_alone(browser: Browser, network: Network, login: str) -> None:
    page = come_in(browser, network, login)
    role = page.evaluate("fetch('/console/sessions/current').then((one) => one.json())")["role"]
    [permissions] = [
        {allowed["permission"] for allowed in one["permissions"]}
        for one in network.centre.call("GET", "/console/roles")
        if one["role"] == role
    ]
    mine = {path for path, permission in views() if permission in permissions}
    links = page.get_by_role("navigation").locator("a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    shown = {link.removeprefix("#").partition("?")[0] for link in links}
    every = {path for path, _ in views()}
    assert shown & every == mine
    for path in sorted(every - mine):
        page.goto(f"{network.url}/console/#{path}")
        expect(page.get_by_role("alert"), path).to_contain_text("Your role may not see this page")
    page.context.close()
