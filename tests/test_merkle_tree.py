"""The Merkle tree against the vectors of Certificate Transparency, and its laws."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.exchange.merkle_tree import (
    EMPTY_ROOT,
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
)

# Leaves and roots of the reference implementation of RFC 6962 (google/certificate-transparency, merkle_test).
LEAVES = [
    leaf_hash(bytes.fromhex(each))
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
CONSISTENCY = [
    # old size, new size, proof
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_of_certificate_transparency(size: int) -> None:
    assert root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert root([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_consistency_proofs_of_certificate_transparency(old: int, new: int, proof: list[str]) -> None:
    hashes = [bytes.fromhex(each) for each in proof]
    assert list(consistency_proof(LEAVES[:new], old)) == hashes
    assert extends(root(LEAVES[:old]), old, root(LEAVES[:new]), new, hashes)


def test_the_example_tree_of_rfc_6962_2_1_3() -> None:
    """Seven leaves d0 to d6: the audit paths that the RFC writes out, in its letters."""
    a, b, c, d, e, f, j = (leaf_hash(b"d%d" % number) for number in range(7))
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, below = node_hash(g, h), node_hash(i, j)
    leaves = [a, b, c, d, e, f, j]
    assert root(leaves) == node_hash(k, below)
    assert inclusion_proof(leaves, 0) == (b, h, below)
    assert inclusion_proof(leaves, 3) == (c, g, below)
    assert inclusion_proof(leaves, 4) == (f, j, k)
    assert inclusion_proof(leaves, 6) == (i, k)
    assert consistency_proof(leaves, 3) == (c, d, g, below)
    assert consistency_proof(leaves, 4) == (below,)
    assert consistency_proof(leaves, 6) == (i, j, k)


trees = st.lists(st.binary(max_size=4), min_size=1, max_size=40).map(lambda each: [leaf_hash(leaf) for leaf in each])


@given(trees, st.data())
def test_every_leaf_is_proven_and_no_other_is(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion_proof(leaves, index)
    top, size = root(leaves), len(leaves)
    assert includes(top, size, index, leaves[index], proof)
    assert not includes(top, size, index, leaf_hash(b"another leaf"), proof)
    assert not includes(leaf_hash(b"another root"), size, index, leaves[index], proof)
    assert not includes(top, size, index, leaves[index], (*proof, EMPTY_ROOT))
    assert not includes(top, size, size, leaves[index], proof)
    if proof:
        assert not includes(top, size, index, leaves[index], proof[:-1])


@given(trees, st.data())
def test_every_beginning_is_proven_and_no_changed_one_is(leaves: list[bytes], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(leaves)))
    proof, top = consistency_proof(leaves, size), root(leaves)
    assert extends(root(leaves[:size]), size, top, len(leaves), proof)
    changed = [*leaves[: size - 1], leaf_hash(b"another leaf")]
    assert not extends(root(changed), size, top, len(leaves), proof)
    assert not extends(root(leaves[:size]), size, top, len(leaves), (*proof, EMPTY_ROOT))
    assert not extends(top, len(leaves) + 1, top, len(leaves), proof)
    for at in range(len(proof)):
        bad = [*proof[:at], leaf_hash(b"bad"), *proof[at + 1 :]]
        assert not extends(root(leaves[:size]), size, top, len(leaves), bad)


@pytest.mark.parametrize("index", [-1, 3])
def test_what_is_not_in_the_tree_has_no_proof(index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(LEAVES[:3], index)


@pytest.mark.parametrize("size", [0, -1, 4])
def test_what_is_no_beginning_has_no_proof(size: int) -> None:
    with pytest.raises(ValueError, match="no beginning"):
        consistency_proof(LEAVES[:3], size)
