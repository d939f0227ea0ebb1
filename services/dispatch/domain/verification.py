"""Verification: a unit that did not handle the matter checks it. Where none can, or it is silent, a supervisor names one.

The clock of verification does not escalate: it goes on and calls ever higher until somebody has looked.
"""

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import Clock, Purpose
from contracts.events import dispatch as events
from services.dispatch.domain import assignments, clocks, lateness
from services.dispatch.domain.case import Case, CaseState, SelfVerification
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Step
from services.dispatch.domain.report import Report, needed


def begin(case: Case, handled_by: list[str], context: CaseContext) -> Effects:
    """Name a unit that did not handle it; where there is none, ask the supervisor and start a clock of the case."""
    others = case.find(case.playbook_or_default.verify, context, handled_by)
    if others:
        return assignments.name_verifier(case, others[0], context)
    return _request(case, context) + clocks.start_verification_clock(case, context)


def silent(case: Case, context: CaseContext) -> Effects:
    """Call the supervisor, once, since nobody looked in time. The unit that was asked stays asked until another is named."""
    if case.state is not CaseState.COMPLETED or case.verifier_asked:
        return NO_EFFECTS
    return _request(case, context)


def rule(case: Case, unit: str, context: CaseContext) -> Effects:
    """Name the verifier that the supervisor chose. Raises SelfVerification for a unit that handled it."""
    if unit in case.handlers():
        raise SelfVerification("to: handled this and may not verify it")
    case.verifier_asked = False
    return end(case) + assignments.name_verifier(case, unit, context)


def verify(case: Case, report: Report, context: CaseContext) -> Effects:
    """Record the result of a verification. Raises TooLate, SelfVerification, and Refused where it names no result."""
    assignment = lateness.assignment_of(case, report.unit, Purpose.VERIFY, report.command)
    if not assignment.open:
        raise lateness.of_assignment(case, assignment, report.command)
    if assignment.to in case.handlers() or report.actor in case.handling_actors():
        raise SelfVerification(f"unit: {assignment.to!r} or its account handled this and may not verify it")
    passed = needed(report.passed, "passed")
    assignment.step = Step.DONE
    assignment.actors.append(report.actor)
    case.verifier_asked = False
    if passed:
        case.state = CaseState.VERIFIED
    done = events.VerificationDone(assignment=assignment.id, by=assignment.to, passed=passed, generation=case.generation)
    return Effects(case.said(done)) + end(case)


def end(case: Case) -> Effects:
    """End the verification: relieve the units that were asked, and stop its clocks."""
    relieved = assignments.relieve(case, [one for one in case.assignments if one.purpose is Purpose.VERIFY])
    return relieved + clocks.stop(case, lambda running: running.clock is Clock.VERIFY)


def _request(case: Case, context: CaseContext) -> Effects:
    """Ask the supervisor to name who looks."""
    case.verifier_asked = True
    return Effects(case.said(events.VerifierRequested(generation=case.generation, supervisor=case.supervisor(context))))
