"""Phones, scales and connections (sections 9, 7.2, 1 and 3)."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.bench import Bench, Group, Want, ok, problem, refused, unsigned
from conformance.device import phone_message
from conformance.wire import as_bytes
from foundation.calendar import ZONE
from terminals.phone_keys import P256_ORDER, phone_key_of, phone_signer
from terminals.qr import base45_encode
from terminals.schemas import to_bytes, to_text

PHONES, SCALES, CONNECTIONS = Group("phones"), Group("scales"), Group("connections")

ACTIVATION, RENEWAL, ACCOUNT = "/phone/certificates", "/phone/certificates/renewals", "/phone/account"
SLOW_WITHIN_S = 60.0
ALGORITHMS = ("ed25519", "ecdsa-p256-sha256")


def _given(status: int) -> Want:
    return Want((status,), signature="unsigned")


@PHONES.case("phone-wrong-code", "9")
def wrong_code(bench: Bench) -> None:
    """A wrong code is refused and spoils nothing."""
    for algorithm in ALGORITHMS:
        key, message = bench.activation(algorithm)
        wrong = phone_message(bench.line, ACTIVATION, message | {"code": "A" * 16}, key)
        bench.expect(wrong, unsigned(403, "enrolment-refused"))


@PHONES.case("phone-keys", "9.1")
def keys(bench: Bench) -> None:
    """A key is one of its algorithm, in its one spelling, and signs for itself."""
    key, message = bench.activation(ALGORITHMS[1])
    public = to_bytes(message["public_key"])
    for changes in (
        {"public_key": to_text(public[:-1])}, {"public_key": message["public_key"] + "\n"},
        {"public_key": to_text(b"\x04" + public[1:])}, {"public_key": to_text(b"\x02" + b"\xff" * 32)},
        {"algorithm": "ed25519"}, {"algorithm": "sm2"}, {"algorithm": True}, {"algorithm": None}, {"colour": 1},
        {"activation_id": True}, {"activation_id": 0}, {"code": "a" * 16},
    ):  # fmt: skip
        bench.expect(phone_message(bench.line, ACTIVATION, message | changes, key), unsigned(400, "invalid"))
    other = to_text(phone_key_of(ec.generate_private_key(ec.SECP256R1())).public)
    bench.expect(
        phone_message(bench.line, ACTIVATION, message | {"public_key": other}, key), unsigned(401, "bad-signature")
    )


@PHONES.case("phone-second-signature", "9.1")
def second_signature(bench: Bench) -> None:
    """A signature with the larger s is none."""
    key, message = bench.activation(ALGORITHMS[1])
    sign = phone_signer(key)

    def larger(base: bytes) -> bytes:
        signature = sign(base)
        return signature[:32] + (P256_ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")

    bench.expect(phone_message(bench.line, ACTIVATION, message, key, sign=larger), unsigned(401, "bad-signature"))


@PHONES.case("phone-activation", "9")
def activation(bench: Bench) -> None:
    """A code becomes a certificate; the same code and key get the same one, another key none."""
    for algorithm in ALGORITHMS:
        key, message = bench.activation(algorithm)
        sent = phone_message(bench.line, ACTIVATION, message, key)
        first, again = bench.expect(sent, _given(201)), bench.expect(sent, _given(201))
        members = {"certificate", "reference", "credential_id", "expires_at"}
        bench.must("members", str(sorted(members)), sorted(first.document), members <= first.document.keys())
        bench.must("the same certificate", first.body.decode()[:80], again.body.decode()[:80], first.body == again.body)
        fresh = Ed25519PrivateKey.generate() if algorithm == "ed25519" else ec.generate_private_key(ec.SECP256R1())
        other, stolen = bench.activation(algorithm, fresh)
        bench.expect(phone_message(bench.line, ACTIVATION, stolen, other), unsigned(403, "enrolment-refused"))


@PHONES.case("phone-renewal", "9")
def renewal(bench: Bench) -> None:
    """A certificate is renewed under the phone's key; within the same hour it is the same one."""
    for algorithm in ALGORITHMS:
        phone = bench.phone(algorithm)
        message = {"certificate": to_text(phone.certificate)}
        sent = phone_message(bench.line, RENEWAL, message, phone.key)
        first, again = bench.expect(sent, _given(201)), bench.expect(sent, _given(201))
        same = first.document.get("expires_at") != again.document.get("expires_at") or first.body == again.body
        bench.must("within the hour", "the same", again.body.decode()[:80], same)


