"""What a browser may do with our pages, what it may keep of them, and who sees how the centre does."""

import json
import re
import stat
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import urllib3
from playwright.sync_api import Browser, expect

from onecard.embedded_servers import Services
from onecard.settings import Settings
from terminals.phone import ask_top_up
from tests.builders import Network
from tests.conftest import POLICY
from tests.running_system import System, free_port

WEB = Path(__file__).parents[2] / "web"
PAGES = sorted(WEB.glob("*/*.html"))
TOKEN = "t" * 32


def get(url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", url, headers=headers, retries=False, timeout=60)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_pages_hold_no_script_and_no_style(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:", text)


def test_the_policy_allows_nothing_inline_and_no_other_base(system: System) -> None:
    policy = get(system.url).headers["content-security-policy"]
    assert not re.search("unsafe|sha256|style-src", policy)
    for part in ("default-src 'self'", "base-uri 'none'", "form-action 'self'", "object-src 'none'"):
        assert part in policy


@pytest.mark.parametrize(
    ("path", "used"),
    [
        ("/", ()),
        ("/counter/1", ()),
        ("/check-receipt", ("camera",)),
        ("/phone/", ("camera", "geolocation")),
        ("/till/", ("camera", "serial")),
    ],
)
def test_pages_ask_a_browser_for_no_more_than_they_use(system: System, path: str, used: tuple[str, ...]) -> None:
    headers = get(system.url + path).headers
    policy = headers["permissions-policy"]
    for device in ("camera", "geolocation", "microphone", "serial", "usb", "payment"):
        assert f"{device}={'(self)' if device in used else '()'}" in policy.split(", ")
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/", "/schema", "/health", "/bulletins", "/registry/officials", "/clearing/cycles", "/receipts/x", "/x"]
)
def test_nothing_is_stored_on_the_way(system: System, path: str) -> None:
    assert get(system.url + path).headers["cache-control"] == "no-store"


def test_secrets_and_personal_data_are_stored_nowhere(network: Network) -> None:
    official = network.official()
    answers = [
        network.centre.ask("POST", "/console/cards", {"holder_id": official.holder_id, "card_uid": uuid4().hex[:14]}),
        network.centre.ask("GET", f"/registry/officials/{official.holder_id}"),
        network.centre.ask("GET", "/registry/officials"),
    ]
    assert [answer.headers["cache-control"] for answer in answers] == ["no-store"] * 3
    assert get(f"{network.url}/static/live.js").headers["cache-control"] == "no-cache"


def test_browsers_insist_on_https_when_they_are_told_to(system: System) -> None:
    assert "strict-transport-security" not in get(system.url).headers


UNUSED = ("postgresql://127.0.0.1/unused", "redis://127.0.0.1:1/0")
"""So that no server is started."""


def test_what_is_written_is_its_owners_alone(system: System, tmp_path: Path) -> None:
    for path in system.folder.rglob("*"):
        # The log is the test's own, and a bare server of another test counts into the same metrics.
        if path.name != "output.log" and path.suffix != ".prom" and not path.is_symlink():
            assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path
    new = tmp_path / "data"
    with Services(Settings(data_dir=new, database_url=UNUSED[0], redis_url=UNUSED[1])).running():
        assert stat.S_IMODE(new.stat().st_mode) == 0o700


@pytest.mark.one_worker
def test_a_public_centre_shows_figures_to_the_monitor_alone(own: System) -> None:
    own.environment |= {
        "ONECARD_PUBLIC_URL": "https://card.example.gov.cn",
        "ONECARD_MONITORING_TOKEN": TOKEN,
        "ONECARD_HSTS_MAX_AGE_S": "31536000",
    }
    own.start()
    for path in ("/metrics", "/schema", "/schema/openapi.json"):
        assert get(own.url + path).status == 401, path
        assert get(own.url + path, authorization=f"Bearer {'x' * 32}").status == 401, path
        assert get(own.url + path, authorization=f"Bearer {TOKEN}").status == 200, path
    assert get(own.url).headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    stream = urllib3.request("GET", f"{own.url}/live", preload_content=False, timeout=120)
    line = next(line for line in stream if line.startswith(b"data:"))
    stream.close()
    canteens = json.loads(line.partition(b":")[2])
    assert canteens
    assert {canteen["amount_fen"] for canteen in canteens} == {None}


@pytest.mark.parametrize(
    ("settings", "is_open"),
    [
        ({}, True),
        ({"host": "0.0.0.0"}, False),
        ({"public_url": "https://card.example.gov.cn"}, False),
    ],
)
def test_who_listens_to_others_closes_what_is_not_for_them(settings: dict[str, Any], is_open: bool) -> None:
    assert Settings(port=free_port(), **settings).shows_live_amounts is is_open


def test_every_page_keeps_to_its_policy(network: Network, scratch: Path, browser: Browser) -> None:
    """Opened in a browser, with its style applied. The console's pages are used by the tests of their own."""
    till, official = network.terminal(scratch), network.official()
    answer = till.charge_card(network.card(official), "lunch")
    assert answer.receipt is not None
    order = ask_top_up(network.url, network.phone(official), uuid4(), 500)
    # In a context of its own: the fixture counts a violation on any other page as a failure.
    page = browser.new_context().new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if POLICY in said.text else None)
    for url in (
        *(network.url + path for path in ("/", "/reconciliation", "/weighing", "/bulletins", "/integrity")),
        f"{network.url}/r/{answer.receipt.number}",
        str(order.pay_url),
    ):
        page.goto(url)
        expect(page.locator("body")).to_have_css("font-family", re.compile("system-ui"))
    assert complaints == []
    # The policy holds: what somebody slips in does not work.
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\" id=x>x</p>')")
    expect(page.locator("#x")).not_to_have_css("color", "rgb(255, 0, 0)")
    assert len(complaints) == 1
    page.context.close()
