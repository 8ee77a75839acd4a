"""What was published: every cycle's manifest, the files that it names, and the tree of its transfers.

The manifest is what the centre signed; the database's own notes of hashes prove nothing, since whoever rewrites a file
can rewrite them as well.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg

from clearing.merkle import is_beginning
from clearing.proof import TREE, Manifest, is_signed, log_of, tree_of
from foundation.money import yuan
from foundation.named_sql import load_queries
from foundation.postgres import Connection

QUERIES = load_queries(Path(__file__).parent / "sql" / "published.sql")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something published that is not as signed: a message ``verification.subject.<subject>``."""

    subject: str
    cycle_date: date
    file_name: str = ""
    amount: str = ""
    agency_id: int = 0


Manifests = dict[date, Manifest]


async def check_manifests(
    connection: Connection, centre_public_keys: Sequence[bytes]
) -> tuple[Manifests, int, list[Fault]]:
    """The manifests that can be trusted, how many cycles should have one, and what is wrong with the others.

    Each must be there, the centre's, of its cycle and its position in the log, and have what the ledger has.
    """
    rows = await connection.fetch(QUERIES["cycles"])
    trusted: Manifests = {}
    faults: list[Fault] = []
    before: Manifest | None = None
    for place, row in enumerate(rows):
        day = row["cycle_date"]
        if row["manifest"] is None:
            faults.append(Fault("manifest_missing", day))
            continue
        manifest = _genuine(row, centre_public_keys)
        if manifest is None:
            faults.append(Fault("manifest_altered", day))
            continue
        trusted[day] = manifest
        positions = {p["agency_id"]: p["position_fen"] for p in await connection.fetch(QUERIES["positions"], day)}
        if (manifest.positions, manifest.fee_fen) != (positions, row["fee_fen"]):
            faults.append(Fault("manifest_positions", day))
        if not _follows(before, manifest, place):
            faults.append(Fault("manifest_log", day))
        before = manifest
    if before is not None and len(trusted) == len(rows) and log_of(list(trusted.values())).head != before.log_head:
        faults.append(Fault("manifest_log", max(trusted)))
    return trusted, len(rows), faults


def _genuine(row: asyncpg.Record, centre_public_keys: Sequence[bytes]) -> Manifest | None:
    """The manifest of a row if the centre signed it for this cycle."""
    if not is_signed(row["manifest"], row["signature"], centre_public_keys):
        return None
    try:
        manifest = Manifest.decode(row["manifest"])
    except ValueError:
        return None
    whole = manifest.encode() == row["manifest"] and manifest.business_date == row["cycle_date"].isoformat()
    return manifest if whole else None


def _follows(before: Manifest | None, now: Manifest, place: int) -> bool:
    """Whether a manifest's log extends the one before it by its own cycle."""
    continues = before is None or before.log_head == now.log_head_before
    return (
        continues
        and now.log_size == place + 1
        and is_beginning(place, now.log_head_before, now.log_size, now.log_head, now.growth)
    )


async def check_trees(connection: Connection, manifests: Manifests, folder: Path) -> list[Fault]:
    """Cycles whose transfers are not the signed ones, or whose kept tree is not theirs."""
    faults = []
    for day, manifest in manifests.items():
        tree = await tree_of(connection, day)
        if (len(tree), tree.head) != (manifest.tree_size, manifest.tree_head):
            faults.append(Fault("tree_altered", day))
        elif _read(folder, day, TREE) != b"".join(tree.levels):
            faults.append(Fault("statement_altered", day, TREE))
    return faults


async def check_files(connection: Connection, manifests: Manifests, folder: Path) -> tuple[int, list[Fault]]:
    """How many files were published, and those that are not as signed, or do not end in the agency's position."""
    faults = []
    noted = {(row["cycle_date"], row["file_name"]): row for row in await connection.fetch(QUERIES["files"])}
    signed = {(day, name): digest for day, manifest in manifests.items() for name, digest in manifest.files.items()}
    for day, name in sorted(noted.keys() | signed.keys()):
        row, content = noted.get((day, name)), _read(folder, day, name)
        digest = hashlib.sha256(content).digest()
        # Without a manifest, which is a fault of its own, the note is all there is.
        known = signed.get((day, name)) if day in manifests else digest
        if row is None or not (digest == known == row["sha256"]):
            faults.append(Fault("statement_altered", day, name))
        elif row["position_fen"] is not None and _last_amount(content) != yuan(row["position_fen"]):
            faults.append(Fault("statement_total", day, name, yuan(row["position_fen"])))
    for row in await connection.fetch(QUERIES["missing_statements"]):
        faults.append(Fault("statement_missing", row["cycle_date"], agency_id=row["agency_id"]))
    return len(noted.keys() | signed.keys()), faults


def _read(folder: Path, day: date, name: str) -> bytes:
    path = folder / day.isoformat() / name
    return path.read_bytes() if path.is_file() else b""


def _last_amount(content: bytes) -> str:
    try:
        *_, last = csv.reader(io.StringIO(content.decode("utf-8-sig")))
        return last[-1]
    except (ValueError, IndexError, csv.Error):
        return ""
