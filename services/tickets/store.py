"""The tables of tickets, and their queries."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    func,
    select,
    update,
)

from chassis.persistence import Document, Instant, Mapper, Position, chassis_tables, converter
from chassis.persistence.statements import dialect_insert
from chassis.service_definition import ServiceDefinition
from contracts.envelope import Event
from contracts.events import dispatch, intake
from services.tickets.domain.allowed_commands import OPEN_STATES, State
from services.tickets.domain.coordinates import box
from services.tickets.domain.rules import Proximity
from services.tickets.domain.ticket import Ticket
from services.tickets.domain.whistle import ticket_id

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
    Column("lat", Double),
    Column("lon", Double),
    Column("closed_at", Instant),
    Column("changed_at", Instant),
    Column("address_key", Text),
    Column("reporter_key", Text),
    Column("occurred_at", Instant),
    Column("urgency", Text),
    Column("estate", Text),
    Column("channel", Text),
    Column("settled", Boolean),
    Index("tickets_state", "state", "opened_at", "id"),
    Index("tickets_settled", "settled", "opened_at", "id"),
    Index("tickets_urgency", "urgency", "opened_at", "id"),
    Index("tickets_estate", "estate", "opened_at", "id"),
    Index("tickets_point", "lat", "lon"),
    Index("tickets_place", "category", "lat", "lon"),
    Index("tickets_order", "opened_at", "id"),
    Index("tickets_area", "area", "opened_at", "id"),
    Index("tickets_address", "address_key", "opened_at", "id"),
    Index("tickets_reporter", "reporter_key", "opened_at", "id"),
)
"""``lat`` and ``lon`` are WGS-84, whatever system the whistle named. ``changed_at``: None where that was before it was kept.

``address_key`` and ``reporter_key`` are digests (`match_keys`), ``occurred_at`` is what the whistle said: None where there is
nothing to compare or it said nothing, and in tickets before 0.2.0. ``settled``: in none of the open states.
"""

MAX_KEYED = 100
"""Tickets of one address or one reporter with which a ticket is compared: a person may report all day long."""

whistles = Table(
    "whistles",
    metadata,
    Column("ticket", Text, primary_key=True),
    Column("producer", Text, nullable=False),
    Column("producer_id", Text, nullable=False),
    Column("data", Document, nullable=False),
    Column("reporter", Document),
)
"""The whistle of each ticket, with its private part. ``reporter``: as the desk corrected it; None where it did not."""

requests = Table(
    "requests",
    metadata,
    Column("position", Position, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("noted_by", Text),
    Column("comment", Text),
    Column("made_at", Instant, nullable=False),
    Index("requests_ticket", "ticket"),
)
"""The requests of residents with their comments (private). ``noted_by`` is the account that took it down; None for a link."""

ticket_units = Table(
    "ticket_units",
    metadata,
    Column("assignment", Text, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("purpose", Text),
    Column("ended_at", Instant),
    Index("ticket_units_ticket", "ticket"),
)
"""The assignments of dispatch: the units that may read the private part of a ticket. ``ended_at``: since when the unit is no
longer to work on it; a unit that reported done is not ended. ``purpose``: None where the end was heard before the beginning.
"""

ticket_notes = Table(
    "ticket_notes",
    metadata,
    Column("position", Position, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Index("ticket_notes_ticket", "ticket"),
)
"""The internal notes about tickets (private). ``about`` is the command that a note was written with, ``by`` an account."""

ticket_photographs = Table(
    "ticket_photographs",
    metadata,
    Column("position", Position, primary_key=True),
    Column("ticket", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("by", Text),
    Column("purpose", Text),
    Column("made_at", Instant, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("lat", Double),
    Column("lon", Double),
    Index("ticket_photographs_id", "ticket", "id", unique=True),
    Index("ticket_photographs_digest", "digest"),
)
"""The photographs of tickets (private). ``digest`` names the file. ``by`` is the account that attached it; None for a link,
whose ``purpose`` is kept. ``lat`` and ``lon``: where the sent file says that it was taken, in WGS-84."""

areas = Table(
    "areas",
    metadata,
    Column("code", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("parent", Text),
    Column("sequence", Position, nullable=False),
    Index("areas_parent", "parent"),
)

categories = Table(
    "categories",
    metadata,
    Column("code", Text, primary_key=True),
    Column("urgency", Text, nullable=False),
    Column("dispute", Boolean, nullable=False),
    Column("sequence", Position, nullable=False),
)


def tickets_of(event: Event) -> tuple[str, ...]:
    """Return the tickets that an event's handler loads."""
    if isinstance(event.payload, intake.WhistleBlown):
        named = (event.id, event.payload.same_as)
        return tuple(ticket_id(event.source, one) for one in named if one)
    return () if event.type in _WITHOUT_TICKET else (event.subject,)


_WITHOUT_TICKET = {
    dispatch.AreaRegistered.type,
    dispatch.CategoryRegistered.type,
    dispatch.AssignmentRelieved.type,
    dispatch.AssignmentReturned.type,
    dispatch.JointActionUnitExcused.type,
}

DEFINITION = ServiceDefinition(
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
                "lat": ticket.place.lat if ticket.place else None,
                "lon": ticket.place.lon if ticket.place else None,
                "closed_at": ticket.closed_at,
                "address_key": ticket.address_key,
                "reporter_key": ticket.reporter_key,
                "occurred_at": ticket.occurred_at,
                "urgency": ticket.urgency.value,
                "estate": ticket.estate,
                "channel": ticket.channel.value,
                "settled": ticket.state not in OPEN_STATES,
            },
            changed_at="changed_at",
        ),
    ),
    prefetch={Ticket: tickets_of},
    timer_aggregates=(Ticket,),
    external_events=True,
)


