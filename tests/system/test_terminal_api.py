"""The terminal protocol over HTTP, as a terminal maker meets it."""

import json
import secrets
import shutil
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import json as wire

from foundation.calendar import ZONE
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected, post_opening
from terminals.devices import SoftwareCard, SoftwarePhone
from terminals.phone import activate_phone
from terminals.schemas import Answer, to_text
from tests.builders import Network
from tests.running_system import System

JSON = {"content-type": "application/json"}


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


def test_a_till_knows_the_price_before_the_diner_pays(network: Network, till: Terminal, scratch: Path) -> None:
    today = datetime.now(ZONE).date().isoformat()
    till.sign_on()
    [lunch] = [price for price in till.prices if (price.date, price.meal) == (today, "lunch")]
    assert (lunch.home_fen, lunch.visitor_fen, lunch.limit_fen) == (1_000, 4_000, None)
    weighed = network.terminal(scratch, "yuyao")
    assert {(p.meal, p.home_fen, p.limit_fen) for p in weighed.prices if p.date == today} >= {("lunch", None, 5_000)}


@pytest.mark.parametrize(
    ("age_s", "reason"), [(0, None), (50, None), (75, "qr_expired"), (-30, "qr_expired"), (7 * 86_400, "qr_expired")]
)
def test_a_code_is_fresh_for_a_minute(network: Network, till: Terminal, age_s: int, reason: str | None) -> None:
    phone = network.phone(network.official())
    assert till.charge_code(phone.show_code(at=time.time() - age_s), "lunch").reason == reason


def test_a_code_for_another_canteen(network: Network, till: Terminal) -> None:
    phone = network.phone(network.official())
    assert till.charge_code(phone.show_code(canteen_id=network.canteen_id("city")), "lunch").reason == "wrong_canteen"


def test_a_code_pays_once_anywhere(network: Network, till: Terminal, scratch: Path) -> None:
    code = network.phone(network.official()).show_code()
    assert till.charge_code(code, "lunch").outcome == "approved"
    assert till.charge_code(code, "lunch").reason == "already_used"
    assert network.terminal(scratch, "city").charge_code(code, "lunch").reason == "already_used"


def test_an_altered_code(network: Network, till: Terminal) -> None:
    code = network.phone(network.official()).show_code()
    altered = code[:-4] + ("0" if code[-4] != "0" else "1") + code[-3:]
    assert till.charge_code(altered, "lunch").reason == "credential_invalid"


def test_a_forged_phone_key(network: Network, till: Terminal) -> None:
    stolen = SoftwarePhone(Ed25519PrivateKey.generate(), network.phone(network.official()).certificate)
    assert till.charge_code(stolen.show_code(), "lunch").reason == "credential_invalid"


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


def test_a_renewed_certificate_pays(network: Network, till: Terminal) -> None:
    from terminals.client_messages import open_transport, post_opening
    from terminals.schemas import to_bytes, to_text

    phone = network.phone(network.official())
    body = wire.encode({"certificate": to_text(phone.certificate)})
    with open_transport() as http:
        answer, _ = post_opening(http, network.url, "/phone/certificates/renewals", body, phone.key, "phone")
        with pytest.raises(Rejected):
            post_opening(http, network.url, "/phone/certificates/renewals", body, Ed25519PrivateKey.generate(), "phone")
    renewed = SoftwarePhone(phone.key, to_bytes(json.loads(answer.data)["certificate"]), phone.counter)
    assert till.charge_code(renewed.show_code(), "lunch").outcome == "approved"


def test_enrolment_needs_a_second_person(network: Network, scratch: Path) -> None:
    slip = network.slip(approved=False)
    with pytest.raises(Rejected) as refused:
        Terminal.enrol(network.url, slip, scratch / "unapproved")
    assert refused.value.slug == "enrolment-refused"
    # The person who made the code may not approve it, whatever roles he has.
    assert network.centre.ask("POST", f"/console/enrolments/{slip.enrolment_id}/approval").status == 403


def test_an_enrolment_code_works_once(network: Network, scratch: Path) -> None:
    slip = network.slip()
    Terminal.enrol(network.url, slip, scratch / "first").close()
    with pytest.raises(Rejected):
        Terminal.enrol(network.url, slip, scratch / "second")


def test_an_expired_enrolment_code(network: Network, system: System, scratch: Path) -> None:
    slip = network.slip()
    with psycopg.connect(system.database_url) as db:
        db.execute("UPDATE enrolment SET expires_at = now() WHERE enrolment_id = %s", (slip.enrolment_id,))
    with pytest.raises(Rejected):
        Terminal.enrol(network.url, slip, scratch / "expired")


