"""Add internal notes, and the reporter as the desk corrected it."""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Document, Instant, Position

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("whistles", sa.Column("reporter", Document, nullable=True))
    op.create_table(
        "ticket_notes",
        sa.Column("position", Position, nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("ticket_notes_ticket", "ticket_notes", ["ticket"], unique=False)


def downgrade() -> None:
    op.drop_table("ticket_notes")
    op.drop_column("whistles", "reporter")
