"""Checkpoints: the ledger signs the size and the root of its log. The holder of a checkpoint can later prove a change.

The signed text is the body of a C2SP tlog-checkpoint: origin, size, root in base64, and as extension lines the number of the
checkpoint, when it was taken, in UTC, and the key that it hands over to, if any. Numbers run 1, 2, 3 …, so that none can be
left out unseen.
"""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

from services.ledger.domain import ed25519

ORIGIN = "whistle/ledger"
END = "whistle/ledger/end"
"""The origin of the checkpoint at the end of an exported file, which is none of the log's own."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``root`` is hexadecimal, and so is ``next_key``: the public key that signs from the next checkpoint on, where the signer
    hands over with this one.
    """

    number: int
    size: int
    root: str
    taken_at: datetime
    origin: str = ORIGIN
    next_key: str | None = None

    def text(self) -> bytes:
        """Return the bytes that are signed."""
        root = b64encode(bytes.fromhex(self.root)).decode()
        taken = self.taken_at.astimezone(UTC).isoformat()
        handed = f"next {self.next_key}\n" if self.next_key else ""
        return f"{self.origin}\n{self.size}\n{root}\n{self.number}\n{taken}\n{handed}".encode()


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with its signature, in hexadecimal, and the id of the key that made it."""

    checkpoint: Checkpoint
    key: str
    signature: str

    def by(self, public: bytes) -> bool:
        """Return whether this key signed it."""
        try:
            signature = bytes.fromhex(self.signature)
        except ValueError:
            return False
        return self.key == key_id(public) and ed25519.verify(public, self.checkpoint.text(), signature)


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A signing key. The holder of the seed speaks for the ledger."""

    seed: bytes

    @property
    def public(self) -> bytes:
        """Return the public key."""
        return ed25519.public_key(self.seed)

    def sign(self, checkpoint: Checkpoint) -> SignedCheckpoint:
        """Sign a checkpoint."""
        return SignedCheckpoint(checkpoint, key_id(self.public), ed25519.sign(self.seed, checkpoint.text()).hex())


def key_id(public: bytes) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a public key."""
    return hashlib.sha256(public).hexdigest()[:16]
