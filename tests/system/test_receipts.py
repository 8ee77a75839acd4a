"""Receipts: what they say, that they verify without a network, and what they look like."""

import re
from pathlib import Path
from uuid import uuid4

import pypdfium2
import pytest
import urllib3
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from foundation.keys import KeyRing
from terminals import qr, receipts
from terminals.receipts import SignedReceipt
from tests.builders import Network

AMOUNT = st.integers(0, 10**6)
RECEIPT = st.builds(
    SignedReceipt, number=st.uuids(), kind=st.sampled_from(["payment", "working_meal"]),
    holder_id=st.integers(1, 2**53), payer_zh=st.just("鄞州区机关事务中心"), canteen_zh=st.just("宁波市行政中心一食堂"),
    meal=st.sampled_from(["breakfast", "lunch", "dinner"]), purchased_at=st.integers(0, 2**34),
    business_date=st.just("2026-11-23"), cash_fen=AMOUNT, subsidy_fen=AMOUNT, host_fen=AMOUNT,
    effect=st.sampled_from(["personal", "voucher"]),
)  # fmt: skip


@given(RECEIPT)
def test_a_receipt_verifies_without_a_network(keys: KeyRing, receipt: SignedReceipt) -> None:
    assert receipts.read(keys.centre_public_key, receipts.sign(keys, receipt)) == receipt


@given(RECEIPT, st.integers(4, 400), st.sampled_from("0A$:"))
def test_an_altered_receipt_does_not(keys: KeyRing, receipt: SignedReceipt, at: int, character: str) -> None:
    code = receipts.sign(keys, receipt)
    at = min(at, len(code) - 1)
    altered = code[:at] + character + code[at + 1 :]
    if altered != code:
        with pytest.raises(qr.NotGenuine):
            receipts.read(keys.centre_public_key, altered)


def test_the_page_and_the_document_say_what_was_paid(network: Network, tmp_path: Path) -> None:
    till = network.terminal(tmp_path)
    official = network.official(cash_fen=5_000, subsidy_fen=600)
    answer = till.charge_card(network.card(official), "lunch")
    assert answer.receipt is not None
    number = answer.receipt.number
    shown = urllib3.request("GET", f"{network.url}/receipts/{number}").json()
    assert (shown["receipt"]["cash_fen"], shown["receipt"]["subsidy_fen"]) == (400, 600)
    receipt = receipts.read(till.identity.centre_public_key, shown["code"])
    assert (str(receipt.number), receipt.holder_id, receipt.amount_fen) == (number, official.holder_id, 1_000)

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
    "凭证号", "收款单位（伙食提供方）", "就餐食堂", "付款人所在单位", "付款账号", "餐次", "交易时间", "记账日期",
    "金额", "其中：自有账户支付", "其中：餐补账户支付", "状态", "个人保存备查",
)  # fmt: skip


def assert_in_order(text: str, parts: tuple[str, ...]) -> None:
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize(("query", "header"), [("?lang=en", "zh"), ("", "en-GB, zh;q=0.5")])
def test_a_receipt_is_in_one_language(network: Network, tmp_path: Path, query: str, header: str) -> None:
    answer = network.terminal(tmp_path).charge_card(network.card(network.official(cash_fen=5_000)), "lunch")
    assert answer.receipt is not None
    number = answer.receipt.number
    shown = urllib3.request("GET", f"{network.url}/r/{number}{query}", headers={"accept-language": header})
    text = shown.data.decode()
    assert '<html lang="en">' in text
    assert "For personal reference; not a basis for reimbursement" in text
    assert not re.findall(r"[\u4e00-\u9fff]+", text)


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


@pytest.mark.parametrize("number", [str(uuid4()), "1", "..%2f", "0" * 36])
def test_a_number_that_is_none(network: Network, number: str) -> None:
    for path in ("/r", "/receipts"):
        answer = urllib3.request("GET", f"{network.url}{path}/{number}")
        assert answer.status == 404
        assert answer.json()["type"] == "/problems/not-found"
