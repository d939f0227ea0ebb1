"""The ticket book (台账): one record per ticket with the facts that the figures are made of.

A record follows from the events alone, in whatever order they came: what may be said again is decided by the number its
source gave it, never by when it arrived. So a book that is made anew from the log is the same book.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.codes import Clock, Closure, Purpose
from contracts.envelope import Event, EventSchema
from contracts.events import dispatch as d
from contracts.events import tickets as t


@dataclass
class Call:
    """A responder called to handle, and whether it was there in time."""

    unit: str | None = None
    due: datetime | None = None
    reported_in: datetime | None = None
    relieved_at: datetime | None = None


@dataclass
class Book:
    """Instants are business time. ``opened_at`` is None until the ticket's own event came: then it counts for nothing."""

    id: str
    category: str | None = None
    area: str | None = None
    estate: str | None = None
    urgency: str | None = None
    opened_at: datetime | None = None
    contact_due: datetime | None = None
    contacted_at: datetime | None = None
    handle_due: datetime | None = None
    extended: bool = False
    handled_at: datetime | None = None
    closed_at: datetime | None = None
    closure: str | None = None
    resolved: bool | None = None
    satisfied: bool | None = None
    out: str | None = None
    """Rejected, merged or cancelled: not counted anywhere."""
    calls: dict[str, Call] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    """The number of the event that a changeable fact was last taken from."""

    def take(self, event: Event) -> None:
        """Take a fact over. An event that no figure needs changes nothing."""
        if note := NOTED.get(event.type):
            note(self, event, event.data)

    def newer(self, fact: str, event: Event) -> bool:
        """Whether an event is the latest word about a fact so far; if so, it is remembered as such."""
        number = event.sequence or 0
        if self.numbers.get(fact, 0) >= number:
            return False
        self.numbers[fact] = number
        return True

    def call(self, assignment: str) -> Call:
        """The record of an assignment."""
        return self.calls.setdefault(assignment, Call())


Data = Mapping[str, Any]


def _opened(book: Book, event: Event, data: Data) -> None:
    book.category, book.area, book.estate = data["category"], data["area"], data.get("estate")
    book.opened_at = data["opened_at"]
    if book.newer("urgency", event):
        book.urgency = data["urgency"].value


def _raised(book: Book, event: Event, data: Data) -> None:
    if book.newer("urgency", event):
        book.urgency = data["urgency"].value


def _deadline(book: Book, event: Event, data: Data) -> None:
    clock, assignment = data["clock"], data.get("assignment")
    if clock is Clock.REPORT_IN and assignment:
        if book.newer(f"report_in:{assignment}", event):
            book.call(assignment).due = data["due"]
    elif clock is Clock.CONTACT and book.newer("contact_due", event):
        book.contact_due = data["due"]
    elif clock is Clock.HANDLE and book.newer("handle_due", event):
        book.handle_due = data["due"]


def _extended(book: Book, event: Event, data: Data) -> None:
    if data["clock"] is Clock.HANDLE:
        book.extended = True
    _deadline(book, event, data)


def _contacted(book: Book, event: Event, _data: Data) -> None:
    book.contacted_at = min(book.contacted_at or event.time, event.time)


def _made(book: Book, _event: Event, data: Data) -> None:
    if data["purpose"] is Purpose.HANDLE:
        book.call(data["assignment"]).unit = data["to"]


def _reported_in(book: Book, event: Event, data: Data) -> None:
    call = book.call(data["assignment"])
    call.reported_in = min(call.reported_in or event.time, event.time)


def _relieved(book: Book, event: Event, data: Data) -> None:
    book.call(data["assignment"]).relieved_at = event.time


def _handled(book: Book, event: Event, _data: Data) -> None:
    book.handled_at = max(book.handled_at or event.time, event.time)


def _rated(book: Book, event: Event, data: Data) -> None:
    if book.newer("rated", event):
        book.resolved, book.satisfied = data["resolved"], data["satisfied"]


def _closed(book: Book, event: Event, data: Data) -> None:
    if book.newer("closed", event):
        book.closed_at, book.closure = event.time, data["closure"].value
        if data["closure"] in (Closure.NO_ANSWER, Closure.NO_CONTACT) and book.newer("rated", event):
            book.resolved = book.satisfied = None


def _reopened(book: Book, event: Event, _data: Data) -> None:
    if book.newer("closed", event):
        book.closed_at = book.closure = None


def _out(book: Book, event: Event, _data: Data) -> None:
    book.out = event.type.split(".")[1]


Note = Callable[[Book, Event, Data], None]
_NOTED: dict[type[EventSchema], Note] = {
    t.TicketOpened: _opened,
    t.TicketUrgencyRaised: _raised,
    t.TicketHandled: _handled,
    t.TicketRated: _rated,
    t.TicketClosed: _closed,
    t.TicketReopened: _reopened,
    t.TicketRejected: _out,
    t.TicketMerged: _out,
    t.TicketCancelled: _out,
    d.DeadlineSet: _deadline,
    d.DeadlineExtended: _extended,
    d.AssignmentMade: _made,
    d.AssignmentContacted: _contacted,
    d.AssignmentReportedIn: _reported_in,
    d.AssignmentRelieved: _relieved,
    d.AssignmentReturned: _relieved,
}
NOTED: Mapping[str, Note] = {schema.type: note for schema, note in _NOTED.items()}
"""What is noted in the book, by event type."""
