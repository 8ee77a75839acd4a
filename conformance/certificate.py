"""The certificate of a run: what passed, against which edition of the page, signed by whoever ran it.

``signature`` is by Ed25519 over ``onecard conformance certificate v1`` and the canonical JSON of all other members
(``conformance.page.canonical``). The key is the laboratory's own: it says who vouches, and is none of the centre's.
"""

import os
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta, Struct, to_builtins

from conformance.bench import Result
from conformance.judge import judged
from conformance.page import canonical, vectors_digest
from conformance.proxy import PLANS
from conformance.suite import Profile, cases_of
from foundation.catalogue import Explained
from foundation.problems import Problem
from foundation.strict_json import as_type, read_json
from terminals.sessions import SUITE
from terminals.signatures import PROTOCOL

LATEST = 250_000_000_000
"""A time that every calendar here can show (the year 9892)."""
CLOCK_S = 300
"""So far ahead of ours may the laboratory's clock be."""
Subject = Literal["centre", "terminal"]
CONTEXT = b"onecard conformance certificate v1"


class Certificate(Struct, forbid_unknown_fields=True):
    """What a run found. ``made_at`` in seconds since 1970; keys, digests and the signature are hexadecimal."""

    edition: int
    suite: str
    profile: Profile
    subject: Subject
    """What was tested: ``centre`` or ``terminal``."""
    software: str
    """Name and version of what was tested, as it says itself or as whoever ran this says."""
    address: str
    made_at: Annotated[int, Meta(ge=0, le=LATEST)]
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


def case_ids(profile: Profile, subject: str) -> set[str]:
    """The cases that this program has for a profile; a terminal has none for ``all``."""
    if subject == "centre":
        return {case.case_id for case in cases_of(profile)}
    if profile not in PLANS:
        return set()
    return {one.case_id for one in judged([], 0, filter(None, PLANS[profile][1]), profile)}


def doubts(found: Certificate, signer: str | None, now: float) -> list[Explained]:
    """Why a certificate whose signature fits proves nothing all the same; none: every case of the profile passed."""
    wrong = []
    if signer is None:
        wrong.append(Explained("conformance.certificate.unknown_signer"))
    if found.made_at > now + CLOCK_S:
        wrong.append(Explained("conformance.certificate.in_the_future"))
    if (found.edition, found.suite) != (PROTOCOL, SUITE):
        wrong.append(Explained("conformance.certificate.other_edition", edition=found.edition, ours=PROTOCOL))
        return wrong
    if found.vectors != vectors_digest():
        wrong.append(Explained("conformance.certificate.other_vectors"))
    ours, listed = case_ids(found.profile, found.subject), found.passed + found.failed + found.not_run
    if missing := len(ours - set(listed)):
        wrong.append(Explained("conformance.certificate.missing_cases", count=missing))
    if others := len(listed) - len(ours & set(listed)):
        wrong.append(Explained("conformance.certificate.other_cases", count=others))
    if not found.is_complete:
        counts = {"failed": len(found.failed), "not_run": len(found.not_run)}
        wrong.append(Explained("conformance.certificate.not_passed", **counts))
    return wrong


def certify(
    results: Iterable[Result],
    key: Ed25519PrivateKey,
    *,
    profile: Profile,
    subject: Subject,
    software: str,
    address: str,
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
