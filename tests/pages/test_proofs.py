"""Proof bundles and the audit log in a real browser: what is genuine holds, what was altered is found, also offline."""

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
import pytest
import urllib3
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from clearing.proof import SIGNATURE
from tests.axe import violations
from tests.builders import Network
from tests.console_page import SLOW_MS, come_in, patience
from tests.ledger.test_audit import packed, parts_of
from tests.running_system import System
from tests.waiting import wait_until

__all__ = ["patience"]

NO_ED25519 = """
const importKey = crypto.subtle.importKey.bind(crypto.subtle);
crypto.subtle.importKey = (format, bytes, algorithm, ...more) =>
  algorithm === "Ed25519"
    ? Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"))
    : importKey(format, bytes, algorithm, ...more);
"""


@pytest.fixture(scope="module")
def closed(scratch: Path) -> Iterator[Network]:
    """A network of its own, where a visitor from Hangzhou ate in Ningbo on each of two days that are published."""
    folder = Path(mkdtemp(prefix="proofs-", dir=scratch))
    system = System(folder)
    system.environment["ONECARD_WORKERS"] = "1"
    system.start()
    try:
        network = Network(system)
        terminal, card = network.terminal(folder, "city"), network.card(network.official("hangzhou"))
        for _ in range(2):
            assert terminal.charge_card(card, "lunch").outcome == "approved"
            close_day(network)
        yield network
    finally:
        system.clear_away()


def open_day(network: Network) -> str:
    return max(str(book["business_date"]) for book in network.centre.call("GET", "/clearing/open-days"))


def close_day(network: Network) -> None:
    day = open_day(network)
    network.with_approval(network.centre, "/clearing/cycles", {"business_date": day, "reason": "a test"})
    path = f"/clearing/cycles/{day}"
    # Where nobody owes anybody, nothing is left to pay.
    wait_until(lambda: network.centre.call("GET", path)["state"] in ("published", "settled"), within_s=120)


@pytest.fixture(scope="module")
def bundles(closed: Network) -> list[bytes]:
    """The city's bundles, in order."""
    cycles = closed.centre.call("GET", "/clearing/cycles")["items"]
    headers = {"authorization": f"Bearer {closed.centre.token}"}
    made = []
    for day in sorted(cycle["business_date"] for cycle in cycles):
        url = f"{closed.url}/clearing/cycles/{day}/bundles/{closed.agency_id('city')}"
        made.append(urllib3.request("GET", url, headers=headers).data)
    return made


@pytest.fixture
def alone(browser: Browser, closed: Network) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", viewport={"width": 820, "height": 900})
    page = context.new_page()
    page.goto(f"{closed.url}/proof/")
    yield page
    context.close()


def key_of(network: Network) -> str:
    return str(network.centre.call("GET", "/console/about")["public_keys"][0])


def zipped(content: bytes) -> FilePayload:
    return {"name": "bundle.zip", "mimeType": "application/zip", "buffer": content}


def check(page: Page, bundle: bytes, key: str, previous: bytes | None = None) -> None:
    page.locator("[name=bundle]").set_input_files(zipped(bundle))
    if previous is not None:
        page.locator("[name=previous]").set_input_files(zipped(previous))
    page.get_by_label("The centre's public key").fill(key)
    page.get_by_role("button", name="Verify", exact=True).click()


def choose(page: Page, label: str, words: str) -> None:
    """Choose by the keyboard, once there is something to choose from."""
    page.get_by_role("combobox", name=label).fill(words)
    expect(page.locator(".ant-select-item-option").filter(has_text=words)).to_be_visible()
    page.keyboard.press("Enter")


def test_a_genuine_bundle_holds_and_continues_the_one_before(
    alone: Page, closed: Network, bundles: list[bytes]
) -> None:
    check(alone, bundles[1], key_of(closed), previous=bundles[0])
    expect(alone.get_by_role("status")).to_contain_text("Everything holds")
    expect(alone.locator(".findings li")).to_have_count(9)
    expect(alone.locator(".findings .danger")).to_have_count(0)
    expect(alone.locator(".head")).to_contain_text("The audit log at publication")


def test_what_was_altered_is_named(alone: Page, closed: Network, bundles: list[bytes]) -> None:
    parts, key = parts_of(bundles[1]), key_of(closed)
    statement = next(name for name in parts if name.startswith("statement-"))
    for name, wrong in ((SIGNATURE, "The manifest is signed by the centre"), (statement, "The statement is the")):
        altered = bytearray(parts[name])
        altered[-3] ^= 1
        check(alone, packed(parts | {name: bytes(altered)}), key)
        expect(alone.get_by_role("alert")).to_contain_text("do not hold")
        expect(alone.locator(".findings li").filter(has_text=wrong)).to_contain_text("does not hold")
    check(alone, bundles[1], "ab" * 32)
    expect(alone.locator(".findings li").first).to_contain_text("does not hold")


