"""Rerouting of a case: its ticket's category changed, since a more serious matter was merged into it or the desk corrected it.

The playbook of the new category begins at its first level, and those at work by the old one are relieved. Where the same
playbook takes both categories the work goes on where it stands. Either way the ticket's new generation begins, so that a
completion of the old one, which may be on its way to tickets, counts for nothing.
"""

from dataclasses import dataclass

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import EscalationCause, ExhaustionCause
from services.dispatch.domain import assignments, clocks, ladder, verification
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.playbook import Playbook
from services.dispatch.domain.responses import response_of_run


@dataclass(frozen=True)
class Change:
    """The new category, whether its matter is a dispute, the ticket's new generation, and the playbook that takes it."""

    category: str
    dispute: bool
    generation: int
    playbook: Playbook | None


def category_changed(case: Case, change: Change, context: CaseContext) -> Effects:
    """Route the case by its new category. A change of an older generation, or of a withdrawn case, does nothing.

    A police matter stays with the police whatever tickets says: the case takes the new generation and nothing else.
    """
    if change.generation <= case.generation or case.state is CaseState.WITHDRAWN:
        return NO_EFFECTS
    leaves_the_police = case.category in context.police_matters and change.category not in context.police_matters
    if not leaves_the_police:
        case.category, case.dispute = change.category, change.dispute
    if leaves_the_police or _same_playbook(case, change):
        return _go_on(case, change.generation, context)
    return _start_again(case, change, context)


def _same_playbook(case: Case, change: Change) -> bool:
    before, after = case.playbook, change.playbook
    return before is not None and after is not None and before.name == after.name


def _go_on(case: Case, generation: int, context: CaseContext) -> Effects:
    """Let the work of the old generation be the new one's; completed work goes on at the level that ended it."""
    if case.state not in UNDER_WAY:
        return _begin(case, generation, case.ended_at, context)
    return Effects(case.renumber(generation))


def _start_again(case: Case, change: Change, context: CaseContext) -> Effects:
    ended = NO_EFFECTS
    for run in case.level_runs:
        ended += response_of_run(case, run).leave_playbook(case, run)
    case.playbook = change.playbook
    return ended + _begin(case, change.generation, 0, context)


def _begin(case: Case, generation: int, start: int, context: CaseContext) -> Effects:
    """Begin the new generation at a level of the playbook, or call the supervisor where there is none."""
    relieved = verification.end(case) + assignments.relieve(case, case.assignments)
    first = ladder.first(case, start)
    outcome = relieved + Effects(case.reroute(generation, start, first)) + clocks.wake(case, context)
    if case.playbook is None:
        return outcome + ladder.exhaust(case, ExhaustionCause.NO_PLAYBOOK, context)
    return outcome + ladder.escalate_from(case, first, EscalationCause.UNREACHABLE, context)
