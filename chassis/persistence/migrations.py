"""Migrations of the chassis tables. Each service's history calls these functions, so that the four schemas stay equal.

A released function is never changed; a change of the chassis tables is a new function and a new version in each service.
"""

from typing import Any

import sqlalchemy as sa

from chassis.persistence.types import Document, Instant, Position


def create_chassis_tables(op: Any) -> None:
    """Create version 1: inbox, outbox, timers, sequences, audit."""
    op.create_table(
        "audit",
        sa.Column("position", Position, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("what", Document, nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "inbox",
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("headers", Document, nullable=True),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("answer", Document, nullable=True),
        sa.PrimaryKeyConstraint("handler", "source", "event_id"),
    )
    op.create_index(
        "inbox_dead",
        "inbox",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
        sqlite_where=sa.text("state = 'dead'"),
    )
    op.create_index("inbox_subject", "inbox", ["subject"], unique=False)
    op.create_index(
        "inbox_waiting",
        "inbox",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "outbox",
        sa.Column("position", Position, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", Position, nullable=False),
        sa.Column("headers", Document, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("published_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "outbox_pending",
        "outbox",
        ["position"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )
    op.create_index("outbox_subject", "outbox", ["subject", "sequence"], unique=False)
    op.create_table(
        "sequences",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("last", Position, nullable=False),
        sa.PrimaryKeyConstraint("source", "subject"),
    )
    op.create_table(
        "timers",
        sa.Column("position", Position, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("causation", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", Instant, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("position"),
        sqlite_autoincrement=True,
    )
    op.create_index("timers_due", "timers", ["due_at"], unique=False)
    op.create_index("timers_subject", "timers", ["subject", "name"], unique=False)


def drop_chassis_tables(op: Any) -> None:
    """Undo version 1."""
    for name in ("audit", "inbox", "outbox", "sequences", "timers"):
        op.drop_table(name)


def add_announced(op: Any) -> None:
    """Create version 2: the highest announced number of each sequence."""
    op.add_column("sequences", sa.Column("announced", Position, nullable=False, server_default="0"))
    grown = sa.text("last > announced")
    op.create_index("sequences_grown", "sequences", ["source", "subject"], postgresql_where=grown, sqlite_where=grown)


def drop_announced(op: Any) -> None:
    """Undo version 2."""
    op.drop_index("sequences_grown", "sequences")
    op.drop_column("sequences", "announced")


def add_marks(op: Any) -> None:
    """Create version 3: the marks of retention and of the store's probe, and the highest removed number of each sequence."""
    op.create_table(
        "marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.add_column("sequences", sa.Column("removed", Position, nullable=False, server_default="0"))
    applied = sa.text("state = 'applied'")
    op.create_index("inbox_applied", "inbox", ["received_at"], postgresql_where=applied, sqlite_where=applied)


def drop_marks(op: Any) -> None:
    """Undo version 3."""
    op.drop_index("inbox_applied", "inbox")
    op.drop_column("sequences", "removed")
    op.drop_table("marks")


def index_what_is_open(op: Any) -> None:
    """Create version 4: no index grows with finished rows, except those that prevent a second effect."""
    waiting, parked = sa.text("state = 'waiting'"), sa.text("state = 'parked'")
    op.drop_index("inbox_subject", "inbox")
    op.create_index("inbox_waiting_subject", "inbox", ["subject"], postgresql_where=waiting, sqlite_where=waiting)
    op.drop_index("outbox_subject", "outbox")
    op.create_index("outbox_parked", "outbox", ["position"], postgresql_where=parked, sqlite_where=parked)


def index_everything(op: Any) -> None:
    """Undo version 4."""
    op.drop_index("outbox_parked", "outbox")
    op.create_index("outbox_subject", "outbox", ["subject", "sequence"])
    op.drop_index("inbox_waiting_subject", "inbox")
    op.create_index("inbox_subject", "inbox", ["subject"])
