"""Cashiers: who stands at a till signs on there with number and PIN, and what the till takes is his."""

import json
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from msgspec import json as wire

from registry.cashiers import DAY_TRIES
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected
from tests.builders import Network
from tests.running_system import Person, System
from tests.system.test_protocol_edition import in_session, post, slug_of
from tests.waiting import wait_until

CASHIERS = "/terminal/cashiers"
PIN, OTHER_PIN = "470391", "582614"


@pytest.fixture(scope="module")
def admin(network: Network) -> Person:
    return network.person("admin-yinzhou")


class Cashier:
    """A cashier of Yinzhou, as his administrator knows him."""

    def __init__(self, admin: Person, network: Network, **details: Any) -> None:
        self.number = str(secrets.randbelow(9 * 10**7) + 10**7)
        message = {"agency_id": network.agency_id("yinzhou"), "number": self.number, "name": "李大厨", **details}
        slip = admin.call("POST", "/console/cashiers", message)
        self.admin, self.cashier_id, self.first_pin = admin, slip["cashier_id"], slip["pin"]
        self.path = f"/console/cashiers/{self.cashier_id}"

    def choose(self, till: Terminal, pin: str = PIN) -> None:
        assert till.sign_cashier_on(self.number, self.first_pin, pin).outcome == "signed_on"

    def shown(self) -> dict[str, Any]:
        return dict(self.admin.call("GET", self.path))


@pytest.fixture
def till(network: Network, scratch: Path) -> Terminal:
    return network.terminal(scratch)


@pytest.fixture
def cashier(admin: Person, network: Network) -> Cashier:
    return Cashier(admin, network)


@pytest.fixture
def demanded(admin: Person, network: Network) -> Any:
    """Yinzhou's tills need a cashier while the test runs."""
    path = f"/registry/canteens/{network.canteen_id('yinzhou')}/cashiers-required"
    admin.call("POST", path, {"required": True})
    yield
    admin.call("POST", path, {"required": False})


def test_a_cashier_chooses_his_pin_at_his_first_sign_on(till: Terminal, cashier: Cashier) -> None:
    assert till.sign_cashier_on(cashier.number, cashier.first_pin).reason == "pin_is_first"
    for simple in ("111111", "123456", cashier.first_pin):
        assert till.sign_cashier_on(cashier.number, cashier.first_pin, simple).reason == "pin_too_simple", simple
    assert cashier.shown()["pin_is_first"]
    answer = till.sign_cashier_on(cashier.number, cashier.first_pin, PIN)
    assert answer.cashier is not None
    assert (answer.cashier.cashier_id, answer.cashier.name) == (cashier.cashier_id, "李大厨")
    assert answer.cashier.may == ["charge", "void", "close_shift"]
    assert till.sign_cashier_on(cashier.number, cashier.first_pin).reason == "pin_wrong"
    assert till.sign_cashier_on(cashier.number, PIN).outcome == "signed_on"
    assert not cashier.shown()["pin_is_first"]


def test_unknown_and_wrong_get_one_answer(till: Terminal, cashier: Cashier, network: Network, scratch: Path) -> None:
    cashier.choose(till)
    wrong = till.sign_cashier_on(cashier.number, OTHER_PIN)
    assert wrong.reason == "pin_wrong"
    assert till.sign_cashier_on("999", PIN) == wrong, "no such number"
    foreign = network.terminal(scratch, "yuyao")
    assert foreign.sign_cashier_on(cashier.number, PIN) == wrong, "a till of another agency"
    cashier.admin.call("POST", f"{cashier.path}/suspension", {"reason": "调查"})
    assert till.sign_cashier_on(cashier.number, PIN) == wrong
    cashier.admin.call("POST", f"{cashier.path}/resumption", {"reason": "结束"})
    assert till.sign_cashier_on(cashier.number, PIN).outcome == "signed_on"
    cashier.admin.call("POST", f"{cashier.path}/end", {"reason": "离职"})
    assert till.sign_cashier_on(cashier.number, PIN) == wrong
    assert cashier.admin.ask("POST", f"{cashier.path}/pin", {}).status == 409


