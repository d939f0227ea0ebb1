"""By which calendar due times were computed, and which one counts. What is under way is looked at once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("calendar", sa.Text(), nullable=True))
    op.execute("UPDATE cases SET calendar = '' WHERE state IN ('working', 'exhausted', 'completed')")
    op.create_index("cases_calendar", "cases", ["calendar"], unique=False)
    op.create_table(
        "adopted_calendar",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("unknown_from", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("adopted_calendar")
    op.drop_index("cases_calendar", table_name="cases")
    op.drop_column("cases", "calendar")
