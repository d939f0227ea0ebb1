"""The tables of tickets, and its queries."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Connection, Index, MetaData, Table, Text, select

from chassis.definition import Definition
from chassis.inbox import insert_ignoring
from chassis.store import Document, Instant, Mapper, Position, chassis_tables, converter
from services.tickets.domain.ticket import Ticket

metadata = MetaData()

tickets = Table(
    "tickets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("document", Document, nullable=False),
    Index("tickets_open", "state", "opened_at"),
)

whistles = Table(
    "whistles",
    metadata,
    Column("ticket", Text, primary_key=True),
    Column("producer", Text, nullable=False),
    Column("producer_id", Text, nullable=False),
    Column("data", Document, nullable=False),
)
"""What was said, private part and all, beside the ticket that became of it."""

areas = Table(
    "areas",
    metadata,
    Column("code", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("parent", Text),
    Column("sequence", Position, nullable=False),
)

categories = Table(
    "categories",
    metadata,
    Column("code", Text, primary_key=True),
    Column("urgency", Text, nullable=False),
    Column("dispute", Text, nullable=False),
    Column("sequence", Position, nullable=False),
)

DEFINITION = Definition(
    "tickets",
    chassis_tables(metadata),
    (
        Mapper(
            Ticket,
            tickets,
            lambda ticket: {
                "state": ticket.state.value,
                "category": ticket.category,
                "area": ticket.area,
                "opened_at": ticket.opened_at,
            },
        ),
    ),
)


def register(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Keep the newest record of an area or category: an older sequence never overwrites a newer one."""
    statement = insert_ignoring(connection)(table).values(**row)
    newer = {name: statement.excluded[name] for name in row if name != "code"}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["code"], set_=newer, where=table.c.sequence < statement.excluded.sequence
        )
    )


def registered(connection: Connection, table: Table, code: str) -> Mapping[str, Any] | None:
    """An area's or category's record; not locked, since many tickets read the same one."""
    row = connection.execute(select(table).where(table.c.code == code)).mappings().one_or_none()
    return dict(row) if row else None


def ticket(connection: Connection, id_: str) -> Ticket | None:
    """A ticket as it stands, not locked."""
    document = connection.execute(select(tickets.c.document).where(tickets.c.id == id_)).scalar_one_or_none()
    return converter.structure(document, Ticket) if document else None
