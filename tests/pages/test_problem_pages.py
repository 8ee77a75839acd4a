"""What a person sees who opens an address that is none; machines get problem details as before."""

import re

import pytest
import urllib3
from playwright.sync_api import Browser, expect

from tests.conftest import POLICY
from tests.running_system import System

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
UNKNOWN = "0190b0d4-0000-4000-8000-0000000000aa"
ADDRESSES = {
    "/nope": 404, "/r/abc": 404, f"/r/{UNKNOWN}": 404, "/r/20261127%204D83%20AFF1": 404, "/bulletins/999": 404,
    "/?day=foo": 400, "/registry/directory": 401,
}  # fmt: skip


def ask(system: System, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", system.url + path, headers=headers, retries=False, timeout=60)


@pytest.mark.parametrize(("path", "status"), ADDRESSES.items())
def test_a_browser_gets_a_page_with_the_same_status_and_headers(system: System, path: str, status: int) -> None:
    page = ask(system, path, accept=BROWSER, **{"accept-language": "en"})
    assert (page.status, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert page.headers["content-language"] == "en"
    text = page.data.decode()
    assert '<html lang="en">' in text
    assert 'href="/?lang=en"' in text
    assert re.search(r"<h1>[^<\u3400-\u9fff]+</h1>", text)
    assert re.search(r'<section lang="zh-Hans-CN">\s*<h2>[\u3400-\u9fff]+', text), "both languages"
    machine = ask(system, path)
    for name in ("content-security-policy", "cache-control", "x-content-type-options", "vary", "www-authenticate"):
        assert page.headers.get(name) == machine.headers.get(name), name


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/problem+json, text/html;q=0.9", "q;=", ""])
@pytest.mark.parametrize("path", ["/nope", "/r/abc", "/?day=foo", "/bulletins/999?lang=%ff"])
def test_a_machine_gets_problem_details(system: System, accept: str, path: str) -> None:
    answer = ask(system, path, accept=accept)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status


def test_the_address_chooses_the_language_of_the_page(system: System) -> None:
    page = ask(system, "/nope?lang=zh", accept=BROWSER, **{"accept-language": "en"})
    assert page.data.decode().index("未找到") < page.data.decode().index("Not found")
    assert ask(system, "/nope?lang=%ff&lang=%00", accept=BROWSER).status == 404


def test_the_short_number_of_a_receipt_is_explained(system: System, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB", viewport={"width": 390, "height": 700})
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if POLICY in said.text else None)
    page.goto(f"{system.url}/r/20261127%204D83%20AFF1")
    expect(page.locator("main")).to_contain_text("full number of 36 characters")
    expect(page.locator("main")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.get_by_role("link", name="To the first page").click()
    expect(page).to_have_title(re.compile("onecard"))
    assert complaints == []
    page.close()
