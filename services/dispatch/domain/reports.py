"""What responders and supervisors report about a case. The account's right to speak for the unit is checked before."""

from collections.abc import Callable

from chassis.outcome import NOTHING, Happened, Outcome, Refused
from contracts.codes import Clock, Command, EscalationCause, Party, Purpose
from contracts.codes import Outcome as Ending
from contracts.events import dispatch as say
from services.dispatch.domain import clocks, joint, ladder, mediation, rulings
from services.dispatch.domain.case import (
    Assignment,
    Case,
    CaseState,
    NotAssigned,
    NotNow,
    Rung,
    RungState,
    SelfVerification,
    Step,
)
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.world import World


class NoBudget(Refused):
    """There is no third return: the supervisor's ruling has named the unit."""


class NoExtension(Refused):
    """An extension is asked before the time is over, and once."""


def take(case: Case, report: Report, world: World) -> Outcome:
    """Carry out a report. Raises Refused, by name, for what can never be right; a step taken before is a no-op."""
    if case.state is CaseState.WITHDRAWN:
        return NOTHING
    return _TAKES[report.command](case, report, world)


# --- steps


def _sign(case: Case, report: Report, world: World) -> Outcome:
    assignment = _at_work(case, report)
    if not assignment.open or assignment.reached(Step.SIGNED):
        return NOTHING
    assignment.step = Step.SIGNED
    return Outcome(case.stepped(say.AssignmentSigned, assignment, report.actor)) + clocks.meet(case, assignment)


def _contact(case: Case, report: Report, world: World) -> Outcome:
    assignment = _at_work(case, report)
    if not assignment.open or assignment.contacted:
        return NOTHING
    assignment.contacted = True
    if not assignment.reached(Step.CONTACTED):
        assignment.step = Step.CONTACTED
    said = Outcome(case.stepped(say.AssignmentContacted, assignment, report.actor)) + clocks.meet(case, assignment)
    return said + clocks.stop(case, lambda running: running.clock is Clock.CONTACT)


def _report_in(case: Case, report: Report, world: World) -> Outcome:
    assignment = _at_work(case, report)
    if not assignment.open or assignment.reached(Step.REPORTED_IN):
        return NOTHING
    key = clocks.key_of(Clock.REPORT_IN, assignment.id)
    on_time = all(running.stage < clocks.BREACHED for running in case.clocks if running.key == key)
    assignment.step = Step.REPORTED_IN
    said = Outcome(case.stepped(say.AssignmentReportedIn, assignment, report.actor)) + clocks.meet(case, assignment)
    action = joint.of(case, assignment)
    return said + (joint.reported_in(case, action[1], assignment.to, on_time) if action else NOTHING)


def _progress(case: Case, report: Report, world: World) -> Outcome:
    assignment = _at_work(case, report)
    return Outcome(case.stepped(say.AssignmentProgressed, assignment, report.actor)) if assignment.open else NOTHING


# --- endings


def _handle(case: Case, report: Report, world: World) -> Outcome:
    assignment = _at_work(case, report)
    if not assignment.open:
        return NOTHING
    rung = case.rung(assignment.rung)
    if rung.mediation and rung.mediation.outcome is None:
        raise NotNow("command: a mediation ends with agree or fail")
    if rung.joint and assignment.to in rung.joint.units:
        return _finish(case, report, world)
    assignment.step = Step.DONE
    said = Outcome(case.stepped(say.AssignmentHandled, assignment, report.actor)) + clocks.meet(case, assignment)
    return said + (ladder.complete(case, rung, Ending.HANDLED) if _enough(case, rung) else NOTHING)


def _enough(case: Case, rung: Rung) -> bool:
    """Whether as many handled it as the level asks for."""
    ack, named = case.level(rung).ack, case.on_rung(rung)
    done = sum(1 for one in named if one.step is Step.DONE)
    wanted = {None: 1, "any": 1, "all": sum(1 for one in named if one.step is not Step.ENDED)}
    return done >= (wanted[ack] if ack in wanted else int(str(ack)))


def _finish(case: Case, report: Report, world: World) -> Outcome:
    assignment = _at_work(case, report)
    action = joint.of(case, assignment)
    if action is None:
        raise NotNow("command: finish is for a joint action")
    if not assignment.open:
        return NOTHING
    assignment.step = Step.DONE
    said = Outcome(case.stepped(say.AssignmentHandled, assignment, report.actor)) + clocks.meet(case, assignment)
    said += joint.finished(case, action[1], assignment.to)
    return said + (ladder.complete(case, action[0], Ending.JOINT) if action[1].complete else NOTHING)


def _hand_up(case: Case, report: Report, world: World) -> Outcome:
    assignment = _at_work(case, report)
    rung = case.rung(assignment.rung)
    if not assignment.open or rung.state is not RungState.OPEN:
        return NOTHING
    said = Outcome(case.stepped(say.AssignmentHandedUp, assignment, report.actor))
    said += clocks.stop(case, lambda running: running.assignment == assignment.id)
    return said + ladder.pass_over(case, rung, EscalationCause.HANDED_UP, world)


