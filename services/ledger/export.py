"""Exporting the log as a file that anybody can verify without us: see `services.ledger.domain.log_file` for its form."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from services.ledger import store
from services.ledger.checkpoint_dir import CheckpointDir
from services.ledger.domain.checkpoint import END, Checkpoint, Signer
from services.ledger.domain.log_file import checkpoint_line, entry_line, header
from services.ledger.log_monitor import compare_whole_log


def export_lines(
    connection: Connection, signer: Signer, now: datetime, directory: CheckpointDir | None = None
) -> Iterator[bytes]:
    """Yield every line, from one snapshot of the store: the caller's connection is a `chassis.persistence.engine.reading` one.

    The end is signed only where the entries are those of the store's frontier, of every checkpoint, and of what ``directory``
    knows. Raises LogDisagrees in its place.
    """
    publics, log = store.public_keys(connection), store.log(connection)
    waiting, comparison = compare_whole_log(connection, directory)
    number = len(waiting) + 1
    rfc8785_from = log.frontier.size if log.rfc8785_from is None else log.rfc8785_from
    yield header([*publics, *(key for key in [signer.public] if key not in publics)], rfc8785_from)
    for position, body in enumerate(store.entry_bodies(connection)):
        while waiting and waiting[0].checkpoint.size <= position:
            yield checkpoint_line(waiting.pop(0))
        yield entry_line(position, body)
        comparison.append(body)
    for signed in waiting:
        yield checkpoint_line(signed)
    comparison.finish(log.frontier)
    yield checkpoint_line(signer.sign(Checkpoint(number, log.frontier.size, log.frontier.root(), now, END)))
