"""The tables of the ledger: the log itself, and its frontier."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Index, LargeBinary, MetaData, Table, Text, select

from chassis.definition import Definition
from chassis.store import Document, Instant, Mapper, Position, chassis_tables, converter
from contracts.envelope import Event, schema_for
from services.ledger.domain.merkle import Frontier

metadata = MetaData()
LOG = "log"

entries = Table(
    "entries",
    metadata,
    Column("position", Position, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sequence", Position, nullable=False),
    Column("event_id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("time", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("entries_subject", "subject", "position"),
    Index("entries_source", "source", "subject", "sequence"),
)
"""``body`` is the entry in canonical form: its leaf is hashed from these bytes and nothing else."""

logs = Table("logs", metadata, Column("id", Text, primary_key=True), Column("document", Document, nullable=False))


@dataclass
class Log:
    """The log's frontier. Locked by whoever appends: positions have no gap."""

    id: str = LOG
    frontier: Frontier = field(default_factory=Frontier)
    checkpoint_armed: bool = False


DEFINITION = Definition("ledger", chassis_tables(metadata), (Mapper(Log, logs, lambda _: {}),))


def canonical(event: Event) -> bytes:
    """An event as the bytes that are hashed: every attribute and all data, keys sorted, compact, UTF-8."""
    whole = {
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "id": event.id,
        "time": event.time.isoformat(),
        "correlationid": event.correlationid,
        "causationid": event.causationid,
        "sequence": event.sequence,
        "data": schema_for(event.type).write(event.data),
    }
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def bodies(connection: Connection) -> Any:
    """Every entry's body, in the order of the log."""
    return connection.execute(select(entries.c.body).order_by(entries.c.position)).scalars()


def of_subject(connection: Connection, subject: str) -> list[dict[str, Any]]:
    """What happened to a subject, in the order it was recorded."""
    rows = connection.execute(
        select(entries.c.position, entries.c.body).where(entries.c.subject == subject).order_by(entries.c.position)
    )
    return [{"position": position, **json.loads(bytes(body))} for position, body in rows]


def log(connection: Connection) -> Log:
    """The log's frontier as it stands, not locked."""
    document = connection.execute(select(logs.c.document).where(logs.c.id == LOG)).scalar_one_or_none()
    return converter.structure(document, Log) if document else Log()
