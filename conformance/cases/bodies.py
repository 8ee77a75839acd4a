"""Bodies of the session's messages: strict JSON, known members, limits on both sides (section 1)."""

import json
from typing import Any

from conformance.bench import Bench, Group, Want, ok, problem, refused
from conformance.device import Device
from conformance.wire import Sent

GROUP = Group("bodies")

BODY_MAX = 262_144
NOT_A_CODE = {"qr": "OC1:CONFORMANCE"}


def _charge(bench: Bench, body: Any) -> Sent:
    return bench.till.charge(body)


def _text(device: Device, **more: Any) -> str:
    return json.dumps(device.paying("lunch") | NOT_A_CODE | more)


@GROUP.case("body-not-json", "1")
def not_json(bench: Bench) -> None:
    """What is no JSON text is refused, signed: its sender is known."""
    till = bench.till
    fine = _text(till)
    wrong = [
        b"", b"{", b"nothing", b"[]", b"1", b'"a"', b"null", fine.encode() + b"}", b"\xef\xbb\xbf" + fine.encode(),
        fine.replace("OC1", "\\ud800").encode(), fine.replace("OC1", "\\u0000").encode(),
        fine.encode().replace(b"OC1", b"\xff\xfe"), fine.replace("lunch", "NaN").replace('"NaN"', "NaN").encode(),
        fine.replace("{", "{'a': 1, ", 1).encode(),
    ]  # fmt: skip
    for path in ("/terminal/charges", "/terminal/voids", "/terminal/shifts"):
        for body in wrong if path == "/terminal/charges" else wrong[:7]:
            bench.expect(till.in_session("POST", path, body), problem(400, "malformed", "invalid"))


@GROUP.case("body-equal-keys", "1")
def equal_keys(bench: Bench) -> None:
    """An object with equal keys is refused, whichever of them is right."""
    till = bench.till
    for more in ('"meal": "lunch", ', '"meal": "dinner", ', '"qr": "OC1:A", '):
        bench.expect(_charge(bench, _text(till).replace("{", "{" + more, 1).encode()), problem(400, "malformed"))


@GROUP.case("body-depth", "1")
def depth(bench: Bench) -> None:
    """Nesting deeper than 16 is refused as such, whatever it holds."""
    till = bench.till
    for levels in (17, 1_000, 100_000):
        body = _text(till)[:-1] + ', "a": ' + "[" * (levels - 1) + "]" * (levels - 1) + "}"
        bench.expect(_charge(bench, body.encode()), problem(400, "malformed"))
    body = _text(till)[:-1] + ', "a": ' + "[" * 15 + "]" * 15 + "}"
    bench.expect(_charge(bench, body.encode()), problem(400, "invalid"))


@GROUP.case("body-integers", "1")
def integers(bench: Bench) -> None:
    """Integers of more than 19 digits, fractions, exponents and texts are no numbers of the protocol."""
    till = bench.till
    for number in ("9" * 20, "1" + "0" * 400, "1.0", "1e3", '"1"', "-1", "true", "01"):
        body = _text(till)[:-1] + f', "amount_fen": {number}' + "}"
        bench.expect(_charge(bench, body.encode()), problem(400, "malformed", "invalid"))


@GROUP.case("body-size", "1")
def size(bench: Bench) -> None:
    """256 KiB are read, one byte more is not."""
    till = bench.till
    fine = _text(till).encode()
    bench.expect(_charge(bench, fine + b" " * (BODY_MAX - len(fine))), refused("credential_invalid"))
    too_large = _charge(bench, fine + b" " * (BODY_MAX + 1 - len(fine)))
    bench.judge("a body of 262,145 bytes", Want((413, 0), signature="unsigned"), bench.line.ask(too_large))


@GROUP.case("body-unknown-member", "1.1")
def unknown_member(bench: Bench) -> None:
    """A member that the page does not have is refused by its name."""
    till = bench.till
    requests = {
        "/terminal/charges": till.paying("lunch") | NOT_A_CODE,
        "/terminal/voids": {"target_epoch": 1, "target_sequence": 1},
        "/terminal/shifts": {"cashier": "c-1", "drawer": "1", "opened_at": till.now()},
    }
    for path, message in requests.items():
        came = bench.expect(till.in_session("POST", path, message | {"of_a_later_day": 1}), problem(400, "invalid"))
        bench.must("the refusal", "names of_a_later_day", came.body.decode()[:120], b"of_a_later_day" in came.body)


