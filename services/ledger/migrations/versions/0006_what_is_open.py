"""Indexes on what is open, in place of indexes on everything."""

from alembic import op

from chassis.persistence.migrations import index_everything, index_what_is_open

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    index_what_is_open(op)


def downgrade() -> None:
    index_everything(op)
