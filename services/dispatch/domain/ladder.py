"""The ladder: opening a level, moving up, and what is left when there is no level any more.

A level that can reach nobody is skipped at once. ``parallel_for`` opens a level together with the one below. Past the last
level, or where no playbook fits, the case is exhausted: the supervisor is called. A lower level stays responsible until
relieved.
"""

from chassis.outcome import NOTHING, Outcome
from contracts.codes import Clock, EscalationCause, ExhaustionCause, Purpose, Respond
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as say
from services.dispatch.domain import clocks, joint, mediation
from services.dispatch.domain.case import Assignment, Case, CaseState, Rung, RungState, Running, Step
from services.dispatch.domain.playbook import Level
from services.dispatch.domain.world import World

LEVEL_CLOCKS = (Clock.SIGN, Clock.REPORT_IN, Clock.HANDLE_WITHIN)


def climb(case: Case, cause: EscalationCause | None, world: World) -> Outcome:
    """Open the next level that is for this case and reaches somebody. ``cause`` is None at the start of a generation."""
    assert case.playbook is not None
    outcome, below = NOTHING, case.highest
    for index in range(below + 1, len(case.playbook.ladder)):
        level = case.playbook.ladder[index]
        if not level.holds(case.dispute):
            continue
        reached = reachable(case, level, world)
        if below >= 0 or cause is not None:
            why = cause if reached and cause else EscalationCause.UNREACHABLE
            outcome += _escalated(case, below, level, why)
        if reached:
            return outcome + open_level(case, index, reached, world)
        below, cause = index, EscalationCause.UNREACHABLE
    nobody = ExhaustionCause.NO_RESPONDER if case.highest < 0 else ExhaustionCause.LAST_LEVEL
    return outcome + exhaust(case, nobody, world)


def _escalated(case: Case, below: int, level: Level, why: EscalationCause) -> Outcome:
    assert case.playbook is not None
    lower = case.playbook.ladder[below].level if below >= 0 else level.level
    return Outcome(case.said(say.CaseEscalated, level=level.level, below=lower, cause=why))


def reachable(case: Case, level: Level, world: World) -> list[str]:
    """Whom the level would call, the lead first; nobody means that it is skipped."""
    found = case.find(level.to, world)
    if level.respond is Respond.CONVENE and found:
        helpers = [one for call in level.co_units for one in case.find(call, world)[:1]]
        return list(dict.fromkeys([found[0], *helpers]))
    return found


def open_level(case: Case, index: int, reached: list[str], world: World) -> Outcome:
    """Name the responders of a level, start their clocks, and open the level above with it where the playbook says so."""
    rung = Rung(index, case.generation)
    case.rungs.append(rung)
    level = case.level(rung)
    if level.respond is Respond.MEDIATE:
        outcome = name(case, rung, reached[0], world) + mediation.open_(case, rung, reached[0])
    elif level.respond is Respond.CONVENE:
        outcome = joint.call(case, rung, reached, world) + _name_all(case, rung, reached, world)
    else:
        outcome = _name_all(case, rung, reached if level.ack else reached[:1], world)
    return outcome + _open_parallel(case, index, world)


def _open_parallel(case: Case, index: int, world: World) -> Outcome:
    assert case.playbook is not None
    above = next((i for i in range(index + 1, len(case.playbook.ladder)) if case.playbook.ladder[i].holds(case.dispute)), None)
    if above is None or case.urgency not in case.playbook.ladder[above].parallel_for:
        return NOTHING
    level = case.playbook.ladder[above]
    reached = reachable(case, level, world)
    if not reached:
        return NOTHING
    return _escalated(case, index, level, EscalationCause.PARALLEL) + open_level(case, above, reached, world)


def _name_all(case: Case, rung: Rung, units: list[str], world: World) -> Outcome:
    outcome = NOTHING
    for unit in units:
        outcome += name(case, rung, unit, world)
    return outcome


def name(case: Case, rung: Rung, unit: str, world: World) -> Outcome:
    """Assign a unit on a rung."""
    level = case.level(rung)
    assignment = _add(case, unit, rung.index, level.level, Purpose.HANDLE, world)
    return _made(case, assignment) + clocks.start_assignment_clocks(case, assignment, LEVEL_CLOCKS, level.clocks, world)


