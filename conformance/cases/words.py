"""What the page says word for word of every message: values that it refuses and allows, members that it needs.

The vectors name them by JSON Pointer (RFC 6901) into the body of a message of each kind.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.bench import Bench, Group, Want
from conformance.device import phone_message
from conformance.page import changed, vectors
from conformance.wire import SIGNED, Sent
from foundation.calendar import ZONE
from terminals.keys import proof_text
from terminals.schemas import to_text

TILLS, SCALES, PHONES = Group("page"), Group("page"), Group("page")

_GROUPS = {
    "weigh_ins": SCALES,
    "phone_activation": PHONES,
    "p256_phone": PHONES,
    "phone_renewal": PHONES,
    "account": PHONES,
    "top_up": PHONES,
}


def _in_session(v: dict[str, Any]) -> bool:
    return "onecard-request" in v["request_headers"]


def _good(bench: Bench, kind: str) -> Any:
    """The page's body of this kind, with the numbers and keys of the devices on the bench."""
    body = json.loads(vectors()[kind]["request_body"])
    match kind:
        case "enrolment":
            return json.loads(bench.device.enrolment().body)
        case "sign_on":
            return bench.device.sign_on_message()
        case "key_renewal":
            device, new = bench.device, _next_key(bench)
            text = proof_text(device.terminal_id, device.key.public_key().public_bytes_raw())
            public = to_text(new.public_key().public_bytes_raw())
            own = {"terminal_id": device.terminal_id, "public_key": public, "proof": to_text(new.sign(text))}
            return own | {"centre_key": device.centre_key}
        case "charge" | "code_charge":
            return body | {"purchased_at": bench.till.now()}
        case "shift_closing":
            other = bench.other
            return body | {"terminal_id": other.terminal_id, "epoch": other.open_session.epoch}
        case "weigh_ins":
            for one in body["weigh_ins"]:
                one |= {"weigh_in_id": str(uuid4()), "business_date": datetime.now(ZONE).date().isoformat()}
            return body
        case "phone_activation":
            return bench.activation("ed25519")[1]
        case "p256_phone":
            return bench.activation("ecdsa-p256-sha256")[1]
        case "phone_renewal" | "account" | "top_up":
            own = {"certificate": to_text(bench.phone().certificate)}
            return body | own | ({"order_id": str(uuid4())} if kind == "top_up" else {})
    return body


def _next_key(bench: Bench) -> Ed25519PrivateKey:
    if "next key" not in bench.kept:
        bench.kept["next key"] = Ed25519PrivateKey.generate()
    found: Ed25519PrivateKey = bench.kept["next key"]
    return found


def _sent(bench: Bench, kind: str, body: bytes, path: str = "") -> Sent:
    """This body, properly signed as one of its kind."""
    v = vectors()[kind]
    path = path or v["path"]
    if _in_session(v):
        device = bench.scale if kind == "weigh_ins" else bench.till
        # The page's void has a number below which its targets are.
        number = int(v["request_headers"]["onecard-request"].split("/")[1]) if kind == "void" else device.next_number()
        return device.in_session(v["method"], path, body or None, number)
    match kind:
        case "phone_activation":
            return phone_message(bench.line, path, body, bench.activation("ed25519")[0])
        case "p256_phone":
            return phone_message(bench.line, path, body, bench.activation("ecdsa-p256-sha256")[0])
        case "phone_renewal" | "account" | "top_up":
            return phone_message(bench.line, path, body, bench.phone().key)
        case "enrolment":
            return bench.device.opening(path, body, key_id="enrolment")
        case "shift_closing":
            return bench.other.opening(path, body)
    return bench.device.opening(path, body)


def _ask(bench: Bench, kind: str, message: Any, want: Want) -> None:
    bench.expect(_sent(bench, kind, json.dumps(message).encode()), want)


def _signature(v: dict[str, Any]) -> str | None:
    return SIGNED if _in_session(v) else None


def _add_refused(group: Group, kind: str, v: dict[str, Any]) -> None:
    want = Want((400,), ("invalid",), signature=_signature(v))

    @group.case(f"page-refused-values-{kind.replace('_', '-')}", "11")
    def refused(bench: Bench) -> None:
        for pointer, values in v["refused_bodies"].items():
            for value in values:
                _ask(bench, kind, changed(_good(bench, kind), pointer, value), want)
        for pointer in v["needed"]:
            _ask(bench, kind, changed(_good(bench, kind), pointer), want)

    @group.case(f"page-malformed-{kind.replace('_', '-')}", "1")
    def malformed(bench: Bench) -> None:
        for text in vectors()["malformed"]:
            wrong = Want((400,), ("malformed", "invalid"), signature=_signature(v))
            bench.expect(_sent(bench, kind, text.encode()), wrong)


def _add_allowed(group: Group, kind: str, v: dict[str, Any]) -> None:
    @group.case(f"page-allowed-values-{kind.replace('_', '-')}", "11")
    def allowed(bench: Bench) -> None:
        for pointer, values in v["allowed_bodies"].items():
            for value in values:
                sent = _sent(bench, kind, json.dumps(changed(_good(bench, kind), pointer, value)).encode())
                came = bench.line.ask(sent)
                holds = 0 < came.status < 500 and came.slug not in ("invalid", "malformed")
                bench.must(f"{v['path']} {pointer} {value}", "not refused for its form", came, holds)
                if kind == "key_renewal" and came.status == 201:
                    bench.device.key = bench.kept.pop("next key")
        if kind == "sign_on":
            bench.device.begin_session()


def _add_paths(group: Group, kind: str, v: dict[str, Any]) -> None:
    @group.case(f"page-refused-paths-{kind.replace('_', '-')}", "3")
    def refused_paths(bench: Bench) -> None:
        for case in v["refused_paths"]:
            status = {"invalid": 400, "bad-signature": 401, "not-found": 404}[case["problem"]]
            want = Want((status,), (case["problem"],), signature=SIGNED if status == 400 else "unsigned")
            bench.judge(f"GET {case['path']}", want, bench.line.ask(_sent(bench, kind, b"", case["path"])))


def _kinds() -> Iterator[tuple[str, dict[str, Any]]]:
    return ((kind, v) for kind, v in vectors().items() if isinstance(v, dict) and "request_headers" in v)


for _kind, _v in _kinds():
    _group = _GROUPS.get(_kind, TILLS)
    if "refused_bodies" in _v:
        _add_refused(_group, _kind, _v)
        _add_allowed(_group, _kind, _v)
    if "refused_paths" in _v:
        _add_paths(_group, _kind, _v)