def test_a_cashier_works_at_his_canteens_only(till: Terminal, admin: Person, network: Network, scratch: Path) -> None:
    mark, agency_id = secrets.token_hex(3), network.agency_id("yinzhou")
    meals = [{"meal": "lunch", "starts": "11:00:00", "ends": "13:00:00"}]
    body = {"agency_id": agency_id, "name_zh": f"分店{mark}", "name_en": f"Branch {mark}", "meals": meals}
    branch = network.centre.call("POST", "/registry/canteens", body)["number"]
    one = Cashier(admin, network, canteen_ids=[branch])
    assert till.sign_cashier_on(one.number, one.first_pin, PIN).reason == "pin_wrong"
    here = network.canteen_id("yinzhou")
    admin.call("POST", f"{one.path}/changes", {"canteen_ids": [branch, here]})
    one.choose(till)
    foreign = {"canteen_ids": [network.canteen_id("yuyao")]}
    assert admin.ask("POST", f"{one.path}/changes", foreign).status == 404


def guess(till: Terminal, cashier: Cashier, times: int = 5) -> None:
    """Wrong PINs, each on a connection of its own, to either worker."""
    for _ in range(times):
        till._http.clear()
        assert till.sign_cashier_on(cashier.number, OTHER_PIN).reason == "pin_wrong"


def test_five_wrong_pins_lock_a_cashier_at_the_till_for_every_worker(till: Terminal, cashier: Cashier) -> None:
    cashier.choose(till)
    guess(till, cashier)
    for _ in range(4):
        till._http.clear()
        assert till.sign_cashier_on(cashier.number, PIN).reason == "pin_wrong", "locked"
    assert cashier.shown()["locked_until"] is not None
    listed = f"/console/cashiers?locked=true&number={cashier.number}"
    assert len(cashier.admin.call("GET", listed)["items"]) == 1
    cashier.admin.call("POST", f"{cashier.path}/unlocking")
    assert till.sign_cashier_on(cashier.number, PIN).outcome == "signed_on"
    assert cashier.shown()["locked_until"] is None
    assert cashier.admin.call("GET", listed)["items"] == []


def test_whoever_guesses_at_one_till_locks_nobody_out_of_the_others(
    till: Terminal, cashier: Cashier, network: Network, scratch: Path, system: System
) -> None:
    """Nor when he goes on while the cashier is locked there: what is not checked does not count."""
    other = network.terminal(scratch)
    cashier.choose(till)
    guess(other, cashier, 8)
    assert till.sign_cashier_on(cashier.number, PIN).outcome == "signed_on"
    assert other.sign_cashier_on(cashier.number, PIN).reason == "pin_wrong", "locked there"
    assert tries_of(cashier, system) == 5


def tries_of(cashier: Cashier, system: System) -> int:
    """The wrong tries of a day, at all tills."""
    with psycopg.connect(system.database_url) as db:
        row = db.execute("SELECT wrong_tries FROM cashier WHERE cashier_id = %s", (cashier.cashier_id,)).fetchone()
    assert row is not None
    return int(row[0])


def test_whoever_guesses_at_many_tills_locks_a_cashier_everywhere(
    till: Terminal, cashier: Cashier, network: Network, scratch: Path, system: System
) -> None:
    """Of a day's tries none is left; a right PIN in between takes none of them back."""
    cashier.choose(till)
    guess(till, cashier, 2)
    change = "UPDATE cashier SET wrong_tries = wrong_tries + %s WHERE cashier_id = %s"
    with psycopg.connect(system.database_url) as db:
        db.execute(change, (DAY_TRIES - 4, cashier.cashier_id))
    assert till.sign_cashier_on(cashier.number, PIN).outcome == "signed_on"
    guess(network.terminal(scratch), cashier, 2)
    assert till.sign_cashier_on(cashier.number, PIN).reason == "pin_wrong", "locked at every till"
    with psycopg.connect(system.database_url) as db:
        passes = "UPDATE cashier SET locked_until = now(), tries_since = now() - interval '1 day' WHERE cashier_id = %s"
        db.execute(passes, (cashier.cashier_id,))
    guess(till, cashier, 1)
    assert tries_of(cashier, system) == 1, "another day"
    assert till.sign_cashier_on(cashier.number, PIN).outcome == "signed_on"


