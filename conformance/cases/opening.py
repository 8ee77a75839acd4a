"""Enrolment and sign-on (sections 4 and 5)."""

import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.bench import Bench, Group, NotReady, ok, problem, unsigned
from terminals.schemas import to_text
from terminals.sessions import SUITE
from terminals.signatures import PROTOCOL

ENROLMENT, SIGN_ON = Group("enrolment"), Group("sign-on")

SMALL_ORDER = bytes([1]) + bytes(31)
"""The neutral element of Ed25519's group: everybody can sign under it."""
KNOWN_AFTER_S = 6.0
"""Workers know the end of a session after at most 3 s."""


def _must_be_new(bench: Bench) -> None:
    if bench.unused_device(bench.subject).terminal_id:
        raise NotReady("an unused slip")


@ENROLMENT.case("enrolment-wrong-code", "4")
def wrong_code(bench: Bench) -> None:
    """A wrong code is refused, signed, and spoils nothing."""
    _must_be_new(bench)
    device = bench.unused_device(bench.subject)
    for changes in ({"code": "A" * 16}, {"enrolment_id": 1}):
        bench.expect(device.enrolment(**changes), problem(403, "enrolment-refused"))


@ENROLMENT.case("enrolment-signed-by-another-key", "4")
def another_signature(bench: Bench) -> None:
    """Who does not have the key cannot enrol it."""
    _must_be_new(bench)
    device, other = bench.unused_device(bench.subject), Ed25519PrivateKey.generate()
    sent = device.enrolment(other, public_key=to_text(device.key.public_key().public_bytes_raw()))
    bench.expect(sent, unsigned(401, "bad-signature"))


@ENROLMENT.case("enrolment-weak-key", "4")
def weak_key(bench: Bench) -> None:
    """A key of small order, or that is not canonical, is no key."""
    device = bench.unused_device(bench.subject)
    for key in (SMALL_ORDER, b"\xff" * 32):
        bench.expect(device.enrolment(public_key=to_text(key)), unsigned(400, "invalid"))


@ENROLMENT.case("enrolment-unknown-centre-key", "5.2")
def unknown_centre_key(bench: Bench) -> None:
    """A version that the centre does not have is answered under the one in use."""
    device = bench.unused_device(bench.subject)
    bench.expect(device.enrolment(centre_key=255), problem(403, "centre-key-unknown"))


@ENROLMENT.case("enrolment-strict-body", "1")
def strict_body(bench: Bench) -> None:
    """No other types, spellings or members."""
    device = bench.unused_device(bench.subject)
    wrong: list[dict[str, Any]] = [
        {"enrolment_id": True}, {"enrolment_id": 1.0}, {"enrolment_id": "1"}, {"enrolment_id": 0},
        {"enrolment_id": 2**53}, {"code": "a" * 16}, {"code": "A" * 15}, {"code": "A" * 16 + "\n"}, {"code": None},
        {"centre_key": 0}, {"centre_key": 256}, {"centre_key": True}, {"public_key": "A" * 42},
        {"public_key": "A" * 43 + "="}, {"colour": 1},
    ]  # fmt: skip
    for changes in wrong:
        bench.expect(device.enrolment(**changes), unsigned(400, "invalid"))


@ENROLMENT.case("enrolment", "4")
def enrolment(bench: Bench) -> None:
    """A slip becomes a terminal; the same message gets the same answer."""
    _must_be_new(bench)
    device = bench.unused_device(bench.subject)
    sent = device.enrolment()
    came = bench.expect(sent, ok(201))
    device.terminal_id = came.document["terminal_id"]
    members = {"terminal_id", "epoch", "canteen_id"}
    bench.must("members", f"{sorted(members)}", sorted(came.document), members <= came.document.keys())
    again = bench.expect(sent, ok(201))
    bench.must("the same message", came.body.decode(), again.body.decode(), came.body == again.body)


@ENROLMENT.case("enrolment-second-key", "4")
def second_key(bench: Bench) -> None:
    """A slip is good for one key."""
    device = bench.unused_device(bench.subject)
    if not device.terminal_id:
        raise NotReady("enrolment")
    bench.expect(device.enrolment(Ed25519PrivateKey.generate()), problem(403, "enrolment-refused"))


@SIGN_ON.case("sign-on", "5")
def sign_on(bench: Bench) -> None:
    """A session is agreed on, and everything that a terminal must know comes with it."""
    device = bench.device
    sent, came = device.begin_session()
    bench.judge(str(sent), ok(201, protocol=PROTOCOL, suite=SUITE), came)
    members = {
        "session_id", "protocol", "suite", "ephemeral", "epoch", "highest_sequence", "centre_time", "expires_at",
        "block_list_version", "key_renew_at", "parameters_version", "parameters",
    }  # fmt: skip
    missing = members - came.document.keys()
    bench.must("members", "all of section 5", sorted(missing), not missing)
    block_list = bench.expect(device.in_session("GET", "/terminal/block-list/0"), ok())
    bench.must("Onecard-Block-List", "a number", block_list.fields["onecard-block-list"],
               block_list.fields["onecard-block-list"].isdecimal())  # fmt: skip


@SIGN_ON.case("sign-on-highest-edition", "1.1")
def highest_edition(bench: Bench) -> None:
    """The centre chooses the highest edition that both speak."""
    bench.expect(bench.device.sign_on(protocols=[7, PROTOCOL, 1]), ok(201, protocol=PROTOCOL))


