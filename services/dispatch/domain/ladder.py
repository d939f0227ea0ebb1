"""The ladder: opening a level, moving up, and what is left when there is no level any more.

A level that can reach nobody is skipped at once. ``parallel_for`` opens a level together with the one below. Past the last
level, or where no playbook fits, the case is exhausted: the supervisor is called. A lower level stays responsible until
relieved.
"""

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import Clock, EscalationCause, ExhaustionCause, Purpose, Respond
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as say
from services.dispatch.domain import assignments, clocks, joint, mediation, pauses
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState
from services.dispatch.domain.parts import Assignment, Rung, RungState
from services.dispatch.domain.playbook import Level
from services.dispatch.domain.world import World


def first(case: Case, start: int = 0) -> int:
    """The index of the first level that is for this case; ``start`` where none is."""
    ladder = case.book.ladder
    return next((index for index in range(start, len(ladder)) if case.holds(ladder[index])), start)


def climb(case: Case, start: int, cause: EscalationCause, world: World) -> Effects:
    """Open the first level from ``start`` on that is for this case and reaches somebody. ``cause``: why it leaves the level
    below, where it stands on one.
    """
    below = case.highest
    for index in range(start, len(case.book.ladder)):
        level = case.book.ladder[index]
        reached = reachable(case, level, world) if case.holds(level) else []
        if reached:
            left = below if below >= 0 else first(case, start)
            moved = _escalated(case, left, index, cause) if left != index else NO_EFFECTS
            return moved + open_level(case, index, reached, world)
    return exhaust(case, ExhaustionCause.LAST_LEVEL if below >= 0 else ExhaustionCause.NO_RESPONDER, world)


def reachable(case: Case, level: Level, world: World) -> list[str]:
    """Whom the level would call, the lead first; nobody means that it is skipped."""
    if level.respond is Respond.MEDIATE and case.category in world.police_matters:
        return []
    found = case.find(level.to, world)
    if level.respond is Respond.CONVENE and found:
        helpers = [one for call in level.co_units for one in case.find(call, world)[:1]]
        return list(dict.fromkeys([found[0], *helpers]))
    return found


def open_level(case: Case, index: int, reached: list[str], world: World) -> Effects:
    """Name the responders of a level, start their clocks, and open the level above with it where the playbook says so."""
    rung = Rung(index, case.generation)
    case.rungs.append(rung)
    level = case.level(rung)
    if level.respond is Respond.MEDIATE:
        outcome = assignments.name(case, rung, reached[0], world) + mediation.open_(case, rung, reached[0])
    elif level.respond is Respond.CONVENE:
        outcome = joint.call(case, rung, reached, world) + _name_all(case, rung, reached, world)
    else:
        outcome = _name_all(case, rung, reached if level.ack else reached[:1], world)
    return outcome + open_parallel(case, index, world)


def open_parallel(case: Case, index: int, world: World) -> Effects:
    """Open the next level too, where the playbook wants it opened together with this one for the case's urgency."""
    above = first(case, index + 1)
    if above >= len(case.book.ladder) or not case.holds(case.book.ladder[above]):
        return NO_EFFECTS
    level = case.book.ladder[above]
    reached = reachable(case, level, world) if case.urgency in level.parallel_for else []
    if not reached:
        return NO_EFFECTS
    return _escalated(case, index, above, EscalationCause.PARALLEL) + open_level(case, above, reached, world)


def give_up(case: Case, assignment: Assignment, cause: EscalationCause, world: World) -> Effects:
    """A level no longer counts on a unit; it is passed where too few are left. The unit's late work still counts."""
    assignment.given_up = True
    rung = case.rung(assignment.rung)
    return NO_EFFECTS if assignments.hopeful(case, rung) else pass_over(case, rung, cause, world)


def pass_over(case: Case, rung: Rung, cause: EscalationCause, world: World) -> Effects:
    """Move up from a rung, unless the case moved up from it before. Nothing escalates after it was handled."""
    if case.state is not CaseState.WORKING or rung.state is not RungState.OPEN:
        return NO_EFFECTS
    rung.state = RungState.PASSED
    failed = mediation.end(case, rung, cause)
    return failed if case.open_above(rung) else failed + climb(case, case.highest + 1, cause, world)


def exhaust(case: Case, cause: ExhaustionCause, world: World) -> Effects:
    """Call the supervisor, who names a unit. Whoever is at work stays at work: a late handle still ends the case."""
    case.state = CaseState.EXHAUSTED
    return Effects(case.said(say.CaseExhausted(cause=cause, supervisor=case.supervisor(world))))


def complete(case: Case, rung: Rung, ending: Ending, world: World) -> Effects:
    """The responders are done: whoever else is at work is relieved, no clock of the work runs any more, no pause lasts."""
    if case.state not in UNDER_WAY:
        return NO_EFFECTS
    outcome = pauses.resume(case, world)
    case.state, rung.state, case.ended_at, case.ruling_asked = CaseState.COMPLETED, RungState.DONE, rung.index, False
    for other in case.rungs:
        if other is not rung and other.generation == case.generation:
            outcome += mediation.end(case, other, EscalationCause.FAILED)
    outcome += assignments.relieve(case, case.of_generation(Purpose.HANDLE))
    outcome += clocks.stop(case, lambda running: running.clock is not Clock.VERIFY)
    completed = case.said(
        say.CaseCompleted(
            level=case.level(rung).level,
            rung=rung.index + 1,
            outcome=ending,
            generation=case.generation,
            handled_by=case.handlers(),
        )
    )
    return Effects(*outcome, completed)


def _name_all(case: Case, rung: Rung, units: list[str], world: World) -> Effects:
    outcome = NO_EFFECTS
    for unit in units:
        outcome += assignments.name(case, rung, unit, world)
    return outcome


def _escalated(case: Case, below: int, index: int, why: EscalationCause) -> Effects:
    ladder = case.book.ladder
    return Effects(case.said(say.CaseEscalated(level=ladder[index].level, below=ladder[below].level, cause=why)))
