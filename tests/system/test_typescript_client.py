"""The TypeScript client against the running centre: what it sends is taken, and it loses no payment."""

import json
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import urllib3

from conformance.suite import Profile
from terminals.schemas import EnrolmentSlip
from tests.builders import Network, Official
from tests.cable import Cable, State
from tests.makers_desk import MakersDesk
from tests.typescript_device import DeviceError, TypeScriptDevice

ALGORITHMS = ["ed25519", "ecdsa-p256-sha256"]


@pytest.fixture
def cable(network: Network) -> Iterator[Cable]:
    cable = Cable(network.url)
    yield cable
    cable.close()


@pytest.fixture
def folder(scratch: Path) -> Path:
    return scratch / f"ts-{secrets.token_hex(4)}"


@pytest.fixture
def device(cable: Cable, folder: Path) -> Iterator[TypeScriptDevice]:
    with TypeScriptDevice(cable.url, folder) as device:
        yield device


@pytest.fixture
def till(network: Network, device: TypeScriptDevice) -> TypeScriptDevice:
    device.do("enrol", slip(network))
    device.do("sign_on")
    return device


def slip(network: Network, agency: str = "yinzhou") -> dict[str, Any]:
    made = network.slip(agency)
    return {name: getattr(made, name) for name in made.__struct_fields__}


def issued_card(network: Network, official: Official) -> dict[str, Any]:
    message = {
        "agency_id": official.agency_id,
        "cards": [{"holder_id": official.holder_id, "uid": f"04{secrets.token_hex(6)}"}],
    }
    [card] = network.centre.call("POST", "/console/cards", message)["cards"]
    return dict(card)


def activation(network: Network, official: Official) -> tuple[int, str]:
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    return made["activation_id"], made["code"]


def refused(device: TypeScriptDevice, *command: Any) -> DeviceError:
    with pytest.raises(DeviceError) as error:
        device.do(*command)
    return error.value


def lost(cable: Cable, device: TypeScriptDevice, *command: Any) -> DeviceError:
    """The command's message arrives, its answer does not."""
    cable.set(State.LOSES_ANSWERS)
    error = refused(device, *command)
    cable.set(State.WHOLE)
    assert error.kind == "OutcomeUnknown"
    return error


def test_a_card_pays_and_is_refused(network: Network, till: TypeScriptDevice) -> None:
    official, poor, guest = network.official(), network.official(cash_fen=0), network.official("hangzhou")
    paid = till.do("charge_card", issued_card(network, official), "lunch")
    assert (paid["entry"]["outcome"], paid["answer"]["receipt"]["amount_fen"]) == ("approved", 1_000)
    assert network.purses(official) == (9_000, 0)
    answer = till.do("charge_card", issued_card(network, poor), "lunch")["answer"]
    assert (answer["outcome"], answer["reason"], bool(answer["title_zh"])) == ("refused", "insufficient_funds", True)
    visitor = till.do("charge_card", issued_card(network, guest), "lunch")["answer"]["receipt"]
    assert visitor["amount_fen"] > 1_000
    assert [one["outcome"] for one in till.do("entries", 3)] == ["approved", "refused", "approved"]
    assert till.do("unknown") == []


def test_a_cashier_enters_an_amount_and_what_it_is_for(network: Network, device: TypeScriptDevice) -> None:
    device.do("enrol", slip(network, "yuyao"))
    card = issued_card(network, network.official("yuyao"))
    lines = [
        {"article": "红烧肉", "portions": 1, "unit_price_fen": 800, "amount_fen": 800},
        {"article": "馒头", "grams": 300, "unit_price_fen": 1_000, "amount_fen": 300, "take_away": True},
    ]
    paid = device.do("charge_card", card, "lunch", {"amountFen": 1_100, "lines": lines})
    assert paid["answer"]["receipt"]["amount_fen"] == 1_100
    receipt = urllib3.request("GET", f"{network.url}/r/{paid['answer']['receipt']['number']}").data.decode()
    assert "红烧肉" in receipt
    signed = json.loads(urllib3.request("GET", f"{network.url}/receipts/{paid['answer']['receipt']['number']}").data)
    keys = [key["public_key"] for key in device.do("sign_on")["centre_keys"]]
    assert device.do("receipt", keys, signed["code"]) == signed["receipt"]
    assert refused(device, "charge_card", card, "lunch", {"amountFen": 1_101, "lines": lines}).kind == "RangeError"
    assert device.do("charge_card", card, "lunch")["answer"]["reason"] == "amount_missing"
    working_meal = device.do("charge_card", card, "dinner", {"amountFen": 1_000, "workingMeal": True})
    assert working_meal["answer"]["reason"] == "no_working_meal"


