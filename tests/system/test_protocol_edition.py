"""Every message names its edition and its centre, every answer that can be signed is, and both sides may grow."""

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import json as wire

from settlement.shifts import chain_head
from terminals import signatures
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown, Rejected, authority_of
from terminals.schemas import Device, SignOn, to_text
from terminals.sessions import SUITE
from terminals.signatures import PROTOCOL, check_answer, ed25519_verifier, read_signature, sign_answer, sign_request
from tests.builders import Network
from tests.running_system import System

DEVICE = Device("till 4.2.1", "K9", "SN-0001")
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def till(network: Network, scratch: Path) -> Terminal:
    return network.terminal(scratch, "yinzhou")


def post(url: str, path: str, headers: dict[str, str], body: bytes, method: str = "POST") -> urllib3.BaseHTTPResponse:
    return urllib3.request(method, url + path, headers=headers | JSON, body=body, retries=False, timeout=60)


def opening(url: str, path: str, message: Any, key: Ed25519PrivateKey, key_id: str) -> tuple[dict[str, str], bytes]:
    """Signed header fields and body of a message outside a session."""
    body = wire.encode(message)
    created = int(time.time())
    headers = sign_request(
        "POST", path, body, authority=authority_of(url), created=created, key_id=key_id, sign=key.sign
    )
    return headers, body


def in_session(till: Terminal, path: str, message: Any, method: str = "POST") -> tuple[dict[str, str], bytes]:
    """The same within a session, under the next number."""
    session, body = till._signed_on(), b"" if message is None else wire.encode(message)
    number = f"{session.epoch}/{till._take_sequence()}"
    return till._signed(session, method, path, number, body), body


def sign_on_message(till: Terminal, **changes: Any) -> dict[str, Any]:
    ephemeral = to_text(X25519PrivateKey.generate().public_key().public_bytes_raw())
    message = SignOn(SUITE, [PROTOCOL], till.identity.terminal_id, ephemeral, 1, DEVICE)
    return dict(json.loads(wire.encode(message))) | changes


def closing_message(till: Terminal, **changes: Any) -> dict[str, Any]:
    """The closing of a shift that was never opened and took nothing."""
    terminal_id, epoch, shift, now = till.identity.terminal_id, till.epoch, till._take_sequence(), till.now()
    message: dict[str, Any] = {"terminal_id": terminal_id, "epoch": epoch, "shift": shift, "last_sequence": shift}
    message |= {"cashier": "c-1", "drawer": "1", "opened_at": now, "closed_at": now, "unknown": 0, "days": []}
    message |= {"journal_head": to_text(chain_head(terminal_id, epoch, shift, [])), "centre_key": 1}
    return message | changes


def sign_on(till: Terminal, **changes: Any) -> tuple[dict[str, str], urllib3.BaseHTTPResponse]:
    """The request's header fields, and the answer."""
    message, number = sign_on_message(till, **changes), str(till.identity.terminal_id)
    headers, body = opening(till.url, "/terminal/sessions", message, till.identity.private_key, number)
    return headers, post(till.url, "/terminal/sessions", headers, body)


def is_signed_by_the_centre(till: Terminal, sent: dict[str, str], answer: urllib3.BaseHTTPResponse) -> bool:
    fields = {name.lower(): value for name, value in answer.headers.items()}
    centre = ed25519_verifier(till.identity.centre_public_key)
    return bool(check_answer(sent, answer.status, fields, answer.data, key_id="centre-1", verify=centre))


def slug_of(answer: urllib3.BaseHTTPResponse) -> str:
    return str(answer.json()["type"]).rsplit("/", 1)[-1]


def test_sign_on_agrees_on_the_edition_and_keeps_what_the_device_says(
    network: Network, system: System, scratch: Path
) -> None:
    till = network.terminal(scratch)
    sent, answer = sign_on(till, protocols=[7, 2, 1])
    assert (answer.status, answer.json()["protocol"]) == (201, 2)
    assert is_signed_by_the_centre(till, sent, answer)
    with psycopg.connect(system.database_url) as db:
        kept = db.execute(
            "SELECT protocol, software, model, serial FROM terminal_session WHERE session_id = %s",
            (answer.json()["session_id"],),
        ).fetchone()
    assert kept == (2, "till 4.2.1", "K9", "SN-0001")


