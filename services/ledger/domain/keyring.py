"""The keys that may sign checkpoints, and when. A key is trusted by the reader's own file, or by a trusted key's hand-over.

A hand-over is a checkpoint that names the next key: its signer is retired from there on, whatever a later checkpoint says its
time is. A key that was lost or stolen cannot hand over; its end, and the beginning of the next, stand in the reader's file.

Checkpoints are ordered by their position. A clock may be set back, so a time may be before that of an earlier checkpoint; then
the latest time so far is what a key's bounds are compared with, so that a retired key cannot date a checkpoint before its end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.ledger.domain.checkpoint import END, SignedCheckpoint, key_id


class Untrusted(Exception):
    """Raised for a signature that does not count; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, and the time in which it signs: from ``since`` on, and before ``until``; None is no bound."""

    public: bytes
    since: datetime | None = None
    until: datetime | None = None

    @property
    def id(self) -> str:
        """Return the id by which checkpoints name the key."""
        return key_id(self.public)


@dataclass(frozen=True, slots=True)
class Signatures:
    """A run of checkpoints by one key: their numbers, and the number of entries that the last one counts."""

    key: str
    first: int
    last: int
    size: int


@dataclass(frozen=True, slots=True)
class ClockStep:
    """A checkpoint dated before its predecessor: the signer's clock was set back between the two."""

    number: int
    taken_at: datetime
    back: timedelta

    def __str__(self) -> str:
        return f"checkpoint {self.number} is dated {self.taken_at.isoformat()}: the clock had gone back by {self.back}"


class Keyring:
    """The trusted keys while a log is read from its beginning; `accept` takes each checkpoint in order."""

    def __init__(self, keys: Iterable[Key]):
        self._keys = {key.id: key for key in keys}
        self._handed_over: dict[str, int] = {}
        self._taken_at: datetime | None = None
        """The time of the last checkpoint."""
        self._latest: datetime | None = None
        """The latest time of any checkpoint."""
        self.runs: list[Signatures] = []
        self.signers: list[bytes] = []
        """The public keys that signed, the first first."""
        self.steps: list[ClockStep] = []

    @property
    def publics(self) -> list[bytes]:
        """Return every key trusted so far, retired ones too."""
        return [key.public for key in self._keys.values()]

    def accept(self, signed: SignedCheckpoint) -> None:
        """Take a checkpoint's signature as good, or raise Untrusted."""
        point, key = signed.checkpoint, self._keys.get(signed.key)
        if key is None:
            raise Untrusted(f"key {signed.key} is neither trusted nor handed over to")
        if not signed.by(key.public):
            raise Untrusted(f"its signature is not that of key {signed.key}")
        if signed.key in self._handed_over:
            raise Untrusted(f"key {signed.key} was retired by checkpoint {self._handed_over[signed.key]}")
        latest = max(self._latest or point.taken_at, point.taken_at)
        if key.since and latest < key.since:
            raise Untrusted(f"key {signed.key} signs from {key.since.isoformat()} on")
        if key.until and latest >= key.until:
            raise Untrusted(f"key {signed.key} was retired at {key.until.isoformat()}")
        if self._taken_at and point.taken_at < self._taken_at:
            self.steps.append(ClockStep(point.number, point.taken_at, self._taken_at - point.taken_at))
        self._taken_at, self._latest = point.taken_at, latest
        if key.public not in self.signers:
            self.signers.append(key.public)
        if point.origin != END:
            self._note(signed)
        if point.next_key:
            self._hand_over(signed, bytes.fromhex(point.next_key))

    def _hand_over(self, signed: SignedCheckpoint, public: bytes) -> None:
        self._handed_over[signed.key] = signed.checkpoint.number
        new = Key(public)
        if new.id in self._handed_over:
            raise Untrusted(f"it hands over to key {new.id}, which was retired by checkpoint {self._handed_over[new.id]}")
        self._keys.setdefault(new.id, new)

    def _note(self, signed: SignedCheckpoint) -> None:
        point = signed.checkpoint
        if self.runs and self.runs[-1].key == signed.key:
            self.runs[-1] = replace(self.runs[-1], last=point.number, size=point.size)
        else:
            self.runs.append(Signatures(signed.key, point.number, point.number, point.size))
