"""The private part of a ticket, for those who work on it."""

from typing import Any

from sqlalchemy import Connection, Table, select

from services.tickets import store
from services.tickets.domain.ticket import Ticket


def matter(connection: Connection, ticket: Ticket) -> dict[str, Any]:
    """Return the private part of a ticket, in the fields of `contracts.http.desk.Matter`."""
    whistle = store.whistle(connection, ticket.id)
    return {
        "ticket": ticket.id,
        "text": whistle.text,
        "address": whistle.address,
        "area": ticket.area,
        "estate": ticket.estate,
        "place": ticket.place,
        "reporter": whistle.reporter,
        "respondent": whistle.respondent,
        "channel": ticket.channel,
        "source": store.producer(connection, ticket.id),
        "opened_at": ticket.opened_at,
        "occurred_at": ticket.occurred_at,
        "requests": in_order(connection, store.requests, ticket.id),
        "notes": in_order(connection, store.ticket_notes, ticket.id),
        "photographs": in_order(connection, store.ticket_photographs, ticket.id),
    }


def in_order(connection: Connection, table: Table, ticket: str) -> list[dict[str, Any]]:
    """Return the rows of a ticket, the first first."""
    rows = select(table).where(table.c.ticket == ticket).order_by(table.c.position)
    return [dict(row) for row in connection.execute(rows).mappings()]
