"""Write the test vectors of docs/terminal-protocol.md: every message kind, what is refused of it, and values between.

Usage: .venv/bin/python -m scripts.protocol_vectors   (`make docs`; tests/rules/test_generated_docs.py compares)

Nothing here is random, so a page that was written by the same code stays the same. The tests of the page do not use
this module: they compute from the page alone (tests/rules/test_protocol_page.py) and send its bodies to a running
system (tests/system/test_protocol_page.py).
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import inspect

from foundation.money import in_words
from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from settlement.shifts import chain_head
from terminals import cards, qr, receipts, sheet_codes, short_codes
from terminals.answering import receipt_note, refused
from terminals.cards import CardFile
from terminals.journal import Entry, shift_request
from terminals.keys import proof_text
from terminals.phone_keys import P256_ORDER, PhoneKey, PrivateKey, phone_key_of
from terminals.schemas import (
    ActivatePhone,
    AskAccount,
    AskTopUp,
    CashierSigningOn,
    ChargeMessage,
    Enrol,
    RenewCertificate,
    RenewKey,
    SheetVoidAtTill,
    ShiftClosing,
    ShiftOpening,
    SignOn,
    VoidMessage,
    to_bytes,
    to_text,
)
from terminals.sessions import SUITE, agree_key
from terminals.signatures import ANSWER, IN_SESSION, LABEL, OPENING, TAG, Signer, content_digest, hmac_signer
from waste.weighing.schemas import ScaleWeighIns

TARGET = Path(__file__).parents[1] / "docs" / "terminal-protocol.md"
_BLOCK = re.compile(r"(?<=```json\n).*?(?=```)", re.DOTALL)

AUTHORITY = "centre.example"
SESSION = "AAECAwQFBgcICQoLDA0ODw"
AT = 1763870582
"""2025-11-23 12:03:02 in China."""
BLOCK_LIST = 7

Json = dict[str, Any]


def _bytes_from(first: int) -> bytes:
    return bytes(range(first, first + 32))


_ED = {
    "terminal": _bytes_from(0x00),
    "terminal_next": _bytes_from(0x90),
    "centre": _bytes_from(0x20),
    "centre_next": bytes(range(0xE0, 0x100)),
    "phone": _bytes_from(0x40),
}
ED = {name: Ed25519PrivateKey.from_private_bytes(private) for name, private in _ED.items()}
PUBLIC = {name: key.public_key().public_bytes_raw() for name, key in ED.items()}
_P256_PRIVATE = _bytes_from(0xC0)
P256 = ec.derive_private_key(int.from_bytes(_P256_PRIVATE, "big"), ec.SECP256R1())
EPHEMERAL = {"terminal": _bytes_from(0x60), "centre": _bytes_from(0x80)}
MASTER_KEY = bytes(range(0xA0, 0xB0))


def _keys() -> Json:
    shown: Json = {}
    for name, private in _ED.items():
        shown |= {f"{name}_private": private.hex(), f"{name}_public": PUBLIC[name].hex()}
    shown |= {f"{name}_ephemeral_private": private.hex() for name, private in EPHEMERAL.items()}
    shown |= {"card_master_key": MASTER_KEY.hex()}
    return shown | {"p256_phone_private": _P256_PRIVATE.hex(), "p256_phone_public": phone_key_of(P256).public.hex()}


def sign_p256(message: bytes) -> bytes:
    """ECDSA with the nonce of RFC 6979, so that the page is the same each time."""
    signature = P256.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


def compact(value: Any) -> str:
    """JSON as it goes over the wire."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _signed(components: str, lines: list[str], key_id: str, algorithm: str, created: int, sign: Signer) -> Json:
    """The base that is signed, and the two fields that carry the signature."""
    parameters = f'{components};created={created};keyid="{key_id}";alg="{algorithm}";tag="{TAG}"'
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    fields = {"signature-input": f"{LABEL}={parameters}", "signature": f"{LABEL}=:{_base64(sign(base.encode()))}:"}
    return {"base": base, "fields": fields}


def message(
    method: str,
    path: str,
    body: Json | None,
    *,
    created: int,
    key_id: str,
    sign: Signer,
    algorithm: str = "ed25519",
    request_id: str = "",
) -> Json:
    """A signed request: its body's text, the base of its signature, its header fields."""
    text = "" if body is None else compact(body)
    digest = content_digest(text.encode())
    lines = [
        f'"@method": {method}',
        f'"@authority": {AUTHORITY}',
        f'"@path": {path}',
        f'"content-digest": {digest}',
        *([f'"onecard-request": {request_id}'] if request_id else []),
    ]
    signed = _signed(IN_SESSION if request_id else OPENING, lines, key_id, algorithm, created, sign)
    headers = {"host": AUTHORITY, "content-digest": digest, **signed["fields"]}
    if request_id:
        headers["onecard-request"] = request_id
    shown: Json = {"method": method, "path": path, "created": created}
    return shown | {"request_body": text, "request_base": signed["base"], "request_headers": headers}


def answered(
    request: Json,
    body: Any,
    *,
    key_id: str,
    sign: Signer,
    algorithm: str = "ed25519",
    status: int = 200,
    later: int = 0,
) -> Json:
    """The request with its signed answer, so many seconds later."""
    text, created = compact(body), request["created"] + later
    digest = content_digest(text.encode())
    lines = [
        f'"@status": {status}',
        f'"content-digest": {digest}',
        f'"onecard-block-list": {BLOCK_LIST}',
        f'"signature";req;key="{LABEL}": {request["request_headers"]["signature"].removeprefix(LABEL + "=")}',
    ]
    signed = _signed(ANSWER, lines, key_id, algorithm, created, sign)
    headers = {"content-digest": digest, "onecard-block-list": str(BLOCK_LIST), **signed["fields"]}
    shown: Json = {"answer_status": status, "answer_created": created, "answer_body": text}
    return request | shown | {"answer_base": signed["base"], "answer_headers": headers}


def opening(path: str, body: Json, answer: Any, *, created: int, key_id: str = "2001", status: int = 201) -> Json:
    """A terminal's message outside a session, and the centre's answer."""
    request = message("POST", path, body, created=created, key_id=key_id, sign=ED["terminal"].sign)
    return answered(request, answer, key_id="centre-1", sign=ED["centre"].sign, status=status)


def phones(path: str, body: Json, answer: Any, *, created: int, status: int = 200, p256: bool = False) -> Json:
    """A phone's message, and its answer, which nobody signs."""
    sign, algorithm = (sign_p256, "ecdsa-p256-sha256") if p256 else (ED["phone"].sign, "ed25519")
    request = message("POST", path, body, created=created, key_id="phone", sign=sign, algorithm=algorithm)
    return request | {"answer_status": status, "answer_body": compact(answer)}


