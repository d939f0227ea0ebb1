"""The tables of notify, and their queries."""

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
from services.notify.domain.rate_limit import RateLimit

metadata = MetaData()

_SCHEDULED = text("next_at IS NOT NULL")
_WAITING = (NoticeState.HELD.value, NoticeState.DUE.value)
_OPEN_STATES = text("state IN ('held', 'due', 'sending')")

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
    Index("notices_open", "ticket", "audience", postgresql_where=_OPEN_STATES, sqlite_where=_OPEN_STATES),
    Index("notices_open_origin", "origin", postgresql_where=_OPEN_STATES, sqlite_where=_OPEN_STATES),
    Index("notices_ticket", "ticket"),
    Index("notices_next", "channel", "next_at", postgresql_where=_SCHEDULED, sqlite_where=_SCHEDULED),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Document, nullable=False),
)


rate_slots = Table(
    "paces",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("free_at", Instant, nullable=False),
)
"""The time from which each channel with a rate limit may send again: stored, so that all processes share the limit."""


def contacts_of(event: Event) -> tuple[str, ...]:
    """Return the contacts that an event's handler loads: of the ticket, and of its survivor."""
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


def notices_of(connection: Connection, ticket: str) -> list[Notice]:
    """Return the notices about a ticket, by id."""
    rows = connection.execute(select(notices.c.document).where(notices.c.ticket == ticket).order_by(notices.c.id))
    return [converter.structure(document, Notice) for (document,) in rows]


def notice(connection: Connection, id_: str) -> Notice | None:
    """Return a notice, not locked; None where there is none."""
    document = connection.execute(select(notices.c.document).where(notices.c.id == id_)).scalar_one_or_none()
    return converter.structure(document, Notice) if document else None


def any_due(store: Store, channel: str, now: datetime) -> bool:
    """Return whether a channel has a notice to claim: a cheap query before a claim's locks."""
    with store.reading() as connection:
        return bool(connection.execute(_any_due_query(), {"channel": channel, "now": now}).scalar_one())


@cache
def _any_due_query() -> Select[Any]:
    due = (notices.c.channel == bindparam("channel"), notices.c.next_at <= bindparam("now"))
    return select(exists().where(*due, _is_next()))


def waiting_ids(connection: Connection, origin: str | None = None, audience: str | None = None) -> list[str]:
    """Return the ids of notices that are held or due: those of a subject's events, or those to an audience."""
    whose, value = ("origin", origin) if origin is not None else ("audience", audience)
    return list(connection.execute(_waiting_query(whose), {whose: value}).scalars())


@cache
def _waiting_query(whose: str) -> Select[Any]:
    waiting = (notices.c[whose] == bindparam(whose), _OPEN_STATES, notices.c.state.in_(_WAITING))
    return select(notices.c.id).where(*waiting).order_by(notices.c.id)


def contacts_by_id(connection: Connection, ids: Collection[str]) -> dict[str, Contact]:
    """Return contacts as they are now, by ticket; not locked."""
    rows = connection.execute(select(contacts.c.id, contacts.c.document).where(contacts.c.id.in_(sorted(ids))))
    return {id_: converter.structure(document, Contact) for id_, document in rows}


def _is_next() -> ColumnElement[bool]:
    """Return the condition that no earlier notice to the same recipient about the same ticket is still to be sent.

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


def take_rate_slot(connection: Connection, channel: str, rate_limit: RateLimit, at: datetime) -> bool:
    """Return whether the channel may send one notice now, and count it. Other processes wait for this transaction."""
    first = dialect_insert(connection)(rate_slots).values(channel=channel, free_at=at).on_conflict_do_nothing()
    connection.execute(first)
    row = select(rate_slots.c.free_at).where(rate_slots.c.channel == channel).with_for_update()
    if not rate_limit.allows(connection.execute(row).scalar_one(), at):
        return False
    connection.execute(update(rate_slots).where(rate_slots.c.channel == channel).values(free_at=rate_limit.next_free(at)))
    return True


def claimable(
    connection: Connection, now: datetime, most: int, channel: str | None = None, without: tuple[str, ...] = ()
) -> list[str]:
    """Lock the due notices whose turn it is, of one channel or of all but some; skip those locked by others."""
    chosen = {"channel": channel} if channel is not None else {"without": without}
    query = _claim_query(of_one=channel is not None)
    return list(connection.execute(query, {**chosen, "now": now, "most": most}).scalars())


@cache
def _claim_query(of_one: bool) -> Select[Any]:
    others: Any = bindparam("without", expanding=True)
    chosen = notices.c.channel == bindparam("channel") if of_one else notices.c.channel.not_in(others)
    return (
        select(notices.c.id)
        .where(chosen, notices.c.next_at <= bindparam("now"), _is_next())
        .order_by(notices.c.next_at, notices.c.happened_at, notices.c.sequence, notices.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=notices)
    )