def _verify(case: Case, report: Report, world: World) -> Outcome:
    assignment = case.assignment_of(report.unit, Purpose.VERIFY)
    if not assignment.open:
        return NOTHING
    if assignment.to in case.handlers() or report.actor in case.handling_actors():
        raise SelfVerification(f"unit: {assignment.to!r} or its account handled this and may not verify it")
    passed = needed(report.passed, "passed")
    assignment.step = Step.DONE
    assignment.actors.append(report.actor)
    if passed:
        case.state = CaseState.VERIFIED
    done = {"assignment": assignment.id, "by": assignment.to, "passed": passed, "generation": case.generation}
    return Outcome(case.said(say.VerificationDone, **done)) + clocks.meet(case, assignment)


# --- not mine


def _return(case: Case, report: Report, world: World) -> Outcome:
    assignment = _at_work(case, report)
    if not assignment.open:
        return NOTHING
    rung = case.rung(assignment.rung)
    if rung.joint:
        raise NotNow("command: a unit of a joint action is excused by a ruling, it does not return")
    assert case.playbook is not None
    if case.returns >= case.playbook.returns:
        raise NoBudget(f"command: this case was returned {case.returns} times; the ruling stands")
    case.returns += 1
    assignment.step = Step.ENDED
    stopped = clocks.meet(case, assignment)
    if case.returns == case.playbook.returns:
        return _ask_ruling(case, assignment, report, world) + stopped
    said = Outcome(_returned(case, assignment, report, None)) + stopped
    without = [one.to for one in case.on_rung(rung)]
    fitting = case.find(case.level(rung).to, world, without)
    if not fitting:
        return said + ladder.pass_over(case, rung, EscalationCause.RETURNED, world)
    return said + ladder.replace(case, rung, fitting[0], world)


def _ask_ruling(case: Case, assignment: Assignment, report: Report, world: World) -> Outcome:
    chain = case.supervisors(world)
    case.ruling_asked = True
    return Outcome(_returned(case, assignment, report, chain[0] if chain else None))


def _returned(case: Case, assignment: Assignment, report: Report, ruling_by: str | None) -> Happened:
    reason = needed(report.reason, "reason")
    return case.stepped(
        say.AssignmentReturned, assignment, report.actor, reason=reason, number=case.returns, ruling_by=ruling_by
    )


def _extend(case: Case, report: Report, world: World) -> Outcome:
    """Asked before expiry, once; the supervisor decides."""
    assignment = _at_work(case, report)
    keys = (clocks.key_of(Clock.HANDLE_WITHIN, assignment.id), clocks.key_of(Clock.HANDLE, None))
    running = next((one for key in keys for one in case.clocks if one.key == key and one.live), None)
    until = needed(report.until, "until")
    if running is None or running.extended or running.asked or world.at >= running.due:
        raise NoExtension("command: an extension is asked once, and before the time is over")
    if until <= running.due:
        raise NoExtension("until: is not later than the due time")
    running.asked = until
    chain = case.supervisors(world)
    names = {"clock": running.clock, "due": running.due, "assignment": running.assignment, "until": until}
    return Outcome(case.said(say.DeadlineExtensionAsked, **names, supervisor=chain[0] if chain else None))


# --- mediators


def _session(case: Case, report: Report, world: World) -> Outcome:
    _mediates(case, report)
    return mediation.session(case)


def _agree(case: Case, report: Report, world: World) -> Outcome:
    assignment = _mediates(case, report)
    said = mediation.agree(case, world)
    assignment.step = Step.DONE
    handled = Outcome(case.stepped(say.AssignmentHandled, assignment, report.actor)) + clocks.meet(case, assignment)
    return said + handled + ladder.complete(case, case.rung(assignment.rung), Ending.AGREED)


def _fail(case: Case, report: Report, world: World) -> Outcome:
    assignment = _mediates(case, report)
    return ladder.pass_over(case, case.rung(assignment.rung), EscalationCause.FAILED, world)


def _perform(case: Case, report: Report, world: World) -> Outcome:
    _at_work(case, report)
    return mediation.perform(case, needed(report.passed, "passed"))


def consent(case: Case, party: Party) -> Outcome:
    """A party consents to the mediation."""
    return mediation.consent(case, party)


def withdraw(case: Case, party: Party, world: World) -> Outcome:
    """A party withdraws its consent: the mediation has failed and the case moves up."""
    said, rung = mediation.withdraw(case, party)
    return said + ladder.pass_over(case, rung, EscalationCause.CONSENT_WITHDRAWN, world)


# --- within


def _at_work(case: Case, report: Report) -> Assignment:
    return case.assignment_of(report.unit, Purpose.HANDLE)


def _mediates(case: Case, report: Report) -> Assignment:
    _, going_on = mediation.live(case)
    if going_on.mediator != report.unit:
        raise NotAssigned(f"unit: {report.unit!r} does not mediate in this case")
    return _at_work(case, report)


_TAKES: dict[Command, Callable[[Case, Report, World], Outcome]] = {
    Command.SIGN: _sign,
    Command.CONTACT: _contact,
    Command.REPORT_IN: _report_in,
    Command.PROGRESS: _progress,
    Command.RETURN: _return,
    Command.HAND_UP: _hand_up,
    Command.HANDLE: _handle,
    Command.FINISH: _finish,
    Command.VERIFY: _verify,
    Command.EXCUSE: rulings.excuse,
    Command.RULE: rulings.rule,
    Command.EXTEND: _extend,
    Command.PAUSE: rulings.command_pause,
    Command.RESUME: rulings.command_resume,
    Command.SESSION: _session,
    Command.AGREE: _agree,
    Command.FAIL: _fail,
    Command.PERFORM: _perform,
}
