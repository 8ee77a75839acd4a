"""Cards at a till: counters, clones, forgeries, blocks."""

import json
import time
from pathlib import Path

import psycopg
import pytest
import urllib3

from terminals.client import Terminal
from terminals.client_messages import Rejected
from terminals.devices import SoftwareCard
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


@pytest.mark.parametrize(("behind", "reason"), [(1, "already_used"), (2, "counter_too_low")])
def test_a_clone_is_known_by_its_counter_and_both_cards_are_blocked(
    network: Network, till: Terminal, behind: int, reason: str
) -> None:
    card = network.card(network.official())
    for _ in range(2):
        assert till.charge_card(card, "lunch").outcome == "approved"
    clone = SoftwareCard(card.uid, card.file, card._key, counter=card.counter - behind)
    assert till.charge_card(clone, "lunch").reason == reason
    assert till.charge_card(clone, "lunch").reason == "card_blocked"
    assert till.charge_card(card, "lunch").reason == "card_blocked"


def test_a_counter_is_between_one_and_the_largest_number(network: Network, till: Terminal) -> None:
    official, last = network.official(), 2**53 - 1
    card, phone = network.card(official), network.phone(official)
    card.counter = phone.counter = -1
    with pytest.raises(Rejected) as refused:
        till.charge_card(card, "lunch")
    assert (refused.value.slug, refused.value.document["signed"]) == ("invalid", True)
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


def test_a_message_that_comes_late_blocks_nobody(network: Network, till: Terminal, scratch: Path) -> None:
    card, other = network.card(network.official()), network.terminal(scratch, "yinzhou")
    late = till.prepare_charge(card, "lunch")
    assert other.charge_card(card, "lunch").outcome == "approved"
    answer = urllib3.request("POST", f"{network.url}/terminal/charges", headers=late[0] | JSON, body=late[1])
    assert answer.json()["reason"] == "counter_too_low"
    assert other.charge_card(card, "lunch").outcome == "approved"


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
    assert (refused.value.status, refused.value.slug, refused.value.document["signed"]) == (400, "invalid", True)


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
