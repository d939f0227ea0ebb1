"""When what happened to a case and to its assignments: whoever comes too late is told what was first, and when.

Each kind of fact is kept with the time at which it happened last. It is taken from the events that the domain answers, in one
place, so that no rule has to remember to note it.
"""

from collections.abc import Mapping
from datetime import datetime

from chassis.effects import Effects
from contracts.codes import EarlierFact
from contracts.events import dispatch as say
from contracts.payload import EventPayload
from services.dispatch.domain.case import Case

OfAssignment = say.AssignmentStep | say.AssignmentRelieved | say.VerificationDone | say.DeadlineBreached
"""The events that may name an assignment."""
OF_ASSIGNMENTS: Mapping[type[OfAssignment], EarlierFact] = {
    say.AssignmentSigned: EarlierFact.SIGNED,
    say.AssignmentContacted: EarlierFact.CONTACTED,
    say.AssignmentReportedIn: EarlierFact.REPORTED_IN,
    say.AssignmentHandled: EarlierFact.HANDLED,
    say.AssignmentHandedUp: EarlierFact.HANDED_UP,
    say.AssignmentReturned: EarlierFact.RETURNED,
    say.AssignmentRelieved: EarlierFact.RELIEVED,
    say.VerificationDone: EarlierFact.VERIFIED,
    say.DeadlineBreached: EarlierFact.BREACHED,
}
OF_CASES: Mapping[type[EventPayload], EarlierFact] = {
    say.CaseCompleted: EarlierFact.COMPLETED,
    say.CaseEscalated: EarlierFact.ESCALATED,
    say.CaseRerouted: EarlierFact.REROUTED,
    say.CasePaused: EarlierFact.PAUSED,
    say.CaseResumed: EarlierFact.RESUMED,
    say.AssignmentRuled: EarlierFact.RULED,
    say.MediationAgreed: EarlierFact.AGREED,
    say.MediationFailed: EarlierFact.FAILED,
    say.MediationPerformed: EarlierFact.PERFORMED,
    say.MediationNotPerformed: EarlierFact.PERFORMED,
    say.JointActionUnitFinished: EarlierFact.FINISHED,
    say.JointActionUnitExcused: EarlierFact.EXCUSED,
}


def note(case: Case, outcome: Effects, at: datetime) -> None:
    """Keep when the events of an outcome happened."""
    for happened in outcome.events:
        said = happened.payload
        if isinstance(said, say.CaseWithdrawn):
            case.history[EarlierFact(said.cause)] = at
        elif type(said) in OF_CASES:
            case.history[OF_CASES[type(said)]] = at
        elif isinstance(said, OfAssignment) and said.assignment and type(said) in OF_ASSIGNMENTS:
            named = next(one for one in case.assignments if one.id == said.assignment)
            named.history[OF_ASSIGNMENTS[type(said)]] = at
