"""The direct path for charges and the documented route give the same answers; both limit what they accept."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from loadtest.generator import prepare
from terminals.client import Terminal
from terminals.signatures import sign_request
from tests.builders import Network
from tests.running_system import System
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def plain_url(system: System) -> Iterator[str]:
    """The same application on uvicorn's own protocol, without the direct path."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ready = system.services.settings
    environment = system.environment | {
        "ONECARD_DATABASE_URL": ready.needed_database_url,
        "ONECARD_REDIS_URL": ready.needed_redis_url,
    }
    command = [sys.executable, "-m", "uvicorn", "onecard.app:create_server", "--factory", "--port", str(port)]
    options = ["--log-level", "error", "--no-server-header"]
    server = subprocess.Popen([*command, *options], env=environment)
    url = f"http://127.0.0.1:{port}"
    give_up_at = time.monotonic() + 30
    while True:
        try:
            if urllib3.request("GET", f"{url}/health", retries=False, timeout=2).status == 200:
                break
        except urllib3.exceptions.HTTPError:
            assert time.monotonic() < give_up_at
        time.sleep(0.1)
    yield url
    server.terminate()
    server.wait()


SIGNED_ANEW = {"signature", "signature-input", "date"}
"""Header fields that hold the time of the answer."""


def _answer_to(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and header fields of the answer; the signature's values are left out."""
    answer = urllib3.request(
        "POST", f"{url}/terminal/charges", body=body, headers=headers | {"content-type": "application/json"},
        retries=False, timeout=20,
    )  # fmt: skip
    fields = {name.lower(): value for name, value in answer.headers.items()}
    return answer.status, answer.data, fields | dict.fromkeys(SIGNED_ANEW & fields.keys(), "")


def _send(url: str, till: Terminal, sequence: int, body: bytes, **changes: str) -> tuple[int, bytes, dict[str, str]]:
    session = till._signed_on()
    path = "/terminal/charges"
    headers = sign_request(
        "POST", path, body, authority=till.authority, request_id=f"{session.epoch}/{sequence}", created=till.now(),
        key_id=session.session_id, sign=session.mac,
    ) | {"x-request-id": "same"} | changes  # fmt: skip
    return _answer_to(url, headers, body)


@pytest.mark.parametrize("presents", ["card", "code"])
@pytest.mark.parametrize("first_is_direct", [True, False])
def test_a_payment_approved_one_way_is_repeated_the_other_way_byte_for_byte(
    network: Network, plain_url: str, tmp_path: Path, presents: str, first_is_direct: bool
) -> None:
    till, official = network.terminal(tmp_path), network.official(cash_fen=5_000)
    shown = network.card(official) if presents == "card" else network.phone(official).show_code()
    headers, body = till.prepare_charge(shown, "lunch")
    headers["x-request-id"] = "till-7.payment-1"
    urls = (network.url, plain_url) if first_is_direct else (plain_url, network.url)
    approved, repeated = (_answer_to(url, headers, body) for url in urls)
    assert json.loads(approved[1])["outcome"] == "approved"
    assert approved[2]["x-request-id"] == "till-7.payment-1"
    assert approved == repeated
    assert network.purses(official) == (4_000, 0)


def test_every_charge_has_a_request_id_and_a_refused_one_names_it_in_the_log(
    network: Network, plain_url: str, tmp_path: Path, system: System
) -> None:
    till = network.terminal(tmp_path)
    for url in (network.url, plain_url):
        headers, body = till.prepare_charge("OC1:ABCDEFGH", "lunch")
        ids = [_answer_to(url, headers | offered, body)[2]["x-request-id"] for offered in ({}, {"x-request-id": "a b"})]
        assert len({*ids, "a b"}) == 3, "what does not fit is replaced"

    def refused_one_is_logged() -> bool:
        # Of each kind of warning the log takes a hundred in ten seconds.
        status, _, fields = _answer_to(network.url, {}, b"{}")
        assert status == 401
        time.sleep(0.5)
        return f"request_id={fields['x-request-id']}" in _without_colours(system.output)

    wait_until(refused_one_is_logged, "a refused charge's number is not in the log")


def _without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


GOOD = b'{"meal":"lunch","purchased_at":%d,"qr":"OC1:ABCDEFGH"}'

BODIES = {
    "a refusal": GOOD,
    "spaces": b' { "meal" : "lunch", "purchased_at": %d , "qr": "OC1:ABCDEFGH" } ',
    "escapes": b'{"meal":"l\\u0075nch","purchased_at":%d,"qr":"OC1:ABCDEFGH"}',
    "an explicit null": b'{"meal":"lunch","purchased_at":%d,"qr":"OC1:ABCDEFGH","card":null}',
    "an equal key": b'{"meal":"lunch","meal":"lunch","purchased_at":%d,"qr":"OC1:ABCDEFGH"}',
    "an unknown member": b'{"meal":"lunch","purchased_at":%d,"qr":"OC1:ABCDEFGH","tip":1}',
    "another type": b'{"meal":"lunch","purchased_at":"%d","qr":"OC1:ABCDEFGH"}',
    "neither card nor code": b'{"meal":"lunch","purchased_at":%d}',
    "NUL": b'{"meal":"lunch","purchased_at":%d,"qr":"OC1:ABC\\u0000"}',
    "a control character": b'{"meal":"lunch","purchased_at":%d,"qr":"OC1:ABCD\nEF"}',
    "not UTF-8": b'{"meal":"lunch","purchased_at":%d,"qr":"OC1:AB\xff"}',
    "not JSON": b"%d and more",
    "nothing": b"",
}


@pytest.mark.parametrize("case", BODIES)
def test_both_ways_say_the_same(network: Network, plain_url: str, tmp_path: Path, case: str) -> None:
    till = network.terminal(tmp_path)
    template = BODIES[case]
    body = template % till.now() if b"%d" in template else template
    assert _send(network.url, till, 1, body) == _send(plain_url, till, 1, body), case


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "onecard=:AAAA:"},
        {"content-digest": "sha-256=:AAAA:"},
        {"onecard-request": "1/0"},
        {"signature-input": ""},
    ],
)
def test_both_ways_refuse_the_same(network: Network, plain_url: str, tmp_path: Path, changes: dict[str, str]) -> None:
    till = network.terminal(tmp_path)
    body = GOOD % till.now()
    assert _send(network.url, till, 1, body, **changes) == _send(plain_url, till, 1, body, **changes)


