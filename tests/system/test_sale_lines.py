"""What a till says it sold: taken or refused as the protocol's page says, and shown on the receipt."""

from pathlib import Path
from typing import Any

import pytest
import urllib3

from settlement.schemas import SaleLine
from terminals.client import Terminal
from terminals.client_messages import Rejected
from tests.builders import Network
from tests.rules.test_protocol_page import VECTORS


@pytest.fixture(scope="module")
def till(network: Network, scratch: Path) -> Terminal:
    """At a canteen whose cashier enters the amount."""
    return network.terminal(scratch, "yuyao")


class OtherLines(Terminal):
    """A till that sends what it was told to, whatever it is."""

    case: dict[str, Any]

    def _charge_message(self, *args: Any, **options: Any) -> dict[str, Any]:
        message = super()._charge_message(*args, **options)
        return message | {name: value for name, value in self.case.items() if name != "why"}


def test_the_lines_of_the_page(network: Network, till: Terminal) -> None:
    phone = network.phone(network.official("yuyao"))
    till.__class__ = OtherLines
    assert isinstance(till, OtherLines)
    for case in VECTORS["sale_lines"]["accepted"]:
        till.case = case
        answer = till.charge_code(phone.show_code(), "lunch")
        assert answer.receipt is not None, answer
        assert answer.receipt.amount_fen == case["amount_fen"]
    for case in VECTORS["sale_lines"]["refused"]:
        till.case = case
        with pytest.raises(Rejected) as refused:
            till.charge_code(phone.show_code(), "lunch")
        assert refused.value.slug == "invalid", case["why"]


def test_a_receipt_shows_what_was_sold(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch, "yuyao")
    lines = [
        SaleLine("红烧肉 <b>", unit_price_fen=800, amount_fen=1_600, portions=2),
        SaleLine("馒头", unit_price_fen=1_000, amount_fen=300, grams=300, take_away=True),
    ]
    answer = till.charge_card(network.card(network.official("city")), "lunch", 1_900, lines=lines)
    assert answer.receipt is not None
    address = f"{network.system.url}/r/{answer.receipt.number}"
    chinese = urllib3.request("GET", address).data.decode()
    assert "消费明细（收款终端提供）" in chinese
    assert "红烧肉 &lt;b&gt;" in chinese
    assert "2份 ¥16.00" in chinese
    assert "外带 · 300克 ¥3.00" in chinese
    assert "take-away · 300 g ¥3.00" in urllib3.request("GET", f"{address}?lang=en").data.decode()
    assert urllib3.request("GET", f"{address}/pdf").data.startswith(b"%PDF")
