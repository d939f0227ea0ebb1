"""Which tickets a figure is asked of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select

from chassis.persistence import converter
from services.ledger import store
from services.ledger.domain.book import Book


@dataclass(frozen=True)
class Selection:
    """Which tickets are asked about; None is any. An area stands for all that nests in it; a month is ``2026-03``.

    A level is where the case stands or what ended it; of a unit's tickets only its own calls and mediations count.
    """

    area: str | None = None
    category: str | None = None
    urgency: str | None = None
    level: str | None = None
    unit: str | None = None
    month: str | None = None


def selection(search: Mapping[str, Any]) -> Selection:
    """What was searched for; what it is grouped by is no part of it."""
    return Selection(**{name: str(value) for name, value in search.items() if value is not None and name != "by"})


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
    books = [converter.structure(document, Book) for document in rows]
    if chosen.level:
        books = [book for book in books if book.level == chosen.level]
    if chosen.unit:
        books = [part for book in books if (part := book.of_unit(chosen.unit))]
    return books


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
