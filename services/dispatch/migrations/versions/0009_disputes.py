"""Store a category's disputes as a boolean, in place of the text "True" or "False"."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # "1" and "0" are numbers to SQLite and booleans to PostgreSQL
    op.execute("UPDATE categories SET dispute = CASE dispute WHEN 'True' THEN '1' ELSE '0' END")
    with op.batch_alter_table("categories") as table:
        table.alter_column("dispute", type_=sa.Boolean(), existing_nullable=False, postgresql_using="dispute::boolean")


def downgrade() -> None:
    with op.batch_alter_table("categories") as table:
        table.alter_column("dispute", type_=sa.Text(), existing_nullable=False, postgresql_using="dispute::text")
    op.execute("UPDATE categories SET dispute = CASE WHEN dispute IN ('1', 'true') THEN 'True' ELSE 'False' END")
