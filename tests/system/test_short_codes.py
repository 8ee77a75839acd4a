"""Short codes at a till, phones with keys of P-256, and references that change with each certificate."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import json as wire

from terminals.client import Terminal
from terminals.client_messages import Rejected, open_transport, post_opening
from terminals.devices import SoftwarePhone
from terminals.phone import activate_phone, ask_account, renew_certificate
from terminals.phone_keys import PrivateKey, phone_key_of
from terminals.schemas import to_text
from tests.builders import Network, Official
from tests.running_system import System


@pytest.fixture(scope="module")
def till(network: Network, scratch: Path) -> Terminal:
    return network.terminal(scratch, "yinzhou")


def new_key(kind: str) -> PrivateKey:
    return Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())


def activation(network: Network, official: Official) -> tuple[int, str]:
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    return made["activation_id"], made["code"]


def phone_of(network: Network, official: Official, kind: str = "ed25519") -> SoftwarePhone:
    return activate_phone(network.url, *activation(network, official), new_key(kind))


@pytest.mark.parametrize("kind", ["ed25519", "es256"])
def test_a_phone_pays_once_with_each_of_its_codes(network: Network, till: Terminal, kind: str) -> None:
    official = network.official()
    phone = phone_of(network, official, kind)
    shown = [phone.show_short_code(canteen_id=till.canteen_id), phone.show_short_code(), phone.show_code()]
    for code in reversed(shown):
        assert till.charge_code(code, "lunch").outcome == "approved"
        assert till.charge_code(code, "lunch").reason == "already_used"
    assert network.purses(official) == (7_000, 0)
    assert len(ask_account(network.url, phone).payments) == 3


@pytest.mark.parametrize(
    ("age_s", "reason"), [(0, None), (50, None), (75, "qr_expired"), (-30, "qr_expired"), (7 * 86_400, "qr_expired")]
)
def test_a_short_code_is_fresh_for_a_minute(network: Network, till: Terminal, age_s: int, reason: str | None) -> None:
    assert till.charge_code(
        network.phone(network.official()).show_short_code(at=time.time() - age_s), "lunch"
    ).reason == (reason)


def test_where_and_up_to_what_a_short_code_pays(network: Network, till: Terminal) -> None:
    phone, here = network.phone(network.official()), till.canteen_id
    answers = [
        till.charge_code(phone.show_short_code(canteen_id=canteen_id, limit_fen=limit_fen), "lunch").reason
        for canteen_id, limit_fen in [
            (here + 1, None),
            (here, 999),
            (here + 2**24 - 1, None),
            (here, 1_000),
            (None, None),
        ]
    ]
    assert answers == ["wrong_canteen", "code_limit_exceeded", "credential_invalid", None, None]


def test_what_is_no_short_code_of_this_network(network: Network, till: Terminal) -> None:
    phone = network.phone(network.official())
    unknown = SoftwarePhone(phone.key, phone.certificate, reference=b"nobody")
    stolen = SoftwarePhone(Ed25519PrivateKey.generate(), phone.certificate, reference=phone.reference)
    codes = [
        unknown.show_short_code(),
        stolen.show_short_code(),
        phone.show_short_code() + "\n",
        "OC2:",
        "OC2:" + 126 * "A",
    ]
    assert {till.charge_code(code, "lunch").reason for code in codes} == {"credential_invalid"}
    assert till.charge_code(phone.show_short_code(), "lunch").outcome == "approved"


def test_a_renewal_changes_the_reference_and_the_old_one_pays_until_its_end(
    network: Network, till: Terminal, system: System
) -> None:
    phone = network.phone(network.official())
    before = SoftwarePhone(phone.key, phone.certificate, 100, reference=phone.reference)
    renew_certificate(network.url, phone)
    assert (phone.certificate, phone.reference) == (before.certificate, before.reference), "within the same hour"
    move = "UPDATE code_reference SET expires_at = expires_at - %s * interval '1 hour' WHERE reference = %s"
    with psycopg.connect(system.database_url) as db:
        db.execute(move, (3, before.reference))
    renew_certificate(network.url, phone)
    assert phone.reference != before.reference
    for one in (before, phone):
        assert till.charge_code(one.show_short_code(), "lunch").outcome == "approved"
    with psycopg.connect(system.database_url) as db:
        # Two days and a half after its end; a worker that has not seen it yet knows nobody by it.
        db.execute(move, (7 * 24 + 60, before.reference))
    renew_certificate(network.url, phone)
    with psycopg.connect(system.database_url) as db:
        kept = db.execute("SELECT count(*) FROM code_reference WHERE reference = %s", [before.reference]).fetchone()
    assert kept == (0,)


def test_a_reference_ends_with_its_certificate(network: Network, till: Terminal, system: System) -> None:
    phone = network.phone(network.official())
    with psycopg.connect(system.database_url) as db:
        ended = "UPDATE code_reference SET expires_at = now() - interval '1 hour' WHERE reference = %s"
        db.execute(ended, [phone.reference])
    assert till.charge_code(phone.show_short_code(), "lunch").reason == "credential_expired"


def test_many_new_phones_at_once(network: Network, scratch: Path) -> None:
    tills = [network.terminal(scratch) for _ in range(4)]
    phones = [network.phone(network.official()) for _ in range(8)]
    shown = [[phone.show_short_code() for phone in phones[n::4]] * 2 for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        reasons = pool.map(
            lambda one: [one[0].charge_code(code, "lunch").reason for code in one[1]], zip(tills, shown, strict=True)
        )
    assert list(reasons) == [[None, None, "already_used", "already_used"]] * 4


def test_a_blocked_phones_short_code_is_refused_at_once(network: Network, till: Terminal) -> None:
    phone = network.phone(network.official())
    assert till.charge_code(phone.show_short_code(), "lunch").outcome == "approved"
    [mine] = ask_account(network.url, phone).credentials
    network.centre.call("POST", f"/console/credentials/{mine.credential_id}/block", {"blocked": True, "reason": "lost"})
    assert till.charge_code(phone.show_short_code(), "lunch").reason == "card_blocked"
    with pytest.raises(Rejected) as refused:
        renew_certificate(network.url, phone)
    assert refused.value.slug == "credential-blocked"


def test_a_till_without_a_network_asks_for_the_long_code(network: Network, till: Terminal) -> None:
    till.refresh_block_list()
    phone = phone_of(network, network.official(), "es256")
    assert till.offline_refusal_of(phone.show_short_code(canteen_id=till.canteen_id), 1_000) == "needs_network"
    assert till.offline_refusal_of(phone.show_code(canteen_id=till.canteen_id), 1_000) is None


def test_a_till_knows_who_paid_lately_by_his_short_code(network: Network, till: Terminal) -> None:
    phone, other = network.phone(network.official()), network.phone(network.official())
    assert till.paid_lately(phone.show_short_code(), "lunch") is None
    assert till.charge_code(phone.show_short_code(), "lunch").outcome == "approved"
    assert till.paid_lately(phone.show_short_code(), "lunch") is not None
    assert till.paid_lately(other.show_short_code(), "lunch") is None


@pytest.mark.parametrize("kind", ["ed25519", "es256"])
def test_an_activation_repeated_has_the_same_reference(network: Network, kind: str) -> None:
    slip, key = activation(network, network.official()), new_key(kind)
    first, again = (activate_phone(network.url, *slip, key) for _ in range(2))
    assert (first.certificate, first.reference) == (again.certificate, again.reference)
    with pytest.raises(Rejected) as refused:
        activate_phone(network.url, *slip, new_key(kind))
    assert refused.value.slug == "enrolment-refused"


KEY = ec.derive_private_key(7, ec.SECP256R1())
PUBLIC = phone_key_of(KEY).public


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"public_key": to_text(b"\x04" + PUBLIC[1:])}, 400, "invalid"),
        ({"public_key": to_text(PUBLIC[:-1])}, 400, "invalid"),
        ({"public_key": to_text(PUBLIC) + "A"}, 400, "invalid"),
        ({"public_key": to_text(PUBLIC) + "\n"}, 400, "invalid"),
        ({"public_key": to_text(b"\x02" + b"\xff" * 32)}, 400, "invalid"),
        ({"algorithm": "ed25519"}, 400, "invalid"),
        ({"algorithm": "ES256"}, 400, "invalid"),
        ({"algorithm": "sm2"}, 400, "invalid"),
        ({"algorithm": True}, 400, "invalid"),
        ({"algorithm": None}, 400, "invalid"),
        ({"suite": "x"}, 400, "invalid"),
        ({"public_key": to_text(phone_key_of(ec.derive_private_key(8, ec.SECP256R1())).public)}, 401, "bad-signature"),
        ({}, 403, "enrolment-refused"),
    ],
    ids=repr,
)
def test_a_phones_key_is_one_of_its_algorithm(network: Network, change: dict[str, Any], status: int, slug: str) -> None:
    message = {"activation_id": 1, "code": 16 * "A", "public_key": to_text(PUBLIC), "algorithm": "ecdsa-p256-sha256"}
    with open_transport() as http, pytest.raises(Rejected) as refused:
        post_opening(http, network.url, "/phone/certificates", wire.encode(message | change), KEY, "phone")
    assert (refused.value.status, refused.value.slug) == (status, slug)