PRICES = [
    {"meal": "breakfast", "valid_from": "2025-01-01", "home_fen": 400, "visitor_fen": 2000},
    {"meal": "lunch", "valid_from": "2025-01-01", "home_fen": 1000, "visitor_fen": 4000},
    {"meal": "lunch", "valid_from": "2025-12-01", "home_fen": 1200, "visitor_fen": 4000},
    {"meal": "dinner", "valid_from": "2025-01-01", "limit_fen": 5000},
]
PARAMETERS = {
    "canteen": {
        "canteen_id": 1010,
        "book": 3302,
        "agency_id": 1003,
        "name_zh": "机关食堂",
        "name_en": "Staff canteen",
    },
    "meals": [
        {"meal": "breakfast", "starts": "07:00", "ends": "08:30"},
        {"meal": "lunch", "starts": "11:00", "ends": "13:30"},
        {"meal": "dinner", "starts": "17:00", "ends": "19:00"},
    ],
    "prices": PRICES,
    "limits": {
        "amount_max_fen": 1000000,
        "resend_within_s": 86400,
        "purchase_ahead_s": 300,
        "code_fresh_s": 60,
        "code_ahead_s": 15,
    },
    "offline": {
        "late_after_s": 120,
        "payments_max": 3,
        "amount_max_fen": 10000,
        "block_list_age_max_s": 86400,
    },
    "refresh_s": 300,
    "cashier_required": False,
    "centre_keys": [
        {"version": 1, "public_key": to_text(PUBLIC["centre"]), "valid_from": 0, "valid_until": 1765080182},
        {"version": 2, "public_key": to_text(PUBLIC["centre_next"]), "valid_from": 1764475382},
    ],
}
VERSION = to_text(hashlib.sha256(compact(PARAMETERS).encode()).digest()[:16])


def _enrolment() -> Json:
    body = {
        "enrolment_id": 1990,
        "code": "ABCDEFGHIJKLMNOP",
        "public_key": to_text(PUBLIC["terminal"]),
        "centre_key": 1,
    }
    answer = {"terminal_id": 2001, "epoch": 1, "canteen_id": 1010}
    return opening("/terminal/enrolments", body, answer, created=1763870500, key_id="enrolment")


def _sign_on() -> tuple[Json, bytes]:
    """The sign-on, and the session's key."""
    ours, theirs = (X25519PrivateKey.from_private_bytes(EPHEMERAL[name]) for name in ("terminal", "centre"))
    points = [to_text(key.public_key().public_bytes_raw()) for key in (ours, theirs)]
    body = {
        "suite": SUITE,
        "protocols": [2],
        "terminal_id": 2001,
        "ephemeral": points[0],
        "centre_key": 1,
        "device": {"software": "till 4.2.1", "model": "K9", "serial": "SN-0001"},
    }
    answer = {
        "session_id": SESSION,
        "protocol": 2,
        "suite": SUITE,
        "ephemeral": points[1],
        "epoch": 1,
        "highest_sequence": 41,
        "centre_time": AT,
        "expires_at": 1763906582,
        "block_list_version": BLOCK_LIST,
        "key_renew_at": 1795406500,
        "parameters_version": VERSION,
        "parameters": PARAMETERS,
    }
    v = opening("/terminal/sessions", body, answer, created=AT)
    bodies = v["request_body"].encode(), v["answer_body"].encode()
    key = agree_key(ours, to_bytes(points[1]), *bodies)
    shared = ours.exchange(X25519PublicKey.from_public_bytes(to_bytes(points[1])))
    info = b"onecard session v1" + b"".join(hashlib.sha256(text).digest() for text in bodies)
    v |= {"shared_secret": shared.hex(), "info": info.hex(), "session_key": key.hex()}
    headers = v["request_headers"]
    v["refused_requests"] = [
        _header(headers, "signature-input", 'keyid="2001"', 'keyid="2002"', "bad-signature"),
        _header(headers, "signature-input", 'alg="ed25519"', 'alg="hmac-sha256"', "bad-signature"),
        _header(headers, "signature-input", 'tag="onecard-2"', 'tag="onecard-3"', "protocol-unknown"),
        _header(headers, "signature-input", "onecard=", "sig1=", "bad-signature"),
        _header(headers, "signature-input", ' "@path"', "", "bad-signature"),
        _header(headers, "host", AUTHORITY, f"{AUTHORITY}:80", "bad-signature"),
    ]
    return v, key


def _header(headers: Json, field: str, old: str, new: str, problem: str) -> Json:
    value = headers[field].replace(old, new)
    assert value != headers[field], (field, old)
    return {"field": field, "value": value, "problem": problem}


def _key_renewal() -> Json:
    text = proof_text(2001, PUBLIC["terminal"])
    proof = ED["terminal_next"].sign(text)
    body = {
        "terminal_id": 2001,
        "public_key": to_text(PUBLIC["terminal_next"]),
        "proof": to_text(proof),
        "centre_key": 1,
    }
    answer = {"terminal_id": 2001, "epoch": 1, "key_renew_at": 1795406600}
    v = opening("/terminal/keys", body, answer, created=1763870600)
    v |= {"proof_text": text.hex(), "proof": proof.hex()}
    v["refused_proofs"] = [
        {"why": "by the old key", "proof": ED["terminal"].sign(text).hex()},
        {"why": "of another terminal", "proof": ED["terminal_next"].sign(proof_text(2002, PUBLIC["terminal"])).hex()},
        {"why": "over the new key", "proof": ED["terminal_next"].sign(proof_text(2001, PUBLIC["terminal_next"])).hex()},
    ]
    return v


class Session:
    """What a terminal sends in its session."""

    def __init__(self, key: bytes) -> None:
        self.mac = hmac_signer(key)

    def __call__(
        self, method: str, path: str, sequence: int, body: Json | None, answer: Any, *, created: int, later: int = 0
    ) -> Json:
        """A message in the session, and its answer."""
        request = message(
            method,
            path,
            body,
            created=created,
            key_id=SESSION,
            sign=self.mac,
            algorithm="hmac-sha256",
            request_id=f"1/{sequence}",
        )
        return answered(request, answer, key_id=SESSION, sign=self.mac, algorithm="hmac-sha256", later=later)


CASHIER: Json = {"cashier": "1042", "pin": "470391", "new_pin": "582614"}
SIGNED_ON: Json = {
    "outcome": "signed_on",
    "cashier": {
        "cashier_id": 1077,
        "name": "李大厨",
        "language": "zh",
        "may": ["charge", "void", "close_shift"],
        "until": 1763928200,
    },
}


def _parameters(session: Session) -> Json:
    unchanged = {"version": VERSION, "centre_time": 1763870882, "block_list_version": BLOCK_LIST}
    v = session("GET", f"/terminal/parameters/{VERSION}", 42, None, unchanged, created=1763870882)
    return v | {
        "changed": unchanged | {"parameters": PARAMETERS},
        "unchanged": unchanged,
        "price_on": [
            {"meal": "lunch", "date": "2025-11-30", "price": 1},
            {"meal": "lunch", "date": "2025-12-01", "price": 2},
            {"meal": "dinner", "date": "2026-01-31", "price": 3},
            {"meal": "lunch", "date": "2024-12-31", "price": None},
        ],
        "refused_paths": [
            {"path": f"/terminal/parameters/{VERSION[:-1]}", "problem": "invalid"},
            {"path": f"/terminal/parameters/{VERSION}A", "problem": "invalid"},
            {"path": f"/terminal/parameters/{VERSION}?a=1", "problem": "bad-signature"},
            {"path": f"/terminal//parameters/{VERSION}", "problem": "bad-signature"},
        ],
    }


CARD = CardFile(1, Book(3302), AgencyId(1003), HolderId(1042), CredentialId(1043))
UID = bytes.fromhex("04782e21801d80")


def _tapped(session: Session, payment: Json) -> tuple[bytes, bytes, bytes]:
    """Binding, challenge and MAC of the card for a payment."""
    of = payment
    bound = cards.binding(of["canteen_id"], of["meal"], of["purchased_at"], of["amount_fen"], of["working_meal"])
    challenge = cards.challenge(session.mac, of["epoch"], of["sequence"], bound)
    return bound, challenge, cards.response(cards.card_key(MASTER_KEY, UID, CARD), challenge, of["counter"])


