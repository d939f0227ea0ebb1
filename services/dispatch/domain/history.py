"""The history of a case and of its assignments: a command that comes too late is refused with what came first, and when.

Each kind of fact is kept with the time at which it happened last. It is taken from the events that the domain answers, in one
place, so that no rule has to remember to note it.
"""

from collections.abc import Mapping
from datetime import datetime

from chassis.effects import Effects
from contracts.codes import EarlierFact
from contracts.events import dispatch as events
from contracts.payload import EventPayload
from services.dispatch.domain.case import Case
from services.dispatch.domain.responses import earlier_fact

OfAssignment = events.AssignmentStep | events.AssignmentRelieved | events.VerificationDone | events.DeadlineBreached
"""The events that may name an assignment."""
OF_ASSIGNMENTS: Mapping[type[OfAssignment], EarlierFact] = {
    events.AssignmentSigned: EarlierFact.SIGNED,
    events.AssignmentContacted: EarlierFact.CONTACTED,
    events.AssignmentReportedIn: EarlierFact.REPORTED_IN,
    events.AssignmentHandled: EarlierFact.HANDLED,
    events.AssignmentHandedUp: EarlierFact.HANDED_UP,
    events.AssignmentReturned: EarlierFact.RETURNED,
    events.AssignmentRelieved: EarlierFact.RELIEVED,
    events.VerificationDone: EarlierFact.VERIFIED,
    events.DeadlineBreached: EarlierFact.BREACHED,
}
OF_CASES: Mapping[type[EventPayload], EarlierFact] = {
    events.CaseCompleted: EarlierFact.COMPLETED,
    events.CaseEscalated: EarlierFact.ESCALATED,
    events.CaseRerouted: EarlierFact.REROUTED,
    events.CasePaused: EarlierFact.PAUSED,
    events.CaseResumed: EarlierFact.RESUMED,
    events.AssignmentRuled: EarlierFact.RULED,
}
"""The events of a case; those of one way to respond are its `earlier_facts`."""


def note(case: Case, outcome: Effects, at: datetime) -> None:
    """Record in the case when the events of an outcome happened."""
    for happened in outcome.events:
        said = happened.payload
        fact = OF_CASES.get(type(said)) or earlier_fact(type(said))
        if isinstance(said, events.CaseWithdrawn):
            case.history[EarlierFact(said.cause)] = at
        elif fact is not None:
            case.history[fact] = at
        elif isinstance(said, OfAssignment) and said.assignment and type(said) in OF_ASSIGNMENTS:
            named = next(one for one in case.assignments if one.id == said.assignment)
            named.history[OF_ASSIGNMENTS[type(said)]] = at
