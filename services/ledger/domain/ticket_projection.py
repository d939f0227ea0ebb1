"""The projection of events onto ticket records: the facts that a record takes from each event.

A record follows from the events alone, in whatever order they came: what may be said again is decided by the number its
source gave it, never by when it arrived. So a record that is rebuilt from the log is the same record.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from contracts.codes import Clock, Purpose
from contracts.envelope import Event
from contracts.events import dispatch as d
from contracts.events import tickets as t
from contracts.payload import EventPayload
from services.ledger.domain.ticket_record import Answer, TicketRecord

P = TypeVar("P", bound=EventPayload)
Projector = Callable[[TicketRecord, Event[P]], None]
OfLevel = d.CaseStarted | d.CaseEscalated | d.CaseResumed | d.CaseRerouted | d.CaseCompleted
"""The payloads that name the level at which a case stands."""


def project(record: TicketRecord, event: Event) -> None:
    """Apply an event to a record. An event that no figure needs changes nothing."""
    if projector := PROJECTORS.get(event.type):
        projector(record, event)


def _newer(record: TicketRecord, fact: str, event: Event) -> bool:
    return record.newer(fact, event.sequence or 0)


# --- what tickets says


def _opened(record: TicketRecord, event: Event[t.TicketOpened]) -> None:
    if _newer(record, "category", event):
        record.category = event.payload.category
    record.area, record.estate = event.payload.area, event.payload.estate
    record.opened_at = event.payload.opened_at
    _urgency(record, event)


def _urgency(record: TicketRecord, event: Event[t.TicketOpened | t.TicketUrgencyRaised]) -> None:
    if _newer(record, "urgency", event):
        record.urgency = event.payload.urgency.value


def _category(record: TicketRecord, event: Event[t.TicketCategoryChanged | t.TicketCategoryChangedV1]) -> None:
    if _newer(record, "category", event):
        record.category = event.payload.category


def _handled(record: TicketRecord, event: Event) -> None:
    if _newer(record, "handled", event):
        record.handled_at = event.time


def _rework_ordered(record: TicketRecord, event: Event[t.TicketReworkOrdered]) -> None:
    record.reworked[str(event.payload.generation - 1)] = True  # the event names the new generation


def _rated(record: TicketRecord, event: Event[t.TicketRated]) -> None:
    record.answers[str(event.payload.generation)] = Answer(event.payload.resolved, event.payload.satisfied)


def _closed(record: TicketRecord, event: Event[t.TicketClosed]) -> None:
    if _newer(record, "closed", event):
        record.closed_at, record.closure = event.time, event.payload.closure.value


def _reopened(record: TicketRecord, event: Event) -> None:
    if _newer(record, "closed", event):
        record.closed_at = record.closure = None


def _doubted(record: TicketRecord, _event: Event) -> None:
    record.doubted = True


def _out(record: TicketRecord, event: Event) -> None:
    if _newer(record, "out", event):
        record.out = event.type.split(".")[1]


def _unmerged(record: TicketRecord, event: Event) -> None:
    if _newer(record, "out", event):
        record.out = None


# --- what dispatch says


def _level(record: TicketRecord, event: Event[OfLevel]) -> None:
    if _newer(record, "level", event):
        record.level = event.payload.level


def _completed(record: TicketRecord, event: Event[d.CaseCompleted]) -> None:
    record.rungs[str(event.payload.generation)] = event.payload.rung
    _level(record, event)


def _deadline(record: TicketRecord, event: Event[d.DeadlineSet | d.DeadlineExtended]) -> None:
    clock, assignment = event.payload.clock, event.payload.assignment
    if clock is Clock.REPORT_IN and assignment:
        if _newer(record, f"report_in:{assignment}", event):
            record.call(assignment).due = event.payload.due
    elif clock is Clock.CONTACT and _newer(record, "contact_due", event):
        record.contact_due = event.payload.due
    elif clock is Clock.HANDLE and _newer(record, "handle_due", event):
        record.handle_due = event.payload.due


def _extended(record: TicketRecord, event: Event[d.DeadlineExtended]) -> None:
    if event.payload.clock is Clock.HANDLE:
        record.extended = True
    _deadline(record, event)


def _made(record: TicketRecord, event: Event[d.AssignmentMade]) -> None:
    if event.payload.purpose is Purpose.HANDLE:
        record.call(event.payload.assignment).unit = event.payload.to


def _contacted(record: TicketRecord, event: Event) -> None:
    # a record of an earlier version has a contact without a number: that was the first
    unnumbered = record.contacted_at is not None and "contacted" not in record.numbers
    if not unnumbered and record.first("contacted", event.sequence or 0):
        record.contacted_at = event.time


def _reported_in(record: TicketRecord, event: Event[d.AssignmentReportedIn]) -> None:
    call = record.call(event.payload.assignment)
    call.reported_in = min(call.reported_in or event.time, event.time)


def _relieved(record: TicketRecord, event: Event[d.AssignmentRelieved | d.AssignmentReturned]) -> None:
    record.call(event.payload.assignment).relieved_at = event.time


def _returned(record: TicketRecord, event: Event[d.AssignmentReturned]) -> None:
    record.call(event.payload.assignment).returned = True
    _relieved(record, event)


def _mediation_opened(record: TicketRecord, event: Event[d.MediationOpened]) -> None:
    record.mediation(event.payload.mediation).mediator = event.payload.mediator


def _agreed(record: TicketRecord, event: Event[d.MediationAgreed]) -> None:
    mediation = record.mediation(event.payload.mediation)
    mediation.agreed, mediation.perform_by = True, event.payload.perform_by


def _failed(record: TicketRecord, event: Event[d.MediationFailed]) -> None:
    record.mediation(event.payload.mediation).failed = True


def _performed(record: TicketRecord, event: Event[d.MediationPerformed | d.MediationNotPerformed]) -> None:
    if _newer(record, f"performed:{event.payload.mediation}", event):
        record.mediation(event.payload.mediation).performed = event.type == d.MediationPerformed.type


def _joint_action_called(record: TicketRecord, event: Event[d.JointActionCalled]) -> None:
    record.joint_actions[event.payload.joint_action] = event.payload.lead


def _verification_done(record: TicketRecord, event: Event[d.VerificationDone]) -> None:
    record.verified[str(event.payload.generation)] = event.payload.passed


def _line(payload: type[P], projector: Projector[P]) -> tuple[str, Projector[Any]]:
    """Return a line of the table: a payload type and the function that takes events with it."""
    return payload.type, projector


PROJECTORS: Mapping[str, Projector[Any]] = dict(
    (
        _line(t.TicketOpened, _opened),
        _line(t.TicketUrgencyRaised, _urgency),
        _line(t.TicketCategoryChanged, _category),
        _line(t.TicketCategoryChangedV1, _category),
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
"""The function that applies each event type to a record."""