PAYMENT: Json = {
    "epoch": 1,
    "sequence": 42,
    "canteen_id": 1010,
    "meal": "lunch",
    "purchased_at": AT,
    "amount_fen": None,
    "working_meal": False,
    "counter": 5,
}


def _card(session: Session) -> Json:
    bound, challenge, mac = _tapped(session, PAYMENT)
    others = [
        ("another meal", "meal", "dinner"),
        ("another second", "purchased_at", AT + 1),
        ("another canteen", "canteen_id", 1011),
        ("an amount", "amount_fen", 1),
        ("a working meal", "working_meal", True),
        ("another number", "sequence", 43),
        ("another epoch", "epoch", 2),
        ("another counter", "counter", 6),
    ]
    return {
        "uid": UID.hex(),
        **{name: getattr(CARD, name) for name in CARD.__struct_fields__},
        "file": CARD.encode().hex(),
        "card_key": cards.card_key(MASTER_KEY, UID, CARD).hex(),
        **PAYMENT,
        "binding": bound.hex(),
        "binding_digest": hashlib.sha256(bound).hexdigest(),
        "challenge": challenge.hex(),
        "mac": mac.hex(),
        "refused_macs": [
            {"why": why, "member": member, "value": value, "mac": _tapped(session, PAYMENT | {member: value})[2].hex()}
            for why, member, value in others
        ],
        "other_charges": [
            _other_charge(session, {"sequence": 60, "meal": "dinner", "purchased_at": AT + 21600, "amount_fen": 1850}),
            _other_charge(session, {"sequence": 61, "purchased_at": AT + 40, "working_meal": True, "counter": 7}),
        ],
    }


def _other_charge(session: Session, changes: Json) -> Json:
    payment = PAYMENT | {"counter": 6} | changes
    bound, challenge, mac = _tapped(session, payment)
    return payment | {
        "binding": bound.hex(),
        "challenge": challenge.hex(),
        "mac": mac.hex(),
        "request_body": compact(_charge_body(payment, mac)),
    }


def _charge_body(payment: Json, mac: bytes) -> Json:
    card = {name: getattr(CARD, name) for name in CARD.__struct_fields__}
    answer = {"counter": payment["counter"], "session_id": SESSION, "mac": to_text(mac)}
    body = {name: payment[name] for name in ("meal", "purchased_at", "amount_fen", "working_meal") if payment[name]}
    return body | {"card": {"uid": UID.hex(), **card, **answer}}


TOKEN = qr.Token(AT, 9, 1010, 5000)


def _holder(credential_id: int, key: PhoneKey) -> qr.Holder:
    return qr.Holder(Book(3302), AgencyId(1003), HolderId(1042), CredentialId(credential_id), 1764475382, key)


def _long_code(certificate: bytes, key: PrivateKey, token: qr.Token = TOKEN) -> tuple[bytes, str]:
    payload = cbor2.dumps([token.issued_at, token.counter, token.canteen_id, token.limit_fen], canonical=True)
    algorithm = -7 if isinstance(key, ec.EllipticCurvePrivateKey) else -8
    header = cbor2.dumps({1: algorithm}, canonical=True)
    to_sign = cbor2.dumps(["Signature1", header, b"onecard token v2", payload], canonical=True)
    signature = key.sign(to_sign) if isinstance(key, Ed25519PrivateKey) else sign_p256(to_sign)
    signed = cbor2.dumps([header, {}, payload, signature], canonical=True)
    return signed, qr.PREFIX + qr.base45_encode(b"\x82" + certificate + signed)


def _qr() -> Json:
    holder = _holder(1044, PhoneKey(PUBLIC["phone"]))
    certificate = qr.issue_certificate(ED["centre"], 1, holder)
    token, code = _long_code(certificate, ED["phone"])

    def by(version: int, key: str) -> str:
        return _long_code(qr.issue_certificate(ED[key], version, holder), ED["phone"])[1]

    return {
        "book": 3302,
        "agency_id": 1003,
        "holder_id": 1042,
        "credential_id": 1044,
        "expires_at": holder.expires_at,
        "certificate": certificate.hex(),
        "issued_at": AT,
        "counter": 9,
        "canteen_id": 1010,
        "limit_fen": 5000,
        "token": token.hex(),
        "code": code,
        "kid": 1,
        "refused_codes": [
            {"kid": 2, "why": "signed by version 1, but names version 2", "code": by(2, "centre")},
            {"kid": 3, "why": "names a version that the centre does not have", "code": by(3, "centre_next")},
            {"kid": 1, "why": "another phone's token", "code": _long_code(certificate, ED["terminal"])[1]},
            {
                "kid": 1,
                "why": "counter 0",
                "code": _long_code(certificate, ED["phone"], qr.Token(AT, 0, 1010, 5000))[1],
            },
            {"kid": 1, "why": "limit 0", "code": _long_code(certificate, ED["phone"], qr.Token(AT, 9, 1010, 0))[1]},
            {"kid": 1, "why": "another prefix", "code": code.replace("OC1:", "OC3:")},
            {"kid": 1, "why": "a line feed at the end", "code": code + "\n"},
        ],
        "accepted_after_rotation": by(2, "centre_next"),
    }


def _charge(session: Session, card: Json) -> Json:
    body = _charge_body(PAYMENT, bytes.fromhex(card["mac"]))
    v = session(
        "POST", "/terminal/charges", 42, body, _refusal("insufficient_funds"), created=AT, later=1
    )  # fmt: skip
    fields = v["request_headers"]
    digest = fields["content-digest"].removeprefix("sha-256=:").removesuffix(":")
    v["refused_requests"] = [
        _header(fields, "signature-input", 'tag="onecard-2"', 'tag="onecard-1"', "protocol-unknown"),
        _header(fields, "signature-input", ';tag="onecard-2"', "", "protocol-unknown"),
        _header(fields, "signature-input", ' "@authority"', "", "bad-signature"),
        _header(fields, "signature-input", f"created={AT}", f"created={AT + 1}", "bad-signature"),
        _header(fields, "signature-input", f"created={AT}", f"created=0{AT}", "bad-signature"),
        {"field": "host", "value": "other.example", "problem": "bad-signature"},
        {"field": "host", "value": "Centre.example", "problem": "bad-signature"},
        {"field": "host", "value": f"{AUTHORITY}:443", "problem": "bad-signature"},
        {"field": "onecard-request", "value": "1/43", "problem": "bad-signature"},
        {"field": "onecard-request", "value": "1/042", "problem": "bad-signature"},
        {"field": "content-digest", "value": f"sha-256=:=:{digest}:=:", "problem": "bad-signature"},
        {"field": "signature", "value": _second_spelling(fields["signature"], "=:"), "problem": "bad-signature"},
    ]
    return v


def _refusal(reason: str) -> Json:
    said = refused(reason)
    return {name: value for name in said.__struct_fields__ if (value := getattr(said, name)) is not None}


_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE64URL = _BASE64[:-2] + "-_"


def _second_spelling(text: str, before: str = "", alphabet: str = _BASE64) -> str:
    """The same bytes with a bit set beyond the last of them."""
    at = (text.rindex(before) if before else len(text)) - 1
    return text[:at] + alphabet[alphabet.index(text[at]) + 1] + text[at + 1 :]


