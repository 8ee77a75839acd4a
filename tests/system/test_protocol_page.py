"""The page's words and the API description against a running centre: what they refuse is refused, nothing is a 5xx."""

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.page import changed
from terminals.client import Terminal
from terminals.devices import SoftwarePhone
from terminals.keys import proof_text
from terminals.phone import ask_account
from terminals.schemas import to_text
from terminals.signatures import sign_request
from tests.builders import Network
from tests.running_system import System

PAGE = (Path(__file__).parents[2] / "docs" / "terminal-protocol.md").read_text(encoding="utf-8")
VECTORS: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[-1])
KINDS = sorted(name for name, v in VECTORS.items() if isinstance(v, dict) and "refused_bodies" in v)
QUESTIONS = sorted(name for name, v in VECTORS.items() if isinstance(v, dict) and "refused_paths" in v)
SCALES = {"weigh_ins", "foods"}

HTTP = urllib3.PoolManager(source_address=("127.0.0.77", 0))
"""From an address of its own: wrong codes are counted by address, and other tests send some, too."""


@dataclass
class Devices:
    """A till, a scale and a phone, and a slip that was not used."""

    network: Network
    till: Terminal
    apart: dict[str, Terminal]
    """Tills for messages that end a session or a key."""
    scale: Terminal
    phone: SoftwarePhone
    slip: tuple[int, str]
    activation: tuple[int, str]
    open_day: str

    def good_body(self, kind: str) -> Any:
        """The page's body of this kind, with the numbers and keys of these devices."""
        body = json.loads(VECTORS[kind]["request_body"])
        till = self._till(kind)
        own = {
            "terminal_id": till.identity.terminal_id,
            "certificate": to_text(self.phone.certificate),
        }
        body |= {name: value for name, value in own.items() if name in body}
        if kind == "enrolment":
            body |= {"enrolment_id": self.slip[0], "code": self.slip[1]}
        if kind == "phone_activation":
            body |= {"activation_id": self.activation[0], "code": self.activation[1]}
        if kind == "key_renewal":
            old = till.identity.private_key.public_key().public_bytes_raw()
            body["proof"] = to_text(key_of("terminal_next").sign(proof_text(till.identity.terminal_id, old)))
        if kind == "weigh_ins":
            body["weigh_ins"][0] |= {"weigh_in_id": str(uuid4()), "business_date": self.open_day}
        if kind in ("charge", "code_charge"):
            body["purchased_at"] = int(time.time())
        return body

    def _till(self, kind: str) -> Terminal:
        return self.apart.get(kind, self.till)

    def send(
        self, kind: str, text: str, path: str | None = None, method: str | None = None, **changes: Any
    ) -> urllib3.BaseHTTPResponse:
        """Send this body, properly signed as one of its kind; ``changes`` to what is signed, or by whom."""
        v = VECTORS[kind]
        path, method, body = path or v["path"], method or v["method"], text.encode()
        asked: dict[str, Any] = {"authority": self.till.authority, "created": int(time.time())}
        if "onecard-request" in v["request_headers"]:
            terminal = changes.pop("terminal", self.scale if kind in SCALES else self.till)
            session = terminal._signed_on()
            # Numbers far above those of other tests; a void's own is the page's, which its target is below.
            number = 51 if kind == "void" else terminal._take_sequence()
            asked |= {"request_id": f"{session.epoch}/{number}", "key_id": session.session_id, "sign": session.mac}
        elif path.startswith("/phone"):
            is_new = path == "/phone/certificates"
            asked |= {"key_id": "phone", "sign": (key_of("phone") if is_new else self.phone.key).sign}
        elif kind == "enrolment":
            asked |= {"key_id": "enrolment", "sign": key_of("terminal").sign}
        else:
            till = self._till(kind).identity
            asked |= {"key_id": str(till.terminal_id), "sign": till.private_key.sign}
        fields = changes.pop("fields", {})
        headers = sign_request(method, path, body, **asked | changes) | {"content-type": "application/json"} | fields
        return HTTP.request(method, self.till.url + path, body=body or None, headers=headers, retries=False, timeout=60)


def key_of(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["keys"][f"{name}_private"]))


