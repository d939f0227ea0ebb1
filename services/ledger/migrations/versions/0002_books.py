"""Checkpoints that are signed, gaps, points and the ticket book.

Tickets that were recorded before are put into the book by ``whistle ledger rebuild``.
"""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Document, Instant, Position

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DOCUMENTS = ("accounts", "stakes", "areas")


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("number", Position, autoincrement=False, nullable=False),
        sa.Column("size", Position, nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("taken_at", Instant, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "gaps",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("missing_from", Position, autoincrement=False, nullable=False),
        sa.Column("missing_to", Position, nullable=False),
        sa.Column("noted_at", Instant, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "subject", "missing_from"),
    )
    op.create_table(
        "forks",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", Position, autoincrement=False, nullable=False),
        sa.Column("noted_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("source", "subject", "sequence"),
    )
    for name in DOCUMENTS:
        op.create_table(
            name,
            sa.Column("id", sa.Text(), nullable=False),
            sa.Column("document", Document, nullable=False),
            sa.PrimaryKeyConstraint("id"),
        )
    op.create_table(
        "postings",
        sa.Column("transfer", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount", Position, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("settles", sa.Text()),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.PrimaryKeyConstraint("transfer", "side"),
    )
    op.create_index("postings_account", "postings", ["account"], unique=False)
    op.create_table(
        "ticket_book",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("category", sa.Text()),
        sa.Column("area", sa.Text()),
        sa.Column("estate", sa.Text()),
        sa.Column("urgency", sa.Text()),
        sa.Column("opened_at", Instant),
        sa.Column("document", Document, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ticket_book_opened", "ticket_book", ["opened_at"], unique=False)


def downgrade() -> None:
    for name in ("ticket_book", "postings", *DOCUMENTS, "forks", "gaps", "checkpoints"):
        op.drop_table(name)
