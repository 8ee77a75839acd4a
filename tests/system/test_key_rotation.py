"""Every key gets another version while payments go on, and none is refused for it."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import json as wire

from foundation.calendar import ZONE
from foundation.keys import KeyRing, add_version, load_keys
from terminals import receipts
from terminals.client import CLOSINGS, Terminal
from terminals.client_files import Identity
from terminals.client_messages import OutcomeUnknown, Rejected, post_opening
from terminals.devices import SoftwareCard, SoftwarePhone
from terminals.keys import proof_text
from terminals.phone import ask_account, renew_certificate
from terminals.schemas import ShiftClosed, to_bytes, to_text
from tests.builders import Network
from tests.running_system import System
from tests.waiting import wait_until


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, ZONE).strftime("%Y-%m-%dT%H:%M:%S")


class Lunch(threading.Thread):
    """A till that charges a few times a second, card and code in turn; signs on again and again."""

    PAUSE_S = 0.2
    """Without it they wait for the new key with both processors at work."""

    def __init__(self, till: Terminal, card: SoftwareCard, phone: SoftwarePhone) -> None:
        super().__init__()
        self.till, self.card, self.phone = till, card, phone
        self.over = threading.Event()
        self.outcomes: list[tuple[str, str | None]] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while not self.over.wait(self.PAUSE_S):
                self.charge_once()
        except Exception as error:
            self.failure = error

    def charge_once(self) -> None:
        if len(self.outcomes) % 10 == 0:
            self.till.sign_on()
        code = self.phone.show_code(canteen_id=self.till.canteen_id)
        assert self.till.price_fen(code, "lunch") == 1_000, "the till itself verifies every code"
        charges = partial(self.till.charge_card, self.card, "lunch"), partial(self.till.charge_code, code, "lunch")
        for charge in charges:
            answer = charge()
            self.outcomes.append((answer.outcome, answer.reason))
            [entry] = self.till.journal.latest(1)
            # Nobody eats so often: the region would stop him.
            assert self.till.void(entry.epoch, entry.sequence).outcome == "voided"


@pytest.fixture
def rich(own: System) -> Network:
    own.start(within_s=120)
    return Network(own)


def lunches(network: Network, folder: Path, count: int) -> Iterator[Lunch]:
    for _ in range(count):
        official = network.official("yinzhou")
        yield Lunch(network.terminal(folder, "yinzhou"), network.card(official), network.phone(official))


def test_keys_are_rotated_under_load_without_a_refused_payment(rich: Network, own: System, scratch: Path) -> None:
    folder = scratch / "rotation"
    running = list(lunches(rich, folder, 3))
    first = running[0].till.charge_card(running[0].card, "lunch").receipt
    assert first is not None
    code_of_first = rich.centre.call("GET", f"/receipts/{first.number}")["code"]
    for lunch in running:
        lunch.start()
    begins = time.time() + 90
    for kind in ("centre", "cards"):
        own.command("rotate-key", kind, "--begins", at(begins))

    def announced() -> bool:
        return all(lunch.till.parameters.centre_keys[-1].version == 2 for lunch in running)

    wait_until(announced, "not every till has heard of the new version")
    assert time.time() < begins, "terminals knew the key before it was in use"
    wait_until(lambda: time.time() > begins + 3, "the clock stands")
    # Phones renew, new cards are made: both under the new versions, beside those under the old ones.
    later = [Lunch(rich.terminal(folder, "yinzhou"), rich.card(official), rich.phone(official))
             for official in [rich.official("yinzhou")]]  # fmt: skip
    assert later[0].card.file.key_version == 2
    assert later[0].till.identity.centre_key == 2, "the slip has the new key"
    assert running[0].card.file.key_version == 1
    old_certificate = running[1].phone.certificate
    renew_certificate(rich.url, running[1].phone)
    assert (old_certificate[7], running[1].phone.certificate[7]) == (1, 2)
    for lunch in later:
        lunch.start()
    charged = [len(lunch.outcomes) for lunch in running]
    wait_until(
        lambda: all(len(lunch.outcomes) > n + 40 for lunch, n in zip(running, charged, strict=True)),
        "a till pays no more",
    )
    for lunch in (*running, *later):
        lunch.over.set()
        lunch.join(60)
    assert [lunch.failure for lunch in (*running, *later)] == [None] * 4
    outcomes = {outcome for lunch in (*running, *later) for outcome in lunch.outcomes}
    assert outcomes == {("approved", None)}
    assert all(lunch.till.unknown() == [] for lunch in running)
    assert_a_closing_is_the_same_under_either_key(running[0], own)
    keys = load_keys(own.settings.keys_folder)
    assert keys.centre_version == 2
    assert receipts.read(keys.every_centre_public_key, code_of_first).number == UUID(first.number)

    # The end of the first versions: what is under them is refused, all else goes on.
    ends = time.time() + 5
    for kind in ("centre", "cards"):
        own.command("end-key", kind, "1", "--ends", at(ends))
    wait_until(lambda: time.time() > ends + 5, "the clock stands")
    till = running[0].till
    till.refresh_parameters()
    assert [key.version for key in till.parameters.centre_keys] == [2]
    assert till.charge_card(running[0].card, "lunch").reason == "credential_invalid"
    assert till.charge_card(later[0].card, "lunch").outcome == "approved"
    stale = running[2].phone.show_code(canteen_id=till.canteen_id)
    assert till.charge_code(stale, "lunch").reason == "credential_invalid"
    assert till.offline_refusal_of(stale, 1_000) in ("credential_invalid", "block_list_old")
    fresh = running[1].phone.show_code(canteen_id=till.canteen_id)
    assert till.charge_code(fresh, "lunch").outcome == "approved"
    till.sign_on()
    assert receipts.read(load_keys(own.settings.keys_folder).every_centre_public_key, code_of_first)
    checked = own.command("check-receipt", code_of_first)
    assert first.number in checked.stdout


def assert_a_closing_is_the_same_under_either_key(lunch: Lunch, own: System) -> None:
    till = lunch.till
    till.open_shift("c-07", "1")
    assert till.charge_card(lunch.card, "lunch").outcome == "approved"
    totals = till.shift_totals()
    body, number = wire.encode(totals | {"centre_key": 1}), str(till.identity.terminal_id)
    old = 1, till.centre_keys[1]
    first = post_opening(till._http, till.url, CLOSINGS, body, till.identity.private_key, number, old)
    closed = till.send_closing(totals)
    assert closed.agree
    assert wire.decode(first.data, type=ShiftClosed) == closed
    assert json.loads(till.journal.closing(till.epoch, totals["shift"]) or b"")["centre_key"] == 2
    with psycopg.connect(own.database_url) as db:
        kept = db.execute("SELECT count(*) FROM shift_closing WHERE terminal_id = %s", (int(number),)).fetchone()
    assert kept == (1,)


@pytest.mark.one_worker
def test_who_knows_an_ended_key_alone_is_told_so(rich: Network, own: System, scratch: Path) -> None:
    away, phone = rich.terminal(scratch / "away"), rich.phone(rich.official())
    begins = time.time() + 60
    own.command("rotate-key", "centre", "--begins", at(begins))
    own.command("end-key", "centre", "1", "--ends", at(begins + 1))
    away._kept = None
    wait_until(lambda: time.time() > begins + 5, "the clock stands")
    with pytest.raises((OutcomeUnknown, Rejected)):
        away.sign_on()
    # What it cannot verify is nothing to it; the centre's own word is in the answer.
    key, number = away.identity.private_key, str(away.identity.terminal_id)
    public = load_keys(own.settings.keys_folder).centre_public_key
    message = {"terminal_id": away.identity.terminal_id, "public_key": to_text(bytes(32)), "proof": to_text(bytes(64)),
               "centre_key": 1}  # fmt: skip
    with pytest.raises(Rejected) as refused:
        post_opening(away._http, rich.url, "/terminal/keys", wire.encode(message), key, number, (2, public))
    assert (refused.value.status, refused.value.slug) == (403, "centre-key-unknown")
    assert refused.value.document["params"] == {"version": 2}
    # A phone's certificate of that version pays nothing, but names the phone, which signs with its own key.
    assert ask_account(rich.url, phone).payments == []
    stolen = SoftwarePhone(Ed25519PrivateKey.generate(), phone.certificate)
    with pytest.raises(Rejected) as not_his:
        renew_certificate(rich.url, stolen)
    assert not_his.value.slug == "bad-signature"
    assert phone.certificate[7] == 1
    renew_certificate(rich.url, phone)
    assert phone.certificate[7] == 2


def test_a_terminal_renews_its_own_key(network: Network, system: System, scratch: Path) -> None:
    till, card = network.terminal(scratch), network.card(network.official())
    old = till.identity
    till.renew_key()
    assert till.charge_card(card, "lunch").outcome == "approved", "its session goes on"
    with psycopg.connect(system.database_url) as db:
        kept = db.execute(
            "SELECT public_key, previous_key FROM terminal WHERE terminal_id = %s", (old.terminal_id,)
        ).fetchone()
        noted = db.execute(
            "SELECT count(*) FROM audit_entry WHERE action = 'renew_terminal_key' AND subject = %s",
            (f"terminal/{old.terminal_id}",),
        ).fetchone()
    assert kept == (public_of(till.identity), public_of(old))
    assert noted == (1,)
    again = Terminal(network.url, till._folder)
    again.sign_on()
    assert again.charge_card(card, "lunch").outcome == "approved"
    again.identity = old
    with pytest.raises(OutcomeUnknown) as refused:
        again.sign_on()
    assert refused.value.slug == "bad-signature"


def public_of(identity: Identity) -> bytes:
    return identity.private_key.public_key().public_bytes_raw()


def test_a_terminal_does_not_go_back_to_its_former_key(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    former = till.identity.private_key
    till.renew_key()
    number = till.identity.terminal_id
    message = {
        "terminal_id": number,
        "public_key": to_text(former.public_key().public_bytes_raw()),
        "proof": to_text(former.sign(proof_text(number, public_of(till.identity)))),
        "centre_key": 1,
    }
    with pytest.raises(Rejected) as refused:
        post_opening(till._http, network.url, "/terminal/keys", wire.encode(message), till.identity.private_key,
                     str(number), (1, till.centre_keys[1]))  # fmt: skip
    assert (refused.value.status, refused.value.document["code"]) == (400, "terminals.former_key")
    till.sign_on()


def test_a_lost_answer_to_a_renewal_costs_nothing(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, request = network.terminal(scratch), None
    send = till._http.request

    def lose(*given: Any, **more: Any) -> Any:
        send(*given, **more)
        raise OutcomeUnknown("the answer is lost")

    monkeypatch.setattr(till._http, "request", lose)
    with pytest.raises(OutcomeUnknown):
        till.renew_key()
    monkeypatch.undo()
    assert request is None
    again = Terminal(network.url, till._folder)
    again.sign_on()
    assert public_of(again.identity) != public_of(till.identity)
    assert not (till._folder / "next.key").exists()
    assert again.charge_card(network.card(network.official()), "lunch").outcome == "approved"


def test_a_crash_when_a_renewed_key_was_put_in_its_place_costs_nothing(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = network.terminal(scratch)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", crash)
        with pytest.raises(KeyboardInterrupt):
            till.renew_key()
    again = Terminal(network.url, till._folder)
    again.sign_on()
    before = public_of(again.identity)
    again.renew_key()
    assert public_of(again.identity) != before


def test_a_closing_is_signed_with_the_key_in_force(
    network: Network, system: System, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a renewal whose answer was lost: the terminal finishes it first."""
    till, card = network.terminal(scratch), network.card(network.official(cash_fen=100_000))
    send, signed_with = till._http.request, []

    def lose(*given: Any, **more: Any) -> Any:
        send(*given, **more)
        raise OutcomeUnknown("the answer is lost")

    for is_lost in (False, True):
        till.open_shift("c-07", "1")
        assert till.charge_card(card, "lunch").outcome == "approved"
        if is_lost:
            with monkeypatch.context() as patch:
                patch.setattr(till._http, "request", lose)
                with pytest.raises(OutcomeUnknown):
                    till.renew_key()
        else:
            till.renew_key()
        assert till.close_shift().agree
        signed_with.append(public_of(till.identity))
    with psycopg.connect(system.database_url) as db:
        kept = db.execute(
            "SELECT public_key FROM shift_closing WHERE terminal_id = %s ORDER BY first_sequence",
            (till.identity.terminal_id,),
        ).fetchall()
    assert [row[0] for row in kept] == signed_with
    assert signed_with[0] != signed_with[1]


