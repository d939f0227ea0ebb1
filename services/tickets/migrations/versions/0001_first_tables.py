"""The first tables of tickets."""

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
        "areas",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("sequence", Position, nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "categories",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("dispute", sa.Text(), nullable=False),
        sa.Column("sequence", Position, nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("tickets_open", "tickets", ["state", "opened_at"], unique=False)
    op.create_table(
        "whistles",
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("producer_id", sa.Text(), nullable=False),
        sa.Column("data", Document, nullable=False),
        sa.PrimaryKeyConstraint("ticket"),
    )


def downgrade() -> None:
    op.drop_table("whistles")
    op.drop_table("tickets")
    op.drop_table("categories")
    op.drop_table("areas")
    drop_chassis_tables(op)
