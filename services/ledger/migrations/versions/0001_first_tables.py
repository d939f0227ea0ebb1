"""The first tables of ledger."""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.migrations import create_chassis_tables, drop_chassis_tables
from chassis.persistence.types import Document, Instant, Position

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_chassis_tables(op)
    op.create_table(
        "entries",
        sa.Column("position", Position, autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", Position, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_index("entries_source", "entries", ["source", "subject", "sequence"], unique=False)
    op.create_index("entries_subject", "entries", ["subject", "position"], unique=False)
    op.create_table(
        "logs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    # one row for ever, so that whoever appends first finds something to lock
    logs = sa.table("logs", sa.column("id", sa.Text()), sa.column("document", Document))
    op.bulk_insert(logs, [{"id": "log", "document": {"id": "log"}}])


def downgrade() -> None:
    op.drop_table("logs")
    op.drop_table("entries")
    drop_chassis_tables(op)
