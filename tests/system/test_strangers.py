"""What strangers hold and ask for is bounded, and tills pay meanwhile."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from terminals.client_messages import Rejected
from terminals.phone import ask_for_holder, sign_for_holder
from tests.builders import Network
from tests.running_system import Person, System

LIMITS = {
    "workers": "1",
    "body_within_s": "2",
    "connections_max": "40",
    "connections_per_address_max": "20",
    "requests_per_address_per_s": "25",
    "requests_per_official_per_s": "2",
    "live_viewers_max": "4",
    "live_viewers_per_address_max": "2",
}


@pytest.fixture(scope="module")
def guarded(scratch: Path) -> Iterator[System]:
    """A system with low limits."""
    folder = scratch / "guarded"
    folder.mkdir()
    system = System(folder, **LIMITS, other_hosts="centre.example")
    system.environment["ONECARD_PUBLIC_URL"] = system.url
    system.start(within_s=120)
    yield system
    system.abandon()


def connect(system: System, address: str, within_s: float = 60) -> socket.socket:
    return socket.create_connection(("127.0.0.1", system.port), timeout=within_s, source_address=(address, 0))


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other side closes; a reset closes, too."""
    answer = b""
    try:
        while received := connection.recv(65_536):
            answer += received
    except ConnectionResetError:
        pass
    return answer


def test_a_connection_that_stays_silent_is_closed(guarded: System) -> None:
    with connect(guarded, "127.0.0.9") as silent:
        assert all_of(silent) == b""


def test_silent_connections_leave_room_for_a_till(guarded: System, tmp_path: Path) -> None:
    network = Network(guarded)
    till, card = network.terminal(tmp_path), network.card(network.official())
    with ExitStack() as stack:
        held = [stack.enter_context(connect(guarded, f"127.0.0.{20 + n % 4}")) for n in range(120)]
        assert till.charge_card(card, "lunch").outcome == "approved"
        assert all_of(held[0]) == b""


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 300_000,
        b"GET / HTTP/1.1\r\nhost: x\r\n" + b"".join(b"x-%d: 1\r\n" % n for n in range(200)) + b"\r\n",
        b"GET /" + b"a" * 40_000,
    ],
    ids=["a long field", "many fields", "a long path"],
)
def test_a_large_head_is_refused(guarded: System, head: bytes) -> None:
    with connect(guarded, "127.0.0.30") as connection:
        connection.sendall(head)
        assert all_of(connection).startswith(b"HTTP/1.1 431 ")


def test_a_head_in_small_pieces_is_refused_as_well(guarded: System) -> None:
    answer = b""
    with connect(guarded, "127.0.0.31") as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n")
        try:
            for n in range(4_000):
                connection.sendall(b"x-%d: 123\r\n" % n)
        except (ConnectionResetError, BrokenPipeError):
            return
        answer = all_of(connection)
    assert answer.startswith(b"HTTP/1.1 431 ")


def live(system: System, address: str) -> HTTPConnection:
    connection = HTTPConnection("127.0.0.1", system.port, timeout=60, source_address=(address, 0))
    connection.request("GET", "/live", headers={"accept-language": "en"})
    return connection


@pytest.mark.parametrize("first", [9_000, 16_000])
def test_a_large_head_in_two_pieces_is_refused_as_well(guarded: System, first: int) -> None:
    """Its last piece counts, too, however the network cuts it."""
    head = b"POST /terminal/sessions HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nx-long: " + b"x" * 17_000 + b"\r\n\r\n"
    with connect(guarded, "127.0.0.10") as connection:
        connection.sendall(head[:first])
        time.sleep(0.2)
        connection.sendall(head[first:] + b"{}")
        assert all_of(connection).startswith(b"HTTP/1.1 431 ")


def test_a_large_head_behind_a_body_is_refused_as_well(system: System) -> None:
    """An answer may come before the body's end; what follows in the same piece is a head like any other."""
    too_large = b"POST /terminal/sessions HTTP/1.1\r\nhost: a\r\ncontent-length: 40000\r\n\r\n"
    long = (
        b"POST /terminal/sessions HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nx-long: " + b"x" * 17_000 + b"\r\n\r\n{}"
    )
    with connect(system, "127.0.0.1") as connection:
        connection.sendall(too_large + b" " * 39_000)
        assert connection.recv(4_096).startswith(b"HTTP/1.1 413 ")
        connection.sendall(b" " * 1_000 + long)
        assert b"HTTP/1.1 431 " in all_of(connection)


