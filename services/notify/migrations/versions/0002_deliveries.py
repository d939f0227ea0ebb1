"""Deliveries are claimed in machine time, by channel; they are no timers any more."""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("channel", sa.Text(), nullable=False, server_default="log"))
    op.add_column("notices", sa.Column("next_at", Instant(), nullable=True))
    op.create_index("notices_next", "notices", ["channel", "next_at"], unique=False)
    op.execute("UPDATE notices SET next_at = CURRENT_TIMESTAMP WHERE state = 'due'")
    op.execute("DELETE FROM timers WHERE name = 'deliver'")


def downgrade() -> None:
    op.drop_index("notices_next", "notices")
    op.drop_column("notices", "next_at")
    op.drop_column("notices", "channel")
