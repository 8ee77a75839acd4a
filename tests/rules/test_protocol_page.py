"""docs/terminal-protocol.md is run: its test vectors, its lists of reasons."""

import base64
import hashlib
import hmac
import json
import re
import time
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert
from msgspec import json as wire

from conformance.page import changed
from foundation.money import in_words
from foundation.problems import INVALID, MALFORMED, Problem
from foundation.strict_json import TypedReader, as_type, read_json
from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from settlement.errors import Refusal
from settlement.sale_lines import check_lines
from settlement.schemas import TopUpOrder
from settlement.shifts import chain_head, check_numbers, day_totals
from terminals import cards, qr, receipts, sheet_codes, short_codes, signatures
from terminals.cards import CardFile
from terminals.credentials import key_of
from terminals.journal import Journal
from terminals.keys import proof_text
from terminals.models import Terminal, TerminalKind
from terminals.parameters import price_on
from terminals.phone_keys import KeyAlgorithm, PhoneKey, phone_key_of
from terminals.schemas import (
    ActivatePhone,
    Answer,
    AskAccount,
    AskTopUp,
    BlockChanges,
    CashierAnswer,
    CashierSigningOn,
    ChargeMessage,
    CurrentParameters,
    Enrol,
    Enrolled,
    HolderAccount,
    KeyRenewed,
    LedgerRequests,
    Parameters,
    Payer,
    PaymentsFound,
    PhoneCertificate,
    RenewCertificate,
    RenewKey,
    SheetVoidAtTill,
    ShiftClosed,
    ShiftClosing,
    ShiftOpening,
    SignedOn,
    SignOn,
    VoidMessage,
    to_bytes,
)
from terminals.sessions import SUITE, agree_key
from terminals.shifts import signed_totals
from waste.weighing.schemas import FoodFactor, ScaleRecorded, ScaleWeighIns

PAGE = (Path(__file__).parents[2] / "docs" / "terminal-protocol.md").read_text(encoding="utf-8")
VECTORS: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[-1])
AUTHORITY = "centre.example"
KEYS = {name: bytes.fromhex(value) for name, value in VECTORS["keys"].items()}


@pytest.mark.parametrize("who", ["terminal", "terminal_next", "centre", "centre_next", "phone"])
def test_keys(who: str) -> None:
    private = Ed25519PrivateKey.from_private_bytes(KEYS[f"{who}_private"])
    assert private.public_key().public_bytes_raw() == KEYS[f"{who}_public"]


def test_the_vectors_are_of_the_suite_of_their_sign_on() -> None:
    assert VECTORS["suite"] == SUITE
    assert {json.loads(VECTORS["sign_on"][f"{which}_body"])["suite"] for which in ("request", "answer")} == {SUITE}
    assert f"| `{SUITE}` |" in PAGE


def test_sign_on() -> None:
    v = VECTORS["sign_on"]
    body, answer = v["request_body"].encode(), v["answer_body"].encode()
    terminal = Ed25519PrivateKey.from_private_bytes(KEYS["terminal_private"])
    headers = signatures.sign_request(
        "POST",
        "/terminal/sessions",
        body,
        authority=AUTHORITY,
        created=v["created"],
        key_id="2001",
        sign=terminal.sign,
    )
    assert headers == v["request_headers"]
    request = signatures.read_signature("POST", "/terminal/sessions", headers, body, in_session=False)
    assert request.base().decode() == v["request_base"]
    signatures.check_request(request, signatures.ed25519_verifier(KEYS["terminal_public"]), v["created"])
    centre = signatures.ed25519_verifier(KEYS["centre_public"])
    signatures.check_answer(headers, 201, v["answer_headers"], answer, key_id="centre-1", verify=centre)
    terminal_side = agree_key(
        X25519PrivateKey.from_private_bytes(KEYS["terminal_ephemeral_private"]),
        to_bytes(json.loads(answer)["ephemeral"]),
        body,
        answer,
    )
    centre_side = agree_key(
        X25519PrivateKey.from_private_bytes(KEYS["centre_ephemeral_private"]),
        to_bytes(json.loads(body)["ephemeral"]),
        body,
        answer,
    )
    assert terminal_side == centre_side == bytes.fromhex(v["session_key"])
    ours = X25519PrivateKey.from_private_bytes(KEYS["terminal_ephemeral_private"])
    theirs = X25519PublicKey.from_public_bytes(to_bytes(json.loads(answer)["ephemeral"]))
    assert ours.exchange(theirs).hex() == v["shared_secret"]
    info = b"onecard session v1" + hashlib.sha256(body).digest() + hashlib.sha256(answer).digest()
    assert info.hex() == v["info"]
    assert HKDF(SHA256(), 32, None, info).derive(bytes.fromhex(v["shared_secret"])) == terminal_side
    as_type(json.loads(body), SignOn)
    assert json.loads(answer).keys() == set(SignedOn.__struct_fields__)


