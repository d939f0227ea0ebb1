"""What the ticket book takes from which event.

A record follows from the events alone, in whatever order they came: what may be said again is decided by the number its
source gave it, never by when it arrived. So a book that is made anew from the log is the same book.
"""

from collections.abc import Callable, Mapping
from typing import Any

from contracts.codes import Clock, Purpose
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.payload import EventPayload
from services.ledger.domain.book import Answer, Book

Data = Mapping[str, Any]
Note = Callable[[Book, Event, Data], None]


def note(book: Book, event: Event) -> None:
    """Take a fact over. An event that no figure needs changes nothing."""
    if noting := NOTED.get(event.type):
        noting(book, event, event.data)


def _newer(book: Book, fact: str, event: Event) -> bool:
    return book.newer(fact, event.sequence or 0)


# --- what tickets says


def _opened(book: Book, event: Event, data: Data) -> None:
    if _newer(book, "category", event):
        book.category = data["category"]
    book.area, book.estate = data["area"], data.get("estate")
    book.opened_at = data["opened_at"]
    _urgency(book, event, data)


def _urgency(book: Book, event: Event, data: Data) -> None:
    if _newer(book, "urgency", event):
        book.urgency = data["urgency"].value


def _category(book: Book, event: Event, data: Data) -> None:
    if _newer(book, "category", event):
        book.category = data["category"]


def _handled(book: Book, event: Event, _data: Data) -> None:
    if _newer(book, "handled", event):
        book.handled_at = event.time


def _rework_ordered(book: Book, _event: Event, data: Data) -> None:
    book.reworked[str(data["generation"] - 1)] = True  # the event names the new generation


def _rated(book: Book, _event: Event, data: Data) -> None:
    book.answers[str(data["generation"])] = Answer(data["resolved"], data["satisfied"])


def _closed(book: Book, event: Event, data: Data) -> None:
    if _newer(book, "closed", event):
        book.closed_at, book.closure = event.time, data["closure"].value


def _reopened(book: Book, event: Event, _data: Data) -> None:
    if _newer(book, "closed", event):
        book.closed_at = book.closure = None


def _doubted(book: Book, _event: Event, _data: Data) -> None:
    book.doubted = True


def _out(book: Book, event: Event, _data: Data) -> None:
    if _newer(book, "out", event):
        book.out = event.type.split(".")[1]


def _unmerged(book: Book, event: Event, _data: Data) -> None:
    if _newer(book, "out", event):
        book.out = None


# --- what dispatch says


def _level(book: Book, event: Event, data: Data) -> None:
    if _newer(book, "level", event):
        book.level = data.get("level")


def _completed(book: Book, event: Event, data: Data) -> None:
    book.rungs[str(data["generation"])] = data["rung"]
    _level(book, event, data)


def _deadline(book: Book, event: Event, data: Data) -> None:
    clock, assignment = data["clock"], data.get("assignment")
    if clock is Clock.REPORT_IN and assignment:
        if _newer(book, f"report_in:{assignment}", event):
            book.call(assignment).due = data["due"]
    elif clock is Clock.CONTACT and _newer(book, "contact_due", event):
        book.contact_due = data["due"]
    elif clock is Clock.HANDLE and _newer(book, "handle_due", event):
        book.handle_due = data["due"]


def _extended(book: Book, event: Event, data: Data) -> None:
    if data["clock"] is Clock.HANDLE:
        book.extended = True
    _deadline(book, event, data)


def _made(book: Book, _event: Event, data: Data) -> None:
    if data["purpose"] is Purpose.HANDLE:
        book.call(data["assignment"]).unit = data["to"]


def _contacted(book: Book, event: Event, _data: Data) -> None:
    # a book of an earlier version has a contact without a number: that was the first
    unnumbered = book.contacted_at is not None and "contacted" not in book.numbers
    if not unnumbered and book.first("contacted", event.sequence or 0):
        book.contacted_at = event.time


def _reported_in(book: Book, event: Event, data: Data) -> None:
    call = book.call(data["assignment"])
    call.reported_in = min(call.reported_in or event.time, event.time)


def _relieved(book: Book, event: Event, data: Data) -> None:
    book.call(data["assignment"]).relieved_at = event.time


def _returned(book: Book, event: Event, data: Data) -> None:
    book.call(data["assignment"]).returned = True
    _relieved(book, event, data)


def _mediation_opened(book: Book, _event: Event, data: Data) -> None:
    book.mediation(data["mediation"]).mediator = data["mediator"]


def _agreed(book: Book, _event: Event, data: Data) -> None:
    mediation = book.mediation(data["mediation"])
    mediation.agreed, mediation.perform_by = True, data["perform_by"]


def _failed(book: Book, _event: Event, data: Data) -> None:
    book.mediation(data["mediation"]).failed = True


def _performed(book: Book, event: Event, data: Data) -> None:
    if _newer(book, f"performed:{data['mediation']}", event):
        book.mediation(data["mediation"]).performed = event.type == d.MediationPerformed.type


def _joint_action_called(book: Book, _event: Event, data: Data) -> None:
    book.joint_actions[data["joint_action"]] = data["lead"]


def _verification_done(book: Book, _event: Event, data: Data) -> None:
    book.verified[str(data["generation"])] = data["passed"]


_NOTED: dict[type[EventPayload], Note] = {
    t.TicketOpened: _opened,
    t.TicketUrgencyRaised: _urgency,
    t.TicketCategoryChanged: _category,
    t.TicketHandled: _handled,
    t.TicketReworkOrdered: _rework_ordered,
    t.TicketRated: _rated,
    t.TicketClosed: _closed,
    t.TicketReopened: _reopened,
    t.TicketClosureDoubted: _doubted,
    t.TicketRejected: _out,
    t.TicketMerged: _out,
    t.TicketCancelled: _out,
    t.TicketUnmerged: _unmerged,
    d.CaseStarted: _level,
    d.CaseEscalated: _level,
    d.CaseResumed: _level,
    d.CaseRerouted: _level,
    d.CaseCompleted: _completed,
    d.DeadlineSet: _deadline,
    d.DeadlineExtended: _extended,
    d.AssignmentMade: _made,
    d.AssignmentContacted: _contacted,
    d.AssignmentReportedIn: _reported_in,
    d.AssignmentRelieved: _relieved,
    d.AssignmentReturned: _returned,
    d.MediationOpened: _mediation_opened,
    d.MediationAgreed: _agreed,
    d.MediationFailed: _failed,
    d.MediationPerformed: _performed,
    d.MediationNotPerformed: _performed,
    d.JointActionCalled: _joint_action_called,
    d.VerificationDone: _verification_done,
}
NOTED: Mapping[str, Note] = {schema.type: noting for schema, noting in _NOTED.items()}
"""What is noted in the book, by event type."""
