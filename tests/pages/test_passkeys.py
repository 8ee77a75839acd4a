"""Passkeys in Chromium's virtual authenticator, and a role that needs a second factor: by the API and by the pages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from demo.city import PASSWORD
from tests.running_system import System
from tests.system.test_second_factor import Somebody

ASK = """async ([method, path, body, csrf]) => {
  const headers = { "content-type": "application/json", ...(csrf ? { "x-csrf-token": csrf } : {}) };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return [answer.status, text && JSON.parse(text)];
}"""

CREATE = """async (options) => (await navigator.credentials.create({
  publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
})).toJSON()"""

GET = """async (options) => (await navigator.credentials.get({
  publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
})).toJSON()"""


@pytest.fixture(scope="module")
def named(scratch: Path) -> Iterator[System]:
    """A system with a name: browsers make no passkeys for addresses."""
    folder = scratch / "named"
    folder.mkdir()
    system = System(folder, workers="1")
    system.environment["ONECARD_PUBLIC_URL"] = f"http://localhost:{system.port}"
    system.environment["ONECARD_SECOND_FACTOR_ROLES"] = "auditor"
    system.start(within_s=120)
    yield system
    system.abandon()


def with_authenticator(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def ask(page: Page, method: str, path: str, body: Any = None, csrf: str = "") -> tuple[int, Any]:
    status, answer = page.evaluate(ASK, [method, path, body, csrf])
    return status, answer


def test_a_person_adds_a_passkey_and_signs_in_with_it(named: System, browser: Browser) -> None:
    person = Somebody(named, "127.0.0.1").enrol()
    page = browser.new_page()
    page.goto(f"http://localhost:{named.port}/check-receipt")
    with_authenticator(page)
    message = {"login": person.login, "password": PASSWORD, "cookie": True}
    status, needed = ask(page, "POST", "/console/sessions", message)
    assert (status, needed["type"]) == (401, "/problems/second-factor-needed")
    second = {"ticket": needed["ticket"], "code": person.code(), "cookie": True}
    status, signed_in = ask(page, "POST", "/console/sessions/second-factor", second)
    assert status == 201, signed_in
    assert "onecard-session" not in page.evaluate("document.cookie")
    assert ask(page, "POST", "/console/passkeys/challenge")[0] == 403, "no token against forged requests"
    csrf = ask(page, "GET", "/console/sessions/current")[1]["csrf_token"]
    status, options = ask(page, "POST", "/console/passkeys/challenge", None, csrf)
    assert status == 200, options
    made = page.evaluate(CREATE, options["publicKey"])
    status, added = ask(page, "POST", "/console/passkeys", {"name": "笔记本电脑", "credential": made}, csrf)
    assert status == 201, added
    assert ask(page, "DELETE", "/console/sessions/current", None, csrf)[0] == 204
    assert ask(page, "GET", "/registry/directory")[0] == 401

    asked = ask(page, "POST", "/console/sessions/passkey-challenge")[1]["publicKey"]
    signed = {"credential": page.evaluate(GET, asked), "cookie": True}
    status, signed_in = ask(page, "POST", "/console/sessions/passkey", signed)
    assert (status, signed_in["token"]) == (201, None), signed_in
    assert ask(page, "GET", "/registry/directory")[0] == 200
    assert ask(page, "POST", "/console/sessions/passkey", signed)[0] == 401, "once"
    page.close()


def enter(page: Page, person: Somebody) -> None:
    page.get_by_label("User name").fill(person.login)
    page.locator("#sign-in").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_person_adds_a_passkey_on_his_page_and_signs_in_with_it(named: System, browser: Browser) -> None:
    person = Somebody(named, "127.0.0.1").enrol()
    page = browser.new_page(locale="en-GB")
    page.goto(f"http://localhost:{named.port}/account")
    with_authenticator(page)
    enter(page, person)
    page.get_by_label("Code, or a recovery code").first.fill(person.codes[0])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Name, such as").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    passkey = page.locator("#passkeys li")
    expect(passkey).to_contain_text("Laptop", timeout=60_000)
    expect(passkey).to_contain_text("not used yet")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"http://localhost:{named.port}/evaluations?lang=en")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("#session")).to_contain_text(f"Signed in as {person.login}", timeout=60_000)
    page.get_by_role("link", name="Account and security").click()
    page.get_by_role("button", name="Remove Laptop").click()
    expect(passkey).to_have_count(0, timeout=60_000)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("#sign-in [role=status]")).not_to_have_text("Checking…", timeout=60_000)
    expect(page.locator("#sign-in .wrong")).to_be_visible()
    page.context.close()


def test_a_role_that_needs_a_second_factor_is_led_to_it_and_back(named: System, browser: Browser) -> None:
    person = Somebody(named, "127.0.0.1", "auditor")
    page = browser.new_page(locale="en-GB", viewport={"width": 390, "height": 844})
    page.goto(f"http://localhost:{named.port}/evaluations?lang=en")
    enter(page, person)
    expect(page.locator("#factor-state")).to_contain_text("Your role needs a second factor", timeout=60_000)
    page.goto(f"http://localhost:{named.port}/reconciliation?lang=en")
    expect(page.locator("#factor-state")).to_contain_text("Your role needs a second factor", timeout=60_000)
    page.get_by_role("button", name="Set up a second factor").click()
    expect(page.get_by_role("img", name="QR code for the authenticator application")).to_be_visible(timeout=60_000)
    secret = page.locator("#secret").inner_text().replace(" ", "")
    confirm = page.locator("#confirm")
    expect(confirm.get_by_role("textbox")).to_be_focused()
    right = pyotp.TOTP(secret)
    confirm.get_by_role("textbox").fill("000000" if right.now() != "000000" else "000001")
    confirm.get_by_role("button").click()
    expect(confirm.locator(".wrong")).to_be_visible(timeout=60_000)
    confirm.get_by_role("textbox").fill(right.now())
    confirm.get_by_role("button").click()
    expect(page.locator(".codes li")).to_have_count(10, timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("#pages a").first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="I have kept them").click()
    expect(page.locator(".codes li")).to_have_count(0)
    page.get_by_role("link", name="Continue to where you were").click()
    expect(page).to_have_url(f"http://localhost:{named.port}/reconciliation?lang=en")
    expect(page.locator("#found")).to_be_visible(timeout=60_000)
    page.context.close()
