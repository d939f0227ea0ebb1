"""Monitoring the log: whether the stored one is still the one that this process knew, and the one that was published.

A process keeps the frontier in memory as it appends, and what it saw committed since the last checkpoint. Three checks compare:

- every ten seconds, and before each checkpoint: the rows of the published checkpoints, and the entries that are new to this
  process (before a checkpoint: those since the one before), from a frontier that is known. Nothing older is read.
- when an exported log is signed and when the ticket records are rebuilt: every entry, see `compare_whole_log`.

So an old entry whose row alone was changed is found by the next export; a signed root is right even before that, since it is
made from the frontier. docs/decisions/0031 says what is found when, and what is not.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from services.ledger import store
from services.ledger.checkpoint_dir import CheckpointDir
from services.ledger.domain.checkpoint import SignedCheckpoint, key_id
from services.ledger.domain.log_comparison import KnownRoot, LogComparison, LogDisagrees
from services.ledger.domain.merkle import Frontier
from services.ledger.store import Log

log = logging.getLogger(__name__)
MAX_SEEN = 20_000
"""Sizes and roots kept in memory since the last checkpoint; beyond it every second one is dropped."""


@dataclass(frozen=True, slots=True)
class Memory:
    """A process's knowledge of the log at a moment. ``verified`` is the frontier compared last, None before the first
    comparison.

    ``base`` is the frontier at the last checkpoint, ``published`` that checkpoint, ``known`` sizes and roots seen since.
    """

    verified: Frontier | None
    base: Frontier
    published: SignedCheckpoint | None
    known: Sequence[KnownRoot]


class LogMonitor:
    """One process's memory of the log. ``trouble`` is the disagreement found by the last check, None where there was none."""

    def __init__(self, directory: CheckpointDir | None = None):
        self._directory = directory
        self._verified: Frontier | None = None
        self._base = Frontier()
        self._seen: dict[int, str] = {}
        self._published: SignedCheckpoint | None = None
        self.trouble: str | None = None

    def appended(self, before: Frontier, after: Frontier) -> None:
        """Note a committed transaction that appended to the log. Reads nothing."""
        self._see(after)
        if self._verified == before:
            self._verified = after.copy()

    def published(self, signed: SignedCheckpoint, frontier: Frontier) -> None:
        """Note a committed checkpoint, and keep it outside the database."""
        self._published = signed
        self._begin_at(frontier)
        if self._directory:
            self._directory.append([signed])
            self._directory.keep_frontier(frontier)

    def remember(self) -> Memory:
        """Return the present knowledge. A check of a snapshot needs the knowledge from before the snapshot.

        Raises BadCheckpointDir.
        """
        known = [KnownRoot(size, root, "this process saw it") for size, root in self._seen.items()]
        if self._directory and (kept := self._directory.frontier()):
            known.append(kept)
        return Memory(self._verified, self._base, self._published, known)

    def check(self, connection: Connection, now: Log, memory: Memory, since_checkpoint: bool = False) -> None:
        """Compare the store with the knowledge; ``now`` is the log as the connection's transaction sees it.

        ``since_checkpoint``: read all entries since the last checkpoint again, not only those that are new to this process.
        Raises LogDisagrees, and BadCheckpointDir.
        """
        try:
            self._check(connection, now, memory, since_checkpoint)
        except LogDisagrees as wrong:
            if self.trouble != str(wrong):
                log.error("the stored log disagrees", extra={"reason": str(wrong)})
            self.trouble = str(wrong)
            raise
        self.trouble = None

    def _check(self, connection: Connection, now: Log, memory: Memory, since_checkpoint: bool) -> None:
        newest = self._newest(connection, now, memory)
        known = [*memory.known, *([_known(newest)] if newest else [])]
        base = memory.base
        if memory.verified is None and _is(now.checkpointed, newest):
            base = now.checkpointed
        start = base if since_checkpoint or memory.verified is None else memory.verified
        if since_checkpoint or start != now.frontier:
            try:
                _compare(connection, start, now, known)
            except LogDisagrees:
                _compare(connection, base, now, known)  # says more exactly which entry it is
                raise
        if self._verified is None or self._verified.size <= now.frontier.size:
            self._verified = now.frontier.copy()
        self._see(now.frontier)
        if newest and newest.checkpoint.size > self._base.size and _is(now.checkpointed, newest):
            self._begin_at(now.checkpointed)
        if self._directory:
            self._directory.keep_frontier(now.frontier)

    def _newest(self, connection: Connection, now: Log, memory: Memory) -> SignedCheckpoint | None:
        """Return the last checkpoint, after checking that every published one is unchanged."""
        if memory.verified is None or memory.published is None:
            rows = known_checkpoints(connection, self._directory)
        else:
            rows = store.signed_checkpoints(connection, memory.published.checkpoint.number)
            _must_contain(rows, [memory.published])
        newest = rows[-1] if rows else None
        if now.checkpoints != (newest.checkpoint.number if newest else 0):
            raise LogDisagrees(f"checkpoint {now.checkpoints}: counted by the store, which has others")
        if newest != memory.published and self._directory:
            self._directory.append(rows)
        if newest and (self._published is None or self._published.checkpoint.number < newest.checkpoint.number):
            self._published = newest
        return newest

    def _begin_at(self, frontier: Frontier) -> None:
        self._base = frontier.copy()
        self._seen = {size: root for size, root in self._seen.items() if size >= frontier.size}

    def _see(self, frontier: Frontier) -> None:
        self._seen[frontier.size] = frontier.root()
        if len(self._seen) > MAX_SEEN:
            self._seen = dict(sorted(self._seen.items())[::2])


