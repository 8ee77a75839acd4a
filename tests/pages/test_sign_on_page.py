"""The page of every way to sign in, in a browser, with both simulated providers of single sign-on."""

import psycopg
import pyotp
import pytest
from playwright.sync_api import Browser, expect

from tests.builders import Network, seen_identity
from tests.system.test_console_users import number_of
from tests.system.test_second_factor import Somebody
from tests.system.test_sign_on import IDENTITIES, rebound

WORK_APP, OPENID = "Government work app (demo)", "OpenID Connect (demo)"


@pytest.mark.parametrize("provider", [WORK_APP, OPENID])
def test_a_person_signs_on_and_out(network: Network, browser: Browser, provider: str) -> None:
    page = browser.new_page(locale="en-GB")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{network.url}/sign-on")
    page.get_by_role("button", name=provider).click()
    page.get_by_role("button", name="finance-city").click()
    expect(page.locator("#session")).to_contain_text("Signed in as finance-city", timeout=60_000)
    assert page.url == f"{network.url}/sign-on?lang=en", "no code is left in the history"
    pages = page.locator("#pages a")
    expect(pages).to_have_text(["Reconciliation differences", "Approvals", "Bulletins"])
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name=provider)).to_be_visible()
    assert complaints == []
    page.close()


def test_a_person_signs_on_from_a_page_and_comes_back_to_it(network: Network, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{network.url}/reconciliation?lang=en")
    page.get_by_role("link", name="Single sign-on").click()
    page.get_by_role("button", name=OPENID).click()
    page.get_by_role("button", name="finance-city").click()
    expect(page.locator("#found")).to_be_visible(timeout=60_000)
    assert page.url == f"{network.url}/reconciliation?lang=en"
    expect(page.locator("#session")).to_contain_text("Signed in as finance-city")
    page.goto(f"{network.url}/evaluations?lang=en")
    expect(page.locator("#session")).to_contain_text("Signed in as finance-city")
    for back in (
        "https://example.com/",
        "//example.com/",
        "/\\\\example.com/",
        "/.//example.com",
        "javascript:alert(1)",
    ):
        page.goto(f"{network.url}/sign-on?lang=en&back={back}")
        expect(page.locator("#pages a").first).to_be_visible(timeout=60_000)
        assert page.url.startswith(f"{network.url}/sign-on"), "the way back stays on this site"
    page.close()


def test_a_provider_proves_a_session_that_is_open(network: Network, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{network.url}/sign-on?lang=en&back=/account")
    page.get_by_role("button", name=OPENID).click()
    page.get_by_role("button", name="finance-city").click()
    begin = page.get_by_role("button", name="Set up a second factor")
    expect(begin).to_be_visible(timeout=60_000)
    unprove(network)
    page.reload()
    begin.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible(timeout=60_000)
    page.keyboard.press("Escape")
    expect(page.locator("#begin .wrong")).to_contain_text("Nothing was done")
    begin.click()
    dialog.get_by_role("button", name="Sign on anew").click()
    page.get_by_role("button", name="finance-city").click()
    expect(begin).to_be_visible(timeout=60_000)
    assert page.url.startswith(f"{network.url}/account")
    current = page.evaluate("async () => (await fetch('/console/sessions/current')).json()")
    assert current["proved_until"] is not None
    page.close()


def test_a_proof_asks_for_the_code_of_who_has_a_second_factor(network: Network, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{network.url}/sign-on?lang=en&back=/account")
    page.get_by_role("button", name=OPENID).click()
    page.get_by_role("button", name="finance-yuyao").click()
    page.get_by_role("button", name="Set up a second factor").click(timeout=60_000)
    secret = page.locator("#secret")
    expect(secret).not_to_be_empty(timeout=60_000)
    totp = pyotp.TOTP(secret.inner_text().replace(" ", ""))
    page.locator("#confirm").get_by_role("textbox").fill(totp.now())
    page.locator("#confirm").get_by_role("button").click()
    codes = page.locator(".codes li")
    expect(codes).to_have_count(10, timeout=60_000)
    kept = codes.all_inner_texts()
    unprove(network)
    page.reload()
    passkey = page.locator("#passkeys form")
    # A passkey needs a name for an address; its form is hidden where there is none.
    expect(page.locator("#more")).to_be_visible(timeout=60_000)
    passkey.evaluate("form => { form.elements.name.value = 'Laptop'; form.requestSubmit(); }")
    dialog = page.get_by_role("dialog", name="Show once more that it is you")
    expect(dialog.get_by_label("Password")).to_be_visible(timeout=60_000)
    expect(dialog.get_by_label("Code, or a recovery code")).to_be_visible()
    dialog.get_by_role("button", name="Sign on anew").click()
    page.get_by_role("button", name="finance-yuyao").click()
    expect(dialog.get_by_label("Password")).to_be_hidden(timeout=60_000)
    dialog.get_by_label("Code, or a recovery code").fill(kept[0], timeout=60_000)
    dialog.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{network.url}/account*", timeout=60_000)
    current = page.evaluate("async () => (await fetch('/console/sessions/current')).json()")
    assert current["proved_until"] is not None
    page.get_by_text("New recovery codes, or remove it").click(timeout=60_000)
    page.locator("#change").get_by_role("textbox").fill(kept[1])
    page.get_by_role("button", name="Remove the second factor").click()
    expect(page.locator("#factor-state")).to_contain_text("There is none", timeout=60_000)
    page.close()


def unprove(network: Network) -> None:
    """Let the last proofs be too long ago."""
    with psycopg.connect(network.system.database_url) as db:
        db.execute("UPDATE console_session SET proved_at = now() - interval '1 hour'")


def test_the_page_asks_for_the_second_factor_and_says_who_is_not_bound(network: Network, browser: Browser) -> None:
    somebody = Somebody(network.system, "127.0.9.1").enrol()
    identity = rebound(network, "admin-hangzhou", number_of(network.system, somebody.login))
    page = browser.new_page(locale="zh-CN")
    page.goto(f"{network.url}/sign-on")
    page.get_by_role("button", name="政务工作应用（演示）").click()
    page.get_by_role("button", name="admin-hangzhou").click()
    expect(page.locator("#state")).to_contain_text("GE_admin-hangzhou", timeout=60_000)
    path = f"{IDENTITIES}/{identity}/confirmation"
    network.approver.call("POST", path, seen_identity(network.system, identity))
    page.get_by_role("button", name="政务工作应用（演示）").click()
    page.get_by_role("button", name="admin-hangzhou").click()
    page.get_by_label("验证码或恢复码").first.fill(somebody.codes[0], timeout=60_000)
    page.get_by_role("button", name="登录").click()
    expect(page.locator("#session")).to_contain_text(f"当前用户：{somebody.login}", timeout=60_000)
    page.close()


def test_an_official_signs_on_for_his_own_things(network: Network, browser: Browser) -> None:
    official = network.official("city")
    identity = rebound(network, "kitchen-city", holder_id=official.holder_id)
    path = f"{IDENTITIES}/{identity}/confirmation"
    network.approver.call("POST", path, seen_identity(network.system, identity))
    page = browser.new_page(locale="en-GB")
    page.goto(f"{network.url}/sign-on?for=me")
    page.get_by_role("button", name="Government work app (demo)").click()
    page.get_by_role("button", name="kitchen-city").click()
    expect(page.locator("#state")).to_have_text(
        f"Signed in: Ningbo City Administration (demo), account {official.holder_id}", timeout=60_000
    )
    assert page.evaluate("fetch('/me/purses').then((answer) => answer.json())")["cash_fen"] == 10_000
    assert page.evaluate("fetch('/registry/directory').then((answer) => answer.status)") == 401
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Government work app (demo)")).to_be_visible()
    page.close()


@pytest.mark.parametrize("provider", ["政务工作应用（演示）", "统一身份认证（演示）"])
def test_an_official_of_the_demo_city_makes_the_browser_a_phone(
    network: Network, browser: Browser, provider: str
) -> None:
    """He chooses another language on the provider's page, and goes on from where he signed on."""
    page = browser.new_context(locale="zh-CN").new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{network.url}/sign-on?for=me")
    page.get_by_role("button", name=provider).click()
    expect(page.get_by_role("button", name="李强，公务人员")).to_be_visible()
    page.get_by_role("link", name="English").click()
    page.get_by_role("button", name="official-yuyao").click()
    expect(page.locator("#state")).to_contain_text("余姚市机关事务中心（演示）", timeout=60_000)
    assert complaints == []
    with page.expect_download() as export:
        page.get_by_role("link", name="下载本人全部信息").click()
    assert export.value.suggested_filename.startswith("onecard-")
    page.reload()
    page.get_by_role("link", name="将本浏览器设为手机").click()
    page.get_by_role("button", name="激活本机").click()
    page.get_by_role("button", name="是我本人").click()
    expect(page).to_have_url(f"{network.url}/phone/#pay", timeout=60_000)
    page.context.close()