def test_a_signed_problem_is_final(network: Network, till: TypeScriptDevice) -> None:
    error = refused(till, "void", 1, 2**53 - 1)
    assert (error.kind, error.status, error.slug) == ("Rejected", 400, "invalid")
    [entry] = till.do("entries", 9)
    assert (entry["outcome"], till.do("unknown")) == ("rejected", [])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_phone_pays_with_both_codes(network: Network, till: TypeScriptDevice, algorithm: str) -> None:
    official, canteen = network.official(), network.canteen_id("yinzhou")
    slip = activation(network, official)
    activated = till.do("activate", *slip, algorithm)
    short, long, anywhere = (
        till.do("short_code", canteen),
        till.do("long_code", canteen, 10_000),
        till.do("short_code", None),
    )
    assert till.do("offline", long, "lunch") == {"price_fen": 1_000, "refusal": None, "holder_id": official.holder_id}
    for code in (long, anywhere, short):
        assert till.do("charge_code", code, "lunch")["answer"]["outcome"] == "approved"
        assert till.do("charge_code", code, "lunch")["answer"]["reason"] == "already_used"
    reasons = [
        till.do("charge_code", code, "lunch")["answer"]["reason"]
        for code in (
            till.do("short_code", canteen + 1),
            till.do("long_code", canteen + 1, 10_000),
            till.do("long_code", canteen, 999),
            "OC2:A",
        )
    ]
    assert reasons == ["wrong_canteen", "wrong_canteen", "code_limit_exceeded", "credential_invalid"]
    till.do("renew")
    assert till.do("charge_code", till.do("short_code", canteen), "lunch")["answer"]["outcome"] == "approved"
    account = till.do("account")
    assert (account["cash_fen"], len(account["payments"])) == (6_000, 4)
    assert activated["credential_id"] in [one["credential_id"] for one in account["credentials"]]
    order = str(uuid4())
    opened = till.do("top_up", order, 500)
    assert (opened["order_id"], opened["state"], opened["amount_fen"]) == (order, "open", 500)
    assert till.do("top_up", order, 500) == opened
    assert refused(till, "top_up", order, 0).kind == "RangeError"
    error = refused(till, "activate", slip[0] + 1_000_000, slip[1], algorithm)
    assert (error.kind, error.status, error.slug) == ("Rejected", 403, "enrolment-refused")
    assert till.do("account")["cash_fen"] == 6_000, "the phone is what it was"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_lost_activation_is_repeated(
    network: Network, cable: Cable, device: TypeScriptDevice, algorithm: str
) -> None:
    slip = activation(network, network.official())
    lost(cable, device, "activate", *slip, algorithm)
    device.do("activate", *slip, algorithm)
    assert device.do("account")["cash_fen"] == 10_000


def test_lost_answers_cost_nothing(network: Network, cable: Cable, device: TypeScriptDevice) -> None:
    made, official = slip(network), network.official()
    lost(cable, device, "enrol", made)
    device.do("enrol", made)
    lost(cable, device, "sign_on")
    device.do("sign_on")
    card = issued_card(network, official)
    error = lost(cable, device, "charge_card", card, "lunch")
    assert device.do("unknown") == [error.entry]
    assert network.purses(official) == (9_000, 0)
    [settled] = device.do("resend")
    assert (settled["entry"]["outcome"], network.purses(official)) == ("approved", (9_000, 0))
    lost(cable, device, "charge_card", card, "dinner")
    device.do("settle")
    assert device.do("unknown") == []


