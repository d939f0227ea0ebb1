"""The directory has a version, so that processes may keep it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    # what is registered already counts as the first version
    op.execute("INSERT INTO directory_version (id, number) SELECT 1, 1 WHERE EXISTS (SELECT 1 FROM areas)")


def downgrade() -> None:
    op.drop_table("directory_version")
