"""How a unit's work ends: it handled it, it did its part of a joint action, or it hands up."""

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import EarlierFact, EscalationCause
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as say
from services.dispatch.domain import assignments, clocks, joint, ladder, lateness
from services.dispatch.domain.case import Case, NotNow
from services.dispatch.domain.parts import Assignment, Rung, RungState, Step
from services.dispatch.domain.report import Report
from services.dispatch.domain.world import World


def handle(case: Case, report: Report, world: World) -> Effects:
    """The unit says done; the case is where enough did. Raises NotNow for a mediator: a mediation has endings of its own."""
    assignment = lateness.at_work(case, report)
    if not assignment.open:
        raise lateness.of_assignment(case, assignment, report.command)
    rung = case.rung(assignment.rung)
    _mediates_no_more(rung, assignment)
    if joint.of(case, assignment):
        return finish(case, report, world)
    said = _done(case, assignment, report)
    return said + (ladder.complete(case, rung, Ending.HANDLED, world) if assignments.enough(case, rung) else NO_EFFECTS)


def finish(case: Case, report: Report, world: World) -> Effects:
    """A unit did its part of a joint action; the case is done where all did. Raises NotNow where it was called to none."""
    assignment = lateness.at_work(case, report)
    found = joint.of(case, assignment)
    if found is None:
        raise NotNow("command: finish is for a joint action")
    if not assignment.open:
        raise lateness.of_assignment(case, assignment, report.command)
    rung, action = found
    said = _done(case, assignment, report) + joint.finished(case, action, assignment.to)
    return said + (ladder.complete(case, rung, Ending.JOINT, world) if action.complete else NO_EFFECTS)


def hand_up(case: Case, report: Report, world: World) -> Effects:
    """The unit cannot solve it at this level. Raises NotNow in a mediation or a joint action: they end otherwise."""
    assignment = lateness.at_work(case, report)
    rung = case.rung(assignment.rung)
    if not assignment.open or assignment.given_up:
        raise lateness.of_assignment(case, assignment, report.command)
    if rung.state is not RungState.OPEN:
        raise lateness.of_case(case, report.command, [EarlierFact.ESCALATED])
    _mediates_no_more(rung, assignment)
    if joint.of(case, assignment):
        raise NotNow("command: a unit of a joint action finishes or is excused, it does not hand up")
    said = Effects(case.stepped(say.AssignmentHandedUp, assignment, report.actor))
    said += clocks.stop(case, lambda running: running.assignment == assignment.id)
    return said + ladder.give_up(case, assignment, EscalationCause.HANDED_UP, world)


def _done(case: Case, assignment: Assignment, report: Report) -> Effects:
    assignment.step = Step.DONE
    return Effects(case.stepped(say.AssignmentHandled, assignment, report.actor)) + clocks.meet(case, assignment)


def _mediates_no_more(rung: Rung, assignment: Assignment) -> None:
    if rung.mediation and rung.mediation.outcome is None and rung.mediation.mediator == assignment.to:
        raise NotNow("command: a mediation ends with agree or fail")
