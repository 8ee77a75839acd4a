"""Receipts: what they say, that they verify without a network, and what they look like."""

import json
import re
import subprocess
import sys
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from uuid import RFC_4122, uuid4

import cbor2
import pypdfium2
import pytest
import urllib3
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from foundation import catalogue
from foundation.calendar import ZONE
from foundation.catalogue import Language
from foundation.keys import KeyRing
from foundation.problems import TOO_MANY_TRIES, Problem
from foundation.rates import RateLimit
from settlement.ledger import new_posting_id
from terminals import qr, receipts
from terminals.receipts import SignedReceipt
from tests.builders import Network
from tests.running_system import System

AMOUNT = st.integers(0, 10**6)
RECEIPT = st.builds(
    SignedReceipt, number=st.uuids(), kind=st.sampled_from(["payment", "working_meal"]),
    payer_zh=st.just("鄞州区机关事务中心"), canteen_zh=st.just("宁波市行政中心一食堂"),
    meal=st.sampled_from(["breakfast", "lunch", "dinner"]), purchased_at=st.integers(0, 2**34),
    business_date=st.just("2026-11-23"), cash_fen=AMOUNT, subsidy_fen=AMOUNT, host_fen=AMOUNT,
    effect=st.sampled_from(["personal", "voucher"]),
)  # fmt: skip


@given(RECEIPT)
def test_a_receipt_verifies_without_a_network(keys: KeyRing, receipt: SignedReceipt) -> None:
    assert receipts.read([keys.centre_public_key], receipts.sign(keys, receipt)) == receipt


@given(RECEIPT, st.integers(4, 400), st.sampled_from("0A$:"))
def test_an_altered_receipt_does_not(keys: KeyRing, receipt: SignedReceipt, at: int, character: str) -> None:
    code = receipts.sign(keys, receipt)
    at = min(at, len(code) - 1)
    altered = code[:at] + character + code[at + 1 :]
    if altered != code:
        with pytest.raises(qr.NotGenuine):
            receipts.read([keys.centre_public_key], altered)


def test_the_page_and_the_document_say_what_was_paid(network: Network, tmp_path: Path) -> None:
    till = network.terminal(tmp_path)
    official = network.official(cash_fen=5_000, subsidy_fen=600)
    answer = till.charge_card(network.card(official), "lunch")
    assert answer.receipt is not None
    number = answer.receipt.number
    shown = urllib3.request("GET", f"{network.url}/receipts/{number}").json()
    assert (shown["receipt"]["cash_fen"], shown["receipt"]["subsidy_fen"]) == (400, 600)
    receipt = receipts.read([*till.centre_keys.values()], shown["code"])
    assert (str(receipt.number), receipt.amount_fen) == (number, 1_000)
    assert receipt.payer_zh.startswith("就餐人本人（鄞州区机关事务中心"), "his own money, not the agency's"
    assert str(official.holder_id) not in json.dumps(shown), "strangers must not recognise him on another receipt"

    back = {"posting_id": str(uuid4()), "payment": number, "amount_fen": 250, "reason": "served cold"}
    network.centre.call("POST", "/settlement/refunds", back)
    page = urllib3.request("GET", f"{network.url}/r/{number}")
    text = page.data.decode()
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-language"] == "zh-Hans-CN"
    for part in (
        '<html lang="zh-Hans-CN">', "就餐收款凭证（电子）", "¥10.00（大写：人民币壹拾元整）", "鄞州区机关事务中心",
        "午餐", "个人保存备查，不作为报销依据", "已退款：¥2.50", "<svg",
    ):  # fmt: skip
        assert part in text, part
    assert_in_order(text, CHINESE_LINES)
    again = urllib3.request("GET", f"{network.url}/receipts/{number}").json()
    assert again["code"] == shown["code"], "what was signed stays signed"
    assert again["given_back_fen"] == 250