def test_an_activation_code_works_once(network: Network) -> None:
    official = network.official()
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    activate_phone(network.url, made["activation_id"], made["code"])
    with pytest.raises(Rejected):
        activate_phone(network.url, made["activation_id"], made["code"])


def test_a_phone_key_that_anybody_could_sign_for_is_refused(network: Network) -> None:
    official = network.official()
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    neutral = b"\x01" + bytes(31)
    asked = {"activation_id": made["activation_id"], "code": made["code"], "public_key": to_text(neutral)}

    class Anybody:
        """Signs any message for the neutral point: R = B, S = 1."""

        def sign(self, _: bytes) -> bytes:
            return b"\x58" + b"\x66" * 31 + b"\x01" + bytes(31)

    with urllib3.PoolManager(retries=False) as http, pytest.raises(Rejected) as refused:
        post_opening(http, network.url, "/phone/certificates", json.dumps(asked).encode(), Anybody(), "phone")  # type: ignore[arg-type]
    assert refused.value.slug == "invalid"
    activate_phone(network.url, made["activation_id"], made["code"])


def test_a_replayed_sign_on_is_refused(network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = network.terminal(scratch)
    sent = []
    post = post_opening

    def keep(*arguments: object) -> object:
        sent.append(arguments)
        return post(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("terminals.client.post_opening", keep)
    terminal.sign_on()
    with pytest.raises(Rejected) as refused:
        post(*sent[-1])  # type: ignore[arg-type]
    assert refused.value.slug == "replayed-sign-in"


def test_signing_on_elsewhere_ends_the_session_and_the_client_recovers(network: Network, scratch: Path) -> None:
    terminal = network.terminal(scratch)
    card = network.card(network.official())
    terminal.charge_card(card, "lunch")
    terminal._http.clear()
    twin = Terminal(network.url, _folder_of(terminal, scratch))
    twin.sign_on()
    time.sleep(3.2)  # the workers' session caches
    assert terminal.charge_card(card, "lunch").outcome == "approved"


def _folder_of(terminal: Terminal, scratch: Path) -> Path:
    wanted = f'"terminal_id": {terminal.identity.terminal_id},'
    [folder] = [p.parent for p in scratch.glob("*/identity.json") if wanted in p.read_text()]
    return folder


@pytest.mark.parametrize("off_s", [-5_000, 5_000])
def test_a_terminal_whose_clock_is_wrong_learns_the_time(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch, off_s: int
) -> None:
    terminal, card = network.terminal(scratch), network.card(network.official())
    right = time.time
    monkeypatch.setattr("terminals.client.time.time", lambda: right() + off_s)
    assert terminal.charge_card(card, "lunch").outcome == "approved" or terminal.unknown() == []
    fresh = network.card(network.official())
    assert terminal.charge_card(fresh, "lunch").outcome == "approved"


def test_signing_off_ends_the_session(network: Network, scratch: Path) -> None:
    terminal = network.terminal(scratch)
    session = terminal._session
    terminal.exchange("DELETE", "/terminal/sessions/current", f"{terminal.epoch}/1")
    time.sleep(3.2)
    assert session is not None
    terminal.exchange("GET", "/terminal/block-list/0", f"{terminal.epoch}/2")
    assert terminal._session is not session


def test_a_restored_disk_never_uses_a_number_twice(network: Network, scratch: Path) -> None:
    terminal = network.terminal(scratch)
    folder, card = _folder_of(terminal, scratch), network.card(network.official())
    backup = scratch / f"backup-{terminal.identity.terminal_id}"
    shutil.copytree(folder, backup)
    for _ in range(3):
        terminal.charge_card(card, "lunch")
    restored = Terminal(network.url, backup)
    assert restored.charge_card(card, "lunch").outcome == "approved"
    assert restored.journal.highest_sequence(restored.epoch) > terminal.journal.highest_sequence(terminal.epoch)


def test_a_replaced_device_starts_a_new_epoch(network: Network, scratch: Path) -> None:
    old = network.terminal(scratch)
    slip = network.slip(replaces_terminal_id=old.identity.terminal_id)
    new = Terminal.enrol(network.url, slip, scratch / "replacement")
    assert (new.identity.terminal_id, new.epoch) == (old.identity.terminal_id, 2)
    time.sleep(3.2)
    with pytest.raises(Rejected):
        old.charge_card(network.card(network.official()), "lunch")


def test_an_answer_that_was_tampered_with_is_unknown_not_approved(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, official = network.terminal(scratch), network.official()
    card = network.card(official)
    request = terminal._http.request

    def forge(*arguments: object, **more: object) -> urllib3.BaseHTTPResponse:
        answer = request(*arguments, **more)  # type: ignore[arg-type]
        monkeypatch.setattr(answer, "_body", answer.data.replace(b"1000", b"9999"))
        return answer

    monkeypatch.setattr(terminal._http, "request", forge)
    with pytest.raises(OutcomeUnknown):
        terminal.charge_card(card, "lunch")
    monkeypatch.undo()
    [entry] = terminal.unknown()
    [answer] = terminal.resend_unknown()
    assert answer.outcome == "approved"
    assert (network.purses(official), entry.sequence) == ((9_000, 0), 1)


def test_a_charge_challenged_in_an_ended_session_is_resent_after_a_new_sign_on(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, official = network.terminal(scratch), network.official()

    def lost(*_: object, **__: object) -> None:
        raise urllib3.exceptions.ProtocolError("the cable is out")

    card = network.card(official)
    monkeypatch.setattr(terminal._http, "request", lost)
    with pytest.raises(OutcomeUnknown):
        terminal.charge_card(card, "lunch")
    monkeypatch.undo()
    terminal.sign_on()
    assert [answer.outcome for answer in terminal.resend_unknown()] == ["approved"]
    assert network.purses(official) == (9_000, 0)


def test_an_entry_that_stays_unknown_holds_back_nothing_behind_it(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, officials = network.terminal(scratch), [network.official() for _ in range(3)]
    request = terminal._http.request

    def lost(*_: object, **__: object) -> None:
        raise urllib3.exceptions.ProtocolError("the cable is out")

    for official in officials:
        card = network.card(official)
        monkeypatch.setattr(terminal._http, "request", lost)
        with pytest.raises(OutcomeUnknown):
            terminal.charge_card(card, "lunch")
        monkeypatch.setattr(terminal._http, "request", request)
    first, *others = terminal.unknown()

    def first_lost(*arguments: object, **more: object) -> object:
        return (lost if more["body"] == first.body else request)(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(terminal._http, "request", first_lost)
    assert [answer.outcome for answer in terminal.resend_unknown()] == ["approved", "approved"]
    assert [entry.sequence for entry in terminal.unknown()] == [first.sequence]
    monkeypatch.undo()
    assert [answer.outcome for answer in terminal.resend_unknown()] == ["approved"]
    assert len(others) == 2


def test_a_client_of_ours_waits_longer_after_each_failure_and_as_long_as_the_centre_asks(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, card = network.terminal(scratch), network.card(network.official())
    sent_at: list[float] = []
    request = terminal._http.request

    def ailing(*_: object, **__: object) -> urllib3.BaseHTTPResponse:
        sent_at.append(time.monotonic())
        wait = {"retry-after": "2"} if len(sent_at) == 4 else {}
        return urllib3.HTTPResponse(b"{}", headers=wait, status=500)

    monkeypatch.setattr(terminal._http, "request", ailing)
    with pytest.raises(OutcomeUnknown):
        terminal.charge_card(card, "lunch")
    for _ in range(4):
        assert terminal.resend_unknown() == []
    pauses = [after - before for before, after in pairwise(sent_at)]
    assert [pause >= least for pause, least in zip(pauses, [0.125, 0.25, 0.5, 2.0], strict=True)] == [True] * 4, pauses
    monkeypatch.setattr(terminal._http, "request", request)
    assert [answer.outcome for answer in terminal.resend_unknown()] == ["approved"]


def test_a_void_of_a_number_to_come_is_refused_and_the_terminal_stays_usable(network: Network, scratch: Path) -> None:
    terminal = network.terminal(scratch)
    for epoch, sequence in ((terminal.epoch, 2**53 - 1), (terminal.epoch + 1, 1)):
        with pytest.raises(Rejected) as refused:
            terminal.void(epoch, sequence)
        assert (refused.value.slug, refused.value.document["signed"]) == ("invalid", True)
    assert terminal.unknown() == []
    terminal.sign_on()
    assert terminal.charge_card(network.card(network.official()), "lunch").outcome == "approved"
    new = Terminal.enrol(
        network.url, network.slip(replaces_terminal_id=terminal.identity.terminal_id), scratch / secrets.token_hex(4)
    )
    assert new.charge_card(network.card(network.official()), "lunch").outcome == "approved"


def test_a_repeat_across_regions_gets_the_first_answer_when_its_card_can_no_longer_be_checked(
    network: Network, system: System, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, guest = network.terminal(scratch), network.official("hangzhou")
    request, answers = terminal._http.request, []

    def answer_lost(*arguments: object, **more: object) -> None:
        answers.append(request(*arguments, **more))  # type: ignore[arg-type]
        raise urllib3.exceptions.ProtocolError("the answer was lost")

    card = network.card(guest)
    monkeypatch.setattr(terminal._http, "request", answer_lost)
    with pytest.raises(OutcomeUnknown):
        terminal.charge_card(card, "lunch")
    monkeypatch.undo()
    assert system.services.postgres is not None
    with psycopg.connect(system.services.postgres.url_of(system.services.postgres.owner, "onecard")) as db:
        db.execute("DELETE FROM terminal_session WHERE terminal_id = %s", (terminal.identity.terminal_id,))
    terminal.sign_on()
    [answer] = terminal.resend_unknown()
    assert answer == wire.decode(answers[0].data, type=Answer)
    assert answer.outcome == "approved"
    assert network.purses(guest) == (6_000, 0)


def _send_as(terminal: Terminal, path: str, number: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Send under any number; status and body of the answer, whose signature is checked."""
    try:
        status, answer = terminal.exchange("POST", path, number, body)
    except Rejected as rejected:
        assert rejected.document["signed"]
        return rejected.status, rejected.document
    return status, json.loads(answer)


@pytest.mark.parametrize("path", ["/terminal/charges", "/terminal/voids", "/terminal/totals"])
def test_an_epoch_to_come_is_refused_with_a_signature(network: Network, till: Terminal, path: str) -> None:
    status, document = _send_as(till, path, f"{till.epoch + 1}/1", b"{}")
    assert (status, document["type"]) == (409, "/problems/epoch-wrong")


def test_a_number_of_an_epoch_that_is_over_gets_its_first_answer_and_posts_nothing_new(
    network: Network, scratch: Path
) -> None:
    old, official = network.terminal(scratch), network.official()
    card = network.card(official)
    first = old.charge_card(card, "lunch")
    [charge] = old.journal.entries()
    slip = network.slip(replaces_terminal_id=old.identity.terminal_id)
    new = Terminal.enrol(network.url, slip, scratch / secrets.token_hex(4))
    assert new.epoch == 2
    assert _send_as(new, "/terminal/charges", "1/1", charge.body) == (200, json.loads(wire.encode(first)))
    status, late = _send_as(new, "/terminal/charges", "1/2", charge.body)
    assert (status, late["outcome"], late["reason"]) == (200, "refused", "terminal_out_of_use")
    assert new.void(1, charge.sequence).reversed_fen == 1_000
    assert network.purses(official) == (10_000, 0)


def test_a_replaced_device_takes_nothing_from_the_moment_of_its_replacement(network: Network, scratch: Path) -> None:
    old, official = network.terminal(scratch), network.official()
    card, other = network.card(official), network.card(network.official())
    assert old.charge_card(other, "lunch").outcome == "approved", "now every worker of it may know its session"
    slip = network.slip(replaces_terminal_id=old.identity.terminal_id)
    Terminal.enrol(network.url, slip, scratch / secrets.token_hex(4)).close()
    for _ in range(10):
        try:
            assert old.charge_card(card, "lunch").reason == "terminal_out_of_use"
        except Rejected as rejected:
            assert rejected.slug == "bad-signature", "its session is known to be over, and its key is no longer any"
            break
    assert network.purses(official) == (10_000, 0)


def test_the_repeat_of_a_voided_approval_says_that_it_was_voided(network: Network, scratch: Path) -> None:
    terminal, official = network.terminal(scratch), network.official("hangzhou")
    first = terminal.charge_card(network.card(official), "lunch")
    [charge] = terminal.journal.entries()
    repeat = _send_as(terminal, "/terminal/charges", f"{charge.epoch}/{charge.sequence}", charge.body)
    assert repeat == (200, json.loads(wire.encode(first)))
    assert "reversed_fen" not in repeat[1]
    terminal.void(charge.epoch, charge.sequence)
    terminal.journal._db.execute("UPDATE request SET outcome = 'unknown' WHERE sequence = ?", (charge.sequence,))
    [answer] = terminal.resend_unknown()
    assert (answer.outcome, answer.receipt, answer.reversed_fen) == ("approved", first.receipt, 4_000)
    assert [entry.outcome for entry in terminal.journal.entries()] == ["voided", "voided"]
    assert terminal.report_totals().agree


def test_a_block_list_version_to_come_is_refused(network: Network, till: Terminal) -> None:
    with pytest.raises(Rejected) as refused:
        till.exchange("GET", "/terminal/block-list/999999", f"{till.epoch}/900001")
    assert (refused.value.status, refused.value.slug, refused.value.document["signed"]) == (400, "invalid", True)


def test_a_given_up_charge_is_voided_and_never_posts(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, official = network.terminal(scratch), network.official()
    card = network.card(official)
    request = terminal._http.request

    def answer_lost(*arguments: object, **more: object) -> None:
        request(*arguments, **more)  # type: ignore[arg-type]
        raise urllib3.exceptions.ProtocolError("the answer was lost")

    monkeypatch.setattr(terminal._http, "request", answer_lost)
    with pytest.raises(OutcomeUnknown):
        terminal.charge_card(card, "lunch")
    monkeypatch.undo()
    [charge] = terminal.unknown()
    assert terminal.void(charge.epoch, charge.sequence).reversed_fen == 1_000
    assert terminal.unknown() == []
    assert network.purses(official) == (10_000, 0)


def test_an_agencys_people_act_for_their_agency_alone(network: Network, system: System) -> None:
    admin, finance = network.person("admin-yuyao"), network.person("finance-yuyao")
    ours, theirs = network.agency_id("yuyao"), network.agency_id("city")
    person = {"name": "李雷", "staff_number": "X"}
    for agency_id, status in ((ours, 201), (theirs, 403)):
        message = {"agency_id": agency_id, "officials": [person | {"staff_number": f"S-{agency_id}"}]}
        assert admin.ask("POST", "/registry/officials", message).status == status
    other = network.official("city")
    deposit = {"posting_id": "0190b0d4-0000-7000-8000-000000000001", "holder_id": other.holder_id, "amount_fen": 1}
    for agency_id in (ours, theirs):
        message = {"agency_id": agency_id, "deposits": [deposit]}
        assert finance.ask("POST", "/settlement/top-ups", message).status == 403
    assert finance.ask("GET", f"/settlement/purses/{other.holder_id}").status == 403
    assert finance.ask("POST", "/clearing/cycles", {"business_date": "2026-01-01"}).status == 403
    assert admin.ask("POST", "/console/enrolments", {"canteen_id": network.canteen_id("city")}).status == 403
    assert network.purses(other) == (10_000, 0)


def _audit_entries(system: System) -> int:
    with psycopg.connect(system.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM audit_entry").fetchone()
    assert row is not None
    return int(row[0])


def test_a_change_at_the_console_has_one_audit_entry_and_a_refused_one_none(network: Network, system: System) -> None:
    card = network.card(network.official())
    block = f"/console/credentials/{card.file.credential_id}/block"
    agency_id, holder_id = network.agency_id("yinzhou"), card.file.holder_id
    changes = [
        ("/console/enrolments", {"canteen_id": network.canteen_id("yinzhou")}),
        (block, {"blocked": True, "reason": "lost"}),
        ("/console/cards/replacements", {"credential_id": card.file.credential_id, "uid": _uid(), "reason": "lost"}),
        ("/console/phone-activations", {"agency_id": agency_id, "holder_ids": [holder_id]}),
    ]
    refused = [
        ("/console/enrolments", {"canteen_id": 1}),
        ("/console/enrolments/1/approval", None),
        ("/console/credentials/1/block", {"blocked": True, "reason": "lost"}),
        ("/console/cards", {"agency_id": agency_id, "cards": [{"holder_id": holder_id, "uid": card.uid.hex()}]}),
        ("/console/cards/replacements", {"credential_id": 1, "uid": _uid(), "reason": "lost"}),
        ("/console/phone-activations", {"agency_id": network.agency_id("city"), "holder_ids": [holder_id]}),
    ]
    before = _audit_entries(system)
    for number, (path, message) in enumerate(changes, 1):
        network.centre.call("POST", path, message)
        assert _audit_entries(system) == before + number, path
    for path, message in refused:
        assert network.centre.ask("POST", path, message).status in (403, 404, 409), path
        assert _audit_entries(system) == before + len(changes), path


def _uid() -> str:
    return f"04{secrets.token_hex(6)}"


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


def test_names_are_sealed_in_the_database(network: Network, system: System) -> None:
    official = network.official()
    with psycopg.connect(system.database_url) as db:
        [sealed] = db.execute(
            "SELECT name_sealed FROM official WHERE holder_id = %s", (official.holder_id,)
        ).fetchone() or [b""]
    assert "王小明".encode() not in sealed
