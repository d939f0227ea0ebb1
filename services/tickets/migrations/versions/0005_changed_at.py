"""Add the time of a ticket's last change."""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("changed_at", Instant, nullable=True))


def downgrade() -> None:
    op.drop_column("tickets", "changed_at")
