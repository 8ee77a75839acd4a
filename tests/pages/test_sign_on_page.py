"""The page of single sign-on, in a browser, with both simulated providers."""

import pytest
from playwright.sync_api import Browser, expect

from tests.builders import Network, seen_identity
from tests.system.test_console_users import number_of
from tests.system.test_second_factor import Somebody
from tests.system.test_sign_on import IDENTITIES, rebound


@pytest.mark.parametrize("provider", ["Government work app (demo)", "OpenID Connect (demo)"])
def test_a_person_signs_on_and_out(network: Network, browser: Browser, provider: str) -> None:
    page = browser.new_page(locale="en-GB")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{network.url}/sign-on")
    expect(page.locator("#state")).to_have_text("Choose where to sign on")
    page.get_by_role("button", name=provider).click()
    page.get_by_role("button", name="finance-city").click()
    expect(page.locator("#state")).to_have_text("Signed in as finance-city")
    assert page.url == f"{network.url}/sign-on", "no code is left in the history"
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#state")).to_have_text("Choose where to sign on")
    # Asking who is signed in is answered 401 when nobody is.
    assert [one for one in complaints if "401" not in one] == []
    page.close()


def test_the_page_asks_for_the_second_factor_and_says_who_is_not_bound(network: Network, browser: Browser) -> None:
    somebody = Somebody(network.system, "127.0.9.1").enrol()
    identity = rebound(network, "admin-hangzhou", number_of(network.system, somebody.login))
    page = browser.new_page(locale="zh-CN")
    page.goto(f"{network.url}/sign-on")
    page.get_by_role("button", name="政务工作应用（演示）").click()
    page.get_by_role("button", name="admin-hangzhou").click()
    expect(page.locator("#state")).to_contain_text("GE_admin-hangzhou")
    path = f"{IDENTITIES}/{identity}/confirmation"
    network.approver.call("POST", path, seen_identity(network.system, identity))
    page.get_by_role("button", name="政务工作应用（演示）").click()
    page.get_by_role("button", name="admin-hangzhou").click()
    page.get_by_label("动态验证码或恢复码").fill(somebody.codes[0])
    page.get_by_role("button", name="继续").click()
    expect(page.locator("#state")).to_have_text(f"当前用户： {somebody.login}")
    page.close()


def test_an_official_signs_on_for_his_own_things(network: Network, browser: Browser) -> None:
    official = network.official()
    identity = rebound(network, "kitchen-city", holder_id=official.holder_id)
    network.approver.call("POST", f"{IDENTITIES}/{identity}/confirmation")
    page = browser.new_page(locale="en-GB")
    page.goto(f"{network.url}/sign-on?for=me")
    page.get_by_role("button", name="Government work app (demo)").click()
    page.get_by_role("button", name="kitchen-city").click()
    expect(page.locator("#state")).to_have_text(f"Signed in as {official.holder_id}")
    assert page.evaluate("fetch('/me/purses').then((answer) => answer.json())")["cash_fen"] == 10_000
    assert page.evaluate("fetch('/registry/directory').then((answer) => answer.status)") == 401
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#state")).to_have_text("Choose where to sign on")
    page.close()
