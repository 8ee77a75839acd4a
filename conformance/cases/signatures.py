"""What is signed, and every way to write it otherwise (section 3). Nothing of it may be taken."""

import base64
from collections.abc import Callable, Iterator

from conformance.bench import Bench, Group, Want, ok, unsigned
from conformance.device import Device
from conformance.wire import Sent
from terminals.signatures import EDITIONS, TAG, content_digest

GROUP = Group("signatures")

BAD = unsigned(401, "bad-signature")


def messages(bench: Bench) -> Iterator[Sent]:
    """A message that the device's own key signs, and those of its session."""
    device = bench.device
    yield device.sign_on()
    yield sample(bench)
    if not bench.is_scale:
        yield device.void(1)


def sample(bench: Bench) -> Sent:
    """A message of the session that posts nothing: a charge with a code that is none, or a weigh-in of the future."""
    device = bench.device
    if bench.is_scale:
        return device.in_session("GET", "/terminal/foods")
    return device.charge(device.paying("lunch") | {"qr": "OC1:CONFORMANCE"})


def _spelled(change: Callable[[str], str]) -> Callable[[Sent], Sent]:
    return lambda sent: sent.with_fields(**{"signature-input": change(sent.fields["signature-input"])})


def _other_bit(sent: Sent) -> Sent:
    value = sent.fields["signature"]
    return sent.with_fields(signature=value[:12] + ("A" if value[12] != "A" else "B") + value[13:])


def _second_spelling(sent: Sent) -> Sent:
    """The same bytes in base64 with bits beyond the last one."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    value = sent.fields["signature"]
    padding = len(value) - len(value.rstrip(":").rstrip("=")) - 1
    place = len(value) - 2 - padding
    return sent.with_fields(signature=value[:place] + letters[letters.index(value[place]) + 1] + value[place + 1 :])


def _sha512(sent: Sent) -> Sent:
    import hashlib

    digest = base64.b64encode(hashlib.sha512(sent.body).digest()).decode()
    return sent.with_fields(**{"content-digest": f"sha-512=:{digest}:"})


ALTERED: dict[str, tuple[Callable[[Sent], Sent], Want]] = {
    "no-signature": (lambda sent: sent.with_fields(signature=""), BAD),
    "no-signature-input": (lambda sent: sent.with_fields(signature_input=""), BAD),
    "no-content-digest": (lambda sent: sent.with_fields(content_digest=""), BAD),
    "other-signature": (_other_bit, BAD),
    "second-spelling-of-base64": (_second_spelling, BAD),
    "digest-of-another-body": (lambda sent: sent.with_fields(content_digest=content_digest(b"{}")), BAD),
    "digest-by-another-algorithm": (_sha512, BAD),
    "no-tag": (_spelled(lambda text: text.replace(f';tag="{TAG}"', "")), unsigned(400, "protocol-unknown")),
    "tag-of-another-edition": (
        _spelled(lambda text: text.replace(TAG, "onecard-1")),
        unsigned(400, "protocol-unknown"),
    ),
    "components-in-another-order": (
        _spelled(lambda text: text.replace('"@method" "@authority"', '"@authority" "@method"')),
        BAD,
    ),
    "component-left-out": (_spelled(lambda text: text.replace(' "@authority"', "")), BAD),
    "another-label": (_spelled(lambda text: text.replace("onecard=", "onecar=", 1)), BAD),
    "another-algorithm": (
        _spelled(
            lambda text: (
                text.replace("hmac-sha256", "x25519").replace("ed25519", "hmac-sha256").replace("x25519", "ed25519")
            )
        ),
        BAD,
    ),
    "another-keyid": (_spelled(lambda text: text.replace('keyid="', 'keyid="0')), BAD),
    "created-with-leading-zero": (_spelled(lambda text: text.replace("created=", "created=0")), BAD),
    "another-created": (_spelled(lambda text: text.replace("created=1", "created=2", 1)), BAD),
    "spaces-in-parameters": (_spelled(lambda text: text.replace(";keyid", "; keyid")), BAD),
    "more-parameters": (_spelled(lambda text: text + ';nonce="1"'), BAD),
    "another-body": (lambda sent: _with_body(sent, sent.body + b" "), BAD),
    "another-host": (lambda sent: sent.with_fields(host="other.example"), BAD),
    "host-in-capitals": (lambda sent: sent.with_fields(host="LOCALHOST.example"), BAD),
    "host-with-default-port": (lambda sent: sent.with_fields(host="centre.example:443"), BAD),
    "query": (lambda sent: _with_path(sent, sent.path + "?a=1"), BAD),
    "signature-field-twice": (lambda sent: _twice(sent, "signature"), BAD),
    "digest-field-twice": (lambda sent: _twice(sent, "content-digest"), BAD),
}
"""How a genuine message is altered, and what comes of it."""


def _with_body(sent: Sent, body: bytes) -> Sent:
    return Sent(sent.method, sent.path, sent.fields, body, sent.key_id, sent.verify)


def _with_path(sent: Sent, path: str) -> Sent:
    return Sent(sent.method, path, sent.fields, sent.body, sent.key_id, sent.verify)


def _twice(sent: Sent, name: str) -> Sent:
    return Sent(sent.method, sent.path, sent.fields, sent.body, sent.key_id, sent.verify, [(name, sent.fields[name])])


def _add(name: str, change: Callable[[Sent], Sent], want: Want) -> None:
    @GROUP.case(f"signature-{name}", "3")
    def altered(bench: Bench) -> None:
        for sent in messages(bench):
            if name == "another-body" and not sent.body:
                continue
            bench.expect(change(sent), want)


for _name, (_change, _want) in ALTERED.items():
    _add(_name, _change, _want)


@GROUP.case("signature-editions-are-named", "1.1")
def editions(bench: Bench) -> None:
    """Who speaks another edition is told which ones there are."""
    sent = sample(bench)
    field = sent.fields["signature-input"].replace(TAG, "onecard-99")
    came = bench.expect(sent.with_fields(signature_input=field), unsigned(400, "protocol-unknown"))
    said = str(came.document.get("params", {}).get("editions", ""))
    bench.must("params.editions", EDITIONS, said, "2" in said.replace(" ", "").split(","))


@GROUP.case("signature-created-out-of-range", "3")
def out_of_range(bench: Bench) -> None:
    """301 s and more to either side is refused with the centre's time; 200 s is not."""
    device = bench.device
    for ahead_s in (-400, 400):
        for sent in (_at(device, bench, ahead_s), _sign_on_at(device, ahead_s)):
            came = bench.expect(sent, unsigned(401, "created-out-of-range"))
            told = came.document.get("params", {}).get("centre_time")
            bench.must("params.centre_time", "the centre's time", told, isinstance(told, int) and told > 1_700_000_000)
    for ahead_s in (-200, 200):
        bench.expect(_at(device, bench, ahead_s), ok())


