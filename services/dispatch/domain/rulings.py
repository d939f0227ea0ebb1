"""What a supervisor decides: rulings after returns, extensions, excuses, pauses. Only the case's own chain of supervisors
may.
"""

from datetime import datetime

from chassis.outcome import NOTHING, Outcome
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as say
from services.dispatch.domain import clocks, joint, ladder
from services.dispatch.domain.case import Case, CaseState, NotNow, NotSupervisor, Rung, RungState, Running
from services.dispatch.domain.due import Pause
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.world import World


def rule(case: Case, report: Report, world: World) -> Outcome:
    """Name the unit after a return or when the case is exhausted, or decide on an extension that was asked for."""
    _supervises(case, report, world)
    asked = next((running for running in case.clocks if running.live and running.asked), None)
    if report.to is None and asked is not None:
        return _rule_extension(case, asked, needed(report.passed, "passed"))
    unit = needed(report.to, "to")
    if not (case.ruling_asked or case.state is CaseState.EXHAUSTED):
        raise NotNow("command: no ruling is asked for in this case")
    if unit not in {responder.id for responder in world.directory.responders}:
        raise NotNow(f"to: {unit!r} is not registered")
    case.ruling_asked, case.state = False, CaseState.WORKING
    said = case.said(say.AssignmentRuled, by=report.unit, actor=report.actor, to=unit)
    rung = _rung_for_ruling(case)
    return Outcome(said) + ladder.replace(case, rung, unit, world)


def _rung_for_ruling(case: Case) -> Rung:
    if case.highest < 0:
        case.rungs.append(Rung(0, case.generation))
    rung = case.rung(case.highest)
    rung.state = RungState.OPEN
    return rung


def _rule_extension(case: Case, running: Running, granted: bool) -> Outcome:
    assert running.asked is not None
    if granted:
        return clocks.extend(case, running, running.asked)
    running.asked, running.extended = None, True
    names = {"clock": running.clock, "due": running.due, "assignment": running.assignment}
    return Outcome(case.said(say.DeadlineExtensionRefused, **names))


def excuse(case: Case, report: Report, world: World) -> Outcome:
    """A called unit need not. Raises NotSupervisor, NotNow."""
    _supervises(case, report, world)
    rung, action = joint.live(case)
    unit = needed(report.to, "to")
    said = joint.excused(case, action, unit, report.unit)
    said += ladder.relieve(case, [one for one in case.on_rung(rung) if one.to == unit])
    return said + (ladder.complete(case, rung, Ending.JOINT) if action.complete else NOTHING)


def command_pause(case: Case, report: Report, world: World) -> Outcome:
    """The supervisor stops the clocks. Raises NotSupervisor."""
    _supervises(case, report, world)
    return pause(case, report.until, world)


def command_resume(case: Case, report: Report, world: World) -> Outcome:
    """The supervisor lets the clocks go on. Raises NotSupervisor."""
    _supervises(case, report, world)
    return resume(case, world)


def pause(case: Case, review_at: datetime | None, world: World) -> Outcome:
    """The clocks stand still."""
    if case.paused:
        return NOTHING
    held = clocks.hold(case)
    case.pauses.append(Pause(world.at, None))
    return Outcome(case.said(say.CasePaused, review_at=review_at)) + held


def resume(case: Case, world: World) -> Outcome:
    """The clocks go on, later by the working time that the pause covered."""
    if not case.paused:
        return NOTHING
    case.pauses[-1] = Pause(case.pauses[-1].start, world.at)
    level = case.level(case.rung(case.highest)).level if case.highest >= 0 else "none"
    said = Outcome(case.said(say.CaseResumed, level=level, generation=case.generation))
    return said + clocks.release(case, world)


def _supervises(case: Case, report: Report, world: World) -> None:
    if report.unit not in case.supervisors(world):
        raise NotSupervisor(f"unit: {report.unit!r} does not supervise this case")
