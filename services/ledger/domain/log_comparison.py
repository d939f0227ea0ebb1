"""Comparing the entries of a log with earlier knowledge of it: checkpoints, and sizes and roots that a process saw.

One pass over the entries, in constant space. Where the entries start at a frontier that is known to be right, nothing before
it is read.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from chassis.effects import Refused
from services.ledger.domain.merkle import Frontier, leaf_hash


class LogDisagrees(Refused):
    """Raised where the stored log is not the one known before. The message names the entry, or a span of entries."""


@dataclass(frozen=True, slots=True)
class KnownRoot:
    """A size of the log and its root (hexadecimal) at that size; ``what`` names the witness, such as ``checkpoint 12``."""

    size: int
    root: str
    what: str


class LogComparison:
    """A comparison in one pass: ``append`` each entry's body in order, then ``finish``.

    ``base`` is the frontier of the entries before the first one.
    """

    def __init__(self, known: Iterable[KnownRoot], base: Frontier | None = None):
        self.frontier = base.copy() if base else Frontier()
        self._left = deque(sorted((one for one in known if one.size >= self.frontier.size), key=lambda one: one.size))
        self._agreed = self.frontier.size
        self._wrong: str | None = None
        self._compare()

    def append(self, body: bytes) -> None:
        """Add an entry by its body."""
        self.frontier.append(leaf_hash(body))
        self._compare()

    def finish(self, log: Frontier) -> None:
        """Compare with the frontier that the store keeps. Raises LogDisagrees naming the first error."""
        size = self.frontier.size
        if self._wrong:
            raise LogDisagrees(self._wrong)
        if self._left:
            raise LogDisagrees(f"{self._left[0].what} counts {self._left[0].size} entries, {size} are there: some were removed")
        if self.frontier != log:
            kept = f"the store keeps the root of {log.size} entries"
            raise LogDisagrees(f"{_entries(self._agreed, max(size, log.size))}: {kept}, the {size} that are there make another")

    def _compare(self) -> None:
        if not self._left or self._left[0].size > self.frontier.size:
            return
        size, root = self.frontier.size, self.frontier.root()
        while self._left and self._left[0].size == size:
            one = self._left.popleft()
            if one.root != root and not self._wrong:
                self._wrong = f"{_entries(self._agreed, size)}: changed since {one.what}"
        self._agreed = size


def _entries(first: int, end: int) -> str:
    return f"entry {first}" if end - first <= 1 else f"entries {first} to {end - 1}"
