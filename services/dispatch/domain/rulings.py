"""What a supervisor decides: which unit does it or checks it, whether there is more time, who need not come. Only the case's
own chain of supervisors may.
"""

from chassis.effects import NO_EFFECTS, Effects
from contracts.codes import EarlierFact, EscalationCause
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as say
from services.dispatch.domain import assignments, extensions, joint, ladder, lateness, mediation, police_matter, verification
from services.dispatch.domain.case import UNDER_WAY, Case, CaseState, NotNow
from services.dispatch.domain.parts import Rung, RungState
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.world import World


def rule(case: Case, report: Report, world: World) -> Effects:
    """Name the unit that does it, or checks it, where that is asked for; or decide on an extension.

    Raises NotSupervisor, NotNow, SelfVerification, NeverToThem.
    """
    case.supervised_by(report.unit, world)
    asked = extensions.asked(case)
    if report.to is None and asked is not None:
        return extensions.decide(case, asked, needed(report.passed, "passed"), world)
    unit = needed(report.to, "to")
    if not (case.ruling_asked or case.verifier_asked or case.state is CaseState.EXHAUSTED):
        if EarlierFact.RULED in case.history:
            raise lateness.of_case(case, report.command, [EarlierFact.RULED, EarlierFact.COMPLETED])
        raise NotNow("command: no ruling is asked for in this case")
    named = world.directory.responder(unit)
    if named is None:
        raise NotNow("to: is not registered")
    if police_matter.bars(case.category, named.role, world):
        raise police_matter.NeverToThem(f"to: {unit!r}: {case.category!r} never goes to a {named.role.value}")
    said = Effects(case.said(say.AssignmentRuled(by=report.unit, actor=report.actor, to=unit)))
    return said + (verification.rule(case, unit, world) if case.verifier_asked else _name(case, unit, world))


def excuse(case: Case, report: Report, world: World) -> Effects:
    """A unit that was called need not come. Raises NotSupervisor, NotNow."""
    case.supervised_by(report.unit, world)
    if case.state not in UNDER_WAY:
        raise lateness.of_case(case, report.command, [EarlierFact.COMPLETED])
    rung, action = joint.live(case)
    unit = needed(report.to, "to")
    said = joint.excused(case, action, unit, report.unit)
    if not said:
        raise lateness.of_case(case, report.command, [EarlierFact.EXCUSED if unit in action.excused else EarlierFact.FINISHED])
    said += assignments.relieve(case, [one for one in case.on_rung(rung) if one.to == unit and not one.ruled])
    return said + (ladder.complete(case, rung, Ending.JOINT, world) if action.complete else NO_EFFECTS)


def _name(case: Case, unit: str, world: World) -> Effects:
    """On the highest level that is open, beside whoever is at work there. A mediation goes on only under a mediator."""
    case.ruling_asked, case.state = False, CaseState.WORKING
    rung = _rung_for_ruling(case)
    named = world.directory.responder(unit)
    if named and named.role is case.level(rung).to.role:
        mediation.take_over(rung, unit)
        return assignments.name(case, rung, unit, world, ruled=True)
    return mediation.end(case, rung, EscalationCause.FAILED) + assignments.name(case, rung, unit, world, ruled=True)


def _rung_for_ruling(case: Case) -> Rung:
    if case.highest < 0:
        case.rungs.append(Rung(0, case.generation))
    rung = case.rung(case.highest)
    rung.state = RungState.OPEN
    return rung
