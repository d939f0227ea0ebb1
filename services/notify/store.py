"""The tables of notify."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    exists,
    false,
    not_,
    or_,
    select,
    text,
    tuple_,
    update,
)

from chassis.persistence import Document, Mapper, Store, chassis_tables, converter
from chassis.persistence.statements import dialect_insert
from chassis.persistence.types import Instant, Position
from chassis.service_definition import ServiceDefinition
from contracts.envelope import Event
from contracts.events.tickets import ContactRecorded, TicketMerged, TicketUnmerged
from contracts.payload import EventPayload
from services.notify.domain.contact import Contact
from services.notify.domain.notice import Notice, NoticeState
from services.notify.domain.pace import Pace

metadata = MetaData()

_LOOKED_AT = text("next_at IS NOT NULL")
_WAITING = (NoticeState.HELD.value, NoticeState.DUE.value)
_OPEN = text("state IN ('held', 'due', 'sending')")

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("document", Document, nullable=False),
    Column("channel", Text, nullable=False, server_default="log"),
    Column("next_at", Instant),
    Column("origin", Text),
    Column("audience", Text),
    Column("urgent", Boolean, nullable=False, server_default=false()),
    Column("happened_at", Instant),
    Column("sequence", Position, nullable=False, server_default="0"),
    Index("notices_open", "ticket", "audience", postgresql_where=_OPEN, sqlite_where=_OPEN),
    Index("notices_open_origin", "origin", postgresql_where=_OPEN, sqlite_where=_OPEN),
    Index("notices_ticket", "ticket"),
    Index("notices_next", "channel", "next_at", postgresql_where=_LOOKED_AT, sqlite_where=_LOOKED_AT),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Document, nullable=False),
)


paces = Table(
    "paces",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("free_at", Instant, nullable=False),
)
"""From when each channel with a rate may send again: kept here, so that the rate holds however many processes send."""


def contacts_of(event: Event) -> tuple[str, ...]:
    """The contacts that an event's handler asks for: of the ticket, and of the one that survives it."""
    survivor = _survivor(event.payload)
    return (event.subject, survivor) if survivor else (event.subject,)


def _survivor(payload: EventPayload) -> str | None:
    match payload:
        case TicketMerged():
            return payload.into
        case TicketUnmerged():
            return payload.survivor
        case ContactRecorded():
            return payload.follows
    return None


DEFINITION = ServiceDefinition(
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
                "origin": notice.origin or notice.ticket,
                "audience": notice.audience,
                "urgent": notice.urgent,
                "happened_at": notice.happened_at,
                "sequence": notice.sequence,
            },
        ),
        Mapper(Contact, contacts, lambda _: {}),
    ),
    prefetch={Contact: contacts_of},
    timer_aggregates=(Notice,),
)


def of_ticket(connection: Connection, ticket: str) -> list[Notice]:
    """The notices about a ticket, by id."""
    rows = connection.execute(select(notices.c.document).where(notices.c.ticket == ticket).order_by(notices.c.id))
    return [converter.structure(document, Notice) for (document,) in rows]


def anything_due(store: Store, channel: str, now: datetime) -> bool:
    """Whether a channel has something to claim; a cheap look before a claim's locks."""
    with store.reading() as connection:
        return bool(connection.execute(_any_due(), {"channel": channel, "now": now}).scalar_one())


@cache
def _any_due() -> Select[Any]:
    due = (notices.c.channel == bindparam("channel"), notices.c.next_at <= bindparam("now"))
    return select(exists().where(*due, _in_turn()))


def waiting(connection: Connection, origin: str | None = None, audience: str | None = None) -> list[str]:
    """The notices that were not handed over and are not being sent: of a subject's events, or to a recipient."""
    whose = notices.c.origin == origin if origin is not None else notices.c.audience == audience
    rows = connection.execute(select(notices.c.id).where(whose, _OPEN, notices.c.state.in_(_WAITING)).order_by(notices.c.id))
    return list(rows.scalars())


def contacts_by_id(connection: Connection, ids: Collection[str]) -> dict[str, Contact]:
    """Contacts as they are now, by ticket; not locked."""
    rows = connection.execute(select(contacts.c.id, contacts.c.document).where(contacts.c.id.in_(sorted(ids))))
    return {id_: converter.structure(document, Contact) for id_, document in rows}


def _in_turn() -> ColumnElement[bool]:
    """Nothing that happened earlier is still to be handed to the same recipient about the same ticket.

    An urgent notice waits for urgent ones alone: quiet hours hold back the others. Of what older versions wrote nobody knows
    the order.
    """
    earlier = notices.alias("earlier")
    before = tuple_(earlier.c.happened_at, earlier.c.sequence) < tuple_(notices.c.happened_at, notices.c.sequence)
    return ~exists().where(
        earlier.c.ticket == notices.c.ticket,
        earlier.c.audience == notices.c.audience,
        text("earlier.state IN ('held', 'due', 'sending')"),
        before,
        or_(earlier.c.urgent, not_(notices.c.urgent)),
    )


def take_pace(connection: Connection, channel: str, pace: Pace, at: datetime) -> bool:
    """Whether the channel may send one now; it is then counted. Others who ask wait until this transaction ends."""
    first = dialect_insert(connection)(paces).values(channel=channel, free_at=at).on_conflict_do_nothing()
    connection.execute(first)
    row = select(paces.c.free_at).where(paces.c.channel == channel).with_for_update()
    if not pace.free(connection.execute(row).scalar_one(), at):
        return False
    connection.execute(update(paces).where(paces.c.channel == channel).values(free_at=pace.taken(at)))
    return True


def claimable(
    connection: Connection, now: datetime, most: int, channel: str | None = None, without: tuple[str, ...] = ()
) -> list[str]:
    """Lock what is due first and whose turn it is, of one channel or of all but some; what others hold is skipped."""
    chosen = notices.c.channel == channel if channel is not None else notices.c.channel.not_in(without)
    rows = connection.execute(
        select(notices.c.id)
        .where(chosen, notices.c.next_at <= now, _in_turn())
        .order_by(notices.c.next_at, notices.c.happened_at, notices.c.sequence, notices.c.id)
        .limit(most)
        .with_for_update(skip_locked=True, of=notices)
    )
    return list(rows.scalars())
