"""Sign-on and sign-off, sessions and epochs, over HTTP."""

import json
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec import json as wire

from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected, post_opening
from tests.builders import Network


@pytest.fixture(scope="module")
def till(network: Network, scratch: Path) -> Terminal:
    return network.terminal(scratch, "yinzhou")


def _folder_of(terminal: Terminal, scratch: Path) -> Path:
    wanted = f'"terminal_id": {terminal.identity.terminal_id},'
    [folder] = [p.parent for p in scratch.glob("*/identity.json") if wanted in p.read_text()]
    return folder


def _send_as(terminal: Terminal, path: str, number: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Send under any number; status and body of the answer, whose signature is checked."""
    try:
        status, answer = terminal.exchange("POST", path, number, body)
    except Rejected as rejected:
        return rejected.status, rejected.document
    return status, json.loads(answer)


def test_a_replayed_sign_on_is_refused(network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = network.terminal(scratch)
    sent = []
    post = post_opening

    def keep(*arguments: object, **named: object) -> object:
        sent.append(arguments)
        return post(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("terminals.client_device.post_opening", keep)
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


@pytest.mark.parametrize("off_s", [-5_000, 5_000])
def test_a_terminal_whose_clock_is_wrong_learns_the_time(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch, off_s: int
) -> None:
    terminal, card = network.terminal(scratch), network.card(network.official())
    right = time.time
    monkeypatch.setattr("terminals.client_device.time.time", lambda: right() + off_s)
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
    with pytest.raises(OutcomeUnknown):
        old.charge_card(network.card(network.official()), "lunch")


@pytest.mark.parametrize("path", ["/terminal/charges", "/terminal/voids", "/terminal/shifts"])
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
        except OutcomeUnknown as unknown:
            assert unknown.slug == "bad-signature", "its session is known to be over, and its key is no longer any"
            break
    assert network.purses(official) == (10_000, 0)