def _short_body(token: qr.Token) -> bytes:
    numbers = (token.issued_at, 4), (token.counter, 4), (token.limit_fen or 0, 3)
    canteen = short_codes.canteen_hint(token.canteen_id)
    return REFERENCE + b"".join(number.to_bytes(width, "big") for number, width in (*numbers, (canteen, 3)))


REFERENCE = bytes.fromhex("a1b2c3d4e5f6")


def _short_codes() -> tuple[list[Json], list[Json]]:
    body = _short_body(TOKEN)
    keys = {"ed25519": PhoneKey(PUBLIC["phone"]), "ecdsa-p256-sha256": phone_key_of(P256)}
    signers = {"ed25519": ED["phone"].sign, "ecdsa-p256-sha256": sign_p256}
    signed = {name: short_codes.to_be_signed(key, body, TOKEN.canteen_id) for name, key in keys.items()}
    signatures = {name: signers[name](text) for name, text in signed.items()}

    def code(content: bytes, signature: bytes, prefix: str = short_codes.PREFIX) -> str:
        return prefix + qr.base45_encode(content + signature)

    shown = [
        {
            "algorithm": algorithm,
            "reference": REFERENCE.hex(),
            "issued_at": AT,
            "counter": 9,
            "limit_fen": 5000,
            "canteen_id": 1010,
            "canteen": 1011,
            "body": body.hex(),
            "signed": signed[algorithm].hex(),
            "signature": signature.hex(),
            "code": code(body, signature),
        }
        for algorithm, signature in signatures.items()
    ]
    ed, p256 = signatures.values()
    of_another = sign_p256(signed["ed25519"])
    without_key = {name: signers[name](signed[name].replace(key.public, b"")) for name, key in keys.items()}
    high_s = p256[:32] + (P256_ORDER - int.from_bytes(p256[32:], "big")).to_bytes(32, "big")
    cases = [
        (code(body, high_s), "ecdsa-p256-sha256", 1010, "s above half of the order", "credential_invalid"),
        (code(body, ed), "ecdsa-p256-sha256", 1010, "a signature of another algorithm", "credential_invalid"),
        (code(_short_body(qr.Token(AT, 0, 1010, 5000)), ed), "ed25519", 1010, "counter 0", "credential_invalid"),
        (code(_short_body(qr.Token(AT, 9, 1010, 6000)), ed), "ed25519", 1010, "another limit", "credential_invalid"),
        (code(_short_body(qr.Token(AT, 9, None, 5000)), ed), "ed25519", 1010, "any canteen", "credential_invalid"),
        (code(body, ed), "ed25519", 1011, "at another canteen", "wrong_canteen"),
        (code(body, ed), "ed25519", 1010 + 2**24 - 1, "a canteen of the same three bytes", "credential_invalid"),
        (code(body, of_another), "ecdsa-p256-sha256", 1010, "signs another key", "credential_invalid"),
        *((code(body, one), name, 1010, "signs no key", "credential_invalid") for name, one in without_key.items()),
        (code(body, ed) + "0", "ed25519", 1010, "131 characters", "credential_invalid"),
        (code(body, ed, "OC1:"), "ed25519", 1010, "another prefix", "credential_invalid"),
        (code(body, ed)[:-1] + "\n", "ed25519", 1010, "a line feed", "credential_invalid"),
    ]  # fmt: skip
    names = ("code", "algorithm", "canteen_id", "why", "reason")
    return shown, [dict(zip(names, case, strict=True)) for case in cases]


RECEIPT_NUMBER = "019ab12c-7d1e-7000-8000-0242ac120002"


def _code_charge(session: Session, code: str) -> Json:
    receipt = {
        "number": RECEIPT_NUMBER,
        "amount_fen": 1000,
        "cash_fen": 400,
        "subsidy_fen": 600,
        "host_fen": 0,
        "cash_balance_fen": 9600,
        "subsidy_balance_fen": 0,
        "business_date": "2025-11-23",
        "posted_at": AT + 20,
        "note": receipt_note("personal"),
    }
    body = {"meal": "lunch", "purchased_at": AT + 19, "qr": code}
    return session(
        "POST", "/terminal/charges", 50, body, {"outcome": "approved", "receipt": receipt}, created=AT + 19, later=1
    )


def _void(session: Session) -> Json:
    body = {"target_epoch": 1, "target_sequence": 50}
    answer = {"outcome": "voided", "reversed_fen": 1000, "business_date": "2025-11-23"}
    return session("POST", "/terminal/voids", 51, body, answer, created=AT + 60)


def _p256_phone() -> Json:
    public = phone_key_of(P256)
    certificate = qr.issue_certificate(ED["centre"], 1, _holder(1045, public))
    token, code = _long_code(certificate, P256)
    body = {
        "activation_id": 1991,
        "code": "ABCDEFGHIJKLMNOP",
        "public_key": to_text(public.public),
        "algorithm": "ecdsa-p256-sha256",
    }
    v = phones("/phone/certificates", body, _issued(certificate, 1045), created=1763870600, status=201, p256=True)
    return v | {"credential_id": 1045, "certificate": certificate.hex(), "token": token.hex(), "code": code}


def _issued(certificate: bytes, credential_id: int) -> Json:
    return {
        "certificate": to_text(certificate),
        "reference": to_text(REFERENCE),
        "credential_id": credential_id,
        "expires_at": 1764475382,
    }


def _phones(certificate: bytes) -> Json:
    given = {"certificate": to_text(certificate)}
    activation = {
        "activation_id": 1992,
        "code": "QRSTUVWXYZ234567",
        "public_key": to_text(PUBLIC["phone"]),
    }
    order = {"order_id": "019ab12c-0000-7000-8000-0242ac120009", "amount_fen": 20000}
    opened = order | {"state": "open", "expires_at": AT + 900, "pay_url": "https://pay.example/019ab12c"}
    opened = {name: opened[name] for name in ("order_id", "state", "amount_fen", "expires_at", "pay_url")}
    payment = {
        "number": RECEIPT_NUMBER,
        "kind": "payment",
        "channel": "qr",
        "meal": "lunch",
        "canteen_zh": "机关食堂",
        "canteen_en": "Staff canteen",
        "purchased_at": AT + 19,
        "posted_at": AT + 20,
        "late": False,
        "amount_fen": 1000,
        "given_back_fen": 1000,
    }
    credential = {"credential_id": 1044, "kind": "phone", "state": "active", "issued_at": AT - 600}
    account = {"cash_fen": 10000, "subsidy_fen": 600, "payments": [payment], "credentials": [credential]}
    issued = _issued(certificate, 1044)
    return {
        "phone_activation": phones("/phone/certificates", activation, issued, created=AT - 600, status=201),
        "phone_renewal": phones("/phone/certificates/renewals", given, issued, created=AT, status=201),
        "account": phones("/phone/account", given, account, created=AT + 90),
        "top_up": phones("/phone/top-ups", given | order, opened, created=AT + 100),
    }


