"""The tickets behind a figure, page by page in the order of their ids, with what each adds to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from contracts.http.ledger_tickets import Side
from services.ledger.domain.kpi_figures import Formula, is_counted
from services.ledger.domain.ticket_record import TicketRecord
from services.ledger.kpi_query import kpi_query, records_after

BATCH, MAX_READ = 500, 5_000
"""The rows that one statement reads, and those after which a page ends, however few of their tickets fit."""


@dataclass(frozen=True)
class FigureTicket:
    """A ticket behind a figure, in the contract's fields."""

    id: str
    category: str | None
    area: str | None
    estate: str | None
    urgency: str | None
    level: str | None
    opened_at: datetime | None
    due: datetime | None
    closed_at: datetime | None
    numerator: int
    denominator: int
    apart: list[str]

    @property
    def counts(self) -> bool:
        """Return whether it is behind the figure at all."""
        return bool(self.numerator or self.denominator or self.apart)

    def is_on(self, side: Side | None) -> bool:
        """Return whether it is on a side of the figure."""
        sides = {Side.HIT: self.numerator > 0, Side.MISS: self.denominator > self.numerator, Side.APART: bool(self.apart)}
        return self.counts and (side is None or sides[side])


@dataclass
class TicketPage:
    """A page of tickets. ``next`` is the id after which the next page begins; None on the last page."""

    tickets: list[FigureTicket] = field(default_factory=list)
    next: str | None = None


def tickets_after(
    connection: Connection, formula: Formula, search: Mapping[str, Any], zone: ZoneInfo, at: datetime
) -> TicketPage:
    """Return one page. ``search`` is a loaded `FigureTicketSearch`."""
    chosen, side, cursor, read = kpi_query(search), search.get("side"), search.get("after"), 0
    page = TicketPage()
    while read < MAX_READ:
        records, following = records_after(connection, chosen, zone, cursor, BATCH)
        for ticket in (_ticket(formula, record, at) for record in records if is_counted(record)):
            if ticket.is_on(side):
                if len(page.tickets) == search["limit"]:
                    page.next = page.tickets[-1].id
                    return page
                page.tickets.append(ticket)
        if following is None:
            return page
        cursor, read = following, read + BATCH
    page.next = cursor
    return page


def _ticket(formula: Formula, record: TicketRecord, at: datetime) -> FigureTicket:
    return FigureTicket(
        id=record.id,
        category=record.category,
        area=record.area,
        estate=record.estate,
        urgency=record.urgency,
        level=record.level,
        opened_at=record.opened_at,
        due=record.handle_due,
        closed_at=record.closed_at,
        numerator=formula.hit(record, at),
        denominator=formula.of(record, at),
        apart=[name for name, count in formula.apart.items() if count(record, at)],
    )
