"""The page's test vectors, computed anew: this program's own arithmetic is right. Nothing is sent."""

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import convert
from msgspec import json as wire

from conformance.bench import Bench, Group
from conformance.fake.ledger import Credential, Holder
from conformance.page import vectors
from foundation.problems import Problem
from foundation.strict_json import as_type
from settlement.sale_lines import check_lines
from settlement.shifts import chain_head, day_totals
from terminals import cards, qr, short_codes, signatures
from terminals.cards import CardFile
from terminals.journal import Entry, shift_request
from terminals.keys import proof_text
from terminals.parameters import price_on
from terminals.phone_keys import KeyAlgorithm, PhoneKey, PrivateKey, phone_signer
from terminals.qr import Token
from terminals.schemas import ChargeMessage, CurrentParameters, to_bytes, to_text
from terminals.sessions import SUITE, agree_key

GROUP = Group("vectors")

_SECTION = "Test vectors"


def _key(name: str) -> bytes:
    return bytes.fromhex(vectors()["keys"][name])


def _ed25519(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_key(name))


def _same(bench: Bench, name: str, ours: object, theirs: object) -> None:
    bench.must(name, str(theirs)[:200], str(ours)[:200], ours == theirs)


def _session_mac() -> Callable[[bytes], bytes]:
    return signatures.hmac_signer(bytes.fromhex(vectors()["sign_on"]["session_key"]))


@GROUP.case("vector-keys", _SECTION)
def keys(bench: Bench) -> None:
    """The public keys of the private ones, and the suite."""
    _same(bench, "suite", SUITE, vectors()["suite"])
    for who in ("terminal", "terminal_next", "centre", "centre_next", "phone"):
        _same(bench, who, _ed25519(f"{who}_private").public_key().public_bytes_raw(), _key(f"{who}_public"))


def _messages() -> list[tuple[str, dict[str, Any]]]:
    """The blocks that are messages."""
    return [(name, v) for name, v in vectors().items() if isinstance(v, dict) and "request_headers" in v]


def _read(v: dict[str, Any], headers: dict[str, str]) -> tuple[signatures.SignedRequest, signatures.Verifier]:
    """A message's signature as it is read, and the sender's key. Raises Problem."""
    in_session, is_phone = "onecard-request" in v["request_headers"], v["path"].startswith("/phone/")
    is_p256 = "ecdsa" in v["request_headers"]["signature-input"]
    algorithm = "ecdsa-p256-sha256" if is_p256 else "ed25519"
    signed = signatures.read_signature(
        v["method"], v["path"], headers, v["request_body"].encode(), in_session=in_session,
        opening_algorithm=algorithm,
    )  # fmt: skip
    if in_session:
        return signed, signatures.hmac_verifier(_session_mac())
    if is_phone:
        return signed, _public(algorithm).verify
    return signed, signatures.ed25519_verifier(_key("terminal_public"))


@GROUP.case("vector-requests", _SECTION)
def requests(bench: Bench) -> None:
    """Every message is signed over the base that stands on the page, by its sender's key."""
    for name, v in _messages():
        signed, verify = _read(v, v["request_headers"])
        _same(bench, f"{name} base", signed.base().decode(), v["request_base"])
        bench.must(f"{name} signature", "fits", verify(signed.base(), signed.signature),
                   verify(signed.base(), signed.signature))  # fmt: skip
        if signed.algorithm == "ecdsa-p256-sha256":
            continue
        sign: signatures.Signer = _session_mac() if signed.request_id else _ed25519("terminal_private").sign
        if v["path"].startswith("/phone/"):
            sign = _ed25519("phone_private").sign
        made = signatures.sign_request(
            v["method"], v["path"], v["request_body"].encode(), authority=v["request_headers"]["host"],
            request_id=signed.request_id, created=v["created"], key_id=signed.key_id, sign=sign,
        )  # fmt: skip
        _same(bench, f"{name} headers", made, v["request_headers"])


@GROUP.case("vector-answers", _SECTION)
def answers(bench: Bench) -> None:
    """Every answer to a terminal is the centre's, and belongs to its request."""
    centre = signatures.ed25519_verifier(_key("centre_public"))
    for name, v in _messages():
        if "answer_headers" not in v:
            continue
        in_session = "onecard-request" in v["request_headers"]
        signed, _ = _read(v, v["request_headers"])
        key_id, verify = "centre-1", centre
        if in_session:
            key_id, verify = signed.key_id, signatures.hmac_verifier(_session_mac())
        try:
            signatures.check_answer(
                v["request_headers"], v["answer_status"], v["answer_headers"], v["answer_body"].encode(),
                key_id=key_id, verify=verify,
            )  # fmt: skip
            found = "signed"
        except Problem as problem:
            found = str(problem)
        _same(bench, f"{name} answer", found, "signed")