def test_many_tries_at_once_are_no_more(
    till: Terminal, cashier: Cashier, network: Network, scratch: Path, system: System
) -> None:
    """Each counts before its PIN is checked, whatever the order."""
    others = [network.terminal(scratch) for _ in range(3)]
    cashier.choose(till)
    with ThreadPoolExecutor(len(others)) as pool:
        for _ in pool.map(lambda one: guess(one, cashier, 6), others):
            pass
    assert tries_of(cashier, system) == 15


def test_a_lock_ends_by_itself_and_then_gives_one_try(till: Terminal, cashier: Cashier, system: System) -> None:
    cashier.choose(till)
    for _ in range(5):
        till.sign_cashier_on(cashier.number, OTHER_PIN)

    def time_passes() -> None:
        with psycopg.connect(system.database_url) as db:
            db.execute("UPDATE cashier_tries SET locked_until = now() WHERE cashier_id = %s", (cashier.cashier_id,))

    time_passes()
    assert till.sign_cashier_on(cashier.number, OTHER_PIN).reason == "pin_wrong"
    assert till.sign_cashier_on(cashier.number, PIN).reason == "pin_wrong", "locked again by one"
    time_passes()
    assert till.sign_cashier_on(cashier.number, PIN).outcome == "signed_on"


def test_a_till_where_somebody_guesses_takes_no_pins_for_a_while(
    till: Terminal, cashier: Cashier, network: Network, scratch: Path, system: System
) -> None:
    cashier.choose(till)
    assert till.sign_cashier_on("7000", PIN).reason == "pin_wrong"
    with psycopg.connect(system.database_url) as db:
        tried = db.execute("UPDATE till_tries SET tries = 18 WHERE terminal_id = %s", (till.identity.terminal_id,))
        assert tried.rowcount == 1
    assert [till.sign_cashier_on(f"700{n}", PIN).reason for n in range(3)] == ["pin_wrong"] * 2 + ["too_many_tries"]
    assert till.sign_cashier_on(cashier.number, PIN).reason == "too_many_tries"
    assert network.terminal(scratch).sign_cashier_on(cashier.number, PIN).outcome == "signed_on"


def charge(till: Terminal, network: Network, **more: Any) -> str:
    answer = till.charge_card(network.card(network.official()), "lunch", **more)
    return answer.reason or answer.outcome


@pytest.mark.usefixtures("demanded")
def test_a_till_that_needs_a_cashier_charges_under_one_alone(
    till: Terminal, cashier: Cashier, network: Network
) -> None:
    wait_until(lambda: charge(till, network) == "cashier_missing")
    cashier.choose(till)
    assert charge(till, network) == "approved", "at once, at whatever worker"
    taken = till.journal.entries("approved")[-1]
    till.sign_cashier_off()
    time.sleep(1.1)
    wait_until(lambda: charge(till, network) == "cashier_missing")
    assert till.void(taken.epoch, taken.sequence).reason == "cashier_missing"
    till.refresh_parameters()
    assert till.parameters.cashier_required
    assert till.lacks_cashier


@pytest.mark.usefixtures("demanded")
def test_a_purchase_that_is_dated_back_has_no_cashier(
    till: Terminal, cashier: Cashier, admin: Person, network: Network, scratch: Path
) -> None:
    other = Cashier(admin, network)
    wait_until(lambda: charge(till, network) == "cashier_missing")
    time.sleep(1.1)
    begun_at = till.now()
    assert charge(till, network, purchased_at=begun_at) == "cashier_missing", "before the first one"
    cashier.choose(till)
    assert charge(till, network) == "approved"
    taken_at = till.now()
    till.sign_cashier_off()
    assert charge(till, network, purchased_at=taken_at) == "cashier_missing", "the number is later than his"
    other.choose(till)
    till.sign_cashier_off()
    time.sleep(1.1)
    for at in (begun_at, taken_at):
        assert charge(till, network, purchased_at=at) == "cashier_missing", "between two, and after both"
    never = network.terminal(scratch)
    assert charge(never, network, purchased_at=begun_at) == "cashier_missing", "where nobody ever was"


