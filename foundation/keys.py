"""The centre's keys, kept outside the database: one file each, readable by the service alone.

========================  =======================================================================
``centre_signing_key``    Ed25519 private key (32 bytes): signs sign-ins, holder certificates
``wrapping_key``          AES-256 key: wraps session keys; keys for personal data and the audit log are derived
``card_master_key``       AES-128 key: diversified per card after NXP AN10922; never leaves the centre
========================  =======================================================================
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from foundation.catalogue import Explained

KEY_SIZES = {"centre_signing_key": 32, "wrapping_key": 32, "card_master_key": 16}


@dataclass(frozen=True, repr=False)
class KeyRing:
    """The centre's keys in memory. Its repr shows none of them."""

    centre_signing_key: Ed25519PrivateKey
    wrapping_key: bytes
    card_master_key: bytes

    @property
    def centre_public_key(self) -> bytes:
        """Ed25519 public key, 32 bytes: what terminals pin at enrolment."""
        return self.centre_signing_key.public_key().public_bytes_raw()

    def wrap(self, secret: bytes, associated: bytes) -> bytes:
        """AES-256-GCM under the wrapping key: 12-byte nonce, then ciphertext and tag."""
        return _seal(self.wrapping_key, secret, associated)

    def unwrap(self, wrapped: bytes, associated: bytes) -> bytes:
        """Undo ``wrap``; raises cryptography's InvalidTag when key, data or place differ."""
        return _open(self.wrapping_key, wrapped, associated)

    def seal_personal(self, agency_id: int, place: str, text: str) -> bytes:
        """Seal a personal datum under its agency's key; ``place`` is ``table/column/row``."""
        return _seal(self._derived(f"agency:{agency_id}"), text.encode(), place.encode())

    def open_personal(self, agency_id: int, place: str, sealed: bytes) -> str:
        """Undo ``seal_personal``; raises InvalidTag when it was moved to another row or altered."""
        return _open(self._derived(f"agency:{agency_id}"), sealed, place.encode()).decode()

    @property
    def audit_key(self) -> bytes:
        """The HMAC key of the audit log, 32 bytes (see ``registry.audit``)."""
        return self._derived("audit log")

    def blind_index(self, agency_id: int, text: str) -> bytes:
        """A keyed hash (HMAC-SHA256) by which an equal datum is found without being readable."""
        mac = HMAC(self._derived(f"index:{agency_id}"), SHA256())
        mac.update(text.encode())
        return mac.finalize()

    def device_mac(self, login: str, value: str) -> str:
        """HMAC-SHA256 (hexadecimal) of the value of a login's device cookie."""
        mac = HMAC(self._derived("device"), SHA256())
        mac.update(f"{login}\0{value}".encode())
        return mac.finalize().hex()

    def _derived(self, purpose: str) -> bytes:
        return HKDF(SHA256(), 32, None, b"onecard " + purpose.encode()).derive(self.wrapping_key)


def _seal(key: bytes, secret: bytes, associated: bytes) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, secret, associated)


def _open(key: bytes, wrapped: bytes, associated: bytes) -> bytes:
    return AESGCM(key).decrypt(wrapped[:12], wrapped[12:], associated)


class WrongKeyFile(Explained):
    """A key file has not the key that it should have."""


def load_keys(folder: Path) -> KeyRing:
    """Read the key files (hexadecimal). Raises OSError when one cannot be read, WrongKeyFile."""
    raw = {name: _read_key(folder / name, size) for name, size in KEY_SIZES.items()}
    return KeyRing(
        Ed25519PrivateKey.from_private_bytes(raw["centre_signing_key"]),
        raw["wrapping_key"],
        raw["card_master_key"],
    )


def _read_key(path: Path, size: int) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        raise WrongKeyFile("onecard.key_file", file=path, digits=2 * size) from None
    if len(key) != size:
        raise WrongKeyFile("onecard.key_file", file=path, digits=2 * size)
    return key


def create_missing_keys(folder: Path) -> None:
    """Create the missing key files (mode 0600); existing ones are never overwritten."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, size in KEY_SIZES.items():
        try:
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(size) + "\n")
            file.flush()
            os.fsync(file.fileno())
