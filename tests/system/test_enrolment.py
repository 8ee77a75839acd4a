"""How a device becomes a terminal and a phone a credential, how both are repeated, and how a terminal ends."""

import json
import secrets
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import json as wire

from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected, open_transport, post_opening
from terminals.devices import SoftwarePhone
from terminals.phone import activate_phone
from terminals.schemas import Device, EnrolmentSlip, SignOn, to_text
from terminals.sessions import SUITE
from terminals.signatures import PROTOCOL
from tests.builders import Network, Official
from tests.running_system import System

NEUTRAL = b"\x01" + bytes(31)
"""The neutral point: everybody can sign under it."""
SMALL_ORDER = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
"""A point of order 8."""
NOT_CANONICAL = (2**255 - 18).to_bytes(32, "little")
"""The neutral point again: its y is 1 + p."""


DEVICE = Device("till 4.2", "K9", "0001")


class Anybody:
    """Signs any message under the neutral point: R is the base point, S is 1."""

    def sign(self, _: bytes) -> bytes:
        return b"\x58" + b"\x66" * 31 + b"\x01" + bytes(31)


def post(network: Network, path: str, message: Any, key: Any, key_id: str) -> Any:
    """The answer to an opening message; raises Rejected."""
    with open_transport() as http:
        answer = post_opening(http, network.url, path, wire.encode(message), key, key_id)
    return json.loads(answer.data)


def enrol(network: Network, slip: EnrolmentSlip, key: Any, public: bytes | None = None, code: str = "") -> Any:
    public = public or key.public_key().public_bytes_raw()
    message = {"enrolment_id": slip.enrolment_id, "code": code or slip.code, "public_key": to_text(public),
               "centre_key": 1}  # fmt: skip
    return post(network, "/terminal/enrolments", message, key, "enrolment")


def sign_on(network: Network, terminal_id: int, key: Any) -> Any:
    ephemeral = X25519PrivateKey.generate().public_key().public_bytes_raw()
    message = SignOn(SUITE, [PROTOCOL], terminal_id, to_text(ephemeral), 1, DEVICE)
    return post(network, "/terminal/sessions", message, key, str(terminal_id))


def activation(network: Network, official: Official) -> dict[str, Any]:
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    return dict(made)


@pytest.mark.parametrize("public", [NEUTRAL, SMALL_ORDER, NOT_CANONICAL], ids=["neutral", "small order", "p + 1"])
def test_a_till_cannot_enrol_a_key_that_anybody_can_sign_for(network: Network, public: bytes) -> None:
    slip = network.slip()
    with pytest.raises(Rejected) as refused:
        enrol(network, slip, Anybody(), public)
    assert refused.value.slug == "invalid"
    assert enrol(network, slip, Ed25519PrivateKey.generate())["epoch"] == 1, "the slip is as good as before"


def test_a_stored_key_that_anybody_can_sign_for_opens_no_session(network: Network, system: System) -> None:
    terminal_id = enrol(network, network.slip(), Ed25519PrivateKey.generate())["terminal_id"]
    with psycopg.connect(system.database_url) as db:
        db.execute("UPDATE terminal SET public_key = %s WHERE terminal_id = %s", (NEUTRAL, terminal_id))
    with pytest.raises(Rejected) as refused:
        sign_on(network, terminal_id, Anybody())
    assert refused.value.slug == "bad-signature"


def test_an_enrolment_whose_answer_was_lost_is_repeated(network: Network) -> None:
    slip, key = network.slip(), Ed25519PrivateKey.generate()
    first = enrol(network, slip, key)
    assert enrol(network, slip, key) == first
    with pytest.raises(Rejected) as refused:
        enrol(network, slip, Ed25519PrivateKey.generate())
    assert refused.value.slug == "enrolment-refused", "another device"


def test_a_repeated_enrolment_does_not_replace_the_device_again(network: Network) -> None:
    first_key, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    terminal_id = enrol(network, network.slip(), first_key)["terminal_id"]
    slip = network.slip(replaces_terminal_id=terminal_id)
    replaced = enrol(network, slip, key)
    assert replaced["epoch"] == 2
    assert enrol(network, slip, key) == replaced
    later = enrol(network, network.slip(replaces_terminal_id=terminal_id), first_key)
    assert later["epoch"] == 3
    with pytest.raises(Rejected):
        enrol(network, slip, key)