@pytest.mark.usefixtures("demanded")
def test_what_was_taken_under_a_cashier_is_posted_however_late_it_comes(
    till: Terminal, cashier: Cashier, admin: Person, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, card = Cashier(admin, network), network.card(network.official())
    wait_until(lambda: charge(till, network) == "cashier_missing")
    cashier.choose(till)
    with monkeypatch.context() as patch:
        patch.setattr(till._http, "request", _lost)
        with pytest.raises(OutcomeUnknown):
            till.charge_card(card, "lunch")
    till.sign_cashier_off()
    other.choose(till)
    time.sleep(1.1)
    assert [answer.outcome for answer in till.resend_unknown()] == ["approved"], "under an earlier one's number"


def _lost(*_: object, **__: object) -> None:
    raise urllib3.exceptions.ProtocolError("the cable is out")


@pytest.mark.usefixtures("demanded")
def test_who_is_suspended_is_signed_off_at_every_worker(till: Terminal, cashier: Cashier, network: Network) -> None:
    cashier.choose(till)
    assert charge(till, network) == "approved"
    cashier.admin.call("POST", f"{cashier.path}/suspension", {"reason": "调查"})
    time.sleep(1.1)

    def is_off() -> bool:
        till._http.clear()
        return charge(till, network) == "cashier_missing"

    wait_until(is_off)
    assert till.cashier is None
    assert till.sign_cashier_on(cashier.number, PIN).reason == "pin_wrong"


def test_another_cashier_takes_over_within_a_shift(
    till: Terminal, admin: Person, network: Network, system: System
) -> None:
    first, second = Cashier(admin, network), Cashier(admin, network, may_void=False)
    first.choose(till)
    shift = till.open_shift(first.number, "1")
    assert charge(till, network) == "approved"
    second.choose(till)
    assert charge(till, network) == "approved"
    assert charge(till, network) == "approved"
    taken = till.journal.entries("approved")[-1]
    assert till.void(taken.epoch, taken.sequence).reason == "void_not_permitted"
    assert till.void(taken.epoch, taken.sequence).reason == "void_not_permitted"
    assert till.close_shift().agree, "refusals are in the chain as all others"
    terminal_id = till.identity.terminal_id
    rows = admin.call("GET", f"/console/cashier-sign-ons?terminal_id={terminal_id}")["items"]
    assert [row["cashier_id"] for row in rows] == [first.cashier_id, second.cashier_id]
    assert rows[0]["ends_before"] == rows[1]["first_sequence"] > shift
    path = f"/clearing/shifts/{terminal_id}/{till.epoch}/{shift}/closing"
    shown = network.person("finance-yinzhou").call("GET", path)["cashiers"]
    assert [(one["cashier_id"], one["payments"], one["amount_fen"]) for one in shown] == [
        (first.cashier_id, 1, 1_000),
        (second.cashier_id, 2, 2_000),
    ]
    first_again = Terminal.sign_cashier_on(till, first.number, PIN)
    assert first_again.outcome == "signed_on"
    assert till.void(taken.epoch, taken.sequence).outcome == "voided"
    assert "FAIL" not in system.command("verify").stdout


def ends_session(till: Terminal, _cashier: Cashier, _system: System) -> None:
    till.sign_on()


def is_suspended(_till: Terminal, cashier: Cashier, _system: System) -> None:
    cashier.admin.call("POST", f"{cashier.path}/suspension", {"reason": "调查"})


def has_had_his_time(till: Terminal, _cashier: Cashier, system: System) -> None:
    with psycopg.connect(system.database_url) as db:
        where = (till.identity.terminal_id,)
        db.execute("UPDATE cashier_sign_on SET ends_at = now() WHERE terminal_id = %s AND ends_at > now()", where)


ENDS = pytest.mark.parametrize("ends", [ends_session, is_suspended, has_had_his_time])


def took(till: Terminal, network: Network, shift: int) -> list[tuple[int, int, int]]:
    """Who took how many payments and how much in a shift, by its evidence."""
    path = f"/clearing/shifts/{till.identity.terminal_id}/{till.epoch}/{shift}/closing"
    shown = network.person("finance-yinzhou").call("GET", path)["cashiers"]
    return [(one["cashier_id"], one["payments"], one["amount_fen"]) for one in shown]


@ENDS
def test_what_comes_after_a_sign_on_has_ended_is_nobodys(
    till: Terminal, cashier: Cashier, network: Network, system: System, ends: Callable[..., None]
) -> None:
    cashier.choose(till)
    shift = till.open_shift(cashier.number, "1")
    assert charge(till, network) == "approved"
    taken_at = till.now()
    ends(till, cashier, system)
    ended_at = datetime.fromisoformat(_sign_ons(cashier.admin, till)[-1]["ends_at"]).timestamp()
    wait_until(lambda: till.now() > ended_at)
    assert charge(till, network) == "approved", "no cashier is needed here"
    assert charge(till, network, purchased_at=taken_at) == "approved", "taken while he was there"
    assert till.close_shift().agree
    assert took(till, network, shift) == [(cashier.cashier_id, 2, 2_000)]


@ENDS
@pytest.mark.usefixtures("demanded")
def test_where_a_cashier_is_needed_none_is_taken_after_a_sign_on_has_ended(
    till: Terminal, cashier: Cashier, network: Network, system: System, ends: Callable[..., None]
) -> None:
    cashier.choose(till)
    assert charge(till, network) == "approved"
    ends(till, cashier, system)
    ended_at = datetime.fromisoformat(_sign_ons(cashier.admin, till)[-1]["ends_at"]).timestamp()
    wait_until(lambda: till.now() > ended_at)
    wait_until(lambda: charge(till, network) == "cashier_missing")


def test_nobody_is_left_out_of_a_long_shift(till: Terminal, cashier: Cashier, network: Network, system: System) -> None:
    shift = till.open_shift(cashier.number, "1")
    cashier.choose(till)
    assert charge(till, network) == "approved"
    numbers = [till._take_sequence() for _ in range(120)]
    with psycopg.connect(system.database_url) as db:
        db.execute(
            "INSERT INTO cashier_sign_on SELECT s.book, s.terminal_id, s.epoch, n, s.cashier_id, s.canteen_id, true,"
            " now(), now() FROM cashier_sign_on s, unnest(%s::bigint[]) n WHERE s.terminal_id = %s",
            (numbers, till.identity.terminal_id),
        )
    assert charge(till, network) == "approved"
    assert till.close_shift().agree
    assert took(till, network, shift)[0] == (cashier.cashier_id, 1, 1_000)


def test_who_may_not_void_does_not_void_as_nobody_either(till: Terminal, admin: Person, network: Network) -> None:
    """The canteen needs no cashiers: whoever is signed off charges and voids under nobody's name."""
    may, may_not = Cashier(admin, network), Cashier(admin, network, may_void=False)
    may_not.choose(till)
    assert charge(till, network) == "approved"
    taken = till.journal.entries("approved")[-1]
    till.sign_cashier_off()
    assert till.void(taken.epoch, taken.sequence).reason == "cashier_missing"
    assert charge(till, network) == "approved"
    nobodys = till.journal.entries("approved")[-1]
    assert till.void(nobodys.epoch, nobodys.sequence).outcome == "voided", "it was taken under nobody"
    till.sign_on()
    assert till.void(taken.epoch, taken.sequence).reason == "cashier_missing", "in the next session"
    may.choose(till)
    till.sign_cashier_off()
    assert till.void(taken.epoch, taken.sequence).reason == "cashier_missing", "who may was there, and has left"
    assert till.sign_cashier_on(may.number, PIN).outcome == "signed_on"
    assert till.void(taken.epoch, taken.sequence).outcome == "voided"


def test_a_replayed_sign_on_signs_nobody_on(till: Terminal, cashier: Cashier) -> None:
    cashier.choose(till)
    headers, body = in_session(till, CASHIERS, {"cashier": cashier.number, "pin": PIN})
    answer = post(till.url, CASHIERS, headers, body).json()
    assert answer["outcome"] == "signed_on"
    till.sign_cashier_off()
    again = post(till.url, CASHIERS, headers, body).json()
    assert again["cashier"]["cashier_id"] == cashier.cashier_id, "the first answer"
    assert again["cashier"]["until"] <= till.now() + 3, "and it says that it is over"
    assert again["cashier"]["until"] < answer["cashier"]["until"]


def test_a_number_is_used_for_one_message(till: Terminal, cashier: Cashier, network: Network) -> None:
    cashier.choose(till)
    sequence = till._take_sequence()

    def send(body: dict[str, Any]) -> urllib3.BaseHTTPResponse:
        encoded = wire.encode(body)
        fields = till._signed(till._signed_on(), "POST", CASHIERS, f"{till.epoch}/{sequence}", encoded)
        return post(till.url, CASHIERS, fields, encoded)

    wrong = {"cashier": cashier.number, "pin": OTHER_PIN}
    assert send(wrong).json()["reason"] == "pin_wrong"
    assert [send(wrong).json()["reason"] for _ in range(9)] == ["pin_wrong"] * 9, "repeats are no tries"
    right = send({"cashier": cashier.number, "pin": PIN})
    assert (right.status, slug_of(right)) == (422, "other-content"), "no second guess under one number"
    assert till.sign_cashier_on(cashier.number, PIN).outcome == "signed_on"


def test_repeats_that_come_together_are_one_try(till: Terminal, cashier: Cashier) -> None:
    """A till that hears nothing for a while repeats its message while the first one is still being answered."""
    cashier.choose(till)
    headers, body = in_session(till, CASHIERS, {"cashier": cashier.number, "pin": OTHER_PIN})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(till.url, CASHIERS, headers, body), range(8)))
    assert {answer.status for answer in answers} <= {200, 503}
    assert post(till.url, CASHIERS, headers, body).json()["reason"] == "pin_wrong"
    for _ in range(3):
        assert till.sign_cashier_on(cashier.number, OTHER_PIN).reason == "pin_wrong"
    assert till.sign_cashier_on(cashier.number, PIN).outcome == "signed_on", "four tries of five"


