"""退单: "not mine", with a reason. A budget per case: the last return asks for a ruling, those before it go to the next fitting
responder of the level; after it there is none. The case clocks never move.
"""

from chassis.effects import NO_EFFECTS, Effects, Refused
from contracts.codes import EarlierFact, EscalationCause, ReturnReason
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as say
from services.dispatch.domain import assignments, clocks, joint, ladder, lateness, mediation
from services.dispatch.domain.case import Case, NotNow
from services.dispatch.domain.parts import Assignment, Rung, RungState, Step
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.world import World


class NoBudget(Refused):
    """There is no further return: the supervisor's ruling has named the unit, or will."""


def give_back(case: Case, report: Report, world: World) -> Effects:
    """The unit says "not mine". Raises TooLate, NoBudget, and NotNow for a unit of a joint action, which a ruling excuses."""
    assignment = lateness.at_work(case, report)
    if not assignment.open or EarlierFact.HANDED_UP in assignment.history:
        raise lateness.of_assignment(case, assignment, report.command)
    if joint.of(case, assignment):
        raise NotNow("command: a unit of a joint action is excused by a ruling, it does not return")
    if case.returns >= case.book.returns:
        raise NoBudget(f"command: this case was returned {case.returns} times; the ruling stands")
    reason = needed(report.reason, "reason")
    case.returns += 1
    assignment.step = Step.ENDED
    case.ruling_asked = case.returns == case.book.returns
    said = _returned(case, assignment, reason, report.actor, world) + clocks.meet(case, assignment)
    return said if case.ruling_asked else said + pass_on(case, case.rung(assignment.rung), EscalationCause.RETURNED, world)


def pass_on(case: Case, rung: Rung, cause: EscalationCause, world: World) -> Effects:
    """To the next fitting responder. Where there is none, others of the level may do, or have done, else it moves up."""
    if rung.state is not RungState.OPEN:
        return NO_EFFECTS
    named = [one.to for one in case.on_rung(rung)]
    fitting = case.find(case.level(rung).to, world, named)
    if fitting:
        mediation.take_over(rung, fitting[0])
        return assignments.name(case, rung, fitting[0], world)
    if assignments.enough(case, rung):
        return ladder.complete(case, rung, Ending.HANDLED, world)
    return NO_EFFECTS if assignments.hopeful(case, rung) else ladder.pass_over(case, rung, cause, world)


def _returned(case: Case, assignment: Assignment, reason: ReturnReason, actor: str, world: World) -> Effects:
    ruling_by = case.supervisor(world) if case.ruling_asked else None
    returned = say.AssignmentReturned(
        assignment=assignment.id, by=assignment.to, actor=actor, reason=reason, number=case.returns, ruling_by=ruling_by
    )
    return Effects(case.reported(returned, assignment))
