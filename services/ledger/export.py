"""The log as a file that anybody can verify without us: see `services.ledger.domain.audit` for its form."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from services.ledger import store
from services.ledger.domain import audit
from services.ledger.domain.checkpoint import END, Checkpoint, Signer
from services.ledger.domain.merkle import Frontier, leaf_hash


def lines(connection: Connection, signer: Signer, now: datetime) -> Iterator[bytes]:
    """Every line, from one snapshot of the store: the caller's connection is a `chassis.store.engine.reading` one."""
    publics = store.public_keys(connection)
    yield audit.header([*publics, *(key for key in [signer.public] if key not in publics)])
    waiting = store.signed_checkpoints(connection)
    number = len(waiting) + 1
    frontier = Frontier()
    for body in store.bodies(connection):
        while waiting and waiting[0].checkpoint.size <= frontier.size:
            yield audit.checkpoint_line(waiting.pop(0))
        yield audit.entry_line(frontier.size, bytes(body))
        frontier.append(leaf_hash(bytes(body)))
    for signed in waiting:
        yield audit.checkpoint_line(signed)
    yield audit.checkpoint_line(signer.sign(Checkpoint(number, frontier.size, frontier.root(), now, END)))
