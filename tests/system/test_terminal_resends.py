"""What is unknown, resent and voided: nothing is lost, and nothing posts twice."""

import json
import secrets
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from msgspec import json as wire

from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected
from terminals.schemas import Answer
from tests.builders import Network
from tests.running_system import System


def _send_as(terminal: Terminal, path: str, number: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Send under any number; status and body of the answer, whose signature is checked."""
    try:
        status, answer = terminal.exchange("POST", path, number, body)
    except Rejected as rejected:
        return rejected.status, rejected.document
    return status, json.loads(answer)


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


def test_a_void_whose_answer_was_lost_marks_its_charge_when_it_is_sent_again(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, official = network.terminal(scratch), network.official()
    assert terminal.charge_card(network.card(official), "lunch").outcome == "approved"
    request = terminal._http.request

    def answer_lost(*arguments: object, **more: object) -> None:
        request(*arguments, **more)  # type: ignore[arg-type]
        raise urllib3.exceptions.ProtocolError("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(terminal._http, "request", answer_lost)
        with pytest.raises(OutcomeUnknown):
            terminal.void(terminal.epoch, 1)
    assert [answer.reversed_fen for answer in terminal.resend_unknown()] == [1_000]
    assert [entry.outcome for entry in terminal.journal.entries()] == ["voided", "voided"]
    assert network.purses(official) == (10_000, 0)


def test_a_void_of_a_number_to_come_is_refused_and_the_terminal_stays_usable(network: Network, scratch: Path) -> None:
    terminal = network.terminal(scratch)
    for epoch, sequence in ((terminal.epoch, 2**53 - 1), (terminal.epoch + 1, 1)):
        with pytest.raises(Rejected) as refused:
            terminal.void(epoch, sequence)
        assert refused.value.slug == "invalid"
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


def test_the_repeat_of_a_voided_approval_says_that_it_was_voided(network: Network, scratch: Path) -> None:
    terminal, official = network.terminal(scratch), network.official("hangzhou")
    terminal.open_shift("c-1", "1")
    first = terminal.charge_card(network.card(official), "lunch")
    _, charge = terminal.journal.entries()
    repeat = _send_as(terminal, "/terminal/charges", f"{charge.epoch}/{charge.sequence}", charge.body)
    assert repeat == (200, json.loads(wire.encode(first)))
    assert "reversed_fen" not in repeat[1]
    terminal.void(charge.epoch, charge.sequence)
    terminal.journal._db.execute("UPDATE request SET answer = NULL WHERE sequence = ?", (charge.sequence,))
    [answer] = terminal.resend_unknown()
    assert (answer.outcome, answer.receipt, answer.reversed_fen) == ("approved", first.receipt, 4_000)
    assert [entry.outcome for entry in terminal.journal.entries()] == ["recorded", "voided", "voided"]
    assert terminal.close_shift().agree


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


def test_a_signed_refusal_of_a_sign_on_is_no_answer_to_the_charge_that_needed_it(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, official = network.terminal(scratch), network.official()

    def lost(*_: object, **__: object) -> None:
        raise urllib3.exceptions.ProtocolError("the cable is out")

    card = network.card(official)
    with monkeypatch.context() as cable_out:
        cable_out.setattr(terminal._http, "request", lost)
        with pytest.raises(OutcomeUnknown):
            terminal.charge_card(card, "lunch")
    terminal._session = None
    with monkeypatch.context() as other_edition:
        other_edition.setattr("terminals.client_device.PROTOCOL", 3)
        with pytest.raises(Rejected) as refused:
            terminal.sign_on()
        assert refused.value.slug == "protocol-unknown"
        assert terminal.resend_unknown() == []
    assert len(terminal.unknown()) == 1
    assert [answer.outcome for answer in terminal.resend_unknown()] == ["approved"]