def test_key_renewal() -> None:
    v = VECTORS["key_renewal"]
    body, answer = v["request_body"].encode(), v["answer_body"].encode()
    old, new = (Ed25519PrivateKey.from_private_bytes(KEYS[f"{name}_private"]) for name in ("terminal", "terminal_next"))
    assert proof_text(2001, KEYS["terminal_public"]).hex() == v["proof_text"]
    assert new.sign(bytes.fromhex(v["proof_text"])).hex() == v["proof"]
    message = as_type(json.loads(body), RenewKey)
    assert (to_bytes(message.proof).hex(), to_bytes(message.public_key)) == (v["proof"], KEYS["terminal_next_public"])
    headers = signatures.sign_request(
        "POST", "/terminal/keys", body, authority=AUTHORITY, created=v["created"], key_id="2001", sign=old.sign
    )
    assert headers == v["request_headers"]
    centre = signatures.ed25519_verifier(KEYS["centre_public"])
    signatures.check_answer(headers, 201, v["answer_headers"], answer, key_id="centre-1", verify=centre)
    assert json.loads(answer).keys() == set(KeyRenewed.__struct_fields__)


def test_parameters() -> None:
    v = VECTORS["parameters"]
    parameters = json.loads(VECTORS["sign_on"]["answer_body"])["parameters"]
    assert strict(v["changed"], CurrentParameters).parameters == strict(parameters, Parameters)
    assert strict(v["unchanged"], CurrentParameters).parameters is None
    prices = strict(parameters, Parameters).prices
    for case in v["price_on"]:
        found = price_on(prices, case["meal"], date.fromisoformat(case["date"]))
        assert found == (None if case["price"] is None else prices[case["price"]]), case


def strict(document: Any, kind: Any) -> Any:
    """The document as this type, without a member that the type does not have."""
    value = convert(document, type=kind)
    assert json.loads(wire.encode(value)) == document
    return value


def test_card() -> None:
    v = VECTORS["card"]
    uid, file = bytes.fromhex(v["uid"]), CardFile(*(v[name] for name in CardFile.__struct_fields__))
    key = cards.card_key(KEYS["card_master_key"], uid, file)
    bound = cards.binding(v["canteen_id"], v["meal"], v["purchased_at"], v["amount_fen"], v["working_meal"])
    assert bound.hex() == v["binding"]
    assert hashlib.sha256(bound).hexdigest() == v["binding_digest"]
    session_key = bytes.fromhex(VECTORS["sign_on"]["session_key"])
    challenge = cards.challenge(signatures.hmac_signer(session_key), v["epoch"], v["sequence"], bound)
    assert file.encode().hex() == v["file"]
    assert key.hex() == v["card_key"]
    assert challenge.hex() == v["challenge"]
    assert cards.response(key, challenge, v["counter"]).hex() == v["mac"]


def test_code() -> None:
    v = VECTORS["qr"]
    centre_keys = {1: KEYS["centre_public"], 2: KEYS["centre_next_public"]}
    assert qr.read_code(centre_keys, v["accepted_after_rotation"]) == qr.read_code(centre_keys, v["code"])
    for case in v["refused_codes"]:
        with pytest.raises(qr.NotGenuine):
            qr.read_code(centre_keys, case["code"])
    with pytest.raises(qr.NotGenuine):
        qr.read_code({2: KEYS["centre_next_public"]}, v["code"])
    holder, token = qr.read_code({v["kid"]: KEYS["centre_public"]}, v["code"])
    assert (holder.book, holder.agency_id, holder.holder_id) == (v["book"], v["agency_id"], v["holder_id"])
    assert (holder.credential_id, holder.expires_at) == (v["credential_id"], v["expires_at"])
    assert token == qr.Token(v["issued_at"], v["counter"], v["canteen_id"], v["limit_fen"])
    phone = Ed25519PrivateKey.from_private_bytes(KEYS["phone_private"])
    assert qr.make_code(bytes.fromhex(v["certificate"]), phone, token) == v["code"]


