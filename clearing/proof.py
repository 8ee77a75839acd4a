"""Proof that a cycle is as published: a signed manifest, and an append-only log of all cycles.

Every transfer of a cycle is a leaf of the cycle's Merkle tree (``clearing/merkle.py``); every cycle is a leaf of the
log. The manifest of a cycle has the hashes of its files, the positions, the tree's head, the log's head with the proof
that it extends the previous log, and the head of the audit log. The centre signs it with a key that is outside the
database: rewriting the database cannot change what agencies already hold.

Leaves and manifests are deterministic CBOR (RFC 8949 section 4.2): length-prefixed, so that no two encode alike.
Signature: Ed25519 over ``onecard manifest v1``, a zero byte, and the manifest.
"""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import convert

from clearing.errors import ALTERED, NO_CYCLE
from clearing.files import write_whole
from clearing.merkle import SIZE, Tree, leaf_hash, level_sizes
from clearing.positions import positions_of
from clearing.progress import Progress, silent
from foundation.named_sql import load_queries
from foundation.postgres import LONG_S, Connection, Pool, allow_long_work
from foundation.problems import Problem
from registry.audit import Head, head_of

QUERIES = load_queries(Path(__file__).parent / "sql" / "proof.sql")

CONTEXT = b"onecard manifest v1\x00"
MANIFEST, SIGNATURE, LINES, TREE = "manifest.cbor", "manifest.sig", "payments.cbor", "tree.bin"
PREFETCH = 5_000
PREFETCHED_HASHES = 50
"""Rows of many hashes each."""
ZIP_TIME = (2024, 1, 1, 0, 0, 0)


_LINE = tuple[
    int, bytes, int, str, bytes | None, int, int | None, int | None, str | None, str | None, int, int, str, str
]
_EARLIER_MANIFEST = tuple[str, dict[str, bytes], dict[int, int], int, int, bytes, int, bytes, bytes, list[bytes]]
_MANIFEST = tuple[
    str, dict[str, bytes], dict[int, int], int, int, bytes, int, bytes, bytes, list[bytes],
    Head | None, dict[bytes, int],
]  # fmt: skip
"""The types that the CBOR of a bundle must have: it comes from outside."""


@dataclass(frozen=True, slots=True)
class Line:
    """A transfer as its leaf encodes it; money in fen."""

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
        """The line of a leaf. Raises ValueError (cbor2.CBORError is one) for other content."""
        book, posting, part, kind, reverses, *rest = convert(cbor2.loads(leaf), _LINE)
        return cls(book, UUID(bytes=posting), part, kind, UUID(bytes=reverses) if reverses else None, *rest)

    @property
    def sale_fen(self) -> int:
        """Its contribution to the sales of its canteen."""
        if self.canteen_id is None:
            return 0
        return self.amount_fen if self.kind in ("payment", "working_meal") else -self.amount_fen

    @property
    def meals(self) -> int:
        """The number of meals it sells or reverses. The parts of a payment are one meal; a refund reverses none."""
        if self.part or self.canteen_id is None:
            return 0
        return {"payment": 1, "working_meal": 1, "reversal": -1}.get(self.kind, 0)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the centre signs for a cycle: hashes of 32 bytes, positions and the fee per visitor's meal in fen."""

    business_date: str
    files: dict[str, bytes]
    positions: dict[int, int]
    fee_fen: int
    tree_size: int
    tree_head: bytes
    log_size: int
    log_head: bytes
    log_head_before: bytes
    growth: list[bytes]
    """The consistency proof from the log before (one cycle fewer) to this one."""
    audit_log: Head | None = None
    """The head of the audit log when the cycle was published; None in manifests up to version 0.2."""
    earlier_fees: dict[bytes, int] = field(default_factory=dict)
    """Reversals (by posting number) of earlier cycles' meals, with the fee that the meal had, where it is not
    ``fee_fen``. Manifests up to version 0.2 have neither of the last two members."""

    def encode(self) -> bytes:
        """The manifest as it is signed."""
        values = [getattr(self, name) for name in self.__dataclass_fields__]
        return cbor2.dumps(values if self._is_of_now else values[:-2], canonical=True)

    @property
    def _is_of_now(self) -> bool:
        return self.audit_log is not None or bool(self.earlier_fees)

    @classmethod
    def decode(cls, content: bytes) -> "Manifest":
        """The manifest of its encoding. Raises ValueError for other content."""
        values = cbor2.loads(content)
        earlier = isinstance(values, list) and len(values) == len(get_args(_EARLIER_MANIFEST))
        return cls(*convert(values, _EARLIER_MANIFEST if earlier else _MANIFEST))

    def fee_of(self, line: Line) -> int:
        """The fee for each meal of a line, in fen."""
        return self.earlier_fees.get(line.posting_id.bytes, self.fee_fen)

    def log_leaf(self) -> bytes:
        """The cycle's leaf in the log, hashed."""
        core = [self.business_date, self.files, self.positions, self.fee_fen, self.tree_size, self.tree_head]
        if self._is_of_now:
            core += [self.audit_log, self.earlier_fees]
        return leaf_hash(cbor2.dumps(core, canonical=True))


def log_of(manifests: Sequence[Manifest]) -> Tree:
    """The log of cycles, in the order of their proofs."""
    return Tree(b"".join(manifest.log_leaf() for manifest in manifests))