@SIGN_ON.case("sign-on-no-common-edition", "1.1")
def no_edition(bench: Bench) -> None:
    """Without a common edition the centre names its own, signed."""
    came = bench.expect(bench.device.sign_on(protocols=[998, 999]), problem(400, "protocol-unknown"))
    editions = str(came.document.get("params", {}).get("editions", ""))
    bench.must("params.editions", str(PROTOCOL), editions, str(PROTOCOL) in editions.replace(" ", "").split(","))


@SIGN_ON.case("sign-on-other-suite", "5")
def other_suite(bench: Bench) -> None:
    """A suite that the centre does not know, whatever its lengths."""
    for size in (32, 33, 65):
        sent = bench.device.sign_on(suite="SM2-SM3-SM4-TEST", ephemeral=to_text(bytes(range(size))))
        came = bench.expect(sent, problem(400, "suite-unknown"))
        suites = str(came.document.get("params", {}).get("suites", ""))
        bench.must("params.suites", SUITE, suites, SUITE in suites.replace(" ", "").split(","))


@SIGN_ON.case("sign-on-ephemeral-key", "5")
def ephemeral_key(bench: Bench) -> None:
    """The suite says how long an ephemeral key is; a degenerate one agrees on nothing."""
    for key in (bytes(range(31)), bytes(range(33)), bytes(range(65)), bytes(32)):
        bench.expect(bench.device.sign_on(ephemeral=to_text(key)), problem(400, "invalid"))


@SIGN_ON.case("sign-on-repeated", "5")
def repeated(bench: Bench) -> None:
    """An ephemeral key works once."""
    sent = bench.device.sign_on()
    bench.expect(sent, ok(201))
    bench.expect(sent, problem(409, "replayed-sign-in"))


@SIGN_ON.case("sign-on-by-nobody", "5")
def nobody(bench: Bench) -> None:
    """Unknown numbers and wrong keys get the same answer."""
    device, other = bench.device, Ed25519PrivateKey.generate()
    path = "/terminal/sessions"
    bench.expect(device.opening(path, device.sign_on_message(), key=other), unsigned(401, "bad-signature"))
    unknown = device.sign_on_message(terminal_id=2**53 - 1)
    bench.expect(device.opening(path, unknown, key_id=str(2**53 - 1)), unsigned(401, "bad-signature"))
    bench.expect(device.opening(path, device.sign_on_message(), key_id="1"), unsigned(401, "bad-signature"))


@SIGN_ON.case("sign-on-unknown-centre-key", "5.2")
def sign_on_centre_key(bench: Bench) -> None:
    """A version that the centre does not have is answered under the one in use."""
    bench.expect(bench.device.sign_on(centre_key=255), problem(403, "centre-key-unknown"))


@SIGN_ON.case("sign-on-strict-body", "1")
def sign_on_strict_body(bench: Bench) -> None:
    """No other types, spellings or members."""
    fine = {"software": "a", "model": "b", "serial": "c"}
    wrong: list[dict[str, Any]] = [
        {"suite": 1}, {"suite": SUITE.lower()}, {"suite": SUITE + "\n"}, {"suite": ""}, {"suite": "A" * 65},
        {"protocols": []}, {"protocols": [True]}, {"protocols": [2.0]}, {"protocols": ["2"]}, {"protocols": [0]},
        {"protocols": [1000]}, {"protocols": [2] * 17}, {"protocols": 2}, {"ephemeral": "A" * 21},
        {"ephemeral": "A" * 89}, {"centre_key": True}, {"device": None}, {"device": fine | {"colour": 1}},
        {"device": fine | {"model": ""}}, {"device": fine | {"model": " b"}}, {"device": fine | {"model": "b\n"}},
        {"device": fine | {"model": "b" * 65}}, {"device": fine | {"model": "型"}}, {"device": fine | {"serial": 1}},
        {"colour": 1},
    ]  # fmt: skip
    for changes in wrong:
        bench.expect(bench.device.sign_on(**changes), unsigned(400, "invalid"))
    device = bench.device
    body = json.dumps(device.sign_on_message()).replace("{", '{"centre_key": 1, ', 1).encode()
    bench.expect(device.opening("/terminal/sessions", body), unsigned(400, "malformed"))


@SIGN_ON.case("sign-on-ends-the-session-before", "5")
def ends_the_one_before(bench: Bench) -> None:
    """A new sign-on ends the earlier session; so does sign-off."""
    device = bench.device
    before = device.open_session
    sent, came = device.begin_session()
    bench.judge(str(sent), ok(201), came)
    _await_end(bench, before)
    bench.expect(device.in_session("DELETE", "/terminal/sessions/current"), ok(outcome="signed_off"))
    _await_end(bench, device.open_session)
    _, came = device.begin_session()
    bench.judge("a new sign-on", ok(201), came)


def _await_end(bench: Bench, session: Any) -> None:
    until = time.monotonic() + KNOWN_AFTER_S
    sent = bench.device.in_session("GET", "/terminal/block-list/0", session=session)
    while (came := bench.line.ask(sent)).status == 200 and time.monotonic() < until:
        time.sleep(0.25)
    bench.judge(f"{sent} in the session that has ended", unsigned(401, "session-ended"), came)