def known_checkpoints(connection: Connection, directory: CheckpointDir | None) -> list[SignedCheckpoint]:
    """Return the store's checkpoints, after checking that each one of the directory is among them unchanged. Raises
    LogDisagrees.
    """
    rows, keys = store.signed_checkpoints(connection), {key_id(public): public for public in store.public_keys(connection)}
    for number, row in enumerate(rows, start=1):
        if row.checkpoint.number != number:
            raise LogDisagrees(f"checkpoint {number}: missing from the store")
        if row.key not in keys or not row.by(keys[row.key]):
            raise LogDisagrees(f"checkpoint {number}: its signature is not that of key {row.key}")
    _must_contain(rows, directory.checkpoints() if directory else [])
    return rows


def compare_whole_log(
    connection: Connection, directory: CheckpointDir | None, published: Iterable[KnownRoot] = ()
) -> tuple[list[SignedCheckpoint], LogComparison]:
    """Return the checkpoints, and a comparison of every entry with all of them, with the directory and with ``published``."""
    rows = known_checkpoints(connection, directory)
    known = [*published, *(_known(row) for row in rows)]
    if directory and (kept := directory.frontier()):
        known.append(kept)
    return rows, LogComparison(known)


def verify_whole_log(connection: Connection, directory: CheckpointDir | None, published: Iterable[KnownRoot] = ()) -> None:
    """Compare every entry of the store with everything published. Raises LogDisagrees, and BadCheckpointDir."""
    _, comparison = compare_whole_log(connection, directory, published)
    for body in store.entry_bodies(connection):
        comparison.append(body)
    comparison.finish(store.log(connection).frontier)


def _compare(connection: Connection, start: Frontier, now: Log, known: Iterable[KnownRoot]) -> None:
    comparison = LogComparison(known, start)
    for body in store.entry_bodies(connection, start.size):
        comparison.append(body)
    comparison.finish(now.frontier)


def _must_contain(rows: Iterable[SignedCheckpoint], published: Iterable[SignedCheckpoint]) -> None:
    there = {row.checkpoint.number: row for row in rows}
    for one in published:
        row = there.get(one.checkpoint.number)
        if row != one:
            how = "is missing from the store" if row is None else "is another in the store"
            raise LogDisagrees(
                f"checkpoint {one.checkpoint.number}, which was published with {one.checkpoint.size} entries, {how}"
            )


def _known(signed: SignedCheckpoint) -> KnownRoot:
    return KnownRoot(signed.checkpoint.size, signed.checkpoint.root, f"checkpoint {signed.checkpoint.number}")


def _is(frontier: Frontier, signed: SignedCheckpoint | None) -> bool:
    """Return whether the frontier is the signed one: the root commits to it."""
    return signed is not None and (frontier.size, frontier.root()) == (signed.checkpoint.size, signed.checkpoint.root)
