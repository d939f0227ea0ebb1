"""Changes that somebody with the database makes to a ledger's log by SQL, and the log that somebody with its key can sign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result
from sqlalchemy import Connection, delete, insert, select, update

from chassis.persistence import Store
from services.ledger import store as tables
from services.ledger.checkpoint_dir import KEY, CheckpointDir
from services.ledger.domain.checkpoint import END, Checkpoint, SignedCheckpoint, Signer
from services.ledger.domain.log_file import checkpoint_line, entry_line, header
from services.ledger.domain.merkle import Frontier, leaf_hash
from services.ledger.signing_keys import load_signer
from services.ledger.store import DEFINITION
from tests.component.ledger_alone import START, LedgerAlone, closed, whistle

Forge = Callable[[Connection], None]
SIGNER = load_signer("a secret of the tests")


class Town:
    """Seven entries, checkpoints after the third and the fifth, and a directory in which they were published."""

    def __init__(self, url: str, store: Store, directory: Path):
        self.url, self.directory = url, directory
        self.ledger = LedgerAlone(store)
        self.ledger.sign_with(SIGNER)
        self.ledger.restart(CheckpointDir(directory))
        for numbers in ([1, 2, 3], [4, 5], [6], [7]):
            self.ledger.hear(*closed("T", numbers))
            if len(numbers) > 1:
                self.ledger.let_pass(hours=1)
        self.ledger.look()

    def forge(self, *acts: Forge) -> None:
        with self.ledger.store.transaction() as connection:
            for act in acts:
                act(connection)

    def command(self, *words: str, published: bool = True) -> Result:
        return whistle(self.url, *words, **({KEY: str(self.directory)} if published else {}))

    def export(self, path: Path, published: bool = True) -> Result:
        return self.command("export", str(path), published=published)


def emptied(store: Store) -> None:
    with store.transaction() as connection:
        for table in DEFINITION.tables.inbox.metadata.sorted_tables:
            connection.execute(delete(table))


# --- what somebody with the database does


def edit(position: int, old: str = "no_contact", new: str = "satisfied") -> Forge:
    """Change what an entry says."""

    def act(connection: Connection) -> None:
        c = tables.entries.c
        body = bytes(connection.execute(select(c.body).where(c.position == position)).scalar_one())
        changed = body.replace(old.encode(), new.encode())
        assert changed != body
        connection.execute(update(tables.entries).where(c.position == position).values(body=changed))

    return act


def recompute(connection: Connection) -> None:
    """Make the frontier that the store keeps anew from the entries."""
    frontier = Frontier()
    for (body,) in connection.execute(select(tables.entries.c.body).order_by(tables.entries.c.position)).all():
        frontier.append(leaf_hash(bytes(body)))
    document(connection, frontier={"size": frontier.size, "peaks": frontier.peaks})


def document(connection: Connection, **changed: Any) -> None:
    known = connection.execute(select(tables.logs.c.document)).scalar_one()
    connection.execute(update(tables.logs).values(document={**known, **changed}))


def drop_checkpoints(after: int) -> Forge:
    """Delete the checkpoints with greater numbers, and everything that counts them."""

    def act(connection: Connection) -> None:
        connection.execute(delete(tables.checkpoints).where(tables.checkpoints.c.number > after))
        empty = {"size": 0, "peaks": []}
        document(connection, checkpoints=after, **({} if after else {"checkpointed": empty, "taken_at": None}))

    return act


def signed_anew(entry_bodies: list[bytes], points: list[SignedCheckpoint], key: Signer) -> list[bytes]:
    """A log of these entries with good signatures and the checkpoints' sizes: what somebody with the key can make."""
    made, log = [header([key.public])], Frontier()
    for position, body in enumerate(entry_bodies):
        made.append(entry_line(position, body))
        log.append(leaf_hash(body))
        for point in (one.checkpoint for one in points if one.checkpoint.size == log.size):
            made.append(checkpoint_line(key.sign(Checkpoint(point.number, log.size, log.root(), point.taken_at))))
    return [*made, checkpoint_line(key.sign(Checkpoint(len(points) + 1, log.size, log.root(), START, END)))]


def sign_anew(town: Town, path: Path, key: Signer) -> None:
    """Write the log of the entries as they are now."""
    with town.ledger.store.transaction() as connection:
        entry_bodies = [bytes(row.body) for row in rows(connection)]
        path.write_bytes(b"".join(signed_anew(entry_bodies, tables.signed_checkpoints(connection), key)))


def add(connection: Connection, number: int) -> None:
    """Append a row as the service does, past it."""
    size = len(connection.execute(select(tables.entries.c.position)).all())
    (event,) = closed("T", [number])
    row = {"position": size, "source": event.source, "subject": event.subject, "sequence": number, "event_id": event.id}
    connection.execute(insert(tables.entries), row | {"type": event.type, "time": event.time, "body": tables.canonical(event)})


def rows(connection: Connection) -> list[Any]:
    return list(connection.execute(select(tables.entries).order_by(tables.entries.c.position)))
