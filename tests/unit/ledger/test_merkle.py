"""The Merkle tree against the vectors that every Certificate Transparency log is tested with, and against the definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash, root_of

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_empty_log_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    hashes = [leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES[:size]]
    assert root_of(hashes) == (size, ROOTS[size - 1])


def definition(hashes: list[bytes]) -> bytes:
    """MTH of RFC 9162 2.1.1, written as the RFC writes it."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(definition(hashes[:k]), definition(hashes[k:]))


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70))
def test_any_log_has_the_root_of_the_definition(data: list[bytes]) -> None:
    hashes = [leaf_hash(one) for one in data]
    assert root_of(hashes)[1] == definition(hashes).hex()


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_changing_any_entry_changes_the_root(data: list[bytes], draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    changed = [*data[:at], data[at] + b"!", *data[at + 1 :]]
    assert root_of(map(leaf_hash, changed)) != root_of(map(leaf_hash, data))
