"""Signing in on the pages: one session for all, the second factor, the proof; one's account, and an invitation."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.city import PASSWORD
from tests.builders import Network, seen_user
from tests.running_system import System
from tests.system.test_console_users import USERS, WORD, invitation
from tests.system.test_second_factor import Somebody

SLOW = 60_000


def enter(page: Page, login: str, password: str = PASSWORD) -> None:
    page.get_by_label("User name").fill(login)
    page.locator("#sign-in").get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def signed_in(page: Page, login: str) -> None:
    expect(page.locator("#session")).to_contain_text(f"Signed in as {login}", timeout=SLOW)


def code_of(page: Page) -> Locator:
    return page.locator("#sign-in").get_by_label("Code, or a recovery code")


@pytest.mark.parametrize("path", ["/reconciliation", "/evaluations", "/weighing", "/integrity"])
def test_every_page_takes_the_second_factor_and_the_session_that_is_there(
    system: System, browser: Browser, path: str
) -> None:
    person = Somebody(system, "127.0.10.1").enrol()
    page = browser.new_context().new_page()
    page.goto(f"{system.url}{path}?lang=en")
    enter(page, person.login)
    expect(code_of(page)).to_be_focused(timeout=SLOW)
    code_of(page).fill("wrong-code")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#sign-in .wrong")).to_have_text(re.compile("code", re.IGNORECASE), timeout=SLOW)
    code_of(page).fill(person.code())
    page.get_by_role("button", name="Sign in").click()
    signed_in(page, person.login)
    other = page.context.new_page()
    other.goto(f"{system.url}/evaluations?lang=en")
    signed_in(other, person.login)
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_label("User name")).to_be_focused()
    expect(page.get_by_label("User name")).to_be_visible(timeout=SLOW)
    page.context.close()


def test_wrong_words_are_told_and_a_recovery_code_counts_once(system: System, browser: Browser) -> None:
    person = Somebody(system, "127.0.10.2").enrol()
    page = browser.new_page()
    page.goto(f"{system.url}/evaluations?lang=en")
    enter(page, person.login, "wrong")
    told = page.locator("#sign-in [role=status]")
    expect(told).to_contain_text("password", timeout=SLOW)
    expect(told).to_have_class("wrong")
    for count in range(2):
        enter(page, person.login)
        code_of(page).fill(person.codes[0], timeout=SLOW)
        page.get_by_role("button", name="Sign in").click()
        if count == 0:
            signed_in(page, person.login)
            page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#sign-in .wrong")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Back").click()
    expect(page.locator("#sign-in").get_by_label("Password")).to_be_focused()
    page.close()


def test_a_token_that_another_page_has_got_anew_is_asked_for(system: System, browser: Browser) -> None:
    person = Somebody(system, "127.0.10.3")
    page = browser.new_context().new_page()
    page.goto(f"{system.url}/account?lang=en")
    enter(page, person.login)
    signed_in(page, person.login)
    other = page.context.new_page()
    other.goto(f"{system.url}/account?lang=en")
    other.get_by_label("Old password").fill(PASSWORD, timeout=SLOW)
    for label in ("New password", "New password once more"):
        other.get_by_label(label, exact=True).fill(WORD)
    other.get_by_role("button", name="Change the password").click()
    expect(other.locator("#password")).to_contain_text("The password is changed", timeout=SLOW)
    page.get_by_role("button", name="Set up a second factor").click()
    expect(page.locator("#secret")).to_be_visible(timeout=SLOW)
    page.context.close()


def test_a_person_sets_up_a_factor_and_sees_and_ends_his_sessions(system: System, browser: Browser) -> None:
    person = Somebody(system, "127.0.10.5").enrol()
    assert person.sign_in(person.code())[0] == 201
    page = browser.new_page()
    page.goto(f"{system.url}/account?lang=en")
    enter(page, person.login)
    code_of(page).fill(person.codes[1], timeout=SLOW)
    page.get_by_role("button", name="Sign in").click()
    sessions = page.locator("#sessions li")
    expect(page.locator("#no-passkeys")).to_contain_text("IP address", timeout=SLOW)
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()
    expect(sessions.filter(has_text="Chrome on Linux")).to_have_count(1, timeout=SLOW)
    expect(page.locator("#factor-state")).to_contain_text("recovery codes left: 9", timeout=SLOW)
    page.get_by_role("button", name="End all others").click()
    expect(sessions).to_have_count(1, timeout=SLOW)
    assert person.ask("GET", "/registry/directory")[0] == 401
    page.get_by_text("New recovery codes, or remove it").click()
    page.locator("#change").get_by_role("textbox").fill(person.codes[2])
    page.get_by_role("button", name="Get new recovery codes").click()
    expect(page.locator(".codes li")).to_have_count(10, timeout=SLOW)
    page.locator("#change").get_by_role("textbox").fill(page.locator(".codes li").first.inner_text())
    page.get_by_role("button", name="Remove the second factor").click()
    expect(page.locator("#factor-state")).to_contain_text("There is none", timeout=SLOW)
    page.close()


def test_an_invited_person_gets_in_by_the_pages_alone(network: Network, browser: Browser) -> None:
    login, number, code = invitation(network.centre)
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{network.url}/sign-on?lang=en")
    page.get_by_role("link", name="Accept an invitation").click()
    expect(page.get_by_text("A password has 12 to 128 characters")).to_be_visible()
    told = page.locator("#accept [role=status]")

    def accept(given: str, password: str, again: str) -> None:
        fields = {"User name": login, "Code of the invitation": given, "New password": password}
        for label, text in (fields | {"New password once more": again}).items():
            page.get_by_label(label, exact=True).fill(text)
        page.get_by_role("button", name="Set the password").click()

    accept(code, WORD, f"{WORD}s")
    expect(told).to_have_text("The new passwords are not the same", timeout=SLOW)
    accept("no-such-code", WORD, WORD)
    expect(told).to_contain_text("invitation", timeout=SLOW)
    accept(code, "password1234", "password1234")
    expect(told).to_contain_text("too common", timeout=SLOW)
    accept(code, WORD, WORD)
    expect(page.locator("#accepted")).to_be_focused(timeout=SLOW)
    page.get_by_role("link", name="Go to sign in").click()
    enter(page, login, WORD)
    expect(page.locator("#sign-in .wrong")).to_contain_text("confirm", timeout=SLOW)
    network.approver.call("POST", f"{USERS}/{number}/confirmation", seen_user(network.system, number))
    enter(page, login, WORD)
    signed_in(page, login)
    page.close()
