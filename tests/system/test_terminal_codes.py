"""Codes of phones at a till: when, where and how often they pay."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import json as wire

from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected, post_opening
from terminals.devices import SoftwarePhone
from terminals.schemas import to_text
from tests.builders import Network


@pytest.fixture(scope="module")
def till(network: Network, scratch: Path) -> Terminal:
    return network.terminal(scratch, "yinzhou")


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


def test_a_renewed_certificate_pays(network: Network, till: Terminal) -> None:
    from terminals.client_messages import open_transport
    from terminals.schemas import to_bytes

    phone = network.phone(network.official())
    body = wire.encode({"certificate": to_text(phone.certificate)})
    with open_transport() as http:
        answer = post_opening(http, network.url, "/phone/certificates/renewals", body, phone.key, "phone")
        with pytest.raises(Rejected):
            post_opening(http, network.url, "/phone/certificates/renewals", body, Ed25519PrivateKey.generate(), "phone")
    renewed = SoftwarePhone(phone.key, to_bytes(json.loads(answer.data)["certificate"]), phone.counter)
    assert till.charge_code(renewed.show_code(), "lunch").outcome == "approved"


def test_a_code_pays_no_more_than_its_phone_allowed(network: Network, till: Terminal, scratch: Path) -> None:
    own, visitor = network.official("yinzhou"), network.official("hangzhou")
    for official, price_fen in ((own, 1_000), (visitor, 4_000)):
        phone = network.phone(official)
        below = phone.show_code(canteen_id=till.canteen_id, limit_fen=price_fen - 1)
        assert till.charge_code(below, "lunch").reason == "code_limit_exceeded"
        assert network.purses(official) == (10_000, 0)
        exact = phone.show_code(canteen_id=till.canteen_id, limit_fen=price_fen)
        assert till.charge_code(exact, "lunch").outcome == "approved"
    weighed = network.terminal(scratch, "yuyao")
    code = network.phone(visitor).show_code(canteen_id=weighed.canteen_id, limit_fen=1_500)
    assert weighed.charge_code(code, "lunch", 1_501).reason == "code_limit_exceeded"
    assert weighed.charge_code(code, "lunch", 1_500).outcome == "approved", "the code was not used up"
    assert till.charge_code(network.phone(own).show_code(limit_fen=None), "dinner").outcome == "approved"


def test_a_till_without_a_network_takes_only_codes_for_its_own_canteen(network: Network, till: Terminal) -> None:
    phone, here = network.phone(network.official()), till.canteen_id
    till.refresh_block_list()
    assert till.offline_refusal_of(phone.show_code(canteen_id=here, limit_fen=1_000), 1_000) is None
    assert till.offline_refusal_of(phone.show_code(), 1_000) == "wrong_canteen"
    assert till.offline_refusal_of(phone.show_code(canteen_id=here + 1), 1_000) == "wrong_canteen"
    assert till.offline_refusal_of(phone.show_code(canteen_id=here, limit_fen=999), 1_000) == "code_limit_exceeded"
    assert till.offline_refusal_of("OC1:ABCDEFGH", 1_000) == "credential_invalid"


@pytest.mark.parametrize(
    ("age_s", "is_short", "names_canteen", "reason"),
    [
        (90, True, False, None),
        (180, True, False, "qr_expired"),
        (180, False, False, "qr_expired"),
        (86_000, False, False, "qr_expired"),
        (180, True, True, None),
        (540, True, True, None),
        (610, True, True, "qr_expired"),
        (86_000, True, True, "qr_expired"),
        (3_600, False, True, None),
    ],
)
def test_a_late_payment_by_a_code_names_the_canteen(
    network: Network, till: Terminal, age_s: int, is_short: bool, names_canteen: bool, reason: str | None
) -> None:
    """Photographs of codes that were shown and never scanned pay nobody; a short code is late by a resend at most."""
    phone, at = network.phone(network.official()), int(time.time()) - age_s
    show = phone.show_short_code if is_short else phone.show_code
    code = show(at=at, canteen_id=till.canteen_id if names_canteen else None)
    assert till.charge_code(code, "lunch", purchased_at=at).reason == reason


@pytest.mark.parametrize("is_short", [False, True])
def test_a_late_resend_gets_the_first_answer(
    network: Network, till: Terminal, monkeypatch: pytest.MonkeyPatch, is_short: bool
) -> None:
    phone, at = network.phone(network.official()), int(time.time()) - 110
    code = (phone.show_short_code if is_short else phone.show_code)(at=at)
    send = till._http.request

    def lose(*given: Any, **more: Any) -> Any:
        send(*given, **more)
        raise OutcomeUnknown("the answer is lost")

    with monkeypatch.context() as patch:
        patch.setattr(till._http, "request", lose)
        with pytest.raises(OutcomeUnknown):
            till.charge_code(code, "lunch", purchased_at=at)
    time.sleep(max(0, at + 125 - time.time()))
    assert [answer.outcome for answer in till.resend_unknown()] == ["approved"]
    assert till.charge_code(code, "lunch", purchased_at=at).reason == "qr_expired", "under a number of its own"