def _phone_key(algorithm: str) -> PhoneKey:
    name = "phone_public" if algorithm == "ed25519" else "p256_phone_public"
    return PhoneKey(KEYS[name], KeyAlgorithm(algorithm))


def _read_short_code(code: str, algorithm: str, canteen_id: int) -> qr.Token | str:
    holder = qr.Holder(Book(3302), AgencyId(1003), HolderId(1042), CredentialId(1044), 0, _phone_key(algorithm))
    try:
        return short_codes.open_short_code(short_codes.read_short_code(code), holder, canteen_id) or "wrong_canteen"
    except qr.NotGenuine:
        return "credential_invalid"


@pytest.mark.parametrize("v", VECTORS["short_codes"], ids=lambda v: v["algorithm"])
def test_short_codes(v: dict[str, Any]) -> None:
    token = qr.Token(v["issued_at"], v["counter"], v["canteen_id"], v["limit_fen"])
    assert _read_short_code(v["code"], v["algorithm"], v["canteen_id"]) == token
    read = short_codes.read_short_code(v["code"])
    assert (read.reference.hex(), read.body.hex(), read.signature.hex()) == (v["reference"], v["body"], v["signature"])
    assert read.canteen == v["canteen"] == short_codes.canteen_hint(v["canteen_id"])
    key = _phone_key(v["algorithm"])
    assert short_codes.to_be_signed(key, read.body, v["canteen_id"]).hex() == v["signed"]
    assert key.verify(bytes.fromhex(v["signed"]), bytes.fromhex(v["signature"]))
    numbers = [(v["issued_at"], 4), (v["counter"], 4), (v["limit_fen"], 3), (v["canteen"], 3)]
    body = bytes.fromhex(v["reference"]) + b"".join(number.to_bytes(width, "big") for number, width in numbers)
    assert body.hex() == v["body"]
    signed = b"onecard short code v2" + key.public + body + v["canteen_id"].to_bytes(8, "big")
    assert v["signed"] == signed.hex()
    if v["algorithm"] == "ed25519":
        phone = Ed25519PrivateKey.from_private_bytes(KEYS["phone_private"])
        assert short_codes.make_short_code(read.reference, phone, token) == v["code"]


def test_a_canteens_code() -> None:
    v = VECTORS["sheets"]
    keys = {1: KEYS["centre_public"], 2: KEYS["centre_next_public"]}
    name = sheet_codes.SheetName(v["sheet_id"], v["version"])
    assert sheet_codes.read_sheet(keys, v["code"]) == name
    assert {sheet_codes.code_in(text) for text in v["scanned"]} == {v["code"]}
    assert {sheet_codes.code_in(text) for text in v["not_read"]} == {None}
    for refused in v["refused_codes"]:
        with pytest.raises(qr.NotGenuine):
            sheet_codes.read_sheet(keys, refused["code"])


@pytest.mark.parametrize("v", VECTORS["refused_short_codes"], ids=lambda v: v["why"])
def test_a_short_code_that_the_page_says_is_refused(v: dict[str, Any]) -> None:
    assert _read_short_code(v["code"], v["algorithm"], v["canteen_id"]) == v["reason"]