@pytest.mark.parametrize("cut", range(1, 4))
def test_the_end_of_a_head_may_lie_across_two_pieces(guarded: System, cut: int) -> None:
    body = b" " * 16_000
    head = b"POST /terminal/sessions HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 16000\r\n\r\n"
    with connect(guarded, "127.0.0.11") as connection:
        connection.sendall(head[:-cut])
        time.sleep(0.2)
        connection.sendall(head[-cut:] + body)
        assert all_of(connection).startswith(b"HTTP/1.1 400 ")


def test_live_pages_of_one_address_do_not_shut_out_others(guarded: System) -> None:
    open_ones = []
    for _ in range(2):
        connection = live(guarded, "127.0.0.40")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.fp.readline()
        open_ones.append(connection)
    refused = live(guarded, "127.0.0.40").getresponse()
    assert (refused.status, json.loads(refused.read())["detail"]) == (503, "too many live pages are open")
    assert int(refused.getheader("retry-after", "0")) > 0
    other = live(guarded, "127.0.0.41")
    assert other.getresponse().status == 200
    for connection in (*open_ones, other):
        connection.close()


@pytest.mark.parametrize(
    ("address", "path"), [("127.0.0.50", "/nothing"), ("127.0.0.51", "/phone/"), ("127.0.0.52", "/phone/nothing")]
)
def test_a_stranger_who_asks_without_end_is_slowed_down_and_a_till_is_not(
    guarded: System, tmp_path: Path, address: str, path: str
) -> None:
    network = Network(guarded)
    till, card = network.terminal(tmp_path), network.card(network.official())
    statuses: set[int] = set()
    connection = HTTPConnection("127.0.0.1", guarded.port, timeout=60, source_address=(address, 0))
    for _ in range(5_000):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        statuses.add(answer.status)
        if answer.status == 429:
            assert answer.getheader("retry-after")
            break
    connection.close()
    assert statuses - {200, 503} in ({404, 429}, {429})
    assert till.charge_card(card, "lunch").outcome == "approved"


@pytest.mark.parametrize(
    ("host", "status"),
    [(None, 200), ("centre.example", 200), ("evil.example", 401)],
    ids=["ours", "another", "foreign"],
)
def test_what_is_signed_for_another_centre_is_not_taken(
    guarded: System, tmp_path: Path, host: str | None, status: int
) -> None:
    """A phone or till that was led to another host signs for that one, whose owner sends it on as it is."""
    network = Network(guarded)
    official = network.official()
    till, phone, card = network.terminal(tmp_path), network.phone(official), network.card(official)
    named = urlsplit(guarded.url).netloc if host is None else host
    fields = sign_for_holder(f"http://{named}", phone, "GET", "/me", b"", int(time.time()))
    assert urllib3.request("GET", f"{guarded.url}/me", headers=fields, timeout=60).status == status
    till.authority = named
    charges, (fields, body) = f"{guarded.url}/terminal/charges", till.prepare_charge(card, "lunch")
    assert urllib3.request("POST", charges, headers=fields, body=body, timeout=60).status == status
    path = "/terminal/block-list/0"
    fields = till._signed(till._signed_on(), "GET", path, f"{till.epoch}/9", b"")
    assert urllib3.request("GET", guarded.url + path, headers=fields, timeout=60).status == status


def test_an_official_who_asks_without_end_is_slowed_down_and_can_report_that_phone_lost(guarded: System) -> None:
    network = Network(guarded)
    official, other = network.official(), network.official()
    stolen, kept, theirs = (network.phone(one) for one in (official, official, other))
    number = ask_for_holder(guarded.url, stolen, "GET", "/me")["credential_id"]
    for _ in range(500):
        try:
            ask_for_holder(guarded.url, stolen, "GET", "/me")
        except Rejected as refused:
            assert (refused.status, refused.slug) == (429, "too-many-requests")
            break
    else:
        pytest.fail("nothing slows it down")
    assert ask_for_holder(guarded.url, theirs, "GET", "/me")["holder_id"] == other.holder_id
    lost = f"/me/credentials/{number}/loss"
    assert ask_for_holder(guarded.url, kept, "POST", lost, {"reason": "lost"}) is None


