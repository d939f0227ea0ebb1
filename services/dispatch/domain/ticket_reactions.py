"""The reactions of a case to its ticket (opened, handled, reworked, withdrawn, made more urgent) and to its clocks."""

from chassis.effects import NO_EFFECTS, CancelTimer, Effects
from contracts.codes import EscalationCause, ExhaustionCause, Purpose, Urgency
from contracts.events import dispatch as events
from services.dispatch.domain import assignments, clocks, deadline_stages, ladder, pauses, verification
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import LevelRunState, Running
from services.dispatch.domain.responses import response_of_run


def opened(case: Case, context: CaseContext) -> Effects:
    """Start the case clocks from `ticket.opened`, and open the first level that reaches somebody."""
    if case.playbook is None:
        return ladder.exhaust(case, ExhaustionCause.NO_PLAYBOOK, context) + clocks.start_case_clocks(case, context)
    book, start = case.playbook, ladder.first(case)
    started = events.CaseStarted(playbook=book.name, playbook_version=book.version, level=book.ladder[start].level)
    outcome = Effects(case.said(started)) + clocks.start_case_clocks(case, context)
    return outcome + ladder.escalate_from(case, start, EscalationCause.UNREACHABLE, context)


def handled(case: Case, generation: int, handled_by: list[str], context: CaseContext) -> Effects:
    """Ask somebody to verify it who did not handle it: the ticket is handled."""
    begun = case.verifier_asked or any(one.open for one in case.of_generation(Purpose.VERIFY))
    if generation != case.generation or case.state is not CaseState.COMPLETED or begun:
        return NO_EFFECTS
    return verification.begin(case, handled_by, context)


def again(case: Case, generation: int, context: CaseContext) -> Effects:
    """Begin a new generation at the level that ended the work, or at the next that reaches somebody: rework, or reopened.

    The case's clocks go on from their old start, and whoever was at work on the old generation is relieved.
    """
    return NO_EFFECTS if case.state is CaseState.WITHDRAWN else _again(case, generation, context)


def unmerged(case: Case, generation: int, context: CaseContext) -> Effects:
    """Take the case of a merged ticket up at the level where it stood: the ticket goes on by itself."""
    if case.state is CaseState.WITHDRAWN and generation > case.generation:
        case.ended_at = max(case.highest, 0)
    return _again(case, generation, context)


def _again(case: Case, generation: int, context: CaseContext) -> Effects:
    if generation <= case.generation:
        return NO_EFFECTS
    outcome = verification.end(case) + assignments.relieve(case, case.assignments)
    outcome += Effects(case.work_again(generation)) + clocks.wake(case, context)
    if case.playbook is None:
        return outcome + ladder.exhaust(case, ExhaustionCause.NO_PLAYBOOK, context)
    return outcome + ladder.escalate_from(case, case.ended_at, EscalationCause.UNREACHABLE, context)


def withdrawn(case: Case, cause: str, generation: int | None = None) -> Effects:
    """Withdraw the case: its ticket was rejected, merged or cancelled. A merger of an older ``generation`` comes too late."""
    if case.state is CaseState.WITHDRAWN or (generation is not None and generation < case.generation):
        return NO_EFFECTS
    outcome = NO_EFFECTS
    for run in reversed(case.level_runs):
        outcome += response_of_run(case, run).withdraw(case, run)
    outcome += Effects(case.withdraw(cause), CancelTimer(case.id, pauses.REVIEW))
    return outcome + assignments.relieve(case, case.assignments) + clocks.stop(case, lambda _: True)


def urgency_raised(case: Case, urgency: Urgency, context: CaseContext) -> Effects:
    """Compute the clocks by the new urgency, and open the level above too where the playbook says so for it."""
    if urgency.value >= case.urgency.value:
        return NO_EFFECTS
    case.urgency = urgency
    outcome = clocks.apply_urgency(case, context)
    top = case.level_run(case.highest) if case.highest >= 0 else None
    if case.state is not CaseState.WORKING or top is None or top.state is not LevelRunState.OPEN:
        return outcome
    return outcome + ladder.open_parallel(case, top.index, context)


def rang(case: Case, key: str, version: int, context: CaseContext) -> Effects:
    """Advance a clock whose timer rang. An older version, or a clock of a paused or withdrawn case, does nothing.

    A due time that was computed by another calendar is computed before it is believed: the timer may ring before the case is
    found by whoever computes them all.
    """
    running = deadline_stages.ringing(case, key, version)
    if running is None or case.paused or case.state is CaseState.WITHDRAWN:
        return NO_EFFECTS
    if context.calendar_counts and running.calendar != context.calendar.version:
        moved = clocks.recompute(case, context, lambda one: one is running)
        if moved:
            return moved
    before, outcome = running.stage, deadline_stages.advance(case, running, context)
    return outcome + _breached(case, running, context) if before < deadline_stages.BREACHED <= running.stage else outcome


def _breached(case: Case, running: Running, context: CaseContext) -> Effects:
    assignment = next((one for one in case.assignments if one.id == running.assignment), None)
    if assignment is None or assignment.generation != case.generation:
        return NO_EFFECTS
    if assignment.purpose is Purpose.VERIFY:
        return verification.silent(case, context)
    return ladder.give_up(case, assignment, EscalationCause.BREACHED, context) if case.state in UNDER_WAY else NO_EFFECTS
