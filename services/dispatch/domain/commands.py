"""The commands that responders and supervisors give to a case, and the requests of parties.

The account's right to speak for the unit is checked before. The commands of one way to respond come from `responses`; the
others are those of this module, of `verification`, `extensions`, `returns`, `rulings` and `pauses`.
"""

from collections.abc import Callable

from chassis.effects import Effects, Refused
from contracts.codes import Clock, Command, EarlierFact, Party, Request
from contracts.events import dispatch as events
from services.dispatch.domain import (
    clocks,
    deadline_stages,
    extensions,
    ladder,
    lateness,
    pauses,
    returns,
    rulings,
    verification,
)
from services.dispatch.domain.case import Case, CaseState
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment, LevelRunState, Step
from services.dispatch.domain.lateness import TooLate
from services.dispatch.domain.report import Report, check_time_of_act, with_time_of_act
from services.dispatch.domain.responses import command_handler, request_handler, response_of_assignment

Handler = Callable[[Case, Report, CaseContext], Effects]


class NotTaken(Refused):
    """A command that no rule takes yet."""


def execute(case: Case, report: Report, context: CaseContext) -> Effects:
    """Carry out a command. Raises TooLate where something came first, Refused, by name, for what can never be right.

    A command that is not refused has an effect.
    """
    check_time_of_act(report.acted_at, context.at)
    try:
        if case.state is CaseState.WITHDRAWN:
            raise lateness.of_case(case, report.command, lateness.WITHDRAWN)
        outcome = _execute(case, report, context)
    except TooLate as late:
        here = late.at.astimezone(context.calendar.zone) if late.at else None
        raise TooLate(report.command, late.fact, here) from None
    if not outcome:
        raise TooLate(report.command, None, None)
    return with_time_of_act(outcome, report)


def execute_request(case: Case, request: Request, party: Party, context: CaseContext) -> Effects:
    """Carry out a party's request. Raises Refused, by name, TooLate among it; a request of tickets does nothing here."""
    handler = request_handler(request)
    return ladder.follow(case, handler(case, party, context), context) if handler else Effects()


def sign(case: Case, report: Report, context: CaseContext) -> Effects:
    """Record that the unit has seen the matter (签收)."""
    assignment = lateness.at_work(case, report)
    if not assignment.open or assignment.reached(Step.SIGNED):
        raise lateness.of_assignment(case, assignment, report.command)
    assignment.step = Step.SIGNED
    return Effects(case.stepped(events.AssignmentSigned, assignment, report.actor)) + clocks.satisfy(case, assignment)


def contact(case: Case, report: Report, context: CaseContext) -> Effects:
    """Record that the unit reached a person (联系), which stops the case's clock of first contact."""
    assignment = lateness.at_work(case, report)
    if not assignment.open or assignment.contacted:
        raise lateness.of_assignment(case, assignment, report.command)
    assignment.contacted = True
    if not assignment.reached(Step.CONTACTED):
        assignment.step = Step.CONTACTED
    said = Effects(case.stepped(events.AssignmentContacted, assignment, report.actor)) + clocks.satisfy(case, assignment)
    return said + clocks.stop(case, lambda running: running.clock is Clock.CONTACT)


def report_in(case: Case, report: Report, context: CaseContext) -> Effects:
    """Record that the unit is there and working (报到), in time or not."""
    assignment = lateness.at_work(case, report)
    if not assignment.open or assignment.reached(Step.REPORTED_IN):
        raise lateness.of_assignment(case, assignment, report.command)
    on_time = _is_on_time(case, assignment, context)
    assignment.step = Step.REPORTED_IN
    said = Effects(case.stepped(events.AssignmentReportedIn, assignment, report.actor)) + clocks.satisfy(case, assignment)
    response, run = response_of_assignment(case, assignment)
    return said + response.report_in(case, run, assignment, on_time)


def progress(case: Case, report: Report, context: CaseContext) -> Effects:
    """Announce that the unit says how its work goes."""
    assignment = lateness.at_work(case, report)
    if not assignment.open:
        raise lateness.of_assignment(case, assignment, report.command)
    return Effects(case.stepped(events.AssignmentProgressed, assignment, report.actor))


def handle(case: Case, report: Report, context: CaseContext) -> Effects:
    """Record that the unit handled the matter; the case is completed where enough units did. Raises NotNow."""
    assignment = lateness.at_work(case, report)
    if not assignment.open:
        raise lateness.of_assignment(case, assignment, report.command)
    response, run = response_of_assignment(case, assignment)
    return ladder.follow(case, response.handle(case, run, assignment, report), context)


def hand_up(case: Case, report: Report, context: CaseContext) -> Effects:
    """Record that the unit cannot solve the matter at its level. Raises NotNow."""
    assignment = lateness.at_work(case, report)
    if not assignment.open or assignment.given_up:
        raise lateness.of_assignment(case, assignment, report.command)
    response, run = response_of_assignment(case, assignment)
    if run.state is not LevelRunState.OPEN:
        raise lateness.of_case(case, report.command, [EarlierFact.ESCALATED])
    return ladder.follow(case, response.hand_up(case, run, assignment, report), context)


COMMON: dict[Command, Handler] = {
    Command.SIGN: sign,
    Command.CONTACT: contact,
    Command.REPORT_IN: report_in,
    Command.PROGRESS: progress,
    Command.RETURN: returns.give_back,
    Command.HAND_UP: hand_up,
    Command.HANDLE: handle,
    Command.VERIFY: verification.verify,
    Command.RULE: rulings.rule,
    Command.EXTEND: extensions.ask,
    Command.PAUSE: pauses.command_pause,
    Command.RESUME: pauses.command_resume,
}
"""The commands that do not belong to one way to respond."""


def _execute(case: Case, report: Report, context: CaseContext) -> Effects:
    if report.command in COMMON:
        return COMMON[report.command](case, report, context)
    handler = command_handler(report.command)
    if handler is None:
        raise NotTaken(f"command: {report.command.value} is not taken yet")
    return ladder.follow(case, handler(case, report, context), context)


def _is_on_time(case: Case, assignment: Assignment, context: CaseContext) -> bool:
    """Return whether the unit's clock of reporting in has not run out, if it has one."""
    key = clocks.key_of(Clock.REPORT_IN, assignment.id)
    mine = [one for one in case.clocks if one.key == key]
    return all(one.stage < deadline_stages.BREACHED and context.at <= clocks.due_now(case, one, context) for one in mine)
