"""Extensions: a unit asks for more time before a clock runs out, once for each clock, and the supervisor decides.

The resident is told.
"""

from chassis.effects import Effects, Refused
from contracts.codes import Clock
from contracts.events import dispatch as events
from services.dispatch.domain import clocks, deadline_stages, lateness
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.entities import Assignment, Extension, Running
from services.dispatch.domain.report import Report, needed
from services.dispatch.domain.responses import response_of_assignment


class NoExtension(Refused):
    """An extension that may not be asked: asked before, asked too late, or not for more time."""


def ask(case: Case, report: Report, context: CaseContext) -> Effects:
    """Ask for more time for the unit's level clock, or for the case's where its level has none. Raises NoExtension."""
    assignment = lateness.at_work(case, report)
    until = needed(report.until, "until")
    running = _clock(case, assignment)
    if running is None or running.extension or running.stage >= deadline_stages.BREACHED:
        raise NoExtension("command: an extension is asked once, and before the time is over")
    due = clocks.due_now(case, running, context)
    if context.at >= due:
        raise NoExtension("command: an extension is asked once, and before the time is over")
    if until <= due:
        raise NoExtension("until: is not later than the due time")
    response, run = response_of_assignment(case, assignment)
    latest = response.latest_extension(case, run, assignment, context)
    if latest is not None and until > latest:
        raise NoExtension("until: is past the time that a mediation may take")
    running.extension = Extension(until)
    asked = events.DeadlineExtensionAsked(
        clock=running.clock, due=running.due, assignment=running.assignment, until=until, supervisor=case.supervisor(context)
    )
    return Effects(case.said(asked))


def asked(case: Case) -> Running | None:
    """Return the clock for which a supervisor is asked for more time."""
    return next((one for one in case.clocks if one.live and one.extension and not one.extension.decided), None)


def decide(case: Case, running: Running, granted: bool, context: CaseContext) -> Effects:
    """Grant the time that was asked for, or refuse it, as the supervisor ruled."""
    assert running.extension is not None
    if granted:
        return clocks.extend(case, running, context)
    running.extension.decided = True
    refused = events.DeadlineExtensionRefused(clock=running.clock, due=running.due, assignment=running.assignment)
    return Effects(case.said(refused))


def _clock(case: Case, assignment: Assignment) -> Running | None:
    keys = (clocks.key_of(Clock.HANDLE_WITHIN, assignment.id), clocks.key_of(Clock.HANDLE, None))
    return next((one for key in keys for one in case.clocks if one.key == key and one.live), None)