def test_what_never_arrived_is_sent_again_under_the_same_number(
    network: Network, cable: Cable, till: TypeScriptDevice
) -> None:
    official = network.official()
    cable.set(State.CUT)
    error = refused(till, "charge_card", issued_card(network, official), "lunch")
    assert (error.kind, error.entry["sequence"]) == ("OutcomeUnknown", 1)
    cable.set(State.WHOLE)
    assert network.purses(official) == (10_000, 0)
    [settled] = till.do("resend")
    assert (settled["entry"]["sequence"], settled["answer"]["outcome"]) == (1, "approved")


def test_without_a_session_nothing_is_kept(network: Network, cable: Cable, device: TypeScriptDevice) -> None:
    device.do("enrol", slip(network))
    cable.set(State.CUT)
    assert refused(device, "charge_code", "OC2:A", "lunch").kind == "NotSignedOn"
    assert device.do("unknown") == []


def test_a_process_killed_between_sending_and_answer_gets_the_same_receipt(
    network: Network, cable: Cable, till: TypeScriptDevice, folder: Path
) -> None:
    official = network.official()
    cable.set(State.HOLDS_ANSWERS)
    till.send("charge_card", issued_card(network, official), "lunch")
    cable.wait_for_an_answer()
    till.kill()
    cable.set(State.WHOLE)
    assert network.purses(official) == (9_000, 0)
    receipts = []
    for _ in range(2):
        with TypeScriptDevice(cable.url, folder) as again:
            again.do("settle")
            [entry] = again.do("entries", 9)
            receipts.append(json.loads(entry["answer"])["receipt"])
    assert receipts[0] == receipts[1]
    assert (entry["outcome"], receipts[0]["amount_fen"]) == ("approved", 1_000)
    assert network.purses(official) == (9_000, 0)
    with psycopg.connect(network.system.database_url) as db:
        posted = db.execute(
            "SELECT DISTINCT posting_id::text FROM transfer WHERE holder_id = %s AND kind = 'payment'",
            [official.holder_id],
        )
        assert posted.fetchall() == [(receipts[0]["number"],)]


def test_a_session_that_ended_is_opened_anew_for_the_same_message(
    network: Network, cable: Cable, till: TypeScriptDevice, folder: Path
) -> None:
    with TypeScriptDevice(cable.url, folder) as twin:
        twin.do("sign_on")
    card = issued_card(network, network.official())
    paid = till.do("charge_card", card, "lunch")
    assert paid["answer"]["outcome"] == "approved"
    till.do("sign_off")
    assert till.do("charge_card", card, "dinner")["answer"]["outcome"] == "approved"


def test_a_void_settles_what_was_given_up(network: Network, cable: Cable, till: TypeScriptDevice) -> None:
    till.do("open_shift", "c-07", "1")
    arrived, absent = network.official(), network.official()
    first = lost(cable, till, "charge_card", issued_card(network, arrived), "lunch").entry
    cable.set(State.CUT)
    second = refused(till, "charge_card", issued_card(network, absent), "lunch").entry
    cable.set(State.WHOLE)
    reversed_fen = [
        till.do("void", entry["epoch"], entry["sequence"])["answer"]["reversed_fen"] for entry in (first, second)
    ]
    assert reversed_fen == [1_000, 0]
    assert (network.purses(arrived), network.purses(absent)) == ((10_000, 0), (10_000, 0))
    assert [one["outcome"] for one in till.do("entries", 3)[1:]] == ["voided", "voided"]
    closed = till.do("close_shift")
    [day] = closed["days"]
    assert (closed["agree"], closed["requests"], day["online"], day["reversals"]) == (True, 4, 1, 1)


def test_a_lost_void_is_sent_again_and_marks_its_charge(network: Network, cable: Cable, till: TypeScriptDevice) -> None:
    official = network.official()
    paid = till.do("charge_card", issued_card(network, official), "lunch")["entry"]
    lost(cable, till, "void", paid["epoch"], paid["sequence"])
    till.do("settle")
    assert [one["outcome"] for one in till.do("entries", 3)] == ["voided", "voided"]
    assert network.purses(official) == (10_000, 0)