@GROUP.case("vector-session-key", _SECTION)
def session_key(bench: Bench) -> None:
    """The key that both sides agree on."""
    block = vectors()["sign_on"]
    ours = X25519PrivateKey.from_private_bytes(_key("terminal_ephemeral_private"))
    theirs = X25519PrivateKey.from_private_bytes(_key("centre_ephemeral_private")).public_key().public_bytes_raw()
    agreed = agree_key(ours, theirs, block["request_body"].encode(), block["answer_body"].encode())
    _same(bench, "session_key", agreed.hex(), block["session_key"])


@GROUP.case("vector-key-renewal-proof", _SECTION)
def renewal_proof(bench: Bench) -> None:
    """What the new key signs."""
    block, text = vectors()["key_renewal"], proof_text(2001, _key("terminal_public"))
    _same(bench, "proof_text", text.hex(), block["proof_text"])
    _same(bench, "proof", _ed25519("terminal_next_private").sign(text).hex(), block["proof"])


@GROUP.case("vector-prices", _SECTION)
def prices(bench: Bench) -> None:
    """Which price holds on which day."""
    block = vectors()["parameters"]
    current = convert(block["changed"], CurrentParameters)
    assert current.parameters is not None
    shown = current.parameters.prices
    for one in block["price_on"]:
        found = price_on(shown, one["meal"], date.fromisoformat(one["date"]))
        place = None if found is None else shown.index(found)
        _same(bench, f"{one['meal']} on {one['date']}", place, one["price"])


@GROUP.case("vector-card", _SECTION)
def card(bench: Bench) -> None:
    """Key, binding, challenge and answer of a card."""
    v = vectors()["card"]
    file = CardFile(*(v[name] for name in CardFile.__struct_fields__))
    key = cards.card_key(_key("card_master_key"), bytes.fromhex(v["uid"]), file)
    bound = cards.binding(v["canteen_id"], v["meal"], v["purchased_at"], v["amount_fen"], v["working_meal"])
    challenge = cards.challenge(_session_mac(), v["epoch"], v["sequence"], bound)
    mac = cards.response(key, challenge, v["counter"])
    for name, ours in (("file", file.encode()), ("card_key", key), ("binding", bound), ("challenge", challenge),
                       ("mac", mac), ("binding_digest", hashlib.sha256(bound).digest())):  # fmt: skip
        _same(bench, name, ours.hex(), v[name])
    for other in [
        *v["other_charges"],
        *(v | {one["member"]: one["value"], "mac": one["mac"]} for one in v["refused_macs"]),
    ]:
        bound = cards.binding(
            other["canteen_id"], other["meal"], other["purchased_at"], other["amount_fen"], other["working_meal"]
        )
        asked = cards.challenge(_session_mac(), other["epoch"], other["sequence"], bound)
        _same(bench, "mac", cards.response(key, asked, other["counter"]).hex(), other["mac"])


@GROUP.case("vector-counters", _SECTION)
def counters(bench: Bench) -> None:
    """Which counters may pay, in turn."""
    holder = Credential(1, Holder(1, 1, 0), "card", 0)
    for counter, outcome in vectors()["counters"]:
        refusal = holder.counter_refusal(counter)
        if refusal is None:
            holder.used.add(counter)
        _same(bench, str(counter), refusal or "approved", outcome)


@GROUP.case("vector-refused-requests", _SECTION)
def refused_requests(bench: Bench) -> None:
    """A genuine request with one field changed is none."""
    for name, v in _messages():
        for case in v.get("refused_requests", []):
            try:
                signed, verify = _read(v, v["request_headers"] | {case["field"]: case["value"]})
                signatures.check_request(signed, verify, v["created"])
                found = "accepted"
            except Problem as problem:
                found = problem.kind.slug
            _same(bench, f"{name} {case['field']}: {case['value'][:60]}", found, case["problem"])


@GROUP.case("vector-long-code", _SECTION)
def long_code(bench: Bench) -> None:
    """A certificate, a token, and the code of both; codes that are not genuine."""
    v, phone = vectors()["qr"], _ed25519("phone_private")
    holder = qr.Holder(
        v["book"], v["agency_id"], v["holder_id"], v["credential_id"], v["expires_at"], PhoneKey(_key("phone_public"))
    )
    certificate = qr.issue_certificate(_ed25519("centre_private"), v["kid"], holder)
    _same(bench, "certificate", certificate.hex(), v["certificate"])
    token = Token(v["issued_at"], v["counter"], v["canteen_id"], v["limit_fen"])
    _same(bench, "code", qr.make_code(certificate, phone, token), v["code"])
    keys_by_version = {1: _key("centre_public"), 2: _key("centre_next_public")}
    _same(bench, "read", qr.read_code(keys_by_version, v["code"]), (holder, token))
    for refused in v["refused_codes"]:
        _same(bench, refused["why"], _reads(lambda code: qr.read_code(keys_by_version, code), refused["code"]), False)
    _same(
        bench,
        "after a rotation",
        _reads(lambda code: qr.read_code(keys_by_version, code), v["accepted_after_rotation"]),
        True,
    )


