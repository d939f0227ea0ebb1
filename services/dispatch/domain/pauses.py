"""Pauses: the clocks stand still, for a supervisor or because the ticket is parked (挂账), and go on later by what the pause
covered.

A supervisor's pause ends by itself at its review date, so that nothing is forgotten. While the ticket is parked, tickets
keeps the review date and says when the work goes on.
"""

from datetime import datetime

from chassis.effects import NO_EFFECTS, ArmTimer, CancelTimer, Effects
from contracts.codes import EarlierFact
from contracts.events import dispatch as say
from services.dispatch.domain import clocks, lateness
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState, NotNow
from services.dispatch.domain.due import Pause
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.world import World

REVIEW = "review"
"""The timer that ends a supervisor's pause."""


def command_pause(case: Case, report: Report, world: World) -> Effects:
    """The supervisor stops the clocks until a review date. Raises NotSupervisor, NotNow."""
    case.supervised_by(report.unit, world)
    until = needed(report.until, "until")
    if case.state not in UNDER_WAY:
        raise lateness.of_case(case, report.command, [EarlierFact.COMPLETED])
    if until <= world.at:
        raise NotNow("until: is not ahead")
    if case.paused:
        raise lateness.of_case(case, report.command, [EarlierFact.PAUSED])
    held = _pause(case, until, world)
    return held + Effects(ArmTimer(case.id, REVIEW, until, len(case.pauses)))


def command_resume(case: Case, report: Report, world: World) -> Effects:
    """The supervisor lets the clocks go on. Raises NotSupervisor, and NotNow where the ticket is parked."""
    case.supervised_by(report.unit, world)
    if case.parked:
        raise NotNow("command: the ticket is parked; it goes on when tickets resumes it")
    if not case.paused:
        raise lateness.of_case(case, report.command, [EarlierFact.RESUMED, EarlierFact.COMPLETED])
    return resume(case, world)


def parked(case: Case, review_at: datetime, world: World) -> Effects:
    """The ticket is parked: from now on its own review date counts, whatever a supervisor's pause said."""
    if case.state is CaseState.WITHDRAWN:
        return NO_EFFECTS
    case.parked = True
    return Effects(CancelTimer(case.id, REVIEW)) if case.paused else _pause(case, review_at, world)


def review(case: Case, number: int, world: World) -> Effects:
    """The review date of a supervisor's pause came."""
    return NO_EFFECTS if case.parked or number != len(case.pauses) else resume(case, world)


def resume(case: Case, world: World) -> Effects:
    """The clocks go on, later by the working time that the pause covered."""
    if not case.paused or case.state is CaseState.WITHDRAWN:
        return NO_EFFECTS
    case.parked = False
    case.pauses[-1] = Pause(case.pauses[-1].start, world.at)
    level = case.level(case.rung(case.highest)).level if case.highest >= 0 else "none"
    said = Effects(case.said(say.CaseResumed(level=level, generation=case.generation)), CancelTimer(case.id, REVIEW))
    return said + clocks.release(case, world)


def _pause(case: Case, review_at: datetime, world: World) -> Effects:
    held = clocks.hold(case)
    case.pauses.append(Pause(world.at, None))
    return Effects(case.said(say.CasePaused(review_at=review_at))) + held
