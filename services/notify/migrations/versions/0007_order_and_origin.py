"""Notices are sent in the order of their events, and later events cancel those that wait."""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Instant, Position

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('held', 'due', 'sending')")
OF_OLD = {
    "postgresql": "audience = document ->> 'audience', urgent = coalesce((document ->> 'urgent')::boolean, false)",
    "sqlite": "audience = json_extract(document, '$.audience'), urgent = coalesce(json_extract(document, '$.urgent'), 0)",
}


def upgrade() -> None:
    op.add_column("notices", sa.Column("origin", sa.Text(), nullable=True))
    op.add_column("notices", sa.Column("audience", sa.Text(), nullable=True))
    op.add_column("notices", sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("notices", sa.Column("happened_at", Instant(), nullable=True))
    op.add_column("notices", sa.Column("sequence", Position, nullable=False, server_default="0"))
    op.execute(f"UPDATE notices SET origin = ticket, {OF_OLD[op.get_bind().dialect.name]}")
    op.create_index("notices_open", "notices", ["ticket", "audience"], postgresql_where=OPEN, sqlite_where=OPEN)
    op.create_index("notices_open_origin", "notices", ["origin"], postgresql_where=OPEN, sqlite_where=OPEN)


def downgrade() -> None:
    op.drop_index("notices_open_origin", "notices")
    op.drop_index("notices_open", "notices")
    for name in ("sequence", "happened_at", "urgent", "audience", "origin"):
        op.drop_column("notices", name)
