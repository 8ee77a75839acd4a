"""``onecard audit``: an agency checks a cycle by itself, with the centre's public key and nothing else.

It shows that the manifest is the centre's, that the statement is the published one, that every payment line is in the
cycle's tree, that the lines add up to the agency's position and the statement's last line, that all positions sum to
zero, that the log of cycles has only grown, and, against the bundle before, that nothing in it was rewritten and that
the centre's audit log has not become shorter.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import cbor2
from msgspec import convert

from clearing.merkle import is_beginning, is_included, leaf_hash
from clearing.proof import LINES, MANIFEST, SIGNATURE, Line, Manifest, is_signed, sha256
from foundation import catalogue
from foundation.catalogue import Language
from foundation.money import yuan
from registry.audit import GENESIS, Head

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
"""What unpacking anything but a bundle may come to."""


class NotABundle(Exception):
    """A file that is no bundle."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it was read; nothing is checked yet."""

    agency_id: int
    manifest: Manifest
    signed: bytes
    signature: bytes
    statement: bytes
    lines: list[tuple[int, bytes, list[bytes]]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: messages ``audit.check.<code>`` and ``audit.detail.<detail_code>`` with ``params``."""

    code: str
    holds: bool
    detail_code: str
    params: dict[str, object]

    def name(self, language: Language) -> str:
        """What was checked."""
        return catalogue.text(f"audit.check.{self.code}", language)

    def detail(self, language: Language) -> str:
        """What was found."""
        return catalogue.text(f"audit.detail.{self.detail_code}", language, **self.params)

    def as_dict(self) -> dict[str, object]:
        """For ``--json``: always in English, with a stable ``code``."""
        english = Language.ENGLISH
        return {"code": self.code, "name": self.name(english), "holds": self.holds, "detail": self.detail(english)}


def finding(code: str, holds: bool, detail_code: str, **params: object) -> Finding:
    """A line of the report."""
    return Finding(code, holds, detail_code, params)


def read_bundle(content: bytes) -> Bundle:
    """Unpack a bundle; raises NotABundle."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > BUNDLE_BYTES_MAX:
                raise NotABundle
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
        raise NotABundle from error


def audit(bundle: Bundle, centre_public_keys: Sequence[bytes], previous: Bundle | None = None) -> list[Finding]:
    """All checks of a bundle, and against the one before if it is given."""
    manifest = bundle.manifest
    lines, broken = _included(bundle)
    total = sum(manifest.positions.values())
    grew = is_beginning(
        manifest.log_size - 1, manifest.log_head_before, manifest.log_size, manifest.log_head, manifest.growth
    )
    statement = f"statement-{bundle.agency_id}.csv"
    published = manifest.files.get(statement) == sha256(bundle.statement)
    signed = _is_signed(bundle, centre_public_keys)
    agencies = len(manifest.positions)
    findings = [
        finding("manifest_signed", signed, "business_date", business_date=manifest.business_date),
        finding("statement_published", published, "file", file=statement),
        broken or finding("payments_included", True, "payments", count=f"{len(lines):,}"),
        _position(bundle, lines),
        finding("positions_sum_to_zero", total == 0, "sum", amount=yuan(total), agencies=agencies),
        finding("log_grew", grew, "cycles", count=manifest.log_size),
    ]
    if previous is not None:
        before = previous.manifest
        findings.append(_continues(before, manifest))
        findings.append(_audit_log_continues(before, manifest))
        signed = _is_signed(previous, centre_public_keys)
        findings.append(finding("previous_signed", signed, "business_date", business_date=before.business_date))
    return findings


def _is_signed(bundle: Bundle, centre_public_keys: Sequence[bytes]) -> bool:
    genuine = is_signed(bundle.signed, bundle.signature, centre_public_keys)
    return genuine and bundle.manifest.encode() == bundle.signed


def _included(bundle: Bundle) -> tuple[list[Line], Finding | None]:
    """The lines, and a finding about the first one that is not in the tree exactly once."""
    code = "payments_included"
    manifest = bundle.manifest
    lines: list[Line] = []
    seen: set[int] = set()
    for number, (index, leaf, proof) in enumerate(bundle.lines, start=1):
        try:
            line = Line.decode(leaf)
        except (cbor2.CBORError, ValueError):
            return lines, finding(code, False, "unreadable_line", line=number)
        if index in seen or not is_included(leaf_hash(leaf), index, manifest.tree_size, proof, manifest.tree_head):
            return lines, finding(
                code, False, "wrong_line", line=number, posting_id=line.posting_id, amount=yuan(line.amount_fen)
            )
        seen.add(index)
        lines.append(line)
    return lines, None


def _position(bundle: Bundle, lines: list[Line]) -> Finding:
    """The sum of the lines, compared with the manifest and the statement's last line."""
    agency, code = bundle.agency_id, "position"
    total_fen = sum(
        (line.sale_fen + line.meals * bundle.manifest.fee_of(line))
        * ((line.acquirer_id == agency) - (line.issuer_id == agency))
        for line in lines
    )
    signed = bundle.manifest.positions.get(agency)
    try:
        *_, last = csv.reader(io.StringIO(bundle.statement.decode("utf-8-sig")))
        stated = last[-1]
    except (ValueError, IndexError, UnicodeDecodeError, csv.Error):
        stated = "-"
    if signed is None or total_fen != signed:
        off_fen = total_fen - (signed or 0)
        return finding(code, False, "not_as_signed", amount=yuan(total_fen), difference=yuan(off_fen))
    return finding(code, stated == yuan(total_fen), "position", amount=yuan(total_fen), stated=stated)


def _continues(before: Manifest, now: Manifest) -> Finding:
    if now.log_size != before.log_size + 1:
        return finding("continues", False, "does_not_follow", cycle=now.log_size, before=before.log_size)
    dates = {"before": before.business_date, "now": now.business_date}
    return finding("continues", now.log_head_before == before.log_head, "follows", **dates)


def _audit_log_continues(before: Manifest, now: Manifest) -> Finding:
    """An audit log only grows; the same number of entries has the same digest."""
    earlier, later = before.audit_log or Head(0, GENESIS), now.audit_log or Head(0, GENESIS)
    holds = earlier.entries < later.entries or earlier == later
    return finding("audit_log_continues", holds, "audit_log", before=earlier.entries, now=later.entries)
