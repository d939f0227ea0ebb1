"""The tables of notify."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Column, Connection, Index, MetaData, Table, Text, select

from chassis.definition import Definition
from chassis.store import Document, Mapper, Store, chassis_tables, converter
from chassis.store.types import Instant
from contracts.envelope import Event
from contracts.events.tickets import TicketMerged
from services.notify.domain.notice import Notice

metadata = MetaData()

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("document", Document, nullable=False),
    Column("channel", Text, nullable=False, server_default="log"),
    Column("next_at", Instant),
    Index("notices_ticket", "ticket"),
    Index("notices_state", "state"),
    Index("notices_next", "channel", "next_at"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Document, nullable=False),
)


@dataclass
class Contact:
    """Whom to tell about a ticket, and what it is about. Private: it never leaves this store but as a notice.

    ``followers`` are the tickets that were merged into this one.
    """

    id: str
    name: str | None = None
    phone: str | None = None
    locale: str | None = None
    links: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    address: str | None = None
    contact_known: bool = False
    followers: list[str] = field(default_factory=list)


def contacts_of(event: Event) -> tuple[str, ...]:
    """The contacts that an event's handler asks for: of the ticket, and of the one that survives it."""
    return (event.subject, event.data["into"]) if event.type == TicketMerged.type else (event.subject,)


DEFINITION = Definition(
    "notify",
    chassis_tables(metadata),
    (
        Mapper(
            Notice,
            notices,
            lambda notice: {
                "ticket": notice.ticket,
                "state": notice.state.value,
                "channel": notice.channel,
                "next_at": notice.next_at,
            },
        ),
        Mapper(Contact, contacts, lambda _: {}),
    ),
    prefetch={Contact: contacts_of},
)


def of_ticket(connection: Connection, ticket: str) -> list[Notice]:
    """The notices about a ticket, by id."""
    rows = connection.execute(select(notices.c.document).where(notices.c.ticket == ticket).order_by(notices.c.id))
    return [converter.structure(document, Notice) for (document,) in rows]


def anything_due(store: Store, channel: str, now: datetime) -> bool:
    """Whether a channel has something to claim; a cheap look before a claim's locks."""
    due = select(notices.c.id).where(notices.c.channel == channel, notices.c.next_at <= now).limit(1)
    with store.transaction() as connection:
        return connection.execute(due).first() is not None


def claimable(
    connection: Connection, now: datetime, most: int, channel: str | None = None, without: tuple[str, ...] = ()
) -> list[str]:
    """Lock the notices that are due first, of one channel or of every channel but some; what others hold is skipped."""
    chosen = notices.c.channel == channel if channel is not None else notices.c.channel.not_in(without)
    rows = connection.execute(
        select(notices.c.id)
        .where(chosen, notices.c.next_at <= now)
        .order_by(notices.c.next_at, notices.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list(rows.scalars())
