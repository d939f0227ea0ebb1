"""A Merkle tree over the log, by RFC 9162 section 2.1 (SHA-256): appending in constant space, the root at any moment.

The frontier holds the roots of the perfect subtrees that the log's size consists of, largest first, as its binary digits.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

EMPTY_ROOT = hashlib.sha256().hexdigest()


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """The frontier of a tree with ``size`` leaves; ``peaks`` in hexadecimal, the largest subtree first."""

    size: int = 0
    peaks: list[str] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add a leaf's hash."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(bytes.fromhex(self.peaks.pop()), node)
            size >>= 1
        self.peaks.append(node.hex())
        self.size += 1

    def copy(self) -> "Frontier":
        """Return a copy that grows independently."""
        return Frontier(self.size, list(self.peaks))

    def root(self) -> str:
        """Return the tree's hash, in hexadecimal."""
        if not self.peaks:
            return EMPTY_ROOT
        node = bytes.fromhex(self.peaks[-1])
        for peak in reversed(self.peaks[:-1]):
            node = node_hash(bytes.fromhex(peak), node)
        return node.hex()


def root_of(leaves: Iterable[bytes]) -> tuple[int, str]:
    """Return size and root of a whole log, from its leaves' hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.size, frontier.root()