def _at(device: Device, bench: Bench, ahead_s: int) -> Sent:
    created = device.now() + ahead_s
    if bench.is_scale:
        return device.in_session("GET", "/terminal/foods", created=created)
    message = device.paying("lunch") | {"qr": "OC1:CONFORMANCE"}
    return device.in_session("POST", "/terminal/charges", message, created=created)


def _sign_on_at(device: Device, ahead_s: int) -> Sent:
    return device.opening("/terminal/sessions", device.sign_on_message(), created=device.now() + ahead_s)


@GROUP.case("signature-request-number", "3")
def request_number(bench: Bench) -> None:
    """Numbers have one spelling and their limits."""
    device = bench.device
    epoch = device.open_session.epoch
    path = "/terminal/foods" if bench.is_scale else "/terminal/block-list/0"
    for number in (
        "0/1",
        f"{epoch}/0",
        f"{epoch}/01",
        f"0{epoch}/1",
        f"{epoch}/9007199254740992",
        f"{epoch}",
        f"{epoch}/1/1",
    ):
        bench.expect(device.in_session("GET", path, request_id=number), BAD)
    sent = device.in_session("GET", path)
    bench.expect(sent.with_fields(onecard_request=""), BAD)
    bench.expect(sent.with_fields(onecard_request=f"{epoch}/77"), BAD)


@GROUP.case("signature-epoch-to-come", "2")
def epoch_to_come(bench: Bench) -> None:
    """An epoch to come is refused, signed."""
    device = bench.device
    sent = device.in_session("GET", "/terminal/block-list/0", request_id=f"{device.open_session.epoch + 1}/1")
    came = bench.expect(sent, Want((409,), ("epoch-wrong",)))
    bench.must("params.epoch", str(device.open_session.epoch), came.document.get("params"), True)


@GROUP.case("signature-other-spellings-of-the-path", "3")
def spellings(bench: Bench) -> None:
    """Percent-encoding, more slashes and whole addresses are other paths than the one that was signed."""
    device = bench.device
    sent = device.in_session("GET", "/terminal/block-list/0")
    for path in ("/terminal/block%2Dlist/0", "//terminal/block-list/0", f"{bench.line.url}/terminal/block-list/0",
                 "/terminal/block-list/00", "/terminal/block-list/0?"):  # fmt: skip
        came = bench.line.ask(_with_path(sent, path))
        want = Want((400, 401, 404), signature="unsigned")
        bench.judge(f"GET {path}", want, came)


@GROUP.case("signature-of-another-message", "3")
def another_message(bench: Bench) -> None:
    """A signature is good for its method and path alone."""
    device = bench.device
    sent = device.in_session("GET", "/terminal/block-list/0")
    elsewhere = Sent("DELETE", "/terminal/sessions/current", sent.fields, b"", sent.key_id, sent.verify)
    bench.expect(elsewhere, BAD)
    bench.expect(sent, ok())
    mac = device.in_session("POST", "/terminal/sessions", device.sign_on_message())
    bench.expect(mac, BAD)


@GROUP.case("signature-nothing-was-posted", "3")
def nothing_posted(bench: Bench) -> None:
    """Of all that was refused here nothing is in the ledger but what was answered."""
    if bench.is_scale:
        return
    till = bench.till
    number = till.next_number()
    message = till.paying("lunch") | {"qr": "OC1:CONFORMANCE"}
    altered = _other_bit(till.charge(message, number))
    bench.expect(altered, BAD)
    epoch = till.open_session.epoch
    came = bench.expect(till.in_session("GET", f"/terminal/requests/{epoch}/{number}/{number}"), ok(complete=True))
    bench.must("requests", "[]", came.document.get("requests"), came.document.get("requests") == [])