def test_a_phone_with_a_key_of_p256() -> None:
    v = VECTORS["p256_phone"]
    private = ec.derive_private_key(int.from_bytes(KEYS["p256_phone_private"], "big"), ec.SECP256R1())
    key = phone_key_of(private)
    assert key == _phone_key("ecdsa-p256-sha256")
    body, headers = v["request_body"].encode(), v["request_headers"]
    request = signatures.read_signature(
        "POST", "/phone/certificates", headers, body, in_session=False, opening_algorithm="ecdsa-p256-sha256"
    )
    assert request.base().decode() == v["request_base"]
    signatures.check_request(request, key.verify, v["created"])
    assert key_of(as_type(json.loads(body), ActivatePhone)) == key
    holder, token = qr.read_code({1: KEYS["centre_public"]}, v["code"])
    assert (holder.credential_id, holder.key) == (v["credential_id"], key)
    assert token == qr.Token(1763870582, 9, 1010, 5000)
    parts = [bytes.fromhex(v[part]) for part in ("certificate", "token")]
    assert v["code"] == "OC1:" + qr.base45_encode(b"\x82" + b"".join(parts))


def test_charge() -> None:
    v, session = VECTORS["charge"], bytes.fromhex(VECTORS["sign_on"]["session_key"])
    body, path = v["request_body"].encode(), "/terminal/charges"
    session_id = json.loads(body)["card"]["session_id"]
    headers = signatures.sign_request(
        "POST", path, body, authority=AUTHORITY, request_id=v["request_headers"]["onecard-request"],
        created=v["created"], key_id=session_id,
        sign=signatures.hmac_signer(session),
    )  # fmt: skip
    assert headers == v["request_headers"]
    request = signatures.read_signature("POST", path, headers, body, in_session=True)
    assert request.base().decode() == v["request_base"]
    answer = signatures.sign_answer(
        request, v["answer_status"], v["answer_body"].encode(), block_list=7, created=v["answer_created"],
        key_id=session_id, sign=signatures.hmac_signer(session),
    )  # fmt: skip
    assert answer == v["answer_headers"]
    check_answer = partial(
        signatures.check_answer, headers, key_id=session_id,
        verify=signatures.hmac_verifier(signatures.hmac_signer(session)),
    )  # fmt: skip
    assert check_answer(200, answer, v["answer_body"].encode()) == v["answer_created"]
    as_type(json.loads(body), ChargeMessage)


SIGNED = sorted(name for name, v in VECTORS.items() if isinstance(v, dict) and "request_base" in v)


@pytest.mark.parametrize("name", SIGNED)
def test_every_signature_is_over_the_base_that_stands_on_the_page(name: str) -> None:
    """As another maker computes it: from the texts of the page alone."""
    v = VECTORS[name]
    for which in ("request", "answer"):
        base, fields = v.get(f"{which}_base"), v.get(f"{which}_headers")
        if base is None:
            assert (which, v["path"].split("/")[1]) == ("answer", "phone"), "only a phone's answers are unsigned"
            continue
        digest = base64.b64encode(hashlib.sha256(v[f"{which}_body"].encode()).digest()).decode()
        assert fields["content-digest"] == f"sha-256=:{digest}:"
        assert base.endswith(fields["signature-input"].removeprefix("onecard="))
        signature = base64.b64decode(fields["signature"].removeprefix("onecard=:").removesuffix(":"))
        if "onecard-request" in v["request_headers"]:
            assert hmac.digest(bytes.fromhex(VECTORS["sign_on"]["session_key"]), base.encode(), "sha256") == signature
        elif v["path"].startswith("/phone/"):
            assert _phone_key(fields["signature-input"].split('alg="')[1].split('"')[0]).verify(
                base.encode(), signature
            )
        else:
            key = KEYS["terminal_public" if which == "request" else "centre_public"]
            Ed25519PublicKey.from_public_bytes(key).verify(signature, base.encode())


@pytest.mark.parametrize("name", SIGNED)
def test_every_base_has_the_lines_that_the_page_says(name: str) -> None:
    v = VECTORS[name]
    fields = v["request_headers"]
    number = [f'"onecard-request": {fields["onecard-request"]}'] if "onecard-request" in fields else []
    assert v["request_base"].split("\n") == [
        f'"@method": {v["method"]}',
        '"@authority": centre.example',
        f'"@path": {v["path"]}',
        f'"content-digest": {fields["content-digest"]}',
        *number,
        f'"@signature-params": {fields["signature-input"].removeprefix("onecard=")}',
    ]
    assert f";created={v['created']};" in fields["signature-input"]
    if "answer_base" in v:
        answer = v["answer_headers"]
        assert v["answer_base"].split("\n") == [
            f'"@status": {v["answer_status"]}',
            f'"content-digest": {answer["content-digest"]}',
            f'"onecard-block-list": {answer["onecard-block-list"]}',
            f'"signature";req;key="onecard": {fields["signature"].removeprefix("onecard=")}',
            f'"@signature-params": {answer["signature-input"].removeprefix("onecard=")}',
        ]


