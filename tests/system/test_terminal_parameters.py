"""What the centre tells a till before it charges, and what the till does with it while it has no network."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import urllib3
from msgspec import json as wire

from foundation.calendar import ZONE
from terminals.client import Terminal
from terminals.client_device import NO_VERSION
from terminals.client_messages import Rejected
from terminals.schemas import CurrentParameters
from tests.builders import Network
from tests.running_system import System
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def till(network: Network, scratch: Path) -> Terminal:
    return network.terminal(scratch, "yinzhou")


def ask(till: Terminal, version: str) -> CurrentParameters:
    _, answer = till.exchange("GET", f"/terminal/parameters/{version}", f"{till.epoch}/1")
    return wire.decode(answer, type=CurrentParameters)


def test_sign_on_brings_all_that_a_till_must_know(network: Network, system: System, till: Terminal) -> None:
    known = till.parameters
    with psycopg.connect(system.database_url) as db:
        canteen = db.execute(
            "SELECT canteen_id, book, agency_id, name_zh, name_en FROM canteen WHERE canteen_id = %s",
            (network.canteen_id("yinzhou"),),
        ).fetchone()
        hours = db.execute(
            "SELECT meal, left(starts::text, 5), left(ends::text, 5) FROM meal_period WHERE canteen_id = %s"
            " ORDER BY starts",
            (network.canteen_id("yinzhou"),),
        ).fetchall()
    shown = known.canteen
    assert (shown.canteen_id, shown.book, shown.agency_id, shown.name_zh, shown.name_en) == canteen
    assert [(meal.meal, meal.starts, meal.ends) for meal in known.meals] == hours
    assert hours
    [lunch] = [price for price in known.prices if price.meal == "lunch"]
    assert (lunch.home_fen, lunch.visitor_fen, lunch.limit_fen) == (1_000, 4_000, None)
    assert (known.limits.amount_max_fen, known.limits.resend_within_s) == (1_000_000, 86_400)
    assert (known.offline.late_after_s, known.offline.payments_max, known.offline.amount_max_fen) == (120, 3, 10_000)


def test_the_question_is_answered_in_short_while_nothing_has_changed(till: Terminal) -> None:
    told = ask(till, NO_VERSION)
    assert told.parameters == till.parameters
    again = ask(till, told.version)
    assert (again.version, again.parameters) == (told.version, None)
    assert abs(again.centre_time - time.time()) < 60
    assert again.block_list_version == till.block_list_version
    assert till.refresh_parameters() is False


def test_hours_of_a_special_day_reach_a_till_that_asks(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch, "yuyao")
    before, today = till.parameters.meals, datetime.now(ZONE).date()
    path = f"/registry/canteens/{network.canteen_id('yuyao')}/days/{today}"
    served = [{"meal": "lunch", "starts": "10:00:00", "ends": "13:15:00"}]
    network.centre.call("PUT", path, {"meals": served, "reason": "会议"})
    wait_until(till.refresh_parameters)
    assert [(meal.meal, meal.starts, meal.ends) for meal in till.parameters.meals] == [("lunch", "10:00", "13:15")]
    network.centre.call("DELETE", path)
    wait_until(till.refresh_parameters)
    assert till.parameters.meals == before


def test_a_new_price_reaches_a_till_that_asks(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch, "yuyao")
    later = datetime.now(ZONE).date() + timedelta(days=2)
    person = network.person("finance-yuyao")
    person.call(
        "POST",
        "/settlement/tariffs",
        {"canteen_id": till.canteen_id, "meal": "dinner", "valid_from": str(later), "home_fen": 777},
    )
    wait_until(till.refresh_parameters, "the new price does not reach the till")
    found = [p.home_fen for p in till.parameters.prices if (p.meal, p.valid_from) == ("dinner", str(later))]
    assert found == [777]


@pytest.mark.parametrize("version", ["A" * 21, "A" * 23, "A" * 21 + "=", "A" * 21 + "*", "0"])
def test_a_version_that_is_none_is_refused_with_a_signature(till: Terminal, version: str) -> None:
    with pytest.raises(Rejected) as refused:
        ask(till, version)
    assert refused.value.slug == "invalid"


def test_a_version_with_a_newline_is_refused(network: Network, till: Terminal) -> None:
    path = "/terminal/parameters/" + "A" * 22
    headers = till._signed(till._signed_on(), "GET", path, f"{till.epoch}/1", b"")
    answer = urllib3.request("GET", network.url + path + "%0A", headers=headers, retries=False, timeout=60)
    assert answer.status in (400, 401)


def test_every_diner_is_told_the_price_before_he_pays_also_without_a_network(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = network.terminal(scratch, "yinzhou")
    own, visitor = network.official("yinzhou"), network.official("hangzhou")
    diners = [(network.card(own), 1_000), (network.card(visitor), 4_000)]
    codes = [(network.phone(official), price) for official, price in ((own, 1_000), (visitor, 4_000))]
    folder = till._folder
    till.close()
    offline = Terminal("http://127.0.0.1:9", folder)
    monkeypatch.setattr(offline, "sign_on", lambda: pytest.fail("there is no network"))
    for card, price_fen in diners:
        assert offline.price_fen(card, "lunch") == price_fen
    for phone, price_fen in codes:
        assert offline.price_fen(phone.show_code(canteen_id=offline.canteen_id), "lunch") == price_fen
    offline.close()
    till = Terminal(network.url, folder)
    for card, price_fen in diners:
        paid = till.charge_card(card, "lunch").receipt
        assert paid is not None
        assert paid.amount_fen == price_fen
    for phone, price_fen in codes:
        paid = till.charge_code(phone.show_code(canteen_id=till.canteen_id), "lunch").receipt
        assert paid is not None
        assert paid.amount_fen == price_fen


def test_a_till_without_a_network_relies_on_its_block_list_for_a_day(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = network.terminal(scratch, "yinzhou")
    card, lost = network.card(network.official()), network.card(network.official())
    assert till.offline_refusal_of(card, 1_000) == "block_list_old", "it has never had the list"
    network.centre.call(
        "POST", f"/console/credentials/{lost.file.credential_id}/block", {"blocked": True, "reason": "lost"}
    )
    till.refresh_block_list()
    assert till.offline_refusal_of(card, 1_000) is None
    assert till.offline_refusal_of(lost, 1_000) == "card_blocked"
    till.close()
    again, now = Terminal(network.url, till._folder), int(datetime.now(UTC).timestamp())
    assert again.offline_refusal_of(lost, 1_000) == "card_blocked", "the copy is on its disk"
    greatest = again.parameters.offline.block_list_age_max_s
    for age_s, refusal in ((greatest - 60, None), (greatest + 60, "block_list_old")):
        monkeypatch.setattr(again, "now", lambda age_s=age_s: now + age_s)
        assert again.offline_refusal_of(card, 1_000) == refusal
    again.close()


def test_the_agency_on_a_card_cannot_be_altered(network: Network, till: Terminal) -> None:
    """A visitor's card with the till's own agency in its file would show the lower price."""
    card = network.card(network.official("hangzhou"))
    sequence = till._signed_on_sequence()
    message = till._charge_message(sequence, card, "lunch", None)
    message["card"]["agency_id"] = network.agency_id("yinzhou")
    _, answer = till.exchange("POST", "/terminal/charges", f"{till.epoch}/{sequence}", wire.encode(message))
    assert json.loads(answer)["reason"] == "credential_invalid"


@pytest.mark.parametrize(
    ("field", "most"),
    [("key_version", 255), ("book", 2**31 - 1), ("agency_id", 2**32 - 1), ("holder_id", 2**48 - 1),
     ("credential_id", 2**48 - 1)],
)  # fmt: skip
def test_every_number_of_a_card_has_its_limits(network: Network, till: Terminal, field: str, most: int) -> None:
    card = network.card(network.official())
    for value, refused in ((most, None), (most + 1, "invalid"), (0, "invalid"), (True, "invalid"), ("1", "invalid")):
        sequence = till._signed_on_sequence()
        message = till._charge_message(sequence, card, "lunch", None)
        message["card"][field] = value
        try:
            _, answer = till.exchange("POST", "/terminal/charges", f"{till.epoch}/{sequence}", wire.encode(message))
        except Rejected as rejected:
            assert rejected.slug == refused, value
        else:
            assert (json.loads(answer)["reason"], refused) == ("credential_invalid", None), value