def test_a_shift_agrees_and_a_lost_payment_is_found(
    network: Network, cable: Cable, till: TypeScriptDevice, folder: Path
) -> None:
    till.do("open_shift", "c-07", "1")
    card = issued_card(network, network.official())
    paid = till.do("charge_card", card, "lunch")
    late = {"purchasedAt": paid["answer"]["receipt"]["posted_at"] - 400}
    assert till.do("charge_card", card, "dinner", late)["answer"]["outcome"] == "approved"
    poor = issued_card(network, network.official(cash_fen=0))
    assert till.do("charge_card", poor, "lunch")["answer"]["outcome"] == "refused"
    till.do("void", paid["entry"]["epoch"], paid["entry"]["sequence"])
    lost(cable, till, "charge_card", card, "breakfast")
    assert till.do("totals")["unknown"] == 1
    closed = till.do("close_shift")
    [day] = closed["days"]
    assert (closed["agree"], closed["requests"]) == (True, 5)
    assert (day["online"], day["stored"], day["reversals"], day["reversed_fen"]) == (2, 1, 1, 1_000)
    assert till.do("differences") == []
    assert till.do("close_shift") == closed, "a repeat"
    till.do("open_shift", "c-08", "1")
    forgotten = till.do("charge_card", card, "breakfast")["entry"]
    till.kill()
    journal = folder / "journal.jsonl"
    kept = [
        line
        for line in journal.read_text().splitlines(keepends=True)
        if json.loads(line).get("entry", {}).get("sequence") != forgotten["sequence"]
    ]
    journal.write_text("".join(kept))
    with TypeScriptDevice(cable.url, folder) as restored:
        restored.do("sign_on")
        restored.do("charge_card", card, "lunch")
        assert not restored.do("close_shift")["agree"]
        [difference] = restored.do("differences")
        assert difference["sequence"] == forgotten["sequence"]
        assert "mine" not in difference
        assert difference["theirs"]["outcome"] == "approved"


def test_a_terminal_renews_its_key_also_when_the_answer_is_lost(
    network: Network, cable: Cable, till: TypeScriptDevice, folder: Path
) -> None:
    till.do("renew_key")
    till.do("sign_on")
    lost(cable, till, "renew_key")
    till.kill()
    with TypeScriptDevice(cable.url, folder) as again:
        again.do("sign_on")
        again.do("open_shift", "c-07", "1")
        assert again.do("close_shift")["agree"]
        lost(cable, again, "renew_key")
        assert again.do("close_shift")["agree"]


def test_parameters_and_block_list_are_kept(
    network: Network, cable: Cable, till: TypeScriptDevice, folder: Path
) -> None:
    assert till.do("refresh") is False
    official, canteen = network.official(), network.canteen_id("yinzhou")
    credential_id = till.do("activate", *activation(network, official), "ed25519")["credential_id"]
    block = {"blocked": True, "reason": "lost"}
    network.centre.call("POST", f"/console/credentials/{credential_id}/block", block)
    kept = till.do("block_list")
    assert [name for name in kept["blocked"] if name.endswith(f"/{credential_id}")]
    code = till.do("long_code", canteen, 10_000)
    till.kill()
    cable.set(State.CUT)
    with TypeScriptDevice(cable.url, folder) as offline:
        assert offline.do("offline", code, "lunch")["refusal"] == "card_blocked"


def test_a_terminal_that_is_enrolled_again_resends_under_its_old_epoch(
    network: Network, cable: Cable, device: TypeScriptDevice
) -> None:
    number = device.do("enrol", slip(network))["terminal_id"]
    official = network.official()
    card = issued_card(network, official)
    device.do("sign_on")
    lost(cable, device, "charge_card", card, "lunch")
    cable.set(State.CUT)
    refused(device, "charge_card", card, "dinner")
    cable.set(State.WHOLE)
    made = network.slip(replaces_terminal_id=number)
    again = device.do("enrol", {name: getattr(made, name) for name in made.__struct_fields__})
    assert again == {"terminal_id": number, "epoch": 2}
    assert device.do("charge_card", card, "lunch")["entry"]["epoch"] == 2
    first, second = device.do("resend")
    assert first["answer"]["outcome"] == "approved", "it had arrived"
    assert second["answer"]["reason"] == "terminal_out_of_use"
    assert network.purses(official) == (8_000, 0)