def test_an_overtaken_message_changes_nothing(
    till: Terminal, cashier: Cashier, admin: Person, network: Network
) -> None:
    other = Cashier(admin, network)
    cashier.choose(till)
    headers, body = in_session(till, CASHIERS, {"cashier": cashier.number, "pin": PIN})
    other.choose(till)
    assert post(till.url, CASHIERS, headers, body).json()["reason"] == "overtaken"
    late, none = in_session(till, f"{CASHIERS}/current", None, "DELETE")
    other_again = till.sign_cashier_on(other.number, PIN)
    assert other_again.outcome == "signed_on"
    assert urllib3.request("DELETE", f"{till.url}{CASHIERS}/current", headers=late, body=none).status == 200
    [row] = [one for one in _sign_ons(admin, till) if one["cashier_id"] == other.cashier_id][-1:]
    assert row["ends_before"] is None, "a sign-off of before he came"


def _sign_ons(admin: Person, till: Terminal) -> list[dict[str, Any]]:
    found = admin.call("GET", f"/console/cashier-sign-ons?terminal_id={till.identity.terminal_id}")
    return list(found["items"])


def test_another_session_asks_for_the_pin_again(till: Terminal, cashier: Cashier, admin: Person) -> None:
    cashier.choose(till)
    till.sign_on()
    assert till.cashier is None
    [row] = _sign_ons(admin, till)
    assert row["ends_at"] <= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 2))