@pytest.fixture(scope="module")
def devices(network: Network, scratch: Path) -> Devices:
    official = network.official(cash_fen=0)
    message = {"agency_id": official.agency_id, "holder_ids": [official.holder_id]}
    [made] = network.centre.call("POST", "/console/phone-activations", message)["activations"]
    slip = network.slip()
    scale = Terminal.enrol(network.url, network.slip(kind="scale"), scratch / "page-scale")
    days = network.centre.call("GET", "/clearing/open-days")
    return Devices(
        network,
        network.terminal(scratch),
        {kind: network.terminal(scratch) for kind in ("sign_on", "key_renewal")},
        scale,
        network.phone(official),
        (slip.enrolment_id, slip.code),
        (made["activation_id"], made["code"]),
        max(str(day["business_date"]) for day in days),
    )


def slug(answer: Any) -> str:
    return str(json.loads(answer.data)["type"]).removeprefix("/problems/") if answer.status >= 400 else ""


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_page_says_is_refused_is_refused(devices: Devices, kind: str) -> None:
    v = VECTORS[kind]
    wrong = [(path, value) for path, values in v["refused_bodies"].items() for value in values]
    taken, tries = [], 0
    for path, *value in [*wrong, *((path,) for path in v["needed"])]:
        answer = devices.send(kind, json.dumps(changed(devices.good_body(kind), path, *value)))
        tries += 1
        if (answer.status, slug(answer)) != (400, "invalid"):
            taken.append((path, value, answer.status, answer.data[:200]))
        elif v["path"].startswith("/terminal") and "onecard-request" in v["request_headers"]:
            assert "signature" in answer.headers
    assert not taken, f"{len(taken)} of {tries} tries: {taken}"


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_page_says_is_allowed_is_not_refused_for_its_form(devices: Devices, kind: str) -> None:
    for path, values in VECTORS[kind]["allowed_bodies"].items():
        for value in values:
            answer = devices.send(kind, json.dumps(changed(devices.good_body(kind), path, value)))
            assert answer.status < 500, (path, value, answer.data)
            assert slug(answer) != "invalid", (path, value, answer.data)


def test_sale_lines_that_the_page_says_are_refused(devices: Devices) -> None:
    for case in VECTORS["sale_lines"]["refused"]:
        lines = {name: value for name, value in case.items() if name != "why"}
        answer = devices.send("code_charge", json.dumps(devices.good_body("code_charge") | lines))
        assert (answer.status, slug(answer)) == (400, "invalid"), case["why"]
    for lines in VECTORS["sale_lines"]["accepted"]:
        assert devices.send("code_charge", json.dumps(devices.good_body("code_charge") | lines)).status == 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_is_no_message_is_malformed(devices: Devices, kind: str) -> None:
    for text in VECTORS["malformed"]:
        answer = devices.send(kind, text)
        assert (answer.status, slug(answer)) == (400, "malformed"), (text, answer.data)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "refused_texts" in VECTORS[kind]])
def test_a_number_that_the_page_spells_otherwise_is_refused(devices: Devices, kind: str) -> None:
    for text in VECTORS[kind]["refused_texts"]:
        answer = devices.send(kind, text)
        assert (answer.status, slug(answer)) == (400, "invalid"), (text, answer.data)


