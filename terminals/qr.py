"""The travelling official's QR code: a holder certificate and a short token, in base45.

* Holder certificate: a CWT (RFC 8392) signed by the centre as COSE_Sign1 (RFC 9052), with the phone's key as ``cnf``
  (RFC 8747) and the version of the centre's key as ``kid``. It names a pseudonymous account, no person, and lives at
  most 7 days. The phone's key is Ed25519 (OKP), or P-256 (EC2).
* Token: COSE_Sign1 by the phone's key over ``[issued_at, counter, canteen or null, limit or null]``: what its holder
  allows.
* Code: ``OC1:`` + base45 (RFC 9285) of the CBOR array ``[certificate, token]``, both untagged, deterministic CBOR.
  At most 395 characters, what QR version 10-L holds in alphanumeric mode.

A terminal can verify it without a network; the centre verifies it again.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ed25519_zebra import ed_verify
from msgspec import Struct

from foundation.problems import Problem
from foundation.strict_json import read_cbor
from registry.identifiers import AgencyId, Book, CredentialId, HolderId
from terminals.phone_keys import KeyAlgorithm, PhoneKey, PrivateKey, algorithm_of, phone_signer

PREFIX = "OC1:"
CODE_CHARACTERS_MAX = 395
"""QR version 10-L, alphanumeric mode (ISO/IEC 18004 table 7)."""

CERTIFICATE_LIFE_S = 7 * 24 * 3600
TOKEN_FRESH_S = 60
"""Accepted until this long after it was issued."""
TOKEN_AHEAD_S = 15
"""Accepted when the phone's clock is ahead by up to this."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_NO_VALUE = 255
_TO_VALUES = bytes(_ALPHABET.index(chr(code)) if chr(code) in _ALPHABET else _NO_VALUE for code in range(256))

_CERTIFICATE_CONTEXT = b"onecard certificate v1"
_TOKEN_CONTEXT = b"onecard token v2"
_EDDSA = cbor2.dumps({1: -8}, canonical=True)
_HEADERS = {KeyAlgorithm.ED25519: _EDDSA, KeyAlgorithm.ES256: cbor2.dumps({1: -7}, canonical=True)}
"""Protected headers (RFC 9053 section 2)."""


class NotGenuine(Exception):
    """The code was not issued by this network, or was altered; the message says which check failed."""


class Holder(Struct, frozen=True, gc=False):
    """Content of a holder certificate. ``expires_at`` in seconds since 1970."""

    book: Book
    agency_id: AgencyId
    holder_id: HolderId
    credential_id: CredentialId
    expires_at: int
    key: PhoneKey


class Token(Struct, frozen=True, gc=False):
    """Content of a token: time of issue, counter, the only canteen that may accept it (None: any), and the most that it
    pays, in fen (None: any amount).
    """

    issued_at: int
    counter: int
    canteen_id: int | None
    limit_fen: int | None


