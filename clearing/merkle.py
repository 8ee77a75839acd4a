"""Merkle trees after RFC 6962 section 2.1 (Certificate Transparency): append-only lists and their proofs.

The tree head is one hash over all leaves in their order. An inclusion proof shows that a leaf is in a tree; a
consistency proof shows that a tree is the beginning of a later one. Both are a few dozen hashes for millions of leaves.
Verification follows RFC 9162 sections 2.1.3.2 and 2.1.4.2. SHA-256; hashes are 32 bytes.
"""

import hashlib
from collections.abc import Sequence

SIZE = 32
Hashes = bytes | bytearray | memoryview
"""Hashes one after the other."""

EMPTY = hashlib.sha256().digest()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf; the prefix keeps leaves and nodes apart (second preimages)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree over leaf hashes, with every level kept: proofs cost no hashing but at its right edge.

    ``leaves``: the leaf hashes one after the other, 32 bytes each. ``levels`` are such rows of hashes from the leaves
    to the head; a tree made by ``of_levels`` trusts them, so check its head.
    """

    def __init__(self, leaves: bytes | bytearray) -> None:
        self.levels: list[Hashes] = [leaves]
        while len(self.levels[-1]) > SIZE:
            self.levels.append(_level_above(self.levels[-1]))

    @classmethod
    def of_levels(cls, levels: Sequence[Hashes]) -> "Tree":
        """A tree from its levels as they were kept."""
        tree = cls(b"")
        tree.levels = list(levels)
        return tree

    def __len__(self) -> int:
        return len(self.levels[0]) // SIZE

    @property
    def head(self) -> bytes:
        """The tree head; that of no leaves is the hash of nothing."""
        return bytes(self.levels[-1]) if len(self) else EMPTY

    def leaf(self, index: int) -> bytes:
        """The hash of a leaf."""
        return self._node(0, index)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """The siblings on the way from a leaf to the head. Raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        proof = []
        for height, level in enumerate(self.levels[:-1]):
            sibling = index ^ 1
            if sibling < len(level) // SIZE:
                proof.append(self._node(height, sibling))
            index >>= 1
        return proof

    def consistency_proof(self, size: int) -> list[bytes]:
        """The proof that this tree extends the tree of its first ``size`` leaves. Raises IndexError."""
        if not 0 <= size <= len(self):
            raise IndexError(size)
        return [] if size in (0, len(self)) else self._subproof(size, 0, len(self), whole=True)

    def _subproof(self, size: int, begin: int, end: int, *, whole: bool) -> list[bytes]:
        if size == end - begin:
            return [] if whole else [self._range(begin, end)]
        middle = _split(end - begin)
        if size <= middle:
            proof = self._subproof(size, begin, begin + middle, whole=whole)
            return [*proof, self._range(begin + middle, end)]
        proof = self._subproof(size - middle, begin + middle, end, whole=False)
        return [*proof, self._range(begin, begin + middle)]

    def _range(self, begin: int, end: int) -> bytes:
        """The head of some leaves; those that fill a subtree have it already."""
        size = end - begin
        height = size.bit_length() - 1
        if size == 1 << height and begin % size == 0:
            return self._node(height, begin >> height)
        middle = _split(size)
        return node_hash(self._range(begin, begin + middle), self._range(begin + middle, end))

    def _node(self, height: int, index: int) -> bytes:
        return bytes(self.levels[height][SIZE * index : SIZE * (index + 1)])


def level_sizes(leaves: int) -> list[int]:
    """How many hashes each level of a tree has, from the leaves to the head."""
    sizes = [leaves]
    while sizes[-1] > 1:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


def _level_above(below: Hashes) -> bytearray:
    pairs = len(below) // (2 * SIZE)
    sha256 = hashlib.sha256
    above = bytearray()
    for at in range(0, 2 * SIZE * pairs, 2 * SIZE):
        above += sha256(b"\x01" + below[at : at + 2 * SIZE]).digest()
    # The last of an odd number has no sibling yet and stands for itself one level up.
    return above + below[2 * SIZE * pairs :]


def _split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], head: bytes) -> bool:
    """Whether a leaf's hash stands at an index of the tree of that size and head."""
    if not 0 <= index < size:
        return False
    node, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while index and not index & 1:
                index >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        index >>= 1
        last >>= 1
    return last == 0 and node == head


def is_beginning(size: int, head: bytes, later_size: int, later_head: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of one size and head is the beginning of the later one."""
    if not 0 <= size <= later_size:
        return False
    if size == later_size:
        return head == later_head and not proof
    if size == 0:
        return head == EMPTY and not proof
    path = list(proof)
    if size & (size - 1) == 0:
        path.insert(0, head)
    if not path:
        return False
    index, last = size - 1, later_size - 1
    while index & 1:
        index >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while index and not index & 1:
                index >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        index >>= 1
        last >>= 1
    return last == 0 and old == head and new == later_head
