"""Proof that a cycle is what was published: a signed manifest, and a log of all cycles that can only grow.

Every transfer of a cycle is a leaf of the cycle's Merkle tree (``clearing/merkle.py``); every cycle is a leaf of the
log. The manifest of a cycle has the hashes of its files, the positions, the tree's head, and the log's head with what
shows that the log before is its beginning. The centre signs it with a key that is outside the database, so that
whoever rewrites the database cannot rewrite what agencies already hold.

Leaves and manifests are deterministic CBOR (RFC 8949 section 4.2): length-prefixed, so that no two encode alike.
Signature: Ed25519 over ``onecard manifest v1``, a zero byte, and the manifest.
"""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearing.errors import NO_CYCLE
from clearing.merkle import Tree, leaf_hash
from registry.errors import Problem
from registry.named_sql import load_queries
from registry.postgres import Connection, Pool, allow_long_work

QUERIES = load_queries(Path(__file__).parent / "sql" / "proof.sql")

CONTEXT = b"onecard manifest v1\x00"
MANIFEST, SIGNATURE, LINES = "manifest.cbor", "manifest.sig", "payments.cbor"
ZIP_TIME = (2024, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Line:
    """A transfer as a leaf says it; money in fen."""

    book: int
    posting_id: UUID
    part: int
    kind: str
    reverses: UUID | None
    issuer_id: int
    acquirer_id: int | None
    canteen_id: int | None
    meal: str | None
    channel: str | None
    holder_id: int
    amount_fen: int
    business_date: str
    posted_at: str

    def encode(self) -> bytes:
        """The leaf."""
        values = [getattr(self, name) for name in self.__dataclass_fields__]
        return cbor2.dumps([v.bytes if isinstance(v, UUID) else v for v in values], canonical=True)

    @classmethod
    def decode(cls, leaf: bytes) -> "Line":
        """Undo ``encode``; raises ValueError or TypeError for what is no leaf."""
        values = cbor2.loads(leaf)
        values[1] = UUID(bytes=values[1])
        values[4] = UUID(bytes=values[4]) if values[4] is not None else None
        return cls(*values)

    @property
    def sale_fen(self) -> int:
        """What it adds to the takings of its canteen."""
        if self.canteen_id is None:
            return 0
        return self.amount_fen if self.kind in ("payment", "working_meal") else -self.amount_fen


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the centre signs for a cycle; hashes are 32 bytes, positions in fen by agency."""

    business_date: str
    files: dict[str, bytes]
    positions: dict[int, int]
    tree_size: int
    tree_head: bytes
    log_size: int
    log_head: bytes
    log_head_before: bytes
    growth: list[bytes]
    """The consistency proof from the log before (one cycle fewer) to this one."""

    def encode(self) -> bytes:
        """The manifest as it is signed."""
        return cbor2.dumps([getattr(self, name) for name in self.__dataclass_fields__], canonical=True)

    @classmethod
    def decode(cls, content: bytes) -> "Manifest":
        """Undo ``encode``; raises ValueError or TypeError for what is no manifest."""
        return cls(*cbor2.loads(content))

    def log_leaf(self) -> bytes:
        """The cycle's leaf in the log, hashed."""
        core = [self.business_date, self.files, self.positions, self.tree_size, self.tree_head]
        return leaf_hash(cbor2.dumps(core, canonical=True))


def log_of(manifests: Sequence[Manifest]) -> Tree:
    """The log of cycles, in the order in which they were proved."""
    return Tree([manifest.log_leaf() for manifest in manifests])


async def prove_cycles(pool: Pool, key: Ed25519PrivateKey) -> list[date]:
    """Sign a manifest for every published cycle that has none; again, signs nothing. Returns their dates."""
    proved = []
    while (business_date := await pool.fetchval(QUERIES["next_to_prove"])) is not None:
        async with pool.acquire() as connection, connection.transaction():
            await allow_long_work(connection)
            await connection.execute(QUERIES["one_prover"])
            if await connection.fetchval(QUERIES["next_to_prove"]) == business_date:
                await _prove(connection, key, business_date)
                proved.append(business_date)
    return proved


async def _prove(connection: Connection, key: Ed25519PrivateKey, business_date: date) -> None:
    earlier = [Manifest.decode(row["manifest"]) for row in await connection.fetch(QUERIES["manifests"])]
    lines = [leaf_hash(line.encode()) async for line in _lines(connection, business_date)]
    tree = Tree(lines)
    files = {row["file_name"]: row["sha256"] for row in await connection.fetch(QUERIES["files"], business_date)}
    positions = {r["agency_id"]: r["position_fen"] for r in await connection.fetch(QUERIES["positions"], business_date)}
    before = log_of(earlier)
    unsigned = Manifest(
        business_date.isoformat(), files, positions, len(tree), tree.head, len(earlier) + 1, b"", before.head, []
    )
    log = log_of([*earlier, unsigned])
    manifest = Manifest(
        unsigned.business_date, files, positions, len(tree), tree.head,
        len(log), log.head, before.head, log.consistency_proof(len(earlier)),
    )  # fmt: skip
    content = manifest.encode()
    await connection.execute(QUERIES["add_proof"], business_date, len(earlier), content, key.sign(CONTEXT + content))


async def _lines(connection: Connection, business_date: date) -> AsyncIterator[Line]:
    async for row in connection.cursor(QUERIES["leaves"], business_date, prefetch=5_000):
        yield _line(row)


def _line(row: asyncpg.Record) -> Line:
    values = dict(row)
    posted_at: datetime = values["posted_at"]
    day = values["business_date"].isoformat()
    return Line(**values | {"business_date": day, "posted_at": posted_at.isoformat(timespec="microseconds")})


async def bundle(pool: Pool, business_date: date, agency_id: int, folder: Path) -> bytes:
    """What an agency needs to audit a cycle by itself: a ZIP of the manifest, its statement, its lines with proofs.

    Raises Problem(NO_CYCLE) when the cycle has no manifest or the agency no statement.
    """
    proof = await pool.fetchrow(QUERIES["proof"], business_date)
    statement = folder / business_date.isoformat() / f"statement-{agency_id}.csv"
    if proof is None or not statement.is_file():
        raise Problem(NO_CYCLE, f"no proved cycle {business_date} with a statement of agency {agency_id}")
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        leaves = [(line, line.encode()) async for line in _lines(connection, business_date)]
    tree = Tree([leaf_hash(leaf) for _, leaf in leaves])
    mine = [
        [index, leaf, tree.inclusion_proof(index)]
        for index, (line, leaf) in enumerate(leaves)
        if line.canteen_id is not None and agency_id in (line.issuer_id, line.acquirer_id)
    ]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (
            (MANIFEST, proof["manifest"]),
            (SIGNATURE, proof["signature"]),
            (statement.name, statement.read_bytes()),
            (LINES, cbor2.dumps([agency_id, mine], canonical=True)),
        ):
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), part)
    return content.getvalue()


def sha256(content: bytes) -> bytes:
    """The hash of a file as manifests have it."""
    return hashlib.sha256(content).digest()