KINDS: dict[str, Any] = {
    "enrolment": Enrol,
    "sign_on": SignOn,
    "key_renewal": RenewKey,
    "charge": ChargeMessage,
    "code_charge": ChargeMessage,
    "void": VoidMessage,
    "sheet_void": SheetVoidAtTill,
    "shift_opening": ShiftOpening,
    "cashier_sign_on": CashierSigningOn,
    "shift_closing": ShiftClosing,
    "weigh_ins": ScaleWeighIns,
    "phone_activation": ActivatePhone,
    "p256_phone": ActivatePhone,
    "phone_renewal": RenewCertificate,
    "account": AskAccount,
    "top_up": AskTopUp,
}
ANSWERS: dict[str, Any] = {
    "enrolment": Enrolled,
    "sign_on": SignedOn,
    "key_renewal": KeyRenewed,
    "parameters": CurrentParameters,
    "charge": Answer,
    "code_charge": Answer,
    "void": Answer,
    "sheet_void": Answer,
    "payer": Payer,
    "payments": PaymentsFound,
    "shift_opening": Answer,
    "cashier_sign_on": CashierAnswer,
    "cashier_sign_off": Answer,
    "sign_off": Answer,
    "shift_closing": ShiftClosed,
    "requests": LedgerRequests,
    "weigh_ins": ScaleRecorded,
    "foods": list[FoodFactor],
    "block_list": BlockChanges,
    "phone_activation": PhoneCertificate,
    "p256_phone": PhoneCertificate,
    "phone_renewal": PhoneCertificate,
    "account": HolderAccount,
    "top_up": TopUpOrder,
}
MESSAGES_MIN = 21


def test_every_kind_of_message_has_a_vector() -> None:
    assert sorted(ANSWERS) == SIGNED
    assert sorted(KINDS) == sorted(name for name in SIGNED if "refused_bodies" in VECTORS[name])
    bodiless = [VECTORS[name] for name in SIGNED if name not in KINDS]
    assert {v["method"] for v in bodiless} == {"GET", "DELETE"}
    assert {v["request_body"] for v in bodiless} == {""}
    assert len(SIGNED) >= MESSAGES_MIN


@pytest.mark.parametrize("name", SIGNED)
def test_every_answer_is_of_its_type(name: str) -> None:
    """An optional member without a value is left out: nothing that the type does not have, nothing that it lacks."""
    strict(json.loads(VECTORS[name]["answer_body"]), ANSWERS[name])


@pytest.mark.parametrize("text", VECTORS["malformed"])
def test_a_text_that_is_no_message(text: str) -> None:
    with pytest.raises(Problem) as refused:
        read_json(text.encode())
    assert refused.value.kind is MALFORMED


def bodies(name: str, which: str) -> list[tuple[str, Any]]:
    """What the page says of a message's body, each with the one change."""
    v = VECTORS[name]
    good = json.loads(v["request_body"])
    found = [(f"{path}={value!r}", changed(good, path, value)) for path, some in v[which].items() for value in some]
    missing = [(f"without {path}", changed(good, path)) for path in v["needed"]] if which == "refused_bodies" else []
    return found + missing