def name_verifier(case: Case, unit: str, world: World) -> Outcome:
    """Assign somebody to check."""
    assignment = _add(case, unit, max(case.highest, 0), "verify", Purpose.VERIFY, world)
    return _made(case, assignment) + clocks.start_assignment_clocks(case, assignment, (Clock.VERIFY,), {}, world)


def _add(case: Case, unit: str, rung: int, level: str, purpose: Purpose, world: World) -> Assignment:
    number = len(case.assignments) + 1
    assignment = Assignment(f"{case.id}-{number}", unit, rung, level, purpose, case.generation, world.at)
    case.assignments.append(assignment)
    return assignment


def _made(case: Case, assignment: Assignment) -> Outcome:
    _, called_to = joint.of(case, assignment) or (None, None)
    return Outcome(
        case.said(
            say.AssignmentMade,
            assignment=assignment.id,
            to=assignment.to,
            level=assignment.level,
            purpose=assignment.purpose,
            generation=case.generation,
            joint_action=called_to.id if called_to else None,
        )
    )


def pass_over(case: Case, rung: Rung, cause: EscalationCause, world: World) -> Outcome:
    """Move up from a rung, unless the case moved up from it before. Nothing escalates after it was handled."""
    if case.state is not CaseState.WORKING or rung.state is not RungState.OPEN:
        return NOTHING
    rung.state = RungState.PASSED
    failed = mediation.end(case, rung, cause)
    higher_open = any(
        other.state is RungState.OPEN and other.index > rung.index and other.generation == case.generation
        for other in case.rungs
    )
    return failed if higher_open else failed + climb(case, cause, world)


def ring(case: Case, key: str, version: int, world: World) -> Outcome:
    """A timer rang: an older version, or one of a case that is done, does nothing."""
    running = clocks.ringing(case, key, version)
    if running is None or case.paused or case.state is CaseState.WITHDRAWN:
        return NOTHING
    outcome = clocks.advance(case, running, world)
    if running.stage == clocks.BREACHED and running.assignment is not None:
        outcome += _breached(case, running, world)
    return outcome


def _breached(case: Case, running: Running, world: World) -> Outcome:
    assignment = next(a for a in case.assignments if a.id == running.assignment)
    if assignment.generation != case.generation:
        return NOTHING
    if assignment.purpose is Purpose.VERIFY:
        return exhaust(case, ExhaustionCause.NO_VERIFIER, world)
    return pass_over(case, case.rung(assignment.rung), EscalationCause.BREACHED, world)


def exhaust(case: Case, cause: ExhaustionCause, world: World) -> Outcome:
    """Call the supervisor. Whoever is at work stays at work: a late handle still ends the case."""
    if case.state is CaseState.WORKING:
        case.state = CaseState.EXHAUSTED
    chain = case.supervisors(world)
    return Outcome(case.said(say.CaseExhausted, cause=cause, supervisor=chain[0] if chain else None))


def relieve(case: Case, assignments: list[Assignment]) -> Outcome:
    """Nothing more is asked of these, and their clocks stop."""
    outcome = NOTHING
    for assignment in assignments:
        if assignment.open:
            assignment.step = Step.ENDED
            outcome += Outcome(case.said(say.AssignmentRelieved, assignment=assignment.id, by=assignment.to))
            outcome += clocks.meet(case, assignment)
    return outcome


def complete(case: Case, rung: Rung, ending: Ending) -> Outcome:
    """The responders are done: whoever else is at work is relieved, and no clock of the work runs any more."""
    if case.state not in {CaseState.WORKING, CaseState.EXHAUSTED}:
        return NOTHING
    case.state, rung.state, case.ended_at = CaseState.COMPLETED, RungState.DONE, rung.index
    outcome = NOTHING
    for other in case.rungs:
        if other is not rung and other.generation == case.generation:
            outcome += mediation.end(case, other, EscalationCause.FAILED)
    outcome += relieve(case, case.of_generation(Purpose.HANDLE))
    outcome += clocks.stop(case, lambda running: running.clock is not Clock.VERIFY)
    completed = case.said(
        say.CaseCompleted,
        level=case.level(rung).level,
        rung=rung.index + 1,
        outcome=ending,
        generation=case.generation,
        handled_by=case.handlers(),
    )
    return Outcome(*outcome, completed)


def replace(case: Case, rung: Rung, unit: str, world: World) -> Outcome:
    """Name another unit on a rung; a mediation goes on with the new mediator."""
    if rung.mediation:
        rung.mediation.mediator = unit
    return name(case, rung, unit, world)
