"""The rows of photographs in the database."""

from typing import Any

from sqlalchemy import Connection, func, insert, select

from services.tickets.store import ticket_photographs


def find(connection: Connection, ticket: str, photograph: str) -> dict[str, Any] | None:
    """Return a photograph of a ticket, or None."""
    one = (ticket_photographs.c.ticket == ticket, ticket_photographs.c.id == photograph)
    row = connection.execute(select(ticket_photographs).where(*one)).mappings().one_or_none()
    return dict(row) if row else None


def counts(connection: Connection, ticket: str) -> tuple[int, int]:
    """Return how many photographs a ticket has, and how many of them came by links."""
    by_links = func.count().filter(ticket_photographs.c.by.is_(None))
    row = connection.execute(select(func.count(), by_links).where(ticket_photographs.c.ticket == ticket)).one()
    return int(row[0]), int(row[1])


def add(connection: Connection, row: dict[str, Any]) -> None:
    """Add a photograph. It is counted at once, also by the next command of the same transaction."""
    connection.execute(insert(ticket_photographs).values(**row))
