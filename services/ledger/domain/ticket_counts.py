"""Counts of tickets by their state."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.ledger.domain.ticket_record import TicketRecord


@dataclass
class TicketCounts:
    """The counts of some tickets. ``open``, ``closed`` and the three kinds that are out add up to ``opened``."""

    opened: int = 0
    open: int = 0
    overdue: int = 0
    """Of the open ones, those whose time to be handled is over: what the completion rate lacks."""
    closed: int = 0
    rejected: int = 0
    merged: int = 0
    cancelled: int = 0


def count_tickets(records: Iterable[TicketRecord], at: datetime) -> TicketCounts:
    """Return the counts of the tickets that were opened."""
    counts = TicketCounts()
    for record in records:
        if record.opened_at is None:
            continue
        counts.opened += 1
        counts.rejected += record.out == "rejected"
        counts.merged += record.out == "merged"
        counts.cancelled += record.out == "cancelled"
        if record.out is None:
            is_open = record.closed_at is None
            counts.closed += not is_open
            counts.open += is_open
            counts.overdue += is_open and record.handle_due is not None and record.handle_due <= at
    return counts