@pytest.mark.parametrize("kind", KINDS)
def test_the_content_type_of_a_request_decides_nothing(devices: Devices, kind: str) -> None:
    wrong = json.dumps(devices.good_body(kind) | {"surplus": 1})
    for media in ("", "text/plain", "application/cbor", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = devices.send(kind, wrong, fields={"content-type": media})
        assert (answer.status, slug(answer)) == (400, "invalid"), (media, answer.data)
        assert b"surplus" in answer.data, (media, answer.data)


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_path_that_the_page_says_is_refused(devices: Devices, kind: str) -> None:
    for case in VECTORS[kind]["refused_paths"]:
        answer = devices.send(kind, "", case["path"])
        assert slug(answer) == case["problem"], (case, answer.status, answer.data)


ODD: list[Any] = [
    True, False, 0, 1, -1, 1.0, 1.5, 1e300, 2**31, 2**32, 2**48, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 10**18, 10**25, "",
    "0", "1", "x", "x\n", "\n", " ", "\0", "\ud800", "\ufeff", "\U0001f468", "２", "null", "a" * 5_000, "../..", "=1+1",
    "0001-01-01", "9999-12-31", "2026-02-30", None, [], {}, [None], [[]], {"": 1}, [0] * 300,
]  # fmt: skip


def odd_values(schema: dict[str, Any], good: Any, chance: random.Random) -> Iterator[Any]:
    """Values that a careless or hostile device may send for a member."""
    yield from ODD
    yield from ([good], {"value": good}, [good, good])
    if isinstance(good, bool):
        yield from ("true", "True", 1, 0)
    elif isinstance(good, int):
        yield from (str(good), float(good), f"{good}\n", good + 0.5, -good, f"0{good}")
        for limit in (schema.get("minimum"), schema.get("maximum")):
            if limit is not None:
                yield from (int(limit) - 1, int(limit), int(limit) + 1, chance.randint(int(limit) + 1, 2**62))
    elif isinstance(good, str):
        yield from (f"{good}\n", f" {good}", f"{good} ", f"{good}=", f"{good}\0", good * 2, good[:-1], good.swapcase())
        yield from (good.replace("-", ""), good.replace("-", "", 1), f"{{{good}}}", f"urn:uuid:{good}")
        yield from (f"{good[:-1]}{one}" for one in "BCDhlptx-_+/é")
        for _ in range(4):
            at = chance.randrange(max(len(good), 1))
            yield good[:at] + chance.choice("\t\r\v\u2028\u200b\"'%") + good[at + 1 :]


class Schemas:
    """The request schemas of the API description, and what they allow."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema without references and alternatives."""
        while True:
            if "$ref" in schema:
                schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
            elif len(schema.get("allOf", [])) == 1:
                schema = self.resolved(schema["allOf"][0]) | {k: v for k, v in schema.items() if k != "allOf"}
            else:
                return schema

    def of(self, path: str) -> dict[str, Any]:
        content = self.document["paths"][path]["post"]["requestBody"]["content"]
        return self.resolved(content["application/json"]["schema"])

    def members(self, schema: dict[str, Any], good: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any], Any]]:
        """Pointer, schema and good value of each member, also of those inside others."""
        schema = self.resolved(schema)
        if at:
            yield at, schema, good
        if isinstance(good, dict):
            for name, inner in schema["properties"].items():
                if name in good:
                    yield from self.members(inner, good[name], f"{at}/{name}")
        elif isinstance(good, list) and good:
            yield from self.members(schema["items"], good[0], f"{at}/0")

    def allows(self, schema: dict[str, Any], value: Any) -> bool:
        """Whether the description says that this value is right, as far as its words go."""
        schema = self.resolved(schema)
        kind = schema.get("type") or ("string" if "enum" in schema else None)
        if "enum" in schema:
            return value in schema["enum"]
        if kind == "boolean":
            return isinstance(value, bool)
        if kind == "integer":
            is_integer = isinstance(value, int) and not isinstance(value, bool)
            return is_integer and schema["minimum"] <= value <= schema["maximum"]
        if kind == "string":
            return isinstance(value, str) and self._allows_text(schema, value)
        if kind == "array":
            is_list = isinstance(value, list) and schema.get("minItems", 0) <= len(value) <= schema["maxItems"]
            return is_list and all(self.allows(schema["items"], one) for one in value)
        assert kind == "object", schema
        names = schema["properties"].keys()
        return (
            isinstance(value, dict)
            and set(schema["required"]) <= value.keys() <= names
            and all(self.allows(schema["properties"][name], one) for name, one in value.items())
        )

    def _allows_text(self, schema: dict[str, Any], value: str) -> bool:
        if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
            return False
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9):
            return False
        if schema.get("format") == "uuid":
            try:
                return str(UUID(value)) == value.lower()
            except ValueError:
                return False
        if schema.get("format") == "date":
            try:
                return date.fromisoformat(value).isoformat() == value
            except ValueError:
                return False
        return re.match(schema.get("pattern", ""), value) is not None


@pytest.fixture(scope="module")
def schemas(system: System) -> Schemas:
    return Schemas(urllib3.request("GET", f"{system.url}/schema/openapi.json").json())


ODD_IN_PATH = [
    "0", "1", "00", "01", "+1", "-1", "-0", "1_0", "1.0", "1e3", "0x1", " 1", "1 ", "%31", "%20", "１", "2147483647",
    "2147483648", "9007199254740991", "9007199254740992", "9" * 40, "9" * 5_000, "x", "null", "..", ".", "1;a=1", "1?",
    "1#", "A" * 22, "a" * 21 + "-", "A" * 21, "A" * 23, "A" * 21 + "=", "%00", "é",
]  # fmt: skip