@PHONES.case("phone-account", "9")
def account(bench: Bench) -> None:
    """The holder sees his purses, his payments and what was issued for him."""
    phone = bench.phone()
    message = {"certificate": to_text(phone.certificate)}
    came = bench.expect(phone_message(bench.line, ACCOUNT, message, phone.key), _given(200))
    members = {"cash_fen", "subsidy_fen", "payments", "credentials"}
    bench.must("members", str(sorted(members)), sorted(came.document), members <= came.document.keys())
    kinds = [one["kind"] for one in came.document["credentials"]]
    bench.must("credentials", "this phone", kinds, "phone" in kinds)


@PHONES.case("phone-certificate-of-another", "9")
def of_another(bench: Bench) -> None:
    """Whoever scans a code has its certificate: without the phone's key it says nothing."""
    phone, other = bench.phone(), bench.phone(ALGORITHMS[1])
    for path in (RENEWAL, ACCOUNT):
        message = {"certificate": to_text(phone.certificate)}
        bench.expect(phone_message(bench.line, path, message, other.key), unsigned(401, "bad-signature"))
        stranger = Ed25519PrivateKey.generate()
        bench.expect(phone_message(bench.line, path, message, stranger), unsigned(401, "bad-signature"))
        altered = bytearray(phone.certificate)
        altered[-1] ^= 1
        message = {"certificate": to_text(bytes(altered))}
        bench.expect(phone_message(bench.line, path, message, phone.key), unsigned(401, "bad-signature"))
        message = {"certificate": base45_encode(phone.certificate)[:300]}
        bench.judge(f"POST {path} another spelling", Want((400, 401), signature="unsigned"),
                    bench.line.ask(phone_message(bench.line, path, message, phone.key)))  # fmt: skip


@PHONES.case("phone-other-edition", "1.1")
def other_edition(bench: Bench) -> None:
    """A phone's messages name the edition, too."""
    phone = bench.phone()
    sent = phone_message(bench.line, ACCOUNT, {"certificate": to_text(phone.certificate)}, phone.key)
    field = sent.fields["signature-input"].replace("onecard-2", "onecard-1")
    bench.expect(sent.with_fields(signature_input=field), unsigned(400, "protocol-unknown"))


# Scales


def _weighed(**changes: Any) -> dict[str, Any]:
    today = datetime.now(ZONE).date()
    return {
        "weigh_in_id": str(uuid4()),
        "business_date": today.isoformat(),
        "meal": "lunch",
        "stream": "plate",
        "weight_g": 1_250,
    } | changes


def _send(bench: Bench, *weigh_ins: dict[str, Any]) -> Any:
    return bench.scale.in_session("POST", "/terminal/weigh-ins", {"weigh_ins": list(weigh_ins)})


@SCALES.case("scale-weigh-ins", "7.2")
def weigh_ins(bench: Bench) -> None:
    """Each is recorded once; another weight under its number is refused."""
    first, second = _weighed(), _weighed(stream="prepared", weight_g=40_000)
    bench.expect(_send(bench, first), ok(outcome="recorded", received=1, new=1))
    bench.expect(_send(bench, first), ok(outcome="recorded", received=1, new=0))
    bench.expect(_send(bench, first, second), ok(outcome="recorded", received=2, new=1))
    bench.expect(_send(bench, first | {"weight_g": 1_251}), problem(409))


@SCALES.case("scale-all-or-none", "7.2")
def all_or_none(bench: Bench) -> None:
    """One wrong weigh-in keeps all others of its message out."""
    fine = _weighed()
    future = (datetime.now(ZONE).date() + timedelta(days=3)).isoformat()
    past = (datetime.now(ZONE).date() - timedelta(days=15)).isoformat()
    for wrong in (_weighed(business_date=future), _weighed(business_date=past), fine, _weighed(food="no_such_food")):
        bench.expect(_send(bench, fine, wrong), problem(400, "invalid"))
    bench.expect(_send(bench, fine), ok(new=1))


