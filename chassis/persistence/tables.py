"""The chassis tables, which every service has next to its own: inbox, outbox, timers, sequences, marks and audit."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text, text

from chassis.persistence.types import Document, Instant, Position

APPLIED, WAITING, DEAD, DROPPED = "applied", "waiting", "dead", "dropped"
"""Inbox states: the effect is committed · stored and retried at ``due_at`` · waits for a person · a person dropped it."""

PENDING, PUBLISHED, PARKED = "pending", "published", "parked"
"""Outbox states: to be published · the broker confirmed it · no queue was bound for it; a person may retry or drop it."""

COUNTED: dict[str, Any] = {"sqlite_autoincrement": True}
"""Options of a table with a ``position``: without them SQLite would assign the highest position again after its row is deleted.
"""


@dataclass(frozen=True, slots=True)
class ChassisTables:
    """The chassis' tables within one service's metadata."""

    inbox: Table
    outbox: Table
    timers: Table
    sequences: Table
    audit: Table
    marks: Table


def chassis_tables(metadata: MetaData) -> ChassisTables:
    """Add the chassis' tables to a service's metadata."""
    return ChassisTables(
        inbox=_inbox(metadata),
        outbox=_outbox(metadata),
        timers=_timers(metadata),
        sequences=_sequences(metadata),
        audit=Table(
            "audit",
            metadata,
            Column("position", Position, primary_key=True),
            Column("at", Instant, nullable=False),
            Column("who", Text, nullable=False),
            Column("action", Text, nullable=False),
            Column("what", Document, nullable=False),
            **COUNTED,
        ),
        marks=Table(
            "marks",
            metadata,
            Column("name", Text, primary_key=True),
            Column("at", Instant, nullable=False),
        ),
    )


def _sequences(metadata: MetaData) -> Table:
    """Return the table of the highest number of each source and subject: given, announced, and removed by retention."""
    grown = text("last > announced")
    return Table(
        "sequences",
        metadata,
        Column("source", Text, primary_key=True),
        Column("subject", Text, primary_key=True),
        Column("last", Position, nullable=False),
        Column("announced", Position, nullable=False, server_default="0"),
        Column("removed", Position, nullable=False, server_default="0"),
        Index("sequences_grown", "source", "subject", postgresql_where=grown, sqlite_where=grown),
    )


def _inbox(metadata: MetaData) -> Table:
    """Return the inbox: a row for each event that a handler group received. A message is settled when its row is committed."""
    return Table(
        "inbox",
        metadata,
        Column("handler", Text, primary_key=True),
        Column("source", Text, primary_key=True),
        Column("event_id", Text, primary_key=True),
        Column("state", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("digest", Text, nullable=False),
        Column("received_at", Instant, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("due_at", Instant),
        Column("reason", Text),
        Column("user_id", Text),
        Column("headers", Document),
        Column("content_type", Text),
        Column("body", LargeBinary),
        Column("answer", Document),
        Index(
            "inbox_waiting",
            "due_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
        Index("inbox_dead", "received_at", postgresql_where=text("state = 'dead'"), sqlite_where=text("state = 'dead'")),
        Index(
            "inbox_applied",
            "received_at",
            postgresql_where=text("state = 'applied'"),
            sqlite_where=text("state = 'applied'"),
        ),
        Index(
            "inbox_waiting_subject",
            "subject",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )


def _outbox(metadata: MetaData) -> Table:
    """Return the outbox: emitted events in the order of publication. Each row has a state: a cursor would skip rows that commit
    late."""
    return Table(
        "outbox",
        metadata,
        Column("position", Position, primary_key=True),
        Column("event_id", Text, nullable=False, unique=True),
        Column("exchange", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("sequence", Position, nullable=False),
        Column("headers", Document, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("state", Text, nullable=False),
        Column("reason", Text),
        Column("created_at", Instant, nullable=False),
        Column("published_at", Instant),
        Index(
            "outbox_pending",
            "position",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
        Index(
            "outbox_parked",
            "position",
            postgresql_where=text("state = 'parked'"),
            sqlite_where=text("state = 'parked'"),
        ),
        **COUNTED,
    )


def _timers(metadata: MetaData) -> Table:
    """Return the table of armed timers. Handlers insert and delete its rows and never update them: see `chassis.timers`."""
    return Table(
        "timers",
        metadata,
        Column("position", Position, primary_key=True),
        Column("subject", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("generation", Integer, nullable=False),
        Column("due_at", Instant, nullable=False),
        Column("causation", Text),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("retry_at", Instant),
        Column("reason", Text),
        Index("timers_due", "due_at"),
        Index("timers_subject", "subject", "name"),
        **COUNTED,
    )