@pytest.mark.parametrize("kind", QUESTIONS)
def test_no_odd_path_of_a_question_is_taken_or_breaks_it(devices: Devices, kind: str) -> None:
    """A number in a path has one spelling, whatever is signed; nothing is a 5xx."""
    start, *parts = VECTORS[kind]["path"].removeprefix("/terminal/").split("/")
    tries, taken, broken = 0, [], []
    for place in range(len(parts)):
        for odd in ODD_IN_PATH:
            path = "/".join(["/terminal", start, *parts[:place], odd, *parts[place + 1 :]])
            answer = devices.send(kind, "", path)
            tries += 1
            is_number = odd.isascii() and odd.isdecimal() and str(int(odd[:30])) == odd
            is_version = re.fullmatch("[A-Za-z0-9_-]{22}", odd) is not None
            if answer.status >= 500:
                broken.append((path, answer.status))
            elif answer.status == 200 and not (is_version if kind == "parameters" else is_number):
                taken.append((path, answer.data[:100]))
    print(f"{kind}: of {tries} paths {len(taken)} taken, {len(broken)} answered 5xx")
    assert (taken, broken) == ([], []), tries


def full_body(devices: Devices, kind: str) -> Any:
    """A good body that has the optional members, too, as far as they go together."""
    body = devices.good_body(kind)
    if kind == "charge":
        body |= {"amount_fen": 1500, "working_meal": True}
    if kind == "code_charge":
        body |= VECTORS["sale_lines"]["accepted"][0]
    if kind == "phone_activation":
        body["algorithm"] = "ed25519"
    if kind == "weigh_ins":
        body["weigh_ins"][0] |= {"dish": "米饭", "cause": "plate"}
    return body


PROPERTY = [kind for kind in KINDS if kind != "p256_phone"]


@pytest.mark.parametrize("kind", PROPERTY)
def test_no_wrong_value_of_any_member_is_accepted(devices: Devices, schemas: Schemas, kind: str) -> None:
    """What the API description does not allow is a 400, and nothing at all is a 5xx."""
    schema, chance = schemas.of(VECTORS[kind]["path"]), random.Random(kind)
    accepted, broken, tries = [], [], 0
    for path, member, good in schemas.members(schema, full_body(devices, kind)):
        for value in odd_values(member, good, chance):
            answer = devices.send(kind, json.dumps(changed(full_body(devices, kind), path, value)))
            tries += 1
            told = schemas.document["paths"][VECTORS[kind]["path"]]["post"]["responses"].get(str(answer.status))
            assert told is not None, (path, value, answer.status)
            assert answer.status < 400 or f"/problems/{slug(answer)}" in told["description"].split(", "), answer.data
            if answer.status >= 500:
                broken.append((path, value, answer.status))
            elif not schemas.allows(member, value) and answer.status != 400:
                accepted.append((path, value, answer.status, answer.data[:120]))
    count = f"{kind}: of {tries} tries {len(accepted)} accepted, {len(broken)} answered 5xx"
    print(count)
    assert not accepted, (count, accepted)
    assert not broken, (count, broken)


def finality() -> dict[str, list[str]]:
    """The table of section 3.1 by type."""
    text = PAGE[PAGE.index("### 3.1 ") : PAGE.index("### 3.2 ")]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]
    return {row[1].strip("`"): row for row in rows if row[1].startswith("`")}


def says_signed(column: str, kind: str) -> bool:
    """Whether the page says that this answer is signed: ``yes; opening: no``, ``phone: no``."""
    v = VECTORS[kind]
    is_opening = "onecard-request" not in v["request_headers"]
    named = {
        "phone": v["path"].startswith("/phone"),
        "opening": is_opening,
        "sign-on, none in common": kind == "sign_on",
    }
    found = ""
    for part in column.split(";"):
        name, _, word = part.strip().rpartition(": ")
        if not name or named[name]:
            found = word
    return found.startswith("yes")


def when_tries_are_left(send: Callable[[], urllib3.BaseHTTPResponse]) -> urllib3.BaseHTTPResponse:
    """The answer, asked again while other tests of this address have used its tries of the minute up."""
    give_up_at = time.monotonic() + 180
    while (answer := send()).status == 429 and time.monotonic() < give_up_at:
        time.sleep(int(answer.headers["retry-after"]))
    return answer


