"""What a till charges, and what it knows and asks before it does."""

from pathlib import Path

import pytest

from terminals.client import Terminal
from tests.builders import Network


@pytest.fixture(scope="module")
def till(network: Network, scratch: Path) -> Terminal:
    return network.terminal(scratch, "yinzhou")


def test_card_at_home_and_phone_as_visitor(network: Network, till: Terminal, scratch: Path) -> None:
    own, visitor = network.official("yinzhou", subsidy_fen=600), network.official("hangzhou")
    at_home = till.charge_card(network.card(own), "lunch")
    visiting = till.charge_code(network.phone(visitor).show_code(canteen_id=till.canteen_id), "lunch")
    assert at_home.receipt is not None
    assert visiting.receipt is not None
    assert (at_home.receipt.subsidy_fen, at_home.receipt.cash_fen) == (600, 400)
    assert (visiting.receipt.amount_fen, visiting.receipt.note) == (4_000, "个人保存备查，不作为报销依据")
    assert network.purses(own) == (9_600, 0)
    assert network.purses(visitor) == (6_000, 0)


def test_weighed_food_takes_the_amount_on_the_scale(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch, "yuyao")
    card = network.card(network.official("city"))
    assert till.charge_card(card, "lunch", 1_830).receipt.amount_fen == 1_830  # type: ignore[union-attr]
    assert till.charge_card(card, "lunch").reason == "amount_missing"
    assert till.charge_card(card, "lunch", 5_001).reason == "limit_exceeded"
    assert till.charge_card(card, "breakfast", 400).reason == "price_fixed"


def test_a_till_asks_before_it_charges_the_same_person_twice(
    network: Network, till: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    official, other = network.official(), network.official()
    card, phone = network.card(official), network.phone(official)
    assert till.paid_lately(card, "lunch") is None
    assert till.charge_card(card, "lunch").outcome == "approved"
    entry = till.paid_lately(phone.show_code(), "lunch")
    assert entry is not None, "the same person, whichever way he pays"
    assert till.paid_lately(card, "dinner") is None
    assert till.paid_lately(network.card(other), "lunch") is None
    later = till.now() + 121
    with monkeypatch.context() as patch:
        patch.setattr(till, "now", lambda: later)
        assert till.paid_lately(card, "lunch") is None
    till.void(entry.epoch, entry.sequence)
    assert till.paid_lately(card, "lunch") is None, "it was taken back"
