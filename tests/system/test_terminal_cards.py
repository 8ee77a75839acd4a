"""Cards at a till: counters, clones, forgeries, blocks."""

import json
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from msgspec import json as wire

from terminals.client import Terminal
from terminals.client_messages import Rejected
from terminals.devices import AnsweredAlready, SoftwareCard
from tests.builders import Network
from tests.running_system import System

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def till(network: Network, scratch: Path) -> Terminal:
    return network.terminal(scratch, "yinzhou")


def _audit_entries(system: System) -> int:
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM audit_entry").fetchone()
    assert row is not None
    return int(row[0])


def test_a_card_without_its_key(network: Network, till: Terminal) -> None:
    card = network.card(network.official())
    assert till.charge_card(SoftwareCard(card.uid, card.file, bytes(16)), "lunch").reason == "credential_invalid"


@pytest.mark.parametrize("behind", [1, 2])
def test_a_clone_is_known_by_its_counter_and_both_cards_are_blocked(
    network: Network, till: Terminal, behind: int
) -> None:
    card = network.card(network.official())
    for _ in range(2):
        assert till.charge_card(card, "lunch").outcome == "approved"
    clone = SoftwareCard(card.uid, card.file, card._key, counter=card.counter - behind)
    assert till.charge_card(clone, "lunch").reason == "already_used"
    assert till.charge_card(clone, "lunch").reason == "card_blocked"
    assert till.charge_card(card, "lunch").reason == "card_blocked"


def test_a_counter_is_between_one_and_the_largest_number(network: Network, till: Terminal) -> None:
    official, last = network.official(), 2**53 - 1
    card, phone = network.card(official), network.phone(official)
    card.counter = phone.counter = -1
    with pytest.raises(Rejected) as refused:
        till.charge_card(card, "lunch")
    assert refused.value.slug == "invalid"
    assert till.charge_code(phone.show_code(), "lunch").reason == "credential_invalid"
    card.counter = phone.counter = last - 1
    assert till.charge_card(card, "lunch").outcome == "approved"
    assert till.charge_code(phone.show_code(), "lunch").outcome == "approved"
    with pytest.raises(Rejected):
        till.charge_card(card, "lunch")
    assert till.charge_code(phone.show_code(), "lunch").reason == "credential_invalid"


def test_a_used_card_response_is_told_as_what_it_is(network: Network, till: Terminal) -> None:
    card = network.card(network.official())
    assert till.charge_card(card, "lunch").outcome == "approved"
    answer = till.charge_card(SoftwareCard(card.uid, card.file, card._key, counter=card.counter - 1), "lunch")
    assert answer.reason == "already_used"
    assert "已停用" in str(answer.advice_zh)
    assert "blocked" in str(answer.advice_en)


def test_a_meal_that_reaches_the_centre_after_a_later_one_is_paid(
    network: Network, till: Terminal, scratch: Path
) -> None:
    official, other = network.official(), network.terminal(scratch, "yinzhou")
    card = network.card(official)
    late = till.prepare_charge(card, "lunch")
    assert other.charge_card(card, "lunch").outcome == "approved"
    for _ in range(2):
        answer = urllib3.request("POST", f"{network.url}/terminal/charges", headers=late[0] | JSON, body=late[1])
        assert answer.json()["outcome"] == "approved"
    assert network.purses(official) == (8_000, 0), "the repeat has the first answer"
    assert other.charge_card(card, "lunch").outcome == "approved"


def test_a_counter_too_old_to_know_is_refused_and_blocks_nobody(network: Network, till: Terminal) -> None:
    card = network.card(network.official())
    card.counter = 999
    assert till.charge_card(card, "lunch").outcome == "approved"
    for counter, outcome in ((744, "counter_too_low"), (745, None), (1_001, None)):
        card.counter = counter - 1
        assert till.charge_card(card, "lunch").reason == outcome


def test_a_forged_card_blocks_nobody(network: Network, till: Terminal) -> None:
    card = network.card(network.official())
    till.charge_card(card, "lunch")
    assert till.charge_card(SoftwareCard(card.uid, card.file, bytes(16)), "lunch").reason == "credential_invalid"
    assert till.charge_card(card, "lunch").outcome == "approved"


def test_a_lost_card_is_refused_at_once(network: Network, till: Terminal) -> None:
    card = network.card(network.official())
    assert till.charge_card(card, "lunch").outcome == "approved"
    path = f"/console/credentials/{card.file.credential_id}/block"
    network.centre.call("POST", path, {"blocked": True, "reason": "lost"})
    assert till.charge_card(card, "lunch").reason == "card_blocked"
    time.sleep(2.5)
    before = till.block_list_version
    till.charge_card(card, "lunch")
    assert till.block_list_version >= max(before, 1)
    _, body = till.exchange("GET", f"/terminal/block-list/{till.block_list_version - 1}", f"{till.epoch}/900000")
    assert json.loads(body)["changes"][-1]["blocked"] is True
    network.approver.call("POST", path, {"blocked": False, "reason": "found"})
    assert till.charge_card(card, "lunch").outcome == "approved"