@SCALES.case("scale-strict-body", "7.2")
def scale_strict_body(bench: Bench) -> None:
    """No other types, spellings or members; 1 to 200 at a time."""
    for changes in (
        {"weight_g": True}, {"weight_g": 0}, {"weight_g": -1}, {"weight_g": 1.5}, {"weight_g": "1"}, {"weight_g": None},
        {"weight_g": 2_000_001}, {"meal": "supper"}, {"stream": "soup"}, {"weigh_in_id": "1"}, {"colour": 1},
        {"business_date": "today"}, {"food": ""}, {"food": "Rice"}, {"dish": ""}, {"dish": "a" * 61},
    ):  # fmt: skip
        bench.expect(_send(bench, _weighed(**changes)), problem(400, "invalid"))
    bench.expect(_send(bench), problem(400, "invalid"))
    bench.expect(_send(bench, *(_weighed() for _ in range(201))), problem(400, "invalid"))
    bench.expect(_send(bench, _weighed(weight_g=1), _weighed(weight_g=2_000_000)), ok(new=2))


@SCALES.case("scale-foods", "7.2")
def foods(bench: Bench) -> None:
    """A scale may name every food that the centre lists."""
    came = bench.expect(bench.scale.in_session("GET", "/terminal/foods"), ok())
    listed = json.loads(came.body)
    bench.must("foods", "a list", listed[:1], isinstance(listed, list))
    today = datetime.now(ZONE).date().isoformat()
    known = [one["food"] for one in listed if one["valid_from"] <= today]
    if known:
        bench.expect(_send(bench, _weighed(food=known[0])), ok(new=1))


@SCALES.case("scale-takes-no-payments", "7.2")
def no_payments(bench: Bench) -> None:
    """A scale that charges, voids or has shifts is refused."""
    scale = bench.scale
    now = scale.now()
    charge = {"meal": "lunch", "purchased_at": now, "qr": "OC1:CONFORMANCE"}
    bench.expect(scale.charge(charge), problem(403, "not-allowed"))
    bench.expect(scale.void(1, 1_000_000), problem(403, "not-allowed"))
    opening = {"cashier": "c-1", "drawer": "1", "opened_at": now}
    bench.expect(scale.in_session("POST", "/terminal/shifts", opening), problem(403, "not-allowed"))
    number = scale.next_number()
    bench.expect(scale.opening("/terminal/shifts/closings", scale.closing(number, number)), problem(403, "not-allowed"))
    epoch = scale.open_session.epoch
    bench.expect(scale.in_session("GET", f"/terminal/requests/{epoch}/1/9"), problem(403, "not-allowed"))
    bench.expect(scale.in_session("GET", "/terminal/payments/7F3A2C"), problem(403, "not-allowed"))
    bench.expect(scale.in_session("GET", "/terminal/payers/7F3A2C"), problem(403, "not-allowed"))
    sheet_void = {"short_number": "7F3A2C", "reason": "conformance"}
    bench.expect(scale.in_session("POST", "/terminal/sheet-voids", sheet_void), problem(403, "not-allowed"))


# Connections


@CONNECTIONS.case("till-weighs-nothing", "7.2")
def till_weighs(bench: Bench) -> None:
    """A till that weighs is refused."""
    till = bench.till
    message = {"weigh_ins": [_weighed()]}
    bench.expect(till.in_session("POST", "/terminal/weigh-ins", message), problem(403, "not-allowed"))
    bench.expect(till.in_session("GET", "/terminal/foods"), problem(403, "not-allowed"))


@CONNECTIONS.case("connection-one-request-at-a-time", "1")
def one_at_a_time(bench: Bench) -> None:
    """What comes before the answer is not read, and the answer is the last one there."""
    till = bench.till
    numbers = [till.next_number() for _ in range(3)]
    message = till.paying("lunch") | {"qr": "OC1:CONFORMANCE"}
    sent = [till.charge(message, number) for number in numbers]
    came = bench.line.ask_ahead(sent)
    bench.must("three charges at once", "one answer", [str(one) for one in came], len(came) == 1)
    bench.judge(str(sent[0]), refused("credential_invalid"), came[0])
    said = came[0].fields.get("connection", "")
    bench.must("Connection", "close", said, said.lower() == "close")
    epoch = till.open_session.epoch
    path = f"/terminal/requests/{epoch}/{numbers[0]}/{numbers[-1]}"
    listed = bench.expect(till.in_session("GET", path), ok()).document["requests"]
    bench.must("posted", "the first", listed, [one["sequence"] for one in listed] == numbers[:1])


