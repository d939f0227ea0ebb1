"""The columns and rows for lists of cases: of each case, its open assignments, and what it asks of supervisors.

Existing cases are filled in from their documents, as the code of this version would. The documents are read as they are
stored, so that later changes of the code do not change what this migration does.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis.persistence.types import Document, Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
BREACHED = 3
BATCH = 500
FLAGS = ("breached", "nobody")
FILTERS = ("level", "urgency", "category", "area", "estate")
Case = Mapping[str, Any]

cases = sa.table(
    "cases",
    *(sa.column(name, sa.Text()) for name in ("id", *FILTERS)),
    sa.column("document", Document),
    sa.column("due_at", Instant),
    *(sa.column(name, sa.Boolean()) for name in FLAGS),
)


def _of_case(name: str, column: str) -> sa.TableClause:
    """Return a table of rows that follow from a case."""
    texts = (sa.column(one, sa.Text()) for one in ("id", "case_id", column))
    return sa.table(name, *texts, sa.column("due_at", Instant))


case_units = _of_case("case_units", "unit")
case_asks = _of_case("case_asks", "asked")


def upgrade() -> None:
    never = sa.text("'9999-01-01 00:00:00.000000+00'")
    op.add_column("cases", sa.Column("due_at", Instant, server_default=never, nullable=False))
    for name in FLAGS:
        op.add_column("cases", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    for name in FILTERS:
        op.add_column("cases", sa.Column(name, sa.Text(), nullable=True))
    _create("case_units", "unit")
    _create("case_asks", "asked")
    _fill(op.get_bind())
    op.create_index("case_units_case", "case_units", ["case_id"], unique=False)
    op.create_index("case_units_unit", "case_units", ["unit", "due_at", "id"], unique=False)
    op.create_index("case_units_due", "case_units", ["due_at", "id"], unique=False)
    op.create_index("case_asks_due", "case_asks", ["due_at", "id"], unique=False)
    op.drop_index("cases_state", table_name="cases")
    op.create_index("cases_due", "cases", ["due_at", "id"], unique=False)
    for name in FLAGS:
        there, here = sa.text(name), sa.text(f"{name} = 1")
        op.create_index(f"cases_{name}", "cases", ["due_at", "id"], unique=False, postgresql_where=there, sqlite_where=here)
    for name in ("state", *FILTERS):
        op.create_index(f"cases_{name}", "cases", [name, "due_at", "id"], unique=False)


def downgrade() -> None:
    for name in ("due", *FLAGS, "state", *FILTERS):
        op.drop_index(f"cases_{name}", table_name="cases")
    op.create_index("cases_state", "cases", ["state"], unique=False)
    op.drop_table("case_asks")
    op.drop_table("case_units")
    with op.batch_alter_table("cases") as table:
        for name in ("due_at", *FLAGS, *FILTERS):
            table.drop_column(name)


def _create(table: str, column: str) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column(column, sa.Text(), nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _fill(connection: sa.Connection) -> None:
    last = ""
    while True:
        page = sa.select(cases.c.id, cases.c.document).where(cases.c.id > last).order_by(cases.c.id).limit(BATCH)
        rows = connection.execute(page).all()
        for id_, case in rows:
            connection.execute(sa.update(cases).where(cases.c.id == id_).values(**_columns(id_, case)))
            for table, more in ((case_units, list(_units(id_, case))), (case_asks, list(_asks(id_, case)))):
                if more:
                    connection.execute(sa.insert(table), more)
        if len(rows) < BATCH:
            return
        last = rows[-1].id


def _columns(id_: str, case: Case) -> dict[str, Any]:
    live = [one for one in case["clocks"] if one.get("live", True)]
    now = [run["index"] for run in case["rungs"] if run["generation"] == case["generation"]]
    book = case["playbook"]
    return {
        "due_at": _due(case, live),
        "breached": any(one.get("stage", 0) >= BREACHED for one in live),
        "nobody": case["state"] in {"working", "exhausted", "completed"} and not list(_units(id_, case)),
        "level": book["ladder"][max(now)]["level"] if book and now else None,
        "urgency": case["urgency"],
        "category": case["category"],
        "area": case["area"],
        "estate": case["estate"],
    }


def _units(id_: str, case: Case) -> Iterator[dict[str, Any]]:
    for one in case["assignments"] if case["state"] != "withdrawn" else ():
        if one["step"] not in {"done", "ended"}:
            of_it = [clock for clock in case["clocks"] if clock.get("live", True) and clock["assignment"] in {None, one["id"]}]
            yield {"id": one["id"], "case_id": id_, "unit": one["to"], "due_at": _due(case, of_it)}


def _asks(id_: str, case: Case) -> Iterator[dict[str, Any]]:
    live = [one for one in case["clocks"] if one.get("live", True)]
    undecided = [one for one in live if one.get("extension") and not one["extension"].get("decided")]
    asked = {
        "ruling": case["state"] == "exhausted" or (case["state"] == "working" and case.get("ruling_asked", False)),
        "verifier": case["state"] == "completed" and case.get("verifier_asked", False),
        "extension": case["state"] != "withdrawn" and bool(undecided),
    }
    for what, is_asked in asked.items():
        if is_asked:
            yield {"id": f"{id_}:{what}", "case_id": id_, "asked": what, "due_at": _due(case, live)}


def _due(case: Case, live: list[Any]) -> datetime:
    """Return the earliest due time; `NEVER` where no clock runs."""
    paused = bool(case.get("pauses")) and case["pauses"][-1]["end"] is None
    return NEVER if paused else min((datetime.fromisoformat(one["due"]) for one in live), default=NEVER)