CHINESE_LINES = (
    "凭证号", "收款单位（伙食提供方）", "就餐食堂", "付款人", "餐次", "交易时间", "记账日期",
    "金额", "其中：自有账户支付", "其中：餐补账户支付", "状态", "个人保存备查",
)  # fmt: skip


def assert_in_order(text: str, parts: tuple[str, ...]) -> None:
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("query", "header"), [("?lang=en", "zh"), ("?lang=en-US", "zh"), ("", "en-GB, zh;q=0.5"), ("?lang=fr", "en")]
)
def test_a_receipt_is_in_one_language(network: Network, tmp_path: Path, query: str, header: str) -> None:
    answer = network.terminal(tmp_path).charge_card(network.card(network.official(cash_fen=5_000)), "lunch")
    assert answer.receipt is not None
    number = answer.receipt.number
    shown = urllib3.request("GET", f"{network.url}/r/{number}{query}", headers={"accept-language": header})
    text = shown.data.decode()
    assert '<html lang="en">' in text
    assert "For personal reference; not a basis for reimbursement" in text
    assert re.findall(r"[\u4e00-\u9fff]+", text) == ["中文"], "the link to the other language"
    assert f'href="/check-receipt?lang=en&amp;receipt={number}"' in text
    assert 'href="?lang=zh-Hans-CN"' in text


def test_a_receipt_refunded_in_full_says_so(network: Network, tmp_path: Path) -> None:
    answer = network.terminal(tmp_path).charge_card(network.card(network.official(cash_fen=5_000)), "lunch")
    assert answer.receipt is not None
    back = {"posting_id": str(uuid4()), "payment": answer.receipt.number, "amount_fen": 1_000, "reason": "served cold"}
    network.centre.call("POST", "/settlement/refunds", back)
    text = urllib3.request("GET", f"{network.url}/r/{answer.receipt.number}").data.decode()
    assert "已全额退款" in text
    assert "其中：餐补账户支付" not in text, "nothing came from it"
    assert "接待单位承担" not in text


def test_the_pdf_says_the_same_in_chinese_type(network: Network, tmp_path: Path) -> None:
    answer = network.terminal(tmp_path).charge_card(
        network.card(network.official(cash_fen=5_000, subsidy_fen=600)), "lunch"
    )
    assert answer.receipt is not None
    made = urllib3.request("GET", f"{network.url}/r/{answer.receipt.number}/pdf")
    assert (made.status, made.headers["content-type"]) == (200, "application/pdf")
    page = pypdfium2.PdfDocument(made.data)[0]
    text = page.get_textpage().get_text_bounded()
    for part in ("就餐收款凭证", answer.receipt.number, "¥10.00", "午餐", "¥4.00", "¥6.00", "不作为报销依据", "鄞州"):
        assert part in text, part
    assert_in_order(text, CHINESE_LINES)
    [code] = zxingcpp.read_barcodes(page.render(scale=4).to_pil())
    shown = network.centre.call("GET", f"/receipts/{answer.receipt.number}")
    assert code.text == shown["code"]


@pytest.mark.parametrize("number", ["0190b0d4-0000-4000-8000-0000000000aa", "1", "..%2f", "0" * 36])
def test_a_number_that_is_none(network: Network, number: str) -> None:
    for path in ("/r", "/receipts"):
        answer = urllib3.request("GET", f"{network.url}{path}/{number}")
        assert answer.status == 404
        assert answer.json()["type"] == "/problems/not-found"


def test_a_voided_payment_says_so_in_big_type(network: Network, tmp_path: Path) -> None:
    till = network.terminal(tmp_path)
    answer = till.charge_card(network.card(network.official(cash_fen=5_000)), "lunch")
    assert answer.receipt is not None
    [entry] = till.journal.entries("approved")
    till.void(entry.epoch, entry.sequence)
    text = urllib3.request("GET", f"{network.url}/r/{answer.receipt.number}").data.decode()
    assert '<p class="sum">¥0.00</p>' in text
    assert '<p class="original warning">原收款¥10.00，已撤销，未收款</p>' in text
    made = urllib3.request("GET", f"{network.url}/r/{answer.receipt.number}/pdf")
    page = pypdfium2.PdfDocument(made.data)[0].get_textpage().get_text_bounded()
    assert page.index("¥0.00") < page.index("原收款") < page.index("¥10.00（")


