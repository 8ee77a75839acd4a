"""Paying by a canteen's printed code, in a real browser: from the address on paper to the proof at the counter."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Geolocation, Page, Route, expect

from tests.axe import violations as axe
from tests.builders import Network, Official
from tests.pages.test_phone import activated, activated_by, address_for, code_on
from tests.system.test_sheets import city as city
from tests.system.test_sheets import eventually, phone_of, place_of, sheet_of

PROOF = "请向工作人员出示"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 740})
    yield context
    context.close()


@pytest.fixture
def phone(context: BrowserContext, city: Network) -> tuple[Page, Official]:
    official = city.official()
    return activated(context, city, official), official


@pytest.fixture(scope="module")
def sheet(city: Network) -> dict[str, Any]:
    return sheet_of(city, name="1号窗口")


def pay(page: Page) -> None:
    page.get_by_role("button", name=re.compile("确认付款")).click()


def test_the_printed_address_leads_to_the_payment_and_its_proof(
    phone: tuple[Page, Official], city: Network, sheet: dict[str, Any]
) -> None:
    page, official = phone
    page.goto(f"{city.url}/s/{sheet['code']}")
    due = page.locator(".due")
    expect(due).to_contain_text("1号窗口")
    amount = due.locator(".big").inner_text()
    pay(page)
    proof = page.locator(".proof")
    expect(proof).to_contain_text(PROOF)
    expect(proof.locator(".big")).to_have_text(amount)
    expect(proof.locator(".window")).to_have_text("1号窗口")
    assert re.fullmatch(r"[一-鿿]{2}", proof.locator(".minute b").inner_text())
    cash_fen = city.purses(official)[0]
    assert 0 < cash_fen < 10_000
    proof.get_by_role("link", name="完成").click()
    expect(page.get_by_role("img", name="付款码")).to_be_visible()
    page.get_by_role("link", name="账单").click()
    expect(page.locator(".rows > li").first).to_contain_text("午餐")


def test_many_taps_and_lost_answers_are_one_payment(
    phone: tuple[Page, Official], city: Network, sheet: dict[str, Any]
) -> None:
    page, official = phone
    lost = 2

    def lose(route: Route) -> None:
        nonlocal lost
        if lost == 0:
            route.continue_()
            return
        lost -= 1
        route.fetch()
        route.abort()

    page.goto(f"{city.url}/phone/#sheet={sheet['code']}")
    page.route("**/phone/payments", lose)
    button = page.get_by_role("button", name=re.compile("确认付款"))
    price_fen = round(float(page.locator(".due .big").inner_text().removeprefix("¥ ")) * 100)
    button.evaluate("button => { button.click(); button.click(); button.click(); }")
    expect(page.locator(".proof")).to_contain_text(PROOF, timeout=20_000)
    assert city.purses(official)[0] == 10_000 - price_fen
    page.unroute("**/phone/payments")


def test_what_a_crash_left_open_is_told_at_the_next_start(
    context: BrowserContext, phone: tuple[Page, Official], city: Network, sheet: dict[str, Any]
) -> None:
    page, official = phone
    page.goto(f"{city.url}/phone/#sheet={sheet['code']}")

    def never(route: Route) -> None:
        route.fetch()

    page.route("**/phone/payments", never)
    with page.expect_request("**/phone/payments"):
        pay(page)
    page.wait_for_timeout(500)
    page.close()
    again = context.new_page()
    again.goto(f"{city.url}/phone/")
    expect(again.locator(".notice")).to_contain_text("上次扫码付款已成功")
    assert city.purses(official)[0] < 10_000
    again.locator(".notice").get_by_role("button", name="完成").click()
    again.reload()
    expect(again.get_by_role("img", name="付款码")).to_be_visible()
    expect(again.locator(".notice")).to_have_count(0)


def test_a_second_visit_of_a_sheet_pays_again_and_shows_its_own_proof(
    phone: tuple[Page, Official], city: Network, sheet: dict[str, Any]
) -> None:
    page, official = phone
    page.goto(f"{city.url}/phone/#sheet={sheet['code']}")
    pay(page)
    first = page.locator(".proof dd").first.inner_text()
    left_fen = city.purses(official)[0]
    page.locator(".proof").get_by_role("link", name="完成").click()
    held: list[Route] = []
    page.route("**/me/sheets/**", lambda route: held.append(route))
    with page.expect_request("**/me/sheets/**"):
        page.evaluate("code => { location.hash = `#sheet=${code}` }", sheet["code"])
    expect(page.locator(".waiting")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("确认付款"))).to_have_count(0)
    held.pop().continue_()
    pay(page)
    expect(page.locator(".proof dd").first).not_to_have_text(first)
    assert city.purses(official)[0] < left_fen


def test_what_one_official_left_open_the_next_one_does_not_pay(
    phone: tuple[Page, Official], city: Network, sheet: dict[str, Any]
) -> None:
    page, official = phone
    page.goto(f"{city.url}/phone/#sheet={sheet['code']}")
    page.route("**/phone/payments", lambda route: route.abort())
    with page.expect_request("**/phone/payments"):
        pay(page)
    other = city.official()
    activated_by(page, address_for(city, other))
    page.unroute("**/phone/payments")
    page.reload()
    expect(page.locator(".net")).to_contain_text("已联网")
    page.wait_for_timeout(1_000)
    expect(page.locator(".notice")).to_have_count(0)
    assert (city.purses(official)[0], city.purses(other)[0]) == (10_000, 10_000)


def test_a_proof_is_no_proof_any_more_once_its_payment_is_voided(
    phone: tuple[Page, Official], city: Network, sheet: dict[str, Any]
) -> None:
    page, official = phone
    page.goto(f"{city.url}/phone/#sheet={sheet['code']}")
    pay(page)
    proof = page.locator(".proof")
    expect(proof).to_contain_text(PROOF)
    number = proof.locator("dd").first.inner_text()
    wanted = {"canteen_id": city.canteen_id("yinzhou"), "short_number": number, "reason": "a test"}
    city.person("kitchen-yinzhou").call("POST", "/terminals/sheet-payments/voids", wanted)
    expect(proof).to_contain_text("款项已退回", timeout=20_000)
    expect(proof.locator(".clock")).to_have_count(0)
    expect(proof).to_have_class(re.compile("voided"))
    expect(proof.locator(".minute, .band")).to_have_count(0)
    assert city.purses(official)[0] == 10_000


def test_a_clock_that_is_set_back_makes_no_old_proof_fresh(
    context: BrowserContext, city: Network, sheet: dict[str, Any]
) -> None:
    page = context.new_page()
    page.clock.install()
    activated_by(page, address_for(city, city.official()))
    page.goto(f"{city.url}/phone/#sheet={sheet['code']}")
    pay(page)
    proof = page.locator(".proof")
    expect(proof).to_contain_text(PROOF)
    paid_at = page.evaluate("Date.now()")
    # An answer of the centre would set the phone's clock right.
    context.set_offline(True)
    page.clock.set_system_time((paid_at + 600_000) / 1000)
    expect(proof).to_contain_text("画面已过时，请凭编号核对")
    expect(proof.locator(".clock")).to_have_count(0)
    expect(proof.locator("dl")).to_contain_text("付款时间")
    page.clock.set_system_time((paid_at + 1_000) / 1000)
    page.clock.run_for(2_000)
    expect(proof).to_contain_text("画面已过时")


def test_a_refusal_says_what_to_do_and_that_nothing_was_paid(
    context: BrowserContext, city: Network, sheet: dict[str, Any]
) -> None:
    official = city.official(cash_fen=1)
    page = activated(context, city, official)
    page.goto(f"{city.url}/phone/#sheet={sheet['code']}")
    pay(page)
    expect(page.get_by_role("alert")).to_contain_text("余额不足")
    expect(page.get_by_role("alert")).to_contain_text("没有付钱")


def test_the_place_is_asked_for_in_the_moment_of_paying(browser: Browser, city: Network, tmp_path: Path) -> None:
    latitude, longitude, book = place_of(city, "hangzhou")
    there = sheet_of(city, "hangzhou")
    rules = f"/settlement/rules/{book}"
    city.centre.call("POST", rules, {"place_check": "refuse", "place_within_m": 300})
    asking = phone_of(city, tmp_path, city.official("hangzhou"))
    eventually(asking, there["code"], lambda told: told["place"]["check"] == "refuse")
    for north, permissions, expected in (
        (0.0003, ["geolocation"], None),
        (0.03, ["geolocation"], "距离食堂过远"),
        (0, [], "未提供位置"),
    ):
        at = Geolocation(latitude=latitude + north, longitude=longitude)
        context = browser.new_context(locale="zh-CN", geolocation=at, permissions=permissions)
        page = activated(context, city, city.official("hangzhou"))
        page.goto(f"{city.url}/phone/#sheet={there['code']}")
        expect(page.locator(".about")).to_contain_text("须在食堂附近")
        pay(page)
        if expected is None:
            expect(page.locator(".proof")).to_contain_text(PROOF, timeout=20_000)
        else:
            expect(page.get_by_role("alert")).to_contain_text(expected, timeout=20_000)
            expect(page.get_by_role("alert")).to_contain_text("没有付钱")
        context.close()
    city.centre.call("POST", rules, {"place_check": "off"})


@pytest.mark.parametrize("code", ["A" * 99, "forged"])
def test_a_forged_code_pays_nothing(phone: tuple[Page, Official], city: Network, code: str) -> None:
    page, _ = phone
    page.goto(f"{city.url}/phone/#sheet={code}")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("确认付款"))).to_have_count(0)


def test_a_till_s_payment_appears_by_itself(phone: tuple[Page, Official], city: Network, scratch: Path) -> None:
    page, official = phone
    till = city.terminal(scratch, "yinzhou")
    assert till.charge_card(city.card(official), "lunch").receipt is not None
    paid = page.locator(".paid")
    expect(paid).to_contain_text("已付款", timeout=20_000)
    expect(paid).to_contain_text("午餐")
    paid.get_by_role("button", name="完成").click()
    expect(paid).to_have_count(0)


def test_a_refusal_at_the_till_is_told_to_the_phone_that_showed_the_code(
    context: BrowserContext, city: Network, scratch: Path
) -> None:
    official = city.official(cash_fen=0)
    page = activated(context, city, official)
    hint = page.get_by_role("link", name="余额为 0，付款前请先充值")
    expect(hint).to_have_attribute("href", "#mine/top-up")
    till = city.terminal(scratch, "yinzhou")
    assert till.charge_card(city.card(official), "lunch").reason == "insufficient_funds"
    assert till.charge_code(code_on(page), "lunch").reason == "insufficient_funds"
    told = page.locator(".told.refused")
    expect(told).to_contain_text("余额不足，请先充值", timeout=20_000)
    expect(told).to_contain_text("午餐")
    expect(told).to_have_count(1)
    assert axe(page) == []
    told.get_by_role("link", name="充值").click()
    expect(page.get_by_role("heading", name="充值")).to_be_visible()
    page.get_by_role("link", name="付款", exact=True).click()
    expect(told).to_have_count(0)


def test_what_is_given_back_at_the_till_is_told_in_plain_words(
    phone: tuple[Page, Official], city: Network, scratch: Path
) -> None:
    page, _ = phone
    till = city.terminal(scratch, "yinzhou")
    assert till.charge_code(code_on(page), "lunch").receipt is not None
    told = page.locator(".told")
    expect(told).to_contain_text("已付款", timeout=20_000)
    eaten = told.locator("p", has_text="午餐").inner_text()
    receipt = str(told.get_by_role("link", name="看凭证").get_attribute("href"))
    [taken] = till.journal.latest(1)
    assert till.void(taken.epoch, taken.sequence).outcome == "voided"
    expect(told).to_contain_text("已退回", timeout=20_000)
    expect(told.get_by_role("link", name="看凭证")).to_have_attribute("href", receipt)
    expect(told.locator("p", has_text="午餐")).to_have_text(eaten, use_inner_text=True)