def read(name: str, body: Any) -> None:
    """Read a body as the centre does before it looks anything up; raises Problem."""
    message = as_type(read_json(json.dumps(body).encode()), KINDS[name])
    for member in ("public_key", "proof", "ephemeral", "certificate"):
        if text := getattr(message, member, None):
            to_bytes(text)
    if isinstance(message, (Enrol, RenewKey)) and not signatures.is_signing_key(to_bytes(message.public_key)):
        raise Problem(INVALID)
    if isinstance(message, SignOn):
        agree_key(X25519PrivateKey.generate(), to_bytes(message.ephemeral), b"", b"")
    if isinstance(message, ActivatePhone):
        key_of(message)
    if isinstance(message, ChargeMessage):
        if (message.card is None) == (message.qr is None):
            raise Problem(INVALID)
        if message.card is not None:
            to_bytes(message.card.mac)
    if isinstance(message, VoidMessage) and (message.target_epoch, message.target_sequence) >= (1, 51):
        raise Problem(INVALID)
    if isinstance(message, ShiftOpening) and message.opened_at > time.time() + 300:
        raise Problem(INVALID)
    if isinstance(message, ShiftClosing):
        terminal = Terminal(terminal_id=2001, epoch=1, kind=TerminalKind.TILL, book=3302, public_key=b"")
        v = VECTORS[name]
        request = signatures.read_signature(
            "POST", v["path"], v["request_headers"], v["request_body"].encode(), in_session=False
        )
        check_numbers(signed_totals(terminal, message, request, b""))


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_bodies_that_the_page_says_are_refused(name: str) -> None:
    read(name, json.loads(VECTORS[name]["request_body"]))
    taken = []
    for change, body in bodies(name, "refused_bodies"):
        try:
            read(name, body)
        except Problem as problem:
            assert problem.kind.slug == "invalid", change
        else:
            taken.append(change)
    assert taken == []


TEXTS = [(name, text) for name in sorted(KINDS) for text in VECTORS[name].get("refused_texts", [])]


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_a_number_in_another_spelling_is_refused(name: str, text: str) -> None:
    assert json.loads(text) == json.loads(VECTORS[name]["request_body"]), "most libraries read the same"
    with pytest.raises(Problem) as refused:
        as_type(read_json(text.encode()), KINDS[name])
    assert refused.value.kind is INVALID
    with pytest.raises(Problem) as refused:
        TypedReader(KINDS[name]).read(text.encode())
    assert refused.value.kind is INVALID


def test_integers_in_other_spellings_are_on_the_page() -> None:
    assert {name for name, _ in TEXTS} == {"charge", "shift_closing"}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_limits_that_the_page_says_are_allowed(name: str) -> None:
    for _, body in bodies(name, "allowed_bodies"):
        read(name, body)


def test_keys_of_different_purposes_differ() -> None:
    private = [value for name, value in VECTORS["keys"].items() if name.endswith("_private")]
    assert len(set(private)) == len(private)


@pytest.mark.parametrize("case", VECTORS["key_renewal"]["refused_proofs"], ids=lambda case: case["why"])
def test_a_proof_that_the_page_says_is_refused(case: dict[str, Any]) -> None:
    text, new = bytes.fromhex(VECTORS["key_renewal"]["proof_text"]), KEYS["terminal_next_public"]
    verify = signatures.ed25519_verifier(new)
    assert verify(text, bytes.fromhex(VECTORS["key_renewal"]["proof"]))
    assert not verify(text, bytes.fromhex(case["proof"]))


@pytest.mark.parametrize("case", VECTORS["card"]["refused_macs"], ids=lambda case: case["why"])
def test_a_cards_answer_for_something_else(case: dict[str, Any]) -> None:
    v = VECTORS["card"]
    uid, file = bytes.fromhex(v["uid"]), CardFile(*(v[name] for name in CardFile.__struct_fields__))
    challenge = bytes.fromhex(v["challenge"])
    genuine = partial(cards.is_genuine, KEYS["card_master_key"], uid, file, challenge, v["counter"])
    assert genuine(bytes.fromhex(v["mac"]))
    assert not genuine(bytes.fromhex(case["mac"]))
    assert case["mac"] == tapped(v | {case["member"]: case["value"]})[2].hex(), "it is what it says that it is"