def test_a_key_that_is_due_is_renewed_at_sign_on(network: Network, system: System, scratch: Path) -> None:
    till = network.terminal(scratch)
    before = public_of(till.identity)
    till.sign_on()
    assert public_of(till.identity) == before
    with psycopg.connect(system.database_url) as db:
        db.execute(
            "UPDATE terminal SET enrolled_at = now() - interval '366 days' WHERE terminal_id = %s",
            (till.identity.terminal_id,),
        )
    till.sign_on()
    assert public_of(till.identity) != before
    renewed = public_of(till.identity)
    till.sign_on()
    assert public_of(till.identity) == renewed, "once a year"


@pytest.mark.parametrize("wrong", ["another_proof", "proof_of_another_terminal", "weak_key", "signed_by_the_new_key",
                                   "unknown_terminal", "revoked", "text_for_number", "bool"])  # fmt: skip
def test_nobody_gives_a_terminal_a_key(network: Network, scratch: Path, wrong: str) -> None:
    till, fresh = network.terminal(scratch), Ed25519PrivateKey.generate()
    number, old = till.identity.terminal_id, public_of(till.identity)
    proof = fresh.sign(proof_text(number, old))
    message: dict[str, Any] = {
        "terminal_id": number,
        "public_key": to_text(fresh.public_key().public_bytes_raw()),
        "proof": to_text(proof),
        "centre_key": 1,
    }
    signer, status = till.identity.private_key, 400
    match wrong:
        case "another_proof":
            message["proof"] = to_text(Ed25519PrivateKey.generate().sign(proof_text(number, old)))
        case "proof_of_another_terminal":
            message["proof"] = to_text(fresh.sign(proof_text(number + 1, old)))
        case "weak_key":
            message["public_key"] = to_text(bytes([1]) + bytes(31))
        case "signed_by_the_new_key":
            signer, status = fresh, 401
        case "unknown_terminal":
            message["terminal_id"], status = 7, 401
        case "revoked":
            network.centre.call("POST", f"/console/terminals/{number}/revocation", {"reason": "stolen"})
            status = 401
        case "text_for_number":
            message["terminal_id"] = str(number)
        case "bool":
            message["centre_key"] = True
    with pytest.raises((OutcomeUnknown, Rejected)) as refused:
        post_opening(till._http, network.url, "/terminal/keys", wire.encode(message), signer,
                     str(message["terminal_id"]), (1, till.centre_keys[1]))  # fmt: skip
    assert refused.value.status == status
    if wrong != "revoked":
        till.sign_on()


