"""Add the photographs of tickets."""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Instant, Position

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket_photographs",
        sa.Column("position", Position, nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("ticket_photographs_id", "ticket_photographs", ["ticket", "id"], unique=True)
    op.create_index("ticket_photographs_digest", "ticket_photographs", ["digest"], unique=False)


def downgrade() -> None:
    op.drop_table("ticket_photographs")
