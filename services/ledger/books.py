"""The books: kept from each event in the transaction of its entry, and made anew from the log alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, or_, select

from chassis.store import converter
from chassis.work import Work
from contracts.envelope import Event
from contracts.events.dispatch import AreaRegistered
from services.ledger import store
from services.ledger.domain.book import NOTED, Book
from services.ledger.store import Area


def keep(event: Event, work: Work) -> None:
    """Note an event in the book it belongs to; most belong to none, and cost nothing."""
    if event.type in NOTED:
        store.found(work, Book, event.subject).take(event)
    elif event.type == AreaRegistered.type:
        area = store.found(work, Area, event.subject)
        if (event.sequence or 0) > area.number:
            area.parent, area.number = event.data.get("parent"), event.sequence or 0


@dataclass(frozen=True)
class Selection:
    """Which tickets are asked about; None is any. An area stands for all that nests in it; a month is ``2026-03``."""

    area: str | None = None
    category: str | None = None
    urgency: str | None = None
    month: str | None = None


def selection(search: Mapping[str, Any]) -> Selection:
    """What was searched for."""
    return Selection(**{name: str(value) for name, value in search.items() if value is not None})


def selected(connection: Connection, chosen: Selection, zone: ZoneInfo) -> list[Book]:
    """The books of these tickets. Raises ValueError for what is no month."""
    table = store.ticket_book
    conditions: list[Any] = []
    if chosen.area:
        nested = nesting(parents(connection), chosen.area)
        conditions.append(or_(table.c.area.in_(nested), table.c.estate.in_(nested)))
    if chosen.category:
        conditions.append(table.c.category == chosen.category)
    if chosen.urgency:
        conditions.append(table.c.urgency == chosen.urgency)
    if chosen.month:
        first, next_ = month(chosen.month, zone)
        conditions += [table.c.opened_at >= first, table.c.opened_at < next_]
    rows = connection.execute(select(table.c.document).where(*conditions).order_by(table.c.id)).scalars()
    return [converter.structure(document, Book) for document in rows]


def month(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a month begins and ends. Raises ValueError."""
    first = datetime.strptime(text, "%Y-%m").replace(tzinfo=zone)
    return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def parents(connection: Connection) -> dict[str, str | None]:
    """What each area nests in."""
    rows = connection.execute(select(store.areas.c.id, store.areas.c.document))
    return {id_: document.get("parent") for id_, document in rows}


def nesting(parent: Mapping[str, str | None], area: str) -> set[str]:
    """An area and all that nests in it."""
    within, grown = {area}, True
    while grown:
        more = {code for code, above in parent.items() if above in within} - within
        within |= more
        grown = bool(more)
    return within


def books_of(bodies: Iterable[bytes]) -> dict[str, Book]:
    """Every ticket's book, from the log alone."""
    made: dict[str, Book] = {}
    for body in bodies:
        event = store.event_of(bytes(body))
        if event.type in NOTED:
            made.setdefault(event.subject, Book(event.subject)).take(event)
    return made


def rebuild(connection: Connection) -> tuple[int, int]:
    """Make the ticket book anew while appenders wait. Answers how many tickets there are, and how many books differed."""
    connection.execute(select(store.logs.c.id).where(store.logs.c.id == store.LOG).with_for_update()).one()
    table = store.ticket_book
    before = dict(connection.execute(select(table.c.id, table.c.document)).tuples().all())
    made = books_of(store.bodies(connection))
    rows = [{"id": id_, "document": store.BOOK.document(book), **store.BOOK.columns(book)} for id_, book in made.items()]
    connection.execute(delete(table))
    if rows:
        connection.execute(insert(table), rows)
    differing = sum(before.get(row["id"]) != row["document"] for row in rows)
    return len(rows), differing + len(before.keys() - made.keys())
