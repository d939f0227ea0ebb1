"""The tables of notify."""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Index, MetaData, Table, Text, select

from chassis.definition import Definition
from chassis.store import Document, Mapper, chassis_tables, converter
from services.notify.domain.notice import Notice

metadata = MetaData()

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("document", Document, nullable=False),
    Index("notices_ticket", "ticket"),
    Index("notices_state", "state"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Document, nullable=False),
)


@dataclass
class Contact:
    """Whom to tell about a ticket, and what it is about. Private: it never leaves this store but as a notice."""

    id: str
    name: str | None = None
    phone: str | None = None
    locale: str | None = None
    rate_link: str | None = None
    text: str | None = None
    contact_known: bool = False


DEFINITION = Definition(
    "notify",
    chassis_tables(metadata),
    (
        Mapper(Notice, notices, lambda notice: {"ticket": notice.ticket, "state": notice.state.value}),
        Mapper(Contact, contacts, lambda _: {}),
    ),
)


def of_ticket(connection: Connection, ticket: str) -> list[Notice]:
    """The notices about a ticket, by id."""
    rows = connection.execute(select(notices.c.document).where(notices.c.ticket == ticket).order_by(notices.c.id))
    return [converter.structure(document, Notice) for (document,) in rows]
