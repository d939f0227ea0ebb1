"""Add the number up to which each sequence was announced."""

from alembic import op

from chassis.persistence.migrations import add_announced, drop_announced

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_announced(op)


def downgrade() -> None:
    drop_announced(op)
