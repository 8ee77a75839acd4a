"""A cashier opens and closes a shift at a till; the ledger has the same of it, or the difference is found."""

import json
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import json as wire

from settlement.shifts import ShiftRequest
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected
from terminals.phone import ask_account
from terminals.schemas import LedgerRequests, ShiftClosed, to_text
from terminals.shifts import LISTED_MAX
from tests.builders import Network
from tests.running_system import System
from tests.system.test_protocol_edition import (
    WRONG_VALUES,
    closing_message,
    in_session,
    is_signed_by_the_centre,
    opening,
    post,
    slug_of,
)

CLOSINGS = "/terminal/shifts/closings"
CHARGES = "/terminal/charges"


def close_with(till: Terminal, message: dict[str, Any]) -> tuple[dict[str, str], urllib3.BaseHTTPResponse]:
    number = str(till.identity.terminal_id)
    headers, body = opening(till.url, CLOSINGS, message, till.identity.private_key, number)
    return headers, post(till.url, CLOSINGS, headers, body)


def cut(till: Terminal, monkeypatch: pytest.MonkeyPatch, *, after_sending: bool) -> None:
    """No answer arrives any more; the request does, or not."""
    request = till._http.request

    def lost(*arguments: object, **more: object) -> None:
        if after_sending:
            request(*arguments, **more)  # type: ignore[arg-type]
        raise urllib3.exceptions.ProtocolError("the cable is out")

    monkeypatch.setattr(till._http, "request", lost)


def test_late_is_the_same_for_receipt_list_limit_and_phone(network: Network, scratch: Path) -> None:
    till, official = network.terminal(scratch), network.official(cash_fen=50_000)
    card, phone = network.card(official), network.phone(official)
    till.open_shift("c-07", "1")
    approved, late = [], 0
    meals = cycle(("breakfast", "lunch", "dinner"))
    for age in (119, 120, 120, 120, 120, 121, 121, 121, 120, 122):
        # In the middle of a second, where whole seconds and the time that has passed differ.
        time.sleep((1.4 - time.time() % 1) % 1)
        purchased_at = int(time.time()) - age
        answer = till.charge_card(card, next(meals), purchased_at=purchased_at)
        if answer.receipt is None:
            assert (answer.reason, late) == ("late_limit_exceeded", 3)
            continue
        approved.append((answer.receipt.number, answer.receipt.posted_at - purchased_at > 120))
        late += approved[-1][1]
    assert late == 3
    listed = {str(one.number): one.stored for one in till.ledger_requests(1, 1, 100) if one.number is not None}
    shown = {
        number: urllib3.request("GET", f"{network.url}/receipts/{number}").json()["late"] for number, _ in approved
    }
    account = {str(one.number): one.late for one in ask_account(network.url, phone).payments}
    assert listed == shown == account == dict(approved)
    assert till.close_shift().agree


