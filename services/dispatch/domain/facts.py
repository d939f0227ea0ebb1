"""What the chain and the clocks say to a case: its ticket was opened, handled, reworked, withdrawn, made more urgent; a timer
rang.
"""

from chassis.effects import NO_EFFECTS, CancelTimer, Effects
from contracts.codes import EscalationCause, ExhaustionCause, Purpose, Urgency
from contracts.events import dispatch as say
from services.dispatch.domain import assignments, clocks, ladder, marks, pauses, performance, verification
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState
from services.dispatch.domain.parts import RungState, Running
from services.dispatch.domain.world import World


def opened(case: Case, world: World) -> Effects:
    """Take the ticket up: the case's clocks run from `ticket.opened`, and the first level that reaches somebody is opened."""
    if case.playbook is None:
        return ladder.exhaust(case, ExhaustionCause.NO_PLAYBOOK, world) + clocks.start_case_clocks(case, world)
    book, start = case.playbook, ladder.first(case)
    started = say.CaseStarted(playbook=book.name, playbook_version=book.version, level=book.ladder[start].level)
    outcome = Effects(case.said(started)) + clocks.start_case_clocks(case, world)
    return outcome + ladder.climb(case, start, EscalationCause.UNREACHABLE, world)


def handled(case: Case, generation: int, handled_by: list[str], world: World) -> Effects:
    """The ticket is handled: somebody is to verify it who did not handle it."""
    begun = case.verifier_asked or any(one.open for one in case.of_generation(Purpose.VERIFY))
    if generation != case.generation or case.state is not CaseState.COMPLETED or begun:
        return NO_EFFECTS
    return verification.begin(case, handled_by, world)


def again(case: Case, generation: int, world: World) -> Effects:
    """Rework, or reopened: the level that ended it goes on, in a new generation; where it reaches nobody any more, the next.

    The case's clocks go on from their old start, and whoever was at work on the old generation is relieved.
    """
    return NO_EFFECTS if case.state is CaseState.WITHDRAWN else _again(case, generation, world)


def unmerged(case: Case, generation: int, world: World) -> Effects:
    """The ticket goes on by itself: its case, withdrawn when it was merged, is taken up at the level where it stood."""
    if case.state is CaseState.WITHDRAWN and generation > case.generation:
        case.ended_at = max(case.highest, 0)
    return _again(case, generation, world)


def _again(case: Case, generation: int, world: World) -> Effects:
    if generation <= case.generation:
        return NO_EFFECTS
    outcome = verification.end(case) + assignments.relieve(case, case.assignments)
    case.generation, case.state = generation, CaseState.WORKING
    case.ruling_asked = case.verifier_asked = False
    level = case.book.ladder[case.ended_at]
    outcome += Effects(case.said(say.CaseResumed(level=level.level, generation=generation))) + clocks.wake(case, world)
    if case.playbook is None:
        return outcome + ladder.exhaust(case, ExhaustionCause.NO_PLAYBOOK, world)
    return outcome + ladder.climb(case, case.ended_at, EscalationCause.UNREACHABLE, world)


def withdrawn(case: Case, cause: str, generation: int | None = None) -> Effects:
    """The ticket was rejected, merged or cancelled. ``generation``: where it stood; a merger of an older one comes late."""
    if case.state is CaseState.WITHDRAWN or (generation is not None and generation < case.generation):
        return NO_EFFECTS
    waited = performance.forget(case)
    case.state = CaseState.WITHDRAWN
    outcome = waited + Effects(case.said(say.CaseWithdrawn(cause=cause)), CancelTimer(case.id, pauses.REVIEW))
    return outcome + assignments.relieve(case, case.assignments) + clocks.stop(case, lambda _: True)


def urgency_raised(case: Case, urgency: Urgency, world: World) -> Effects:
    """Clocks of the new urgency, from the old start; and the level above is opened too where the playbook says so for it."""
    if urgency.value >= case.urgency.value:
        return NO_EFFECTS
    case.urgency = urgency
    outcome = clocks.hurry(case, world)
    top = case.rung(case.highest) if case.highest >= 0 else None
    if case.state is not CaseState.WORKING or top is None or top.state is not RungState.OPEN:
        return outcome
    return outcome + ladder.open_parallel(case, top.index, world)


def rang(case: Case, key: str, version: int, world: World) -> Effects:
    """A clock reached a mark: an older version, or one of a case that is paused or withdrawn, does nothing.

    A due time that was computed by another calendar is computed before it is believed: the timer may ring before the case is
    found by whoever computes them all.
    """
    running = marks.ringing(case, key, version)
    if running is None or case.paused or case.state is CaseState.WITHDRAWN:
        return NO_EFFECTS
    if world.calendar_counts and running.calendar != world.calendar.version:
        moved = clocks.recompute(case, world, lambda one: one is running)
        if moved:
            return moved
    before, outcome = running.stage, marks.advance(case, running, world)
    return outcome + _breached(case, running, world) if before < marks.BREACHED <= running.stage else outcome


def _breached(case: Case, running: Running, world: World) -> Effects:
    assignment = next((one for one in case.assignments if one.id == running.assignment), None)
    if assignment is None or assignment.generation != case.generation:
        return NO_EFFECTS
    if assignment.purpose is Purpose.VERIFY:
        return verification.silent(case, world)
    return ladder.give_up(case, assignment, EscalationCause.BREACHED, world) if case.state in UNDER_WAY else NO_EFFECTS