OPENING_BODY = {"cashier": "c-07", "drawer": "1", "opened_at": 1763870590}
IN_SHIFT: list[tuple[int, str, Json, Json]] = [
    (
        44,
        "charge",
        {"meal": "lunch", "purchased_at": 1763870600, "amount_fen": 1000, "qr": "OC1:A"},
        {
            "outcome": "approved",
            "receipt": {
                "number": RECEIPT_NUMBER,
                "amount_fen": 1000,
                "business_date": "2025-11-23",
                "posted_at": 1763870601,
            },
        },
    ),
    (
        45,
        "charge",
        {"meal": "lunch", "purchased_at": 1763870610, "qr": "OC1:B"},
        {"outcome": "refused", "reason": "insufficient_funds"},
    ),
    (
        46,
        "charge",
        {"meal": "lunch", "purchased_at": 1763870620, "qr": "OC1:C"},
        {"outcome": "voided", "reversed_fen": 0},
    ),
    (47, "void", {"target_epoch": 1, "target_sequence": 46}, {"outcome": "voided", "reversed_fen": 0}),
    (
        48,
        "void",
        {"target_epoch": 1, "target_sequence": 44},
        {"outcome": "voided", "reversed_fen": 1000, "business_date": "2025-11-23"},
    ),
    (
        49,
        "charge",
        {"meal": "lunch", "purchased_at": 1763870300, "qr": "OC1:D"},
        {
            "outcome": "approved",
            "receipt": {
                "number": "019ab12c-9a55-7000-8000-0242ac120003",
                "amount_fen": 4000,
                "business_date": "2025-11-23",
                "posted_at": 1763870700,
            },
        },
    ),
]
DAY = {
    "business_date": "2025-11-23",
    "online": 1,
    "online_fen": 1000,
    "stored": 1,
    "stored_fen": 4000,
    "reversals": 1,
    "reversed_fen": 1000,
}


def _shift_closing() -> Json:
    leaves: list[bytes] = []
    shown = []
    for sequence, operation, body, answer in IN_SHIFT:
        texts = compact(body), compact(answer)
        found = shift_request(Entry(1, sequence, operation, texts[0].encode(), "known", texts[1].encode()))
        assert found is not None
        leaves.append(found.leaf())
        shown.append(
            {
                "sequence": sequence,
                "operation": operation,
                "request_body": texts[0],
                "answer_body": texts[1],
                "leaf": leaves[-1].hex(),
                "link": chain_head(2001, 1, 43, leaves).hex(),
            }
        )
    head = to_text(chain_head(2001, 1, 43, leaves))
    body = {
        "terminal_id": 2001,
        "epoch": 1,
        "shift": 43,
        "last_sequence": 49,
        **OPENING_BODY,
        "closed_at": 1763880000,
        "unknown": 0,
        "days": [DAY],
        "journal_head": head,
        "centre_key": 1,
    }
    answer = {
        "agree": True,
        "requests": 6,
        "days": [DAY | {"refunds": 0, "refunded_fen": 0}],
        "journal_head": head,
    }
    v = opening("/terminal/shifts/closings", body, answer, created=1763880001, status=200)
    return v | {"link_0": chain_head(2001, 1, 43, []).hex(), "requests": shown}


def _listed(session: Session, digest: str) -> Json:
    found: list[Json] = []
    for sequence, operation, body, answer in IN_SHIFT[:2]:
        one: Json = {"sequence": sequence, "operation": operation, "outcome": answer["outcome"]}
        one["business_date"] = "2025-11-23"
        if receipt := answer.get("receipt"):
            one |= {"amount_fen": receipt["amount_fen"], "number": receipt["number"]}
        else:
            one["reason"] = answer["reason"]
        found.append(one | {"body_digest": to_text(hashlib.sha256(compact(body).encode()).digest())})
    assert len(digest) == 64
    v = session(
        "GET", "/terminal/requests/1/44/45", 44, None, {"requests": found, "complete": True}, created=1763880010
    )
    v["refused_paths"] = [
        {"path": "/terminal/requests/1/044/45", "problem": "bad-signature"},
        {"path": "/terminal/requests/1/44/4_5", "problem": "bad-signature"},
        {"path": "/terminal/requests/1/+44/45", "problem": "bad-signature"},
        {"path": "/terminal/requests/1/44/9007199254740992", "problem": "invalid"},
        {"path": "/terminal/requests/2147483648/44/45", "problem": "invalid"},
    ]
    return v


def _scale(session: Session) -> Json:
    weigh_in = {
        "weigh_in_id": "019ab12c-1111-7000-8000-0242ac120010",
        "business_date": "2025-11-23",
        "meal": "lunch",
        "stream": "plate",
        "weight_g": 12500,
        "food": "rice",
    }
    recorded = {"outcome": "recorded", "received": 1, "new": 1, "implausible": []}
    food = {
        "food": "rice",
        "valid_from": "2025-01-01",
        "name_zh": "米饭",
        "name_en": "rice, cooked",
        "co2e_g_per_kg": 1780,
        "source": "example",
    }
    return {
        "weigh_ins": session("POST", "/terminal/weigh-ins", 52, {"weigh_ins": [weigh_in]}, recorded, created=AT + 200),
        "foods": session("GET", "/terminal/foods", 52, None, [food], created=AT + 210),
    }


def _block_list(session: Session) -> Json:
    changes = [
        {"version": 6, "book": 3302, "credential_id": 1043, "blocked": True},
        {"version": 7, "book": 3302, "credential_id": 1043, "blocked": False},
    ]
    answer = {"version": 7, "complete": True, "changes": changes}
    v = session("GET", "/terminal/block-list/5", 52, None, answer, created=AT + 220)
    v["refused_paths"] = [
        {"path": "/terminal/block-list/05", "problem": "bad-signature"},
        {"path": "/terminal/block-list/-1", "problem": "invalid"},
        {"path": "/terminal/block-list/9007199254740992", "problem": "invalid"},
        {"path": "/terminal/block-list/9007199254740991", "problem": "invalid"},
        {"path": "/terminal/block-list/x", "problem": "not-found"},
    ]
    return v


def _receipt_code() -> Json:
    members: Json = {
        "number": RECEIPT_NUMBER,
        "kind": "payment",
        "payer_zh": "某某局工作人员",
        "canteen_zh": "机关食堂",
        "meal": "lunch",
        "purchased_at": AT + 19,
        "business_date": "2025-11-23",
        "cash_fen": 400,
        "subsidy_fen": 600,
        "host_fen": 0,
        "effect": "personal",
    }

    def payload(**changes: Any) -> bytes:
        values = members | changes
        number, *rest = values.values()
        return cbor2.dumps([bytes.fromhex(number.replace("-", "")), *rest], canonical=True)

    header = cbor2.dumps({1: -8}, canonical=True)

    def signed(content: bytes, context: bytes = receipts.CONTEXT) -> bytes:
        return cbor2.dumps(["Signature1", header, context, content], canonical=True)

    def code(content: bytes, signature: bytes, prefix: str = receipts.PREFIX) -> str:
        return prefix + qr.base45_encode(cbor2.dumps([header, {}, content, signature], canonical=True))

    content = payload()
    signature = ED["centre"].sign(signed(content))
    good = code(content, signature)
    other = ED["centre"].sign(signed(content, b"onecard certificate v1"))
    return {
        "receipt": members,
        "payload": content.hex(),
        "context": receipts.CONTEXT.hex(),
        "signed": signed(content).hex(),
        "signature": signature.hex(),
        "code": good,
        "refused_codes": [
            {"why": "another amount", "code": code(payload(cash_fen=500), signature)},
            {"why": "another business date", "code": code(payload(business_date="2025-11-24"), signature)},
            {"why": "another number", "code": code(payload(number=RECEIPT_NUMBER[:-1] + "3"), signature)},
            {"why": "signed by nobody known", "code": code(content, ED["phone"].sign(signed(content)))},
            {"why": "signed for another purpose", "code": code(content, other)},
            {"why": "another prefix", "code": code(content, signature, "OC1:")},
            {"why": "cut short", "code": good[:-3]},
            {"why": "a line feed at the end", "code": good + "\n"},
            {"why": "a character more", "code": good + "0"},
        ],
    }


