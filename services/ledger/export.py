"""The log as a file that anybody can verify without us: see `services.ledger.domain.log_file` for its form."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from services.ledger import store
from services.ledger.domain.checkpoint import END, Checkpoint, Signer
from services.ledger.domain.log_file import checkpoint_line, entry_line, header
from services.ledger.domain.merkle import Frontier, leaf_hash


def lines(connection: Connection, signer: Signer, now: datetime) -> Iterator[bytes]:
    """Every line, from one snapshot of the store: the caller's connection is a `chassis.store.engine.reading` one."""
    publics, log = store.public_keys(connection), store.log(connection)
    rfc8785_from = log.frontier.size if log.rfc8785_from is None else log.rfc8785_from
    yield header([*publics, *(key for key in [signer.public] if key not in publics)], rfc8785_from)
    waiting = store.signed_checkpoints(connection)
    number = len(waiting) + 1
    frontier = Frontier()
    for body in store.bodies(connection):
        while waiting and waiting[0].checkpoint.size <= frontier.size:
            yield checkpoint_line(waiting.pop(0))
        yield entry_line(frontier.size, bytes(body))
        frontier.append(leaf_hash(bytes(body)))
    for signed in waiting:
        yield checkpoint_line(signed)
    yield checkpoint_line(signer.sign(Checkpoint(number, frontier.size, frontier.root(), now, END)))
