"""The departure of a responder: it left the directory, nothing more is expected of it, and its work goes to others.

Work goes to the next fitting responder of the level, as what is returned does, and costs no return; where there is none, the
case moves up. A joint action does not end without a unit: the supervisor is called, who excuses it or rules. What was to be
checked is checked by somebody else.
"""

from datetime import datetime

from chassis.effects import NO_EFFECTS, ArmTimer, Effects
from contracts.codes import EscalationCause, Purpose
from services.dispatch.domain import assignments, clocks, ladder, returns, verification
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment
from services.dispatch.domain.responses import response_of_assignment

GONE = "gone"
"""The kind of the timer by which each case that the departure concerns is told."""


def concerns(case: Case, unit: str) -> bool:
    """Return whether anything is still asked of a unit in a case."""
    return bool(_in_hand(case, unit))


def tell(case: str, unit: str, at: datetime) -> Effects:
    """Return the effect that tells a case of a departure."""
    return Effects(ArmTimer(case, f"{GONE}:{unit}", at))


def leave(case: Case, unit: str, context: CaseContext) -> Effects:
    """Hand on what the unit had in hand, unless it was registered again meanwhile."""
    if context.directory.responder(unit) is not None:
        return NO_EFFECTS
    outcome = NO_EFFECTS
    for assignment in _in_hand(case, unit):
        if assignment.open:
            hand_on = _check_elsewhere if assignment.purpose is Purpose.VERIFY else _work_elsewhere
            outcome += hand_on(case, assignment, context)
    return outcome


def _in_hand(case: Case, unit: str) -> list[Assignment]:
    mine = (one for one in case.assignments if one.to == unit and one.open and one.generation == case.generation)
    return list(mine) if case.state is not CaseState.WITHDRAWN else []


def _check_elsewhere(case: Case, assignment: Assignment, context: CaseContext) -> Effects:
    if case.state is not CaseState.COMPLETED or case.verifier_asked:
        return (
            NO_EFFECTS  # the supervisor was asked for somebody else already, and the clock of this assignment goes on calling
        )
    return assignments.relieve(case, [assignment]) + verification.begin(case, case.handlers(), context)


def _work_elsewhere(case: Case, assignment: Assignment, context: CaseContext) -> Effects:
    if case.state not in UNDER_WAY:
        return NO_EFFECTS
    response, run = response_of_assignment(case, assignment)
    if not response.is_replaceable(run, assignment):
        stopped = clocks.stop(case, lambda running: running.assignment == assignment.id)
        return stopped + ladder.give_up(case, assignment, EscalationCause.UNREACHABLE, context)
    relieved = assignments.relieve(case, [assignment])
    if case.ruling_asked:
        return relieved  # the supervisor names who goes on
    return relieved + returns.pass_on(case, run, EscalationCause.UNREACHABLE, context)
