"""Add the place and the closing time of tickets, so that like ones are found; and what residents asked."""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Instant, Position

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("lat", sa.Double(), nullable=True))
    op.add_column("tickets", sa.Column("lon", sa.Double(), nullable=True))
    op.add_column("tickets", sa.Column("closed_at", Instant, nullable=True))
    op.create_index("tickets_place", "tickets", ["category", "lat", "lon"], unique=False)
    op.create_index("tickets_order", "tickets", ["opened_at", "id"], unique=False)
    op.create_index("tickets_area", "tickets", ["area", "opened_at", "id"], unique=False)
    op.create_index("areas_parent", "areas", ["parent"], unique=False)
    op.create_table(
        "requests",
        sa.Column("position", Position, nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("made_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("requests_ticket", "requests", ["ticket"], unique=False)


def downgrade() -> None:
    op.drop_table("requests")
    op.drop_index("areas_parent", "areas")
    for name in ("tickets_area", "tickets_order", "tickets_place"):
        op.drop_index(name, "tickets")
    for name in ("closed_at", "lon", "lat"):
        op.drop_column("tickets", name)
