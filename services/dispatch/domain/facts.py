"""What the chain says to a case: its ticket was opened, handled, reworked, parked, withdrawn, made more urgent."""

from chassis.outcome import NOTHING, Outcome
from contracts.codes import Clock, ExhaustionCause, Purpose, Urgency
from contracts.events import dispatch as say
from services.dispatch.domain import clocks, ladder
from services.dispatch.domain.case import Case, CaseState
from services.dispatch.domain.world import World


def opened(case: Case, world: World) -> Outcome:
    """Take the ticket up: the case's clocks run from `ticket.opened`, and the first level that reaches somebody is opened."""
    if case.playbook is None:
        return ladder.exhaust(case, ExhaustionCause.NO_PLAYBOOK, world) + clocks.start_case_clocks(case, world)
    book = case.playbook
    started = {"playbook": book.name, "playbook_version": book.version, "level": book.ladder[0].level}
    outcome = Outcome(case.said(say.CaseStarted, **started)) + clocks.start_case_clocks(case, world)
    return outcome + ladder.climb(case, None, world)


def handled(case: Case, generation: int, handled_by: list[str], world: World) -> Outcome:
    """The ticket is handled: name somebody to verify who did not handle it."""
    verifying = any(one.open for one in case.of_generation(Purpose.VERIFY))
    if generation != case.generation or case.state is not CaseState.COMPLETED or verifying or case.playbook is None:
        return NOTHING
    others = case.find(case.playbook.verify, world, handled_by)
    if not others:
        return ladder.exhaust(case, ExhaustionCause.NO_VERIFIER, world)
    return ladder.name_verifier(case, others[0], world)


def again(case: Case, generation: int, world: World) -> Outcome:
    """Rework, or reopened: the level that ended it goes on, in a new generation. The case's clocks go on from their old
    start.
    """
    if generation <= case.generation or case.playbook is None:
        return NOTHING
    case.generation, case.state, case.ruling_asked = generation, CaseState.WORKING, False
    index = case.ended_at
    level = case.playbook.ladder[index]
    outcome = Outcome(case.said(say.CaseResumed, level=level.level, generation=generation))
    outcome += clocks.wake(case, Clock.HANDLE)
    reached = ladder.reachable(case, level, world)
    if not reached:
        return outcome + ladder.exhaust(case, ExhaustionCause.NO_RESPONDER, world)
    return outcome + ladder.open_level(case, index, reached, world)


def withdrawn(case: Case, cause: str) -> Outcome:
    """The ticket was rejected, merged or cancelled."""
    if case.state is CaseState.WITHDRAWN:
        return NOTHING
    case.state = CaseState.WITHDRAWN
    outcome = Outcome(case.said(say.CaseWithdrawn, cause=cause)) + ladder.relieve(case, case.assignments)
    return outcome + clocks.stop(case, lambda _: True)


def urgency_raised(case: Case, urgency: Urgency, world: World) -> Outcome:
    """Clocks of the new urgency, from the old start."""
    if urgency.value >= case.urgency.value:
        return NOTHING
    case.urgency = urgency
    return clocks.recompute(case, world)
