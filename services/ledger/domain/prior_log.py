"""A prior copy of a log, which a reader kept: a file of checkpoints, or an older export; and whether a later export continues
it.

Who can write the database and has the signing key can make another log that verifies by itself. It does not continue what
somebody kept: each earlier root must be that of the first entries (RFC 9162, section 2.1.4), and each entry of an older export
must still be there.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.ledger.domain.checkpoint import ORIGIN, SignedCheckpoint
from services.ledger.domain.log_file import BadLine, Entry, LineReader
from services.ledger.domain.merkle import Frontier
from services.ledger.domain.proofs import consistency_proof, continues


class BadPriorLog(Exception):
    """Raised for a wrong line of the prior file. The message names the line."""


class NotContinued(Exception):
    """Raised where a log does not continue the prior one. The message says how."""


@dataclass
class PriorLog:
    """The prior log: ``points`` are checkpoints and signed ends, the smallest first; ``leaves`` the hashes of an export's
    entries.
    """

    points: list[SignedCheckpoint] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)


def read_prior_log(lines: Iterable[bytes]) -> PriorLog:
    """Read a prior file, of checkpoints alone or of a whole log. Raises BadPriorLog.

    Signatures are compared by `ContinuityCheck.finish`, which knows the keys.
    """
    reader, read = LineReader(), PriorLog()
    for number, line in enumerate(lines, start=1):
        try:
            said = reader.read(line)
        except BadLine as wrong:
            raise BadPriorLog(f"line {number}: {wrong}") from None
        if isinstance(said, SignedCheckpoint):
            read.points.append(said)
        elif isinstance(said, Entry):
            if said.position != len(read.leaves) or said.said != said.leaf:
                raise BadPriorLog(f"line {number}: is not entry {len(read.leaves)}, or was changed")
            read.leaves.append(said.leaf)
    if not read.points:
        raise BadPriorLog("has no checkpoint")
    read.points.sort(key=lambda signed: signed.checkpoint.size)
    return read


class ContinuityCheck:
    """Compares a log with a prior one while it is read: `entry` after each entry, `checkpoint` at each, then `finish`.

    Every method raises Discontinued.
    """

    def __init__(self, earlier: PriorLog):
        self._earlier = earlier
        self._left = deque(earlier.points)
        self._numbered = {one.checkpoint.number: one for one in earlier.points if one.checkpoint.origin == ORIGIN}
        self._leaves: list[bytes] = []
        self._agreed = 0

    def entry(self, leaf: bytes, log: Frontier) -> None:
        """Compare the log after one more entry, whose leaf's hash is given."""
        place = len(self._leaves)
        self._leaves.append(leaf)
        if place < len(self._earlier.leaves) and self._earlier.leaves[place] != leaf:
            raise NotContinued(f"entry {place} is another than in the earlier export")
        while self._left and self._left[0].checkpoint.size <= log.size:
            point = self._left.popleft().checkpoint
            if point.size == log.size and point.root != log.root():
                raise NotContinued(
                    f"does not continue the earlier checkpoint {point.number}: of entries {self._agreed} to {log.size - 1}"
                    " one was changed, removed or added"
                )
            self._agreed = log.size

    def checkpoint(self, signed: SignedCheckpoint) -> None:
        """Compare a checkpoint with the earlier one of the same number."""
        before = self._numbered.pop(signed.checkpoint.number, None)
        if before and before != signed:
            raise NotContinued(f"checkpoint {signed.checkpoint.number} is another than the earlier one")

    def finish(self, log: Frontier, keys: Sequence[bytes]) -> list[bytes]:
        """Return the consistency proof from the largest earlier checkpoint to the log. ``keys``: those that are trusted."""
        for point in self._earlier.points:
            if not any(point.by(public) for public in keys):
                raise NotContinued(f"has none of the keys that signed the earlier checkpoint {point.checkpoint.number}")
        last = self._earlier.points[-1].checkpoint
        if last.size > log.size or len(self._earlier.leaves) > log.size:
            counted = max(last.size, len(self._earlier.leaves))
            raise NotContinued(f"has {log.size} entries, {counted} were there earlier: some were removed")
        if self._numbered:
            raise NotContinued(f"lacks checkpoint {min(self._numbered)}, which was there earlier")
        if last.size == 0:
            return []
        proof = consistency_proof(last.size, self._leaves)
        if not continues(last.size, log.size, bytes.fromhex(last.root), bytes.fromhex(log.root()), proof):
            raise NotContinued(f"does not continue the earlier checkpoint {last.number}")
        return proof
