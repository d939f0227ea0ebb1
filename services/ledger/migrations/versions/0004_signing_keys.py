"""Checkpoints that hand over to another key, and the public keys that signed."""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Position

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("checkpoints", sa.Column("next_key", sa.Text(), nullable=True))
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("first", Position, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("signing_keys")
    op.drop_column("checkpoints", "next_key")