async def grow_tree(pool: Pool, business_date: date, folder: Path, progress: Progress = silent) -> Tree:
    """Build the tree of a netted cycle from its transfers, and store it beside the cycle's files (``tree.bin``).

    The database hashes the leaves (``sql/leaf.sql``); ``tree_of`` checks it.
    """
    leaves = bytearray()
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        total = await connection.fetchval(QUERIES["leaf_count"], business_date, timeout=LONG_S)
        cursor = connection.cursor(QUERIES["leaf_hashes"], business_date, prefetch=PREFETCHED_HASHES, timeout=LONG_S)
        async for row in cursor:
            leaves += row["hashes"]
            progress("tree", len(leaves) // SIZE, total)
    tree = await asyncio.to_thread(Tree, leaves)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / TREE, tree.levels)
    return tree


async def tree_of(connection: Connection, business_date: date) -> Tree:
    """The tree of a cycle's transfers as they stand in the ledger; in the caller's transaction.

    Each leaf is encoded and hashed here, so that whoever trusts this trusts no function of the database.
    """
    leaves = bytearray()
    async for row in connection.cursor(QUERIES["leaves"], business_date, prefetch=PREFETCH, timeout=LONG_S):
        leaves += leaf_hash(_leaf(list(row)))
    return await asyncio.to_thread(Tree, leaves)


async def sign_manifest(connection: Connection, key: Ed25519PrivateKey, business_date: date, tree: Tree) -> None:
    """Sign a cycle's manifest and append the cycle to the log; in the caller's transaction, one cycle at a time."""
    earlier = [Manifest.decode(row["manifest"]) for row in await connection.fetch(QUERIES["manifests"])]
    files = {row["file_name"]: row["sha256"] for row in await connection.fetch(QUERIES["files"], business_date)}
    positions = {row["agency_id"]: row["position_fen"] for row in await positions_of(connection, business_date)}
    before = log_of(earlier)
    fee_fen = await connection.fetchval(QUERIES["fee"], business_date)
    unsigned = Manifest(
        business_date.isoformat(),
        files,
        positions,
        fee_fen,
        len(tree),
        tree.head,
        len(earlier) + 1,
        b"",
        before.head,
        [],
        await head_of(connection),
        {row["posting"]: row["fee_fen"] for row in await connection.fetch(QUERIES["earlier_fees"], business_date)},
    )
    log = log_of([*earlier, unsigned])
    manifest = replace(unsigned, log_head=log.head, growth=log.consistency_proof(len(earlier)))
    content = manifest.encode()
    await connection.execute(QUERIES["add_proof"], business_date, len(earlier), content, key.sign(CONTEXT + content))


async def published_audit_heads(connection: Connection, centre_public_keys: Sequence[bytes]) -> dict[date, Head]:
    """The head of the audit log in every manifest that the centre signed, by business date."""
    heads = {}
    for row in await connection.fetch(QUERIES["proofs"]):
        if is_signed(row["manifest"], row["signature"], centre_public_keys):
            manifest = Manifest.decode(row["manifest"])
            if manifest.audit_log is not None:
                heads[row["cycle_date"]] = manifest.audit_log
    return heads


def is_signed(manifest: bytes, signature: bytes, centre_public_keys: Sequence[bytes]) -> bool:
    """Whether the centre signed a manifest, under any version of its key."""
    return any(_is_signed_under(key, manifest, signature) for key in centre_public_keys)


def _is_signed_under(key: bytes, manifest: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, CONTEXT + manifest)
    except (InvalidSignature, ValueError):
        return False
    return True


def _leaf(row: list[Any]) -> bytes:
    """The leaf of a row; the query has the columns of ``Line`` in their order, already encoded."""
    return cbor2.dumps(row, canonical=True)


async def bundle(pool: Pool, business_date: date, agency_id: int, folder: Path) -> bytes:
    """The input of an agency's own audit of a cycle: a ZIP of the manifest, its statement, its lines with proofs.

    Raises Problem(NO_CYCLE) when the cycle has no manifest or the agency no statement, ALTERED when the files are not
    what was signed.
    """
    proof = await pool.fetchrow(QUERIES["proof"], business_date)
    statement = folder / business_date.isoformat() / f"statement-{agency_id}.csv"
    if proof is None or not statement.is_file():
        raise Problem(NO_CYCLE, "clearing.no_bundle", business_date=business_date, agency_id=agency_id)
    tree = _kept_tree(statement.with_name(TREE), Manifest.decode(proof["manifest"]))
    async with pool.acquire() as connection, connection.transaction():
        await allow_long_work(connection)
        rows = await connection.fetch(QUERIES["leaves_of"], business_date, agency_id, timeout=LONG_S)
    mine = []
    for index, *row in rows:
        leaf = _leaf(row)
        if tree.leaf(index) != leaf_hash(leaf):
            raise Problem(
                ALTERED, "clearing.altered_posting", posting_id=UUID(bytes=row[1]), business_date=business_date
            )
        mine.append([index, leaf, tree.inclusion_proof(index)])
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


def _kept_tree(path: Path, manifest: Manifest) -> Tree:
    """A cycle's tree from its file; raises Problem(ALTERED)."""
    content = memoryview(path.read_bytes() if path.is_file() else b"")
    levels, begin = [], 0
    for size in level_sizes(manifest.tree_size):
        levels.append(content[begin : begin + size * SIZE])
        begin += size * SIZE
    tree = Tree.of_levels(levels)
    if begin != len(content) or tree.head != manifest.tree_head:
        raise Problem(ALTERED, "clearing.altered_file", file_name=path.name, business_date=manifest.business_date)
    return tree


def sha256(content: bytes) -> bytes:
    """The hash of a file as manifests have it."""
    return hashlib.sha256(content).digest()
