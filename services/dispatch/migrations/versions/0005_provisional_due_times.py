"""Which cases wait for a calendar that knows more."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("awaits", sa.Integer(), nullable=True))
    op.add_column("cases", sa.Column("provisional", sa.Integer(), server_default="0", nullable=False))
    op.create_index("cases_awaits", "cases", ["awaits"], unique=False)


def downgrade() -> None:
    op.drop_index("cases_awaits", table_name="cases")
    op.drop_column("cases", "provisional")
    op.drop_column("cases", "awaits")
