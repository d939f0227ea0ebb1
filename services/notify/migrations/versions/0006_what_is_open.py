"""Indexes on what is open, in place of indexes on everything."""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.migrations import index_everything, index_what_is_open

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LOOKED_AT = sa.text("next_at IS NOT NULL")


def upgrade() -> None:
    index_what_is_open(op)
    op.drop_index("notices_state", "notices")
    op.drop_index("notices_next", "notices")
    op.create_index("notices_next", "notices", ["channel", "next_at"], postgresql_where=LOOKED_AT, sqlite_where=LOOKED_AT)


def downgrade() -> None:
    op.drop_index("notices_next", "notices")
    op.create_index("notices_next", "notices", ["channel", "next_at"])
    op.create_index("notices_state", "notices", ["state"])
    index_everything(op)