def base45_encode(data: bytes) -> str:
    """Base45 (RFC 9285)."""
    out = []
    for i in range(0, len(data) - 1, 2):
        n = data[i] << 8 | data[i + 1]
        out += [_ALPHABET[n % 45], _ALPHABET[n // 45 % 45], _ALPHABET[n // 2025]]
    if len(data) % 2:
        out += [_ALPHABET[data[-1] % 45], _ALPHABET[data[-1] // 45]]
    return "".join(out)


def base45_decode(text: str) -> bytes:
    """Reverse ``base45_encode``; raises ValueError for any other text."""
    values = text.encode("ascii", "replace").translate(_TO_VALUES)
    if _NO_VALUE in values:
        raise ValueError("a character is not in base45")
    whole, left = divmod(len(values), 3)
    if left == 1:
        raise ValueError("base45 text has a wrong length")
    # All groups of three at once: each is four bytes of one large integer, and at most 44 * (1 + 45 + 2025).
    a, b, c = (_spread(values[n : 3 * whole : 3]) for n in range(3))
    groups = (a + 45 * b + 2025 * c).to_bytes(4 * whole, "big")
    if groups[1::4].count(0) < whole:
        raise ValueError("a group is above what two bytes hold")
    decoded = bytearray(2 * whole)
    decoded[0::2], decoded[1::2] = groups[2::4], groups[3::4]
    if left:
        last = values[-2] + 45 * values[-1]
        if last > 255:
            raise ValueError("the last group is above what a byte holds")
        decoded.append(last)
    return bytes(decoded)


def _spread(values: bytes) -> int:
    """Each byte as the lowest of four of one integer."""
    wide = bytearray(4 * len(values))
    wide[3::4] = values
    return int.from_bytes(wide, "big")


def _with_kid(version: int) -> bytes:
    """The protected header of a certificate: EdDSA, and the version of the centre's key in one byte."""
    return cbor2.dumps({1: -8, 4: bytes([version])}, canonical=True)


def _to_be_signed(context: bytes, payload: bytes, protected: bytes = _EDDSA) -> bytes:
    return cbor2.dumps(["Signature1", protected, context, payload], canonical=True)


_SIGN1_HEADS = {algorithm: b"\x84" + cbor2.dumps(header) + b"\xa0" for algorithm, header in _HEADERS.items()}
_TOKEN_HEADS = {algorithm: _to_be_signed(_TOKEN_CONTEXT, b"", header)[:-1] for algorithm, header in _HEADERS.items()}
"""What is signed of a token, up to its payload as a byte string."""

_CODE = re.compile(
    rb"\x82(?P<certificate>.+)"
    + b"(?P<head>"
    + b"|".join(map(re.escape, _SIGN1_HEADS.values()))
    + rb")(?P<string>(?:[\x45-\x57]|\x58[\x18-\x25])(?P<payload>.{5,37}))\x58\x40(?P<signature>.{64})",
    re.DOTALL,
)
"""A code's two parts by their deterministic encoding, of which every byte but the numbers is given by the profile."""


def sign1(key: PrivateKey, context: bytes, payload: Any, protected: bytes | None = None) -> list[Any]:
    """An untagged COSE_Sign1 with our context as external data (RFC 9052 section 4.4).

    ``protected``: its protected header; None for the key's algorithm alone.
    """
    encoded = cbor2.dumps(payload, canonical=True)
    header = _HEADERS[algorithm_of(key)] if protected is None else protected
    return [header, {}, encoded, phone_signer(key)(_to_be_signed(context, encoded, header))]


def open_sign1(
    public_key: bytes, context: bytes, message: Any, protected: bytes = _EDDSA, *, booleans: bool = False
) -> Any:
    """The payload of an untagged COSE_Sign1 with EdDSA by ``sign1``; raises NotGenuine."""
    match message:
        case [bytes(headers), dict(unprotected), bytes(payload), bytes(signature)]:
            if headers != protected or unprotected:
                raise NotGenuine("headers are not of this profile")
        case _:
            raise NotGenuine("not a COSE_Sign1")
    if not ed_verify(signature, _to_be_signed(context, payload, protected), public_key):
        raise NotGenuine("a signature does not fit")
    return _payload_of(payload, booleans=booleans)


def _payload_of(encoded: bytes, *, booleans: bool = False) -> Any:
    try:
        return read_cbor(encoded, CODE_CHARACTERS_MAX, booleans=booleans)
    except Problem:
        raise NotGenuine("a payload is not deterministic CBOR") from None


def issue_certificate(centre_key: Ed25519PrivateKey, version: int, holder: Holder) -> bytes:
    """Sign a holder certificate with this version of the centre's key; deterministic CBOR."""
    claims = {
        2: f"{holder.book}.{holder.agency_id}.{holder.holder_id}",
        4: holder.expires_at,
        7: holder.credential_id.to_bytes(6, "big"),
        8: {1: _cose_key(holder.key)},
    }
    return cbor2.dumps(sign1(centre_key, _CERTIFICATE_CONTEXT, claims, _with_kid(version)), canonical=True)


def _cose_key(key: PhoneKey) -> dict[int, Any]:
    """A key as a COSE_Key (RFC 9053 section 7); a point of P-256 with the sign of its y alone."""
    if key.algorithm == KeyAlgorithm.ED25519:
        return {1: 1, -1: 6, -2: key.public}
    return {1: 2, -1: 1, -2: key.public[1:], -3: key.public[0] == 3}


def _phone_key(cose_key: Any) -> PhoneKey:
    match cose_key:
        case {1: 1, -1: 6, -2: bytes(public)}:
            return PhoneKey(public)
        case {1: 2, -1: 1, -2: bytes(x), -3: bool(odd)}:
            return PhoneKey(bytes([3 if odd else 2]) + x, KeyAlgorithm.ES256)
    raise NotGenuine("the phone's key is not of this profile")


@lru_cache(maxsize=20_000)
def _holder_of(public_key: bytes, version: int, certificate: bytes) -> Holder:
    # A certificate is the same in every code of a week: its signature is checked once a worker.
    signed = read_cbor(certificate, CODE_CHARACTERS_MAX)
    # One claim is a boolean: the sign of y.
    claims = open_sign1(public_key, _CERTIFICATE_CONTEXT, signed, _with_kid(version), booleans=True)
    match claims:
        case {
            2: str(subject),
            4: int(expires_at),
            7: bytes(credential),
            8: {1: dict(key)},
        }:
            book, agency_id, holder_id = (int(part) for part in subject.split("."))
            number = CredentialId(int.from_bytes(credential, "big"))
            return Holder(Book(book), AgencyId(agency_id), HolderId(holder_id), number, expires_at, _phone_key(key))
    raise NotGenuine("the certificate's claims are not of this profile")


CentreKeys = Mapping[int, bytes]
"""The centre's public keys by version: those under which certificates are accepted."""

_CERTIFICATE_HEAD = b"\x84\x46" + _with_kid(0)[:-1]
"""What every certificate begins with; the next byte is the version of the centre's key."""


def read_certificate(centre_keys: CentreKeys, certificate: bytes) -> Holder:
    """Verify a holder certificate; raises NotGenuine. The caller checks its expiry."""
    at = len(_CERTIFICATE_HEAD)
    version = certificate[at] if certificate.startswith(_CERTIFICATE_HEAD) and len(certificate) > at else 0
    public_key = centre_keys.get(version)
    if public_key is None:
        raise NotGenuine("no key of the centre that is accepted signed the certificate")
    try:
        return _holder_of(public_key, version, certificate)
    except Problem:
        raise NotGenuine("the certificate is not deterministic CBOR") from None


def make_code(certificate: bytes, phone_key: PrivateKey, token: Token) -> str:
    """The text of the QR code that a phone shows."""
    signed = sign1(phone_key, _TOKEN_CONTEXT, [token.issued_at, token.counter, token.canteen_id, token.limit_fen])
    code = PREFIX + base45_encode(cbor2.dumps([cbor2.loads(certificate), signed], canonical=True))
    assert len(code) <= CODE_CHARACTERS_MAX, "a code must fit QR version 10-L"
    return code


def read_code(centre_keys: CentreKeys, code: str) -> tuple[Holder, Token]:
    """Verify a code's two signatures; raises NotGenuine. The caller checks times, counter, canteen and limit."""
    if len(code) > CODE_CHARACTERS_MAX or not code.startswith(PREFIX):
        raise NotGenuine("not a code of this network")
    try:
        parts = _CODE.fullmatch(base45_decode(code.removeprefix(PREFIX)))
    except ValueError:
        raise NotGenuine("not base45") from None
    if parts is None:
        raise NotGenuine("not a certificate and a token")
    certificate, head, string, payload, signature = parts.groups()
    holder = read_certificate(centre_keys, certificate)
    algorithm = holder.key.algorithm
    if head != _SIGN1_HEADS[algorithm] or string != cbor2.dumps(payload):
        raise NotGenuine("the token's encoding is not of this profile")
    if not holder.key.verify(_TOKEN_HEADS[algorithm] + string, signature):
        raise NotGenuine("the token's signature does not fit")
    match _payload_of(payload):
        case [
            int(issued_at),
            int(counter),
            int(canteen_id) | (None as canteen_id),
            int(limit_fen) | (None as limit_fen),
        ]:
            numbers = [number for number in (counter, canteen_id, limit_fen) if number is not None]
            if 0 <= issued_at < 2**40 and all(0 < number < 2**53 for number in numbers):
                return holder, Token(issued_at, counter, canteen_id, limit_fen)
    raise NotGenuine("the token's content is not of this profile")


def refusal_of(holder: Holder, token: Token, at: int, canteen_id: int) -> str | None:
    """Why a genuine code may not pay at this time (seconds since 1970) and canteen; None when it may."""
    if holder.expires_at <= at:
        return "credential_expired"
    if not -TOKEN_AHEAD_S <= at - token.issued_at <= TOKEN_FRESH_S:
        return "qr_expired"
    if token.canteen_id not in (None, canteen_id):
        return "wrong_canteen"
    return None


def offline_refusal_of(holder: Holder, token: Token, at: int, canteen_id: int, price_fen: int) -> str | None:
    """The same for a till without a network, which cannot know what other tills take: only a code for its own canteen
    may pay there. ``price_fen``: what the holder is to pay.
    """
    if token.canteen_id is None:
        return "wrong_canteen"
    return refusal_of(holder, token, at, canteen_id) or ("code_limit_exceeded" if is_above(token, price_fen) else None)


def is_above(token: Token, price_fen: int) -> bool:
    """Whether a payment takes more than the phone allowed."""
    return token.limit_fen is not None and price_fen > token.limit_fen