def _sheets() -> Json:
    """A canteen's code, in what cameras read, and what is no such code."""
    name = sheet_codes.SheetName(10_234, 2)
    signed = sheet_codes.sign_sheet(ED["centre"], 1, name)
    code = to_text(signed)
    scheme = "00020101021126160012com.unionpay5204581253031565802CN5902AB6002NB6304"
    scheme += sheet_codes.crc16(scheme)
    own = sheet_codes.emvco_payload(code, "CANTEEN 1010", "NINGBO")
    beside = sheet_codes.emvco_payload(code, "CANTEEN 1010", "NINGBO", scheme)
    said, other = signed[:10], bytes([*signed[:9], 3])
    of_nobody = ED["phone"].sign(sheet_codes.CONTEXT + said)
    of_another_use = ED["centre"].sign(b"onecard sheet v0" + said)
    return {
        "sheet_id": name.sheet_id,
        "version": name.version,
        "key_version": 1,
        "signed": (sheet_codes.CONTEXT + said).hex(),
        "signature": signed[10:].hex(),
        "code": code,
        "scanned": [code, sheet_codes.address_of("https://centre.example", code), own, beside],
        "beside": scheme,
        "refused_codes": [
            {"why": "another version", "code": to_text(other + signed[10:])},
            {"why": "signed by nobody known", "code": to_text(said + of_nobody)},
            {
                "why": "signed for another purpose",
                "code": to_text(said + of_another_use),
            },
            {"why": "a key that the centre has not", "code": to_text(sheet_codes.sign_sheet(ED["centre"], 9, name))},
        ],
        "not_read": [
            code[:-1],
            code + "A",
            f"https://centre.example/r/{code}",
            f"https://centre.example/s/{code}?x=1",
            own.replace("NINGBO", "NINGBA"),
            own[:-8],
            scheme,
        ],
    }


def _sale_lines() -> Json:
    """Members that go into the body of a charge together."""

    def line(**more: Any) -> Json:
        found = {"article": "a", "portions": 1, "unit_price_fen": 800, "amount_fen": 800} | more
        return {name: value for name, value in found.items() if value is not None}

    def case(why: str, *lines: Json, amount_fen: int | None = 800) -> Json:
        amount = {} if amount_fen is None else {"amount_fen": amount_fen}
        return {"why": why} | amount | {"lines": list(lines)}

    free = line(article="b", unit_price_fen=0, amount_fen=0)
    hundred_g = line(portions=None, grams=100, unit_price_fen=3980, amount_fen=399)
    meat = line(article="红烧肉", portions=2, amount_fen=1600)
    greens = {"article": "时蔬", "grams": 100, "unit_price_fen": 3985, "amount_fen": 399}
    gram = {"article": "a", "grams": 1, "unit_price_fen": 1, "amount_fen": 1}
    buns = line(article="馒头", portions=12, unit_price_fen=100, amount_fen=1000, take_away=True)
    soup = line(article="例汤", unit_price_fen=0, amount_fen=0)
    return {
        "accepted": [
            {"amount_fen": 1999, "lines": [meat, greens]},
            {"amount_fen": 1, "lines": [gram]},
            {"amount_fen": 1000, "lines": [buns, soup]},
        ],
        "refused": [
            case("no lines"),
            case("twenty-one lines", *[line(unit_price_fen=1, amount_fen=1)] * 21, amount_fen=21),
            case("no amount", line(), amount_fen=None),
            case("another sum", line(unit_price_fen=801), amount_fen=801),
            case("above its price", line(amount_fen=801), amount_fen=801),
            case("above the price of its grams", hundred_g, free, amount_fen=399),
            case("portions and grams", line(grams=100)),
            case("neither", line(portions=None)),
            case("no portion", line(portions=0)),
            case("a boolean for a number", line(portions=True)),
            case("a fraction", line(portions=1.5)),
            case("below zero", line(unit_price_fen=900, amount_fen=900), free | {"amount_fen": -100}),
            case("a number for a boolean", line(take_away=1)),
            case("no article", line(article="")),
            case("a line break", line(article="a\u2028")),
            case("a line feed", line(article="a\nb")),
            case("a tab", line(article="a\tb")),
            case("a Hangul filler", line(article="\u3164")),
            case("a Braille blank", line(article="\u2800")),
            case("a soft hyphen", line(article="\u00ad")),
            case("forty-one characters", line(article="a" * 41)),
            case("an unknown member", line(allergens="nuts")),
        ],
    }


COUNTERS = [
    [1000, "approved"], [999, "approved"], [1000, "already_used"], [999, "already_used"], [745, "approved"],
    [744, "counter_too_low"], [745, "already_used"], [1001, "approved"], [745, "counter_too_low"], [746, "approved"],
    [5000, "approved"], [4744, "counter_too_low"], [4745, "approved"], [1, "counter_too_low"],
    [9007199254740991, "approved"], [9007199254740736, "approved"], [9007199254740735, "counter_too_low"],
]  # fmt: skip

IN_WORDS = [
    1, 5, 10, 50, 55, 100, 101, 110, 1000, 1009, 1200, 2000, 10500, 32504, 100000, 100200, 105000, 600714, 101010,
    999999, 1000000,
]  # fmt: skip

MALFORMED = [
    "",
    "[]x",
    '{"a":1,"a":1}',
    '{"a":NaN}',
    '{"a":10000000000000000000}',
    '{"a":"\\u0000"}',
    '{"a":"\\ud800"}',
    "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
]
"""No message of any kind."""

Case = Json
"""``path``: a JSON Pointer (RFC 6901) into the body; ``value``: what stands there instead, none: nothing does."""


