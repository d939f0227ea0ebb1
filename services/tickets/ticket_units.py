"""The units that work on a ticket, as far as dispatch announced them: who may read the private part of a ticket.

A unit may from its assignment until it is relieved, returns the assignment or is excused, and until the ticket is settled. A
unit that reported done keeps the right until then: it may be asked about its work.
"""

from datetime import datetime

from sqlalchemy import Connection, select, update

from chassis.configuration.identities import Actor
from chassis.persistence.statements import dialect_insert
from contracts.codes import Purpose
from services.tickets.store import ticket_units, tickets


def begin(connection: Connection, assignment: str, ticket: str, unit: str, purpose: Purpose) -> None:
    """Record an assignment. One whose end was heard before stays ended."""
    row = {"assignment": assignment, "ticket": ticket, "unit": unit, "purpose": purpose.value}
    statement = dialect_insert(connection)(ticket_units).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=["assignment"], set_={"purpose": purpose.value}))


def end(connection: Connection, assignment: str, ticket: str, unit: str, at: datetime) -> None:
    """Record that an assignment ended, also one whose beginning was not heard yet."""
    row = {"assignment": assignment, "ticket": ticket, "unit": unit, "ended_at": at}
    statement = dialect_insert(connection)(ticket_units).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=["assignment"], set_={"ended_at": at}))


def end_all(connection: Connection, ticket: str, unit: str, at: datetime) -> None:
    """Record that every assignment of a unit to handle a ticket ended."""
    of_unit = (ticket_units.c.ticket == ticket, ticket_units.c.unit == unit, ticket_units.c.purpose == Purpose.HANDLE.value)
    connection.execute(update(ticket_units).where(*of_unit, ticket_units.c.ended_at.is_(None)).values(ended_at=at))


def may_read(connection: Connection, actor: Actor, ticket: str) -> bool:
    """Return whether an account speaks for a unit that may read the private part of a ticket."""
    at_work = (
        select(ticket_units.c.unit)
        .join(tickets, tickets.c.id == ticket_units.c.ticket)
        .where(ticket_units.c.ticket == ticket, ticket_units.c.ended_at.is_(None), tickets.c.settled.is_(False))
    )
    return any(actor.speaks_for(unit) for unit in connection.execute(at_work).scalars())