def tapped(payment: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
    """Binding, challenge and MAC for a payment, computed from the words of section 6.1."""
    meal = {"breakfast": 1, "lunch": 2, "dinner": 3}[payment["meal"]]
    numbers = [(payment["canteen_id"], 8), (meal, 1), (payment["purchased_at"], 8), (payment["amount_fen"] or 0, 8)]
    bound = b"".join(number.to_bytes(width, "big") for number, width in [*numbers, (payment["working_meal"], 1)])
    text = b"onecard card challenge v2" + payment["epoch"].to_bytes(4, "big") + payment["sequence"].to_bytes(8, "big")
    session = bytes.fromhex(VECTORS["sign_on"]["session_key"])
    challenge = hmac.digest(session, text + hashlib.sha256(bound).digest(), "sha256")[:16]
    mac = CMAC(AES(bytes.fromhex(VECTORS["card"]["card_key"])))
    mac.update(b"\x01" + challenge + payment["counter"].to_bytes(8, "big"))
    return bound, challenge, mac.finalize()


@pytest.mark.parametrize("v", VECTORS["card"]["other_charges"], ids=lambda v: str(v["sequence"]))
def test_what_else_a_card_pays(v: dict[str, Any]) -> None:
    assert [part.hex() for part in tapped(v)] == [v["binding"], v["challenge"], v["mac"]]
    message = as_type(json.loads(v["request_body"]), ChargeMessage)
    assert message.card is not None
    said = (message.meal, message.purchased_at, message.amount_fen, message.working_meal, message.card.counter)
    assert said == (v["meal"], v["purchased_at"], v["amount_fen"], v["working_meal"] or None, v["counter"])
    assert to_bytes(message.card.mac) == bytes.fromhex(v["mac"])
    bound = cards.binding(
        v["canteen_id"], message.meal, message.purchased_at, message.amount_fen, bool(message.working_meal)
    )
    assert bound.hex() == v["binding"]


def test_other_charges_have_an_amount_and_a_working_meal() -> None:
    shown = [json.loads(v["request_body"]) for v in VECTORS["card"]["other_charges"]]
    assert any("amount_fen" in body for body in shown)
    assert any("working_meal" in body for body in shown)


def test_receipt_code() -> None:
    """Computed with a CBOR library and the page alone, and by the product."""
    v = VECTORS["receipt_code"]
    said = v["receipt"]
    number, *rest = said.values()
    payload = cbor2.dumps([UUID(number).bytes, *rest], canonical=True)
    assert (payload.hex(), bytes.fromhex(v["context"])) == (v["payload"], b"onecard receipt v2")
    header = cbor2.dumps({1: -8}, canonical=True)
    signed = cbor2.dumps(["Signature1", header, bytes.fromhex(v["context"]), payload], canonical=True)
    signature = bytes.fromhex(v["signature"])
    assert signed.hex() == v["signed"]
    Ed25519PublicKey.from_public_bytes(KEYS["centre_public"]).verify(signature, signed)
    message = cbor2.dumps([header, {}, payload, signature], canonical=True)
    assert v["code"] == "OR1:" + qr.base45_encode(message)
    found = receipts.read([KEYS["centre_public"]], v["code"])
    assert json.loads(wire.encode(found)) == said


@pytest.mark.parametrize("case", VECTORS["receipt_code"]["refused_codes"], ids=lambda case: case["why"])
def test_a_receipt_code_that_the_page_says_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(qr.NotGenuine):
        receipts.read([KEYS["centre_public"], KEYS["centre_next_public"]], case["code"])


@pytest.mark.parametrize(("fen", "words"), VECTORS["in_words"])
def test_an_amount_in_words(fen: int, words: str) -> None:
    assert in_words(fen) == words
    assert said(fen) == words


def said(fen: int) -> str:
    """An amount up to 10,000 yuan, written as section 10 says."""
    digits, units = "零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟", "万")
    text, zeros = "", False
    for place, digit in enumerate(reversed(str(fen // 100))):
        if digit == "0":
            zeros = bool(text)
            continue
        text = f"{digits[int(digit)]}{units[place]}{'零' if zeros else ''}{text}"
        zeros = False
    jiao, cents = fen // 10 % 10, fen % 10
    small = f"{digits[jiao]}角" if jiao else "零" if text and cents else ""
    small += f"{digits[cents]}分" if cents else ""
    return f"人民币{text}{'元' if text else ''}{small or '整'}"


@given(st.integers(1, 1_000_000))
def test_every_amount_in_words_follows_the_page(fen: int) -> None:
    assert said(fen) == in_words(fen)


def test_enrolment() -> None:
    v = VECTORS["enrolment"]
    body, answer = v["request_body"].encode(), v["answer_body"].encode()
    headers = signatures.sign_request(
        "POST", "/terminal/enrolments", body, authority=AUTHORITY, created=v["created"], key_id="enrolment",
        sign=Ed25519PrivateKey.from_private_bytes(KEYS["terminal_private"]).sign,
    )  # fmt: skip
    assert headers == v["request_headers"]
    centre = signatures.ed25519_verifier(KEYS["centre_public"])
    signatures.check_answer(headers, 201, v["answer_headers"], answer, key_id="centre-1", verify=centre)
    as_type(json.loads(body), Enrol)
    assert json.loads(answer).keys() == set(Enrolled.__struct_fields__)


REFUSED_REQUESTS = [(name, case) for name in ("charge", "sign_on") for case in VECTORS[name]["refused_requests"]]


@pytest.mark.parametrize(("name", "case"), REFUSED_REQUESTS, ids=lambda one: one if isinstance(one, str) else None)
def test_a_request_that_the_page_says_is_refused(name: str, case: dict[str, str]) -> None:
    v, in_session = VECTORS[name], name == "charge"
    session = signatures.hmac_signer(bytes.fromhex(VECTORS["sign_on"]["session_key"]))
    verify = signatures.hmac_verifier(session) if in_session else signatures.ed25519_verifier(KEYS["terminal_public"])
    headers, body = v["request_headers"], v["request_body"].encode()
    assert headers[case["field"]] != case["value"]
    with pytest.raises(Problem) as refused:
        signatures.check_request(
            signatures.read_signature(
                "POST", v["path"], headers | {case["field"]: case["value"]}, body, in_session=in_session
            ),
            verify,
            v["created"],
        )
    assert refused.value.kind.slug == case["problem"]


def _sale(case: dict[str, Any]) -> ChargeMessage:
    """The charge of the page with the amount and the lines of a case, as the centre reads it."""
    body = json.loads(VECTORS["charge"]["request_body"]) | case
    body.pop("why", None)
    message = as_type(body, ChargeMessage)
    check_lines(message.lines or [], message.amount_fen)
    return message


@pytest.mark.parametrize("case", VECTORS["sale_lines"]["accepted"])
def test_sale_lines(case: dict[str, Any]) -> None:
    assert _sale(case).lines


@pytest.mark.parametrize("case", VECTORS["sale_lines"]["refused"], ids=lambda case: case["why"])
def test_sale_lines_that_the_page_says_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(Problem):
        _sale(case)


def test_shift_opening() -> None:
    v = VECTORS["shift_opening"]
    as_type(json.loads(v["request_body"]), ShiftOpening)
    assert json.loads(v["answer_body"]) == {"outcome": "recorded"}


def test_shift_closing(tmp_path: Path) -> None:
    """A journal with the page's requests and answers says what the page says."""
    v, opening = VECTORS["shift_closing"], VECTORS["shift_opening"]
    said = as_type(json.loads(v["request_body"]), ShiftClosing)
    assert (said.cashier, said.drawer, said.opened_at) == tuple(json.loads(opening["request_body"]).values())
    journal = Journal(tmp_path / "journal.sqlite")
    journal.write_ahead(1, 43, "open_shift", opening["request_body"].encode())
    for one in v["requests"]:
        journal.write_ahead(1, one["sequence"], one["operation"], one["request_body"].encode())
        journal.write_answer(1, one["sequence"], "known", one["answer_body"].encode())
    requests, unknown = journal.between(1, said.shift, said.last_sequence)
    journal.close()
    leaves = [one.leaf() for one in requests]
    assert [leaf.hex() for leaf in leaves] == [one["leaf"] for one in v["requests"]]
    links = [chain_head(2001, 1, 43, leaves[:n]).hex() for n in range(len(leaves) + 1)]
    assert links == [v["link_0"], *(one["link"] for one in v["requests"])]
    assert (to_bytes(said.journal_head).hex(), said.unknown) == (links[-1], unknown)
    assert wire.encode(said.days) == wire.encode(day_totals(requests))
    answer = wire.decode(v["answer_body"], type=ShiftClosed)
    assert (answer.agree, answer.requests, answer.journal_head) == (True, len(leaves), said.journal_head)


def test_the_page_names_every_reason() -> None:
    assert [reason for reason in Refusal if f"`{reason}`" not in PAGE] == []