def test_the_host_is_the_payer_of_a_working_meal(network: Network, tmp_path: Path) -> None:
    guest = network.official("hangzhou")
    today = datetime.now(ZONE).date()
    visit = {"holder_id": guest.holder_id, "host_agency_id": network.agency_id("yinzhou"), "first_day": str(today),
             "last_day": str(today)}  # fmt: skip
    network.centre.call("POST", "/registry/visits", visit)
    answer = network.terminal(tmp_path).charge_card(network.card(guest), "lunch", working_meal=True)
    assert answer.receipt is not None
    shown = urllib3.request("GET", f"{network.url}/receipts/{answer.receipt.number}").json()
    assert shown["receipt"]["payer_zh"].startswith("接待单位：鄞州区机关事务中心")


def test_a_late_payment_says_when_it_came(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    till, phone = network.terminal(tmp_path), network.phone(network.official())
    an_hour_ago = int(time.time()) - 3_600
    monkeypatch.setattr(till, "now", lambda: an_hour_ago)
    answers = [till.charge_code(phone.show_code(at=an_hour_ago, canteen_id=till.canteen_id), "lunch") for _ in range(4)]
    assert [answer.reason for answer in answers] == [None, None, None, "late_limit_exceeded"]
    assert answers[0].receipt is not None
    text = urllib3.request("GET", f"{network.url}/r/{answers[0].receipt.number}").data.decode()
    assert "延迟上送" in text
    shown = urllib3.request("GET", f"{network.url}/receipts/{answers[0].receipt.number}").json()
    assert shown["late"] is True


def test_codes_that_were_printed_before_still_verify(keys: KeyRing) -> None:
    number = uuid4()
    values = [number.bytes, "payment", 1042, "市机关事务局", "一食堂", "lunch", 1_763_870_582, "2025-11-23", 100, 0, 0,
              "personal"]  # fmt: skip
    signed = qr.sign1(keys.centre_signing_key, b"onecard receipt v1", values)
    receipt = receipts.read([keys.centre_public_key], "OR1:" + qr.base45_encode(cbor2.dumps(signed, canonical=True)))
    assert (receipt.number, receipt.payer_zh, receipt.amount_fen) == (number, "市机关事务局", 100)


def test_receipt_numbers_of_one_millisecond_share_nothing_but_the_time() -> None:
    numbers = [new_posting_id() for _ in range(2_000)]
    assert len(set(numbers)) == len(numbers)
    assert all((number.version, number.variant) == (7, RFC_4122) for number in numbers)
    assert all(abs((number.int >> 80) - time.time() * 1_000) < 60_000 for number in numbers)
    for a, b in pairwise(numbers):
        assert ((a.int ^ b.int) & ((1 << 62) - 1)).bit_count() > 8, "fresh bits, above the last 32 too"
    assert len({number.int >> 32 & 0x3FFFFFFF for number in numbers}) > 1_990


def test_an_address_looks_up_so_many_receipts_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    limit, now = RateLimit(3), [0.0]
    monkeypatch.setattr("foundation.rates.time.monotonic", lambda: now[0])
    for _ in range(3):
        limit.count("10.0.0.1")
    with pytest.raises(Problem) as refused:
        limit.count("10.0.0.1")
    assert (refused.value.kind, refused.value.retry_after_s) == (TOO_MANY_TRIES, 60)
    limit.count("10.0.0.2")
    now[0] = 60.0
    limit.count("10.0.0.1")


def test_a_receipt_is_checked_on_the_command_line_without_a_network(
    network: Network, system: System, tmp_path: Path
) -> None:
    answer = network.terminal(tmp_path).charge_card(network.card(network.official()), "lunch")
    assert answer.receipt is not None
    code = urllib3.request("GET", f"{network.url}/receipts/{answer.receipt.number}").json()["code"]
    key = system.command("public-key").stdout.strip()
    away = {"ONECARD_DATA_DIR": str(tmp_path / "nothing"), "ONECARD_DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    file = tmp_path / "code.txt"
    file.write_text(code + "\n")

    def check(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "onecard", "check-receipt", *arguments]
        return subprocess.run(
            command, env=system.environment | away, capture_output=True, text=True, timeout=120, check=False
        )

    for form in (code, str(file)):
        done = check(form, "--key", key)
        assert done.returncode == 0, done.stderr
        assert answer.receipt.number in done.stdout
        assert "10.00" in done.stdout
    assert json.loads(check(code, "--key", key, "--json").stdout)["cash_fen"] == 1_000
    own = system.command("check-receipt", code)
    assert answer.receipt.number in own.stdout, "the centre's own key when there is one"
    for altered in (code[:-3] + "AAA", code[:-30], "OR1:A" + code[5:]):
        done = check(altered, "--key", key)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert "or it was altered" in done.stderr
    (tmp_path / "story.txt").write_text("Once upon a time there was a canteen.\n")
    for no_code in ("OR1:", "nonsense", "", code[4:], "OC1:" + code[4:], str(tmp_path), str(tmp_path / "story.txt")):
        done = check(no_code, "--key", key)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert "neither a receipt's code (OR1:…) nor a file with one" in done.stderr
    without = check(code)
    assert (without.returncode, without.stderr.count("\n"), "--key" in without.stderr) == (1, 1, True)
    assert check(code, "--key", "00" * 32).returncode == 1
    assert check(code, "--key", "zz").returncode == 1
    assert not (tmp_path / "nothing").exists()


def test_the_page_checks_a_receipt_without_a_network(network: Network, tmp_path: Path, browser: Browser) -> None:
    answer = network.terminal(tmp_path).charge_card(network.card(network.official(subsidy_fen=300)), "lunch")
    assert answer.receipt is not None
    code = urllib3.request("GET", f"{network.url}/receipts/{answer.receipt.number}").json()["code"]
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{network.url}/check-receipt?lang=en")
    page.context.set_offline(True)
    page.fill("#code", f" {code}\n")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("#genuine")).to_be_visible(timeout=60_000)
    assert page.locator("[data-field=number]").text_content() == answer.receipt.number
    key = bytes.fromhex(page.locator("body").get_attribute("data-keys") or "")
    lines = dict(receipts.lines_of(receipts.read([key], code), Language.ENGLISH))
    as_printed = {name: lines[catalogue.text(f"receipt.{name}", Language.ENGLISH)] for name in ("time", "recorded")}
    as_printed["short"] = lines[catalogue.text("receipt.number", Language.ENGLISH)]
    amounts = [page.locator(f"[data-field={name}]").text_content() for name in ("amount", "cash", "subsidy", "host")]
    assert amounts == ["¥10.00", "¥7.00", "¥3.00", "¥0.00"]
    for name, text in as_printed.items():
        expect(page.locator(f"[data-field={name}]")).to_have_text(text)
    [whole] = page.locator("#receipt").evaluate_all("all => all.map((one) => one.clientWidth)")
    widths = page.locator("#receipt dd").evaluate_all("all => all.map((one) => one.clientWidth)")
    assert min(widths) >= (whole - 32) / 2, "labels wrap before values do"
    at = len(code) // 2
    altered = code[:at] + ("0" if code[at] != "0" else "1") + code[at + 1 :]
    for text, verdict in (
        (altered, "#wrong"),
        ("OR1:0", "#wrong"),
        ("OR1:", "#none"),
        ("hello", "#none"),
        ("", "#none"),
    ):
        page.fill("#code", text)
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.locator(verdict)).to_be_visible(timeout=60_000)
        expect(page.locator(".verdict:visible")).to_have_count(1)
        expect(page.locator("#receipt")).to_be_hidden(timeout=60_000)
    page.close()
