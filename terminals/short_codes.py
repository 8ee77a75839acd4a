"""The short code: a reference to the certificate instead of the certificate, and one signature, in base45.

``OC2:`` + base45 of 84 bytes: reference (6), time of issue (4), counter (4), limit (3), canteen (3), signature (64). A
hundred and thirty characters: QR version 6-M. The centre knows the reference; a terminal cannot verify it alone, and so
takes short codes only while it has a network.
"""

from msgspec import Struct

from terminals.phone_keys import SIGNATURE_BYTES, PhoneKey, PrivateKey, phone_key_of, phone_signer
from terminals.qr import Holder, NotGenuine, Token, base45_decode, base45_encode

PREFIX = "OC2:"
CODE_CHARACTERS = 130
"""QR version 6-M holds 154 in alphanumeric mode (ISO/IEC 18004 table 7)."""

REFERENCE_BYTES = 6
"""Drawn anew for each certificate, from 2^48: among the codes of a city of ten million nearly never the same twice, and
then drawn again."""

PAYS_WITHIN_S = 600
"""How long after its issue a short code may be posted: it needs a network, and this is time for a resend."""

COUNTER_MAX = 2**32 - 1
LIMIT_MAX_FEN = 2**24 - 1

_CONTEXT = b"onecard short code v2"
_BODY_BYTES = 20
_CANTEENS = 2**24 - 1


class ShortCode(Struct, frozen=True, gc=False):
    """What stands in a short code, before its signature is checked. ``canteen``: 0 for any (see ``canteen_hint``)."""

    reference: bytes
    issued_at: int
    counter: int
    limit_fen: int | None
    canteen: int
    body: bytes
    signature: bytes


def canteen_hint(canteen_id: int | None) -> int:
    """What three bytes say of a canteen, so that another one can tell the diner; its whole number is signed."""
    return 0 if canteen_id is None else 1 + canteen_id % _CANTEENS


def to_be_signed(key: PhoneKey, body: bytes, canteen_id: int | None) -> bytes:
    """What the phone signs: context, its public key, body and the canteen's number in 8 bytes, 0 for any.

    The key, because anybody computes that of an ECDSA signature whose text he knows (SEC 1 section 4.1.6), and would
    know which photographs of codes are of one phone.
    """
    return _CONTEXT + key.public + body + (canteen_id or 0).to_bytes(8, "big")


def make_short_code(reference: bytes, phone_key: PrivateKey, token: Token) -> str:
    """The text of the QR code that a phone shows."""
    body = (
        reference
        + token.issued_at.to_bytes(4, "big")
        + token.counter.to_bytes(4, "big")
        + (token.limit_fen or 0).to_bytes(3, "big")
        + canteen_hint(token.canteen_id).to_bytes(3, "big")
    )
    signed = to_be_signed(phone_key_of(phone_key), body, token.canteen_id)
    return PREFIX + base45_encode(body + phone_signer(phone_key)(signed))


def is_short(code: str) -> bool:
    """Whether a text is meant as a short code."""
    return code.startswith(PREFIX)


def read_short_code(code: str) -> ShortCode:
    """Read a short code; raises NotGenuine. Its signature is checked by ``open_short_code``."""
    if len(code) != CODE_CHARACTERS or not is_short(code):
        raise NotGenuine("not a short code of this network")
    try:
        data = base45_decode(code.removeprefix(PREFIX))
    except ValueError:
        raise NotGenuine("not base45") from None
    body, signature = data[:_BODY_BYTES], data[_BODY_BYTES:]
    assert len(signature) == SIGNATURE_BYTES
    reference, rest = body[:REFERENCE_BYTES], body[REFERENCE_BYTES:]
    issued_at, counter, limit_fen, canteen = (
        int.from_bytes(rest[start:end], "big") for start, end in ((0, 4), (4, 8), (8, 11), (11, 14))
    )
    if counter == 0:
        raise NotGenuine("counters begin with 1")
    return ShortCode(reference, issued_at, counter, limit_fen or None, canteen, body, signature)


def open_short_code(code: ShortCode, holder: Holder, canteen_id: int) -> Token | None:
    """What the phone allowed, at this canteen; None when the code is for another one. Raises NotGenuine.

    ``holder``: whose certificate has the code's reference. The caller checks times, counter and limit.
    """
    if code.canteen not in (0, canteen_hint(canteen_id)):
        return None
    for_canteen = canteen_id if code.canteen else None
    if not holder.key.verify(to_be_signed(holder.key, code.body, for_canteen), code.signature):
        raise NotGenuine("the signature does not fit")
    return Token(code.issued_at, code.counter, for_canteen, code.limit_fen)
