"""The centre's keys, kept outside the database: one file each, readable by the service alone.

The centre's signing key and the card master key have versions: a line each in their file, ``VERSION HEX BEGINS ENDS``,
oldest first. A version signs (or keys new cards) from its beginning until the next one's, and is accepted until its
end; times are in seconds since 1970, ``-`` for none. A file with the key alone has version 1. Workers read changed
files again (``follow``), so that no process need be restarted to rotate a key.

========================  =======================================================================
``centre_signing_key``    Ed25519 private key (32 bytes): signs sign-ins, holder certificates
``wrapping_key``          AES-256 key: wraps session keys; keys for personal data and the audit log are derived
``card_master_key``       AES-128 key: diversified per card after NXP AN10922; never leaves the centre
========================  =======================================================================
"""

import asyncio
import os
import re
import secrets
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct, structs

from foundation.catalogue import Explained

KEY_SIZES = {"centre_signing_key": 32, "wrapping_key": 32, "card_master_key": 16}


CENTRE, CARD_MASTER = "centre_signing_key", "card_master_key"
VERSIONED = (CENTRE, CARD_MASTER)
VERSION_MAX = 255
"""A version is one byte, in certificates and in the files of cards."""

FOR_EVER = 2**40

FOLLOW_EVERY_S = 2.0
"""How soon a worker knows of a changed key file."""
BEGINS_WITHIN_S = 366 * 86_400
ANNOUNCED_S = 30
"""The least time between writing a version and its beginning: every worker has read it by then."""

DERIVED_MAX = 1_000
"""Derived keys that a process keeps: two an agency. Without it a roster would derive the same two for every row."""

log = structlog.get_logger()


class KeyVersion(Struct, frozen=True):
    """One version of a key. Its repr shows no key."""

    version: int
    secret: bytes
    begins: int = 0
    """Seconds since 1970, as ``ends``: from when it is the one in use."""
    ends: int = FOR_EVER
    """From when nothing under it is accepted."""

    def __repr__(self) -> str:
        return f"KeyVersion({self.version})"

    @property
    def is_withdrawn(self) -> bool:
        """Whether it ends before it begins: it is never in use, and its number stays taken."""
        return self.ends <= self.begins

    def is_accepted(self, at: float) -> bool:
        """Whether what it signed, or keyed, is accepted; also before its beginning, since clocks differ."""
        return at < self.ends and not self.is_withdrawn


Versions = tuple[KeyVersion, ...]
"""Versions of a key, oldest first: versions and beginnings ascend."""


def current_of(versions: Versions, at: float) -> KeyVersion:
    """The version in use: the last that has begun."""
    return next(version for version in reversed(versions) if version.begins <= at and not version.is_withdrawn)


class KeyRing:
    """The centre's keys in memory. Its repr shows none of them."""

    def __init__(self, centre: Versions, wrapping_key: bytes, card_master: Versions) -> None:
        self.wrapping_key = wrapping_key
        self._derivations: dict[str, bytes] = {}
        self.use(centre, card_master)

    def use(self, centre: Versions, card_master: Versions) -> None:
        """Go on with these versions."""
        self.centre = centre
        self.card_master = card_master
        self._signing = {v.version: Ed25519PrivateKey.from_private_bytes(v.secret) for v in centre}
        self._public = {version: key.public_key().public_bytes_raw() for version, key in self._signing.items()}

    @property
    def centre_version(self) -> int:
        """The version of the signing key in use."""
        return current_of(self.centre, time.time()).version

    @property
    def centre_signing_key(self) -> Ed25519PrivateKey:
        """The signing key in use."""
        return self._signing[self.centre_version]

    def signing_key(self, version: int) -> Ed25519PrivateKey | None:
        """The signing key of a version that is accepted: for who knows no later one."""
        accepted = any(v.version == version and v.is_accepted(time.time()) for v in self.centre)
        return self._signing[version] if accepted else None

    @property
    def centre_public_key(self) -> bytes:
        """Ed25519 public key in use, 32 bytes: what terminals pin at enrolment."""
        return self._public[self.centre_version]

    def public_key(self, version: int) -> bytes:
        """The public key of a version, whether it has ended or not."""
        return self._public[version]

    @property
    def centre_public_keys(self) -> dict[int, bytes]:
        """The public keys by version under which certificates are accepted."""
        now = time.time()
        return {v.version: self._public[v.version] for v in self.centre if v.is_accepted(now)}

    @property
    def listed_centre_public_keys(self) -> dict[int, bytes]:
        """The public keys by version, also of those that have ended."""
        return {v.version: self._public[v.version] for v in self.centre if not v.is_withdrawn}

    @property
    def every_centre_public_key(self) -> list[bytes]:
        """Also of versions that have ended: receipts and manifests that they signed stay good. Newest first."""
        return [self._public[v.version] for v in reversed(self.centre) if not v.is_withdrawn]

    @property
    def card_master_version(self) -> int:
        """The version of the master key in use for new cards."""
        return current_of(self.card_master, time.time()).version

    def card_master_key(self, version: int) -> bytes | None:
        """The card master key of a version; None when its cards are not accepted."""
        for master in self.card_master:
            if master.version == version:
                return master.secret if master.is_accepted(time.time()) else None
        return None

    async def follow(self, folder: Path) -> None:
        """Read changed key files again until cancelled. A file that cannot be read changes nothing, and is logged."""
        known = _changed_at(folder)
        while True:
            await asyncio.sleep(FOLLOW_EVERY_S)
            found = _changed_at(folder)
            if found == known:
                continue
            try:
                self.use(*(read_versions(folder, name) for name in VERSIONED))
            except (OSError, WrongKeyFile) as error:
                log.warning("keys_not_read", error=repr(error))
                continue
            known = found
            log.info("keys_read", centre=[v.version for v in self.centre], cards=[v.version for v in self.card_master])

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

    def challenge_mac(self, purpose: str, value: bytes) -> bytes:
        """HMAC-SHA256 (32 bytes) of a challenge that the centre has made for a purpose."""
        mac = HMAC(self._derived("challenge"), SHA256())
        mac.update(purpose.encode() + b"\0" + value)
        return mac.finalize()

    def _derived(self, purpose: str) -> bytes:
        if purpose not in self._derivations:
            if len(self._derivations) >= DERIVED_MAX:
                self._derivations.clear()
            derivation = HKDF(SHA256(), 32, None, b"onecard " + purpose.encode())
            self._derivations[purpose] = derivation.derive(self.wrapping_key)
        return self._derivations[purpose]


