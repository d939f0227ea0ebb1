"""Add the columns by which the desk searches tickets, filled from the documents; and the units that work on a ticket.

The units of assignments that were made before are not known: dispatch announces each assignment once.
"""

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Document, Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN_STATES = ("open", "reopened", "handling", "handled", "verifying", "revisiting", "parked")
ADDED = ("urgency", "estate", "channel", "settled")

tickets = sa.table(
    "tickets",
    sa.column("state", sa.Text),
    sa.column("document", Document),
    sa.column("urgency", sa.Text),
    sa.column("estate", sa.Text),
    sa.column("channel", sa.Text),
    sa.column("settled", sa.Boolean),
)


def upgrade() -> None:
    for name in ("urgency", "estate", "channel"):
        op.add_column("tickets", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("tickets", sa.Column("settled", sa.Boolean(), nullable=True))
    said = {name: tickets.c.document[name].as_string() for name in ("urgency", "estate", "channel")}
    op.execute(sa.update(tickets).values(**said, settled=tickets.c.state.not_in(OPEN_STATES)))
    op.drop_index("tickets_open", "tickets")
    for name in ("state", "settled", "urgency", "estate"):
        op.create_index(f"tickets_{name}", "tickets", [name, "opened_at", "id"], unique=False)
    op.create_index("tickets_point", "tickets", ["lat", "lon"], unique=False)
    op.create_table(
        "ticket_units",
        sa.Column("assignment", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("ended_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("assignment"),
    )
    op.create_index("ticket_units_ticket", "ticket_units", ["ticket"], unique=False)


def downgrade() -> None:
    op.drop_table("ticket_units")
    for name in ("point", "estate", "urgency", "settled", "state"):
        op.drop_index(f"tickets_{name}", "tickets")
    op.create_index("tickets_open", "tickets", ["state", "opened_at"], unique=False)
    for name in reversed(ADDED):
        op.drop_column("tickets", name)
