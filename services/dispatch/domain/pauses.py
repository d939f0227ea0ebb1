"""Pauses: the clocks stand still, by a supervisor's command or because the ticket is parked (挂账). They go on later by the
time that the pause covered.

A supervisor's pause ends by itself at its review date, so that nothing is forgotten. While the ticket is parked, tickets
keeps the review date and says when the work goes on.
"""

from datetime import datetime

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, Effects
from contracts.codes import EarlierFact
from services.dispatch.domain import clocks, lateness
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState, NotNow
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.report import Report, needed

REVIEW = "review"
"""The timer that ends a supervisor's pause."""


class TicketParked(NotNow):
    """The ticket is parked: tickets says when the work goes on."""


def command_pause(case: Case, report: Report, context: CaseContext) -> Effects:
    """Pause the clocks by a supervisor's command until a review date. Raises NotSupervisor, NotNow."""
    case.supervised_by(report.unit, context)
    until = needed(report.until, "until")
    if case.state not in UNDER_WAY:
        raise lateness.of_case(case, report.command, [EarlierFact.COMPLETED])
    if until <= context.at:
        raise NotNow("until: is not ahead")
    if case.paused:
        raise lateness.of_case(case, report.command, [EarlierFact.PAUSED])
    held = _pause(case, until, context)
    return held + Effects(ArmTimer(case.id, REVIEW, until, len(case.pauses)))


def command_resume(case: Case, report: Report, context: CaseContext) -> Effects:
    """End a pause by a supervisor's command. Raises NotSupervisor, and NotNow where the ticket is parked."""
    case.supervised_by(report.unit, context)
    if case.parked:
        raise TicketParked("command: the ticket is parked; it goes on when tickets resumes it")
    if not case.paused:
        raise lateness.of_case(case, report.command, [EarlierFact.RESUMED, EarlierFact.COMPLETED])
    return resume(case, context)


def parked(case: Case, review_at: datetime, context: CaseContext) -> Effects:
    """Pause the clocks, since the ticket is parked; its own review date counts in the place of a supervisor's."""
    if case.state is CaseState.WITHDRAWN:
        return NO_EFFECTS
    case.parked = True
    return Effects(CancelTimer(case.id, REVIEW)) if case.paused else _pause(case, review_at, context)


def review(case: Case, number: int, context: CaseContext) -> Effects:
    """End a supervisor's pause at its review date."""
    return NO_EFFECTS if case.parked or number != len(case.pauses) else resume(case, context)


def resume(case: Case, context: CaseContext) -> Effects:
    """End the pause: the clocks go on, later by the time that it covered."""
    if not case.paused or case.state is CaseState.WITHDRAWN:
        return NO_EFFECTS
    return Effects(case.resume(context.at), CancelTimer(case.id, REVIEW)) + clocks.release(case, context)


def _pause(case: Case, review_at: datetime, context: CaseContext) -> Effects:
    held = clocks.hold(case)
    return Effects(case.pause(review_at, context.at)) + held