@pytest.mark.parametrize("version", [0, 256, True, "1", None, 1.0])
def test_the_version_of_the_centres_key_is_a_number_of_one_byte(network: Network, scratch: Path, version: Any) -> None:
    till = network.terminal(scratch)
    message = {"terminal_id": till.identity.terminal_id, "public_key": to_text(bytes(32)),
               "proof": to_text(bytes(64)), "centre_key": version}  # fmt: skip
    number = str(till.identity.terminal_id)
    with pytest.raises(OutcomeUnknown) as refused:
        post_opening(till._http, network.url, "/terminal/keys", json.dumps(message).encode(), till.identity.private_key,
                     number, (1, till.centre_keys[1]))  # fmt: skip
    assert (refused.value.status, refused.value.slug) == (400, "invalid")


@pytest.mark.one_worker
def test_a_key_file_that_cannot_be_read_changes_nothing(own: System, rich: Network, scratch: Path) -> None:
    till, card = rich.terminal(scratch / "spoilt"), rich.card(rich.official())
    file = own.settings.keys_folder / "centre_signing_key"
    whole = file.read_text()
    file.write_text("2 spoilt - -\n")
    wait_until(lambda: "keys_not_read" in own.output, "nobody says that the keys cannot be read")
    till.sign_on()
    assert till.charge_card(card, "lunch").outcome == "approved"
    file.write_text(whole)
    fresh = add_version(own.settings.keys_folder, "centre_signing_key", int(time.time()) + 31)
    wait_until(
        lambda: till.refresh_parameters() or till.parameters.centre_keys[-1].version == fresh.version,
        "the new version does not reach the till",
    )
    assert to_bytes(till.parameters.centre_keys[-1].public_key) == public_key_of(load_keys(own.settings.keys_folder))


def public_key_of(keys: KeyRing) -> bytes:
    return keys.every_centre_public_key[0]