def test_a_shift_of_payments_refusals_and_voids_agrees(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    shift = till.open_shift("c-07", "1")
    own, guest, poor = network.official(), network.official("hangzhou"), network.official(cash_fen=0)
    cards = [network.card(official) for official in (own, guest, poor)]
    assert [till.charge_card(card, "lunch").outcome for card in cards] == ["approved", "approved", "refused"]
    late = till.charge_card(cards[0], "dinner", purchased_at=till.now() - 400)
    assert late.outcome == "approved"
    first_charge = till.journal.entries("approved")[0]
    assert till.void(first_charge.epoch, first_charge.sequence).reversed_fen == 1_000
    with pytest.raises(Rejected):
        till.void(till.epoch, 2**53 - 1)
    closed = till.close_shift()
    [day] = closed.days
    assert (closed.agree, closed.requests) == (True, 5)
    assert (day.online, day.stored, day.reversals, day.reversed_fen) == (2, 1, 1, 1_000)
    assert till.find_differences() == []
    assert till.close_shift() == closed, "a repeat"
    assert till.open_shift("c-08", "1") > shift


def test_a_charge_given_up_after_its_answer_was_lost_counts_on_both_sides(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = network.terminal(scratch)
    till.open_shift("c-07", "1")
    card, other = network.card(network.official()), network.card(network.official())
    for one, after_sending in ((card, True), (other, False)):
        with monkeypatch.context() as patch:
            cut(till, patch, after_sending=after_sending)
            with pytest.raises(OutcomeUnknown):
                till.charge_card(one, "lunch")
    assert [till.void(entry.epoch, entry.sequence).reversed_fen for entry in till.unknown()] == [1_000, 0]
    closed = till.close_shift()
    [day] = closed.days
    assert (closed.agree, day.online, day.reversals, closed.requests) == (True, 1, 1, 4)


def test_what_is_unknown_at_the_close_agrees_once_it_is_known(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = network.terminal(scratch)
    with monkeypatch.context() as patch:
        cut(till, patch, after_sending=True)
        with pytest.raises(OutcomeUnknown):
            till.open_shift("c-07", "1")
        with pytest.raises(OutcomeUnknown):
            till.charge_card(network.card(network.official()), "lunch")
    unsure = till.shift_totals()
    assert unsure["unknown"] == 1
    assert not till.send_closing(unsure).agree
    [(number, mine, theirs)] = till.find_differences()
    assert (mine, theirs.outcome if theirs else "") == (None, "approved")
    assert number == unsure["last_sequence"]
    assert till.close_shift().agree
    assert till.find_differences() == []


def test_a_device_that_was_restored_from_a_backup_finds_the_one_payment_that_it_lost(
    network: Network, scratch: Path
) -> None:
    till, card = network.terminal(scratch), network.card(network.official(cash_fen=100_000))
    till.open_shift("c-07", "1")
    for _ in range(3):
        assert till.charge_card(card, "lunch").outcome == "approved"
    lost = till.journal.entries("approved")[1]
    till.journal._db.execute("DELETE FROM request WHERE sequence = ?", (lost.sequence,))
    closed = till.close_shift()
    assert (closed.agree, closed.days[0].online) == (False, 3)
    [(number, mine, theirs)] = till.find_differences()
    assert (number, mine) == (lost.sequence, None)
    assert theirs is not None
    assert lost.answer is not None
    assert theirs.number == json.loads(lost.answer)["receipt"]["number"]
    assert till.journal._db.execute("SELECT count(*) FROM closing").fetchone()[0] == 1


def test_a_restored_disk_uses_no_number_of_a_shift_again(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    shift = till.open_shift("c-07", "1")
    till.journal._db.execute("DELETE FROM request")
    till._next_sequence = 0
    till.sign_on()
    assert till._next_sequence == shift + 1


def test_a_payment_that_a_restored_disk_forgot_is_of_the_shift(network: Network, scratch: Path) -> None:
    till, card = network.terminal(scratch), network.card(network.official())
    till.open_shift("c-07", "1")
    assert till.charge_card(card, "lunch").outcome == "approved"
    forgotten = till.charge_card(card, "lunch")
    till.journal._db.execute("DELETE FROM request WHERE sequence = ?", (3,))
    till._next_sequence = 0
    till.sign_on()
    for _ in range(2):
        assert not till.close_shift().agree
        [(number, mine, theirs)] = till.find_differences()
        assert (number, mine) == (3, None)
        assert theirs is not None
        assert forgotten.receipt is not None
        assert theirs.number == str(forgotten.receipt.number)


def test_the_list_comes_in_parts(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    for _ in range(LISTED_MAX + 1):
        assert till.charge_code("OC1:A", "lunch").reason == "credential_invalid"
    _, body = till.exchange("GET", "/terminal/requests/1/1/9999", "1/1")
    first = wire.decode(body, type=LedgerRequests)
    assert (len(first.requests), first.complete) == (LISTED_MAX, False)
    _, body = till.exchange("GET", f"/terminal/requests/1/1/{LISTED_MAX}", "1/1")
    assert wire.decode(body, type=LedgerRequests).complete
    listed = till.ledger_requests(1, 1, 9_999)
    assert [one.sequence for one in listed] == list(range(1, LISTED_MAX + 2))


def test_the_list_has_the_terminals_own_requests_alone(network: Network, scratch: Path) -> None:
    till, other = network.terminal(scratch), network.terminal(scratch)
    card = network.card(network.official(cash_fen=100_000))
    for one in (till, till, till, other):
        one.charge_card(card, "lunch")
    assert [one.sequence for one in till.ledger_requests(1, 0, 2**53 - 1)] == [1, 2, 3]
    assert [one.sequence for one in till.ledger_requests(1, 2, 2)] == [2]
    assert till.ledger_requests(1, 3, 2) == []
    for path in ("/terminal/requests/1/1/9007199254740992", "/terminal/requests/2147483648/1/9"):
        headers, _ = in_session(till, path, None, "GET")
        assert post(till.url, path, headers, b"", "GET").status == 400
    # 1/00001 is the same number to the router, but no spelling of the page.
    headers, _ = in_session(till, "/terminal/requests/1/1/9", None, "GET")
    assert post(till.url, "/terminal/requests/1/01/9", headers, b"", "GET").status == 401


def test_both_sides_hold_a_signature_that_a_third_party_can_check(
    network: Network, system: System, scratch: Path
) -> None:
    till = network.terminal(scratch)
    till.open_shift("c-07", "1")
    assert till.charge_card(network.card(network.official()), "lunch").outcome == "approved"
    sent, answer = close_with(till, till.shift_totals() | {"centre_key": 1})
    assert is_signed_by_the_centre(till, sent, answer)
    assert wire.decode(answer.data, type=ShiftClosed).agree
    with psycopg.connect(system.database_url) as db:
        row = db.execute(
            "SELECT body, signature_base, signature, public_key FROM shift_closing WHERE terminal_id = %s",
            (till.identity.terminal_id,),
        ).fetchone()
    assert row is not None
    body, base, signature, public_key = row
    assert sent["content-digest"].encode() in base
    assert json.loads(body)["cashier"] == "c-07"
    key = Ed25519PublicKey.from_public_bytes(public_key)
    key.verify(signature, base)
    with pytest.raises(InvalidSignature):
        key.verify(signature, base.replace(b"shifts", b"shift5"))


def test_a_shift_of_a_replaced_device_is_not_closed_but_listed(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = network.terminal(scratch)
    old.open_shift("c-07", "1")
    for after_sending in (True, False):
        with monkeypatch.context() as patch:
            cut(old, patch, after_sending=after_sending)
            with pytest.raises(OutcomeUnknown):
                old.charge_card(network.card(network.official()), "lunch")
    message = old.shift_totals()
    unsent = old.unknown()
    assert [message["epoch"], message["unknown"]] == [1, 2]
    slip = network.slip(replaces_terminal_id=old.identity.terminal_id)
    new = Terminal.enrol(network.url, slip, scratch / "shift-replaced")
    new.sign_on()
    answers = [wire.decode(new.exchange("POST", CHARGES, f"1/{one.sequence}", one.body)[1]) for one in unsent]
    assert [answer.get("reason", answer["outcome"]) for answer in answers] == ["approved", "terminal_out_of_use"]
    _, answer = close_with(old, message | {"centre_key": 1})
    assert (answer.status, slug_of(answer)) == (401, "bad-signature"), "the old key"
    sent, answer = close_with(new, message | {"centre_key": 1})
    assert (answer.status, slug_of(answer)) == (409, "epoch-wrong")
    assert is_signed_by_the_centre(new, sent, answer)
    listed = new.ledger_requests(1, message["shift"], 100)
    assert [(one.sequence, one.outcome) for one in listed] == [
        (unsent[0].sequence, "approved"),
        (unsent[1].sequence, "refused"),
    ]


def test_a_closing_is_the_terminals_own(network: Network, scratch: Path) -> None:
    till, other = network.terminal(scratch), network.terminal(scratch)
    message = closing_message(till)
    headers, body = opening(till.url, CLOSINGS, message, other.identity.private_key, str(till.identity.terminal_id))
    answer = post(till.url, CLOSINGS, headers, body)
    assert (answer.status, slug_of(answer), "signature" in answer.headers) == (401, "bad-signature", False)
    unknown = message | {"terminal_id": 1}
    headers, body = opening(till.url, CLOSINGS, unknown, till.identity.private_key, "1")
    assert slug_of(post(till.url, CLOSINGS, headers, body)) == "bad-signature"
    sent, answer = close_with(till, message | {"epoch": 2})
    assert (answer.status, slug_of(answer)) == (409, "epoch-wrong")
    assert is_signed_by_the_centre(till, sent, answer)
    headers, body = in_session(till, CLOSINGS, message)
    assert post(till.url, CLOSINGS, headers, body).status == 401, "a session's MAC proves nothing to others"


def test_a_shift_takes_no_other_types_or_spellings(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    tries = accepted = failed = 0

    def count(answer: urllib3.BaseHTTPResponse) -> None:
        nonlocal tries, accepted, failed
        tries += 1
        accepted += answer.status < 300
        failed += answer.status >= 500

    now = till.now()
    right = {"cashier": "c-07", "drawer": "1", "opened_at": now}
    for member in right:
        for value in [*WRONG_VALUES, "a b", "-a", "a-", "a\n", "陈"]:
            fine = (0, 1) if member == "opened_at" else ("1", "2", "true")
            if type(value) is not bool and value in fine:
                continue
            headers, body = in_session(till, "/terminal/shifts", right | {member: value})
            count(post(till.url, "/terminal/shifts", headers, body))
    day = {"business_date": "2026-11-23", "online": 0, "online_fen": 0, "stored": 0, "stored_fen": 0}
    day |= {"reversals": 0, "reversed_fen": 0}
    for member in (*closing_message(till), *day):
        for value in WRONG_VALUES:
            message = closing_message(till)
            if member in day:
                if value in (0, 1) and type(value) is int:
                    continue
                message["days"] = [day | {member: value}]
            else:
                is_fine = (value in ("1", "2", "true") and member in ("cashier", "drawer")) or (
                    type(value) is int and value in (0, 1) and member in ("unknown", "epoch", "opened_at")
                )
                is_fine |= type(value) is int and value == 1 and member == "centre_key"
                if is_fine or (value == [] and member == "days"):
                    continue
                message |= {member: value}
            count(close_with(till, message)[1])
    assert (tries > 600, accepted, failed) == (True, 0, 0), tries
    for changes in (
        {"closed_at": now + 1_000},
        {"opened_at": now + 10, "closed_at": now},
        {"days": [day, day]},
        {"days": [day | {"business_date": "2026-11-24"}, day]},
        {"days": [day | {"business_date": f"2026-{n // 28 + 1:02}-{n % 28 + 1:02}"} for n in range(32)]},
        {"days": [day | {"business_date": "2026-11-23T00:00:00"}]},
        {"journal_head": to_text(bytes(31))},
        {"note": "x"},
    ):
        _, answer = close_with(till, closing_message(till, **changes))
        assert (answer.status, slug_of(answer)) == (400, "invalid"), changes
    _, answer = close_with(till, closing_message(till, cashier="a" * 32, drawer="A._-9"))
    assert answer.status == 200
    assert answer.json()["agree"]


def test_a_shift_that_never_opened_at_the_centre_is_opened_by_its_closing(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    message = closing_message(till)
    assert close_with(till, message)[1].status == 200
    _, answer = close_with(till, message | {"cashier": "c-2", "unknown": 1})
    assert (answer.status, slug_of(answer)) == (422, "other-content")


def test_an_old_closing_is_signed_anew_at_each_sending(network: Network, scratch: Path) -> None:
    """A till that was off for days: the message is dated by its signature, the shift by its members."""
    till = network.terminal(scratch)
    days_ago = int(time.time()) - 9 * 86_400
    message = closing_message(till, opened_at=days_ago - 3_600, closed_at=days_ago)
    assert close_with(till, message)[1].json()["agree"]


def test_a_journals_requests_are_as_the_ledger_has_them(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    till.open_shift("c-07", "1")
    till.charge_card(network.card(network.official()), "lunch")
    [mine], unknown = till.journal.between(1, 1, 99)
    assert isinstance(mine, ShiftRequest)
    [theirs] = till.ledger_requests(1, 1, 99)
    assert (unknown, theirs.number) == (0, str(mine.posting_id))
    assert theirs.body_digest == to_text(mine.body_digest or b"")