def test_wrong_files_and_keys_are_told(alone: Page, closed: Network, bundles: list[bytes]) -> None:
    check(alone, b"no bundle", key_of(closed))
    expect(alone.get_by_role("alert")).to_contain_text("no proof bundle")
    check(alone, bundles[0], "12")
    expect(alone.get_by_role("alert")).to_contain_text("64 hexadecimal characters")


def test_a_browser_without_ed25519_says_that_nothing_was_checked(
    browser: Browser, closed: Network, bundles: list[bytes]
) -> None:
    page = browser.new_page(locale="en-GB")
    page.add_init_script(NO_ED25519)
    page.goto(f"{closed.url}/proof/")
    check(page, bundles[0], key_of(closed))
    expect(page.get_by_role("alert")).to_contain_text("Nothing was checked")
    expect(page.locator(".findings")).to_have_count(0)
    page.close()


def test_it_works_without_a_network(browser: Browser, closed: Network, bundles: list[bytes]) -> None:
    context: BrowserContext = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{closed.url}/proof/")
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("caches.keys().then((names) => names.length > 0)")
    key = key_of(closed)
    context.set_offline(True)
    page.reload()
    check(page, bundles[0], key)
    expect(page.get_by_role("status")).to_contain_text("Everything holds")
    context.close()


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_everybody_can_read_the_page(
    browser: Browser, closed: Network, bundles: list[bytes], look: str, width: int
) -> None:
    options: Any = {"color_scheme": look, "viewport": {"width": width, "height": 900}}
    page = browser.new_page(locale="zh-CN", **options)
    page.goto(f"{closed.url}/proof/")
    for large in (False, True):
        page.locator("[name=bundle]").set_input_files(zipped(bundles[0]))
        page.get_by_label(re.compile("公钥")).fill(key_of(closed))
        page.get_by_role("button", name="核验", exact=True).click()
        expect(page.locator(".findings li").first).to_be_visible()
        assert violations(page) == [], (look, width, large)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name="大字").click()
    page.close()


def test_an_auditor_checks_the_log_and_a_bundle_that_he_makes(browser: Browser, closed: Network) -> None:
    page = come_in(browser, closed, "auditor", "/audit")
    menu = page.get_by_role("navigation")
    expect(menu.get_by_role("link", name="Checks and proofs")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Check all entries").click()
    expect(page.get_by_role("alert")).to_contain_text("entries are as they were written")

    choose(page, "Agency", "Ningbo")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Download").click()
    assert saving.value.suggested_filename.startswith("onecard-")
    page.get_by_role("button", name="Verify at once").click()
    expect(page.locator("#verdict")).to_contain_text("Everything holds")
    page.get_by_role("button", name=re.compile("Compare with")).click()
    expect(page.locator("main")).to_contain_text("nothing before it was rewritten")
    check(page, Path(saving.value.path()).read_bytes(), "cd" * 32)
    expect(page.locator("#verdict")).to_contain_text("1 of 6 checks do not hold")
    page.context.close()


def test_finance_makes_bundles_of_its_own_agency_alone(browser: Browser, closed: Network) -> None:
    page = come_in(browser, closed, "finance-city", "/audit")
    expect(page.get_by_role("heading", name="Make a proof bundle")).to_be_visible()
    expect(page.get_by_role("button", name="Check all entries")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Agency")).to_have_count(0)
    page.get_by_role("button", name="Verify at once").click()
    expect(page.locator("#verdict")).to_contain_text("Everything holds")
    page.context.close()


def test_who_may_see_neither_is_told_so(browser: Browser, closed: Network) -> None:
    page = come_in(browser, closed, "kitchen-city", "/audit")
    expect(page.get_by_role("alert")).to_contain_text("Your role may not see this page")
    expect(page.get_by_role("navigation").get_by_text("Checks and proofs")).to_have_count(0)
    page.context.close()


@pytest.mark.parametrize("look", ["light", "dark"])
def test_everybody_can_read_the_auditors_page(browser: Browser, closed: Network, look: str) -> None:
    for width in (820, 1280):
        size = {"width": width, "height": 900}
        page = come_in(browser, closed, "auditor", "/audit", locale="zh-CN", color_scheme=look, viewport=size)
        page.get_by_role("button", name="核验全部条目").click()
        choose(page, "单位", "宁波")
        page.get_by_role("button", name="立即核验").click()
        expect(page.locator("#verdict")).to_be_visible()
        expect(page.locator("main .ant-alert")).to_have_count(2)
        assert violations(page) == [], (look, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()


def test_an_altered_entry_of_the_log_is_found(browser: Browser, closed: Network) -> None:
    """The last test: the log of this network does not hold afterwards."""
    postgres = closed.system.services.postgres
    assert postgres is not None
    with psycopg.connect(postgres.url_of(postgres.superuser, "onecard")) as db:
        db.execute("UPDATE audit_entry SET actor = 'nobody' WHERE entry = 5")
    page = come_in(browser, closed, "auditor", "/audit")
    page.get_by_role("button", name="Check all entries").click()
    expect(page.get_by_role("alert")).to_contain_text("From entry 5 on", timeout=SLOW_MS)
    page.get_by_role("link", name="See that entry").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("5")
    page.context.close()
