"""What the ticket book takes from which event.

A record follows from the events alone, in whatever order they came: what may be said again is decided by the number its
source gave it, never by when it arrived. So a book that is made anew from the log is the same book.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from contracts.codes import Clock, Purpose
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.payload import EventPayload
from services.ledger.domain.book import Answer, Book

P = TypeVar("P", bound=EventPayload)
Note = Callable[[Book, Event[P]], None]
OfLevel = d.CaseStarted | d.CaseEscalated | d.CaseResumed | d.CaseRerouted | d.CaseCompleted
"""The payloads that name the level of the ladder at which a case stands."""


def note(book: Book, event: Event) -> None:
    """Take a fact over. An event that no figure needs changes nothing."""
    if noting := NOTED.get(event.type):
        noting(book, event)


def _newer(book: Book, fact: str, event: Event) -> bool:
    return book.newer(fact, event.sequence or 0)


# --- what tickets says


def _opened(book: Book, event: Event[t.TicketOpened]) -> None:
    if _newer(book, "category", event):
        book.category = event.payload.category
    book.area, book.estate = event.payload.area, event.payload.estate
    book.opened_at = event.payload.opened_at
    _urgency(book, event)


def _urgency(book: Book, event: Event[t.TicketOpened | t.TicketUrgencyRaised]) -> None:
    if _newer(book, "urgency", event):
        book.urgency = event.payload.urgency.value


def _category(book: Book, event: Event[t.TicketCategoryChanged]) -> None:
    if _newer(book, "category", event):
        book.category = event.payload.category


def _handled(book: Book, event: Event) -> None:
    if _newer(book, "handled", event):
        book.handled_at = event.time


def _rework_ordered(book: Book, event: Event[t.TicketReworkOrdered]) -> None:
    book.reworked[str(event.payload.generation - 1)] = True  # the event names the new generation


def _rated(book: Book, event: Event[t.TicketRated]) -> None:
    book.answers[str(event.payload.generation)] = Answer(event.payload.resolved, event.payload.satisfied)


def _closed(book: Book, event: Event[t.TicketClosed]) -> None:
    if _newer(book, "closed", event):
        book.closed_at, book.closure = event.time, event.payload.closure.value


def _reopened(book: Book, event: Event) -> None:
    if _newer(book, "closed", event):
        book.closed_at = book.closure = None


def _doubted(book: Book, _event: Event) -> None:
    book.doubted = True


def _out(book: Book, event: Event) -> None:
    if _newer(book, "out", event):
        book.out = event.type.split(".")[1]


def _unmerged(book: Book, event: Event) -> None:
    if _newer(book, "out", event):
        book.out = None


# --- what dispatch says


def _level(book: Book, event: Event[OfLevel]) -> None:
    if _newer(book, "level", event):
        book.level = event.payload.level


def _completed(book: Book, event: Event[d.CaseCompleted]) -> None:
    book.rungs[str(event.payload.generation)] = event.payload.rung
    _level(book, event)


def _deadline(book: Book, event: Event[d.DeadlineSet | d.DeadlineExtended]) -> None:
    clock, assignment = event.payload.clock, event.payload.assignment
    if clock is Clock.REPORT_IN and assignment:
        if _newer(book, f"report_in:{assignment}", event):
            book.call(assignment).due = event.payload.due
    elif clock is Clock.CONTACT and _newer(book, "contact_due", event):
        book.contact_due = event.payload.due
    elif clock is Clock.HANDLE and _newer(book, "handle_due", event):
        book.handle_due = event.payload.due


def _extended(book: Book, event: Event[d.DeadlineExtended]) -> None:
    if event.payload.clock is Clock.HANDLE:
        book.extended = True
    _deadline(book, event)


def _made(book: Book, event: Event[d.AssignmentMade]) -> None:
    if event.payload.purpose is Purpose.HANDLE:
        book.call(event.payload.assignment).unit = event.payload.to


def _contacted(book: Book, event: Event) -> None:
    # a book of an earlier version has a contact without a number: that was the first
    unnumbered = book.contacted_at is not None and "contacted" not in book.numbers
    if not unnumbered and book.first("contacted", event.sequence or 0):
        book.contacted_at = event.time


def _reported_in(book: Book, event: Event[d.AssignmentReportedIn]) -> None:
    call = book.call(event.payload.assignment)
    call.reported_in = min(call.reported_in or event.time, event.time)


def _relieved(book: Book, event: Event[d.AssignmentRelieved | d.AssignmentReturned]) -> None:
    book.call(event.payload.assignment).relieved_at = event.time


def _returned(book: Book, event: Event[d.AssignmentReturned]) -> None:
    book.call(event.payload.assignment).returned = True
    _relieved(book, event)


def _mediation_opened(book: Book, event: Event[d.MediationOpened]) -> None:
    book.mediation(event.payload.mediation).mediator = event.payload.mediator


def _agreed(book: Book, event: Event[d.MediationAgreed]) -> None:
    mediation = book.mediation(event.payload.mediation)
    mediation.agreed, mediation.perform_by = True, event.payload.perform_by


def _failed(book: Book, event: Event[d.MediationFailed]) -> None:
    book.mediation(event.payload.mediation).failed = True


def _performed(book: Book, event: Event[d.MediationPerformed | d.MediationNotPerformed]) -> None:
    if _newer(book, f"performed:{event.payload.mediation}", event):
        book.mediation(event.payload.mediation).performed = event.type == d.MediationPerformed.type


def _joint_action_called(book: Book, event: Event[d.JointActionCalled]) -> None:
    book.joint_actions[event.payload.joint_action] = event.payload.lead


def _verification_done(book: Book, event: Event[d.VerificationDone]) -> None:
    book.verified[str(event.payload.generation)] = event.payload.passed


def _line(payload: type[P], noting: Note[P]) -> tuple[str, Note[Any]]:
    """A line of the table: the function takes events with this payload."""
    return payload.type, noting


NOTED: Mapping[str, Note[Any]] = dict(
    (
        _line(t.TicketOpened, _opened),
        _line(t.TicketUrgencyRaised, _urgency),
        _line(t.TicketCategoryChanged, _category),
        _line(t.TicketHandled, _handled),
        _line(t.TicketReworkOrdered, _rework_ordered),
        _line(t.TicketRated, _rated),
        _line(t.TicketClosed, _closed),
        _line(t.TicketReopened, _reopened),
        _line(t.TicketClosureDoubted, _doubted),
        _line(t.TicketRejected, _out),
        _line(t.TicketMerged, _out),
        _line(t.TicketCancelled, _out),
        _line(t.TicketUnmerged, _unmerged),
        _line(d.CaseStarted, _level),
        _line(d.CaseEscalated, _level),
        _line(d.CaseResumed, _level),
        _line(d.CaseRerouted, _level),
        _line(d.CaseCompleted, _completed),
        _line(d.DeadlineSet, _deadline),
        _line(d.DeadlineExtended, _extended),
        _line(d.AssignmentMade, _made),
        _line(d.AssignmentContacted, _contacted),
        _line(d.AssignmentReportedIn, _reported_in),
        _line(d.AssignmentRelieved, _relieved),
        _line(d.AssignmentReturned, _returned),
        _line(d.MediationOpened, _mediation_opened),
        _line(d.MediationAgreed, _agreed),
        _line(d.MediationFailed, _failed),
        _line(d.MediationPerformed, _performed),
        _line(d.MediationNotPerformed, _performed),
        _line(d.JointActionCalled, _joint_action_called),
        _line(d.VerificationDone, _verification_done),
    )
)
"""What is noted in the book, by event type."""
