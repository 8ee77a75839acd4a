"""Merkle trees: the vectors of Certificate Transparency, and proofs that hold for the truth alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.merkle import EMPTY, Tree, is_beginning, is_included, leaf_hash

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The test data of the Certificate Transparency project, with the heads that it gives for them."""
HEADS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def tree(size: int) -> Tree:
    return Tree(b"".join(leaf_hash(b"%d" % n) for n in range(size)))


@pytest.mark.parametrize("size", HEADS)
def test_the_heads_of_certificate_transparency(size: int) -> None:
    assert Tree(b"".join(leaf_hash(leaf) for leaf in LEAVES[:size])).head.hex() == HEADS[size]


def test_nothing_has_a_head() -> None:
    assert Tree(b"").head == EMPTY
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_leaf_of_every_small_tree_is_included_at_its_place_alone() -> None:
    for size in range(1, 34):
        whole = tree(size)
        for index in range(size):
            proof = whole.inclusion_proof(index)
            for claimed in range(size):
                leaf = leaf_hash(b"%d" % index)
                assert is_included(leaf, claimed, size, proof, whole.head) is (claimed == index)


def test_every_small_tree_is_the_beginning_of_every_later_one() -> None:
    for later in range(34):
        whole = tree(later)
        for size in range(later + 1):
            proof = whole.consistency_proof(size)
            assert is_beginning(size, tree(size).head, later, whole.head, proof), (size, later)


@given(st.integers(1, 300), st.data())
def test_an_altered_past_is_no_beginning(later: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, later))
    changed = data.draw(st.integers(0, size - 1))
    hashes = [leaf_hash(b"%d" % n) for n in range(later)]
    honest = Tree(b"".join(hashes[:size])).head
    hashes[changed] = leaf_hash(b"altered")
    rewritten = Tree(b"".join(hashes))
    assert not is_beginning(size, honest, later, rewritten.head, rewritten.consistency_proof(size))
    assert not is_included(
        leaf_hash(b"%d" % changed), changed, later, rewritten.inclusion_proof(changed), rewritten.head
    )


@given(st.integers(1, 200), st.data())
def test_a_proof_with_one_bit_changed_shows_nothing(size: int, data: st.DataObject) -> None:
    whole = tree(size)
    index = data.draw(st.integers(0, size - 1))
    proof = whole.inclusion_proof(index)
    if not proof:
        return
    at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = int.from_bytes(proof[at]) ^ (1 << bit)
    broken = [*proof[:at], flipped.to_bytes(32), *proof[at + 1 :]]
    leaf = leaf_hash(b"%d" % index)
    assert is_included(leaf, index, size, proof, whole.head)
    assert not is_included(leaf, index, size, broken, whole.head)
    assert not is_included(leaf, index, size, proof[:-1], whole.head)
    assert not is_included(leaf, index, size, [*proof, whole.head], whole.head)


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_proof_of_what_is_not_there(index: int) -> None:
    with pytest.raises(IndexError):
        tree(3).inclusion_proof(index)
    with pytest.raises(IndexError):
        tree(3).consistency_proof(index + 1 if index > 0 else index)
