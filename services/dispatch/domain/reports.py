"""What responders and supervisors report about a case. The account's right to speak for the unit is checked before."""

from collections.abc import Callable

from chassis.effects import Effects, Refused
from contracts.codes import Clock, Command
from contracts.events import dispatch as say
from services.dispatch.domain import (
    clocks,
    endings,
    extensions,
    joint,
    lateness,
    marks,
    mediating,
    pauses,
    performance,
    returns,
    rulings,
    verification,
)
from services.dispatch.domain.case import Case, CaseState
from services.dispatch.domain.lateness import TooLate
from services.dispatch.domain.parts import Step
from services.dispatch.domain.report import Report
from services.dispatch.domain.world import World

Take = Callable[[Case, Report, World], Effects]


def take(case: Case, report: Report, world: World) -> Effects:
    """Carry out a report. Raises TooLate where something came first, Refused, by name, for what can never be right.

    A report that is not refused has an effect.
    """
    try:
        if case.state is CaseState.WITHDRAWN:
            raise lateness.of_case(case, report.command, lateness.WITHDRAWN)
        outcome = _TAKES[report.command](case, report, world)
    except TooLate as late:
        here = late.at.astimezone(world.calendar.zone) if late.at else None
        raise TooLate(report.command, late.fact, here) from None
    if not outcome:
        raise TooLate(report.command, None, None)
    return outcome


def sign(case: Case, report: Report, world: World) -> Effects:
    """签收: the unit has seen it."""
    assignment = lateness.at_work(case, report)
    if not assignment.open or assignment.reached(Step.SIGNED):
        raise lateness.of_assignment(case, assignment, report.command)
    assignment.step = Step.SIGNED
    return Effects(case.stepped(say.AssignmentSigned, assignment, report.actor)) + clocks.meet(case, assignment)


def contact(case: Case, report: Report, world: World) -> Effects:
    """联系: a person was reached, which stops the case's clock of first contact."""
    assignment = lateness.at_work(case, report)
    if not assignment.open or assignment.contacted:
        raise lateness.of_assignment(case, assignment, report.command)
    assignment.contacted = True
    if not assignment.reached(Step.CONTACTED):
        assignment.step = Step.CONTACTED
    said = Effects(case.stepped(say.AssignmentContacted, assignment, report.actor)) + clocks.meet(case, assignment)
    return said + clocks.stop(case, lambda running: running.clock is Clock.CONTACT)


def report_in(case: Case, report: Report, world: World) -> Effects:
    """报到: the unit is there and working; in a joint action, in time or not."""
    assignment = lateness.at_work(case, report)
    if not assignment.open or assignment.reached(Step.REPORTED_IN):
        raise lateness.of_assignment(case, assignment, report.command)
    key = clocks.key_of(Clock.REPORT_IN, assignment.id)
    mine = [one for one in case.clocks if one.key == key]
    on_time = all(one.stage < marks.BREACHED and world.at <= clocks.due_now(case, one, world) for one in mine)
    assignment.step = Step.REPORTED_IN
    said = Effects(case.stepped(say.AssignmentReportedIn, assignment, report.actor)) + clocks.meet(case, assignment)
    called = joint.of(case, assignment)
    return said + (joint.reported_in(case, called[1], assignment.to, on_time) if called else Effects())


def progress(case: Case, report: Report, world: World) -> Effects:
    """The unit says how it goes."""
    assignment = lateness.at_work(case, report)
    if not assignment.open:
        raise lateness.of_assignment(case, assignment, report.command)
    return Effects(case.stepped(say.AssignmentProgressed, assignment, report.actor))


def _not_yet(case: Case, report: Report, world: World) -> Effects:
    raise Refused(f"command: {report.command.value} is not taken yet")


_TAKES: dict[Command, Take] = {
    Command.SIGN: sign,
    Command.CONTACT: contact,
    Command.REPORT_IN: report_in,
    Command.PROGRESS: progress,
    Command.RETURN: returns.give_back,
    Command.HAND_UP: endings.hand_up,
    Command.HANDLE: endings.handle,
    Command.FINISH: endings.finish,
    Command.VERIFY: verification.verify,
    Command.CLAIM: _not_yet,
    Command.EXCUSE: rulings.excuse,
    Command.RULE: rulings.rule,
    Command.EXTEND: extensions.ask,
    Command.PAUSE: pauses.command_pause,
    Command.RESUME: pauses.command_resume,
    Command.SESSION: mediating.session,
    Command.AGREE: mediating.agree,
    Command.FAIL: mediating.fail,
    Command.PERFORM: performance.perform,
}