def _by_path(cases: list[Case]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for case in cases:
        found.setdefault(case["path"], []).append(case["value"])
    return found


_BASE64_MEMBERS = {"public_key", "proof", "mac", "ephemeral", "journal_head", "certificate"}


_OF_ANY_LENGTH = ("software", "model", "serial", "cashier", "drawer", "suite", "food", "short_number", "reason")
"""Texts of a form that may be longer or shorter by a character."""


def _cases(info: Any, good: Any, at: str = "") -> Iterator[tuple[Case, bool]]:
    """Values of a body, one at a time, at its limits and beyond them; and whether they are allowed."""
    if isinstance(info, inspect.Metadata):
        info = info.type
    if isinstance(info, inspect.UnionType):
        info = next(one for one in info.types if not isinstance(one, inspect.NoneType))
        if isinstance(info, inspect.Metadata):
            info = info.type
    name = at.rsplit("/", 1)[-1]
    if isinstance(info, inspect.StructType):
        yield from _of_struct(info, good, at)
    elif isinstance(info, inspect.ListType):
        yield from _beyond(at, [{}, None], allowed=[])
        if info.min_length:
            yield {"path": at, "value": []}, False
        if good and isinstance(good[0], dict):
            yield from _cases(info.item_type, good[0], f"{at}/0")
        elif good:
            yield from _beyond(at, [[0], [True], ["2"], [1000], list(range(1, 18))], allowed=[[1, 2, 999]])
    elif isinstance(info, inspect.IntType):
        bounds = [bound for bound in (info.ge, info.le) if bound is not None]
        limits = [int(info.ge) - 1, int(info.le) + 1] if len(bounds) == 2 else []  # type: ignore[arg-type]
        yield from _beyond(at, [*limits, True, str(good), good + 0.5, None], allowed=[int(bound) for bound in bounds])
    elif isinstance(info, inspect.BoolType):
        yield from _beyond(at, [1, "true", None], allowed=[])
    elif isinstance(info, inspect.EnumType):
        yield from _beyond(at, ["x", f"{good}\n", good.upper(), 1, None], allowed=[])
    elif isinstance(info, (inspect.UUIDType, inspect.DateType)):
        is_uuid = isinstance(info, inspect.UUIDType)
        others = [f"{good}0", good.replace("-", "")] if is_uuid else [f"{good}T00:00:00", "2025-02-30"]
        yield from _beyond(at, ["x", f"{good}\n", *others, 1, None], allowed=[good.upper()] if is_uuid else [])
    elif isinstance(info, inspect.StrType):
        beyond: list[Any] = [f"{good}\n", 1, None]
        if name != "qr":
            beyond = ["", *beyond]
        if info.pattern and name not in _OF_ANY_LENGTH:
            beyond += [good[:-1] if name != "public_key" or "=" in good else good[:-2], good + good[-1] * 2]
        if name in _BASE64_MEMBERS and len(good) % 4:
            beyond.append(_second_spelling(good, alphabet=_BASE64URL))
        yield from _beyond(at, [value for value in beyond if name != "qr" or not isinstance(value, str)], allowed=[])


def _beyond(at: str, refused_values: list[Any], *, allowed: list[Any]) -> Iterator[tuple[Case, bool]]:
    for value in refused_values:
        yield {"path": at, "value": value}, False
    for value in allowed:
        yield {"path": at, "value": value}, True


def _of_struct(info: inspect.StructType, good: Json, at: str) -> Iterator[tuple[Case, bool]]:
    for field in info.fields:
        path = f"{at}/{field.encode_name}"
        if field.encode_name in good:
            if field.required:
                yield {"path": path}, False
            yield from _cases(field.type, good[field.encode_name], path)
    yield {"path": f"{at}/till", "value": 1}, False


def _bodies(
    v: Json, kind: type, more: list[Case], allowed: list[Case] | None = None, not_alone: tuple[str, ...] = ()
) -> None:
    """Add to a message what of its body is refused and allowed; ``not_alone``: members that depend on others."""
    cases = list(_cases(inspect.type_info(kind), json.loads(v["request_body"])))
    beyond = [case for case, is_allowed in cases if not is_allowed] + more
    v["needed"] = [case["path"] for case in beyond if "value" not in case]
    v["refused_bodies"] = _by_path([case for case in beyond if "value" in case])
    within = [case for case, is_allowed in cases if is_allowed and case["path"] not in not_alone]
    v["allowed_bodies"] = _by_path(within + (allowed or []))


_LONGEST = [("x" * 64, True), ("x" * 65, False), (" x", False), ("x ", False), ("é", False)]
"""Of what a device says about itself."""
_OPERATORS = [("a" * 32, True), ("a" * 33, False), ("c 07", False), ("-c", False), ("c-", False)]


def _texts(path: str, cases: list[tuple[str, bool]], *, allowed: bool) -> list[Case]:
    return [{"path": path, "value": value} for value, is_allowed in cases if is_allowed == allowed]


def _respelled(v: Json, *members: str) -> list[str]:
    """The body with an integer written as no integer, in turn: what most JSON libraries read as the same number."""
    found = []
    for member in members:
        for suffix in (".0", "e0"):
            text, times = re.subn(rf'("{member}":\d+)', rf"\g<1>{suffix}", v["request_body"], count=1)
            assert times == 1, member
            found.append(text)
    return found


SMALL_ORDER = "AQ" + "A" * 41
"""The neutral point: anybody signs under it."""


def _add_bodies(v: Json, certificate: str) -> None:
    of_device = [f"/device/{name}" for name in ("software", "model", "serial")]
    of_operator = ["/cashier", "/drawer"]
    more = [{"path": "/public_key", "value": SMALL_ORDER}, {"path": "/public_key", "value": "_" * 42 + "8"}]
    _bodies(v["enrolment"], Enrol, more)
    _bodies(
        v["sign_on"],
        SignOn,
        [case for path in of_device for case in _texts(path, _LONGEST, allowed=False)]
        + [{"path": "/suite", "value": "a"}, {"path": "/suite", "value": "A" * 65}]
        + [{"path": "/ephemeral", "value": "A" * 43}],
        [case for path in of_device for case in _texts(path, _LONGEST, allowed=True)],
    )
    _bodies(v["key_renewal"], RenewKey, more)
    _bodies(
        v["charge"],
        ChargeMessage,
        [
            {"path": "/qr", "value": "OC1:A"},
            {"path": "/card"},
            {"path": "/amount_fen", "value": 0},
            {"path": "/amount_fen", "value": 1000001},
            {"path": "/amount_fen", "value": True},
            {"path": "/amount_fen", "value": "1000"},
            {"path": "/amount_fen", "value": 10.5},
            {"path": "/amount_fen", "value": None},
            {"path": "/working_meal", "value": 1},
            {"path": "/working_meal", "value": "true"},
            {"path": "/working_meal", "value": None},
            {"path": "/qr", "value": None},
        ],
        [
            {"path": "/amount_fen", "value": 1},
            {"path": "/amount_fen", "value": 1000000},
            {"path": "/working_meal", "value": True},
            {"path": "/card/uid", "value": UID.hex().upper()},
        ],
    )
    v["charge"]["refused_texts"] = _respelled(v["charge"], "purchased_at", "counter")
    _bodies(
        v["code_charge"],
        ChargeMessage,
        [{"path": "/qr"}, {"path": "/card", "value": {}}, {"path": "/card", "value": None}],
    )
    v["code_charge"]["allowed_bodies"]["/qr"] = ["", "中", "x" * 132]
    _bodies(
        v["void"],
        VoidMessage,
        [{"path": "/target_sequence", "value": 51}, {"path": "/target_epoch", "value": 2}],
        [{"path": "/target_sequence", "value": 1}],
        ("/target_epoch", "/target_sequence"),
    )
    operators = [case for path in of_operator for case in _texts(path, _OPERATORS, allowed=False)]
    allowed = [case for path in of_operator for case in _texts(path, _OPERATORS, allowed=True)]
    to_come = {"path": "/opened_at", "value": 2**34}
    _bodies(v["shift_opening"], ShiftOpening, [*operators, to_come], allowed, ("/opened_at",))
    pins = [{"path": path, "value": value} for path in ("/pin", "/new_pin") for value in ("47 391", "４７０３９１")]
    numbers = [("123", True), ("12345678", True), ("12", False), ("123456789", False), ("c-07", False)]
    refused = [*pins, *_texts("/cashier", numbers, allowed=False)]
    _bodies(v["cashier_sign_on"], CashierSigningOn, refused, _texts("/cashier", numbers, allowed=True))
    day = DAY | {"business_date": "2025-11-24"}
    possible = [{"path": f"/days/0/{name}_fen", "value": 1_000_000} for name in ("online", "stored", "reversed")]
    possible += [{"path": f"/days/0/{name}", "value": 10_000} for name in ("online", "stored", "reversals")]
    of_day = [f"/days/0/{name}" for name in DAY if name != "business_date"]
    _bodies(
        v["shift_closing"],
        ShiftClosing,
        [
            *operators,
            {"path": "/last_sequence", "value": 42},
            {"path": "/last_sequence", "value": 10043},
            {"path": "/closed_at", "value": 1763870589},
            {"path": "/days", "value": [DAY, DAY]},
            {"path": "/days", "value": [day, DAY]},
            {"path": "/days/0/online", "value": 0},
            *({"path": f"/days/0/{name}_fen", "value": 1_000_001} for name in ("online", "stored", "reversed")),
            {"path": "/journal_head", "value": json.loads(v["shift_closing"]["request_body"])["journal_head"] + "="},
        ],
        [*allowed, {"path": "/last_sequence", "value": 10042}, {"path": "/days", "value": []}, *possible],
        ("/terminal_id", "/epoch", "/shift", "/last_sequence", "/closed_at", "/opened_at", *of_day),
    )
    v["shift_closing"]["refused_texts"] = _respelled(v["shift_closing"], "unknown", "online")
    _bodies(
        v["weigh_ins"],
        ScaleWeighIns,
        [
            {"path": "/weigh_ins/0/food", "value": "r" * 31},
            {"path": "/weigh_ins/0/food", "value": "Rice"},
            {"path": "/weigh_ins/0/dish", "value": ""},
            {"path": "/weigh_ins/0/dish", "value": "x" * 61},
            {"path": "/weigh_ins/0/dish", "value": None},
            {"path": "/weigh_ins/0/cause", "value": "hunger"},
        ],
        [{"path": "/weigh_ins/0/dish", "value": "x" * 60}, {"path": "/weigh_ins/0/cause", "value": "plate"}],
    )
    _bodies(
        v["sheet_void"],
        SheetVoidAtTill,
        [
            *({"path": "/short_number", "value": value} for value in ("7F3A2", "7F3A2C7F3A2C7", "7F3A2G", 7)),
            *({"path": "/reason", "value": value} for value in ("", "x" * 101, "打错\n餐次")),
        ],
        [{"path": "/short_number", "value": "7f3a2c7f3a2c"}, {"path": "/reason", "value": "x" * 100}],
    )
    _bodies(v["phone_activation"], ActivatePhone, [*more, {"path": "/algorithm", "value": "ecdsa-p256-sha256"}])
    _bodies(
        v["p256_phone"],
        ActivatePhone,
        [
            {"path": "/algorithm", "value": "ed25519"},
            {"path": "/algorithm"},
            {"path": "/public_key", "value": "BHOlbs7TQ4lrit7qHQomsZb04Ou0IJxgGkbvaifFR3RR"},
        ],
    )
    for name, kind in (("phone_renewal", RenewCertificate), ("account", AskAccount), ("top_up", AskTopUp)):
        _bodies(
            v[name], kind, [{"path": "/certificate", "value": "A" * 63}, {"path": "/certificate", "value": "A" * 401}]
        )
    assert 64 <= len(certificate) <= 400


def vectors() -> Json:
    """All of the block."""
    sign_on, key = _sign_on()
    session = Session(key)
    card = _card(session)
    code = _qr()
    short, refused_short = _short_codes()
    closing = _shift_closing()
    v: Json = {
        "suite": SUITE,
        "keys": _keys(),
        "malformed": MALFORMED,
        "enrolment": _enrolment(),
        "sign_on": sign_on,
        "parameters": _parameters(session),
        "key_renewal": _key_renewal(),
        "card": card,
        "qr": code,
        "charge": _charge(session, card),
        "counters": COUNTERS,
        "short_codes": short,
        "refused_short_codes": refused_short,
        "sale_lines": _sale_lines(),
        "sheets": _sheets(),
        "code_charge": _code_charge(session, short[0]["code"]),
        "void": _void(session),
        "sheet_void": session(
            "POST",
            "/terminal/sheet-voids",
            52,
            {"short_number": "7F3A2C", "reason": "打错餐次"},
            {"outcome": "voided", "reversed_fen": 1000, "business_date": "2025-11-23"},
            created=AT + 230,
        ),
        "payments": session(
            "GET",
            "/terminal/payments/7F3A2C",
            52,
            None,
            {
                "payments": [
                    {
                        "number": "019ab12f-0b1d-7000-8000-02427f7f3a2c",
                        "channel": "sheet",
                        "meal": "lunch",
                        "amount_fen": 1000,
                        "paid_at": AT + 190,
                        "business_date": "2025-11-23",
                        "voided": False,
                    }
                ]
            },
            created=AT + 225,
        ),
        "payer": session("GET", "/terminal/payers/7F3A2C", 52, None, {"initial": "王"}, created=AT + 226),
        "shift_opening": session(
            "POST", "/terminal/shifts", 43, OPENING_BODY, {"outcome": "recorded"}, created=1763870590
        ),
        "cashier_sign_on": session("POST", "/terminal/cashiers", 53, CASHIER, SIGNED_ON, created=1763870600),
        "cashier_sign_off": session(
            "DELETE", "/terminal/cashiers/current", 54, None, {"outcome": "signed_off"}, created=1763870700
        ),
        "shift_closing": closing,
        "requests": _listed(session, closing["link_0"]),
        **_scale(session),
        "block_list": _block_list(session),
        "sign_off": session(
            "DELETE", "/terminal/sessions/current", 52, None, {"outcome": "signed_off"}, created=AT + 300
        ),
        **_phones(bytes.fromhex(code["certificate"])),
        "p256_phone": _p256_phone(),
        "receipt_code": _receipt_code(),
        "in_words": [[fen, in_words(fen)] for fen in IN_WORDS],
    }
    _add_bodies(v, to_text(bytes.fromhex(code["certificate"])))
    return v


WIDTH = 120


def written(value: Any, indent: int = 0) -> str:
    """JSON for people: what fits stands in one line, a list of small things one to a line."""
    line = json.dumps(value, ensure_ascii=False)
    is_case = isinstance(value, dict) and value.keys() & {"why", "field", "problem", "lines"}
    if not isinstance(value, (dict, list)) or not value or len(line) + indent <= WIDTH or is_case:
        return line
    pad = " " * (indent + 2)
    if isinstance(value, list):
        if all(not isinstance(one, (dict, list)) for one in value) or all(_is_small(one) for one in value):
            return _wrapped([json.dumps(one, ensure_ascii=False) for one in value], indent)
        inner = [written(one, indent + 2) for one in value]
        return "[\n" + ",\n".join(pad + one for one in inner) + "\n" + " " * indent + "]"
    members = [f"{pad}{json.dumps(name)}: {written(one, indent + 2)}" for name, one in value.items()]
    return "{\n" + ",\n".join(members) + "\n" + " " * indent + "}"


def _is_small(value: Any) -> bool:
    return isinstance(value, list) and all(not isinstance(one, (dict, list)) for one in value)


def _wrapped(items: list[str], indent: int) -> str:
    """Items, as many in a line as fit."""
    pad, lines = " " * (indent + 2), [""]
    for item in items:
        if lines[-1] and len(pad) + len(lines[-1]) + len(item) + 2 > WIDTH:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + item + ","
    return "[\n" + "\n".join(pad + line for line in lines)[:-1] + "\n" + " " * indent + "]"


def page() -> str:
    """The document with its block written anew."""
    text = TARGET.read_text(encoding="utf-8")
    [*_, last] = _BLOCK.finditer(text)
    return text[: last.start()] + written(vectors()) + "\n" + text[last.end() :]


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
