"""Verification: somebody who did not handle it looks. Where nobody can, or who was asked is silent, the supervisor names one.

The clock of verification does not escalate: it goes on and calls ever higher until somebody has looked.
"""

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import Clock, Purpose
from contracts.events import dispatch as say
from services.dispatch.domain import assignments, clocks, lateness
from services.dispatch.domain.case import Case, CaseState, SelfVerification
from services.dispatch.domain.parts import Step
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.world import World


def begin(case: Case, handled_by: list[str], world: World) -> Effects:
    """Name somebody who did not handle it; where there is nobody, the supervisor is to, and a clock of the case runs."""
    others = case.find(case.book.verify, world, handled_by)
    if others:
        return assignments.name_verifier(case, others[0], world)
    return _request(case, world) + clocks.start_verification_clock(case, world)


def silent(case: Case, world: World) -> Effects:
    """Nobody looked in time: the supervisor is called, once. Who was asked stays asked until somebody else is named."""
    if case.state is not CaseState.COMPLETED or case.verifier_asked:
        return NO_EFFECTS
    return _request(case, world)


def rule(case: Case, unit: str, world: World) -> Effects:
    """The supervisor names who looks. Raises SelfVerification for a unit that handled it."""
    if unit in case.handlers():
        raise SelfVerification("to: handled this and may not verify it")
    case.verifier_asked = False
    return end(case) + assignments.name_verifier(case, unit, world)


def verify(case: Case, report: Report, world: World) -> Effects:
    """Somebody looked. Raises SelfVerification, and Refused where it does not say what it saw."""
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
    done = say.VerificationDone(assignment=assignment.id, by=assignment.to, passed=passed, generation=case.generation)
    return Effects(case.said(done)) + end(case)


def end(case: Case) -> Effects:
    """Nobody else needs to look: who was asked is relieved, and no clock of verification runs."""
    relieved = assignments.relieve(case, [one for one in case.assignments if one.purpose is Purpose.VERIFY])
    return relieved + clocks.stop(case, lambda running: running.clock is Clock.VERIFY)


def _request(case: Case, world: World) -> Effects:
    """Ask the supervisor to name who looks."""
    case.verifier_asked = True
    return Effects(case.said(say.VerifierRequested(generation=case.generation, supervisor=case.supervisor(world))))
