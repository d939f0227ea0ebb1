"""The projection of the ticket records and the areas, kept in the transaction of each entry, and rebuilt from the log alone."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from chassis.handler_context import HandlerContext
from contracts.envelope import Event
from contracts.events.dispatch import AreaRegistered
from services.ledger import store
from services.ledger.checkpoint_dir import CheckpointDir
from services.ledger.domain.ticket_projection import PROJECTORS
from services.ledger.domain.ticket_projection import project as project_ticket
from services.ledger.domain.ticket_record import TicketRecord
from services.ledger.log_monitor import verify_whole_log
from services.ledger.store import Area


def project(event: Event, ctx: HandlerContext) -> None:
    """Apply an event to the record it belongs to. Most events belong to none, and cost nothing."""
    if event.type in PROJECTORS:
        project_ticket(store.get_or_add(ctx, TicketRecord, event.subject), event)
    elif isinstance(event.payload, AreaRegistered):
        area = store.get_or_add(ctx, Area, event.subject)
        if (event.sequence or 0) > area.number:
            area.parent, area.number = event.payload.parent, event.sequence or 0


def records_from_log(entry_bodies: Iterable[bytes]) -> dict[str, TicketRecord]:
    """Return every ticket's record, from the log alone."""
    made: dict[str, TicketRecord] = {}
    for body in entry_bodies:
        event = store.event_from_body(bytes(body))
        if event.type in PROJECTORS:
            project_ticket(made.setdefault(event.subject, TicketRecord(event.subject)), event)
    return made


def rebuild(connection: Connection, directory: CheckpointDir | None = None) -> tuple[int, int]:
    """Rebuild the ticket records while appenders wait. Return the number of tickets, and of records that differed.

    Raises LogDisagrees where the log is not the one that was signed: then nothing is made of it.
    """
    connection.execute(select(store.logs.c.id).where(store.logs.c.id == store.LOG).with_for_update()).one()
    verify_whole_log(connection, directory)
    table = store.ticket_book
    before = dict(connection.execute(select(table.c.id, table.c.document)).tuples().all())
    made = records_from_log(store.entry_bodies(connection))
    rows = [
        {"id": id_, "document": store.TICKET_RECORDS.document(record), **store.TICKET_RECORDS.columns(record)}
        for id_, record in made.items()
    ]
    connection.execute(delete(table))
    if rows:
        connection.execute(insert(table), rows)
    differing = sum(before.get(row["id"]) != row["document"] for row in rows)
    return len(rows), differing + len(before.keys() - made.keys())
