"""The ticket book and the areas: kept from each event in the transaction of its entry, and made anew from the log alone."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from chassis.handler_context import HandlerContext
from contracts.envelope import Event
from contracts.events.dispatch import AreaRegistered
from services.ledger import store
from services.ledger.checkpoint_dir import CheckpointDir
from services.ledger.domain.book import Book
from services.ledger.domain.noting import NOTED, note
from services.ledger.monitor import verify_whole
from services.ledger.store import Area


def keep(event: Event, ctx: HandlerContext) -> None:
    """Note an event in the book it belongs to; most belong to none, and cost nothing."""
    if event.type in NOTED:
        note(store.found(ctx, Book, event.subject), event)
    elif isinstance(event.payload, AreaRegistered):
        area = store.found(ctx, Area, event.subject)
        if (event.sequence or 0) > area.number:
            area.parent, area.number = event.payload.parent, event.sequence or 0


def books_of(bodies: Iterable[bytes]) -> dict[str, Book]:
    """Every ticket's book, from the log alone."""
    made: dict[str, Book] = {}
    for body in bodies:
        event = store.event_of(bytes(body))
        if event.type in NOTED:
            note(made.setdefault(event.subject, Book(event.subject)), event)
    return made


def rebuild(connection: Connection, directory: CheckpointDir | None = None) -> tuple[int, int]:
    """Make the ticket book anew while appenders wait. Answers how many tickets there are, and how many books differed.

    Raises LogDisagrees where the log is not the one that was signed: then nothing is made of it.
    """
    connection.execute(select(store.logs.c.id).where(store.logs.c.id == store.LOG).with_for_update()).one()
    verify_whole(connection, directory)
    table = store.ticket_book
    before = dict(connection.execute(select(table.c.id, table.c.document)).tuples().all())
    made = books_of(store.bodies(connection))
    rows = [{"id": id_, "document": store.BOOK.document(book), **store.BOOK.columns(book)} for id_, book in made.items()]
    connection.execute(delete(table))
    if rows:
        connection.execute(insert(table), rows)
    differing = sum(before.get(row["id"]) != row["document"] for row in rows)
    return len(rows), differing + len(before.keys() - made.keys())
