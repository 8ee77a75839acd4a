"""``onecard audit``: an agency checks a cycle by itself, with the centre's public key alone.

The checks: the centre signed the manifest; the statement is the published one; every payment line is in the cycle's
tree; the lines add up to the agency's position and the statement's last line; all positions sum to zero; the log of
cycles was only appended to; and nothing that the previous bundle contained was rewritten.
"""

import csv
import io
import zipfile
import zlib
from dataclasses import dataclass

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import convert

from clearing.merkle import is_beginning, is_included, leaf_hash
from clearing.proof import CONTEXT, LINES, MANIFEST, SIGNATURE, Line, Manifest, sha256
from foundation.money import yuan

BUNDLE_BYTES_MAX = 2_000_000_000

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    cbor2.CBORError,
    KeyError,
    ValueError,
    TypeError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
"""The errors of unpacking a file that is no bundle."""


class NotABundle(Exception):
    """A file that is no bundle; the message says why."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """An unpacked bundle, not yet checked."""

    agency_id: int
    manifest: Manifest
    signed: bytes
    signature: bytes
    statement: bytes
    lines: list[tuple[int, bytes, list[bytes]]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    name: str
    holds: bool
    detail: str


def read_bundle(content: bytes) -> Bundle:
    """Unpack a bundle; raises NotABundle."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > BUNDLE_BYTES_MAX:
                raise NotABundle(f"it unpacks to more than {BUNDLE_BYTES_MAX:,} bytes")
            parts = {info.filename: archive.read(info) for info in archive.infolist()}
        agency_id, lines = convert(cbor2.loads(parts[LINES]), tuple[int, list[tuple[int, bytes, list[bytes]]]])
        return Bundle(
            agency_id,
            Manifest.decode(parts[MANIFEST]),
            parts[MANIFEST],
            parts[SIGNATURE],
            parts[f"statement-{agency_id}.csv"],
            lines,
        )
    except UNREADABLE as error:
        raise NotABundle(f"it cannot be read: {type(error).__name__} {error}") from None


def audit(bundle: Bundle, centre_public_key: bytes, previous: Bundle | None = None) -> list[Finding]:
    """All checks of a bundle, with those against the previous one if it is given."""
    manifest = bundle.manifest
    lines, broken = _included(bundle)
    total = sum(manifest.positions.values())
    grew = is_beginning(
        manifest.log_size - 1, manifest.log_head_before, manifest.log_size, manifest.log_head, manifest.growth
    )
    published = manifest.files.get(f"statement-{bundle.agency_id}.csv") == sha256(bundle.statement)
    findings = [
        Finding("the manifest is signed by the centre", _is_signed(bundle, centre_public_key), manifest.business_date),
        Finding("the statement is the published one", published, f"statement-{bundle.agency_id}.csv"),
        Finding("every payment is in the cycle's tree", not broken, broken or f"{len(lines):,} payments"),
        _position(bundle, lines),
        Finding("all positions sum to zero", total == 0, f"{yuan(total)} yuan over {len(manifest.positions)} agencies"),
        Finding("the log of cycles has only grown", grew, f"{manifest.log_size} cycles"),
    ]
    if previous is not None:
        before = previous.manifest
        findings.append(_continues(before, manifest))
        signed = _is_signed(previous, centre_public_key)
        findings.append(Finding("the bundle before is signed by the centre", signed, before.business_date))
    return findings


def _is_signed(bundle: Bundle, centre_public_key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(centre_public_key).verify(bundle.signature, CONTEXT + bundle.signed)
    except (InvalidSignature, ValueError):
        return False
    return bundle.manifest.encode() == bundle.signed


def _included(bundle: Bundle) -> tuple[list[Line], str]:
    """The lines, and the first that is not in the tree ("" if all are, each once)."""
    manifest = bundle.manifest
    lines: list[Line] = []
    seen: set[int] = set()
    for number, (index, leaf, proof) in enumerate(bundle.lines, start=1):
        try:
            line = Line.decode(leaf)
        except (cbor2.CBORError, ValueError):
            return lines, f"line {number} is not valid"
        if index in seen or not is_included(leaf_hash(leaf), index, manifest.tree_size, proof, manifest.tree_head):
            return lines, f"line {number}: posting {line.posting_id}, {yuan(line.amount_fen)} yuan"
        seen.add(index)
        lines.append(line)
    return lines, ""


def _position(bundle: Bundle, lines: list[Line]) -> Finding:
    """The sum of the lines against the manifest and the statement's last line."""
    agency, name = bundle.agency_id, "the payments add up to the position"
    fee_fen = bundle.manifest.fee_fen
    total_fen = sum(
        (line.sale_fen + line.meals * fee_fen) * ((line.acquirer_id == agency) - (line.issuer_id == agency))
        for line in lines
    )
    signed = bundle.manifest.positions.get(agency)
    try:
        *_, last = csv.reader(io.StringIO(bundle.statement.decode("utf-8-sig")))
        stated = last[-1]
    except (ValueError, IndexError, UnicodeDecodeError, csv.Error):
        stated = "no amount"
    if signed is None or total_fen != signed:
        off_fen = total_fen - (signed or 0)
        return Finding(name, False, f"the payments sum to {yuan(total_fen)} yuan, {yuan(off_fen)} off the signed sum")
    return Finding(name, stated == yuan(total_fen), f"{yuan(total_fen)} yuan; the statement has {stated}")


def _continues(before: Manifest, now: Manifest) -> Finding:
    name = "it continues the bundle before"
    if now.log_size != before.log_size + 1:
        return Finding(name, False, f"cycle {now.log_size} of the log does not follow on cycle {before.log_size}")
    return Finding(name, now.log_head_before == before.log_head, f"{before.business_date} then {now.business_date}")
