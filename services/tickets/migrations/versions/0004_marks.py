"""Add the marks of removed rows, and the row that shows that the store can write."""

from alembic import op

from chassis.persistence.migrations import add_marks, drop_marks

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_marks(op)


def downgrade() -> None:
    drop_marks(op)
