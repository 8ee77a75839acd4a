"""Keys of phones, and signatures by them, in HTTP messages and in codes: Ed25519, or ECDSA on P-256 with SHA-256.

Secure elements of most phones know P-256 alone. A signature has 64 bytes under either: of ECDSA ``r`` and ``s``, 32
bytes each, big-endian (RFC 9421 section 3.3.4, RFC 9053 section 2.1), with ``s`` at most half of the group's order:
else anybody could write the same signature in a second way.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ed25519_zebra import ed_verify
from msgspec import Struct

from terminals.signatures import is_signing_key

SIGNATURE_BYTES = 64

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""SEC 2, section 2.4.2."""

_ECDSA = ec.ECDSA(SHA256())

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


class KeyAlgorithm(StrEnum):
    """Algorithms of a phone's key, by the names of HTTP message signatures."""

    ED25519 = "ed25519"
    ES256 = "ecdsa-p256-sha256"


class PhoneKey(Struct, frozen=True, gc=False):
    """The public key of a phone: 32 bytes of Ed25519, or 33 of P-256 (SEC 1 section 2.3.3, compressed)."""

    public: bytes
    algorithm: KeyAlgorithm = KeyAlgorithm.ED25519

    def is_valid(self) -> bool:
        """Whether somebody must know a private key to sign under it."""
        if self.algorithm == KeyAlgorithm.ED25519:
            return is_signing_key(self.public)
        try:
            _p256_key(self.public)
        except ValueError:
            return False
        return True

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether this is a signature of the message, in its one spelling. The key is a valid one."""
        if self.algorithm == KeyAlgorithm.ED25519:
            return bool(ed_verify(signature, message, self.public))
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        if len(signature) != SIGNATURE_BYTES or s > P256_ORDER // 2:
            return False
        try:
            _p256_key(self.public).verify(encode_dss_signature(r, s), message, _ECDSA)
        except (InvalidSignature, ValueError):
            return False
        return True


@lru_cache(maxsize=20_000)
def _p256_key(public: bytes) -> ec.EllipticCurvePublicKey:
    # To find y takes a third of the time of a verification.
    if len(public) != 33:
        raise ValueError("a compressed point of P-256 has 33 bytes")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)


def algorithm_of(key: PrivateKey) -> KeyAlgorithm:
    """What a key signs with."""
    return KeyAlgorithm.ES256 if isinstance(key, ec.EllipticCurvePrivateKey) else KeyAlgorithm.ED25519


def phone_key_of(key: PrivateKey) -> PhoneKey:
    """The public half of a phone's key."""
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return PhoneKey(key.public_key().public_bytes_raw())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return PhoneKey(point, KeyAlgorithm.ES256)


def phone_signer(key: PrivateKey) -> Callable[[bytes], bytes]:
    """Sign as a phone does."""
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, _ECDSA))
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")

    return sign
