"""Joint action: several units called together, exactly one in the lead; done when every unit finished or was excused by a
ruling.
"""

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import Clock
from contracts.events import dispatch as say
from services.dispatch.domain.case import Case, NotNow
from services.dispatch.domain.parts import Assignment, JointAction, Rung
from services.dispatch.domain.world import World


def call(case: Case, rung: Rung, units: list[str], world: World) -> Effects:
    """Call the units; the first leads."""
    number = sum(1 for other in case.rungs if other.joint) + 1
    rung.joint = JointAction(f"{case.id}-j{number}", units[0], list(units))
    rule = case.level(rung).clocks.get(Clock.REPORT_IN) or world.standards[case.urgency].get(Clock.REPORT_IN)
    by = world.calendar.due(world.at, rule, case.pauses).at if rule else None
    return Effects(
        case.said(say.JointActionCalled(joint_action=rung.joint.id, lead=units[0], units=list(units), report_in_by=by))
    )


def of(case: Case, assignment: Assignment) -> tuple[Rung, JointAction] | None:
    """The joint action that an assignment is part of; one that a ruling made stands for itself."""
    rung = case.rung(assignment.rung)
    return (rung, rung.joint) if rung.joint and not assignment.ruled else None


def live(case: Case) -> tuple[Rung, JointAction]:
    """The joint action that is going on. Raises NotNow."""
    for rung in reversed(case.rungs):
        if rung.joint and not rung.joint.complete and rung.generation == case.generation:
            return rung, rung.joint
    raise NotNow("command: no joint action is going on in this case")


def reported_in(case: Case, joint: JointAction, unit: str, on_time: bool) -> Effects:
    """A unit is there."""
    if unit in joint.reported_in:
        return NO_EFFECTS
    joint.reported_in.append(unit)
    return Effects(case.said(say.JointActionUnitReportedIn(joint_action=joint.id, unit=unit, on_time=on_time)))


def finished(case: Case, joint: JointAction, unit: str) -> Effects:
    """A unit did its part."""
    if unit in joint.finished:
        return NO_EFFECTS
    joint.finished.append(unit)
    return Effects(case.said(say.JointActionUnitFinished(joint_action=joint.id, unit=unit))) + _completed(case, joint)


def excused(case: Case, joint: JointAction, unit: str, by: str) -> Effects:
    """A unit need not, by ruling. Raises NotNow for a unit that was not called, and for the lead."""
    if unit not in joint.units:
        raise NotNow("to: was not called to this joint action")
    if unit == joint.lead:
        raise NotNow("to: leads this joint action and cannot be excused")
    if unit in joint.excused or unit in joint.finished:
        return NO_EFFECTS
    joint.excused.append(unit)
    said = Effects(case.said(say.JointActionUnitExcused(joint_action=joint.id, unit=unit, by=by)))
    return said + _completed(case, joint)


def _completed(case: Case, joint: JointAction) -> Effects:
    return Effects(case.said(say.JointActionCompleted(joint_action=joint.id))) if joint.complete else NO_EFFECTS