def _seal(key: bytes, secret: bytes, associated: bytes) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, secret, associated)


def _open(key: bytes, wrapped: bytes, associated: bytes) -> bytes:
    return AESGCM(key).decrypt(wrapped[:12], wrapped[12:], associated)


class WrongKeyFile(Explained):
    """A key file has not the key that it should have."""


class WrongVersion(Explained):
    """A version of a key cannot be added or ended so."""


def load_keys(folder: Path) -> KeyRing:
    """Read the key files. Raises OSError when one cannot be read, WrongKeyFile."""
    return KeyRing(
        read_versions(folder, CENTRE),
        _read_key(folder / "wrapping_key", KEY_SIZES["wrapping_key"]),
        read_versions(folder, CARD_MASTER),
    )


def _changed_at(folder: Path) -> list[int]:
    try:
        return [(folder / name).stat().st_mtime_ns for name in VERSIONED]
    except OSError:
        return []


_LINE = re.compile(
    r"(?P<version>[1-9]\d{0,2}) (?P<secret>[0-9a-f]+) (?P<begins>-|\d{1,12}) (?P<ends>-|\d{1,12})", re.ASCII
)


def read_versions(folder: Path, name: str) -> Versions:
    """The versions in a key file; raises OSError, WrongKeyFile."""
    path, size = folder / name, KEY_SIZES[name]
    lines = path.read_text(encoding="ascii", errors="replace").strip().splitlines()
    if len(lines) == 1 and " " not in lines[0]:
        return (KeyVersion(1, _read_key(path, size)),)
    versions = tuple(_version_of(path, size, line) for line in lines)
    used = [v for v in versions if not v.is_withdrawn]
    ascends = all(a.version < b.version for a, b in pairwise(versions))
    ascends = ascends and all(a.begins < b.begins for a, b in pairwise(used))
    if not used or not ascends or used[0].begins > time.time():
        raise WrongKeyFile("onecard.key_versions", file=path)
    return versions


def _version_of(path: Path, size: int, line: str) -> KeyVersion:
    found = _LINE.fullmatch(line)
    if found is None or len(found["secret"]) != 2 * size or int(found["version"]) > VERSION_MAX:
        raise WrongKeyFile("onecard.key_versions", file=path)
    begins = 0 if found["begins"] == "-" else int(found["begins"])
    ends = FOR_EVER if found["ends"] == "-" else int(found["ends"])
    return KeyVersion(int(found["version"]), bytes.fromhex(found["secret"]), begins, ends)


def write_versions(folder: Path, name: str, versions: Iterable[KeyVersion]) -> None:
    """Replace a key file as a whole (mode 0600): no process reads half of it."""
    fresh = folder / f".{name}.new"
    lines = [
        f"{v.version} {v.secret.hex()} {v.begins or '-'} {'-' if v.ends == FOR_EVER else v.ends}" for v in versions
    ]
    fresh.unlink(missing_ok=True)
    _write_secret(fresh, "\n".join(lines))
    fresh.replace(folder / name)


def add_version(folder: Path, name: str, begins: int) -> KeyVersion:
    """Add a fresh version that will be in use from a time on; raises WrongVersion, OSError, WrongKeyFile."""
    versions = read_versions(folder, name)
    last, now = versions[-1], time.time()
    latest = max(v.begins for v in versions if not v.is_withdrawn)
    if not max(now + ANNOUNCED_S, latest + 1) <= begins <= now + BEGINS_WITHIN_S:
        raise WrongVersion("onecard.key_begins", seconds=ANNOUNCED_S)
    if last.version == VERSION_MAX:
        raise WrongVersion("onecard.key_versions_used_up")
    fresh = KeyVersion(last.version + 1, secrets.token_bytes(KEY_SIZES[name]), begins)
    write_versions(folder, name, [*versions, fresh])
    return fresh


def end_version(folder: Path, name: str, version: int, ends: int) -> None:
    """Accept nothing under a version from a time on, at which a later one is in use; raises WrongVersion, as above.

    A version whose beginning no process has reached yet is withdrawn by an end before it.
    """
    versions = read_versions(folder, name)
    found = next((v for v in versions if v.version == version), None)
    is_to_come = found is not None and not found.is_withdrawn and time.time() + ANNOUNCED_S < found.begins
    withdraws = found is not None and is_to_come and ends <= found.begins
    if not withdraws and (found is None or found.is_withdrawn or current_of(versions, ends).version <= version):
        raise WrongVersion("onecard.key_ends", version=version)
    write_versions(folder, name, [structs.replace(v, ends=ends) if v.version == version else v for v in versions])


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
            _write_secret(folder / name, secrets.token_hex(size))
        except FileExistsError:
            continue


def _write_secret(path: Path, text: str) -> None:
    """Write a new file that only its owner can read; on disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