def test_no_edition_in_common_is_a_signed_problem_that_names_the_centres(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    sent, answer = sign_on(till, protocols=[1, 3])
    assert (answer.status, slug_of(answer), answer.json()["params"]) == (400, "protocol-unknown", {"editions": "2"})
    assert is_signed_by_the_centre(till, sent, answer)
    assert till.charge_card(network.card(network.official()), "lunch").outcome == "approved", "its session goes on"


@pytest.mark.parametrize("suite", ["SM2-SM3-SM4", "X25519-HKDF-SHA256-HMAC-SHA256", SUITE + "-2", "A"])
def test_another_suite_is_a_signed_problem_that_names_the_centres(network: Network, scratch: Path, suite: str) -> None:
    till = network.terminal(scratch)
    for size in (32, 33, 65):
        sent, answer = sign_on(till, suite=suite, ephemeral=to_text(secrets.token_bytes(size)))
        assert (answer.status, slug_of(answer), answer.json()["params"]) == (400, "suite-unknown", {"suites": SUITE})
        assert is_signed_by_the_centre(till, sent, answer)
    assert till.charge_card(network.card(network.official()), "lunch").outcome == "approved", "its session goes on"


@pytest.mark.parametrize("suite", ["", "a", SUITE.lower(), SUITE + "\n", " " + SUITE, "-A", "A-", "A" * 65, "Ａ"])
def test_a_suite_has_one_spelling(network: Network, scratch: Path, suite: str) -> None:
    _, answer = sign_on(network.terminal(scratch), suite=suite)
    assert (answer.status, slug_of(answer)) == (400, "invalid")


@pytest.mark.parametrize("size", [17, 31, 33, 65])
def test_the_suite_says_how_long_an_ephemeral_key_is(network: Network, scratch: Path, size: int) -> None:
    till = network.terminal(scratch)
    sent, answer = sign_on(till, ephemeral=to_text(secrets.token_bytes(size)))
    assert (answer.status, slug_of(answer)) == (400, "invalid")
    assert is_signed_by_the_centre(till, sent, answer)


def messages(till: Terminal, network: Network) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    """One message of each kind: method, path, header fields, body."""
    key, code = Ed25519PrivateKey.generate(), "A" * 16
    public = to_text(key.public_key().public_bytes_raw())
    number = str(till.identity.terminal_id)
    for path, message, sender, key_id in [
        (
            "/terminal/enrolments",
            {"enrolment_id": 1, "code": code, "public_key": public, "centre_key": 1},
            key,
            "enrolment",
        ),
        ("/terminal/sessions", sign_on_message(till), till.identity.private_key, number),
        ("/terminal/shifts/closings", closing_message(till), till.identity.private_key, number),
        ("/phone/certificates", {"activation_id": 1, "code": code, "public_key": public}, key, "phone"),
    ]:
        yield "POST", path, *opening(network.url, path, message, sender, key_id)
    charge = {"meal": "lunch", "purchased_at": till.now(), "qr": "OC1:ABCDEFGH"}
    for path, asked in [
        ("/terminal/charges", charge),
        ("/terminal/voids", {"target_epoch": 1, "target_sequence": 1}),
        ("/terminal/shifts", {"cashier": "c-1", "drawer": "1", "opened_at": till.now()}),
    ]:
        yield "POST", path, *in_session(till, path, asked)
    for method, path in [
        ("GET", "/terminal/requests/1/1/9"),
        ("GET", "/terminal/block-list/0"),
        ("DELETE", "/terminal/sessions/current"),
    ]:
        yield method, path, *in_session(till, path, None, method)


@pytest.mark.parametrize("tag", ["", ';tag="onecard-1"', ';tag="onecard-3"'])
def test_a_message_of_another_edition_is_refused_whatever_it_asks(network: Network, till: Terminal, tag: str) -> None:
    for method, path, headers, body in messages(till, network):
        field = headers["signature-input"].replace(f';tag="{signatures.TAG}"', tag)
        answer = post(network.url, path, headers | {"signature-input": field}, body, method)
        assert (answer.status, slug_of(answer)) == (400, "protocol-unknown"), path
        assert answer.json()["params"]["editions"] == "2"
        assert "signature" not in answer.headers, "what another edition signs is not known here"
        assert answer.headers["date"]


@pytest.mark.parametrize("host", ["other.example", "OTHER.example", "x:443", "127.0.0.1"])
def test_a_message_to_another_centre_is_no_message_to_this_one(network: Network, till: Terminal, host: str) -> None:
    for method, path, headers, body in messages(till, network):
        forwarded = {"x-forwarded-host": headers["host"], "forwarded": f"host={headers['host']}"}
        answer = post(network.url, path, headers | {"host": host} | forwarded, body, method)
        assert (answer.status, slug_of(answer)) == (401, "bad-signature"), path


def test_a_host_that_is_named_twice_is_refused(network: Network, till: Terminal) -> None:
    for method, path, headers, body in messages(till, network):
        fields = urllib3.HTTPHeaderDict(headers | JSON)
        fields.add("host", headers["host"])
        answer = urllib3.request(method, network.url + path, headers=fields, body=body, retries=False, timeout=60)
        assert answer.status in (400, 401), path


def test_every_answer_to_a_terminal_that_signed_is_signed_and_dated(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    key = Ed25519PrivateKey.generate()
    slip = network.slip()
    wanted = {
        "enrolment_id": slip.enrolment_id,
        "code": slip.code,
        "public_key": to_text(key.public_key().public_bytes_raw()),
        "centre_key": slip.centre_key,
    }
    for message, status in ((wanted, 201), (wanted | {"code": "B" * 16}, 403)):
        headers, body = opening(network.url, "/terminal/enrolments", message, key, "enrolment")
        answer = post(network.url, "/terminal/enrolments", headers, body)
        assert answer.status == status
        assert is_signed_by_the_centre(till, headers, answer)
        assert answer.headers["date"]
    message = sign_on_message(till)
    number = str(till.identity.terminal_id)
    for status in (201, 409):
        headers, body = opening(network.url, "/terminal/sessions", message, till.identity.private_key, number)
        answer = post(network.url, "/terminal/sessions", headers, body)
        assert answer.status == status
        assert is_signed_by_the_centre(till, headers, answer)
    till.sign_on()
    for path, wrong in (("/terminal/charges", {}), ("/terminal/voids", {}), ("/terminal/shifts", {"cashier": "c-1"})):
        headers, body = in_session(till, path, wrong)
        answer = post(network.url, path, headers, body)
        assert (answer.status, "signature" in answer.headers, "date" in answer.headers) == (400, True, True), path


def test_a_client_ignores_members_of_answers_that_it_does_not_know(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, official = network.terminal(scratch), network.official()
    card, session = network.card(official), till._signed_on()
    request = till._http.request

    def later_edition(method: str, url: str, **sent: Any) -> urllib3.BaseHTTPResponse:
        answer = request(method, url, **sent)
        body = wire.encode(answer.json() | {"weather": {"rain": True}, "mood": None})
        read = read_signature(method, url.removeprefix(till.url), sent["headers"], sent["body"], in_session=True)
        fields = sign_answer(
            read, answer.status, body, block_list=int(answer.headers["onecard-block-list"]), created=till.now(),
            key_id=session.session_id, sign=session.mac,
        )  # fmt: skip
        return urllib3.HTTPResponse(body, headers=fields | {"x-of-a-later-day": "1"}, status=answer.status)

    monkeypatch.setattr(till._http, "request", later_edition)
    paid = till.charge_card(card, "lunch")
    assert (paid.outcome, paid.receipt is not None) == ("approved", True)
    [charge] = till.journal.entries()
    assert [one.outcome for one in till.ledger_requests(charge.epoch, 1, 9)] == ["approved"]
    assert till.void(charge.epoch, charge.sequence).reversed_fen == 1_000
    with pytest.raises(Rejected) as refused:
        till.void(till.epoch, 2**53 - 1)
    assert refused.value.slug == "invalid"
    assert till.unknown() == []


def test_an_outcome_that_a_client_does_not_know_is_no_approval(
    network: Network, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, official = network.terminal(scratch), network.official()
    card, session = network.card(official), till._signed_on()
    request = till._http.request

    def later_edition(method: str, url: str, **sent: Any) -> urllib3.BaseHTTPResponse:
        answer, body = request(method, url, **sent), b'{"outcome":"deferred"}'
        read = read_signature(method, url.removeprefix(till.url), sent["headers"], sent["body"], in_session=True)
        fields = sign_answer(
            read, answer.status, body, block_list=7, created=till.now(), key_id=session.session_id, sign=session.mac
        )
        return urllib3.HTTPResponse(body, headers=fields, status=answer.status)

    monkeypatch.setattr(till._http, "request", later_edition)
    with pytest.raises(OutcomeUnknown):
        till.charge_card(card, "lunch")
    monkeypatch.undo()
    assert len(till.unknown()) == 1
    assert [answer.outcome for answer in till.resend_unknown()] == ["approved"]


REQUESTS: dict[str, dict[str, Any]] = {
    "/terminal/charges": {"meal": "lunch", "purchased_at": 1, "qr": "OC1:A"},
    "/terminal/voids": {"target_epoch": 1, "target_sequence": 1},
    "/terminal/shifts": {"cashier": "c-1", "drawer": "1", "opened_at": 1},
}


@pytest.mark.parametrize("path", REQUESTS)
def test_an_unknown_member_of_a_request_is_refused_by_name(till: Terminal, path: str) -> None:
    headers, body = in_session(till, path, REQUESTS[path] | {"purchased_at_all": 1})
    answer = post(till.url, path, headers, body)
    assert (answer.status, slug_of(answer)) == (400, "invalid")
    assert "purchased_at_all" in answer.data.decode()


def test_an_unknown_member_of_sign_on_is_refused_by_name(till: Terminal) -> None:
    for changes in ({"colour": 1}, {"device": {"software": "a", "model": "b", "serial": "c", "colour": 1}}):
        _, answer = sign_on(till, **changes)
        assert (answer.status, slug_of(answer)) == (400, "invalid")
        assert "colour" in answer.data.decode()


WRONG_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.0, 1.5, 2**53, 2**63, 10**18, "", " ", "1", "2", "a\n", "\n", "a ", " a", "\u0000"),
    *("a" * 65, "ü", "\u202e", "true", [], [[]], {}, [1], [True], ["2"], [2, 2.0], [0], [1000], [2] * 17, {"a": 1}),
]


def test_sign_on_takes_no_other_types_or_spellings(network: Network, scratch: Path) -> None:
    till = network.terminal(scratch)
    tries = accepted = failed = 0
    for member in ("suite", "protocols", "terminal_id", "ephemeral", "device", "software", "model", "serial"):
        for value in WRONG_VALUES:
            device = json.loads(wire.encode(DEVICE))
            if member in device:
                if value in ("1", "2", "true"):
                    continue
                changes = {"device": device | {member: value}}
            else:
                changes = {member: value}
            _, answer = sign_on(till, **changes)
            tries += 1
            accepted += answer.status < 300
            failed += answer.status >= 500
    assert (tries > 200, accepted, failed) == (True, 0, 0)
    _, answer = sign_on(till, device={name: secrets.token_hex(32) for name in ("software", "model", "serial")})
    assert answer.status == 201, "64 characters"


def test_a_charge_and_a_void_take_no_other_types_or_spellings(network: Network, scratch: Path) -> None:
    till, official = network.terminal(scratch), network.official()
    card = network.card(official)
    tries = accepted = failed = 0

    def send(path: str, sequence: int, message: dict[str, Any]) -> None:
        nonlocal tries, accepted, failed
        session, body = till._signed_on(), wire.encode(message)
        headers = till._signed(session, "POST", path, f"{session.epoch}/{sequence}", body)
        answer = post(till.url, path, headers, body)
        tries += 1
        accepted += answer.status < 300 and answer.json()["outcome"] != "refused"
        failed += answer.status >= 500

    shown = {"meal": "lunch", "purchased_at": till.now()}
    charge = shown | {"amount_fen": 1_000, "working_meal": True, "qr": "OC1:A", "card": {}}
    members = [*charge, "uid", "book", "holder_id", "credential_id", "counter", "session_id", "mac"]
    for member in members:
        for value in WRONG_VALUES:
            if (value is None and member in ("amount_fen", "working_meal", "qr")) or value is False:
                continue
            sequence = till._take_sequence()
            response = till._card_response(card.tap(), sequence, shown)
            message = shown | {"card": response}
            if member in charge:
                message |= {member: value}
            else:
                message["card"] = response | {member: value}
            send("/terminal/charges", sequence, message)
    for member in ("target_epoch", "target_sequence"):
        for value in WRONG_VALUES:
            send("/terminal/voids", till._take_sequence(), {"target_epoch": 1, "target_sequence": 1} | {member: value})
    assert (tries > 400, accepted, failed) == (True, 0, 0)
    assert network.purses(official) == (10_000, 0)
    assert till.charge_card(card, "lunch").outcome == "approved", "the card is none the worse for it"