def provoked(devices: Devices, network: Network, scratch: Path) -> Iterator[tuple[str, str, urllib3.BaseHTTPResponse]]:
    """Types of problems, the kind of message, and the answer to one that should get it."""

    def body(kind: str, **changes: Any) -> str:
        return json.dumps(devices.good_body(kind) | changes)

    for kind in ("void", "enrolment", "sign_on", "key_renewal", "shift_closing", "account"):
        yield "malformed", kind, devices.send(kind, "{")
        yield "invalid", kind, devices.send(kind, "{}")
        yield "bad-signature", kind, devices.send(kind, body(kind), sign=lambda base: bytes(64))
        yield "created-out-of-range", kind, devices.send(kind, body(kind), created=int(time.time()) - 400)
        yield "too-large", kind, devices.send(kind, " " * 300_000)
        yield "head-too-large", kind, devices.send(kind, body(kind), fields={"x-long": "x" * 20_000})
        fields = {
            "signature-input": VECTORS[kind]["request_headers"]["signature-input"].replace("onecard-2", "onecard-3")
        }
        if kind != "sign_on":
            yield "protocol-unknown", kind, devices.send(kind, body(kind), fields=fields)
        yield "method-not-allowed", kind, devices.send(kind, body(kind), method="PUT")
        yield "not-found", kind, devices.send(kind, body(kind), path=VECTORS[kind]["path"] + "/none")
    yield "protocol-unknown", "sign_on", devices.send("sign_on", body("sign_on", protocols=[1]))
    yield "suite-unknown", "sign_on", devices.send("sign_on", body("sign_on", suite="X"))
    for kind in ("enrolment", "sign_on", "key_renewal", "shift_closing"):
        yield "centre-key-unknown", kind, devices.send(kind, body(kind, centre_key=200))
    for kind in ("enrolment", "phone_activation"):
        message = body(kind, code="A" * 16)
        yield "enrolment-refused", kind, when_tries_are_left(lambda k=kind, m=message: devices.send(k, m))  # type: ignore[misc]
    yield "epoch-wrong", "void", devices.send("void", body("void"), request_id="9/60")
    yield "epoch-wrong", "shift_closing", devices.send("shift_closing", body("shift_closing", epoch=9))
    yield "not-allowed", "void", devices.send("void", body("void"), terminal=devices.scale)
    yield "not-allowed", "weigh_ins", devices.send("weigh_ins", body("weigh_ins"), terminal=devices.till)
    devices.send("void", body("void"))
    yield "other-content", "void", devices.send("void", body("void", target_sequence=7))
    weigh_in = devices.good_body("weigh_ins")
    devices.send("weigh_ins", json.dumps(weigh_in))
    yield "conflict", "weigh_ins", devices.send("weigh_ins", json.dumps(changed(weigh_in, "/weigh_ins/0/weight_g", 7)))
    devices.send("sign_on", body("sign_on"))
    yield "replayed-sign-in", "sign_on", devices.send("sign_on", body("sign_on"))
    apart = {"shift": 90_000, "last_sequence": 90_001}
    for unknown in range(1, 21):
        devices.send("shift_closing", body("shift_closing", unknown=unknown, **apart))
    yield "closed-too-often", "shift_closing", devices.send("shift_closing", body("shift_closing", unknown=99, **apart))
    blocked = network.phone(network.official(cash_fen=0))
    [one] = ask_account(network.url, blocked).credentials
    path = f"/console/credentials/{one.credential_id}/block"
    network.centre.call("POST", path, {"blocked": True, "reason": "reported lost"})
    message = json.dumps({"certificate": to_text(blocked.certificate)})
    yield "credential-blocked", "account", devices.send("account", message, sign=blocked.key.sign)
    left = network.terminal(scratch)
    devices.send("sign_off", "", terminal=left)
    give_up_at = time.monotonic() + 60
    while (answer := devices.send("void", body("void"), terminal=left)).status == 200 and time.monotonic() < give_up_at:
        time.sleep(0.2)
    yield "session-ended", "void", answer


def test_problems_are_signed_where_the_page_says_so(devices: Devices, network: Network, scratch: Path) -> None:
    """Twenty of the types of problems, each from a running centre: its status, its type, and who signed it."""
    table, found, wrong = finality(), set(), []
    for wanted, kind, answer in provoked(devices, network, scratch):
        status, _, signed = table[wanted][:3]
        is_signed = "signature" in answer.headers
        got = str(answer.status), slug(answer), is_signed
        if got != (status, wanted, is_signed if signed == "either" else says_signed(signed, kind)):
            wrong.append((kind, wanted, got, says_signed(signed, kind)))
        found.add(wanted)
    assert not wrong, "\n".join(map(str, wrong))
    untried = {"incomplete", "too-slow", "account-closed", "too-many-tries", "internal", "busy", "unavailable"}
    assert found == table.keys() - untried - {"gateway-away"}
