"""What a browser and a monitor see."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import urllib3
from playwright.sync_api import Browser, Page, expect

from demo.city import PASSWORD
from tests.builders import Network
from tests.running_system import System


def test_the_first_page_shows_a_payment_as_it_happens(
    system: System, network: Network, scratch: Path, browser: Browser
) -> None:
    till, card = network.terminal(scratch, "city"), network.card(network.official())
    till.charge_card(card, "lunch")
    page = browser.new_page(locale="zh-CN")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(system.url)
    expect(page.locator("#state")).to_have_text("实时更新")
    expect(page).to_have_title(
        re.compile(r"^机关食堂一卡通　(今日就餐（\d{4}年\d{1,2}月\d{1,2}日）|\d{4}年\d{1,2}月\d{1,2}日就餐)$")
    )
    row = page.locator("tr", has_text="宁波市机关事务管理局（演示）第一食堂")
    expect(row).to_be_visible()
    idle = page.locator("tr", has_text="泗门食堂")
    expect(idle.locator("td").nth(2)).to_have_text("0")
    expect(idle.locator(".bar div")).to_be_hidden()
    before = int(row.locator("td").nth(2).inner_text().replace(",", ""))
    codes = figure(page, "qr")
    for _ in range(3):
        till.charge_card(card, "lunch")
    phone = network.phone(network.official())
    assert till.charge_code(phone.show_code(canteen_id=till.canteen_id), "lunch").receipt is not None
    expect(row.locator("td").nth(2)).to_have_text(f"{before + 4:,}", timeout=5_000)
    assert figure(page, "qr") > codes
    assert figure(page, "card") + figure(page, "qr") + figure(page, "sheet") == figure(page)
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#state")).to_have_text("live")
    expect(page.locator("tr", has_text="Ningbo City Administration (demo), First Canteen")).to_be_visible()
    assert not re.search(r"[\u4e00-\u9fff]", page.locator("main, table").first.inner_text())
    for name, path in (("Approvals", "/approvals"), ("Check a receipt", "/check-receipt")):
        expect(page.get_by_role("link", name=name)).to_have_attribute("href", f"{path}?lang=en")
    page.get_by_role("link", name="Bulletins").click()
    expect(page).to_have_title(re.compile("Bulletins"))
    assert complaints == []
    page.close()


def figure(page: Page, channel: str = "") -> int:
    """Payments of the day on the first page, all or by channel."""
    shown = page.locator(f"[data-channel={channel}]" if channel else "#total")
    return int(shown.inner_text().replace(",", ""))


EVERY_PAGE = (
    "/",
    "/bulletins",
    "/check-receipt",
    "/reconciliation",
    "/weighing",
    "/sign-on",
    "/account",
    "/invitation",
    "/evaluations",
    "/integrity",
)


@pytest.mark.parametrize(
    ("asked", "browsers", "language"),
    [
        ("", "en-GB,en;q=0.9", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans-CN"),
        ("", "fr", "zh-Hans-CN"),
        ("?lang=zh", "en", "zh-Hans-CN"),
        ("?lang=zh-Hans-CN", "en", "zh-Hans-CN"),
        ("?lang=en-US", "zh-CN", "en"),
        ("?lang=de", "en", "en"),
        ("?lang=", "en", "en"),
    ],
)
def test_every_page_takes_its_language_from_the_address_then_from_the_browser(
    system: System, asked: str, browsers: str, language: str
) -> None:
    for path in EVERY_PAGE:
        answer = urllib3.request("GET", system.url + path + asked, headers={"accept-language": browsers}, timeout=60)
        assert answer.status == 200, path
        assert answer.headers["content-language"] == language, path
        assert f'<html lang="{language}">' in answer.data.decode(), path


def test_no_page_meets_an_error_when_nobody_is_signed_in(system: System, browser: Browser) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    for path in EVERY_PAGE:
        with page.expect_request(lambda _: True):
            page.goto(system.url + path)
        page.wait_for_timeout(100)
    assert complaints == []
    page.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_first_page_fits_a_narrow_phone(system: System, browser: Browser, language: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(f"{system.url}/?lang={language}")
    expect(page.locator("#canteens tr").first).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


@pytest.mark.parametrize(("utc", "meal"), [("22:30", "breakfast"), ("03:30", "lunch"), ("10:30", "dinner")])
def test_the_weighing_page_takes_the_meal_from_the_centres_clock(
    system: System, browser: Browser, utc: str, meal: str
) -> None:
    page = browser.new_context(timezone_id="UTC").new_page()
    page.clock.set_fixed_time(f"2026-11-27T{utc}:00Z")
    page.goto(f"{system.url}/weighing?lang=en")
    assert page.locator("#meals input:checked").input_value() == meal
    page.context.close()


def get(system: System, path: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", system.url + path, timeout=10)


def test_the_api_description_has_every_route_with_examples(system: System) -> None:
    schema: dict[str, Any] = json.loads(get(system, "/schema/openapi.json").data)
    assert {
        "/terminal/charges", "/terminal/voids", "/terminal/sessions", "/terminal/enrolments", "/phone/certificates",
        "/console/sessions", "/console/cards", "/registry/officials", "/settlement/top-ups", "/clearing/cycles",
        "/waste/weigh-ins", "/health", "/metrics",
    } <= schema["paths"].keys()  # fmt: skip
    charge = schema["components"]["schemas"]["ChargeMessage"]
    assert charge["properties"]["meal"]["examples"] == ["lunch"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation.get("summary"), f"{method} {path} has no summary"


def test_metrics_count_payments(system: System, network: Network, scratch: Path) -> None:
    till, card = network.terminal(scratch), network.card(network.official())

    def approved() -> float:
        text = get(system, "/metrics").data.decode()
        found = re.search(r'onecard_charge_answers_total\{channel="card",outcome="approved",reason=""\} ([\d.]+)', text)
        return float(found[1]) if found else 0.0

    before = approved()
    for _ in range(4):
        till.charge_card(card, "lunch")
    # Each worker writes its figures down once a second.
    give_up_at = time.monotonic() + 60
    while approved() < before + 4 and time.monotonic() < give_up_at:
        time.sleep(0.2)
    assert approved() == before + 4


def test_metrics_come_as_their_readers_expect(system: System) -> None:
    """The text format 0.0.4 of Prometheus, and the character set once."""
    assert get(system, "/metrics").headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_every_answer_has_a_request_id_and_the_log_line_has_it_too(system: System) -> None:
    answer = urllib3.request("GET", f"{system.url}/nothing", headers={"x-request-id": "till-7.42"})
    assert answer.headers["x-request-id"] == "till-7.42"
    assert "till-7.42" in system.output
    hostile = urllib3.request("GET", f"{system.url}/nothing", headers={"x-request-id": "a b{}"})
    assert re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]+", hostile.headers["x-request-id"])


def test_health_asks_both_servers(system: System) -> None:
    give_up_at = time.monotonic() + 60
    while get(system, "/health").json()["jobs"] != "ok" and time.monotonic() < give_up_at:
        time.sleep(0.2)
    parts = ("status", "payments", "nodes", "redis", "jobs")
    assert get(system, "/health").json() == dict.fromkeys(parts, "ok")
    assert get(system, "/health/live").json() == {"status": "ok", "postgresql": "ok", "redis": "ok"}


def test_pages_load_nothing_from_elsewhere() -> None:
    for path in (Path(__file__).parents[2] / "web").rglob("*.*"):
        if path.suffix in (".pyc", ".br") or "node_modules" in path.parts:
            continue
        assert not re.search(rb"(src|href|url)[=(\"]+https?://", path.read_bytes()), path


def test_the_weighing_page_sends_large_photos_and_keeps_a_refused_one(system: System, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB")

    def weigh(weight: str, photo: bytes) -> None:
        page.fill("#weight", weight)
        page.set_input_files("#photo", {"name": "plate.png", "mimeType": "image/png", "buffer": photo})
        page.click("#weigh button.primary")

    page.goto(f"{system.url}/weighing?lang=en")
    page.fill("[name=login]", "kitchen-yinzhou")
    page.fill("[name=password]", PASSWORD)
    page.click("#sign-in button")
    expect(page.locator("#weigh")).to_be_visible(timeout=60_000)
    weigh("1.5", bytes.fromhex("89504e470d0a1a0a") + bytes(900_000))
    expect(page.locator("#state")).to_have_text("Recorded", timeout=60_000)
    expect(page.locator("#done li")).to_have_count(1)
    weigh("2.5", b"not a picture at all")
    expect(page.locator("#state")).to_contain_text("Photo not saved", timeout=60_000)
    again = page.get_by_role("button", name="Send the photo again")
    expect(again).to_be_visible()
    page.reload()
    expect(page.locator("#weigh")).to_be_visible(timeout=60_000)
    expect(page.locator("#done li")).to_contain_text("Photo not saved")
    again.click()
    expect(page.locator("#state")).to_contain_text("Photo not saved", timeout=60_000)
    page.get_by_role("button", name="Discard the photo").click()
    expect(again).to_have_count(0)
    page.close()
