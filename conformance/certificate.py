"""The certificate of a run: what passed, against which edition of the page, signed by whoever ran it.

``signature`` is by Ed25519 over ``onecard conformance certificate v1`` and the canonical JSON of all other members
(``conformance.page.canonical``). The key is the laboratory's own: it says who vouches, and is none of the centre's.
"""

import os
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct, to_builtins

from conformance.bench import Result
from conformance.page import canonical, vectors_digest
from foundation.catalogue import Explained
from foundation.problems import Problem
from foundation.strict_json import as_type, read_json
from terminals.sessions import SUITE
from terminals.signatures import PROTOCOL

CONTEXT = b"onecard conformance certificate v1"


class Certificate(Struct, forbid_unknown_fields=True):
    """What a run found. ``made_at`` in seconds since 1970; keys, digests and the signature are hexadecimal."""

    edition: int
    suite: str
    profile: str
    subject: str
    """What was tested: ``centre`` or ``terminal``."""
    software: str
    """Name and version of what was tested, as it says itself or as whoever ran this says."""
    address: str
    made_at: int
    program: str
    """This program and its version."""
    vectors: str
    """The SHA-256 of the page's test vectors."""
    passed: list[str]
    failed: list[str]
    not_run: list[str]
    signer: str
    signature: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether every case passed."""
        return bool(self.passed) and not self.failed and not self.not_run

    def _signed(self) -> bytes:
        members = to_builtins(self)
        del members["signature"]
        return CONTEXT + canonical(members)

    def is_genuine(self) -> bool:
        """Whether ``signer`` signed it as it stands."""
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.signer)).verify(
                bytes.fromhex(self.signature), self._signed()
            )
        except (InvalidSignature, ValueError):
            return False
        return True

    def sign(self, key: Ed25519PrivateKey) -> None:
        """Sign it."""
        self.signer = key.public_key().public_bytes_raw().hex()
        self.signature = key.sign(self._signed()).hex()


def certify(
    results: Iterable[Result], key: Ed25519PrivateKey, *, profile: str, subject: str, software: str, address: str
) -> Certificate:
    """The signed certificate of these results."""
    by_result: dict[str, list[str]] = {"passed": [], "failed": [], "not_run": []}
    for one in results:
        by_result[one.result].append(one.case_id)
    made = Certificate(
        PROTOCOL, SUITE, profile, subject, software, address, int(time.time()), f"onecard {version('onecard')}",
        vectors_digest(), by_result["passed"], by_result["failed"], by_result["not_run"], signer="",
    )  # fmt: skip
    made.sign(key)
    return made


def read_certificate(path: Path) -> Certificate:
    """A certificate from a file; its signature is not checked. Raises Explained, OSError."""
    try:
        return as_type(read_json(path.read_bytes()), Certificate)
    except Problem as problem:
        raise Explained("conformance.certificate.wrong", file=path, error=problem.code) from None


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key in a file (64 hexadecimal digits), which is made when there is none. Raises Explained, OSError."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        try:
            return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text(encoding="ascii").strip()))
        except ValueError:
            raise Explained("conformance.certificate.no_key", file=path) from None
    key = Ed25519PrivateKey.generate()
    with os.fdopen(made, "w") as file:
        file.write(key.private_bytes_raw().hex() + "\n")
    return key