def test_a_block_list_version_to_come_is_refused(network: Network, till: Terminal) -> None:
    with pytest.raises(Rejected) as refused:
        till.exchange("GET", "/terminal/block-list/999999", f"{till.epoch}/900001")
    assert (refused.value.status, refused.value.slug) == (400, "invalid")


def test_a_clone_is_blocked_once_and_noted_once(network: Network, system: System, till: Terminal) -> None:
    card = network.card(network.official())
    assert till.charge_card(card, "lunch").outcome == "approved"
    before = _audit_entries(system)
    clone = SoftwareCard(card.uid, card.file, card._key, counter=card.counter - 1)
    assert till.charge_card(clone, "lunch").reason == "already_used"
    assert _audit_entries(system) == before + 1
    path = f"/console/credentials/{card.file.credential_id}/block"
    network.centre.call("POST", path, {"blocked": False, "reason": "it was our test"})
    again = SoftwareCard(card.uid, card.file, card._key, counter=card.counter - 1)
    assert till.charge_card(again, "lunch").reason == "already_used"
    assert _audit_entries(system) == before + 2, "the unblocking alone"


def test_one_tap_pays_for_one_meal_and_for_no_other_than_was_shown(
    network: Network, till: Terminal, scratch: Path
) -> None:
    """A dishonest till once got three answers from one tap, for three meals of its own choice in the past."""
    official = network.official()
    card, now = network.card(official), till.now()
    shown: dict[str, Any] = {"meal": "lunch", "purchased_at": now}
    sequence, tap = till._signed_on_sequence(), card.tap()
    answer = till._card_response(tap, sequence, shown)
    for n in range(1, 4):
        with pytest.raises(AnsweredAlready):
            till._card_response(tap, sequence + n, {"meal": "dinner", "purchased_at": now - n * 3_600})
    epoch, purses = till.epoch, network.purses(official)

    def reason_of(terminal: Terminal, number: int, payment: dict[str, Any]) -> Any:
        body = wire.encode(payment | {"card": answer})
        return json.loads(terminal.exchange("POST", "/terminal/charges", f"{epoch}/{number}", body)[1]).get("reason")

    altered: list[dict[str, Any]] = [
        *(shown | {"purchased_at": now - back_s} for back_s in (1, 3_600, 7_200, 86_000)),
        *(shown | {"meal": meal} for meal in ("breakfast", "dinner")),
        shown | {"amount_fen": 1_000},
        shown | {"working_meal": True},
    ]
    for n, payment in enumerate(altered, 1):
        assert reason_of(till, sequence + n, shown | payment) == "credential_invalid", "under another number"
    other = network.terminal(scratch, "yinzhou")
    assert reason_of(other, sequence, shown) == "credential_invalid", "from another till of the canteen"
    assert network.purses(official) == purses
    till.sign_on()
    assert reason_of(till, sequence, altered[0]) == "credential_invalid", "even under its own number"
    assert network.purses(official) == purses


@pytest.mark.parametrize(
    "change",
    [{"purchased_at": -1}, {"meal": "breakfast"}, {"amount_fen": 1_000}, {"working_meal": True}],
    ids=lambda change: next(iter(change)),
)
def test_a_cards_answer_under_its_own_number_pays_for_what_was_shown_alone(
    network: Network, scratch: Path, change: dict[str, Any]
) -> None:
    till, official = network.terminal(scratch), network.official()
    shown: dict[str, Any] = {"meal": "lunch", "purchased_at": till.now()}
    sequence = till._signed_on_sequence()
    shown["card"] = till._card_response(network.card(official).tap(), sequence, shown)
    if "purchased_at" in change:
        change = {"purchased_at": shown["purchased_at"] - 3_600}
    number = f"{till.epoch}/{sequence}"
    _, refused = till.exchange("POST", "/terminal/charges", number, wire.encode(shown | change))
    assert json.loads(refused)["reason"] == "credential_invalid"
    assert network.purses(official) == (10_000, 0)


def test_a_card_pays_for_a_weighed_meal_exactly_what_was_shown(network: Network, scratch: Path) -> None:
    till, official = network.terminal(scratch, "yuyao"), network.official("yuyao")
    shown: dict[str, Any] = {"meal": "lunch", "purchased_at": till.now(), "amount_fen": 1_200}
    sequence = till._signed_on_sequence()
    shown["card"] = till._card_response(network.card(official).tap(), sequence, shown)
    sent = [shown | {"amount_fen": 1_201}, shown | {"amount_fen": 1}]
    for n, message in enumerate(sent):
        number = f"{till.epoch}/{sequence + 1 + n}"
        _, answer = till.exchange("POST", "/terminal/charges", number, wire.encode(message))
        assert json.loads(answer)["reason"] == "credential_invalid"
    _, answer = till.exchange("POST", "/terminal/charges", f"{till.epoch}/{sequence}", wire.encode(shown))
    assert json.loads(answer)["receipt"]["amount_fen"] == 1_200
    assert network.purses(official) == (8_800, 0)