@pytest.mark.usefixtures("demanded")
def test_without_a_network_the_cashier_who_was_there_goes_on_for_a_while(
    till: Terminal, cashier: Cashier, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    cashier.choose(till)
    till.refresh_parameters()
    till.refresh_block_list()
    card = network.card(network.official())
    assert till.offline_refusal_of(card, 1_000) is None

    with monkeypatch.context() as patch:
        patch.setattr(till._http, "request", _lost)
        with pytest.raises(OutcomeUnknown):
            till.charge_card(card, "lunch")
        assert till.cashier is not None
        assert 15 * 3600 < till.cashier.until - till.now() <= 16 * 3600 + 3
        with pytest.raises(OutcomeUnknown):
            till.sign_cashier_on(cashier.number, PIN)
        patch.setattr(till, "now", lambda: till.cashier.until if till.cashier else 0)
        assert till.offline_refusal_of(card, 1_000) == "cashier_missing"
    till.sign_cashier_off()
    assert [answer.outcome for answer in till.resend_unknown()] == ["approved"], "taken while he was there"


def test_nothing_of_a_pin_is_on_the_disk_of_a_till(till: Terminal, cashier: Cashier, system: System) -> None:
    cashier.choose(till)
    till.sign_cashier_on(cashier.number, OTHER_PIN)
    till.close()
    files = b"".join(path.read_bytes() for path in till._folder.iterdir())
    assert PIN.encode() not in files
    assert OTHER_PIN.encode() not in files
    with psycopg.connect(system.database_url) as db:
        found = db.execute("SELECT pin_sealed FROM cashier WHERE cashier_id = %s", (cashier.cashier_id,)).fetchone()
        assert found is not None
        assert b"argon2" not in found[0], "sealed under a key outside the database"
    assert PIN not in system.output


def test_a_cashier_opens_no_console_session(till: Terminal, cashier: Cashier, network: Network) -> None:
    cashier.choose(till)
    stranger = Person.__new__(Person)
    stranger.url, stranger.token = network.url, ""
    for login in (cashier.number, f"cashier/{cashier.cashier_id}"):
        assert stranger.ask("POST", "/console/sessions", {"login": login, "password": PIN}).status == 401


def test_names_are_seen_by_few_and_every_look_is_logged(cashier: Cashier, network: Network, system: System) -> None:
    assert "李大厨" not in json.dumps(cashier.shown(), ensure_ascii=False)
    name = cashier.admin.call("GET", f"{cashier.path}/name")["name"]
    assert name == "李大厨"
    entries = network.approver.call("GET", f"/console/audit-entries?subject=cashier/{cashier.cashier_id}")["items"]
    assert [one["action"] for one in entries] == ["register_cashier", "see_name"]
    assert network.centre.ask("GET", f"{cashier.path}/name").status == 403, "for his agency, and auditors"
    assert PIN not in json.dumps(entries)
    elsewhere = network.person("admin-yuyao")
    for method, path in (("GET", "/name"), ("GET", ""), ("POST", "/pin"), ("POST", "/unlocking")):
        assert elsewhere.ask(method, cashier.path + path).status == 404


def test_hostile_values_are_refused_in_words(till: Terminal, cashier: Cashier, network: Network) -> None:
    good = {"cashier": cashier.number, "pin": PIN}
    wrong: list[Any] = [
        None,
        1,
        True,
        "",
        " ",
        "12345",
        "1234567",
        "12345a",
        "１２３４５６",
        "123456\n",
        [],
        {},
        "\u0000",
    ]
    for member in ("pin", "new_pin", "cashier"):
        for value in wrong:
            if member == "cashier" and value in ("12345", "1234567"):
                continue
            headers, body = in_session(till, CASHIERS, good | {member: value})
            answer = post(till.url, CASHIERS, headers, body)
            assert answer.status == 400, (member, value, answer.data)
            assert PIN not in answer.data.decode()
    headers, body = in_session(till, CASHIERS, good | {"note": "x"})
    assert post(till.url, CASHIERS, headers, body).status == 400
    message = {"agency_id": network.agency_id("yinzhou"), "number": "4711", "name": "王"}
    refused: list[dict[str, Any]] = [
        {"number": "12"}, {"number": "123456789"}, {"number": "１２３"}, {"name": ""}, {"name": "a\nb"},
        {"name": "\u202e"},
        {"canteen_ids": []}, {"canteen_ids": [0]}, {"language": "fr"}, {"may_void": 1}, {"colour": "red"},
    ]  # fmt: skip
    for changes in refused:
        assert cashier.admin.ask("POST", "/console/cashiers", message | changes).status == 400, changes
    taken = message | {"number": cashier.number}
    assert cashier.admin.ask("POST", "/console/cashiers", taken).status == 409
    assert cashier.admin.ask("POST", "/console/cashiers", message | {"agency_id": 1}).status in (403, 404)


def test_a_scale_has_no_cashier(network: Network, scratch: Path, cashier: Cashier) -> None:
    scale = Terminal.enrol(network.url, network.slip(kind="scale"), scratch / f"scale-{secrets.token_hex(4)}")
    with pytest.raises(Rejected, match="not-allowed"):
        scale.sign_cashier_on(cashier.number, cashier.first_pin)
