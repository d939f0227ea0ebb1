"""Completing a case: the responders are done, and nothing of the work goes on."""

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import Clock, EscalationCause, Purpose
from contracts.codes import Outcome as Ending
from services.dispatch.domain import assignments, clocks, pauses
from services.dispatch.domain.case import UNDER_WAY, Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import LevelRun
from services.dispatch.domain.responses import response_of_run


def complete(case: Case, run: LevelRun, ending: Ending, context: CaseContext) -> Effects:
    """Complete the case by one of its level runs; does nothing where it is completed already or withdrawn.

    Whoever else is at work is relieved, no clock of the work runs any more, and no pause lasts.
    """
    if case.state not in UNDER_WAY:
        return NO_EFFECTS
    outcome = pauses.resume(case, context)
    for other in case.level_runs:
        if other is not run and other.generation == case.generation:
            outcome += response_of_run(case, other).end(case, other, EscalationCause.FAILED)
    outcome += assignments.relieve(case, case.of_generation(Purpose.HANDLE))
    outcome += clocks.stop(case, lambda running: running.clock is not Clock.VERIFY)
    return Effects(*outcome, case.complete(run, ending))
