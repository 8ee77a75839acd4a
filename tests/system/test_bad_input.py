"""Bad input: each gets a problem document or a refusal, never a 500, and posts nothing."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.console_routes import SIGN_IN_BYTES_MAX
from terminals.client import Terminal
from terminals.client_messages import OutcomeUnknown
from terminals.routes.opening import OPENING_BYTES_MAX
from terminals.schemas import to_text
from terminals.sessions import SUITE
from terminals.signatures import hmac_signer, sign_request
from tests.builders import Network
from tests.running_system import System

DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.fixture(scope="module")
def till(network: Network, scratch: Path) -> Terminal:
    return network.terminal(scratch, "yinzhou")


@pytest.fixture(autouse=True)
def _posts_nothing(request: pytest.FixtureRequest, system: System) -> Iterator[None]:
    before = _transfers(system)
    yield
    if "approves" not in request.keywords:
        assert _transfers(system) == before


def _transfers(system: System) -> int:
    with psycopg.connect(system.database_url) as db:
        return int(db.execute("SELECT count(*) FROM transfer").fetchone()[0])  # type: ignore[index]


def is_problem(answer: urllib3.BaseHTTPResponse, status: int, slug: str | None = None) -> dict[str, Any]:
    assert answer.status == status, answer.data
    assert answer.headers["content-type"].startswith("application/problem+json")
    document: dict[str, Any] = json.loads(answer.data)
    assert document["status"] == status
    assert {"type", "title", "detail", "code", "params"} <= document.keys()
    assert "advice" in document or {"title_zh", "title_en", "advice_zh", "advice_en"} <= document.keys()
    if slug:
        assert document["type"] == f"/problems/{slug}"
    return document


def post(system: System, path: str, body: bytes, **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request(
        "POST", system.url + path, body=body, headers={"content-type": "application/json"} | headers, retries=False
    )


def send(till: Terminal, body: bytes, path: str = "/terminal/charges", **changes: Any) -> urllib3.BaseHTTPResponse:
    """A signed message whose body is anything."""
    session = till._signed_on()
    arguments: dict[str, Any] = {
        "authority": till.authority,
        "request_id": f"{session.epoch}/{till._take_sequence()}",
        "created": int(time.time()),
        "key_id": session.session_id,
        "sign": session.mac,
    } | changes
    headers = sign_request("POST", path, body, **arguments)
    return urllib3.request("POST", till.url + path, body=body, headers=headers, retries=False)


HOSTILE_JSON = {
    "truncated": b'{"meal": "lunch"',
    "empty": b"",
    "not an object": b'"lunch"',
    "invalid UTF-8": b'{"meal": "\xff\xfe"}',
    "100,000 deep": DEEP,
    "100,000 objects deep": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    "duplicate keys": b'{"login": "a", "login": "b", "password": "c"}',
    "NUL": b'{"login": "\\u0000", "password": "c"}',
    "lone surrogate": b'{"login": "\\ud800", "password": "c"}',
    "400 digits": b'{"login": "a", "password": ' + b"9" * 400 + b"}",
    "5,000 digits": b'{"login": "a", "password": ' + b"9" * 5_000 + b"}",
    "NaN": b'{"login": NaN, "password": "c"}',
    "wrong type": b'{"login": 1, "password": "c"}',
    "unknown member": b'{"login": "a", "password": "c", "admin": true}',
    "missing member": b'{"login": "a"}',
    "too long": b'{"login": "' + b"a" * 65 + b'", "password": "c"}',
}


@pytest.mark.parametrize("body", HOSTILE_JSON.values(), ids=HOSTILE_JSON.keys())
def test_hostile_json_at_the_console(system: System, body: bytes) -> None:
    is_problem(post(system, "/console/sessions", body), 413 if len(body) > SIGN_IN_BYTES_MAX else 400)


@pytest.mark.parametrize("body", HOSTILE_JSON.values(), ids=HOSTILE_JSON.keys())
def test_hostile_json_in_a_signed_message(till: Terminal, body: bytes) -> None:
    answer = send(till, body)
    is_problem(answer, 400)
    assert "signature" in answer.headers, "a problem of an authenticated message is a signed answer"


@pytest.mark.parametrize("path", ["/terminal/enrolments", "/terminal/sessions", "/phone/certificates"])
@pytest.mark.parametrize("body", HOSTILE_JSON.values(), ids=HOSTILE_JSON.keys())
def test_hostile_json_before_anybody_is_known(system: System, path: str, body: bytes) -> None:
    is_problem(post(system, path, body), 413 if len(body) > OPENING_BYTES_MAX else 400)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/registry/network-imports?dry_run=true&sheet=canteens", "query.unknown"),
        ("/registry/network-imports?dry-run=true&dry-run=false", "query.twice"),
        ("/console/cards?dry-run=true", "query.none_taken"),
        ("/console/sessions?lang=en", "query.none_taken"),
    ],
)
def test_a_query_parameter_that_a_route_does_not_have(network: Network, path: str, code: str) -> None:
    answer = network.centre.ask("POST", path, {})
    assert is_problem(answer, 400, "invalid")["code"] == code


def test_a_link_keeps_working_when_a_messenger_adds_to_it(system: System) -> None:
    for page in ("/bulletins", "/reconciliation", "/phone/", "/"):
        assert urllib3.request("GET", f"{system.url}{page}?lang=en&from=singlemessage").status in (200, 503)
    assert urllib3.request("GET", f"{system.url}/health/live?probe=7").status == 200


GOOD_QR = "OC1:" + "0" * 100
CHARGE = {"meal": "lunch", "purchased_at": int(time.time()), "qr": GOOD_QR}


@pytest.mark.parametrize(
    "change",
    [
        {"amount_fen": 0},
        {"amount_fen": -1},
        {"amount_fen": 1_000_001},
        {"amount_fen": 10**18},
        {"amount_fen": "1500"},
        {"amount_fen": 15.5},
        {"amount_fen": True},
        {"meal": "supper"},
        {"meal": None},
        {"purchased_at": -1},
        {"purchased_at": 2**41},
        {"purchased_at": "2026-11-23T12:00:00Z"},
        {"qr": None},
        {"qr": "x" * 5_000},
        {"card": {}},
        {"card": {"uid": "zz"}},
        {"holder_id": 7},
    ],
    ids=str,
)
def test_a_charge_outside_its_schema(till: Terminal, change: dict[str, Any]) -> None:
    is_problem(send(till, json.dumps(CHARGE | change).encode()), 400, "invalid")


def test_both_card_and_code(till: Terminal) -> None:
    card = {
        "uid": "04" * 7, "key_version": 1, "book": 3302, "agency_id": 1, "holder_id": 1, "credential_id": 1,
        "counter": 1, "session_id": "a" * 22, "mac": to_text(bytes(16)),
    }  # fmt: skip
    is_problem(send(till, json.dumps(CHARGE | {"card": card}).encode()), 400, "invalid")
    only = {key: value for key, value in CHARGE.items() if key != "qr"}
    assert json.loads(send(till, json.dumps(only | {"card": card}).encode()).data)["reason"] == "credential_invalid"
    odd = card | {"mac": "a" * 21 + "b"}
    is_problem(send(till, json.dumps(only | {"card": odd}).encode()), 400, "invalid")


@pytest.mark.parametrize(
    "code", [GOOD_QR, "OC1:", "OC1:GGW", "hello world", "OC1:" + "::" * 30, "OC1:" + "9" * 391, "OC1:\u4e2d\u6587" * 3]
)
def test_codes_that_are_none(till: Terminal, code: str) -> None:
    answer = send(till, json.dumps(CHARGE | {"qr": code}).encode())
    if answer.status == 200:
        assert json.loads(answer.data)["reason"] == "credential_invalid"
    else:
        is_problem(answer, 400)


@pytest.mark.parametrize("days", [-2, 2])
def test_a_time_of_purchase_out_of_range(network: Network, till: Terminal, days: int) -> None:
    at = int(time.time()) + days * 86_400
    code = network.phone(network.official(cash_fen=0)).show_code(at=at)
    answer = send(till, json.dumps({"meal": "lunch", "purchased_at": at, "qr": code}).encode())
    assert json.loads(answer.data)["reason"] in {"too_late", "credential_expired"}


def body_of(charge: dict[str, Any]) -> bytes:
    return json.dumps(charge).encode()


@pytest.mark.parametrize("off_s", [-400, 400])
def test_created_out_of_range(till: Terminal, off_s: int) -> None:
    answer = send(till, body_of(CHARGE), created=int(time.time()) + off_s)
    is_problem(answer, 401, "created-out-of-range")


@pytest.mark.parametrize(
    "change",
    [
        {"sign": hmac_signer(bytes(32))},
        {"key_id": "A" * 22},
        {"key_id": "x"},
        {"request_id": "1"},
        {"request_id": "0/1"},
        {"request_id": "1/0"},
        {"request_id": "1/99999999999999999999"},
        {"request_id": "1/9999999999999999"},
        {"request_id": "1/1, 1/2"},
    ],
    ids=[
        "another key",
        "unknown session",
        "short session",
        "no slash",
        "epoch 0",
        "number 0",
        "20 digits",
        "16 digits",
        "two",
    ],
)
def test_wrong_signatures(till: Terminal, change: dict[str, Any]) -> None:
    is_problem(send(till, body_of(CHARGE), **change), 401, "bad-signature")


def test_a_wrong_epoch(till: Terminal) -> None:
    is_problem(send(till, body_of(CHARGE), request_id="9/1"), 409, "epoch-wrong")


def test_a_missing_signature(system: System) -> None:
    is_problem(post(system, "/terminal/charges", body_of(CHARGE)), 401, "bad-signature")
    device = {"software": "a", "model": "b", "serial": "c"}
    sign_on = {
        "suite": SUITE, "protocols": [2], "terminal_id": 1, "ephemeral": "A" * 43, "centre_key": 1, "device": device,
    }  # fmt: skip
    is_problem(post(system, "/terminal/sessions", body_of(sign_on)), 401, "bad-signature")


def test_a_body_that_is_not_the_signed_one(till: Terminal) -> None:
    session = till._signed_on()
    headers = sign_request(
        "POST", "/terminal/charges", b"{}", authority=till.authority, request_id="1/77", created=int(time.time()),
        key_id=session.session_id, sign=session.mac,
    )  # fmt: skip
    answer = urllib3.request("POST", till.url + "/terminal/charges", body=b"{ }", headers=headers, retries=False)
    is_problem(answer, 401, "bad-signature")


def test_a_signed_path_takes_no_query(till: Terminal) -> None:
    session = till._signed_on()
    headers = sign_request(
        "POST", "/terminal/charges", b"{}", authority=till.authority, request_id="1/78", created=int(time.time()),
        key_id=session.session_id, sign=session.mac,
    )  # fmt: skip
    answer = urllib3.request("POST", till.url + "/terminal/charges?a=1", body=b"{}", headers=headers, retries=False)
    is_problem(answer, 401, "bad-signature")


def test_an_unknown_terminal(system: System, network: Network, scratch: Path) -> None:
    terminal = network.terminal(scratch)
    with psycopg.connect(system.database_url) as db:
        db.execute("UPDATE terminal SET state = 'revoked' WHERE terminal_id = %s", (terminal.identity.terminal_id,))
    with pytest.raises(OutcomeUnknown) as refused:
        terminal.sign_on()
    assert refused.value.slug == "bad-signature"
    time.sleep(3.2)
    is_problem(send(terminal, body_of(CHARGE)), 401, "session-ended")


@pytest.mark.approves
def test_a_repeat_with_the_same_and_with_another_digest(system: System, network: Network, till: Terminal) -> None:
    code = network.phone(network.official()).show_code()
    before = _transfers(system)
    body = body_of({"meal": "lunch", "purchased_at": int(time.time()), "qr": code})
    number = f"{till.epoch}/{till._take_sequence()}"
    first, again = (send(till, body, request_id=number) for _ in range(2))
    assert (first.status, first.data) == (200, again.data)
    is_problem(send(till, body_of(CHARGE), request_id=number), 422, "other-content")
    is_problem(send(till, b'{"target_epoch":1,"target_sequence":1}', "/terminal/voids", request_id=number), 422)
    assert _transfers(system) == before + 1


def test_a_missing_body_is_named_so(system: System) -> None:
    document = is_problem(post(system, "/console/sessions", b""), 400, "malformed")
    assert document["detail"] == "请求没有正文"


def test_a_body_over_the_limit(system: System, till: Terminal) -> None:
    is_problem(post(system, "/console/sessions", b" " * 300_000), 413, "too-large")
    is_problem(send(till, b" " * 300_000), 413, "too-large")


def test_a_body_that_arrives_a_byte_a_second(system: System) -> None:
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", system.port)) as slow:
        slow.sendall(b"POST /console/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")
        slow.settimeout(1)
        answer = b""
        while not answer and time.monotonic() < started + 20:
            try:
                slow.sendall(b"{")
                answer = slow.recv(4096)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"/problems/too-slow" in answer


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("PUT", "/terminal/charges", 405),
        ("GET", "/registry/directory", 401),
        ("POST", "/console/credentials/" + "9" * 30 + "/block", 400),
        ("POST", "/console/credentials/" + "9" * 5_000 + "/block", 404),
        ("POST", "/console/credentials/-1/block", 400),
        ("POST", "/console/enrolments/abc/approval", 404),
        ("GET", "/clearing/cycles/2026-13-45", 400),
        ("GET", "/waste/days/0000-00-00", 400),
        ("GET", "/%00", 404),
        ("GET", "/clearing/cycles/%00", 404),
    ],
)
def test_wrong_addresses(system: System, network: Network, method: str, path: str, status: int) -> None:
    headers = {"content-type": "application/json"}
    if status != 401:
        headers["authorization"] = f"Bearer {network.centre.token}"
    answer = urllib3.request(method, system.url + path, body=None if method == "GET" else b"{}", headers=headers)
    assert answer.status in {status, 400, 404} if status in {400, 404} else answer.status == status
    is_problem(answer, answer.status)


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer \u00ff", "Bearer " + "a" * 5_000]
)
def test_wrong_tokens(system: System, authorization: str) -> None:
    # Bytes are sent as they are, also those that no header may hold.
    headers: Any = {"authorization": authorization.encode("latin-1")}
    answer = urllib3.request("GET", f"{system.url}/registry/directory", headers=headers)
    is_problem(answer, 401, "not-signed-in")


def test_a_wrong_password_and_too_many_of_them(system: System) -> None:
    for login in ("nobody", "supervisor"):
        answer = post(system, "/console/sessions", json.dumps({"login": login, "password": "wrong"}).encode())
        is_problem(answer, 401, "wrong-password")
    body = json.dumps({"login": "guessed", "password": "wrong"}).encode()
    answers = [post(system, "/console/sessions", body) for _ in range(31)]
    is_problem(answers[-1], 429, "too-many-tries")
    assert int(answers[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("path", "message", "slug"),
    [
        ("/settlement/top-ups", {"agency_id": 1, "deposits": []}, "invalid"),
        ("/settlement/top-ups", {"agency_id": 1, "deposits": [{"posting_id": "x"}]}, "invalid"),
        ("/registry/officials", {"agency_id": 1, "officials": [{"name": "a", "staff_number": "b"}]}, "not-found"),
        ("/registry/officials", {"agency_id": 2**60, "officials": [{"name": "a", "staff_number": "b"}]}, "invalid"),
        ("/console/cards", {"agency_id": 1, "cards": [{"holder_id": 1, "uid": "04"}]}, "invalid"),
        ("/console/enrolments", {"canteen_id": 1}, "not-found"),
        ("/clearing/cycles", {"business_date": "2099-01-01"}, "day-not-reached"),
        ("/clearing/cycles", {"business_date": "1999-01-01"}, "no-cycle"),
        ("/clearing/cycles", {"business_date": "tomorrow"}, "invalid"),
    ],
)  # fmt: skip
def test_wrong_messages_of_people(network: Network, path: str, message: Any, slug: str) -> None:
    answer = network.centre.ask("POST", path, message)
    is_problem(answer, answer.status, slug)
    assert answer.status < 500


@pytest.mark.parametrize("amount_fen", [0, -5, 1_000_001])
def test_a_top_up_out_of_bounds(network: Network, amount_fen: int) -> None:
    official = network.official(cash_fen=0)
    deposit = {
        "posting_id": "0190b0d4-0000-7000-8000-0000000000aa",
        "holder_id": official.holder_id,
        "amount_fen": amount_fen,
    }
    answer = network.centre.ask("POST", "/settlement/top-ups", {"agency_id": official.agency_id, "deposits": [deposit]})
    is_problem(answer, 400, "invalid")


def test_weigh_ins_that_are_wrong(network: Network) -> None:
    kitchen = network.person("kitchen-yinzhou")
    good = {
        "weigh_in_id": "0190b0d4-0000-7000-8000-000000000001", "canteen_id": network.canteen_id("yinzhou"),
        "business_date": time.strftime("%Y-%m-%d"), "meal": "lunch", "stream": "plate", "weight_g": 100,
    }  # fmt: skip
    for change in (
        {"weight_g": 0}, {"weight_g": -1}, {"weight_g": 3_000_000}, {"stream": "soup"}, {"meal": "tea"},
        {"business_date": "2020-01-01"}, {"business_date": "2099-01-01"}, {"canteen_id": network.canteen_id("city")},
    ):  # fmt: skip
        answer = kitchen.ask("POST", "/waste/weigh-ins", {"weigh_ins": [good | change]})
        is_problem(answer, 404 if "canteen_id" in change else 400)
    assert kitchen.ask("POST", "/waste/weigh-ins", {"weigh_ins": [good, good]}).status == 400


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_get_a_problem(till: Terminal, body: bytes) -> None:
    is_problem(send(till, body), 400)


def test_a_problem_is_in_the_callers_language(system: System) -> None:
    for accepted, tag, title in (
        (None, "zh-Hans-CN", "请求格式错误"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en", "The request cannot be read"),
        ("fr", "zh-Hans-CN", "请求格式错误"),
    ):
        headers = {"accept-language": accepted} if accepted else {}
        answer = post(system, "/console/sessions", b"{", **headers)
        document = is_problem(answer, 400, "malformed")
        assert (document["title"], answer.headers["content-language"]) == (title, tag)
        assert document["code"] == "json.not_json"


def test_a_problem_for_a_terminal_is_in_both_languages(till: Terminal) -> None:
    document = is_problem(send(till, b"{"), 400, "malformed")
    assert document["title"] == "请求格式错误 / The request cannot be read"
    assert (document["title_zh"], document["title_en"]) == ("请求格式错误", "The request cannot be read")


@pytest.mark.parametrize(
    ("method", "path", "slug"),
    [
        ("GET", "/terminal/nothing", "not-found"),
        ("GET", "/terminal/requests/1/x/2", "not-found"),
        ("PUT", "/terminal/charges", "method-not-allowed"),
        ("GET", "/terminal/sessions", "method-not-allowed"),
        ("GET", "/terminal/", "not-found"),
        ("POST", "/phone/nothing", "not-found"),
        ("DELETE", "/phone/account", "method-not-allowed"),
    ],
)
@pytest.mark.parametrize("accepted", ["application/json", "text/html"])
def test_an_unknown_path_or_method_of_devices_is_told_in_both_languages(
    system: System, method: str, path: str, slug: str, accepted: str
) -> None:
    answer = urllib3.request(method, system.url + path, headers={"accept": accepted, "accept-language": "en"})
    document = is_problem(answer, {"not-found": 404, "method-not-allowed": 405}[slug], slug)
    assert document["title"] == f"{document['title_zh']} / {document['title_en']}"
    assert document["advice_zh"] != document["advice_en"]
    assert "advice" not in document
    assert "content-language" not in answer.headers