def _raw(url: str, *pieces: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
        while received := connection.recv(65_536):
            answer += received
    return answer


HEALTH = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"
VOID = b"POST /terminal/voids HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
UNSIGNED = b"POST /terminal/charges HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"


@pytest.mark.parametrize("ahead", [b"", HEALTH, VOID, UNSIGNED, UNSIGNED[:-1]])
@pytest.mark.parametrize("first", ["charge", "health"])
def test_the_answer_that_is_due_comes_first_and_is_the_last_when_requests_come_ahead(
    network: Network, tmp_path: Path, first: str, ahead: bytes
) -> None:
    """What comes before an answer is never answered: nothing is lost, and nothing overtakes."""
    till, official = network.terminal(tmp_path), network.official(cash_fen=5_000)
    charge = prepare("/terminal/charges", *till.prepare_charge(network.card(official), "lunch"))
    due, ahead = (charge, ahead or charge) if first == "charge" else (HEALTH, ahead or HEALTH)
    answer = _raw(network.url, due + 20 * ahead)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close" in head
    assert answer.count(b"HTTP/1.1 ") == 1
    if first == "charge":
        assert json.loads(body)["outcome"] == "approved"
        assert network.purses(official) == (4_000, 0)


def _signed(till: Terminal, path: str, body: bytes, sequence: int = 1) -> dict[str, str]:
    session = till._signed_on()
    return sign_request(
        "POST", path, body, authority=till.authority, request_id=f"{session.epoch}/{sequence}", created=till.now(),
        key_id=session.session_id, sign=session.mac,
    )  # fmt: skip


SPELLINGS = [
    *("/{0}", "{0}/", "{0}//", "//terminal//{1}", "/terminal/./{1}", "/%74erminal/{1}", "/terminal/%{2:x}{3}"),
    *("{0}?", "{0}?a=b", "{0}#a", "http://x{0}", "http://x/{0}"),
]


@pytest.mark.parametrize("path", ["/terminal/charges", "/terminal/voids"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_signed_path_has_one_spelling(network: Network, tmp_path: Path, path: str, spelling: str) -> None:
    till, official = network.terminal(tmp_path), network.official()
    name = path.rsplit("/", 1)[1]
    spelled = spelling.format(path, name, ord(name[0]), name[1:])
    if name == "charges":
        headers, body = till.prepare_charge(network.card(official), "lunch")
    else:
        body = b'{"target_epoch":1,"target_sequence":1}'
        headers = _signed(till, path, body, 2)
    request = prepare(spelled, headers | {"connection": "close"}, body)
    answer = _raw(network.url, request)
    assert answer[9:12] in (b"401", b"404"), answer
    assert network.purses(official) == (10_000, 0)


@pytest.mark.parametrize("spelled", ["//terminal/charges", "/terminal/charges/", "/terminal/%63harges"])
def test_both_ways_refuse_another_spelling(network: Network, plain_url: str, tmp_path: Path, spelled: str) -> None:
    till = network.terminal(tmp_path)
    headers, body = till.prepare_charge("OC1:ABCDEFGH", "lunch")
    request = prepare(spelled, headers | {"connection": "close", "x-request-id": "same"}, body)
    answers = [_without_date(_raw(url, request)) for url in (network.url, plain_url)]
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"HTTP/1.1 401 ")


def _without_date(answer: bytes) -> bytes:
    return re.sub(rb"date: [^\r]*\r\n", b"", answer)


def test_a_client_that_goes_away_in_the_middle_of_a_body_is_no_error_of_ours(
    network: Network, system: System, tmp_path: Path
) -> None:
    before = len(system.output)
    host, port = network.url.removeprefix("http://").split(":")
    paths = ["/console/sessions", "/terminal/voids", "/terminal/charges", "/terminal/sessions", "/settlement/top-ups"]
    for number, path in enumerate(paths):
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\nx-request-id: gone-{number}\r\ncontent-type: application/json\r\n"
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(head.encode() + b'content-length: 100\r\n\r\n{"login":')
    assert urllib3.request("POST", f"{network.url}/terminal/voids", body=b"{}", retries=False).status == 401
    give_up_at = time.monotonic() + 30
    while "request_id=gone-0" not in _without_colours(system.output[before:]) and time.monotonic() < give_up_at:
        time.sleep(0.1)
    noted = _without_colours(system.output[before:])
    assert "status=500" not in noted
    assert "internal_error" not in noted


def test_every_answer_has_a_date(network: Network, tmp_path: Path) -> None:
    till = network.terminal(tmp_path)
    charge = prepare("/terminal/charges", *till.prepare_charge("OC1:ABCDEFGH", "lunch")).replace(
        b"content-length", b"connection: close\r\ncontent-length", 1
    )
    closing = UNSIGNED.replace(b"host: x", b"host: x\r\nconnection: close")
    large = UNSIGNED.replace(b"content-length: 2", b"content-length: 300000") + bytes(300_000)
    others = [
        request + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"
        for request in (b"POST /terminal/nothing", b"PUT /terminal/charges", b"POST /terminal/sessions", b"GET /health")
    ]
    garbage, fields = b"GARBAGE\r\n\r\n", HEALTH.replace(b"host: x", b"a: b\r\n" * 3_000 + b"host: x")
    for request in (charge, closing, large, *others, garbage, fields):
        head = _raw(network.url, request).partition(b"\r\n\r\n")[0]
        [date] = re.findall(rb"\r\ndate: ([^\r]*)", head)
        assert re.fullmatch(rb"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date)


def test_a_client_that_waits_to_be_asked_for_the_body_is_asked(network: Network) -> None:
    fields = b"host: x\r\nconnection: close\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n"
    head = b"POST /terminal/charges HTTP/1.1\r\n" + fields
    answer = _raw(network.url, head, b"{}")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 ")
    assert b"connection: close" in answer or answer.endswith(b"}")


def test_the_rest_of_a_connection_works_after_a_charge(network: Network) -> None:
    charge = b"POST /terminal/charges HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
    host, port = network.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(charge)
        assert _answer(connection).startswith(b"HTTP/1.1 401 ")
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert _answer(connection).startswith(b"HTTP/1.1 200 ")
        connection.sendall(charge)
        assert _answer(connection).startswith(b"HTTP/1.1 401 ")


def _answer(connection: socket.socket) -> bytes:
    """One whole answer; head and body may come apart."""
    answer = b""
    while True:
        answer += connection.recv(65_536)
        head, gap, body = answer.partition(b"\r\n\r\n")
        length = next((f for f in head.lower().split(b"\r\n") if f.startswith(b"content-length:")), b"")
        if gap and len(body) >= int(length.split(b":")[1]):
            return answer
