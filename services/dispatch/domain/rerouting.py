"""Routing a case again: its ticket's category changed, since a more serious matter was merged into it.

The playbook of the new category begins at its first level, and those at work by the old one are relieved. Where the same
playbook takes both categories the work goes on where it stands. Either way the ticket's new generation begins, so that a
completion of the old one, which may be on its way to tickets, counts for nothing.
"""

from dataclasses import dataclass

from chassis.effects import NO_EFFECTS, DomainEvent, Effects
from contracts.codes import EscalationCause, ExhaustionCause
from contracts.events import dispatch as say
from services.dispatch.domain import assignments, clocks, ladder, mediation, verification
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState
from services.dispatch.domain.playbook import Playbook
from services.dispatch.domain.world import World


@dataclass(frozen=True)
class Change:
    """The new category, whether its matter is a dispute, the ticket's new generation, and the playbook that takes it."""

    category: str
    dispute: bool
    generation: int
    playbook: Playbook | None


def category_changed(case: Case, change: Change, world: World) -> Effects:
    """Route the case by its new category. A change of an older generation, or of a withdrawn case, does nothing.

    A police matter stays with the police whatever tickets says: the case takes the new generation and nothing else.
    """
    if change.generation <= case.generation or case.state is CaseState.WITHDRAWN:
        return NO_EFFECTS
    leaves_the_police = case.category in world.police_matters and change.category not in world.police_matters
    if not leaves_the_police:
        case.category, case.dispute = change.category, change.dispute
    if leaves_the_police or _same_playbook(case, change):
        return _go_on(case, change.generation, world)
    return _start_again(case, change, world)


def _same_playbook(case: Case, change: Change) -> bool:
    before, after = case.playbook, change.playbook
    return before is not None and after is not None and before.name == after.name


def _go_on(case: Case, generation: int, world: World) -> Effects:
    """The work of the old generation is the new one's; what was completed meanwhile goes on at the level that ended it."""
    if case.state not in UNDER_WAY:
        return _climb(case, generation, case.ended_at, world)
    for rung in case.rungs:
        rung.generation = generation if rung.generation == case.generation else rung.generation
    for one in case.assignments:
        one.generation = generation if one.generation == case.generation else one.generation
    case.generation = generation
    return Effects(_rerouted(case, max(case.highest, 0)))


def _start_again(case: Case, change: Change, world: World) -> Effects:
    failed = NO_EFFECTS
    for rung in case.rungs:
        if rung.mediation and rung.mediation.outcome == "agreed" and rung.mediation.perform is None:
            rung.mediation.perform = case.level(rung).perform  # its level is of the old playbook
        failed += mediation.end(case, rung, EscalationCause.FAILED)
    case.playbook = change.playbook
    return failed + _climb(case, change.generation, 0, world)


def _climb(case: Case, generation: int, start: int, world: World) -> Effects:
    """Begin the new generation at a level of the playbook, or call the supervisor where there is none."""
    relieved = verification.end(case) + assignments.relieve(case, case.assignments)
    case.generation, case.state, case.ended_at = generation, CaseState.WORKING, start
    case.ruling_asked = case.verifier_asked = False
    first = ladder.first(case, start)
    outcome = relieved + Effects(_rerouted(case, first)) + clocks.wake(case, world)
    if case.playbook is None:
        return outcome + ladder.exhaust(case, ExhaustionCause.NO_PLAYBOOK, world)
    return outcome + ladder.climb(case, first, EscalationCause.UNREACHABLE, world)


def _rerouted(case: Case, index: int) -> DomainEvent:
    book = case.playbook
    return case.said(
        say.CaseRerouted(
            category=case.category,
            playbook=book.name if book else None,
            playbook_version=book.version if book else None,
            level=book.ladder[index].level if book else None,
            generation=case.generation,
        )
    )
