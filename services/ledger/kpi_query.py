"""The query for the tickets of a figure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from chassis.persistence import converter
from services.ledger import store
from services.ledger.domain.ticket_record import TicketRecord


@dataclass(frozen=True)
class KpiQuery:
    """The filters of a figure; None matches any ticket. An area stands for all areas within it; a month is ``2026-03``.

    A level is where the case stands or what ended it; of a unit's tickets only its own calls and mediations count.
    """

    area: str | None = None
    category: str | None = None
    urgency: str | None = None
    level: str | None = None
    unit: str | None = None
    month: str | None = None


def kpi_query(search: Mapping[str, Any]) -> KpiQuery:
    """Return the query of a search. Grouping, side and page are no part of it."""
    return KpiQuery(**{one.name: str(search[one.name]) for one in fields(KpiQuery) if search.get(one.name) is not None})


def matching_records(connection: Connection, chosen: KpiQuery, zone: ZoneInfo) -> list[TicketRecord]:
    """Return the records of the matching tickets. Raises ValueError for an invalid month."""
    query = select(store.ticket_book.c.document).where(*_conditions(connection, chosen, zone)).order_by(store.ticket_book.c.id)
    return _narrowed((converter.structure(one, TicketRecord) for one in connection.execute(query).scalars()), chosen)


def records_after(
    connection: Connection, chosen: KpiQuery, zone: ZoneInfo, after: str | None, most: int
) -> tuple[list[TicketRecord], str | None]:
    """Return the matching records among the next rows in the order of ids, and the last row's id; None where no row is left.

    At most so many rows are read. Raises ValueError for an invalid month.
    """
    table = store.ticket_book
    query = select(table.c.document).where(*_conditions(connection, chosen, zone)).order_by(table.c.id).limit(most)
    if after is not None:
        query = query.where(table.c.id > after)
    records = [converter.structure(one, TicketRecord) for one in connection.execute(query).scalars()]
    return _narrowed(records, chosen), records[-1].id if len(records) == most else None


def _conditions(connection: Connection, chosen: KpiQuery, zone: ZoneInfo) -> Iterator[ColumnElement[bool]]:
    table = store.ticket_book
    if chosen.area:
        nested = area_with_descendants(area_parents(connection), chosen.area)
        yield or_(table.c.area.in_(nested), table.c.estate.in_(nested))
    if chosen.category:
        yield table.c.category == chosen.category
    if chosen.urgency:
        yield table.c.urgency == chosen.urgency
    if chosen.month:
        first, next_ = month_bounds(chosen.month, zone)
        yield and_(table.c.opened_at >= first, table.c.opened_at < next_)


def _narrowed(records: Iterable[TicketRecord], chosen: KpiQuery) -> list[TicketRecord]:
    """Return the records of a level and the parts that are a unit's own: neither has a column."""
    if chosen.level:
        records = (record for record in records if record.level == chosen.level)
    if chosen.unit:
        records = (part for record in records if (part := record.for_unit(chosen.unit)))
    return list(records)


def month_bounds(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the beginning and the end of a month. Raises ValueError."""
    first = datetime.strptime(text, "%Y-%m").replace(tzinfo=zone)
    return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def area_parents(connection: Connection) -> dict[str, str | None]:
    """Return the parent of each area."""
    rows = connection.execute(select(store.areas.c.id, store.areas.c.document))
    return {id_: document.get("parent") for id_, document in rows}


def area_with_descendants(parent: Mapping[str, str | None], area: str) -> set[str]:
    """Return an area and all areas within it."""
    within, grown = {area}, True
    while grown:
        more = {code for code, above in parent.items() if above in within} - within
        within |= more
        grown = bool(more)
    return within