def test_a_journal_belongs_to_one_terminal(network: Network, till: TypeScriptDevice) -> None:
    assert "empty database" in str(refused(till, "enrol", slip(network)))
    assert till.do("charge_card", issued_card(network, network.official()), "lunch")["answer"]["outcome"] == "approved"


def test_a_till_of_the_typescript_client_is_certified(tmp_path: Path) -> None:
    """Its maker's run: a shift through the proxy, every fault in turn, and nothing that the page forbids."""
    desk = MakersDesk(tmp_path, Profile.TILL)
    assert desk.proxy is not None
    card = desk.kit["cards"]["home"][0]
    with TypeScriptDevice(desk.url, tmp_path / "device", patience_s=0.5) as till:
        till.do("enrol", {name: desk.kit["till_slips"][0][name] for name in EnrolmentSlip.__struct_fields__})
        till.do("open_shift", "c-07", "1")
        planned = len(desk.proxy.faults)
        for n in range(planned + 2):
            with suppress(DeviceError):
                till.do("charge_card", card, "lunch", {})
            # The last but one fails again and again: another payment goes on meanwhile.
            if n != planned:
                till.do("resend")
        till.do("settle")
        [paid, *_] = [one for one in till.do("entries", 99) if one["outcome"] == "approved"]
        till.do("void", paid["epoch"], paid["sequence"])
        assert till.do("close_shift")["agree"]
    results = desk.proxy.results()
    desk.close()
    assert [(one.case_id, one.result, one.steps) for one in results if one.result != "passed"] == []
    assert desk.proxy.is_complete
    assert desk.proxy.device.startswith("web/shared/terminal 1")


def test_a_cashier_signs_on_and_the_disk_knows_no_pin(
    network: Network, till: TypeScriptDevice, cable: Cable, folder: Path
) -> None:
    number = str(secrets.randbelow(9 * 10**7) + 10**7)
    message = {"agency_id": network.agency_id("yinzhou"), "number": number, "name": "李大厨"}
    issued = network.centre.call("POST", "/console/cashiers", message)
    assert refused(till, "cashier_on", number, "12").kind == "RangeError"
    assert till.do("cashier_on", number, issued["pin"])["reason"] == "pin_is_first"
    answer = till.do("cashier_on", number, issued["pin"], "470391")
    assert (answer["outcome"], answer["cashier"]["name"]) == ("signed_on", "李大厨")
    paid = till.do("charge_card", issued_card(network, network.official()), "lunch")
    lost(cable, till, "cashier_on", number, "470391")
    assert till.do("unknown") == [], "it is not sent again by itself"
    shown = till.do("cashier")
    assert (shown["cashier"]["cashier_id"], shown["lacks"]) == (issued["cashier_id"], False)
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"470391" not in files
    assert issued["pin"].encode() not in files
    numbers = [one["sequence"] for one in till.do("entries", 1_000)]
    assert numbers == sorted(set(numbers))
    assert paid["entry"]["sequence"] == numbers[2]
    till.do("cashier_off")
    assert till.do("cashier")["cashier"] is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_phone_asks_for_its_holder(network: Network, device: TypeScriptDevice, algorithm: str) -> None:
    official = network.official(cash_fen=4_200)
    device.do("activate", *activation(network, official), algorithm)
    assert device.do("ask", "GET", "/me")["holder_id"] == official.holder_id
    assert device.do("ask", "GET", "/me/purses")["cash_fen"] == 4_200
    assert device.do("ask", "GET", "/me/canteens?name=%E9%A3%9F%E5%A0%82&limit=2")[0]["name_zh"]
    given = {"given": True, "version": 1}
    for _ in range(2):
        assert device.do("ask", "PUT", "/me/consents/nearby", given) is None, "twice in one second"
    assert refused(device, "ask", "GET", "/me/months?first=2026-01&last=2020-01").slug == "invalid"
