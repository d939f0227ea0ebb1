"""By what tickets without coordinates are alike, and when their matters occurred. Old tickets have none of it."""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("address_key", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("reporter_key", sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("occurred_at", Instant, nullable=True))
    op.create_index("tickets_address", "tickets", ["address_key", "opened_at", "id"], unique=False)
    op.create_index("tickets_reporter", "tickets", ["reporter_key", "opened_at", "id"], unique=False)


def downgrade() -> None:
    for name in ("tickets_reporter", "tickets_address"):
        op.drop_index(name, "tickets")
    for name in ("occurred_at", "reporter_key", "address_key"):
        op.drop_column("tickets", name)