@CONNECTIONS.case("connection-no-such-path", "3")
def no_such_path(bench: Bench) -> None:
    """Other paths and methods are told from problems of the message; nobody signs there."""
    till = bench.till
    bench.judge("GET /terminal/nothing", Want((404,), signature="unsigned"),
                bench.line.ask(till.in_session("GET", "/terminal/nothing")))  # fmt: skip
    for method, path in (("GET", "/terminal/voids"), ("DELETE", "/terminal/shifts"), ("PUT", "/terminal/sessions")):
        bench.judge(f"{method} {path}", Want((405,), signature="unsigned"),
                    bench.line.ask(till.in_session(method, path)))  # fmt: skip


@CONNECTIONS.case("connection-large-head", "3")
def large_head(bench: Bench) -> None:
    """A head may have 16 KiB and 64 fields."""
    sent = bench.till.in_session("GET", "/terminal/block-list/0")
    size = sent.with_fields(**{"x-large": "a" * 17_000})
    many = sent.with_fields(**{f"x-{n}": "a" for n in range(80)})
    for name, one in (("17,000 bytes", size), ("80 fields", many)):
        bench.judge(f"a head of {name}", Want((431,), signature="unsigned"), bench.line.ask(one))
    some = sent.with_fields(**{f"x-{n}": "a" * 100 for n in range(40)})
    bench.expect(some, ok())


@CONNECTIONS.case("connection-no-http", "3")
def no_http(bench: Bench) -> None:
    """What is no HTTP gets 400 or nothing, and never a 5xx."""
    till, head = bench.till, b"POST /terminal/charges HTTP/1.1\r\n"
    for raw in (
        b"\x16\x03\x01\x00\xff" * 20,
        b"GET\r\n\r\n",
        head + b"content-length: x\r\n\r\n",
        head + b"content-length: 1\r\ncontent-length: 2\r\n\r\n{}",
    ):
        found = bench.line.send_raw(raw)
        statuses = [one.status for one in found]
        bench.must(repr(raw[:40]), "400 or nothing", statuses, all(400 <= status < 500 for status in statuses))
    bench.expect(till.in_session("GET", "/terminal/block-list/0"), ok())


@CONNECTIONS.case("connection-request-id", "1")
def request_id(bench: Bench) -> None:
    """A request may bring its own id, which the answer has; another spelling is not taken over."""
    till = bench.till
    sent = till.in_session("GET", "/terminal/block-list/0")
    came = bench.expect(sent.with_fields(**{"x-request-id": "till-7.shift_3"}), ok())
    told = came.fields.get("x-request-id")
    bench.must("x-request-id", "till-7.shift_3", told, told == "till-7.shift_3")
    came = bench.expect(sent.with_fields(**{"x-request-id": "a b"}), ok())
    told = came.fields.get("x-request-id", "")
    bench.must("x-request-id", "one of the centre's", told, told not in ("", "a b"))


@CONNECTIONS.case("connection-slow-request", "1", is_slow=True)
def slow_request(bench: Bench) -> None:
    """A request must arrive within ten seconds; then it gets 408, or the connection is closed. Others go on."""
    till = bench.till
    whole = as_bytes(till.charge(till.paying("lunch") | {"qr": "OC1:CONFORMANCE"}))
    begun = time.monotonic()
    with ThreadPoolExecutor(2) as waiting:
        # One never ends its head, the other never ends its body.
        halves = [waiting.submit(bench.line.send_raw, whole[:size]) for size in (60, len(whole) - 10)]
        bench.expect(till.in_session("GET", "/terminal/block-list/0"), ok())
        for name, half in zip(("a head", "a body"), halves, strict=True):
            came = half.result()
            statuses = [one.status for one in came]
            took_s = time.monotonic() - begun
            holds = statuses in ([], [408]) and 5 < took_s < SLOW_WITHIN_S
            bench.must(f"{name} that does not end", "408 or nothing, after some 10 s", f"{statuses}", holds)
            if came:
                bench.judge(f"{name} that does not end", unsigned(408), came[0])
