"""A passkey in Chromium's virtual authenticator: made and used on a page of ours, with a browser's cookie."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

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
