"""The ladder: opening a level, moving up, and calling the supervisor when no level is left.

A level that can reach nobody is skipped at once. ``parallel_for`` opens a level together with the one below. Past the last
level, or where no playbook fits, the case is exhausted: the supervisor is called. A lower level stays responsible until
relieved.
"""

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import EscalationCause, ExhaustionCause
from services.dispatch.domain import completion
from services.dispatch.domain.case import Case, CaseState
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment, LevelRun, LevelRunState
from services.dispatch.domain.playbook import Level
from services.dispatch.domain.responses import response_of, response_of_assignment, response_of_run
from services.dispatch.domain.responses.response import LevelResult


def first(case: Case, start: int = 0) -> int:
    """Return the index of the first level that is for this case; ``start`` where none is."""
    ladder = case.playbook_or_default.ladder
    return next((index for index in range(start, len(ladder)) if case.holds(ladder[index])), start)


def escalate_from(case: Case, start: int, cause: EscalationCause, context: CaseContext) -> Effects:
    """Open the first level from ``start`` on that is for this case and reaches somebody.

    ``cause`` is why the case leaves the level below, if it stands on one.
    """
    below = case.highest
    for index in range(start, len(case.playbook_or_default.ladder)):
        reached = _reached(case, index, context)
        if reached:
            left = below if below >= 0 else first(case, start)
            moved = Effects(case.escalated(left, index, cause)) if left != index else NO_EFFECTS
            return moved + open_level(case, index, reached, context)
    return exhaust(case, ExhaustionCause.LAST_LEVEL if below >= 0 else ExhaustionCause.NO_RESPONDER, context)


def open_level(case: Case, index: int, reached: list[str], context: CaseContext) -> Effects:
    """Begin a run of a level, and open the level above with it where the playbook says so."""
    run = LevelRun(index, case.generation)
    case.level_runs.append(run)
    opened = response_of(case.level(run).respond).open(case, run, reached, context)
    return opened + open_parallel(case, index, context)


def open_parallel(case: Case, index: int, context: CaseContext) -> Effects:
    """Open the next level too, where the playbook wants it opened together with this one for the case's urgency."""
    above = first(case, index + 1)
    ladder = case.playbook_or_default.ladder
    if above >= len(ladder) or case.urgency not in ladder[above].parallel_for:
        return NO_EFFECTS
    reached = _reached(case, above, context)
    if not reached:
        return NO_EFFECTS
    escalated = Effects(case.escalated(index, above, EscalationCause.PARALLEL))
    return escalated + open_level(case, above, reached, context)


def follow(case: Case, result: LevelResult, context: CaseContext) -> Effects:
    """Complete the case, or leave the level, where that follows from what a response made of a command."""
    outcome = result.outcome
    if result.completed is not None:
        outcome += completion.complete(case, result.run, result.completed, context)
    if result.left is not None:
        outcome += skip_level(case, result.run, result.left, context)
    return outcome


def give_up(case: Case, assignment: Assignment, cause: EscalationCause, context: CaseContext) -> Effects:
    """Count on a unit no longer, and leave its level where too few units are left. The unit's late work still counts."""
    assignment.given_up = True
    response, run = response_of_assignment(case, assignment)
    return NO_EFFECTS if response.can_still_finish(case, run) else skip_level(case, run, cause, context)


def skip_level(case: Case, run: LevelRun, cause: EscalationCause, context: CaseContext) -> Effects:
    """Move up from a level, unless the case moved up from it before. Nothing escalates after it was handled."""
    if case.state is not CaseState.WORKING or run.state is not LevelRunState.OPEN:
        return NO_EFFECTS
    run.state = LevelRunState.PASSED
    ended = response_of_run(case, run).end(case, run, cause)
    return ended if case.open_above(run) else ended + escalate_from(case, case.highest + 1, cause, context)


def exhaust(case: Case, cause: ExhaustionCause, context: CaseContext) -> Effects:
    """Call the supervisor, who names a unit. Whoever is at work stays at work: a late handle still ends the case."""
    return Effects(case.exhaust(cause, case.supervisor(context)))


def _reached(case: Case, index: int, context: CaseContext) -> list[str]:
    """Return the units that a level would call; nobody where it is not for this case."""
    level: Level = case.playbook_or_default.ladder[index]
    return response_of(level.respond).reach(case, level, context) if case.holds(level) else []