def register(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Keep the newest record of an area or category; a record with an older sequence changes nothing."""
    statement = dialect_insert(connection)(table).values(**row)
    newer = {name: statement.excluded[name] for name in row if name != "code"}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["code"], set_=newer, where=table.c.sequence < statement.excluded.sequence
        )
    )


def registered(connection: Connection, table: Table, code: str) -> Mapping[str, Any] | None:
    """Return an area's or category's record; not locked, since many tickets read the same one."""
    row = connection.execute(select(table).where(table.c.code == code)).mappings().one_or_none()
    return dict(row) if row else None


def ticket(connection: Connection, id_: str) -> Ticket | None:
    """Return a ticket as it stands, not locked."""
    document = connection.execute(select(tickets.c.document).where(tickets.c.id == id_)).scalar_one_or_none()
    return converter.structure(document, Ticket) if document else None


def survivor(connection: Connection, one: Ticket) -> Ticket:
    """Return the last ticket in the chain of mergers; the ticket itself where it was not merged. Not locked."""
    while one.merged_into is not None and (above := ticket(connection, one.merged_into)) is not None:
        one = above
    return one


def whistle(connection: Connection, id_: str) -> intake.WhistleBlown:
    """Return the whistle that opened this ticket, with its private part and the reporter as the desk corrected it."""
    kept = connection.execute(select(whistles.c.data, whistles.c.reporter).where(whistles.c.ticket == id_)).one()
    said = intake.WhistleBlown.load(kept.data)
    return replace(said, reporter=intake.Reporter.of(kept.reporter)) if kept.reporter else said


def whistle_as_blown(connection: Connection, id_: str) -> intake.WhistleBlown:
    """Return the whistle that opened this ticket, as it was sent."""
    return intake.WhistleBlown.load(connection.execute(select(whistles.c.data).where(whistles.c.ticket == id_)).scalar_one())


def correct_reporter(connection: Connection, id_: str, reporter: intake.Reporter) -> None:
    """Keep the reporter as the desk corrected it. What was sent stays beside it."""
    connection.execute(update(whistles).where(whistles.c.ticket == id_).values(reporter=reporter.dumped()))


def producer(connection: Connection, id_: str) -> str | None:
    """Return the source of the whistle that opened a ticket; None where there is no such ticket."""
    found: str | None = connection.execute(select(whistles.c.producer).where(whistles.c.ticket == id_)).scalar_one_or_none()
    return found


def ticket_of(connection: Connection, source: str, producer_id: str) -> str | None:
    """Return the ticket of a whistle, by its producer's own source and id; None where there is none."""
    id_ = ticket_id(source, producer_id)
    return id_ if producer(connection, id_) == source else None


def open_alike(connection: Connection, one: Ticket, near: Proximity) -> list[Ticket]:
    """Return the open tickets that may be duplicates of this one, or it of them. Indexes find them; the rule compares them
    exactly.

    Of one address, or one reporter, the first `MAX_KEYED` received. A ticket that is left out is proposed when it is itself
    compared: as many older ones are like it.
    """
    matter_time = func.coalesce(tickets.c.occurred_at, tickets.c.opened_at)
    around = matter_time.between(one.matter_time - near.within, one.matter_time + near.within)
    wanted = _others(one).where(tickets.c.state.in_(sorted(OPEN_STATES)), around)
    first = (tickets.c.opened_at, tickets.c.id)
    keyed = [wanted.where(same).order_by(*first).limit(MAX_KEYED) for same in (*_same_address(one), *_same_reporter(one))]
    return _found(connection, [wanted.where(near_) for near_ in _inside(one, near)] + keyed)


def closed_alike(connection: Connection, one: Ticket, near: Proximity) -> list[Ticket]:
    """Return the closed tickets whose closure this one may put in doubt. Indexes find them; the rule compares them exactly.

    Of one address, the last `MAX_KEYED` closed.
    """
    before = tickets.c.closed_at.between(one.opened_at - near.within, min(one.opened_at, one.matter_time))
    wanted = _others(one).where(tickets.c.state == State.CLOSED.value, before)
    keyed = [wanted.where(same).order_by(tickets.c.closed_at.desc()).limit(MAX_KEYED) for same in _same_address(one)]
    return _found(connection, [wanted.where(near_) for near_ in _inside(one, near)] + keyed)


def _others(one: Ticket) -> Select[Any]:
    return select(tickets.c.id, tickets.c.document).where(tickets.c.category == one.category, tickets.c.id != one.id)


def _inside(one: Ticket, near: Proximity) -> Iterator[ColumnElement[bool]]:
    """Yield the condition that a place is in the bounding box; nothing where the ticket has no place."""
    if one.place is not None:
        inside = box(one.place, near.metres)
        yield and_(
            tickets.c.lat.between(inside.south, inside.north),
            tickets.c.lon.between(inside.west, inside.east),
        )


def _same_address(one: Ticket) -> Iterator[ColumnElement[bool]]:
    if one.address_key is not None:
        yield tickets.c.address_key == one.address_key


def _same_reporter(one: Ticket) -> Iterator[ColumnElement[bool]]:
    if one.reporter_key is not None:
        yield tickets.c.reporter_key == one.reporter_key


def _found(connection: Connection, queries: list[Select[Any]]) -> list[Ticket]:
    """Return the tickets that the queries find, each once. Each index has a query: a database seldom joins two for an OR."""
    documents = {row.id: row.document for query in queries for row in connection.execute(query)}
    return [converter.structure(document, Ticket) for document in documents.values()]
