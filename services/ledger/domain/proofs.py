"""Proofs over the Merkle tree by RFC 9162: that an entry is in a log (2.1.3), that one log continues another (2.1.4).

Making a proof needs every leaf; checking one needs only the proof, the sizes and the roots. Hashes are 32 raw bytes.
"""

from collections.abc import Sequence

from services.ledger.domain.merkle import node_hash, root_of


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PATH(m, D_n) of 2.1.3.1: the siblings from the leaf to the root. Raises IndexError for no leaf of the log."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of {len(leaves)}")
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_proof(index, leaves[:k]), _root(leaves[k:])]
    return [*inclusion_proof(index - k, leaves[k:]), _root(leaves[:k])]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether the proof shows that `leaf` has this place in the log of this size and root (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    fn, sn, node = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            node = node_hash(sibling, node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and node == root


def consistency_proof(first: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PROOF(m, D_n) of 2.1.4.1: the log begins with its first `first` leaves. Raises IndexError for no such size."""
    if not 0 < first <= len(leaves):
        raise IndexError(f"size {first} of {len(leaves)}")
    return _subproof(first, leaves, complete=True)


def continues(first: int, second: int, old: bytes, new: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether the proof shows that the log of size `second` begins with the log of size `first` (2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and old == new
    path = [old, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    was = now = path[0]
    for sibling in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            now = node_hash(now, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and was == old and now == new


def _subproof(m: int, leaves: Sequence[bytes], complete: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if complete else [_root(leaves)]
    k = _split(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], complete), _root(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], complete=False), _root(leaves[:k])]


def _split(size: int) -> int:
    """Return the largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def _root(leaves: Sequence[bytes]) -> bytes:
    return bytes.fromhex(root_of(leaves)[1])