def test_the_client_keeps_its_key_until_it_is_enrolled(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slip, folder = network.slip(), scratch / f"lost-{secrets.token_hex(4)}"

    def answer_lost(*arguments: Any) -> Any:
        post_opening(*arguments)
        raise urllib3.exceptions.ProtocolError("the answer was lost")

    monkeypatch.setattr("terminals.client_device.post_opening", answer_lost)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        Terminal.enrol(network.url, slip, folder)
    monkeypatch.undo()
    terminal = Terminal.enrol(network.url, slip, folder)
    assert terminal.epoch == 1
    assert not (folder / "enrolment.key").exists()


def test_wrong_codes_spoil_nobodys_slip(network: Network, scratch: Path) -> None:
    slip, made = network.slip(), activation(network, network.official())
    for _ in range(6):
        with pytest.raises(Rejected) as refused:
            enrol(network, slip, Ed25519PrivateKey.generate(), code="A" * 16)
        assert refused.value.slug == "enrolment-refused"
        with pytest.raises(Rejected):
            activate_phone(network.url, made["activation_id"], "A" * 16)
    Terminal.enrol(network.url, slip, scratch / f"right-{secrets.token_hex(4)}").close()
    activate_phone(network.url, made["activation_id"], made["code"])


def test_an_activation_whose_answer_was_lost_is_repeated(network: Network) -> None:
    official = network.official()
    made, key = activation(network, official), Ed25519PrivateKey.generate()
    first = activate_phone(network.url, made["activation_id"], made["code"], key)
    again = activate_phone(network.url, made["activation_id"], made["code"], key)
    assert again.certificate == first.certificate
    with pytest.raises(Rejected) as refused:
        activate_phone(network.url, made["activation_id"], made["code"])
    assert refused.value.slug == "enrolment-refused", "another phone"


def test_a_sign_on_tells_nobody_which_terminals_exist(network: Network, scratch: Path) -> None:
    stranger = Ed25519PrivateKey.generate()
    known = network.terminal(scratch)
    revoked = network.terminal(scratch)
    revoke(network, revoked)
    answers = []
    for terminal_id in (known.identity.terminal_id, revoked.identity.terminal_id, 2**53 - 1):
        with pytest.raises(Rejected) as refused:
            sign_on(network, terminal_id, stranger)
        answers.append((refused.value.status, refused.value.document))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][1]["type"] == "/problems/bad-signature"


def revoke(network: Network, terminal: Terminal) -> None:
    path = f"/console/terminals/{terminal.identity.terminal_id}/revocation"
    network.centre.call("POST", path, {"reason": "stolen"})


def test_a_revoked_terminal_takes_no_more_payments_and_signs_on_no_more(
    network: Network, system: System, scratch: Path
) -> None:
    terminal, official = network.terminal(scratch), network.official()
    card = network.card(official)
    assert terminal.charge_card(card, "lunch").outcome == "approved"
    waiting = network.slip(replaces_terminal_id=terminal.identity.terminal_id)
    revoke(network, terminal)
    with psycopg.connect(system.database_url) as db:
        terminal_id = terminal.identity.terminal_id
        [state, at] = db.execute(
            "SELECT state, revoked_at FROM terminal WHERE terminal_id = %s", (terminal_id,)
        ).fetchone() or [None, None]
        [open_sessions] = db.execute(
            "SELECT count(*) FROM terminal_session WHERE terminal_id = %s AND ended_at IS NULL", (terminal_id,)
        ).fetchone() or [None]
    assert (state, at is not None, open_sessions) == ("revoked", True, 0)
    time.sleep(3.2)  # the workers' session caches: the bound that the protocol states
    with pytest.raises(OutcomeUnknown) as refused:
        terminal.charge_card(card, "lunch")
    assert refused.value.slug == "bad-signature", "it cannot sign on again"
    assert network.purses(official) == (9_000, 0)
    with pytest.raises(Rejected):
        enrol(network, waiting, Ed25519PrivateKey.generate())


def test_a_new_device_takes_the_place_of_a_revoked_one(network: Network, scratch: Path) -> None:
    lost = network.terminal(scratch)
    revoke(network, lost)
    slip = network.slip(replaces_terminal_id=lost.identity.terminal_id)
    new = Terminal.enrol(network.url, slip, scratch / f"new-{secrets.token_hex(4)}")
    assert (new.identity.terminal_id, new.epoch) == (lost.identity.terminal_id, 2)
    assert new.charge_card(network.card(network.official()), "lunch").outcome == "approved"


def test_revoking_twice_changes_nothing_more(network: Network, system: System, scratch: Path) -> None:
    terminal = network.terminal(scratch)
    revoke(network, terminal)
    with psycopg.connect(system.database_url) as db:
        count = db.execute("SELECT count(*) FROM audit_entry").fetchone()
    revoke(network, terminal)
    with psycopg.connect(system.database_url) as db:
        assert db.execute("SELECT count(*) FROM audit_entry").fetchone() == count
    assert network.centre.ask("POST", "/console/terminals/1/revocation", {"reason": "lost"}).status == 404


def test_a_blocked_phone_is_told_that_it_is_blocked_but_only_to_its_owner(network: Network) -> None:
    phone, other = network.phone(network.official()), Ed25519PrivateKey.generate()
    renewed = renewal(network, phone, phone.key)
    assert renewed["credential_id"]
    block(network, renewed["credential_id"])
    with pytest.raises(Rejected) as refused:
        renewal(network, phone, phone.key)
    assert (refused.value.status, refused.value.slug) == (403, "credential-blocked")
    with pytest.raises(Rejected) as refused:
        renewal(network, phone, other)
    assert refused.value.slug == "bad-signature", "whoever scanned a code has the certificate, and learns nothing"


def renewal(network: Network, phone: SoftwarePhone, key: Any) -> Any:
    message = {"certificate": to_text(phone.certificate)}
    return post(network, "/phone/certificates/renewals", message, key, "phone")


def block(network: Network, credential_id: int) -> None:
    path = f"/console/credentials/{credential_id}/block"
    network.centre.call("POST", path, {"blocked": True, "reason": "lost"})


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
    asked = {"activation_id": made["activation_id"], "code": made["code"], "public_key": to_text(NEUTRAL)}
    with pytest.raises(Rejected) as refused:
        post(network, "/phone/certificates", asked, Anybody(), "phone")
    assert refused.value.slug == "invalid"
    activate_phone(network.url, made["activation_id"], made["code"])