def test_a_blocked_phone_that_pays_without_end_is_slowed_down(guarded: System) -> None:
    """Each message leaves rows for ever, also when it is refused."""
    network = Network(guarded)
    phone, canteen_id = network.phone(network.official()), network.canteen_id("yinzhou")
    sheet = network.centre.call("POST", "/terminals/sheets", {"canteen_id": canteen_id})
    number = ask_for_holder(guarded.url, phone, "GET", "/me")["credential_id"]
    network.centre.call("POST", f"/console/credentials/{number}/block", {"blocked": True, "reason": "lost"})
    message = {"epoch": 1, "sheet": sheet["code"], "canteen_id": canteen_id, "meal": "lunch", "amount_fen": 1_000}
    for sequence in range(1, 500):
        named = message | {"sequence": sequence, "purchased_at": int(time.time())}
        try:
            assert ask_for_holder(guarded.url, phone, "POST", "/phone/payments", named)["outcome"] == "refused"
        except Rejected as refused:
            assert (refused.status, refused.slug) == (429, "too-many-requests")
            break
    else:
        pytest.fail("nothing slows it down")


def counted(system: System, status: int) -> float:
    text = urllib3.request("GET", f"{system.url}/metrics").data.decode()
    found = re.search(rf'onecard_http_requests_total{{status="{status}"}} ([\d.]+)', text)
    return float(found[1]) if found else 0.0


def test_a_body_that_is_too_large_or_too_slow_is_logged_and_counted_as_such(system: System) -> None:
    person = Person(system.url, "kitchen-yinzhou")
    head = (
        f"POST %s HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {person.token}\r\ncontent-type: application/json\r\n"
        "x-request-id: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
    )
    before = {status: counted(system, status) for status in (408, 413, 499, 500)}
    with connect(system, "127.0.0.60") as connection:
        connection.sendall((head % ("/waste/weigh-ins", "too-large", 400_000)).encode() + b" " * 400_000)
        assert all_of(connection).startswith(b"HTTP/1.1 413 ")
    with connect(system, "127.0.0.60") as connection:
        connection.sendall((head % ("/waste/weigh-ins", "too-slow", 1_000)).encode() + b"{")
        assert all_of(connection).startswith(b"HTTP/1.1 408 ")
    with connect(system, "127.0.0.60") as connection:
        connection.sendall((head % ("/waste/weigh-ins", "hung-up", 1_000)).encode() + b"{")
    expected = {status: count + (status != 500) for status, count in before.items()}
    # Another worker's counts are seen when it has written its file.
    give_up_at = time.monotonic() + 60
    while {status: counted(system, status) for status in before} != expected and time.monotonic() < give_up_at:
        time.sleep(0.1)
    assert {status: counted(system, status) for status in before} == expected
    for name, status in (("too-large", 413), ("too-slow", 408)):
        [line] = [text for text in system.output.splitlines() if name in text]
        assert str(status) in line


def test_what_is_no_http_is_one_line_of_the_log_like_any_other(system: System) -> None:
    with connect(system, "127.0.0.61") as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n folded\r\n\x00\r\n\r\n")
        assert all_of(connection).startswith(b"HTTP/1.1 400 ")
    give_up_at = time.monotonic() + 30
    while not (lines := [line for line in system.output.splitlines() if "Invalid HTTP request" in line]):
        assert time.monotonic() < give_up_at
        time.sleep(0.1)
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z \[warning", line) for line in lines), lines


def test_open_streams_leave_strangers_their_turns(system: System) -> None:
    streams = [live(system, "127.0.0.62") for _ in range(10)]
    for stream in streams:
        answer = stream.getresponse()
        assert answer.status == 200
        assert answer.fp.readline()
    for _ in range(10):
        assert urllib3.request("GET", f"{system.url}/check-receipt", timeout=10).status == 200
    for stream in streams:
        stream.close()
