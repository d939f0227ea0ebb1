"""What the ledger says about its own log. It causes nothing in the chain."""

from contracts import fields
from contracts.envelope import EventSchema


class CheckpointSigned(EventSchema):
    """The log's size and root at a moment: who keeps it can prove later that nothing before it was changed."""

    type = "checkpoint.signed.v1"
    producer = "ledger"
    about = "checkpoint"

    size = fields.count("entries under the root")
    root = fields.ident("Merkle tree hash, RFC 9162, SHA-256, hexadecimal")
    taken_at = fields.instant("when it was taken")