def _reads(read: Callable[[str], object], code: str) -> bool:
    try:
        read(code)
    except qr.NotGenuine:
        return False
    return True


def _phone(algorithm: str) -> PrivateKey:
    if algorithm == "ed25519":
        return _ed25519("phone_private")
    return ec.derive_private_key(int.from_bytes(_key("p256_phone_private"), "big"), ec.SECP256R1())


def _public(algorithm: str) -> PhoneKey:
    name = "phone_public" if algorithm == "ed25519" else "p256_phone_public"
    return PhoneKey(_key(name), KeyAlgorithm(algorithm))


@GROUP.case("vector-short-codes", _SECTION)
def short_code(bench: Bench) -> None:
    """Short codes of either kind of phone; those that are refused."""
    for v in vectors()["short_codes"]:
        read = short_codes.read_short_code(v["code"])
        _same(bench, "body", read.body.hex(), v["body"])
        signed = short_codes.to_be_signed(_public(v["algorithm"]), read.body, v["canteen_id"])
        _same(bench, "signed", signed.hex(), v["signed"])
        holder = qr.Holder(3302, 1003, 1042, 1044, 2**40, _public(v["algorithm"]))  # type: ignore[arg-type]
        token = Token(v["issued_at"], v["counter"], v["canteen_id"], v["limit_fen"])
        _same(bench, "token", short_codes.open_short_code(read, holder, v["canteen_id"]), token)
        if v["algorithm"] == "ed25519":
            made = short_codes.make_short_code(bytes.fromhex(v["reference"]), _phone("ed25519"), token)
            _same(bench, "code", made, v["code"])
    for v in vectors()["refused_short_codes"]:
        holder = qr.Holder(3302, 1003, 1042, 1044, 2**40, _public(v["algorithm"]))  # type: ignore[arg-type]
        try:
            opened = short_codes.open_short_code(short_codes.read_short_code(v["code"]), holder, v["canteen_id"])
            found = "accepted" if opened else "wrong_canteen"
        except qr.NotGenuine:
            found = "credential_invalid"
        _same(bench, v["why"], found, v["reason"])


@GROUP.case("vector-p256-phone", _SECTION)
def p256_phone(bench: Bench) -> None:
    """A phone with a key of P-256: its certificate, its code, its signatures."""
    v = vectors()["p256_phone"]
    key, public = _phone("ecdsa-p256-sha256"), _public("ecdsa-p256-sha256")
    holder, _ = qr.read_code({1: _key("centre_public")}, v["code"])
    _same(bench, "credential_id", holder.credential_id, v["credential_id"])
    message = b"onecard"
    fits = public.verify(message, phone_signer(key)(message))
    bench.must("our own signature", "fits", fits, fits)


@GROUP.case("vector-shift-chain", _SECTION)
def shift_chain(bench: Bench) -> None:
    """Leaves, links and totals of a shift."""
    v = vectors()["shift_closing"]
    said = wire.decode(v["request_body"])
    requests = []
    for one in v["requests"]:
        entry = Entry(
            1, one["sequence"], one["operation"], one["request_body"].encode(), "", one["answer_body"].encode()
        )
        found = shift_request(entry)
        assert found is not None
        requests.append(found)
        _same(bench, f"leaf {one['sequence']}", found.leaf().hex(), one["leaf"])
    leaves = [one.leaf() for one in requests]
    links = [chain_head(2001, 1, said["shift"], leaves[:n]).hex() for n in range(len(leaves) + 1)]
    _same(bench, "links", links, [v["link_0"], *(one["link"] for one in v["requests"])])
    _same(bench, "journal_head", to_text(bytes.fromhex(links[-1])), said["journal_head"])
    _same(bench, "days", wire.decode(wire.encode(day_totals(requests))), said["days"])
    assert to_bytes(said["journal_head"]).hex() == links[-1]


@GROUP.case("vector-sale-lines", _SECTION)
def sale_lines(bench: Bench) -> None:
    """Which lines explain an amount."""
    for taken, cases in vectors()["sale_lines"].items():
        for case in cases:
            message = {"meal": "lunch", "purchased_at": 1, "qr": "OC1:A"}
            message |= {name: value for name, value in case.items() if name != "why"}
            try:
                read = as_type(message, ChargeMessage)
                check_lines(read.lines or [], read.amount_fen)
                found = "accepted"
            except Problem as refusal:
                found = "refused" if refusal.kind.slug == "invalid" else refusal.kind.slug
            _same(bench, str(case.get("why") or case["amount_fen"]), found, taken)