_NUMBERS: list[Any] = [True, False, None, 1.0, "1", [], {}, 2**53, 2**63, -1]
_TEXTS: list[Any] = [True, None, 1, "", [], {}, "lunch\n", " lunch", "LUNCH"]


def _types(bench: Bench, path: str, fine: dict[str, Any], wrong: dict[str, list[Any]]) -> None:
    for member, values in wrong.items():
        for value in values:
            bench.expect(
                bench.till.in_session("POST", path, fine | {member: value}), problem(400, "invalid", "malformed")
            )
        left_out = {name: one for name, one in fine.items() if name != member}
        if member in fine:
            bench.expect(bench.till.in_session("POST", path, left_out), problem(400, "invalid"))


@GROUP.case("body-types-of-a-charge", "6")
def charge_types(bench: Bench) -> None:
    """No bool for a number, no number for a bool, no second spelling."""
    fine = bench.till.paying("lunch") | NOT_A_CODE
    some = [value for value in _NUMBERS if value is not None]
    wrong = {
        "meal": _TEXTS,
        "purchased_at": _NUMBERS,
        "amount_fen": [*some, 0, 1_000_001],
        "working_meal": [1, 0, "true", [], 1.0],
        "qr": [True, 1, [], {}, "A" * 4_297],
        "card": [True, 1, [], {}, "A"],
    }
    _types(bench, "/terminal/charges", fine, {name: wrong[name] for name in wrong if name != "qr"})
    for value in wrong["qr"]:
        bench.expect(_charge(bench, fine | {"qr": value}), problem(400, "invalid"))


@GROUP.case("body-types-of-a-void", "7")
def void_types(bench: Bench) -> None:
    """The numbers of a void's target."""
    wrong = {"target_epoch": [*_NUMBERS, 0, 2**31], "target_sequence": [*_NUMBERS, 0]}
    _types(bench, "/terminal/voids", {"target_epoch": 1, "target_sequence": 1}, wrong)


@GROUP.case("body-types-of-a-shift", "7.1")
def shift_types(bench: Bench) -> None:
    """Cashier and drawer are short codes, times are seconds."""
    texts: list[Any] = [True, None, 1, "", "a b", "-a", "a-", "a\n", "陈", "a" * 33, []]
    wrong: dict[str, list[Any]] = {"cashier": texts, "drawer": texts, "opened_at": [True, None, 1.0, "1", -1, 2**35]}
    _types(bench, "/terminal/shifts", {"cashier": "c-1", "drawer": "1", "opened_at": bench.till.now()}, wrong)


@GROUP.case("body-types-of-a-card", "6.1")
def card_types(bench: Bench) -> None:
    """The members of a card's answer, each with every wrong type."""
    till, number = bench.till, bench.till.next_number()
    fine = till.tapped(bench.card(), number, till.paying("lunch"), counter=1)
    numbers = [*_NUMBERS[:-2], -1, 0]
    wrong: dict[str, list[Any]] = {
        "uid": [True, None, 1, "", "04782e21801d8", "04782e21801d80\n", "04782e21801d8g", []],
        "key_version": [*numbers, 256], "book": [*numbers, 2**31], "agency_id": [*numbers, 2**32],
        "holder_id": [*numbers, 2**48], "credential_id": [*numbers, 2**48], "counter": numbers,
        "session_id": [True, None, 1, "", "A" * 21, "A" * 22 + "\n"],
        "mac": [True, None, 1, "", "A" * 21, "A" * 22 + "\n", "A" * 21 + "B"],
    }  # fmt: skip
    for member, values in wrong.items():
        for value in values:
            message = fine | {"card": fine["card"] | {member: value}}
            bench.expect(till.charge(message), problem(400, "invalid", "malformed"))
    bench.expect(till.charge(fine | {"card": fine["card"] | {"colour": 1}}), problem(400, "invalid"))


@GROUP.case("body-limits-inside", "6")
def limits_inside(bench: Bench) -> None:
    """Right on the limit is still right."""
    till = bench.till
    message = till.paying("lunch")
    bench.expect(till.charge(message | {"qr": "A" * 4_296}), refused("credential_invalid"))
    bench.expect(till.charge(message | {"qr": "a code of somebody else"}), refused("credential_invalid"))
    bench.expect(
        till.in_session("GET", "/terminal/block-list/0", request_id=f"{till.open_session.epoch}/9007199254740991"), ok()
    )
