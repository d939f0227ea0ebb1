"""Returns (退单): a unit says "not mine", with a reason.

Each case has a budget, which its playbook sets (`returns` in deploy/playbooks). The last return asks for a ruling; those before
it go to the next fitting responder of the level; after it there is none. The case clocks never move.
"""

from chassis.effects import NO_EFFECTS, Effects, Refused
from contracts.codes import EarlierFact, EscalationCause, ReturnReason
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as events
from services.dispatch.domain import clocks, completion, ladder, lateness
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment, LevelRun, LevelRunState, Step
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.responses import response_of_assignment, response_of_run


class NoBudget(Refused):
    """There is no further return: the supervisor's ruling has named the unit, or will."""


def give_back(case: Case, report: Report, context: CaseContext) -> Effects:
    """Take an assignment back from a unit. Raises TooLate, NoBudget, and NotNow for a unit that may not return."""
    assignment = lateness.at_work(case, report)
    if not assignment.open or EarlierFact.HANDED_UP in assignment.history:
        raise lateness.of_assignment(case, assignment, report.command)
    response, run = response_of_assignment(case, assignment)
    if refusal := response.return_refusal(run, assignment):
        raise refusal
    budget = case.playbook_or_default.returns
    if case.returns >= budget:
        raise NoBudget(f"command: this case was returned {case.returns} times; the ruling stands")
    reason = needed(report.reason, "reason")
    case.returns += 1
    assignment.step = Step.ENDED
    case.ruling_asked = case.returns == budget
    said = _returned(case, assignment, reason, report.actor, context) + clocks.satisfy(case, assignment)
    return said if case.ruling_asked else said + pass_on(case, run, EscalationCause.RETURNED, context)


def pass_on(case: Case, run: LevelRun, cause: EscalationCause, context: CaseContext) -> Effects:
    """Name the next fitting responder. Where there is none, the level is done or goes on by its other units, or is skipped."""
    if run.state is not LevelRunState.OPEN:
        return NO_EFFECTS
    response = response_of_run(case, run)
    named = [one.to for one in case.assignments_on(run)]
    fitting = case.find(case.level(run).to, context, named)
    if fitting:
        return response.name_another(case, run, fitting[0], context)
    if response.is_done(case, run):
        return completion.complete(case, run, Ending.HANDLED, context)
    return NO_EFFECTS if response.can_still_finish(case, run) else ladder.skip_level(case, run, cause, context)


def _returned(case: Case, assignment: Assignment, reason: ReturnReason, actor: str, context: CaseContext) -> Effects:
    ruling_by = case.supervisor(context) if case.ruling_asked else None
    returned = events.AssignmentReturned(
        assignment=assignment.id, by=assignment.to, actor=actor, reason=reason, number=case.returns, ruling_by=ruling_by
    )
    return Effects(case.reported(returned, assignment))
