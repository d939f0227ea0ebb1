"""Events of the ledger about its own log and the points. They cause nothing in the chain."""

from datetime import datetime

from contracts import fields
from contracts.payload import EventPayload


class CheckpointSigned(EventPayload):
    """The log's size and root at a moment. A stored copy can prove later that nothing before it was changed."""

    type = "checkpoint.signed.v1"
    producer = "ledger"
    about = "checkpoint"
    identity = ("subject", "number")

    size: int = fields.count("entries under the root")
    root: str = fields.ident("Merkle tree hash, RFC 9162, SHA-256, hexadecimal")
    taken_at: datetime = fields.instant("when it was taken")
    number: int = fields.count("1 for the log's first checkpoint: none can be left out unseen")
    key: str = fields.ident("which key signed: the first 16 hexadecimal digits of the public key's SHA-256")
    signature: str = fields.name(
        "Ed25519, hexadecimal, of the body of a C2SP tlog-checkpoint: origin, size, root, number, time"
    )
    next_key: str | None = fields.ident(
        "the public key, hexadecimal, that signs from the next checkpoint on; the signer is retired. Part of the signed text",
        default=None,
    )
    clock_back_seconds: int | None = fields.count(
        "the ledger's clock was set back by so much since the checkpoint before: its time is later", default=None
    )


class GapFound(EventPayload):
    """A source's sequence about a subject has a gap that did not fill in time: the log lacks a published event."""

    type = "gap.found.v1"
    producer = "ledger"
    about = "subject"
    identity = ("subject", "origin", "missing_from")

    origin: str = fields.ident("the source whose numbers have the hole")
    missing_from: int = fields.count("first missing number")
    missing_to: int = fields.count("last missing number")


class GapFilled(EventPayload):
    """The missing events have arrived after all: the alert about these numbers is over."""

    type = "gap.filled.v1"
    producer = "ledger"
    about = "subject"
    identity = ("subject", "origin", "missing_from")

    origin: str = fields.ident("the source whose numbers had the hole")
    missing_from: int = fields.count("first number that was missing")
    missing_to: int = fields.count("last number that was missing")


class ForkFound(EventPayload):
    """A source gave one number about a subject to two events: the log has both, and one of them is wrong."""

    type = "fork.found.v1"
    producer = "ledger"
    about = "subject"
    identity = ("subject", "origin", "number")

    origin: str = fields.ident("the source that gave it")
    number: int = fields.count("the number")
    first: str = fields.name("the event that the log had first")
    second: str = fields.name("the other")


class Points(EventPayload):
    """Base of the events about an entry of the points book."""

    entry: str = fields.ident("the entry's id")
    account: str = fields.ident("the account")
    amount: int = fields.count("points")
    cause: str = fields.ident("why, as a code")


class PointsHeld(Points):
    """Points were set aside until their condition is decided."""

    type = "points.held.v1"
    producer = "ledger"
    about = "account"
    identity = ("entry",)


class PointsPosted(Points):
    """Points were posted: debits equal credits."""

    type = "points.posted.v1"
    producer = "ledger"
    about = "account"
    identity = ("entry",)


class PointsCorrected(Points):
    """A posting was reversed by a new entry in the other direction: no entry ever changes."""

    type = "points.corrected.v1"
    producer = "ledger"
    about = "account"
    identity = ("entry",)

    corrects: str = fields.ident("the entry that is taken back")


class PointsVoided(Points):
    """A hold of points was voided."""

    type = "points.voided.v1"
    producer = "ledger"
    about = "account"
    identity = ("entry",)
